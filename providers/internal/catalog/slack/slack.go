// Package slack describes Slack's client to the tests.
package slack

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/slack"
)

// Subject is Slack.
func Subject() subject.Provider {
	return subject.Provider{
		Name:                 "slack",
		New:                  func(hc *http.Client) any { return slack.New(hc) },
		Operations:           slack.Operations(),
		Count:                174,
		Flat:                 20,
		Base:                 "https://slack.com/api",
		CredentialParameters: []string{"token"},
		Error: subject.Error{
			Status:  http.StatusOK,
			Body:    `{"ok":false,"error":"channel_not_found"}`,
			Code:    "channel_not_found",
			Message: "channel_not_found",
			Own:     subject.Is[*slack.Error],
		},
		Prism:    prism(),
		Examples: examples(),
	}
}

func prism() []subject.Allowance {
	return []subject.Allowance{{
		Place: "request.query", Text: "must have required property 'token'",
		Reason: "the vault sends the token in the Authorization header, which Slack prefers",
	}, {
		Place: "request.header", Text: "must have required property 'token'",
		Reason: "as above; Slack reads no header of this name",
	}, {
		Place: "request.body", Text: "must have required property 'token'",
		Reason: "as above",
	}, {
		Operation: "users_deletePhoto", Text: "Body parameter is required",
		Reason: "the token is the only member of this body",
	}, {
		Operation: "users_setPhoto", Text: "Body parameter is required",
		Reason: "the token is the only required member of this body",
	}}
}

// Why examples that do not come back as they were fit their schema all the same:
// a part of it admits any value. They contradict the part that describes them.
const (
	looseItem = "items without their required type; the schema of one has items and no type, which binds lists only"
	looseUser = "a profile without its required members; the schema of a user has items and no type, which binds lists only"
)

func examples() subject.Examples {
	return subject.Examples{
		Total: 348, Decoded: 347, Exact: 314,
		Contradict:  map[string]int{"properties": 8, "required": 19, "type": 3},
		PeerDecoded: 341, PeerExact: 312,
		Loose: map[string]string{
			"GET /reactions.list 200 response":      looseItem,
			"GET /users.info 200 response":          looseUser,
			"GET /users.list 200 response":          looseUser,
			"GET /users.lookupByEmail 200 response": looseUser,
		},
	}
}
