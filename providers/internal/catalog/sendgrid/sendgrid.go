// Package sendgrid describes SendGrid's client to the tests.
package sendgrid

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/sendgrid"
)

// Subject is SendGrid.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "sendgrid",
		New:                  func(hc *http.Client) any { return sendgrid.New(hc) },
		Operations:           sendgrid.Operations(),
		Count:                334,
		Flat:                 20,
		Base:                 "https://api.sendgrid.com/v3",
		CredentialParameters: []string{"Authorization"},
		Surface:              subject.Surface{Dropped: []string{"Accept"}}, // OpenAPI ignores a parameter of this name
		Prism: []subject.Allowance{{
			Operation: "PUT_marketing-singlesends-id-schedule", Place: "request.body.send_at", Text: `must match format "date-time"`,
			Reason: "its only value is \"now\", and its format says that it is a time",
		}},
		Error: subject.Error{
			Status:  http.StatusBadRequest,
			Body:    `{"errors":[{"message":"The from email is invalid.","field":"from","help":null}]}`,
			Message: "The from email is invalid.",
			Own:     subject.Is[*sendgrid.Error],
		},
		Examples: subject.Examples{
			Total: 746, Decoded: 745, Exact: 734,
			Contradict: map[string]int{"required": 8, "type": 4},
		},
		Wire: subject.Wire{Ignore: []subject.Exception{{
			Operation: "PUT_marketing-singlesends-id-schedule", Judge: "filter", Contains: "date-time",
			Reason: "its only value is \"now\", and its format says that it is a time",
		}}},
	}
}
