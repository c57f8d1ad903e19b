package local

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestGrantRequiresApproval: a sibling that asks for approvals holds every call,
// whoever makes it, and gives no credential away.
func TestGrantRequiresApproval(t *testing.T) {
	a := newAppFixture(t, InMemory())
	mint := func(policy string) string {
		r := a.ask(send{method: "POST", path: wire.PathGrantMint(a.owned.ID), body: []byte(`{"label":"` + newID() + `","grant_policy":` + policy + `}`)})
		if r.status != 201 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		var listed string
		for _, g := range a.list(send{}, wire.GrantsList{Limit: 100}).Grants {
			if g.GrantID == r.str("grant_id") {
				listed = string(g.Policy)
			}
		}
		if !strings.Contains(listed, `"requires_approval":`) != strings.Contains(policy, "false") {
			t.Errorf("listed as %s", listed)
		}
		return r.str("grant_id")
	}
	id := mint(`{"requires_approval":{"expires_in_seconds":120,"max_pending":1,"approvers":["ann"]}}`)
	call := func(id string) result {
		return a.proxy(wire.ProxyRequest{GrantID: id, Method: "GET", URL: "https://api.github.com/user"}, send{key: a.app.Key})
	}
	r := a.token(id, "https://api.github.com/user", send{key: a.app.Key})
	a.want(r, 400, "hitl_grant_requires_proxy")
	if r.str("rule_layer") != layerGrantPolicy || r.str("rule_id") != id {
		t.Errorf("%s", r.raw)
	}
	r = a.want(call(id), 202, "")
	pending, err := wire.ParsePending(r.raw)
	if err != nil || pending.ExpiresIn != 120 || len(pending.Gates) != 1 {
		t.Fatalf("%+v %v", pending, err)
	}
	if e := a.lastRow(); e.Decision != DecisionPending || e.RuleLayer != layerGrantPolicy || e.RuleID != id || e.RuleOutcome != "approve" {
		t.Errorf("%+v", e)
	}
	a.want(call(id), 429, "too_many_pending_approvals")
	if n := a.dials.count(); n != 0 {
		t.Errorf("%d calls without an approval", n)
	}
	if _, err := a.Approve(t.Context(), pending.ApprovalID, ApprovalDecision{By: "ann"}); err != nil || a.dials.count() != 1 {
		t.Errorf("%v, %d calls", err, a.dials.count())
	}
	if r := call(mint(`{"requires_approval":true}`)); r.status != 202 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	a.want(call(mint(`{"requires_approval":false,"max_ttl_seconds":60}`)), 502, codeUpstreamFailed)
	a.want(call(a.owned.ID), 502, codeUpstreamFailed) // the source is as it was
}

// TestAgentPolicy: every member is applied, and the refusal says where it stands.
func TestAgentPolicy(t *testing.T) {
	a := newAppFixture(t, InMemory())
	set := func(policy string) { a.want(a.patch(a.agent.ID, `{"policy":`+policy+`}`, nil, nil), 200, "") }
	token := func() result { return a.token(a.grant.ID, "https://api.github.com/user", send{key: a.agent.Key}) }
	cases := map[string]struct{ policy, code string }{
		"none":             {`{}`, ""},
		"address":          {`{"ip_allowlist":{"allow":["192.0.2.0/24"]}}`, "policy_denied"},
		"address, this":    {`{"ip_allowlist":{"allow":["127.0.0.1"]}}`, ""},
		"weekend":          {`{"time_window":{"weekdays_only":true}}`, "policy_denied"}, // 2026-03-01 is a Sunday
		"hours":            {`{"time_window":{"business_hours_only":true}}`, ""},
		"method":           {`{"json_match":{"when":{"method":"GET"},"effect":"deny"}}`, "policy_denied"},
		"one of two":       {`{"json_match":[{"when":{"provider_id":"slack"},"effect":"deny"},{"when":{"provider_id":"github"},"effect":"deny"}]}`, "policy_denied"},
		"content":          {`{"content_match":{"match":{"families":["send"]},"params":[],"effect":"deny"}}`, codeProxyOnly},
		"approval":         {`{"require_approval":{"effect":"require_approval","approval":{}}}`, "hitl_grant_requires_proxy"},
		"approval, unlike": {`{"require_approval":{"effect":"require_approval","approval":{},"when":{"provider_id":"slack"}}}`, ""},
	}
	for name, c := range cases {
		set(c.policy)
		r := token()
		if (r.status == 200) != (c.code == "") || r.str("error") != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
		e := a.lastRow()
		if c.code != "" && (r.str("rule_layer") != layerAgentPolicy || r.str("rule_id") != a.agent.ID || e.RuleLayer != layerAgentPolicy || e.RuleID != a.agent.ID) {
			t.Errorf("%s: %s, row %+v", name, r.raw, e)
		}
		if c.code == "" && e.RuleLayer != "" {
			t.Errorf("%s: row %+v", name, e)
		}
	}
	// It binds the agent, also when the app's key acts as it, and nobody else.
	set(`{"json_match":{"when":{"method":"GET"},"effect":"deny"}}`)
	a.want(a.token(a.grant.ID, "https://api.github.com/user", send{key: a.app.Key, caller: a.agent.ID}), 403, "policy_denied")
	a.want(a.token(a.grant.ID, "https://api.github.com/user", send{key: a.app.Key}), 200, "")
}

func TestAgentPolicyRate(t *testing.T) {
	a := newAppFixture(t, InMemory())
	a.want(a.patch(a.agent.ID, `{"policy":{"rate_limit_per_minute":2}}`, nil, nil), 200, "")
	token := func() result { return a.token(a.grant.ID, "https://api.github.com/user", send{key: a.agent.Key}) }
	a.want(token(), 200, "")
	a.clock.add(20 * time.Second)
	a.want(token(), 200, "")
	r := a.want(token(), 403, "rate_limit_exceeded")
	if r.str("rule_layer") != layerAgentPolicy || string(r.body["retry_after"]) != "40" || a.lastRow().RuleLayer != layerAgentPolicy {
		t.Errorf("%s", r.raw)
	}
	a.clock.add(40 * time.Second) // refused calls do not count
	a.want(token(), 200, "")
	a.want(token(), 403, "rate_limit_exceeded")
}

// TestAgentPolicyIsWhole: what the vault does not understand is not stored, and
// when it stands there all the same, nothing goes.
func TestAgentPolicyIsWhole(t *testing.T) {
	a := newAppFixture(t, InMemory())
	for _, policy := range []string{
		`{"allowed_hours":"9-17"}`, `{"rate_limit_per_minute":0}`, `{"rate_limit_per_minute":1.5}`, `{"rate_limit_per_minute":"5"}`, `{"time_window":{"weekends":true}}`,
		`{"time_window":5}`, `{"time_window":[5]}`, `{"ip_allowlist":{"allow":[]}}`, `{"require_approval":{"effect":"deny"}}`, `{"Time_window":{"weekdays_only":true}}`,
	} {
		a.want(a.patch(a.agent.ID, `{"policy":`+policy+`}`, nil, nil), 422, "invalid_agent_policy")
		r := a.create(wire.AgentCreate{Name: newID(), Scopes: map[string][]string{}, Policy: []byte(policy)}, nil)
		a.want(r, 422, "invalid_agent_policy")
	}
	a.must(a.store.write(t.Context(), execOnly(`UPDATE agents SET policy = '{"allowed_hours":"9-17"}'`)))
	r := a.want(a.token(a.grant.ID, "https://api.github.com/user", send{key: a.agent.Key}), 403, "policy_evaluation_failed")
	if e := a.lastRow(); r.str("rule_layer") != layerAgentPolicy || e.RuleLayer != layerAgentPolicy || e.RuleOutcome != "error" {
		t.Errorf("%s, row %+v", r.raw, e)
	}
}

// TestAgentPolicyShown: who may approve is told as a number.
func TestAgentPolicyShown(t *testing.T) {
	a := newAppFixture(t, InMemory())
	a.want(a.patch(a.agent.ID, `{"policy":{"require_approval":{"effect":"require_approval","approval":{"approvers":["ann@example.com","bob@example.com"]}}}}`, nil, nil), 200, "")
	for _, s := range []send{{method: "GET", path: wire.PathAgent(a.agent.ID)}, {key: a.agent.Key, method: "GET", path: wire.PathMe}} {
		r := a.want(a.ask(s), 200, "")
		if want := `{"require_approval":{"approval":{"approvers":2},"effect":"require_approval"}}`; string(r.body["policy"]) != want {
			t.Errorf("%s: %s, want %s", s.path, r.body["policy"], want)
		}
	}
	var p agentPolicy
	a.must(a.store.read(t.Context(), func(ctx context.Context, q *statements) (err error) {
		p, _, err = readAgentPolicy(ctx, q, a.agent.ID)
		return err
	}))
	if len(p.rules) != 1 {
		t.Errorf("%+v", p)
	}
	if raw, err := json.Marshal(&grantApproval{}); err != nil || string(raw) != "true" {
		t.Errorf("%s %v", raw, err)
	}
}
