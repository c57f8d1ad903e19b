// Package vercel describes Vercel's client to the tests.
package vercel

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/vercel"
)

// Subject is Vercel.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "vercel",
		New:        func(hc *http.Client) any { return vercel.New(hc) },
		Operations: vercel.Operations(),
		Count:      113,
		Flat:       20,
		Base:       "https://api.vercel.com",
		Surface:    subject.Surface{Dropped: []string{"Content-Length"}},
		Prism: []subject.Allowance{{
			Operation: "createEdgeConfig",
			Place:     "request.body.items",
			Reason:    "the document escapes the pattern of the names twice: nothing fits it",
		}, {
			Operation: "patchtEdgeConfigItems",
			Place:     "",
			Text:      "items.",
			Reason:    "as above, for the keys of all variants",
		}, {
			Operation: "getProjectDomains",
			Place:     "request.path.idorname",
			Text:      "must match exactly one schema in oneOf",
			Reason:    "a text or a number: a number in a path is text, too, so both fit",
		}, {
			Operation: "getDeploymentEvents",
			Place:     "request.query.statuscode",
			Text:      "must match exactly one schema in oneOf",
			Reason:    "a number or a text: a number in a query is text, too, so both fit",
		}},
		Error: subject.Error{
			Status:  http.StatusForbidden,
			Body:    `{"error":{"code":"forbidden","message":"Not authorized"}}`,
			Code:    "forbidden",
			Message: "Not authorized",
			Own:     subject.Is[*vercel.Error],
		},
		Wire: subject.Wire{
			Skip: map[string]string{"getProject full/1": "a name that is a boolean is sent as its text"},
			Ignore: []subject.Exception{{
				Operation: "createDeployment", Judge: "filter", Contains: "empty value is not allowed",
				Reason: "the enumeration has no type, which the filter reads as no value",
			}, {
				Operation: "get /v1/integrations/search-repo", Judge: "filter", Contains: "empty value is not allowed",
				Reason: "the enumeration has no type, which the filter reads as no value",
			}, {
				Operation: "getProjectDomains", Judge: "filter", Contains: "empty value is not allowed",
				Reason: "the enumeration has no type, which the filter reads as no value",
			}, {
				Operation: "gitNamespaces", Judge: "filter", Contains: "empty value is not allowed",
				Reason: "the enumeration has no type, which the filter reads as no value",
			}, {
				Operation: "createEdgeConfig", Judge: "filter", Contains: "does not match pattern",
				Reason: "the document escapes the pattern twice: nothing fits it",
			}, {
				Operation: "patchtEdgeConfigItems", Judge: "filter", Contains: "/items/0",
				Reason: "the document escapes the pattern twice: nothing fits it",
			}}},
	}
}
