// Package asana describes Asana's client to the tests.
package asana

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/asana"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is Asana.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "asana",
		New:        func(hc *http.Client) any { return asana.New(hc) },
		Operations: asana.Operations(),
		Count:      167,
		Flat:       30,
		Base:       "https://app.asana.com/api/1.0",
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"errors":[{"message":"task: Unknown object: 1"}]}`,
			Message: "task: Unknown object: 1",
			Own:     subject.Is[*asana.Error],
		},
	}
}
