// Package googlepeople describes Google People's client to the tests.
package googlepeople

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/googlepeople"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Google People.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "googlepeople",
		New:                  func(hc *http.Client) any { return googlepeople.New(hc) },
		Operations:           googlepeople.Operations(),
		Count:                23,
		Flat:                 19,
		Base:                 "https://people.googleapis.com",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped:   []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
			Segmented: []string{"resourceName"},
		},
		Error: subject.Error{
			Status:  403,
			Body:    `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*googlepeople.Error],
		},
	}
}
