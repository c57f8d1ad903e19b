// Package figma describes Figma's client to the tests.
package figma

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/figma"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Figma.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "figma",
		New:        func(hc *http.Client) any { return figma.New(hc) },
		Operations: figma.Operations(),
		Count:      54,
		Flat:       25,
		Base:       "https://api.figma.com",
		Wire:       subject.Wire{Ignore: []subject.Exception{{Operation: "postComment", Judge: "filter", Contains: `"/client_meta": input matches more than one oneOf`, Reason: "a Region has all that a Vector requires, so both fit"}}},
		Prism: []subject.Allowance{{
			Text:   "Invalid security scheme used",
			Reason: "the test's credential is an OAuth token; these three operations take a personal or a plan's token only",
		}},
		Error: subject.Error{
			Status:  404,
			Body:    `{"status":404,"err":"Not found"}`,
			Code:    "",
			Message: "Not found",
			Own:     subject.Is[*figma.Error],
		},
	}
}
