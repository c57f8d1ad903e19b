// Package netlify describes Netlify's client to the tests.
package netlify

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/netlify"
)

// Subject is Netlify.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "netlify",
		New:        func(hc *http.Client) any { return netlify.New(hc) },
		Operations: netlify.Operations(),
		Count:      120,
		Flat:       20,
		Base:       "https://api.netlify.com/api/v1",
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"code":404,"message":"Not Found"}`,
			Code:    "404",
			Message: "Not Found",
			Own:     subject.Is[*netlify.Error],
		},
	}
}
