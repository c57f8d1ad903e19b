// Package xero describes Xero's client to the tests.
package xero

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/xero"
)

// Subject is Xero.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "xero",
		New:        func(hc *http.Client) any { return xero.New(hc) },
		Operations: xero.Operations(),
		Count:      224,
		Flat:       30,
		Base:       "https://api.xero.com/api.xro/2.0",
		Wire:       subject.Wire{Ignore: []subject.Exception{{Judge: "filter", Contains: `string doesn't match the format "byte"`, Reason: "the content of a file is sent as it is; kin-openapi wants base64 for format byte in every body"}}},
		Prism: []subject.Allowance{{
			Place:  "request.body",
			Text:   `must match pattern "^[\w\d+\/=]*$"`,
			Reason: "the content of a file is sent as it is; Prism wants base64 for format byte in every body",
		}},
		Error: subject.Error{
			Status:  http.StatusBadRequest,
			Body:    `{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{"ValidationErrors":[{"Message":"Email address must be valid."}]}]}`,
			Code:    "ValidationException",
			Message: "A validation exception occurred",
			Own:     subject.Is[*xero.Error],
		},
		Examples: subject.Examples{
			Total: 198, Decoded: 196, Exact: 184,
			Contradict: map[string]int{"nullable": 5, "type": 9},
		},
	}
}
