// Package googlecalendar describes Google Calendar's client to the tests.
package googlecalendar

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/googlecalendar"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Google Calendar.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "googlecalendar",
		New:                  func(hc *http.Client) any { return googlecalendar.New(hc) },
		Operations:           googlecalendar.Operations(),
		Count:                37,
		Flat:                 20,
		Base:                 "https://www.googleapis.com/calendar/v3",
		CredentialParameters: []string{"key", "oauth_token"},
		Surface:              subject.Surface{Dropped: []string{"alt", "prettyPrint", "quotaUser", "userIp"}},
		Error: subject.Error{
			Status: http.StatusForbidden,
			Body: `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Too many"}],` +
				`"code":403,"message":"Too many"}}`,
			Code:    "rateLimitExceeded",
			Message: "Too many",
			Own:     subject.Is[*googlecalendar.Error],
		},
	}
}
