package vault

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

var noPosts = &rule.JSONMatch{When: rule.When{Method: []string{"POST"}}}

// TestConstraintHeaders: both headers go out, signed, with every request of the
// sibling and with none of its parent.
func TestConstraintHeaders(t *testing.T) {
	f := newFakeVault(t)
	provider := newProvider(t, nil)
	parent := f.agent(WithProviderTransport(provider.Client().Transport))
	sibling, err := parent.WithConstraints(Constraints{Scopes: []string{"tokens:retrieve", "audit:emit"}, Rule: noPosts})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []*Agent{sibling, parent} {
		resp, err := a.Request(t.Context(), http.MethodGet, provider.URL+"/x", Grant(testGrant))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	f.settle(parent) // waits for the sibling's report too
	calls := f.all()
	if len(calls) != 4 {
		t.Fatalf("%d requests, not two tokens and two reports", len(calls))
	}
	constrained := 0
	for _, c := range calls {
		scopes, _ := wire.Get(c.Header, wire.HeaderScopes)
		header, _ := wire.Get(c.Header, wire.HeaderRequestRule)
		if scopes == "" && header == "" {
			continue
		}
		constrained++
		kind, body, err := wire.DecodeRequestRule(header)
		if scopes != "tokens:retrieve,audit:emit" || err != nil || kind != "json_match" || string(body) != `{"when":{"method":"POST"},"effect":"deny"}` {
			t.Errorf("%s: %q, %s %s (%v)", c.Path, scopes, kind, body, err)
		}
	}
	if constrained != 2 {
		t.Errorf("%d constrained requests, not a token and a report", constrained)
	}
}

// TestConstraintEncoding: the header of the official client for the same rule.
func TestConstraintEncoding(t *testing.T) {
	got, err := wire.EncodeRequestRule("json_match", []byte(`{"when":{"method":"POST","note":"é"}, "effect":"deny"}`))
	const want = "eyJydWxlX3R5cGUiOiJqc29uX21hdGNoIiwicnVsZV9ib2R5Ijp7IndoZW4iOnsibWV0aG9kIjoiUE9TVCIsIm5vdGUiOiLDqSJ9LCJlZmZlY3QiOiJkZW55In19"
	if err != nil || got != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
}

func TestConstraintsRefused(t *testing.T) {
	f := newFakeVault(t)
	app := f.app()
	long := &rule.JSONMatch{When: rule.When{AgentID: strings.Split(strings.Repeat(strings.Repeat("x", 50)+" ", 99)+"x", " ")}}
	for name, c := range map[string]Constraints{
		"nothing": {}, "no scopes": {Scopes: []string{}}, "an empty scope": {Scopes: []string{""}}, "all": {Scopes: []string{"*"}},
		"two in one": {Scopes: []string{"a,b"}}, "not ASCII": {Scopes: []string{"é"}},
		"a rule that fits everything": {Rule: &rule.JSONMatch{}}, "a rule that is too long": {Rule: long},
	} {
		if _, err := app.WithConstraints(c); !errors.Is(err, ErrInvalidInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sibling, err := app.WithConstraints(Constraints{Rule: noPosts})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sibling.WithConstraints(Constraints{Rule: noPosts}); !errors.Is(err, ErrInvalidInput) {
		t.Errorf("twice: %v", err)
	}
	if len(f.all()) != 0 {
		t.Error("something was sent")
	}
	if err := app.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.WithConstraints(Constraints{Rule: noPosts}); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := sibling.Request(t.Context(), http.MethodGet, "https://api.example.com", Grant(testGrant)); !errors.Is(err, ErrClosed) {
		t.Errorf("the sibling of a closed client: %v", err)
	}
}

// TestConstraintsAndAgents: an agent that a constrained application makes is
// constrained, and the sibling has the user token of its parent.
func TestConstraintsAndAgents(t *testing.T) {
	f := newFakeVault(t)
	app := f.app(WithUserToken(func(context.Context) (string, error) { return "test-secret-user-token", nil }))
	sibling, err := app.WithConstraints(Constraints{Scopes: []string{"proxy:execute"}})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := sibling.Agent(testGrant)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := wire.Get(f.calls(wire.PathMe)[0].Header, wire.HeaderScopes); got != "proxy:execute" {
		t.Errorf("the agent's scopes: %q", got)
	}
	_, _ = sibling.ProxyRequest(t.Context(), http.MethodGet, "https://api.example.com", Provider("github"))
	if calls := f.calls(wire.PathProxy); len(calls) != 1 || !strings.Contains(calls[0].Body, "test-secret-user-token") {
		t.Errorf("the sibling's call: %v", calls)
	}
}
