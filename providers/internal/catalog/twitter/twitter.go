// Package twitter describes Twitter's client to the tests.
package twitter

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/twitter"
)

// Subject is Twitter.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "twitter",
		New:        func(hc *http.Client) any { return twitter.New(hc) },
		Operations: twitter.Operations(),
		Count:      80,
		Flat:       20,
		Base:       "https://api.twitter.com",
		Error: subject.Error{
			Status:  http.StatusForbidden,
			Body:    `{"title":"Forbidden","detail":"Not allowed","type":"about:blank","status":403}`,
			Code:    "Forbidden",
			Message: "Not allowed",
			Own:     subject.Is[*twitter.Error],
		},
	}
}
