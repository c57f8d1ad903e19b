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
