// Package googledrive describes Google Drive's client to the tests.
package googledrive

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/googledrive"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Google Drive.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "googledrive",
		New:                  func(hc *http.Client) any { return googledrive.New(hc) },
		Operations:           googledrive.Operations(),
		Count:                50,
		Flat:                 31,
		Base:                 "https://www.googleapis.com/drive/v3",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped: []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
			Kept: map[string][]string{
				"drive.files.get":     {"alt"},
				"drive.revisions.get": {"alt"},
			},
			JSONBodies: []string{"drive.files.create", "drive.files.update"},
		},
		Prism: []subject.Allowance{{
			Text:   "Supported content types",
			Reason: "the document lists what may be uploaded; the call itself takes JSON that describes it (body-of-metadata)",
		}},
		Error: subject.Error{
			Status:  403,
			Body:    `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*googledrive.Error],
		},
	}
}
