package conformance_test

import (
	"context"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

func agents(tr *transcript) {
	ctx := tr.Context()
	ns := tr.app().Agents()
	name := unique("agent")
	made, err := ns.Create(ctx, vault.AgentParams{Name: name, Scopes: map[string][]string{"github": {"repo"}}, DisplayName: new("B"), IdempotencyKey: name})
	tr.must(err)
	tr.note("create", "%s %s version %d key %v", made.Type, made.Status, made.Version, strings.HasPrefix(made.APIKey.Reveal(), "alter_key_"))
	again, err := ns.Create(ctx, vault.AgentParams{Name: name, Scopes: map[string][]string{"github": {"repo"}}, DisplayName: new("B"), IdempotencyKey: name})
	tr.must(err)
	tr.note("create again", "the same %v, key %v", again.ID == made.ID, !again.APIKey.IsZero())
	_, err = ns.Create(ctx, vault.AgentParams{Name: name, IdempotencyKey: name})
	tr.fault("another body", err, vault.ErrIdempotencyBodyMismatch)
	_, err = ns.Create(ctx, vault.AgentParams{Name: name})
	tr.fault("a name twice", err, vault.ErrAgentNameExists)
	_, err = tr.appOf(tr.agentKey).Agents().Create(ctx, vault.AgentParams{Name: unique("agent")})
	tr.fault("an agent creates agents", err, vault.ErrCannotMintSubagents)
	got, err := ns.GetByName(ctx, name)
	tr.must(err)
	tr.note("by name", "the same %v, %s", got.ID == made.ID, got.DisplayName)
	changed, err := ns.Update(ctx, made.ID, vault.AgentChange{DisplayName: new("C"), Metadata: map[string]any{"k": "v"}})
	tr.must(err)
	tr.note("update", "%s %s grew %v", changed.DisplayName, changed.Metadata, changed.Version > made.Version)
	_, err = ns.Update(ctx, made.ID, vault.AgentChange{Scopes: map[string][]string{}, ExpectedVersion: made.Version})
	tr.fault("a stale version", err, vault.ErrAgentConcurrentUpdate)
	narrowed, err := ns.Update(ctx, made.ID, vault.AgentChange{Scopes: map[string][]string{}, ExpectedVersion: changed.Version, GracePeriod: new(time.Hour)})
	tr.must(err)
	tr.note("narrowed later", "%s pending %s", narrowed.Scopes, narrowed.ScopesPending)

	key, err := ns.MintKey(ctx, made.ID)
	tr.must(err)
	all, err := ns.ListKeys(ctx, made.ID)
	tr.must(err)
	tr.note("keys", "%d, in order %v", len(all), all[0].KeyID == made.KeyID && all[1].KeyID == key.KeyID)
	deprecated, err := ns.DeprecateKey(ctx, made.ID, key.KeyID)
	tr.must(err)
	old := tr.agent(key.APIKey.Reveal())
	_, err = old.Me(ctx)
	tr.note("deprecated", "%s works %v and says so %v", deprecated.Status(), err == nil, old.KeyDeprecated())
	undone, err := ns.UndeprecateKey(ctx, made.ID, key.KeyID)
	tr.must(err)
	tr.note("undeprecated", "%s", undone.Status())
	gone, err := ns.RevokeKey(ctx, made.ID, key.KeyID, false)
	tr.must(err)
	tr.note("revoked", "%s", gone.Status())
	_, err = old.Me(ctx)
	tr.fault("a revoked key", err, vault.ErrKeyRevoked)
	_, err = ns.RevokeKey(ctx, made.ID, made.KeyID, false)
	tr.fault("the last key", err, vault.ErrLastActiveKey)

	client := tr.agent(made.APIKey.Reveal())
	suspended, err := ns.Suspend(ctx, made.ID)
	tr.must(err)
	me, err := client.Me(ctx)
	tr.must(err)
	tr.note("suspended", "%s, me says %s", suspended.Status, me.Status)
	_, _, err = tr.get(ctx, client, "/user", vault.Grant(tr.grant))
	tr.fault("a suspended agent", err, vault.ErrAgentInactive)
	resumed, err := ns.Resume(ctx, made.ID)
	tr.must(err)
	tr.note("resumed", "%s", resumed.Status)
	deleted, err := ns.Delete(ctx, made.ID)
	tr.must(err)
	tr.note("deleted", "%s", deleted.Status)
	_, _, err = tr.get(ctx, client, "/user", vault.Grant(tr.grant))
	tr.fault("a deleted agent", err, vault.ErrKeyRevoked)
	count := 0
	for a, err := range ns.List(ctx, vault.AgentFilter{PageSize: 1}) {
		tr.must(err)
		if a.ID == made.ID || a.ID == tr.agentID {
			count++
		}
	}
	tr.note("list", "the deleted one is not in it: %v", count == 1)
	_, err = ns.Get(ctx, "88888888-8888-4888-8888-888888888888")
	tr.fault("an agent nobody has", err, vault.ErrAgentNotFound)
}

func keys(tr *transcript) {
	ctx := tr.Context()
	app := tr.app()
	key, err := app.Keys().Derive(ctx, vault.KeyParams{Scopes: []string{"grants:read"}, ExpiresIn: time.Hour})
	tr.must(err)
	tr.note("derive", "%s %v %s", key.KeyType, key.Scopes, key.Status())
	small := tr.appOf(key.Key.Reveal())
	tr.note("a derived key lists", "%v", len(list(tr, small, vault.GrantFilter{})) > 0)
	_, _, err = tr.get(ctx, small, "/user", vault.Grant(tr.grant))
	tr.fault("a derived key calls", err, vault.ErrInsufficientScope)
	_, err = app.Keys().Rotate(ctx, key.ID, 1)
	tr.fault("a derived key rotates", err, vault.ErrVault)
	revoked, err := app.Keys().Revoke(ctx, key.ID, false)
	tr.must(err)
	tr.note("revoke a key", "%s", revoked.Status())
	for _, err := range small.ListGrants(ctx, vault.GrantFilter{}) {
		tr.fault("a revoked derived key", err, vault.ErrKeyRevoked)
	}
	short, err := app.Keys().Derive(ctx, vault.KeyParams{Scopes: []string{"grants:read"}, ExpiresIn: time.Second})
	tr.must(err)
	time.Sleep(1200 * time.Millisecond)
	for _, err := range tr.appOf(short.Key.Reveal()).ListGrants(ctx, vault.GrantFilter{}) {
		tr.fault("an expired key", err, vault.ErrKeyExpired)
	}
	_, err = app.Keys().Revoke(ctx, "88888888-8888-4888-8888-888888888888", false)
	tr.fault("a key nobody has", err, vault.ErrVault)
}

var quick = []vault.PollOption{vault.PollTimeout(30 * time.Second), vault.PollInterval(20 * time.Millisecond)}

// signIn is a user who signs in, with a browser of his own.
func (w *world) signIn(ctx context.Context, app *vault.App) *vault.AuthResult {
	w.Helper()
	session, err := app.CreateAuthSession(ctx)
	w.must(err)
	w.browse(ctx, session.AuthURL)
	user, err := app.PollAuthSession(ctx, session.Token.Reveal(), quick...)
	w.must(err)
	return user
}

// connected is a grant that comes about by a session.
func (w *world) connected(ctx context.Context, c interface {
	CreateConnectSession(ctx context.Context, p vault.ConnectParams) (*vault.ConnectSession, error)
	PollSession(ctx context.Context, token string, opts ...vault.PollOption) ([]vault.ConnectResult, error)
}, p vault.ConnectParams) vault.ConnectResult {
	w.Helper()
	p.Providers = []string{"github"}
	session, err := c.CreateConnectSession(ctx, p)
	w.must(err)
	w.browse(ctx, session.ConnectURL)
	results, err := c.PollSession(ctx, session.Token.Reveal(), quick...)
	w.must(err)
	if len(results) != 1 {
		w.Fatalf("%d results of a session, want 1", len(results))
	}
	return results[0]
}

func sessions(tr *transcript) {
	ctx := tr.Context()
	app, agent := tr.app(), tr.agent("")
	for i, c := range []interface {
		caller
		CreateConnectSession(ctx context.Context, p vault.ConnectParams) (*vault.ConnectSession, error)
		PollSession(ctx context.Context, token string, opts ...vault.PollOption) ([]vault.ConnectResult, error)
	}{app, agent} {
		who := []string{"app", "agent"}[i]
		r := tr.connected(ctx, c, vault.ConnectParams{})
		status, _, err := tr.get(ctx, c, "/user", vault.Grant(r.GrantID))
		tr.must(err)
		tr.note("connect by "+who, "%s %s scopes %v %d", r.ProviderID, r.Operation, len(r.Scopes) > 0, status)
	}
	user := tr.signIn(ctx, app)
	sub, err := app.VerifyUserToken(ctx, user.UserToken.Reveal())
	tr.must(err)
	tr.note("sign-in", "subject %v, info %v", sub != "", len(user.UserInfo) > 0)
	none, err := app.VerifyUserToken(ctx, "no-token")
	tr.note("a token that is none", "%q %v", none, err == nil)
	pending, err := app.CreateConnectSession(ctx, vault.ConnectParams{Providers: []string{"github"}})
	tr.must(err)
	_, err = app.PollSession(ctx, pending.Token.Reveal(), vault.PollTimeout(50*time.Millisecond), vault.PollInterval(20*time.Millisecond))
	tr.fault("nobody comes", err, vault.ErrConnectTimeout)
	_, err = app.PollSession(ctx, "cs_nobody", quick...)
	tr.fault("a session nobody has", err, vault.ErrGrantNotFound)
	_, err = app.CreateConnectSession(ctx, vault.ConnectParams{Providers: []string{"github"}, Agent: "no-such-agent"})
	tr.fault("a session for an unknown agent", err, vault.ErrAgentNotFound)
}

// trail compares the rows that one run leaves.
func trail(tr *transcript) {
	ctx := tr.Context()
	run := unique("run")
	agent := tr.agent("")
	ctx = agent.Trace(ctx, vault.Trace{RunID: run, ThreadID: "thread", Tool: "tool", Metadata: map[string]string{"k": "v"}})
	_, _, err := tr.get(ctx, agent, "/user", vault.Grant(tr.grant), vault.Reason("why"))
	tr.must(err)
	_, _, err = tr.proxyGet(ctx, agent, "/nothing", vault.Grant(tr.userGrant))
	tr.must(err)
	_, _, err = tr.get(ctx, agent, "/user", vault.Grant("88888888-8888-4888-8888-888888888888"))
	tr.fault("refused in a trace", err, vault.ErrGrantNotFound)
	for _, r := range tr.rowsOf(run, 3) {
		tr.note("row", "agent=%s grant=%s provider=%s thread=%s tool=%s reason=%s %s %s mode=%s decision=%s code=%s outcome=%s status=%d metadata=%s",
			r.AgentID, r.GrantID, r.Provider, r.ThreadID, r.Tool, r.Reason, r.Method, r.URL(), r.Mode, r.Decision, r.ReasonCode, r.Outcome, r.Status, r.Metadata["k"])
	}
}
