package local

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// appFixture adds an app, a user with a grant, and a second app.
type appFixture struct {
	*fixture
	app, foreign *AppCredentials
	user         *User
	owned        *Grant // the user's
	other        *AgentCredentials
	over         http.RoundTripper // nil = in memory
	base         string
}

func newAppFixture(t testing.TB, opts ...Option) *appFixture {
	t.Helper()
	a := &appFixture{fixture: newFixture(t, opts...)}
	var err error
	if a.app, err = a.CreateApp(t.Context(), AppSpec{Name: "mailer"}); err != nil {
		t.Fatal(err)
	}
	if a.user, err = a.CreateUser(t.Context(), UserSpec{Subject: "ada", Email: "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	a.owned = a.newGrant(GrantSpec{UserID: a.user.ID, Account: "ada", Scopes: []string{"repo", "gist"}, Delegable: true})
	a.other = a.newAgent("other")
	if a.foreign, err = a.CreateApp(t.Context(), AppSpec{Name: "foreign"}); err != nil {
		t.Fatal(err)
	}
	return a
}

// socket sends from now on over a real socket on loopback.
func (a *appFixture) socket() { a.over, a.base = http.DefaultTransport, a.serve() }

// ask sends one request and holds every refusal to the rules of refusals.
func (a *appFixture) ask(s send) result {
	a.t.Helper()
	s.over, s.base = a.over, a.base
	if s.key == "" {
		s.key = a.app.Key
	}
	r := a.do(s)
	if r.status >= 400 && (r.str("error") == "" || r.str("message") == "" || r.header.Get("Content-Type") != "application/json") {
		a.t.Errorf("%s %s: refusal %d has no code, message or content type: %s", s.method, s.path, r.status, r.raw)
	}
	return r
}

func (a *appFixture) want(r result, status int, code string) result {
	a.t.Helper()
	if r.status != status || r.str("error") != code {
		a.t.Errorf("got %d %q, want %d %q: %s", r.status, r.str("error"), status, code, r.raw)
	}
	return r
}

func (a *appFixture) userToken() string {
	a.t.Helper()
	token, err := a.newUserToken(a.app.ID, a.user.Subject)
	a.must(err)
	return token
}

func (a *appFixture) delegate(to *AgentCredentials, d delegation) {
	a.t.Helper()
	d.grantID, d.agentID = a.owned.ID, to.ID
	a.must(a.Vault.delegateForTest(a.t, d))
}

func idempotency(key string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(wire.HeaderIdempotencyKey, key) }
}

// bothWays runs a test in memory and over a socket.
func bothWays(t *testing.T, run func(*testing.T, *appFixture), opts ...Option) {
	for _, way := range []string{"memory", "socket"} {
		t.Run(way, func(t *testing.T) {
			a := newAppFixture(t, append([]Option{InMemory()}, opts...)...)
			if way == "socket" {
				a.socket()
			}
			run(t, a)
		})
	}
}

// TestPrincipals is the table of who reaches what: every kind of key, every
// kind of grant, token and proxy, and the one row that each call leaves.
func TestPrincipals(t *testing.T) {
	const url = "https://api.github.com/user"
	type who struct {
		key, caller, callerType string
		agentID                 string // of the row
	}
	bothWays(t, func(t *testing.T, a *appFixture) {
		a.delegate(a.other, delegation{})
		system := a.newGrant(GrantSpec{AppID: a.app.ID, Provider: "slack"})
		secondUser, err := a.CreateUser(t.Context(), UserSpec{AppID: a.app.ID, Subject: "bob"})
		a.must(err)
		bobs := a.newGrant(GrantSpec{UserID: secondUser.ID, Account: "bob"})
		foreignAgent, err := a.CreateAgent(t.Context(), AgentSpec{AppID: a.foreign.ID, Name: "builder"})
		a.must(err)
		app := who{key: a.app.Key}
		label := who{key: a.app.Key, caller: "billing-cron", callerType: "service"}
		imp := who{key: a.app.Key, caller: a.other.ID, callerType: "agent", agentID: a.other.ID}
		attributed := who{key: a.app.Key, caller: strings.ToUpper(a.other.ID), callerType: "service", agentID: a.other.ID}
		own := who{key: a.agent.Key, agentID: a.agent.ID}
		delegate := who{key: a.other.Key, agentID: a.other.ID}
		foreign := who{key: a.foreign.Key}
		token := a.userToken()
		foreignToken, err := a.newUserToken(a.foreign.ID, "ada")
		a.must(err)
		tests := []struct {
			name   string
			who    who
			req    wire.TokenRequest
			status int
			code   string
			grant  string // that is used
		}{
			{name: "app, user's grant without a user token", who: app, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 200, grant: a.owned.ID},
			{name: "app, ID in capitals", who: app, req: wire.TokenRequest{GrantID: strings.ToUpper(a.owned.ID)}, status: 200, grant: a.owned.ID},
			{name: "app, agent's grant", who: app, req: wire.TokenRequest{GrantID: a.grant.ID}, status: 200, grant: a.grant.ID},
			{name: "app, its own grant", who: app, req: wire.TokenRequest{GrantID: system.ID}, status: 200, grant: system.ID},
			{name: "app, unknown grant", who: app, req: wire.TokenRequest{GrantID: newID()}, status: 404, code: codeGrantNotFound},
			{name: "other app", who: foreign, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 404, code: codeGrantNotFound},
			{name: "app with a label", who: label, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 200, grant: a.owned.ID},
			{name: "app, provider, many", who: app, req: wire.TokenRequest{ProviderID: "github"}, status: 409, code: codeAmbiguousGrant},
			{name: "app, provider and account", who: app, req: wire.TokenRequest{ProviderID: "github", Account: "ada"}, status: 200, grant: a.owned.ID},
			{name: "app, provider and user ID", who: app, req: wire.TokenRequest{ProviderID: "github", AppUserID: a.user.ID}, status: 200, grant: a.owned.ID},
			{name: "app, unused provider", who: app, req: wire.TokenRequest{ProviderID: "stripe"}, status: 404, code: codeGrantNotFound},
			{name: "app, user ID with grant ID", who: app, req: wire.TokenRequest{GrantID: a.owned.ID, AppUserID: a.user.ID}, status: 400, code: codeInvalidRequest},

			{name: "user, own grant", who: app, req: wire.TokenRequest{GrantID: a.owned.ID, UserToken: token}, status: 200, grant: a.owned.ID},
			{name: "user, provider", who: app, req: wire.TokenRequest{ProviderID: "github", UserToken: token}, status: 200, grant: a.owned.ID},
			{name: "user, another's grant", who: app, req: wire.TokenRequest{GrantID: bobs.ID, UserToken: token}, status: 404, code: codeGrantNotFound},
			{name: "user, agent's grant", who: app, req: wire.TokenRequest{GrantID: a.grant.ID, UserToken: token}, status: 404, code: codeGrantNotFound},
			{name: "user, app's grant", who: app, req: wire.TokenRequest{GrantID: system.ID, UserToken: token}, status: 403, code: "system_grant_user_token_mismatch"},
			{name: "user, forged token", who: app, req: wire.TokenRequest{GrantID: a.owned.ID, UserToken: token + "x"}, status: 401, code: codeBadUserToken},
			{name: "user, another app's token", who: app, req: wire.TokenRequest{GrantID: a.owned.ID, UserToken: foreignToken}, status: 401, code: codeBadUserToken},
			{name: "agent code in a user's session", who: attributed, req: wire.TokenRequest{ProviderID: "github", UserToken: token}, status: 200, grant: a.owned.ID},

			{name: "impersonation, any grant of the app by ID", who: imp, req: wire.TokenRequest{GrantID: a.grant.ID}, status: 200, grant: a.grant.ID},
			{name: "impersonation, provider is the agent's", who: imp, req: wire.TokenRequest{ProviderID: "github"}, status: 200, grant: a.owned.ID},
			{name: "impersonation, provider out of reach", who: imp, req: wire.TokenRequest{ProviderID: "slack"}, status: 404, code: codeNoDelegatedGrant},
			{name: "caller in capitals", who: attributed, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 200, grant: a.owned.ID},
			{name: "agent of no app", who: who{key: a.app.Key, caller: newID()}, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 404, code: codeUnresolvedAgent},
			{name: "agent of another app", who: who{key: a.app.Key, caller: foreignAgent.ID}, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 404, code: codeUnresolvedAgent},

			{name: "agent, own grant", who: own, req: wire.TokenRequest{GrantID: a.grant.ID}, status: 200, grant: a.grant.ID},
			{name: "agent without a path", who: own, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 404, code: codeGrantNotFound},
			{name: "agent, provider", who: own, req: wire.TokenRequest{ProviderID: "github"}, status: 200, grant: a.grant.ID},
			{name: "delegate", who: delegate, req: wire.TokenRequest{GrantID: a.owned.ID}, status: 200, grant: a.owned.ID},
			{name: "delegate, provider and user", who: delegate, req: wire.TokenRequest{ProviderID: "github", AppUserID: a.user.ID}, status: 200, grant: a.owned.ID},
			{name: "delegate, provider and other user", who: delegate, req: wire.TokenRequest{ProviderID: "github", AppUserID: secondUser.ID}, status: 404, code: codeNoDelegatedGrant},
			{name: "agent with a user token", who: delegate, req: wire.TokenRequest{GrantID: a.owned.ID, UserToken: token}, status: 400, code: codeAgentUserToken},
			{name: "agent names another as caller", who: who{key: a.agent.Key, caller: a.other.ID, agentID: a.agent.ID}, req: wire.TokenRequest{GrantID: a.grant.ID}, status: 400, code: codeCallerMismatch},
		}
		rows := 0
		for _, tt := range tests {
			tt.req.Method, tt.req.URL = "GET", url
			s := send{key: tt.who.key, caller: tt.who.caller, callerType: tt.who.callerType, context: `{"run_id":"r"}`, method: "POST", path: wire.PathToken, body: tt.req.Marshal()}
			p := s
			p.path, p.body = wire.PathProxy, wire.ProxyRequest{
				GrantID: tt.req.GrantID, ProviderID: tt.req.ProviderID, Account: tt.req.Account, UserToken: tt.req.UserToken, AppUserID: tt.req.AppUserID, Method: "GET", URL: url,
			}.Marshal()
			for i, s := range []send{s, p} {
				name := fmt.Sprintf("%s (%s)", tt.name, s.path)
				r, status, code := a.ask(s), tt.status, tt.code
				if status == 200 && i == 1 {
					status, code = 502, codeUpstreamFailed // the recorder does not connect
				}
				if r.status != status || r.str("error") != code {
					t.Errorf("%s: got %d %q, want %d %q: %s", name, r.status, r.str("error"), status, code, r.raw)
				}
				if rows++; len(a.rows()) != rows {
					t.Fatalf("%s: %d rows, want %d: one a call", name, len(a.rows()), rows)
				}
				e := a.lastRow()
				if e.AgentID != tt.who.agentID || tt.grant != "" && e.GrantID != tt.grant || e.RunID != "r" || tt.who.key == a.app.Key && e.AppID != a.app.ID {
					t.Errorf("%s: row of agent %q, grant %q, run %q, app %q", name, e.AgentID, e.GrantID, e.RunID, e.AppID)
				}
				if tt.status == 200 && i == 0 && (r.str("grant_id") != tt.grant || r.str("access_token") != testToken) {
					t.Errorf("%s: %s", name, r.raw)
				}
			}
		}
	})
}

// TestUserTokenDelegation is the newer reading of an agent's key with a user
// token: it picks one user among those who delegated, and adds nothing.
func TestUserTokenDelegation(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		bob, err := a.CreateUser(t.Context(), UserSpec{AppID: a.app.ID, Subject: "bob"})
		a.must(err)
		bobs := a.newGrant(GrantSpec{UserID: bob.ID})
		notDelegated := a.newGrant(GrantSpec{UserID: a.user.ID, Provider: "slack"})
		a.delegate(a.other, delegation{})
		a.must(a.DelegateGrant(t.Context(), bobs.ID, a.other.ID, time.Time{}))
		ask := func(r wire.TokenRequest) result {
			r.Method, r.URL, r.UserToken = "GET", "https://api.github.com/user", a.userToken()
			return a.ask(send{key: a.other.Key, method: "POST", path: wire.PathToken, body: r.Marshal()})
		}
		if r := a.want(ask(wire.TokenRequest{ProviderID: "github"}), 200, ""); r.str("grant_id") != a.owned.ID {
			t.Errorf("the wrong user's grant: %s", r.raw)
		}
		a.want(ask(wire.TokenRequest{GrantID: a.owned.ID}), 200, "")
		a.want(ask(wire.TokenRequest{GrantID: bobs.ID}), 404, codeGrantNotFound)
		a.want(ask(wire.TokenRequest{GrantID: notDelegated.ID}), 404, codeGrantNotFound)
		a.want(ask(wire.TokenRequest{ProviderID: "slack"}), 404, codeNoDelegatedGrant)
	}, WithUserTokenDelegation())
}

// TestImpersonationIsTheAgent compares an agent's own key with an app's key that
// names it: the same identity, the same list, the same way out.
func TestImpersonationIsTheAgent(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		a.delegate(a.other, delegation{})
		self := send{key: a.other.Key}
		imp := send{key: a.app.Key, caller: a.other.ID, callerType: "agent"}
		as := func(s send, method, path string, body []byte) result {
			s.method, s.path, s.body = method, path, body
			return a.ask(s)
		}
		me, meImp := as(self, "GET", wire.PathMe, nil), as(imp, "GET", wire.PathMe, nil)
		if me.str("id") != a.other.ID || me.str("id") != meImp.str("id") || me.str("name") != "other" {
			t.Errorf("me: %s, impersonated: %s", me.raw, meImp.raw)
		}
		if id, _ := wire.Get(meImp.header, wire.HeaderActorID); id != "" {
			t.Errorf("an impersonated agent got actor ID %s", id)
		}
		a.want(as(send{key: a.app.Key}, "GET", wire.PathMe, nil), 403, codeMeNeedsAgent)
		list := wire.GrantsList{Limit: 10}.Marshal()
		l, lImp := as(self, "POST", wire.PathGrantsList, list), as(imp, "POST", wire.PathGrantsList, list)
		if !strings.Contains(string(l.raw), a.owned.ID) || string(l.raw) != string(lImp.raw) {
			t.Errorf("lists differ: %s\n%s", l.raw, lImp.raw)
		}
		a.want(as(imp, "DELETE", wire.PathDelegation(a.owned.ID, "me"), nil), 204, "")
		a.want(as(self, "GET", wire.PathMe, nil), 200, "")
		a.want(as(self, "POST", wire.PathToken, wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/"}.Marshal()), 404, codeGrantNotFound)

		a.must(a.PauseAgent(t.Context(), a.other.ID))
		for _, s := range []send{self, imp} {
			a.want(as(s, "POST", wire.PathGrantsList, list), 401, codeAgentInactive)
			if r := a.want(as(s, "GET", wire.PathMe, nil), 200, ""); r.str("status") != "inactive" {
				t.Errorf("%s", r.raw)
			}
		}
		a.must(a.RevokeAgent(t.Context(), a.other.ID))
		a.want(as(self, "GET", wire.PathMe, nil), 401, codeKeyRevoked)
		a.want(as(imp, "POST", wire.PathGrantsList, list), 404, codeUnresolvedAgent)
		a.want(as(imp, "GET", wire.PathMe, nil), 200, "")
	})
}

// TestFirstAppTakesOver checks that a vault may begin without apps.
func TestFirstAppTakesOver(t *testing.T) {
	f := newFixture(t, InMemory())
	app, err := f.CreateApp(t.Context(), AppSpec{Name: "first"})
	f.must(err)
	r := f.token(f.grant.ID, "https://api.github.com/user", send{key: app.Key, caller: f.agent.ID})
	if r.status != 200 || f.lastRow().AgentID != f.agent.ID {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if _, err := f.CreateApp(t.Context(), AppSpec{Name: "first"}); err == nil {
		t.Error("two apps of one name")
	}
	_, err = f.CreateApp(t.Context(), AppSpec{Name: "second"})
	f.must(err)
	if _, err := f.CreateAgent(t.Context(), AgentSpec{Name: "x"}); err == nil || !strings.Contains(err.Error(), "AgentSpec.AppID") {
		t.Errorf("an agent of which app? %v", err)
	}
	apps, err := f.Apps(t.Context())
	f.must(err)
	if len(apps) != 2 || apps[0].ID != app.ID {
		t.Errorf("%v", apps)
	}
}
