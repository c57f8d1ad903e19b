// Package digitalocean describes DigitalOcean's client to the tests.
package digitalocean

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/digitalocean"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is DigitalOcean.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "digitalocean",
		New:        func(hc *http.Client) any { return digitalocean.New(hc) },
		Operations: digitalocean.Operations(),
		Count:      290,
		Flat:       25,
		Base:       "https://api.digitalocean.com",
		Prism: []subject.Allowance{{
			Operation: "dropletActions_post_byTag", Place: "request.body", Text: "must match exactly one schema in oneOf",
			Reason: "the variants differ by the values of one member, and all accept what the first one does",
		}, {
			Operation: "loadBalancers_add_droplets", Place: "request.body", Text: "must have required property 'droplet_ids'",
			Reason: "the document requires it beside a reference, which OpenAPI 3.0 ignores and Prism reads",
		}, {
			Operation: "loadBalancers_remove_droplets", Place: "request.body", Text: "must have required property 'droplet_ids'",
			Reason: "as above",
		}},
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"id":"not_found","message":"The resource you requested could not be found."}`,
			Code:    "not_found",
			Message: "The resource you requested could not be found.",
			Own:     subject.Is[*digitalocean.Error],
		},
		Examples: subject.Examples{
			Total: 1595, Decoded: 1595, Exact: 1594,
			Contradict: map[string]int{"type": 1},
		},
		Wire: subject.Wire{Ignore: []subject.Exception{{
			Operation: "apps_create", Judge: "plain", Contains: "header Accept",
			Reason: "OpenAPI ignores a parameter of this name: the client says itself that it reads JSON",
		}, {
			Operation: "apps_create", Judge: "plain", Contains: "header Content-Type",
			Reason: "as above; it sends JSON",
		}, {
			Operation: "dropletActions_post_byTag", Judge: "filter", Contains: "more than one oneOf",
			Reason: "the variants differ by the values of one member, and all accept what the first one does",
		}}},
	}
}
