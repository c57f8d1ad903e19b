package stripemock

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	entry "github.com/grantwire/grantwire/providers/internal/catalog/stripe"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/providers/stripe"
	"github.com/grantwire/grantwire/runtime/api"
)

// key has the form that stripe-mock asks for; it opens nothing.
const key = "Bearer sk_test_123"

// start runs stripe-mock on loopback.
func start(t *testing.T) *url.URL {
	t.Helper()
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	stub, err := server.NewStubServer(fixtures, spec, false, false)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(stub.HandleRequest))
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// redirected sends every request to stripe-mock, whatever its host.
type redirected struct {
	base *url.URL
	kind map[int]int // answers by status
}

func (r redirected) RoundTrip(req *http.Request) (*http.Response, error) {
	req.URL.Scheme, req.URL.Host, req.Host = r.base.Scheme, r.base.Host, ""
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		r.kind[resp.StatusCode]++
	}
	return resp, err
}

// TestEveryOperation calls every operation with all of its parameters, in three
// variants, and with the required ones only. What Stripe's server refuses, and what
// the client cannot decode, is a fault unless it is listed with its reason.
func TestEveryOperation(t *testing.T) {
	network := redirected{start(t), map[int]int{}}
	cfg := wiretest.Of(t, entry.Subject())
	cfg.Transport = wiretest.Inject("Authorization", key)
	cfg.Headers["Authorization"] = key
	cfg.New = func(hc *http.Client) any { return stripe.New(hc, api.WithRetry(api.RetryPolicy{Attempts: 1})) }
	cfg.Omit = []string{"expand"} // a list of members that the answer has; TestExpand has some
	cfg.Answer, cfg.Tame, cfg.Bodies, cfg.Partial = network, true, true, true
	cfg.Modes = []plain.Mode{{}, {Variant: 1}, {Variant: 2}, {Minimal: true}}
	cfg.Skip = refusals()
	report := wiretest.Run(t, cfg)
	if report.Operations != 452 || report.Skipped != len(cfg.Skip) {
		t.Errorf("%d operations were called, not 452; %d modes were skipped, not %d", report.Operations, report.Skipped, len(cfg.Skip))
	}
	for status, n := range network.kind {
		if status != http.StatusOK {
			t.Errorf("%d answers with status %d", n, status)
		}
	}
	t.Logf("answers by status: %v", network.kind)
}

// refusals are the calls that stripe-mock refuses, and why. Each of these operations
// is called in the other modes.
func refusals() map[string]string {
	const (
		newer = "the committed document is a few weeks newer: it has the member metadata"
		later = "the committed document lists versions of the API that came later"
	)
	return map[string]string{
		"PostBillingPortalConfigurations minimal": "two required objects have no required member, and a form cannot say that an object is empty",
		"PostPaymentIntentsIntentCapture full/0":  newer,
		"PostPaymentIntentsIntentCapture full/1":  newer,
		"PostPaymentIntentsIntentCapture full/2":  newer,
		"PostWebhookEndpoints full/0":             later,
		"PostWebhookEndpoints full/1":             later,
		"PostWebhookEndpoints full/2":             later,
	}
}

// TestExpand: a reference is an ID, and an object when the caller asks for it; so is
// a reference inside the items of a list.
func TestExpand(t *testing.T) {
	hc := &http.Client{Transport: wiretest.Inject("Authorization", key)(http.DefaultTransport)}
	client := stripe.New(hc, api.WithBaseURL(start(t)))
	charge, err := client.GetCharge(t.Context(), "ch_1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := charge.BalanceTransaction.Get(); !ok || b.String == nil || b.BalanceTransaction != nil {
		t.Errorf("not expanded: %v %+v", ok, b)
	}
	charge, err = client.GetCharge(t.Context(), "ch_1", &stripe.ChargesGetParams{Expand: []string{"balance_transaction", "customer"}})
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := charge.BalanceTransaction.Get(); !ok || b.String != nil || b.BalanceTransaction == nil || b.BalanceTransaction.Object != "balance_transaction" {
		t.Errorf("expanded: %v %+v", ok, b)
	}
	found := 0
	for charge, err := range client.ListChargesAll(t.Context(), &stripe.ChargesListParams{Expand: []string{"data.balance_transaction"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if b, ok := charge.BalanceTransaction.Get(); ok && b.BalanceTransaction != nil {
			found++
		}
	}
	if found == 0 {
		t.Error("no charge with an expanded transaction")
	}
}

// TestRefused: stripe-mock does look at what it gets.
func TestRefused(t *testing.T) {
	base := start(t)
	hc := &http.Client{Transport: wiretest.Inject("Authorization", key)(http.DefaultTransport)}
	_, err := stripe.New(hc, api.WithBaseURL(base)).CreateRefund(t.Context(), nil, api.WithBody("application/x-www-form-urlencoded", map[string]any{"amount": "much"}))
	var se *stripe.Error
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 400 || !errors.As(err, &se) || se.Detail.Type != "invalid_request_error" {
		t.Errorf("%v", err)
	}
	_, err = stripe.New(http.DefaultClient, api.WithBaseURL(base)).GetBalance(t.Context(), nil)
	if !errors.Is(err, api.ErrUnauthorized) {
		t.Errorf("without a key: %v", err)
	}
}
