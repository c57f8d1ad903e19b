package local

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

func (f *fixture) events(filter EventFilter) []Event {
	f.t.Helper()
	events, err := f.Events(f.t.Context(), filter)
	f.must(err)
	return events
}

// since runs do and returns the actions that it recorded.
func (f *fixture) since(do func()) (actions []string, events []Event) {
	f.t.Helper()
	before := len(f.events(EventFilter{}))
	do()
	events = f.events(EventFilter{})[before:]
	for _, e := range events {
		actions = append(actions, e.Action)
	}
	return actions, events
}

// TestEventsOfTheOperator: every method that changes something leaves a row, and
// one that changes nothing leaves none.
func TestEventsOfTheOperator(t *testing.T) {
	f := newFixture(t, InMemory())
	ctx := AsOperator(t.Context(), "ann")
	var agent *AgentCredentials
	var grant *Grant
	var kept *Rule
	cases := []struct {
		name string
		do   func() error
		want string
	}{
		{"app", func() error { _, err := f.CreateApp(ctx, AppSpec{Name: "mailer"}); return err }, "app.created key.created"},
		{"agent", func() (err error) { agent, err = f.CreateAgent(ctx, AgentSpec{Name: "second"}); return err }, "agent.created key.created"},
		{"pause", func() error { return f.PauseAgent(ctx, agent.ID) }, "agent.suspended"},
		{"pause again", func() error { return f.PauseAgent(ctx, agent.ID) }, ""},
		{"resume", func() error { return f.ResumeAgent(ctx, agent.ID) }, "agent.resumed"},
		{"mint", func() error { _, err := f.MintKey(ctx, agent.ID); return err }, "key.created"},
		{"deprecate", func() error { return f.DeprecateKey(ctx, agent.KeyID) }, "key.deprecated"},
		{"deprecate again", func() error { return f.DeprecateKey(ctx, agent.KeyID) }, ""},
		{"revoke key", func() error { return f.RevokeKey(ctx, agent.KeyID) }, "key.revoked"},
		{"revoke key again", func() error { return f.RevokeKey(ctx, agent.KeyID) }, ""},
		{"user", func() error { _, err := f.CreateUser(ctx, UserSpec{Subject: "ada"}); return err }, "user.created"},
		{"user again", func() error { _, err := f.CreateUser(ctx, UserSpec{Subject: "ada"}); return err }, ""},
		{"grant", func() error { grant = f.newGrant(GrantSpec{AgentID: f.agent.ID}); return nil }, "grant.created"},
		{"delegate", func() error { return f.DelegateGrant(ctx, grant.ID, agent.ID, time.Time{}) }, "grant.delegated"},
		{"undelegate", func() error { return f.RevokeDelegation(ctx, grant.ID, agent.ID) }, "delegation.revoked"},
		{"undelegate again", func() error { return f.RevokeDelegation(ctx, grant.ID, agent.ID) }, ""},
		{"revoke", func() error { return f.RevokeGrant(ctx, grant.ID) }, "grant.revoked"},
		{"revoke again", func() error { return f.RevokeGrant(ctx, grant.ID) }, ""},
		{"delete", func() error { return f.DeleteGrant(ctx, grant.ID) }, "grant.deleted"},
		{"rule", func() (err error) {
			kept, err = f.CreateRule(ctx, RuleSpec{Name: "no", Target: TargetVault, Rule: &rule.JSONMatch{When: rule.When{Method: []string{"DELETE"}}}})
			return err
		}, "rule.created"},
		{"rule off", func() error { return f.EnableRule(ctx, kept.ID, false) }, "rule.disabled"},
		{"rule on", func() error { return f.EnableRule(ctx, kept.ID, true) }, "rule.enabled"},
		{"rule gone", func() error { return f.RemoveRule(ctx, kept.ID) }, "rule.removed"},
		{"provider", func() error {
			_, err := f.SetProvider(ctx, ProviderSpec{
				ID: "github", AuthorizeURL: "https://github.com/a", TokenURL: "https://github.com/t", ClientID: "c", ClientSecret: testClientSecret, Hosts: []string{"https://api.github.com"},
			})
			return err
		}, "provider.set"},
		{"provider gone", func() error { return f.RemoveProvider(ctx, "github") }, "provider.removed"},
		{"revoke agent", func() error { return f.RevokeAgent(ctx, agent.ID) }, "agent.revoked"},
		{"revoke agent again", func() error { return f.RevokeAgent(ctx, agent.ID) }, ""},
		{"unknown", func() error {
			if f.RevokeGrant(ctx, newID()) == nil || f.RevokeKey(ctx, newID()) == nil || f.PauseAgent(ctx, newID()) == nil || f.RemoveRule(ctx, newID()) == nil || f.RemoveProvider(ctx, "x") == nil {
				t.Error("an unknown ID is no error")
			}
			return nil
		}, ""},
	}
	for _, c := range cases {
		actions, events := f.since(func() { f.must(c.do()) })
		if got := strings.Join(actions, " "); got != c.want {
			t.Errorf("%s: recorded %q, want %q", c.name, got, c.want)
		}
		for _, e := range events {
			if e.Actor != ActorOperator || e.ActorName != "ann" && e.Action != "grant.created" || !e.Time.Equal(f.clock.now()) || e.ID == "" || e.TargetID == "" {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	}
	if got := f.events(EventFilter{GrantID: grant.ID}); len(got) != 5 {
		t.Errorf("of the grant: %d", len(got))
	}
	if got := f.events(EventFilter{AgentID: agent.ID, Limit: 2}); len(got) != 2 || got[1].Action != "agent.revoked" {
		t.Errorf("of the agent: %+v", got)
	}
	if got := f.events(EventFilter{Action: "rule.created", Since: f.clock.now()}); len(got) != 1 || got[0].Details["kind"] != "json_match" || got[0].Details["for"] != "vault" {
		t.Errorf("by action: %+v", got)
	}
	f.noSecrets(agent.Key)
}

// noSecrets looks for keys and credentials in all events.
func (f *fixture) noSecrets(more ...string) {
	f.t.Helper()
	raw, err := json.Marshal(f.events(EventFilter{}))
	f.must(err)
	for _, s := range append(more, "test-secret", "alter_rk_", "alter_ak_", "alter_dk_", "alter_key_") {
		if strings.Contains(string(raw), s) {
			f.t.Errorf("an event holds %.12s…", s)
		}
	}
}

// TestEventsOfKeys: what a client changes is recorded with the key that did it.
func TestEventsOfKeys(t *testing.T) {
	a := newAppFixture(t, InMemory())
	version := int64(1)
	var derived wire.MintedKey
	cases := []struct {
		name string
		do   func() result
		want string
		kind ActorKind
	}{
		{"create", func() result { return a.create(wire.AgentCreate{Name: "third", Scopes: map[string][]string{}}, nil) }, "agent.created key.created", ActorApp},
		{"suspend", func() result { return a.patch(a.other.ID, `{"status":"inactive"}`, nil, nil) }, "agent.suspended", ActorApp},
		{"resume", func() result { return a.patch(a.other.ID, `{"status":"active"}`, nil, nil) }, "agent.resumed", ActorApp},
		{"rename", func() result { return a.patch(a.agent.ID, `{"display_name":"Builder"}`, nil, &version) }, "agent.updated", ActorApp},
		{"rename again", func() result { return a.patch(a.agent.ID, `{"display_name":"Builder"}`, nil, nil) }, "", ActorApp},
		{"mint", func() result {
			return a.ask(send{method: "POST", path: wire.PathGrantMint(a.owned.ID), body: wire.GrantMint{Label: "narrow"}.Marshal()})
		}, "grant.minted", ActorApp},
		{"derive", func() result {
			r := a.derive(a.agent.Key, wire.KeyDerive{Scopes: []string{"proxy:execute"}, ExpiresIn: 60})
			derived = a.minted(r)
			return r
		}, "key.derived", ActorAgent},
		{"rotate", func() result {
			return a.ask(send{key: a.agent.Key, method: "POST", path: wire.PathKeyRotate(a.agent.KeyID), body: []byte(`{"overlap_days":1}`)})
		}, "key.created key.rotated", ActorAgent},
		{"revoke with what hangs on it", func() result {
			return a.ask(send{method: "DELETE", path: wire.PathAgentKey(a.agent.ID, a.agent.KeyID), query: "force=true"})
		}, "key.revoked key.revoked", ActorApp},
		{"identity", func() result {
			return a.ask(send{method: "POST", path: wire.PathIdentityAssert, body: wire.AssertionAsk{Audience: "https://memory.example.com/a?x=1"}.Marshal()})
		}, "identity.asserted", ActorApp},
		{"revoke grant", func() result {
			return a.ask(send{method: "POST", path: wire.PathGrantRevoke(a.owned.ID), body: []byte("{}"), context: `{"run_id":"r7"}`})
		}, "grant.revoked", ActorApp},
		{"delete", func() result { return a.ask(send{method: "DELETE", path: wire.PathAgent(a.other.ID)}) }, "agent.revoked", ActorApp},
		{"delete again", func() result { return a.ask(send{method: "DELETE", path: wire.PathAgent(a.other.ID)}) }, "", ActorApp},
	}
	for _, c := range cases {
		var r result
		actions, events := a.since(func() { r = c.do() })
		if got := strings.Join(actions, " "); got != c.want || r.status >= 300 {
			t.Errorf("%s: recorded %q, want %q (%d %s)", c.name, got, c.want, r.status, r.raw)
		}
		for _, e := range events {
			if e.Actor != c.kind || e.KeyID == "" || e.AppID != a.app.ID || e.RequestID != r.header.Get(wire.HeaderRequestID) || (c.kind == ActorAgent) != (e.ActorName == "builder") {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	}
	_, events := a.since(func() {
		a.want(a.patch(a.agent.ID, `{"status":"inactive","policy":{"rate_limit_per_minute":5}}`, nil, nil), 200, "")
	})
	if len(events) != 1 || events[0].Action != "agent.suspended" || events[0].Details["set"] != "policy" {
		t.Errorf("a policy beside a suspension: %+v", events)
	}
	if got := a.events(EventFilter{RunID: "r7"}); len(got) != 1 || got[0].GrantID != a.owned.ID {
		t.Errorf("of the run: %+v", got)
	}
	revoked := a.events(EventFilter{Action: "key.revoked"})
	if !slices.ContainsFunc(revoked, func(e Event) bool { return e.TargetID == derived.ID }) {
		t.Errorf("the derived key's end is not told: %+v", revoked)
	}
	if e := a.events(EventFilter{Action: "identity.asserted"})[0]; e.Details["audience"] != "https://memory.example.com/a" {
		t.Errorf("%+v", e)
	}
	a.noSecrets(derived.APIKey)
}

// TestEventsOfUsers: what is done on a page is the user's.
func TestEventsOfUsers(t *testing.T) {
	f := newFlowFixture(t)
	actions, events := f.since(func() { f.signIn("alice") })
	if got := strings.Join(actions, " "); got != "user.created user.signed_in" || events[1].Actor != ActorUser || events[1].Details["provider"] != "github" {
		t.Errorf("%q %+v", got, events)
	}
	for _, want := range []string{"grant.created", "grant.reconnected"} {
		actions, events = f.since(func() {
			token := f.connect(f.app.Key, wire.ConnectRequest{Providers: []string{"github"}})
			b := newBrowser(f)
			b.submit(b.get(pageBase+connectPath+token), "connect")
		})
		if len(actions) != 1 || actions[0] != want || events[0].Actor != ActorUser || events[0].AppID != f.app.ID {
			t.Errorf("want %s: %+v", want, events)
		}
	}
	f.noSecrets()
}

// TestEventsOfApprovals tells who decided: the operator by name, or who has the
// link.
func TestEventsOfApprovals(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	p := h.ask(send{})
	_, err := h.Deny(t.Context(), p.ApprovalID, ApprovalDecision{By: "ann"})
	h.must(err)
	e := h.events(EventFilter{Action: "approval.denied"})
	if len(e) != 1 || e[0].Actor != ActorOperator || e[0].ActorName != "ann" || e[0].TargetID != p.GroupID || e[0].GrantID != h.grant.ID {
		t.Errorf("%+v", e)
	}
	p = h.ask(send{})
	actions, events := h.since(func() {
		_, err = h.Approve(withActor(t.Context(), Event{Actor: ActorUser}), p.ApprovalID, ApprovalDecision{By: "page"})
		h.must(err)
	})
	if len(actions) != 1 || actions[0] != "approval.approved" || events[0].Actor != ActorUser || events[0].Details["by"] != "page" {
		t.Errorf("%+v", events)
	}
}

// TestEventsAreAtomic: a change that fails leaves no event, and an event that
// cannot be written undoes the change.
func TestEventsAreAtomic(t *testing.T) {
	f := newFixture(t, InMemory())
	actions, _ := f.since(func() {
		if _, err := f.CreateAgent(t.Context(), AgentSpec{Name: "builder"}); err == nil {
			t.Error("a name twice")
		}
	})
	if len(actions) != 0 {
		t.Error(actions)
	}
	f.must(f.store.write(t.Context(), execOnly("DROP TABLE events")))
	if f.PauseAgent(t.Context(), f.agent.ID) == nil {
		t.Error("a change without an event")
	}
	if agents, err := f.Agents(t.Context()); err != nil || agents[0].Status != AgentActive {
		t.Errorf("%+v %v", agents, err)
	}
}
