// Package trello describes Trello's client to the tests.
package trello

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/trello"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// Subject is Trello.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "trello",
		New:        func(hc *http.Client) any { return trello.New(hc) },
		Operations: trello.Operations(),
		Count:      324,
		Flat:       30,
		Base:       "https://api.trello.com/1",
		// Both parts of the credential in one header, which Trello takes in place of the query.
		Credential:           local.Credential{Format: `OAuth oauth_consumer_key="key", oauth_token="{token}"`},
		CredentialParameters: []string{"key", "token"},
		Prism: []subject.Allowance{{
			Place:  "request.query",
			Text:   "must have required property 'key'",
			Reason: "the credential stands for it: Trello takes both of its parts in the Authorization header, too",
		}, {
			Place:  "request.query",
			Text:   "must have required property 'token'",
			Reason: "as above",
		}, {
			Text:   "Invalid security scheme used",
			Reason: "as above; the document knows the query only",
		}},
		Error: subject.Error{
			Status:  http.StatusTooManyRequests,
			Body:    `{"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"}`,
			Code:    "API_TOKEN_LIMIT_EXCEEDED",
			Message: "Rate limit exceeded",
			Own:     subject.Is[*trello.Error],
		},
	}
}
