package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func tracer(t *testing.T, caller string) *Agent {
	t.Helper()
	a, err := NewAgent(testKey, WithCaller(caller))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func contextOf(ctx context.Context) string { return wire.EncodeContext(scopeFrom(ctx).pairs) }

func TestTraceOrderAndNesting(t *testing.T) {
	ann, bob := tracer(t, "ann"), tracer(t, "bob")
	outer := bob.Trace(t.Context(), Trace{RunID: "r0", ThreadID: "t1", Tool: "list", Metadata: map[string]string{"z": "1", "a": "2"}})
	for name, c := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"outer": {outer, `{"agent":"bob","run_id":"r0","thread_id":"t1","tool":"list","a":"2","z":"1"}`},
		"another agent inside": {
			ann.Trace(outer, Trace{RunID: "r1", Metadata: map[string]string{"z": "9", "new": "3"}}),
			`{"a":"2","z":"9","agent":"ann","parent_agent":"bob","run_id":"r1","thread_id":"t1","new":"3"}`,
		},
		"the same agent inside": {bob.Trace(outer, Trace{}), `{"a":"2","z":"1","agent":"bob","run_id":"r0","thread_id":"t1"}`},
		"parent given":          {ann.Trace(outer, Trace{Parent: new("eve")}), `{"a":"2","z":"1","agent":"ann","parent_agent":"eve","run_id":"r0","thread_id":"t1"}`},
		"parent removed":        {ann.Trace(outer, Trace{Parent: new("")}), `{"a":"2","z":"1","agent":"ann","run_id":"r0","thread_id":"t1"}`},
		"parent inherited": {
			ann.Trace(ann.Trace(outer, Trace{}), Trace{}), `{"a":"2","z":"1","agent":"ann","parent_agent":"bob","run_id":"r0","thread_id":"t1"}`,
		},
	} {
		if got := contextOf(c.ctx); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

func TestTraceWithoutCallerHasOneLocalName(t *testing.T) {
	a, err := NewAgent(testKey)
	if err != nil {
		t.Fatal(err)
	}
	first, second := contextOf(a.Trace(t.Context(), Trace{})), contextOf(a.Trace(t.Context(), Trace{}))
	id := strings.TrimSuffix(strings.TrimPrefix(first, `{"agent":"agent-local-`), `"}`)
	if first != second || !wire.IsLowerUUID(id) || id[14] != '4' {
		t.Errorf("%s, then %s", first, second)
	}
}

func TestTraceLimits(t *testing.T) {
	a := tracer(t, "ann")
	many, big := map[string]string{}, map[string]string{}
	for i := range 21 {
		many[strconv.Itoa(i)] = ""
	}
	for i := range 9 {
		big[strconv.Itoa(i)] = strings.Repeat("x", 500)
	}
	for name, m := range map[string]map[string]string{
		"many": many, "big": big, "value": {"k": strings.Repeat("é", 257)}, "key": {strings.Repeat("é", 33): ""},
		"reserved": {"tool": "x"}, "UTF-8": {"k": "\xff"},
	} {
		_, err := a.Me(a.Trace(t.Context(), Trace{Metadata: m}))
		wantError(t, err, ErrInvalidInput, "invalid_value")
		var v *ValueError
		if !errors.As(err, &v) || v.Field != "trace" {
			t.Errorf("%s: %v", name, err)
		}
	}
	twenty := map[string]string{}
	for i := range 20 {
		twenty[strconv.Itoa(i)] = ""
	}
	_, err := a.Me(a.Trace(t.Context(), Trace{Metadata: twenty})) // with agent there are 21
	wantError(t, err, ErrInvalidInput, "invalid_value")
}

var opGet = api.Operation{
	Provider: &api.Provider{Name: "github", BaseURL: "https://api.example.com"}, ID: "repos/get",
	Method: "GET", Path: "/repos/{owner}/{repo}", Access: api.Read, Result: api.JSON,
}

// TestTypedClient drives the transport through the package that generated code
// uses: option, context keys, attempts, error text.
func TestTypedClient(t *testing.T) {
	vault := newFakeVault(t)
	failures := 1
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if failures--; failures >= 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte(`{"name":"site"}`))
	})
	op, pr := opGet, *opGet.Provider
	pr.BaseURL, op.Provider = p.URL, &pr
	agent := vault.agent(WithCaller("ann"))
	client := api.NewClient(agent.HTTPClient(), &pr)
	ctx := agent.Trace(t.Context(), Trace{RunID: "run-abc123"})
	var out struct {
		Name string `json:"name"`
	}
	if err := client.Do(ctx, &op, api.Args{Path: []any{"acme", "site"}}, &out, Grant(testGrant), Reason("why")); err != nil || out.Name != "site" {
		t.Fatalf("%+v, %v", out, err)
	}
	err := client.Do(ctx, &op, api.Args{Path: []any{"acme", "site"}}, &out)
	if !errors.Is(err, ErrNoGrant) || !strings.Contains(err.Error(), "repos/get") || !strings.Contains(err.Error(), "vault.Grant(id)") || strings.Contains(err.Error(), "\n") {
		t.Errorf("without a grant: %v", err)
	}
	vault.script(wire.PathToken, answerWith(404, wire.MarshalError("grant_not_found", "no such grant")))
	err = client.Do(ctx, &op, api.Args{Path: []any{"acme", "site"}}, &out, Grant("33333333-3333-4333-8333-333333333333"))
	if !errors.Is(err, ErrGrantNotFound) || !strings.Contains(err.Error(), "vault: grant 33333333-3333-4333-8333-333333333333: grant_not_found (404)") || strings.Contains(err.Error(), "acme") {
		t.Errorf("wrong grant: %v", err)
	}
	tokens := vault.calls(wire.PathToken)
	if len(tokens) != 4 { // two attempts, two refusals: a refusal is not repeated
		t.Fatalf("%d token requests", len(tokens))
	}
	ids := map[string]bool{}
	for i, s := range tokens[:2] {
		pairs, err := wire.ParseContext(s.Header.Get("X-Alter-Context"))
		if err != nil || len(pairs) != 6 {
			t.Fatalf("%v, %v", pairs, err)
		}
		ids[pairs[4].Value] = true
		pairs[4].Value = "id"
		want := []wire.Pair{
			{Key: "agent", Value: "ann"}, {Key: "run_id", Value: "run-abc123"}, {Key: "operation", Value: "repos/get"},
			{Key: "provider", Value: "github"}, {Key: "call_id", Value: "id"}, {Key: "attempt", Value: strconv.Itoa(i + 1)},
		}
		if diff := cmp.Diff(want, pairs); diff != "" {
			t.Error(diff)
		}
	}
	if len(ids) != 1 || ids[""] {
		t.Errorf("call IDs: %v", ids)
	}
}

// TestCallFactsGiveWay: what the client knows about a call never pushes out the
// caller's own context.
func TestCallFactsGiveWay(t *testing.T) {
	info := api.CallInfo{Operation: &opGet, CallID: "c1", Attempt: 2}
	full := map[string]string{}
	for i := range 19 {
		full[fmt.Sprintf("k%02d", i)] = "v"
	}
	for name, c := range map[string]struct {
		own  map[string]string
		want []string
	}{
		"room":         {map[string]string{"tool": "x"}, []string{"tool", "operation", "provider", "call_id", "attempt"}},
		"one place":    {full, []string{"operation"}},
		"caller's own": {map[string]string{"operation": "mine"}, []string{"operation", "provider", "call_id", "attempt"}},
		"empty":        {map[string]string{}, []string{"operation", "provider", "call_id", "attempt"}},
	} {
		own := wire.SortedPairs(c.own)
		got := headerPairs(own, info, true)
		if err := wire.CheckContext(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(own, got[:len(own)]); diff != "" {
			t.Errorf("%s: the caller's own changed: %s", name, diff)
		}
		for _, key := range c.want {
			if !hasKey(got, key) {
				t.Errorf("%s: no %s in %v", name, key, got)
			}
		}
	}
}

func TestSettingsPrecedence(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	agent := vault.agent(WithCaller("ann"))
	hc := agent.HTTPClient(Grant("of-the-client"), Context(map[string]string{"from": "client"}), Reason("client"))
	ctx := agent.Trace(t.Context(), Trace{RunID: "r"})
	for _, ctx := range []context.Context{
		ctx, WithContext(WithReason(WithGrant(ctx, "of-the-call"), "call"), map[string]string{}), WithGrant(ctx, ""),
	} {
		fetch(t, hc, newRequest(t, "GET", p.URL, "").WithContext(ctx))
	}
	for i, want := range []struct{ grant, reason, context string }{
		{"of-the-client", "client", `{"from":"client"}`}, {"of-the-call", "call", ""}, {"of-the-client", "client", `{"from":"client"}`},
	} {
		got := vault.calls(wire.PathToken)[i]
		r, err := wire.ParseTokenRequest([]byte(got.Body))
		if err != nil || r.GrantID != want.grant || *r.Reason != want.reason || withoutCallID(got.Header.Get("X-Alter-Context")) != want.context {
			t.Errorf("call %d: %s, context %s", i, got.Body, got.Header.Get("X-Alter-Context"))
		}
	}
}

func TestTraceparentOfTheContext(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	ctx := WithTraceparent(t.Context(), goodTrace)
	fetch(t, vault.agent().HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL, "").WithContext(ctx))
	if got := vault.calls(wire.PathToken)[0].Header.Get("Traceparent"); got != goodTrace {
		t.Errorf("the vault got %q", got)
	}
	if got := p.last(t).Header.Get("Traceparent"); got != "" {
		t.Errorf("the provider got %q", got)
	}
}
