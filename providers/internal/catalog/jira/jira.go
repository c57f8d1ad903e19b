// Package jira describes Jira's client to the tests.
package jira

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/jira"
)

// A read-only member is not sent when it is false, even where answers require it.
const readOnlyFalse = "a field's \"required\" is false; the type is one of requests, too, which leave read-only members out"

// Subject is Jira.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "jira",
		New:        func(hc *http.Client) any { return jira.New(hc) },
		Operations: jira.Operations(),
		Count:      499,
		Flat:       40,
		Base:       "https://your-domain.atlassian.net",
		Headers:    map[string]string{"X-Atlassian-Token": "no-check"},
		Surface:    subject.Surface{FileForms: []string{"addAttachment"}},
		Wire:       subject.Wire{Ignore: ignored()},
		Prism: []subject.Allowance{{
			Text:   "Invalid security scheme used",
			Reason: "the test's credential is a bearer token; these operations list basic authentication only",
		}, {
			Operation: "createScreenScheme", Place: "request.body.screens", Text: "NOT have additional properties; found 'defaultScreen'",
			Reason: "the document requires a member that it neither describes nor admits",
		}, {
			Operation: "addSecurityLevelMembers", Place: "request.body", Text: "NOT have additional properties; found 'securitySchemeLevelMembers'",
			Reason: "as above",
		}, {
			Operation: "addAttachment", Place: "request.body", Text: "must be string",
			Reason: "the document describes the form as the file itself; the file is a part of it",
		}, {
			Operation: "setDefaultValues", Text: "defaultValues.",
			Reason: "the document admits no other members beside the variants, which have all of them: nothing fits",
		}, {
			Operation: "setDefaultValues", Text: "the rest is cut off",
			Reason: "as above: Prism complains of all 27 variants",
		}, {
			Operation: "evaluateJiraExpression", Text: "context.custom.",
			Reason: "the document admits no other members beside the variants, which have all of them: nothing fits",
		}},
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`,
			Code:    "",
			Message: "Issue does not exist or you do not have permission to see it.",
			Own:     subject.Is[*jira.Error],
		},
		Examples: subject.Examples{
			Total: 586, Decoded: 579, Exact: 549,
			Contradict: map[string]int{"nullable": 3, "properties": 22, "required": 3, "type": 7},
			Loose: map[string]string{
				"GET /rest/api/3/issue/{issueIdOrKey}/editmeta 200 example":    readOnlyFalse,
				"GET /rest/api/3/issue/{issueIdOrKey}/transitions 200 example": readOnlyFalse,
			},
		},
	}
}

const (
	closedUnion    = "the object is closed and lists its type only, while its variants require more members: nothing fits both"
	closedRequired = "the object is closed and requires a member that it does not list: nothing fits both"
)

func ignored() []subject.Exception {
	return []subject.Exception{
		{Operation: "evaluateJiraExpression", Judge: "filter", Contains: `discriminator property "type" has invalid value`, Reason: closedUnion},
		{Operation: "setDefaultValues", Judge: "filter", Contains: `discriminator property "type" has invalid value`, Reason: closedUnion},
		{Operation: "addSecurityLevelMembers", Judge: "filter", Contains: `"securitySchemeLevelMembers" is unsupported`, Reason: closedRequired},
		{Operation: "createScreenScheme", Judge: "filter", Contains: `"defaultScreen" is unsupported`, Reason: closedRequired},
	}
}
