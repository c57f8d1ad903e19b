package local

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/assertion"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (a *appFixture) resolve(s send, ask wire.IdentityAsk) (result, wire.Identity) {
	a.t.Helper()
	s.method, s.path, s.body = http.MethodPost, wire.PathIdentityResolve, ask.Marshal()
	r := a.ask(s)
	i, err := wire.ParseIdentity(r.raw)
	if r.status == 200 && err != nil {
		a.t.Errorf("%s: %v", r.raw, err)
	}
	return r, i
}

func (a *appFixture) assert(s send, ask wire.AssertionAsk) (result, wire.IdentityAssertion) {
	a.t.Helper()
	if ask.Audience == "" {
		ask.Audience = "https://memory.example.com"
	}
	s.method, s.path, s.body = http.MethodPost, wire.PathIdentityAssert, ask.Marshal()
	r := a.ask(s)
	i, err := wire.ParseIdentityAssertion(r.raw)
	if r.status == 200 && err != nil {
		a.t.Errorf("%s: %v", r.raw, err)
	}
	return r, i
}

func TestResolveIdentity(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		app, agent := send{key: a.app.Key}, send{key: a.other.Key}
		if _, i := a.resolve(app, wire.IdentityAsk{}); i.AppID != a.app.ID || i.AppUserID != "" || i.AgentID != "" || i.GroupIDs == nil {
			t.Errorf("app: %+v", i)
		}
		traced := agent
		traced.context = wire.EncodeContext([]wire.Pair{{Key: "run_id", Value: "r1"}, {Key: "thread_id", Value: "t1"}})
		if _, i := a.resolve(traced, wire.IdentityAsk{}); i.AppID != a.app.ID || i.AgentID != a.other.ID || i.AppUserID != "" || i.RunID != "r1" || i.ThreadID != "t1" {
			t.Errorf("agent: %+v", i)
		}
		r, i := a.resolve(app, wire.IdentityAsk{UserToken: a.userToken()})
		if i.AppUserID != a.user.ID || i.ExternalSubjectID != "ada" || i.UserStatus != "active" || i.Email != "" || strings.Contains(string(r.raw), "ada@example.com") {
			t.Errorf("user: %s", r.raw)
		}
		if _, i := a.resolve(app, wire.IdentityAsk{UserToken: a.userToken(), IncludeProfile: true}); i.Email != "ada@example.com" {
			t.Errorf("profile: %+v", i)
		}
		labelled := app
		labelled.caller, labelled.callerType = "cron", "service"
		if r, i := a.resolve(labelled, wire.IdentityAsk{}); i.ActorID == "" || i.ActorID != r.header.Get(wire.HeaderActorID) {
			t.Errorf("actor: %+v", i)
		}
		forged, _ := a.resolve(app, wire.IdentityAsk{UserToken: a.userToken() + "x"})
		a.want(forged, 401, codeBadUserToken)
		byID, _ := a.resolve(app, wire.IdentityAsk{AppUserID: a.user.ID})
		a.want(byID, 400, codeInvalidRequest)
		a.want(a.ask(send{method: "POST", path: wire.PathIdentityResolve, body: []byte(`{"include_profile":1}`)}), 422, codeInvalidRequest)
		long, _ := a.resolve(app, wire.IdentityAsk{UserToken: strings.Repeat("x", 8193)})
		a.want(long, 422, codeInvalidRequest)
		a.want(a.ask(send{scopes: "grants:read", method: "POST", path: wire.PathIdentityResolve, body: []byte(`{}`)}), 403, codeInsufficientScope)
	})
}

// TestAgentsKnowOnlyWhoDelegated: whether a user does not exist, is another
// app's, or delegated nothing, the answer is the same to the byte.
func TestAgentsKnowOnlyWhoDelegated(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		foreigner, err := a.CreateUser(t.Context(), UserSpec{AppID: a.foreign.ID, Subject: "eve"})
		a.must(err)
		own := send{key: a.other.Key}
		impersonated := send{key: a.app.Key, caller: a.other.ID, callerType: "agent"}
		body := func(r result) string { return string(r.raw) }
		unknown, _ := a.resolve(own, wire.IdentityAsk{AppUserID: newID()})
		a.want(unknown, 404, codeNoIdentity)
		for name, r := range map[string]result{
			"no delegation":    first(a.resolve(own, wire.IdentityAsk{AppUserID: a.user.ID})),
			"by token":         first(a.resolve(own, wire.IdentityAsk{UserToken: a.userToken()})),
			"another app's":    first(a.resolve(own, wire.IdentityAsk{AppUserID: foreigner.ID})),
			"impersonated":     first(a.resolve(impersonated, wire.IdentityAsk{AppUserID: a.user.ID})),
			"by token, as app": first(a.resolve(impersonated, wire.IdentityAsk{UserToken: a.userToken()})),
			"asserted":         first(a.assert(own, wire.AssertionAsk{IdentityAsk: wire.IdentityAsk{AppUserID: a.user.ID}})),
			"no ID":            first(a.resolve(own, wire.IdentityAsk{AppUserID: "x"})),
		} {
			if a.want(r, 404, codeNoIdentity); body(r) != body(unknown) {
				t.Errorf("%s differs: %s", name, r.raw)
			}
		}
		a.delegate(a.other, delegation{expires: a.clock.now().Add(time.Minute)})
		for _, who := range []send{own, impersonated} {
			for _, ask := range []wire.IdentityAsk{
				{AppUserID: strings.ToUpper(a.user.ID)}, {UserToken: a.userToken()}, {UserToken: a.userToken(), AppUserID: a.user.ID},
			} {
				if r, i := a.resolve(who, ask); i.AppUserID != a.user.ID || i.AgentID != a.other.ID {
					t.Errorf("delegated: %s", r.raw)
				}
			}
		}
		two, _ := a.resolve(own, wire.IdentityAsk{UserToken: a.userToken(), AppUserID: newID()})
		a.want(two, 404, codeNoIdentity)
		a.clock.add(time.Minute)
		over, _ := a.resolve(own, wire.IdentityAsk{AppUserID: a.user.ID})
		a.want(over, 404, codeNoIdentity)
		a.delegate(a.agent, delegation{})
		a.must(a.RevokeGrant(t.Context(), a.owned.ID))
		revoked, _ := a.resolve(send{key: a.agent.Key}, wire.IdentityAsk{AppUserID: a.user.ID})
		a.want(revoked, 404, codeNoIdentity)
	})
}

func first[A, B any](a A, _ B) A { return a }

func (a *appFixture) jwks() []byte {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, wire.PathIdentityJWKS, nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/jwk-set+json" {
		a.t.Errorf("%d %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

func TestAssertIdentity(t *testing.T) {
	a := newAppFixture(t, WithPublicURL("https://vault.example.com"))
	a.delegate(a.other, delegation{})
	set := a.jwks() // made before the first assertion
	operator, err := a.IdentityKeys(t.Context())
	a.must(err)
	if string(operator) != string(set) || strings.Contains(string(set), `"d"`) {
		t.Errorf("%s and %s", operator, set)
	}
	checks := assertion.Checks{
		Issuer: "https://vault.example.com", Audience: "https://memory.example.com", AppID: a.app.ID, JWKS: set, Now: a.clock.now(),
	}
	own := send{key: a.other.Key}
	byUser := wire.IdentityAsk{AppUserID: a.user.ID}
	_, got := a.assert(own, wire.AssertionAsk{IdentityAsk: byUser})
	c, reason := assertion.Verify(got.Token, checks)
	if reason != "" || c.UserID != a.user.ID || c.AgentID != a.other.ID || c.AgentAuth != "agent_key" || !got.ExpiresAt.Equal(testTime.Add(2*time.Minute)) ||
		!c.ExpiresAt.Equal(got.ExpiresAt) || got.Identity.AppUserID != a.user.ID {
		t.Errorf("%+v, %+v, %v", c, got.Identity, reason)
	}
	_, got = a.assert(send{key: a.app.Key, caller: a.other.ID, callerType: "agent"}, wire.AssertionAsk{IdentityAsk: byUser, TTLSeconds: 300})
	if c, reason := assertion.Verify(got.Token, checks); reason != "" || c.AgentAuth != "app_key" || !c.ExpiresAt.Equal(testTime.Add(5*time.Minute)) {
		t.Errorf("impersonated: %+v, %q", c, reason)
	}
	_, got = a.assert(send{}, wire.AssertionAsk{})
	if c, reason := assertion.Verify(got.Token, checks); reason != "" || c.AgentID != "" || c.UserID != "" || c.AppID != a.app.ID {
		t.Errorf("app: %+v, %q", c, reason)
	}

	bad := first(a.assert(own, wire.AssertionAsk{Audience: "no-scheme"}))
	a.want(bad, 422, codeInvalidAudience)
	for _, ttl := range []int64{9, 301, -1} {
		r := first(a.assert(own, wire.AssertionAsk{TTLSeconds: ttl}))
		a.want(r, 422, codeInvalidRequest)
	}
	a.want(a.ask(send{scopes: "identity:resolve", method: "POST", path: wire.PathIdentityAssert, body: []byte(`{}`)}), 403, codeInsufficientScope)
	a.must(a.store.write(t.Context(), scanOne("UPDATE app_users SET status = 'suspended' RETURNING 1", new(int))))
	r := first(a.assert(own, wire.AssertionAsk{IdentityAsk: byUser}))
	a.want(r, 403, "user_suspended")
	if _, i := a.resolve(own, byUser); i.UserStatus != "suspended" {
		t.Errorf("%+v", i)
	}

	// The key outlives the process.
	a.must(a.Close())
	a.Vault = a.open(WithPublicURL("https://vault.example.com"))
	if again := a.jwks(); string(again) != string(set) {
		t.Errorf("%s, want %s", again, set)
	}
}

func TestIdentityNeedsAnApp(t *testing.T) {
	f := newFixture(t, InMemory())
	r := f.do(send{method: "POST", path: wire.PathIdentityResolve, body: []byte(`{}`)})
	if r.status != 409 || r.str("error") != "identity_needs_app" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, wire.PathIdentityJWKS, nil))
	if w.Code != 405 {
		t.Errorf("%d", w.Code)
	}
}

func TestIssuerOfASubject(t *testing.T) {
	f := newFlowFixture(t)
	token, err := f.newUserToken(f.app.ID, "github|1")
	f.must(err)
	r := f.post(f.app.Key, wire.PathIdentityResolve, wire.IdentityAsk{UserToken: token}.Marshal())
	if i, err := wire.ParseIdentity(r.raw); err != nil || i.IDPID != "github" || i.ExternalSubjectID != "github|1" {
		t.Errorf("%s %v", r.raw, err)
	}
}
