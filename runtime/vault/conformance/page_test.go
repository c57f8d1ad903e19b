package conformance_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
)

// The agent-runtime page of the vault's documentation, block by block, in every
// place that a vault may live.

func TestPageConstruction(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.Context()
		direct := w.agent("")
		impersonated, err := w.app().Agent(w.agentID)
		w.must(err)
		defer func() { _ = impersonated.Close(ctx) }()
		for name, a := range map[string]*vault.Agent{"direct": direct, "impersonated": impersonated} {
			me, err := a.Me(ctx)
			w.must(err)
			run := unique("run-" + name)
			status, _, err := w.get(a.Trace(ctx, vault.Trace{RunID: run}), a, "/user", vault.Grant(w.grant))
			w.must(err)
			if me.ID != w.agentID || status != 200 {
				t.Errorf("%s: me is %s, status %d", name, me.ID, status)
			}
			for _, r := range w.rowsOf(run, 1) {
				if r.AgentID != w.agentID {
					t.Errorf("%s: the row names agent %q, want %q", name, r.AgentID, w.agentID)
				}
			}
		}
	})
}

func TestPageMe(t *testing.T) {
	everywhere(t, func(w *world) {
		me, err := w.agent("").Me(w.Context())
		w.must(err)
		if me.ID != w.agentID || me.Name == "" || !json.Valid(me.Scopes) || !json.Valid(me.Policy) {
			t.Errorf("%+v", me)
		}
	})
	// What is on which type is decided by the compiler; this asks it by reflection.
	app, agent := reflect.TypeFor[*vault.App](), reflect.TypeFor[*vault.Agent]()
	for _, name := range []string{"Me", "Trace", "Delegate"} {
		if _, ok := app.MethodByName(name); ok {
			t.Errorf("App has %s", name)
		}
		if _, ok := agent.MethodByName(name); !ok {
			t.Errorf("Agent lacks %s", name)
		}
	}
	for _, name := range []string{"Agents", "Agent", "MintGrant", "RevokeGrant", "VerifyUserToken"} {
		if _, ok := agent.MethodByName(name); ok {
			t.Errorf("Agent has %s", name)
		}
		if _, ok := app.MethodByName(name); !ok {
			t.Errorf("App lacks %s", name)
		}
	}
}

func TestPageTrace(t *testing.T) {
	everywhere(t, func(w *world) {
		agent := w.agent("")
		run := "run-abc123"
		if w.vault == nil {
			run = unique(run) // the trail may hold an earlier one
		}
		ctx := agent.Trace(w.Context(), vault.Trace{RunID: run})
		_, _, err := w.get(ctx, agent, "/user", vault.Grant(w.grant))
		w.must(err)
		_, _, err = w.proxyGet(ctx, agent, "/user", vault.Grant(w.userGrant))
		w.must(err)
		if w.rows == nil {
			return
		}
		rows := w.rowsOf(run, 2)
		if len(rows) != 2 || rows[0].GrantID != w.grant || rows[1].GrantID != w.userGrant || rows[0].Status != 200 || rows[1].Status != 200 {
			t.Errorf("rows of the run: %+v", rows)
		}
	})
}

func TestPageContext(t *testing.T) {
	everywhere(t, func(w *world) {
		for _, c := range []caller{w.agent(""), w.app()} {
			run := unique("run")
			_, _, err := w.get(w.Context(), c, "/user", vault.Grant(w.grant), vault.Context(map[string]string{"run_id": run, "tool": "list_repos"}))
			w.must(err)
			_, _, err = w.get(w.Context(), c, "/user", vault.Grant(w.grant))
			w.must(err)
			if w.rows == nil {
				continue
			}
			if rows := w.rowsOf(run, 1); len(rows) != 1 || rows[0].Tool != "list_repos" {
				t.Errorf("rows of the run: %+v", rows)
			}
		}
	})
}

func TestPageConnect(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.Context()
		app := w.app()
		made, err := app.Agents().Create(ctx, vault.AgentParams{Name: unique("agent"), Scopes: map[string][]string{"github": {"repo"}}})
		w.must(err)
		agent := w.agent(made.APIKey.Reveal())
		show := vault.ShowURL(func(ctx context.Context, url string) error { w.browse(ctx, url); return nil })
		results, err := agent.Connect(ctx, vault.ConnectParams{Providers: []string{"github"}}, append(quick, show)...)
		w.must(err)
		grant := results[0].GrantID
		if status, _, err := w.get(ctx, agent, "/user", vault.Grant(grant)); status != 200 || err != nil {
			t.Errorf("the new grant: %d %v", status, err)
		}
		for g, err := range app.ListGrants(ctx, vault.GrantFilter{PageSize: 1000}) {
			w.must(err)
			if g.GrantID == grant && g.PrincipalType != "agent" {
				t.Errorf("the grant belongs to a %q, want the agent", g.PrincipalType)
			}
		}
		if _, _, err := w.get(ctx, w.agent(""), "/user", vault.Grant(grant)); err == nil {
			t.Error("another agent uses the grant")
		}
	})
}

func TestPageAuthenticate(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.Context()
		show := vault.ShowURL(func(ctx context.Context, url string) error { w.browse(ctx, url); return nil })
		app := w.app()
		user, err := app.Authenticate(ctx, append(quick, show)...)
		w.must(err)
		if sub, err := app.VerifyUserToken(ctx, user.UserToken.Reveal()); sub == "" || err != nil {
			t.Errorf("subject %q, %v", sub, err)
		}
		// It runs the same way for an agent.
		again, err := w.agent("").Authenticate(ctx, append(quick, show)...)
		w.must(err)
		if again.UserToken.IsZero() {
			t.Error("an agent's sign-in gives no token")
		}
	})
}

func TestPageRevoke(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.Context()
		app := w.app()
		user := w.signIn(ctx, app)
		made, err := app.Agents().Create(ctx, vault.AgentParams{Name: unique("agent"), Scopes: map[string][]string{"github": {"repo"}}})
		w.must(err)
		r := w.connected(ctx, app, vault.ConnectParams{UserToken: user.UserToken.Reveal(), Agent: made.ID})
		agent := w.agent(made.APIKey.Reveal())
		for _, c := range []caller{agent, app} {
			if status, _, err := w.get(ctx, c, "/user", vault.Grant(r.GrantID)); status != 200 || err != nil {
				t.Fatalf("before: %d %v", status, err)
			}
		}
		w.must(agent.RevokeDelegation(ctx, r.GrantID))
		w.must(agent.RevokeDelegation(ctx, r.GrantID))
		if _, _, err := w.get(ctx, agent, "/user", vault.Grant(r.GrantID)); !is(err, vault.ErrAgentDelegationMissing) {
			t.Errorf("the agent after its own revocation: %v", err)
		}
		if status, _, err := w.get(ctx, app, "/user", vault.Grant(r.GrantID)); status != 200 || err != nil {
			t.Errorf("the app after it: %d %v", status, err)
		}
		_, err = app.RevokeGrant(ctx, r.GrantID, "over")
		w.must(err)
		if _, _, err := w.get(ctx, app, "/user", vault.Grant(r.GrantID)); !is(err, vault.ErrGrantRevoked) {
			t.Errorf("the app after the end: %v", err)
		}
	})
}

func TestPageAgentKeyWithUserToken(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.Context()
		user := w.signIn(ctx, w.app())
		token := func(ctx context.Context) (string, error) { return user.UserToken.Reveal(), ctx.Err() }
		for name, call := range map[string]func() error{
			"by getter": func() error {
				_, _, err := w.get(ctx, w.agent("", vault.WithUserToken(token)), "/user", vault.Grant(w.grant))
				return err
			},
			"by option": func() error {
				_, _, err := w.get(ctx, w.agent(""), "/user", vault.Provider("github"), vault.UserToken(user.UserToken.Reveal()))
				return err
			},
			"in proxy mode": func() error {
				_, _, err := w.proxyGet(ctx, w.agent("", vault.WithUserToken(token)), "/user", vault.Grant(w.grant))
				return err
			},
		} {
			err := call()
			if e := vaultError(err); e == nil || e.Status != 400 || e.Code == "" {
				t.Errorf("%s: %v, want HTTP 400 with a code", name, err)
			}
		}
	})
}

func TestPageAppInAUsersSession(t *testing.T) {
	everywhere(t, func(w *world) {
		ctx := w.Context()
		user := w.signIn(ctx, w.app())
		asked := 0
		app := w.app(vault.WithCaller("support-agent"), vault.WithCallerType(vault.CallerAgent), vault.WithUserToken(func(context.Context) (string, error) {
			asked++
			return user.UserToken.Reveal(), nil
		}))
		r := w.connected(ctx, app, vault.ConnectParams{})
		run := unique("run")
		status, body, err := w.get(ctx, app, "/user", vault.Grant(r.GrantID), vault.Context(map[string]string{"run_id": run}))
		if status != 200 || !strings.Contains(body, "login") || err != nil {
			t.Errorf("%d %s %v", status, body, err)
		}
		mine := 0
		for g, err := range app.ListGrants(ctx, vault.GrantFilter{}) {
			w.must(err)
			if g.GrantID == w.grant {
				t.Error("the user lists the agent's own grant")
			}
			mine++
		}
		if mine == 0 || asked < 3 {
			t.Errorf("%d grants of the user, the getter was asked %d times", mine, asked)
		}
		for _, row := range w.rowsOf(run, 1) {
			if row.Caller != "support-agent" || row.Status != 200 {
				t.Errorf("the row: caller %q, status %d", row.Caller, row.Status)
			}
		}
	})
}
