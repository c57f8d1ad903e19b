// Package gmail describes Gmail's client to the tests.
package gmail

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/gmail"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Gmail.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "gmail",
		New:                  func(hc *http.Client) any { return gmail.New(hc) },
		Operations:           gmail.Operations(),
		Count:                79,
		Flat:                 35,
		Base:                 "https://gmail.googleapis.com",
		CredentialParameters: []string{"access_token", "key", "oauth_token"},
		Surface: subject.Surface{
			Dropped: []string{"$.xgafv", "alt", "callback", "prettyPrint", "quotaUser", "uploadType", "upload_protocol"},
			JSONBodies: []string{
				"gmail.users.drafts.create", "gmail.users.drafts.send", "gmail.users.drafts.update",
				"gmail.users.messages.import", "gmail.users.messages.insert", "gmail.users.messages.send",
			},
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
			Own:     subject.Is[*gmail.Error],
		},
	}
}
