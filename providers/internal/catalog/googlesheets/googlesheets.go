// Package googlesheets describes Google Sheets's client to the tests.
package googlesheets

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/googlesheets"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Google Sheets.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "googlesheets",
		New:                  func(hc *http.Client) any { return googlesheets.New(hc) },
		Operations:           googlesheets.Operations(),
		Count:                17,
		Flat:                 11,
		Base:                 "https://sheets.googleapis.com",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped: []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
		},
		Error: subject.Error{
			Status:  403,
			Body:    `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*googlesheets.Error],
		},
	}
}
