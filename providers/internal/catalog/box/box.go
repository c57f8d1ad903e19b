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
		Prism: append(routes(), []subject.Allowance{{
			Place:  "request.body.attributes",
			Text:   "must be object",
			Reason: "JSON in a part of a multipart body is text to Prism",
		}, {
			Operation: "post_oauth2_revoke",
			Text:      "must have required property 'grant_type'",
			Reason:    "the document requires a member that it does not describe; Prism reads described members of a form only",
		}}...),
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

// routes: these operations share a route with that of all templates, and the document
// tells them apart behind a "#" in their paths. Prism never sees that.
func routes() []subject.Allowance {
	const reason = "Prism judges it as the operation put_metadata_templates_id_id_schema, which has the same route"
	var all []subject.Allowance
	for _, what := range []string{"add", "delete", "update"} {
		id := "put_metadata_templates_enterprise_securityClassification-6VMVochwUWo_schema#" + what
		all = append(all, subject.Allowance{Operation: id, Text: "op must be equal to one of the allowed values", Reason: reason})
		if what != "delete" {
			all = append(all, subject.Allowance{Operation: id, Text: "data.classification must be string", Reason: reason})
		}
	}
	return all
}
