// Package googletasks describes Google Tasks's client to the tests.
package googletasks

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/googletasks"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Google Tasks.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "googletasks",
		New:                  func(hc *http.Client) any { return googletasks.New(hc) },
		Operations:           googletasks.Operations(),
		Count:                14,
		Flat:                 12,
		Base:                 "https://tasks.googleapis.com",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped: []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
		},
		Error: subject.Error{
			Status:  403,
			Body:    `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*googletasks.Error],
		},
	}
}
