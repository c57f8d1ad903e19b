package vault

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	testAgentID = "11111111-1111-4111-8111-111111111111"
	testActor   = "33333333-3333-4333-8333-333333333333"
)

func TestNewAppRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		opts []Option
	}{
		"blank": {key: ""}, "prefix": {key: "alter_pat_q-secret"}, "checksum": {key: testApp[:len(testApp)-1] + "a"},
		"caller": {key: testApp, opts: []Option{WithCaller("")}}, "caller text": {key: testApp, opts: []Option{WithCaller("zoë")}},
		"caller type": {key: testApp, opts: []Option{WithCallerType("x")}},
		"base":        {key: testApp, opts: []Option{WithBaseURL("http://example.com")}},
	} {
		_, err := NewApp(c.key, c.opts...)
		e := wantError(t, err, ErrInvalidInput, "invalid_value")
		if c.key != "" && strings.Contains(e.Error(), c.key) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
	_, err := NewAgent(testKey, WithCallerType(CallerService))
	wantError(t, err, ErrInvalidInput, "invalid_value")
}

// TestConstructions: which identity goes over the wire.
func TestConstructions(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	token := func(context.Context) (string, error) { return "jwt", nil }
	impersonate := func(opts ...Option) *client {
		a, err := vault.app(opts...).Agent(strings.ToUpper(testAgentID))
		if err != nil {
			t.Fatal(err)
		}
		return a.client
	}
	for name, c := range map[string]struct {
		c              *client
		key            string
		caller, typ    string
		token          bool
		sessionToken   bool // also on a connect session
		delegationText bool // a missing grant is a missing delegation
	}{
		"app":                        {c: vault.app().client, key: testApp},
		"app with user":              {c: vault.app(WithUserToken(token)).client, key: testApp, token: true, sessionToken: true},
		"app with caller":            {c: vault.app(WithCaller("cron")).client, key: testApp, caller: "cron", typ: "service"},
		"app for an agent":           {c: vault.app(WithCaller(testAgentID), WithUserToken(token)).client, key: testApp, caller: testAgentID, typ: "service", token: true, sessionToken: true},
		"app with type":              {c: vault.app(WithCaller(testAgentID), WithCallerType(CallerAgent)).client, key: testApp, caller: testAgentID, typ: "agent"},
		"impersonation":              {c: impersonate(), key: testApp, caller: testAgentID, typ: "agent", delegationText: true},
		"impersonation drops user":   {c: impersonate(WithUserToken(token)), key: testApp, caller: testAgentID, typ: "agent", delegationText: true},
		"impersonation drops caller": {c: impersonate(WithCaller("cron")), key: testApp, caller: testAgentID, typ: "agent", delegationText: true},
		"agent":                      {c: vault.agent().client, key: testKey, delegationText: true},
		"agent with user":            {c: vault.agent(WithUserToken(token)).client, key: testKey, token: true, sessionToken: true, delegationText: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []CallOption{Grant(testGrant), Provider("github")} {
				if err := drain(c.c.Request(t.Context(), "GET", p.URL, target)); err != nil {
					t.Fatal(err)
				}
				calls := vault.calls(wire.PathToken)
				got := calls[len(calls)-1]
				if got.Header.Get("X-Api-Key") != c.key || got.Header.Get("X-Alter-Caller") != c.caller || got.Header.Get("X-Alter-Caller-Type") != c.typ {
					t.Errorf("headers %v", got.Header)
				}
				if strings.Contains(got.Body, `"user_token":"jwt"`) != c.token {
					t.Errorf("body %s", got.Body)
				}
			}
			vault.script(wire.PathConnectSession, answerWith(201, []byte(`{"session_token":"s","connect_url":"u","expires_in":0,"expires_at":"x"}`)))
			if _, err := c.c.CreateConnectSession(t.Context(), ConnectParams{}); err != nil {
				t.Fatal(err)
			}
			sessions := vault.calls(wire.PathConnectSession)
			if got := sessions[len(sessions)-1].Body; strings.Contains(got, `"user_token":"jwt"`) != c.sessionToken {
				t.Errorf("session %s", got)
			}
			vault.script(wire.PathToken, answerWith(404, wire.MarshalError("grant_not_found", "")))
			_, err := c.c.Request(t.Context(), "GET", p.URL, Grant(testGrant))
			if errors.Is(err, ErrAgentDelegationMissing) != c.delegationText || !errors.Is(err, ErrGrantNotFound) {
				t.Errorf("missing grant: %v", err)
			}
			vault.credential(wire.Credential{AccessToken: testToken})
		})
	}
}

func TestImpersonationWarnsOnce(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	var logged bytes.Buffer
	app := vault.app(WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	agent, err := app.Agent(testAgentID)
	if err != nil {
		t.Fatal(err)
	}
	vault.script(wire.PathProxy, answer200([]byte(`{"status_code":200,"body_b64":""}`)))
	if err := drain(agent.Request(t.Context(), "GET", p.URL, Provider("github"))); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.ProxyRequest(t.Context(), "GET", p.URL, Grant(testGrant)); err != nil {
		t.Fatal(err)
	}
	if err := drain(app.Request(t.Context(), "GET", p.URL, Grant(testGrant))); err != nil {
		t.Fatal(err)
	}
	if logged.Len() > 0 {
		t.Errorf("warned too early: %s", logged.String())
	}
	for range 3 {
		if err := drain(agent.Request(t.Context(), "GET", p.URL, Grant(testGrant))); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Count(logged.String(), "level=WARN") != 1 || !strings.Contains(logged.String(), testAgentID) {
		t.Errorf("logged %s", logged.String())
	}
	if info, err := agent.Me(agent.Trace(t.Context(), Trace{})); err != nil || info.Name != "n" {
		t.Errorf("%v %v", info, err)
	}
	if got := vault.calls(wire.PathMe)[0].Header.Get("X-Alter-Context"); got != `{"agent":"`+testAgentID+`"}` {
		t.Errorf("an impersonated agent traces under its ID: %s", got)
	}
	for _, id := range []string{"", "x", strings.ReplaceAll(testAgentID, "-", "")} {
		_, err := app.Agent(id)
		wantError(t, err, ErrInvalidInput, "invalid_value")
	}
}

// TestClosingAnApp ends its agents, and waits for their reports too.
func TestClosingAnApp(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	app := vault.app()
	one, _ := app.Agent(testAgentID)
	two, _ := app.Agent(testGrant)
	for _, a := range []*Agent{one, two} {
		if err := drain(a.Request(t.Context(), "GET", p.URL, Grant(testGrant))); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := one.Me(t.Context())
	wantError(t, err, ErrClosed, "closed")
	if _, err := two.Me(t.Context()); err != nil {
		t.Errorf("closing one agent closed another: %v", err)
	}
	if _, err := app.Request(t.Context(), "GET", p.URL, Grant(testGrant)); err != nil {
		t.Errorf("closing an agent closed the app: %v", err)
	}
	if err := app.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := app.AuditStats(); got != (AuditStats{Delivered: 3}) || len(vault.calls(wire.PathAudit)) != 3 {
		t.Errorf("stats %+v", got)
	}
	if got := two.AuditStats(); got != (AuditStats{Delivered: 1}) {
		t.Errorf("stats of an agent %+v", got)
	}
	_, err = two.Me(t.Context())
	wantError(t, err, ErrClosed, "closed")
	_, err = app.Agent(testAgentID)
	wantError(t, err, ErrClosed, "closed")
	if err := two.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClosingAnAppGivesUp(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	gate := make(chan struct{})
	vault.script(wire.PathAudit, func(http.ResponseWriter, []byte) { <-gate })
	defer close(gate)
	app := vault.app()
	agent, _ := app.Agent(testAgentID)
	if err := drain(agent.Request(t.Context(), "GET", p.URL, Grant(testGrant))); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, app.Close(ended), ErrAuditUndelivered, "audit_undelivered")
	// The report is given up, which ends the agent as well.
	_ = agent.Close(t.Context())
	if got := agent.AuditStats(); got != (AuditStats{Failed: 1}) {
		t.Errorf("stats %+v", got)
	}
}

// TestUserTokenFails: a lapsed session stops the call.
func TestUserTokenFails(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	lapsed := errors.New("session lapsed")
	for name, get := range map[string]func(context.Context) (string, error){
		"error": func(context.Context) (string, error) { return "q-secret", lapsed },
		"empty": func(context.Context) (string, error) { return "", nil },
	} {
		app := vault.app(WithUserToken(get))
		calls := map[string]func() error{
			"request":  func() error { return drain(app.Request(t.Context(), "GET", p.URL, Grant(testGrant))) },
			"provider": func() error { return drain(app.Request(t.Context(), "GET", p.URL, Provider("p"))) },
			"transport": func() error {
				_, err := app.Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", p.URL, ""))
				return err
			},
			"proxy": func() error {
				_, err := app.ProxyRequest(t.Context(), "GET", p.URL, Grant(testGrant))
				return err
			},
			"list": func() error {
				for _, err := range app.ListGrants(t.Context(), GrantFilter{}) {
					return err
				}
				return nil
			},
			"revoke": func() error {
				_, err := app.RevokeGrant(t.Context(), testGrant, "")
				return err
			},
			"connect": func() error {
				_, err := app.CreateConnectSession(t.Context(), ConnectParams{})
				return err
			},
		}
		for call, do := range calls {
			err := do()
			wantError(t, err, ErrUserToken, "user_token")
			if name == "error" && !errors.Is(err, lapsed) {
				t.Errorf("%s: the cause is lost: %v", call, err)
			}
		}
	}
	if got := vault.all(); len(got) != 0 || p.count() != 0 {
		t.Errorf("sent %v", got)
	}
	// A token of the call itself needs no session.
	app := vault.app(WithUserToken(func(context.Context) (string, error) { return "", lapsed }))
	if err := drain(app.Request(t.Context(), "GET", p.URL, Grant(testGrant), UserToken("own"))); err != nil {
		t.Error(err)
	}
}

// TestUserTokenIsAskedAnew: nothing is kept between calls.
func TestUserTokenIsAskedAnew(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	type who struct{}
	app := vault.app(WithUserToken(func(ctx context.Context) (string, error) { return ctx.Value(who{}).(string), nil }))
	for _, user := range []string{"ann", "bob", "ann"} {
		if err := drain(app.Request(context.WithValue(t.Context(), who{}, user), "GET", p.URL, Grant(testGrant))); err != nil {
			t.Fatal(err)
		}
		calls := vault.calls(wire.PathToken)
		if got := calls[len(calls)-1].Body; !strings.Contains(got, `"user_token":"`+user+`"`) {
			t.Errorf("for %s: %s", user, got)
		}
	}
}

// TestListsAndTheUserToken: an App lists for its user, an Agent what it reaches
// itself.
func TestListsAndTheUserToken(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathGrantsList, answer200(wire.GrantPage{}.Marshal()))
	user := WithUserToken(func(context.Context) (string, error) { return "jwt", nil })
	for want, list := range map[string]iter.Seq2[*GrantItem, error]{
		`{"limit":100,"offset":0,"user_token":"jwt"}`: vault.app(user).ListGrants(t.Context(), GrantFilter{}),
		`{"limit":100,"offset":0,"user_token":"own"}`: vault.app(user).ListGrants(t.Context(), GrantFilter{UserToken: "own"}),
		`{"limit":100,"offset":0}`:                    vault.agent(user).ListGrants(t.Context(), GrantFilter{}),
	} {
		if err := last(list); err != nil {
			t.Fatal(err)
		}
		calls := vault.calls(wire.PathGrantsList)
		if got := calls[len(calls)-1].Body; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
}

// TestAgentKeyWithUserToken: the client sends it, and a vault's 400 comes back
// typed.
func TestAgentKeyWithUserToken(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	vault.script(wire.PathToken, answerWith(400, wire.MarshalError("agent_user_token_conflict", "choose one")))
	_, err := vault.agent().Request(t.Context(), "GET", p.URL, Grant(testGrant), UserToken("jwt"))
	e := wantError(t, err, ErrVault, "agent_user_token_conflict")
	if e.Status != 400 || !strings.Contains(vault.calls(wire.PathToken)[0].Body, `"user_token":"jwt"`) {
		t.Errorf("%v", e)
	}
}

// TestCallerOfOneCall replaces the caller, withholds the actor ID and does not
// take a new one; the report carries it as well.
func TestCallerOfOneCall(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	actor := testActor
	vault.script(wire.PathToken, func(w http.ResponseWriter, b []byte) {
		w.Header().Set("X-Alter-Actor-ID", actor)
		answer200(wire.Credential{AccessToken: testToken, GrantID: testGrant}.Marshal())(w, b)
	})
	app := vault.app()
	send := func(opts ...RequestOption) seen {
		t.Helper()
		if err := drain(app.Request(t.Context(), "GET", p.URL, append(opts, Grant(testGrant))...)); err != nil {
			t.Fatal(err)
		}
		calls := vault.calls(wire.PathToken)
		return calls[len(calls)-1]
	}
	want := func(got seen, caller, typ, actor string) {
		t.Helper()
		have := []string{got.Header.Get("X-Alter-Caller"), got.Header.Get("X-Alter-Caller-Type"), got.Header.Get("X-Alter-Actor-Id")}
		if diff := cmp.Diff([]string{caller, typ, actor}, have); diff != "" {
			t.Error(diff)
		}
	}
	want(send(Caller("one-shot")), "one-shot", "service", "") // the type of an app without a caller
	if app.ActorID() != "" {
		t.Errorf("another caller's actor ID was kept: %s", app.ActorID())
	}
	want(send(), "", "", "")
	actor = testGrant // a later one is ignored
	want(send(), "", "", testActor)
	want(send(Caller("one-shot")), "one-shot", "service", "")
	want(send(), "", "", testActor)
	if err := app.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	callers := map[string]int{}
	for _, report := range vault.calls(wire.PathAudit) {
		callers[report.Header.Get("X-Alter-Caller")]++
	}
	if diff := cmp.Diff(map[string]int{"one-shot": 2, "": 3}, callers); diff != "" {
		t.Error(diff)
	}
}

// TestFamilies: which calls carry the actor ID and the trace.
func TestFamilies(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	app := vault.app(WithTraceparentFrom(func(context.Context) string { return goodTrace }))
	agent := vault.agent()
	vault.script(wire.PathToken, func(w http.ResponseWriter, b []byte) {
		w.Header().Set("X-Alter-Actor-ID", testActor)
		answer200(wire.Credential{AccessToken: testToken, GrantID: testGrant}.Marshal())(w, b)
	})
	if err := drain(app.Request(t.Context(), "GET", p.URL, Grant(testGrant))); err != nil {
		t.Fatal(err)
	}
	ctx := agent.Trace(t.Context(), Trace{RunID: "run-1"})
	for _, m := range managementCalls(vault, app, agent) {
		if m.agent {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			before := len(vault.all())
			if err := m.do(ctx); err != nil {
				t.Fatal(err)
			}
			for _, got := range vault.all()[before:] {
				if got.Path == wire.PathAudit {
					continue // of the call above, on its own way
				}
				if got.Header.Get("X-Alter-Actor-Id") != testActor || got.Header.Get("Traceparent") != goodTrace {
					t.Errorf("headers %v", got.Header)
				}
				if traced := strings.Contains(got.Header.Get("X-Alter-Context"), `"run_id":"run-1"`); traced != m.traced {
					t.Errorf("%s: traced %v", got.Path, traced)
				}
			}
		})
	}
}
