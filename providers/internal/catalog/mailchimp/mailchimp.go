// Package mailchimp describes Mailchimp's client to the tests.
package mailchimp

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/mailchimp"
)

// Subject is Mailchimp.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "mailchimp",
		New:        func(hc *http.Client) any { return mailchimp.New(hc) },
		Operations: mailchimp.Operations(),
		Count:      272,
		Flat:       25,
		Base:       "https://server.api.mailchimp.com/3.0",
		Credential: subject.Basic("key", subject.Token),
		Prism:      conditions(),
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"type":"https://mailchimp.com/developer/marketing/docs/errors/","title":"Resource Not Found","status":404,"detail":"The resource could not be found.","instance":"1"}`,
			Code:    "Resource Not Found",
			Message: "The resource could not be found.",
			Own:     subject.Is[*mailchimp.Error],
		},
		Wire: subject.Wire{Ignore: []subject.Exception{{
			Operation: "patchCampaignsId", Judge: "filter", Contains: "discriminator property",
			Reason: "the maker leaves out members by which another variant would fit as well, and the filter asks for the discriminator",
		}, {
			Operation: "patchListsIdSegmentsId", Judge: "filter", Contains: "discriminator property",
			Reason: "the maker leaves out members by which another variant would fit as well, and the filter asks for the discriminator",
		}, {
			Operation: "postCampaigns", Judge: "filter", Contains: "discriminator property",
			Reason: "the maker leaves out members by which another variant would fit as well, and the filter asks for the discriminator",
		}, {
			Operation: "postListsIdSegments", Judge: "filter", Contains: "discriminator property",
			Reason: "the maker leaves out members by which another variant would fit as well, and the filter asks for the discriminator",
		}, {
			Operation: "patchCampaignsId", Judge: "plain", Contains: "conditions",
			Reason: "as above: without it the values find the first variant that fits, whose number is no integer",
		}, {
			Operation: "patchListsIdSegmentsId", Judge: "plain", Contains: "conditions",
			Reason: "as above: without it the values find the first variant that fits, whose number is no integer",
		}, {
			Operation: "postCampaigns", Judge: "plain", Contains: "conditions",
			Reason: "as above: without it the values find the first variant that fits, whose number is no integer",
		}, {
			Operation: "postListsIdSegments", Judge: "plain", Contains: "conditions",
			Reason: "as above: without it the values find the first variant that fits, whose number is no integer",
		}}},
	}
}

// conditions: a request has a list of conditions of 42 kinds, of which some require
// nothing.
func conditions() []subject.Allowance {
	var all []subject.Allowance
	for _, id := range []string{"patchCampaignsId", "patchListsIdSegmentsId", "postCampaigns", "postListsIdSegments"} {
		all = append(all, subject.Allowance{
			Operation: id, Text: "conditions.",
			Reason: "the maker leaves out members by which another kind of condition would fit as well, so several fit, and Prism wants one",
		}, subject.Allowance{Operation: id, Text: "the rest is cut off", Reason: "as above: Prism complains of all kinds of conditions"})
	}
	return all
}
