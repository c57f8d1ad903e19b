package local

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// recovery is this project's client on a vault whose clock is the real one.
type recovery struct {
	*flowFixture
	agentClient *vault.Agent
	appClient   *vault.App
	userToken   string
}

func newRecovery(t *testing.T) *recovery {
	r := &recovery{flowFixture: newFlowFixture(t)}
	r.clock.add(time.Since(testTime))
	var err error
	if r.agentClient, err = vault.NewAgent(r.agent.Key, vault.WithBackend(r.Vault)); err != nil {
		t.Fatal(err)
	}
	if r.appClient, err = vault.NewApp(r.app.Key, vault.WithBackend(r.Vault)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.agentClient.Close(context.Background()), r.appClient.Close(context.Background()) })
	r.userToken = r.signIn("octo")
	return r
}

// connectVia goes through the page of a session, and returns its grant.
func (r *recovery) connectVia(s *vault.ConnectSession) string {
	r.t.Helper()
	b := newBrowser(r.flowFixture)
	b.submit(b.get(s.ConnectURL), "connect")
	for _, key := range []string{r.app.Key, r.agent.Key} {
		if res := r.post(key, wire.PathConnectPoll, wire.MarshalConnectPoll(s.Token.Reveal())); res.status == http.StatusOK {
			state, err := wire.ParseConnectState(res.raw)
			if err != nil || state.Status != wire.SessionCompleted {
				r.t.Fatalf("%s %v", res.raw, err)
			}
			return state.Grants[0].GrantID
		}
	}
	r.t.Fatal("nobody may poll the session")
	return ""
}

func (r *recovery) usersGrant(p vault.ConnectParams) string {
	r.t.Helper()
	p.Providers, p.UserToken = []string{"github"}, r.userToken
	s, err := r.appClient.CreateConnectSession(r.t.Context(), p)
	r.must(err)
	return r.connectVia(s)
}

func (r *recovery) sql(query string) { r.must(r.store.write(r.t.Context(), execOnly(query))) }

// spend makes the provider refuse to renew what it gave.
func (r *recovery) spend() {
	r.server.set(func() { clear(r.server.refreshes); clear(r.server.live) })
	r.sql("UPDATE connection_tokens SET expires_at = 1")
}

type requester interface {
	Request(ctx context.Context, method, url string, opts ...vault.RequestOption) (*http.Response, error)
	CreateConnectSessionForError(ctx context.Context, err error, p vault.ConnectParams) (*vault.ConnectSession, error)
}

func (r *recovery) get(c requester, path string, opts ...vault.RequestOption) error {
	resp, err := c.Request(r.t.Context(), http.MethodGet, r.server.URL+path, opts...)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

// TestSessionForErrorRepairs: what a call failed with makes the session that
// mends it, and the same grant ID works again afterwards.
func TestSessionForErrorRepairs(t *testing.T) {
	cases := map[string]struct {
		spoil func(r *recovery, id string)
		path  string
		want  error
		more  vault.ConnectParams
	}{
		"not renewed any more": {spoil: func(r *recovery, _ string) { r.spend() }, path: "/user", want: vault.ErrCredentialRevoked},
		"expired":              {spoil: func(r *recovery, id string) { r.sql("UPDATE grants SET expires_at = 1 WHERE id = '" + id + "'") }, path: "/user", want: vault.ErrGrantExpired},
		"a scope is missing":   {path: "/gists", want: vault.ErrScopeReauthRequired, more: vault.ConnectParams{RequiredScopes: map[string][]string{"github": {"gist"}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRecovery(t)
			id := r.usersGrant(vault.ConnectParams{})
			if c.spoil != nil {
				c.spoil(r, id)
			}
			err := r.get(r.appClient, c.path, vault.Grant(id))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			c.more.UserToken = r.userToken
			s, err := r.appClient.CreateConnectSessionForError(t.Context(), err, c.more)
			r.must(err)
			if again := r.connectVia(s); again != id {
				t.Errorf("the grant is %s, was %s", again, id)
			}
			r.must(r.get(r.appClient, c.path, vault.Grant(id)))
		})
	}
}

// TestSessionForErrorOfAgents: an agent has what is missing connected, or what
// was delegated to it connected again.
func TestSessionForErrorOfAgents(t *testing.T) {
	t.Run("nothing delegated", func(t *testing.T) {
		r := newRecovery(t)
		as, err := r.appClient.Agent(r.agent.ID)
		r.must(err)
		err = r.get(as, "/user", vault.Provider("github"), vault.UserToken(r.userToken))
		if !errors.Is(err, vault.ErrGrantNotFound) && !errors.Is(err, vault.ErrNoDelegatedGrant) {
			t.Fatal(err)
		}
		s, err := as.CreateConnectSessionForError(t.Context(), err, vault.ConnectParams{UserToken: r.userToken})
		r.must(err)
		id := r.connectVia(s)
		r.must(r.get(r.agentClient, "/user", vault.Grant(id))) // by its own key, as a delegate
	})
	t.Run("delegated, not renewed", func(t *testing.T) {
		r := newRecovery(t)
		id := r.usersGrant(vault.ConnectParams{Agent: r.agent.ID})
		r.spend()
		err := r.get(r.agentClient, "/user", vault.Grant(id))
		if !errors.Is(err, vault.ErrCredentialRevoked) {
			t.Fatal(err)
		}
		s, err := r.agentClient.CreateConnectSessionForError(t.Context(), err, vault.ConnectParams{})
		r.must(err)
		if again := r.connectVia(s); again != id {
			t.Errorf("the grant is %s, was %s", again, id)
		}
		r.must(r.get(r.agentClient, "/user", vault.Grant(id)))
	})
	t.Run("another agent's", func(t *testing.T) {
		r := newRecovery(t)
		id := r.usersGrant(vault.ConnectParams{Agent: r.agent.ID})
		other := r.newAgent("other")
		res := r.post(other.Key, wire.PathConnectSession, wire.ConnectRequest{Providers: []string{"github"}, RepairGrantID: id}.Marshal())
		if res.status != 404 || res.str("error") != codeGrantNotFound {
			t.Errorf("%d %s", res.status, res.raw)
		}
	})
	t.Run("a grant whose account is not known", func(t *testing.T) {
		r := newRecovery(t)
		g := r.newGrant(GrantSpec{AppID: r.app.ID, Hosts: []string{r.server.URL}})
		r.must(r.DelegateGrant(t.Context(), g.ID, r.agent.ID, time.Time{}))
		res := r.post(r.agent.Key, wire.PathConnectSession, wire.ConnectRequest{Providers: []string{"github"}, RepairGrantID: g.ID}.Marshal())
		if res.status != 404 {
			t.Errorf("anybody's account could take its place: %d %s", res.status, res.raw)
		}
	})
}

// TestSessionForRevokedGrant: a grant that was revoked is over; the session makes
// a new one.
func TestSessionForRevokedGrant(t *testing.T) {
	r := newRecovery(t)
	id := r.usersGrant(vault.ConnectParams{})
	r.must(r.RevokeGrant(t.Context(), id))
	err := r.get(r.appClient, "/user", vault.Grant(id))
	if !errors.Is(err, vault.ErrGrantRevoked) {
		t.Fatal(err)
	}
	s, err := r.appClient.CreateConnectSessionForError(t.Context(), err, vault.ConnectParams{UserToken: r.userToken})
	r.must(err)
	fresh := r.connectVia(s)
	if fresh == id {
		t.Error("a revoked grant came back")
	}
	r.must(r.get(r.appClient, "/user", vault.Grant(fresh)))
	if err := r.get(r.appClient, "/user", vault.Grant(id)); !errors.Is(err, vault.ErrGrantRevoked) {
		t.Error(err)
	}
}

// TestReviveExpired: connecting the account again gives an expired grant a new
// life under its ID, and nobody his old path to it.
func TestReviveExpired(t *testing.T) {
	r := newRecovery(t)
	id := r.usersGrant(vault.ConnectParams{Agent: r.agent.ID})
	r.sql("UPDATE grants SET expires_at = 1 WHERE id = '" + id + "'")
	if again := r.usersGrant(vault.ConnectParams{}); again != id {
		t.Errorf("the grant is %s, was %s", again, id)
	}
	r.must(r.get(r.appClient, "/user", vault.Grant(id)))
	if err := r.get(r.agentClient, "/user", vault.Grant(id)); !errors.Is(err, vault.ErrGrantNotFound) {
		t.Errorf("the agent's path came back: %v", err)
	}
}

// TestScopeMismatch: what a client reports, and what the vault sees itself, is
// told with the grant and gone after the user consented anew.
func TestScopeMismatch(t *testing.T) {
	for _, way := range []string{"reported", "proxied"} {
		t.Run(way, func(t *testing.T) {
			r := newRecovery(t)
			id := r.usersGrant(vault.ConnectParams{RequiredScopes: map[string][]string{"github": {}}})
			flags := func() (bool, bool) {
				var listed bool
				for g, err := range r.appClient.ListGrants(t.Context(), vault.GrantFilter{}) {
					r.must(err)
					listed = listed || g.GrantID == id && g.ScopeMismatch
				}
				token := r.token(id, r.server.URL+"/user", send{key: r.app.Key})
				return listed, string(token.body["scope_mismatch"]) == "true"
			}
			if a, b := flags(); a || b {
				t.Error("flagged from the beginning")
			}
			if way == "proxied" {
				res, err := r.appClient.ProxyRequest(t.Context(), "GET", r.server.URL+"/gists", vault.Grant(id))
				if err != nil || res.StatusCode != http.StatusForbidden {
					t.Fatalf("%+v %v", res, err)
				}
			} else {
				if err := r.get(r.appClient, "/gists", vault.Grant(id)); !errors.Is(err, vault.ErrScopeReauthRequired) {
					t.Fatal(err)
				}
				for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
					if a, _ := flags(); a { // the report is sent in the background
						break
					}
				}
			}
			if a, b := flags(); !a || !b {
				t.Errorf("list %v, token %v", a, b)
			}
			again := r.usersGrant(vault.ConnectParams{RequiredScopes: map[string][]string{"github": {"gist"}}})
			if a, b := flags(); a || b || again != id {
				t.Errorf("list %v, token %v, grant %s of %s", a, b, again, id)
			}
		})
	}
	a := newAppFixture(t, InMemory())
	path := wire.PathScopeMismatch(a.owned.ID)
	good := wire.ScopeMismatch{ProviderStatus: 403, ProviderError: "insufficient_scope"}.Marshal()
	a.want(a.ask(send{method: "POST", path: path, body: good}), 204, "")
	a.want(a.ask(send{key: a.foreign.Key, method: "POST", path: path, body: good}), 404, codeGrantNotFound)
	a.want(a.ask(send{key: a.other.Key, method: "POST", path: path, body: good}), 404, codeGrantNotFound)
	a.want(a.ask(send{method: "POST", path: path, body: []byte(`{"provider_status_code":500}`)}), 422, codeInvalidRequest)
	a.want(a.ask(send{method: "POST", path: path, body: []byte(`x`)}), 422, codeInvalidRequest)
}

// TestProxiedRefusal: a credential that the provider refuses in a proxied call is
// renewed for the next one.
func TestProxiedRefusal(t *testing.T) {
	r := newRecovery(t)
	id := r.usersGrant(vault.ConnectParams{RequiredScopes: map[string][]string{"github": {"gist"}}})
	r.server.set(func() { clear(r.server.live) })
	status := func() int {
		res, err := r.appClient.ProxyRequest(t.Context(), "GET", r.server.URL+"/user", vault.Grant(id))
		r.must(err)
		return res.StatusCode
	}
	gists := func() int {
		res, err := r.appClient.ProxyRequest(t.Context(), "GET", r.server.URL+"/gists", vault.Grant(id))
		r.must(err)
		return res.StatusCode
	}
	if got := gists(); got != http.StatusUnauthorized || r.server.refreshCount() != 0 {
		t.Errorf("%d after %d refreshes", got, r.server.refreshCount())
	}
	if got := status(); got != http.StatusOK || r.server.refreshCount() != 1 {
		t.Errorf("%d after %d refreshes", got, r.server.refreshCount())
	}
}

// TestConnectRestricted: a session for a restricted grant makes one that is held
// to its restrictions, and tells the user.
func TestConnectRestricted(t *testing.T) {
	r := newRecovery(t)
	s, err := r.appClient.CreateConnectSession(t.Context(), vault.ConnectParams{
		Providers: []string{"github"}, UserToken: r.userToken, Requested: &vault.RequestedGrant{Label: "ro", AllowedMethods: []string{"get"}, AllowedEndpoints: []string{"/user"}},
	})
	r.must(err)
	page := newBrowser(r.flowFixture).get(s.ConnectURL)
	if !containsAll(page.text, "only for calls with GET", "/user") {
		t.Errorf("%s", page.text)
	}
	id := r.connectVia(s)
	if err := r.get(r.appClient, "/user", vault.Grant(id)); !errors.Is(err, vault.ErrRequiresProxy) {
		t.Error(err)
	}
	if res, err := r.appClient.ProxyRequest(t.Context(), "GET", r.server.URL+"/user", vault.Grant(id)); err != nil || res.StatusCode != 200 {
		t.Errorf("%+v %v", res, err)
	}
	if _, err := r.appClient.ProxyRequest(t.Context(), "GET", r.server.URL+"/gists", vault.Grant(id)); !errors.Is(err, vault.ErrPolicyViolation) {
		t.Error(err)
	}
	// A session without them gives a grant of its own, not this one its freedom.
	if wide := r.usersGrant(vault.ConnectParams{}); wide == id {
		t.Error("the restricted grant was renewed without its restrictions")
	}
}

// TestReconnectTakesHosts: a new credential goes where the provider's
// configuration lets it go now, and not where the old one could.
func TestReconnectTakesHosts(t *testing.T) {
	r := newRecovery(t)
	id := r.usersGrant(vault.ConnectParams{})
	sibling, err := r.appClient.MintGrant(t.Context(), id, vault.MintParams{Label: "work"})
	r.must(err)
	moved := r.server.spec()
	moved.Hosts = []string{"https://api.example.com"}
	r.provider(moved)
	r.must(r.get(r.appClient, "/user", vault.Grant(id))) // until the user consents anew
	if again := r.usersGrant(vault.ConnectParams{}); again != id {
		t.Fatalf("the grant is %s, was %s", again, id)
	}
	for _, grant := range []string{id, sibling.GrantID} {
		if err := r.get(r.appClient, "/user", vault.Grant(grant)); !errors.Is(err, vault.ErrBlockedDestination) {
			t.Errorf("the old host still gets the credential: %v", err)
		}
		if res := r.do(send{key: r.app.Key, method: http.MethodPost, path: wire.PathToken, body: wire.TokenRequest{GrantID: grant, Method: "GET", URL: "https://api.example.com/user"}.Marshal()}); res.status != http.StatusOK {
			t.Errorf("the new host does not: %d %s", res.status, res.raw)
		}
	}
}
