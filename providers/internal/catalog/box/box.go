// Package box describes Box's client to the tests.
package box

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/box"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Box.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "box",
		New:        func(hc *http.Client) any { return box.New(hc) },
		Operations: box.Operations(),
		Count:      260,
		Flat:       30,
		Base:       "https://api.box.com/2.0",
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"type":"error","status":404,"code":"not_found","message":"Not Found","request_id":"abc"}`,
			Code:    "not_found",
			Message: "Not Found",
			Own:     subject.Is[*box.Error],
		},
		Examples: subject.Examples{
			Total: 14, Decoded: 14, Exact: 5,
			Contradict: map[string]int{"nullable": 2, "required": 7},
		},
		Wire: subject.Wire{Ignore: []subject.Exception{{
			Operation: "post_oauth2_revoke", Judge: "filter", Contains: "grant_type",
			Reason: "the document requires a member that it does not describe; the filter reads described members of a form only",
		}}},
	}
}
