// Package square describes Square's client to the tests.
package square

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/square"
)

// Subject is Square.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "square",
		New:        func(hc *http.Client) any { return square.New(hc) },
		Operations: square.Operations(),
		Count:      200,
		Flat:       25,
		Base:       "https://connect.squareup.com",
		Headers:    map[string]string{"Square-Version": "2021-08-18"},
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"NOT_FOUND","detail":"Could not find payment"}]}`,
			Code:    "NOT_FOUND",
			Message: "Could not find payment",
			Own:     subject.Is[*square.Error],
		},
		Examples: subject.Examples{
			Total: 181, Decoded: 181, Exact: 175,
			Contradict: map[string]int{"nullable": 1, "type": 5},
		},
	}
}
