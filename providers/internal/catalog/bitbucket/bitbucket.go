// Package bitbucket describes Bitbucket's client to the tests.
package bitbucket

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/bitbucket"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Bitbucket.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "bitbucket",
		New:        func(hc *http.Client) any { return bitbucket.New(hc) },
		Operations: bitbucket.Operations(),
		Count:      305,
		Flat:       25,
		Base:       "https://api.bitbucket.org/2.0",
		Surface:    subject.Surface{Segmented: []string{"path"}},
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"type":"error","error":{"message":"Repository harbor/lighthouse not found"}}`,
			Code:    "",
			Message: "Repository harbor/lighthouse not found",
			Own:     subject.Is[*bitbucket.Error],
		},
	}
}
