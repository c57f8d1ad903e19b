// Package twilio describes Twilio's client to the tests.
package twilio

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/twilio"
)

// Subject is Twilio.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "twilio",
		New:        func(hc *http.Client) any { return twilio.New(hc) },
		Operations: twilio.Operations(),
		Count:      195,
		Flat:       20,
		Base:       "https://api.twilio.com",
		Credential: subject.Basic("AC-account", subject.Token),
		Prism: []subject.Allowance{{
			Text:   "must be array",
			Reason: "repeated members of a form are one value to Prism where the document has no encoding for them",
		}},
		Error: subject.Error{
			Status:  http.StatusBadRequest,
			Body:    `{"code":21211,"message":"The number is not valid","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`,
			Code:    "21211",
			Message: "The number is not valid",
			Own:     subject.Is[*twilio.Error],
		},
		Wire: subject.Wire{Ignore: []subject.Exception{{
			Operation: "CreatePayments", Judge: "filter", Contains: "/Parameter",
			Reason: "the filter takes a member of a form that may hold any value for null",
		}}},
	}
}
