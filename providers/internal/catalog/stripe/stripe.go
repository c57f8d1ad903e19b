// Package stripe describes Stripe's client to the tests.
package stripe

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/stripe"
)

// Subject is Stripe.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "stripe",
		New:        func(hc *http.Client) any { return stripe.New(hc) },
		Operations: stripe.Operations(),
		Count:      452,
		Flat:       50,
		Base:       "https://api.stripe.com",
		Prism: []subject.Allowance{{
			Place: "request", Text: "Cannot deserialize JSON object array in form data request body",
			Reason: "Prism takes lists of objects in a form as JSON only; Stripe takes them in brackets",
		}, {
			Operation: "PostBillingPortalConfigurations", Text: "Body parameter is required",
			Reason: "lists and objects without members leave nothing to send in a form",
		}, {
			Text:   "must have required property",
			Reason: "Prism makes an object of each deepObject, also of one that was not sent, and knows no unions in it",
		}},
		Error: subject.Error{
			Status:  http.StatusPaymentRequired,
			Body:    `{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Your card has insufficient funds."}}`,
			Code:    "card_declined",
			Message: "Your card has insufficient funds.",
			Own:     subject.Is[*stripe.Error],
		},
		Wire: subject.Wire{Ignore: filterLimits()},
	}
}

// filterLimits is what kin-openapi cannot read of a form. The other judge finds every
// one of these values in its place, and stripe-mock reads them too.
func filterLimits() []subject.Exception {
	const (
		lists  = "kin-openapi reads no list in style deepObject"
		unions = "kin-openapi reads a number in a union as text"
		none   = "lists and objects without members leave nothing to send in a form"
	)
	all := []subject.Exception{
		{Judge: "filter", Contains: `invalid serialization method: style="deepObject"`, Reason: lists},
		{Judge: "filter", Contains: "unsupported schema of request body's property", Reason: "kin-openapi reads no list of objects and no union in a form"},
		{Operation: "PostFiles", Judge: "filter", Contains: "failed to decode request body", Reason: "kin-openapi knows no style in a multipart body"},
		{Operation: "PostBillingPortalConfigurations", Judge: "filter", Contains: `property "options" is missing`, Reason: lists},
		{Operation: "PostTerminalReadersReaderSetReaderDisplay", Judge: "filter", Contains: `property "line_items" is missing`, Reason: lists},
		{Operation: "GetTreasuryTransactions", Judge: "filter", Contains: `"/posted_at": doesn't match any schema from "anyOf"`, Reason: unions},
	}
	for operation, member := range map[string]string{
		"PostFinancialConnectionsAccountsAccountRefresh": "features",
		"PostFinancialConnectionsSessions":               "permissions",
		"PostLinkAccountSessions":                        "permissions",
		"PostLinkedAccountsAccountRefresh":               "features",
		"PostSourcesSourceVerify":                        "values",
		"PostTreasuryFinancialAccounts":                  "supported_currencies",
		"PostWebhookEndpoints":                           "enabled_events",
	} {
		all = append(all, subject.Exception{Operation: operation, Judge: "filter", Contains: `property "` + member + `" is missing`, Reason: lists})
	}
	for operation, member := range map[string]string{
		"PostAccounts":        "delay_days",
		"PostAccountsAccount": "delay_days",
		"PostPricesPrice":     "/currency_options",
		"PostProducts":        "up_to",
	} {
		all = append(all, subject.Exception{Operation: operation, Judge: "filter", Contains: member + `": doesn't match any schema from "anyOf"`, Reason: unions})
	}
	for _, operation := range []string{
		"PostBillingPortalConfigurations", "PostFinancialConnectionsAccountsAccountRefresh", "PostLinkedAccountsAccountRefresh", "PostSourcesSourceVerify",
	} {
		all = append(all, subject.Exception{Operation: operation, Judge: "filter", Contains: "value is required but missing", Reason: none})
	}
	return all
}
