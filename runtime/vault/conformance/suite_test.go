package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault"
)

// transcript is what a suite saw: one line a step, with IDs by their names.
type transcript struct {
	*world

	lines []string
	ids   map[string]string // ID to name
}

func (tr *transcript) note(step, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for id, name := range tr.ids {
		text = strings.ReplaceAll(text, id, "<"+name+">")
	}
	text = strings.ReplaceAll(text, tr.provider, "<provider>")
	text = strings.ReplaceAll(text, tr.base, "<vault>")
	text = freshID.ReplaceAllString(text, "<id>")
	tr.lines = append(tr.lines, step+": "+text)
}

var freshID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// fault notes an error as the caller can tell it apart: code, status, kinds, advice.
func (tr *transcript) fault(step string, err error, want ...error) {
	tr.Helper()
	if err == nil {
		tr.Errorf("%s: no error, want %v", step, want)
		return
	}
	for _, kind := range want {
		if !errors.Is(err, kind) {
			tr.Errorf("%s: %v is no %v", step, err, kind)
		}
	}
	var e *vault.Error
	if !errors.As(err, &e) {
		tr.note(step, "%T", err)
		return
	}
	var kinds []string
	for _, name := range slices.Sorted(maps.Keys(kindNames)) {
		if errors.Is(err, kindNames[name]) {
			kinds = append(kinds, name)
		}
	}
	tr.note(step, "code=%s status=%d retryable=%v grant=%s kinds=%v request-id=%v", e.Code, e.Status, e.Retryable, e.GrantID, kinds, e.RequestID != "")
}

var kindNames = map[string]error{
	"invalid": vault.ErrInvalidInput, "vault": vault.ErrVault, "blocked": vault.ErrBlockedDestination, "reauth": vault.ErrReAuthRequired,
	"grant-expired": vault.ErrGrantExpired, "grant-revoked": vault.ErrGrantRevoked, "grant-not-found": vault.ErrGrantNotFound,
	"delegation-missing": vault.ErrAgentDelegationMissing, "ambiguous": vault.ErrAmbiguousGrant, "no-delegated": vault.ErrNoDelegatedGrant,
	"policy": vault.ErrPolicyViolation, "proxy-only": vault.ErrRequiresProxy, "label": vault.ErrLabelConflict, "scope": vault.ErrInsufficientScope,
	"agent": vault.ErrAgent, "invalid-key": vault.ErrInvalidKey, "key-revoked": vault.ErrKeyRevoked, "key-expired": vault.ErrKeyExpired,
	"agent-not-found": vault.ErrAgentNotFound, "agent-inactive": vault.ErrAgentInactive, "me-key": vault.ErrMeRequiresAgentKey,
	"subagents": vault.ErrCannotMintSubagents, "name": vault.ErrAgentNameExists, "concurrent": vault.ErrAgentConcurrentUpdate,
	"last-key": vault.ErrLastActiveKey, "key-not-found": vault.ErrKeyNotFound, "provider": vault.ErrProvider, "connect": vault.ErrConnectFlow,
	"connect-timeout": vault.ErrConnectTimeout, "closed": vault.ErrClosed, "not-delegable": vault.ErrGrantNotDelegable,
}

// TestEqualResults runs the suite in every place and compares line by line.
func TestEqualResults(t *testing.T) {
	seen := map[string]*transcript{}
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			w := p.open(t)
			tr := &transcript{world: w, ids: map[string]string{
				w.agentID: "agent", w.grant: "grant", w.userGrant: "user-grant", strings.ToUpper(w.grant): "GRANT",
			}}
			for _, step := range []func(*transcript){identity, requests, refusals, grants, agents, keys, sessions, trail} {
				step(tr)
			}
			seen[p.name] = tr
		})
	}
	want := seen["in-process"]
	if want == nil {
		return
	}
	t.Logf("%d lines in each place", len(want.lines))
	for name, tr := range seen {
		got, expected := tr.lines, want.lines
		if tr.rows == nil { // a remote vault without its folder has no rows to show
			expected = slices.DeleteFunc(slices.Clone(expected), func(s string) bool { return strings.HasPrefix(s, "row") })
		}
		if d := cmp.Diff(expected, got); d != "" {
			t.Errorf("%s is not in-process (-in-process +%s):\n%s", name, name, d)
		}
	}
}

func unique(prefix string) string { return fmt.Sprintf("%s-%d", prefix, time.Now().UnixNano()) }

func identity(tr *transcript) {
	ctx := tr.Context()
	me, err := tr.agent("").Me(ctx)
	tr.must(err)
	tr.note("me", "%s %s %s %s", me.ID, me.Type, me.Status, me.Policy)
	imp, err := tr.app().Agent(tr.agentID)
	tr.must(err)
	again, err := imp.Me(ctx)
	tr.must(err)
	tr.note("me by impersonation", "%s same name %v", again.ID, again.Name == me.Name)
	tr.must(imp.Close(ctx))
	_, err = imp.Me(ctx)
	tr.fault("after close", err, vault.ErrClosed)

	unknown := "alter_key_" + strings.Repeat("x", 40)
	_, err = tr.agent(unknown).Me(ctx)
	tr.fault("an unknown key", err, vault.ErrInvalidKey)
	_, err = tr.agent(tr.appKey).Me(ctx)
	tr.fault("me with an app's key", err, vault.ErrMeRequiresAgentKey)
	stranger, err := tr.app().Agent("99999999-9999-4999-8999-999999999999")
	tr.must(err)
	_, err = stranger.Me(ctx)
	tr.fault("an unknown agent", err, vault.ErrAgentNotFound)
}

func requests(tr *transcript) {
	ctx := tr.Context()
	agent, app := tr.agent(""), tr.app()
	for _, grant := range []string{tr.grant, tr.userGrant, strings.ToUpper(tr.grant)} {
		for i, c := range []caller{agent, app} {
			status, body, err := tr.get(ctx, c, "/user", vault.Grant(grant))
			tr.must(err)
			_, proxied, err := tr.proxyGet(ctx, c, "/user", vault.Grant(grant))
			tr.must(err)
			tr.note("request by "+[]string{"agent", "app"}[i], "%s: %d login %v, proxied the same %v", grant, status, strings.Contains(body, "login"), body == proxied)
		}
	}
	status, body, err := tr.get(ctx, agent, "/nothing", vault.Grant(tr.grant))
	tr.fault("a provider's 404", err, vault.ErrProvider)
	tr.note("a provider's 404", "%d %s", status, body)
	status, body, err = tr.proxyGet(ctx, agent, "/nothing", vault.Grant(tr.grant))
	tr.must(err)
	tr.note("a provider's 404 in proxy mode", "%d %s", status, strings.TrimSpace(body))
	post, err := agent.ProxyRequest(ctx, http.MethodPost, tr.url("/{what}"), vault.Grant(tr.grant), vault.PathParam("what", "user"),
		vault.Query(url.Values{"a": {"1"}}), vault.JSON(map[string]any{"x": 1}), vault.Header("X-Own", "1"), vault.Reason("why"))
	tr.must(err)
	tr.note("a post", "%d truncated %v", post.StatusCode, post.Truncated)
}

func refusals(tr *transcript) {
	ctx := tr.Context()
	agent, app := tr.agent(""), tr.app()
	nobody := "88888888-8888-4888-8888-888888888888"
	for _, c := range []struct {
		name string
		call caller
	}{{"agent", agent}, {"app", app}} {
		for _, get := range []func(context.Context, caller, string, ...vault.RequestOption) (int, string, error){tr.get, tr.proxyGet} {
			_, _, err := get(ctx, c.call, "/user", vault.Grant(nobody))
			tr.fault(c.name+": a grant nobody has", err, vault.ErrGrantNotFound)
			_, _, err = get(ctx, c.call, "/user", vault.Provider("no-such-provider"))
			tr.fault(c.name+": a provider nobody has", err, vault.ErrVault)
		}
		_, err := c.call.Request(ctx, http.MethodGet, "http://127.0.0.1:9/user", vault.Grant(tr.grant))
		tr.fault(c.name+": another port", err, vault.ErrBlockedDestination)
		_, err = c.call.ProxyRequest(ctx, http.MethodGet, "https://example.invalid/user", vault.Grant(tr.grant))
		tr.fault(c.name+": another host", err, vault.ErrBlockedDestination)
	}
	_, _, err := tr.get(ctx, agent, "/user", vault.Grant(tr.grant), vault.UserToken("a-user-token"))
	tr.fault("an agent's key with a user token", err, vault.ErrVault)
	_, _, err = tr.get(ctx, app, "/user", vault.Grant(tr.userGrant), vault.UserToken("no-token"))
	tr.fault("a user token that is none", err, vault.ErrReAuthRequired)
	_, _, err = tr.get(ctx, tr.app(vault.WithCaller("99999999-9999-4999-8999-999999999999")), "/user", vault.Grant(tr.grant))
	tr.fault("a caller that is no agent", err, vault.ErrAgentNotFound)
}

func grants(tr *transcript) {
	ctx := tr.Context()
	app, agent := tr.app(), tr.agent("")
	label := unique("label")
	minted, err := app.MintGrant(ctx, tr.userGrant, vault.MintParams{Label: label})
	tr.must(err)
	tr.note("mint", "%s %s %s", minted.ProviderID, minted.Status, minted.PrincipalType)
	_, err = app.MintGrant(ctx, tr.userGrant, vault.MintParams{Label: label})
	tr.fault("mint twice", err, vault.ErrLabelConflict)
	_, err = tr.appOf(tr.agentKey).MintGrant(ctx, tr.grant, vault.MintParams{Label: label})
	tr.fault("mint with an agent's key", err, vault.ErrPolicyViolation)

	made, err := app.Agents().Create(ctx, vault.AgentParams{Name: unique("agent"), Scopes: map[string][]string{"github": {"repo"}}})
	tr.must(err)
	child := tr.agent(made.APIKey.Reveal())
	tr.note("grants of a new agent", "%d", len(list(tr, child, vault.GrantFilter{})))
	_, err = agent.Delegate(ctx, tr.grant, made.ID, vault.DelegateParams{})
	tr.fault("delegate a grant that must not be", err, vault.ErrGrantNotDelegable)
	user := tr.signIn(ctx, app)
	held := tr.connected(ctx, app, vault.ConnectParams{UserToken: user.UserToken.Reveal(), Agent: tr.agentID, Delegable: new(true)})
	tr.note("a delegable grant", "%v for the agent %v", held.Delegation.Delegable, held.Delegation.AgentID == tr.agentID)
	d, err := agent.Delegate(ctx, held.GrantID, made.ID, vault.DelegateParams{})
	tr.must(err)
	tr.note("delegate", "depth %d delegable %v %s %s", d.Depth, d.Delegable, d.Status, d.GrantKind)
	status, _, err := tr.get(ctx, child, "/user", vault.Grant(d.GrantID))
	tr.note("the child's call", "%d %v", status, err)
	_, err = child.Delegate(ctx, d.GrantID, tr.agentID, vault.DelegateParams{})
	tr.fault("the child delegates", err, vault.ErrGrantNotDelegable)
	items := list(tr, child, vault.GrantFilter{})
	tr.note("grants of the child", "%d", len(items))
	tr.must(child.RevokeDelegation(ctx, d.GrantID))
	tr.must(child.RevokeDelegation(ctx, d.GrantID))
	_, _, err = tr.get(ctx, child, "/user", vault.Grant(d.GrantID))
	tr.fault("after its own revocation", err, vault.ErrAgentDelegationMissing)
	tr.must(app.RevokeDelegation(ctx, tr.userGrant, made.ID))
	tr.fault("an agent's key on the app's path", tr.appOf(tr.agentKey).RevokeDelegation(ctx, tr.userGrant, tr.agentID), vault.ErrPolicyViolation)
	tr.fault("an app's key on the agent's path", tr.agent(tr.appKey).RevokeDelegation(ctx, tr.userGrant), vault.ErrPolicyViolation)

	revoked, err := app.RevokeGrant(ctx, minted.GrantID, "over")
	tr.must(err)
	tr.note("revoke", "%v", revoked.Success)
	_, _, err = tr.get(ctx, app, "/user", vault.Grant(minted.GrantID))
	tr.fault("a revoked grant", err, vault.ErrGrantRevoked)
	_, err = app.RevokeGrant(ctx, "88888888-8888-4888-8888-888888888888", "")
	tr.fault("revoking nothing", err, vault.ErrGrantNotFound)
	listed := list(tr, app, vault.GrantFilter{Label: label})
	tr.note("a revoked grant in the list", "%d", len(listed))
	soon, err := app.MintGrant(ctx, tr.userGrant, vault.MintParams{
		Label: unique("label"), Policy: map[string]any{"expires_at": time.Now().Add(1500 * time.Millisecond).UTC().Format(time.RFC3339Nano)},
	})
	tr.must(err)
	time.Sleep(1600 * time.Millisecond)
	_, _, err = tr.get(ctx, app, "/user", vault.Grant(soon.GrantID))
	tr.fault("an expired grant", err, vault.ErrGrantExpired)
}

// lister is what Agent and App have in common.
type lister interface {
	ListGrants(ctx context.Context, f vault.GrantFilter) iter.Seq2[*vault.GrantItem, error]
}

func list(tr *transcript, l lister, f vault.GrantFilter) []*vault.GrantItem {
	tr.Helper()
	var items []*vault.GrantItem
	f.PageSize = 2
	for g, err := range l.ListGrants(tr.Context(), f) {
		tr.must(err)
		items = append(items, g)
	}
	return items
}
