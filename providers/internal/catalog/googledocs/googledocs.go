// Package googledocs describes Google Docs's client to the tests.
package googledocs

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/googledocs"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Google Docs.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "googledocs",
		New:                  func(hc *http.Client) any { return googledocs.New(hc) },
		Operations:           googledocs.Operations(),
		Count:                3,
		Flat:                 3,
		Base:                 "https://docs.googleapis.com",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped: []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
		},
		Error: subject.Error{
			Status:  403,
			Body:    `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*googledocs.Error],
		},
	}
}
