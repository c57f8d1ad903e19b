package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

func (f *fixture) newRule(spec RuleSpec) *Rule {
	f.t.Helper()
	if spec.Name == "" {
		spec.Name = "the rule"
	}
	r, err := f.CreateRule(f.t.Context(), spec)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func ownRule(t *testing.T, r rule.Rule) string {
	t.Helper()
	body, err := rule.Body(r)
	if err != nil {
		t.Fatal(err)
	}
	header, err := wire.EncodeRequestRule(string(r.Kind()), body)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func denyMethod(m string) rule.Rule { return &rule.JSONMatch{When: rule.When{Method: []string{m}}} }

// TestRuleTargets: a stored rule applies to the calls of its target, and the
// audit row says which rule decided.
func TestRuleTargets(t *testing.T) {
	f := newFixture(t)
	other := f.newAgent("other")
	theirs := f.newGrant(GrantSpec{AgentID: other.ID, Provider: "slack", Hosts: []string{"https://slack.com"}})
	mine := func() result { return f.token(f.grant.ID, "https://api.github.com/user", send{}) }
	others := func() result { return f.token(theirs.ID, "https://slack.com/api/x", send{key: other.Key}) }
	for _, c := range []struct {
		target RuleTarget
		id     string
		both   bool
	}{
		{TargetVault, "", true}, {TargetAgent, f.agent.ID, false}, {TargetGrant, f.grant.ID, false}, {TargetProvider, "github", false},
	} {
		t.Run(string(c.target), func(t *testing.T) {
			r := f.newRule(RuleSpec{Target: c.target, TargetID: c.id, Rule: denyMethod("GET")})
			if got := mine(); got.status != 403 || got.str("error") != "policy_denied" || got.str("rule_id") != r.ID || got.str("rule_name") != r.Name {
				t.Errorf("%d %s", got.status, got.raw)
			}
			row := f.lastRow()
			if row.RuleID != r.ID || row.RuleLayer != string(c.target) || row.RuleOutcome != "deny" || row.Decision != DecisionDenied || row.ReasonCode != "policy_denied" {
				t.Errorf("row: %+v", row)
			}
			if got := others(); (got.status == 403) != c.both {
				t.Errorf("another agent's call: %d %s", got.status, got.raw)
			}
			if err := f.EnableRule(t.Context(), r.ID, false); err != nil {
				t.Fatal(err)
			}
			if got := mine(); got.status != 200 {
				t.Errorf("the rule is off: %d %s", got.status, got.raw)
			}
			if err := f.RemoveRule(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
		})
	}
	if row := f.lastRow(); row.RuleID != "" || row.RuleLayer != "" || row.RuleOutcome != "" {
		t.Errorf("a call without rules names one: %+v", row)
	}
}

func TestRuleSpecs(t *testing.T) {
	f := newFixture(t)
	for field, spec := range map[string]RuleSpec{
		"RuleSpec.Name":     {Name: "a\nb", Target: TargetVault, Rule: denyMethod("GET")},
		"RuleSpec.Rule":     {Name: "x", Target: TargetVault},
		"RuleSpec.TargetID": {Name: "x", Target: TargetGrant, TargetID: newID(), Rule: denyMethod("GET")},
		"RuleSpec.Target":   {Name: "x", Target: "wallet", TargetID: "y", Rule: denyMethod("GET")},
	} {
		_, err := f.CreateRule(t.Context(), spec)
		if e, ok := errors.AsType[*SpecError](err); !ok || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := f.RemoveRule(t.Context(), newID()); err == nil {
		t.Error("removed a rule that does not exist")
	}
}

// TestUnreadableRule: a stored rule of another release refuses, and says so.
func TestUnreadableRule(t *testing.T) {
	f := newFixture(t)
	r := f.newRule(RuleSpec{Target: TargetVault, Rule: denyMethod("POST")})
	err := f.store.write(t.Context(), func(ctx context.Context, q *statements) error {
		return q.exec(ctx, "UPDATE rules SET kind = 'of_the_future' WHERE id = ?", r.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.token(f.grant.ID, "https://api.github.com/user", send{}); got.status != 403 || got.str("error") != "policy_evaluation_failed" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if row := f.lastRow(); row.RuleID != r.ID || row.RuleOutcome != "error" {
		t.Errorf("row: %+v", row)
	}
}

// TestOwnRule: the rule that a client sends along is signed, applies to calls
// only, and is refused when it is malformed, stripped or changed.
func TestOwnRule(t *testing.T) {
	f := newFixture(t)
	const url = "https://api.github.com/user"
	deny, allow := ownRule(t, denyMethod("GET")), ownRule(t, &rule.JSONMatch{When: rule.When{AgentID: []string{"nobody"}}})
	if got := f.token(f.grant.ID, url, send{rule: deny}); got.status != 403 || got.str("error") != "policy_denied" || got.str("rule_layer") != "request" {
		t.Errorf("deny: %d %s", got.status, got.raw)
	}
	if row := f.lastRow(); row.RuleLayer != "request" || row.RuleID != "" || row.RuleOutcome != "deny" {
		t.Errorf("row: %+v", row)
	}
	if got := f.token(f.grant.ID, url, send{rule: allow}); got.status != 200 {
		t.Errorf("allow: %d %s", got.status, got.raw)
	}
	if got := f.do(send{method: "GET", path: wire.PathMe, rule: deny}); got.status != 200 {
		t.Errorf("me: %d %s", got.status, got.raw)
	}
	for name, change := range map[string]func(*http.Request){
		"stripped": func(r *http.Request) { delete(r.Header, wire.HeaderRequestRule) },
		"changed":  func(r *http.Request) { r.Header[wire.HeaderRequestRule] = []string{allow} },
		"added":    func(r *http.Request) { r.Header[wire.HeaderScopes] = []string{"tokens:retrieve"} },
	} {
		if got := f.token(f.grant.ID, url, send{rule: deny, change: change}); got.status != 401 || got.str("error") != codeInvalidSignature {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	for name, header := range map[string]string{"no base64": "!", "no rule": "e30", "too long": strings.Repeat("e30", 1400)} {
		if got := f.token(f.grant.ID, url, send{rule: header}); got.status != 400 || got.str("error") != codeInvalidRule {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
}

// contentFixture is a vault that knows one operation of a provider on loopback,
// which records the last request.
func contentFixture(t *testing.T) (f *fixture, base string, last func() string) {
	var seen string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = r.URL.RequestURI() + " " + string(body)
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(srv.Close)
	f = newFixture(t, WithProviderTransport(http.DefaultTransport), WithOperations(srv.URL, []api.Operation{
		{ID: "messages/send", Method: "POST", Path: "/users/{user}/messages/send", Access: api.Write},
	}))
	f.grant = f.newGrant(GrantSpec{AgentID: f.agent.ID, Hosts: []string{srv.URL}})
	return f, srv.URL, func() string { return seen }
}

// TestContentRules: rules see the operation and its parameters in proxy mode,
// wherever the request has them, and close what they cannot see.
func TestContentRules(t *testing.T) {
	f, base, last := contentFixture(t)
	f.newRule(RuleSpec{Target: TargetGrant, TargetID: f.grant.ID, Rule: &rule.ContentMatch{
		Operations: []string{"messages/send"}, Params: []rule.Param{rule.NotSubsetOf("recipients", "*@example.com")},
	}})
	f.newRule(RuleSpec{Target: TargetGrant, TargetID: f.grant.ID, Rule: &rule.ContentMatch{
		Families: []rule.Family{rule.FamilySend}, Params: []rule.Param{rule.Equals("user", "Root")},
	}})
	for _, c := range []struct {
		name, path, body, query, want string
	}{
		{"allowed", "/users/me/messages/send", `{"to":"a@example.com"}`, ``, ""},
		{"body", "/users/me/messages/send", `{"to":"a@example.org"}`, ``, "policy_denied"},
		{"query_params", "/users/me/messages/send", `{}`, `{"cc":"a@example.org"}`, "policy_denied"},
		{"the URL's query", "/users/me/messages/send?bcc=a%40example.org", `{}`, ``, "policy_denied"},
		{"path", "/users/r%6Fot/messages/send", `{}`, ``, "policy_denied"},
		{"unknown operation", "/users/me/messages/trash", `{}`, ``, "policy_evaluation_failed"},
		{"a query that cannot be read", "/users/me/messages/send?a=%zz", `{}`, ``, "policy_evaluation_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := wire.ProxyRequest{GrantID: f.grant.ID, Method: "POST", URL: base + c.path, Body: []byte(c.body)}
			if c.query != "" {
				r.Query = []byte(c.query)
			}
			before := last()
			got := f.proxy(r, send{})
			if got.str("error") != c.want || (got.status == 200) != (c.want == "") {
				t.Errorf("%d %s", got.status, got.raw)
			}
			if c.want != "" && last() != before {
				t.Error("the request went out")
			}
		})
	}
	if got := f.token(f.grant.ID, base+"/users/me/messages/send", send{}); got.status != 400 || got.str("error") != codeProxyOnly {
		t.Errorf("a raw token: %d %s", got.status, got.raw)
	}
}

func TestRedact(t *testing.T) {
	f, base, last := contentFixture(t)
	redactFields := func(fields ...string) *Rule {
		return f.newRule(RuleSpec{Target: TargetGrant, TargetID: f.grant.ID, Rule: &rule.ContentMatch{
			Families: []rule.Family{rule.FamilySend}, Effect: rule.Redact, RedactFields: fields,
		}})
	}
	first := redactFields("note", "card.number")
	call := func(body string) result {
		return f.proxy(wire.ProxyRequest{
			GrantID: f.grant.ID, Method: "POST", URL: base + "/users/me/messages/send?note=1&keep=%2F", Query: []byte(`{"note":"2","also":"x"}`), Body: []byte(body),
		}, send{})
	}
	if got := call(`{"note":"n","card":{"number":4242,"name":"A"},"big":12345678901234567890}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	const want = `/users/me/messages/send?keep=%2F&also=x {"big":12345678901234567890,"card":{"name":"A"}}`
	if diff := cmp.Diff(want, last()); diff != "" {
		t.Error(diff)
	}
	if row := f.lastRow(); row.RuleID != first.ID || row.RuleOutcome != "redact" || row.Outcome != OutcomeCompleted {
		t.Errorf("row: %+v", row)
	}
	// A body of null is none: there is nothing that could stay in.
	if got := call(`null`); got.status != 200 || last() != "/users/me/messages/send?keep=%2F&also=x " {
		t.Errorf("without a body: %d %s %q", got.status, got.raw, last())
	}
	redactFields("user")
	before := last()
	if got := call(`{}`); got.status != 403 || got.str("error") != "redact_discharge_failed" || last() != before {
		t.Errorf("a path parameter: %d %s", got.status, got.raw)
	}
}

// TestStepUp: the age of a sign-in is that of the user token.
func TestStepUp(t *testing.T) {
	f, base, _ := contentFixture(t)
	app, err := f.CreateApp(t.Context(), AppSpec{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	user, err := f.CreateUser(t.Context(), UserSpec{AppID: app.ID, Subject: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	grant := f.newGrant(GrantSpec{AppID: app.ID, UserID: user.ID, Hosts: []string{base}})
	f.newRule(RuleSpec{Target: TargetApp, TargetID: app.ID, Rule: &rule.ContentMatch{
		Families: []rule.Family{rule.FamilySend}, Effect: rule.StepUp, MaxSessionAge: 5 * time.Minute,
	}})
	token, err := f.newUserToken(app.ID, "ann")
	if err != nil {
		t.Fatal(err)
	}
	call := func(token string) result {
		return f.proxy(wire.ProxyRequest{GrantID: grant.ID, Method: "POST", URL: base + "/users/me/messages/send", UserToken: token}, send{key: app.Key})
	}
	if got := call(token); got.status != 200 {
		t.Errorf("signed in just now: %d %s", got.status, got.raw)
	}
	if got := call(""); got.status != 403 || got.str("error") != "step_up_required" || string(got.body["max_session_age_seconds"]) != "300" {
		t.Errorf("nobody signed in: %d %s", got.status, got.raw)
	}
	f.clock.add(6 * time.Minute)
	if got := call(token); got.status != 403 || got.str("error") != "step_up_required" {
		t.Errorf("signed in long ago: %d %s", got.status, got.raw)
	}
}

// TestAddressRules: the address is that of the connection; a call inside the
// process counts as loopback.
func TestAddressRules(t *testing.T) {
	f := newFixture(t)
	f.newRule(RuleSpec{Target: TargetVault, Rule: &rule.IPAllowlist{Allow: []string{"127.0.0.0/8", "::1"}}})
	f.newRule(RuleSpec{Target: TargetAgent, TargetID: f.newAgent("far").ID, Rule: &rule.IPAllowlist{Allow: []string{"192.0.2.0/24"}}})
	base := f.serve()
	const url = "https://api.github.com/user"
	if got := f.token(f.grant.ID, url, send{over: http.DefaultTransport, base: base}); got.status != 200 {
		t.Errorf("over loopback: %d %s", got.status, got.raw)
	}
	if got := f.token(f.grant.ID, url, send{}); got.status != 200 {
		t.Errorf("in the process: %d %s", got.status, got.raw)
	}
	f.newRule(RuleSpec{Target: TargetGrant, TargetID: f.grant.ID, Rule: &rule.IPAllowlist{Allow: []string{"192.0.2.0/24"}}})
	if got := f.token(f.grant.ID, url, send{over: http.DefaultTransport, base: base}); got.status != 403 || got.str("error") != "policy_denied" {
		t.Errorf("from elsewhere: %d %s", got.status, got.raw)
	}
}
