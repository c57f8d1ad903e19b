package local

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (a *appFixture) list(s send, l wire.GrantsList) wire.GrantPage {
	a.t.Helper()
	if l.Limit == 0 {
		l.Limit = 100
	}
	s.method, s.path, s.body = "POST", wire.PathGrantsList, l.Marshal()
	r := a.ask(s)
	p, err := wire.ParseGrantPage(r.raw)
	if r.status != 200 || err != nil {
		a.t.Fatalf("%d %s: %v", r.status, r.raw, err)
	}
	return p
}

func grantIDs(p wire.GrantPage) (ids []string) {
	for _, g := range p.Grants {
		ids = append(ids, g.GrantID)
	}
	return ids
}

func TestListGrants(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		hidden := a.newGrant(GrantSpec{AgentID: a.newAgentIn("third").ID, Account: "hidden"})
		system := a.newGrant(GrantSpec{AppID: a.app.ID, Provider: "slack", Label: "ops", ExpiresAt: a.clock.now().Add(time.Hour)})
		a.delegate(a.other, delegation{delegable: true, scopeConstraint: []string{"gist"}, expires: a.clock.now().Add(time.Minute)})
		app, delegate, own := send{key: a.app.Key}, send{key: a.other.Key}, send{key: a.agent.Key}

		if got, want := grantIDs(a.list(app, wire.GrantsList{})), []string{a.grant.ID, a.owned.ID, hidden.ID, system.ID}; !slices.Equal(got, want) {
			t.Errorf("app: %v, want %v", got, want)
		}
		if got := grantIDs(a.list(own, wire.GrantsList{})); !slices.Equal(got, []string{a.grant.ID}) {
			t.Errorf("agent: %v", got)
		}
		if got := grantIDs(a.list(app, wire.GrantsList{UserToken: a.userToken()})); !slices.Equal(got, []string{a.owned.ID}) {
			t.Errorf("user: %v", got)
		}
		if got := a.list(send{key: a.foreign.Key}, wire.GrantsList{}); len(got.Grants) != 0 || got.Total != 0 {
			t.Errorf("another app: %v", grantIDs(got))
		}
		p := a.list(delegate, wire.GrantsList{})
		if len(p.Grants) != 1 {
			t.Fatalf("delegate: %v", grantIDs(p))
		}
		g := p.Grants[0]
		if g.GrantID != a.owned.ID || g.AccessVia != "oauth_delegation" || g.Depth != 1 || !g.Delegable || !slices.Equal(g.ScopeConstraint, []string{"gist"}) || !slices.Equal(g.Scopes, []string{"gist"}) ||
			g.PrincipalType != "user" || g.GrantExpiresAt != "2026-03-01T12:01:00Z" || g.DelegatedAt == "" || len(g.DelegatedAgentIDs) != 0 {
			t.Errorf("%+v", g)
		}
		g = a.list(app, wire.GrantsList{Account: "ada"}).Grants[0]
		if g.AccessVia != "ownership" || g.Depth != 0 || !slices.Equal(g.DelegatedAgentIDs, []string{a.other.ID}) || !slices.Equal(g.Scopes, []string{"repo", "gist"}) ||
			g.Status != "active" || g.AccountIdentifier != "ada" || g.ProviderID != "github" || g.APIBaseURL != "https://api.github.com" || g.GrantExpiresAt != "" {
			t.Errorf("%+v", g)
		}
		a.clock.add(time.Minute)
		if p := a.list(delegate, wire.GrantsList{}); len(p.Grants) != 0 {
			t.Errorf("an expired delegation is listed: %v", grantIDs(p))
		}
		a.clock.add(time.Hour)
		a.must(a.RevokeGrant(t.Context(), hidden.ID))
		for _, tt := range []struct {
			filter wire.GrantsList
			want   []string
		}{
			{wire.GrantsList{Status: "expired"}, []string{system.ID}}, {wire.GrantsList{Status: "revoked"}, []string{hidden.ID}},
			{wire.GrantsList{Status: "active"}, []string{a.grant.ID, a.owned.ID}}, {wire.GrantsList{Status: "other"}, nil},
			{wire.GrantsList{ProviderID: "slack"}, []string{system.ID}}, {wire.GrantsList{ProviderID: "slack", Label: "no"}, nil}, {wire.GrantsList{Label: "ops"}, []string{system.ID}},
		} {
			if got := a.list(app, tt.filter); !slices.Equal(grantIDs(got), tt.want) || got.Total != int64(len(tt.want)) {
				t.Errorf("%+v: %v of %d, want %v", tt.filter.Marshal(), grantIDs(got), got.Total, tt.want)
			}
		}
		var paged []string
		for offset := int64(0); ; offset += 3 {
			p := a.list(app, wire.GrantsList{Limit: 3, Offset: offset})
			if paged = append(paged, grantIDs(p)...); p.Total != 4 || p.Limit != 3 || p.Offset != offset {
				t.Errorf("%+v", p.Page)
			}
			if !p.HasMore {
				break
			}
		}
		if want := []string{a.grant.ID, a.owned.ID, hidden.ID, system.ID}; !slices.Equal(paged, want) {
			t.Errorf("paged %v, want %v", paged, want)
		}
		bad := func(body string) result {
			return a.ask(send{method: "POST", path: wire.PathGrantsList, body: []byte(body)})
		}
		for _, body := range []string{`{"limit":0}`, `{"limit":1001}`, `{"limit":"5"}`, `{"offset":-1}`, `[]`, ``, `{"label":5}`} {
			a.want(bad(body), 422, codeInvalidRequest)
		}
		a.want(bad(`{"user_token":"x"}`), 401, codeBadUserToken)
		a.want(a.ask(send{key: a.other.Key, method: "POST", path: wire.PathGrantsList, body: wire.GrantsList{Limit: 1, UserToken: a.userToken()}.Marshal()}), 400, codeAgentUserToken)
		a.must(a.DeleteGrant(t.Context(), hidden.ID))
		if got := a.list(app, wire.GrantsList{Status: "revoked"}); len(got.Grants) != 0 {
			t.Errorf("a deleted grant is listed: %v", grantIDs(got))
		}
	})
}

func (a *appFixture) newAgentIn(name string) *AgentCredentials {
	a.t.Helper()
	c, err := a.CreateAgent(a.t.Context(), AgentSpec{AppID: a.app.ID, Name: name})
	a.must(err)
	return c
}

func TestMintGrant(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		mint := func(id, body string) result {
			return a.ask(send{method: "POST", path: wire.PathGrantMint(id), body: []byte(body)})
		}
		token := func(id, method string) result {
			return a.ask(send{method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: id, Method: method, URL: "https://api.github.com/repos/a/b"}.Marshal()})
		}
		r := mint(a.owned.ID, `{"label":"ci","grant_policy":{"max_ttl_seconds":60},"grant_tags":["x"]}`)
		g, err := wire.ParseGrantInfo(r.raw)
		if r.status != 201 || err != nil || g.Label != "ci" || g.PrincipalType != "user" || g.AccountIdentifier != "ada" || g.ExpiresAt != "2026-03-01T12:01:00Z" || g.Status != "active" {
			t.Fatalf("%d %s: %v", r.status, r.raw, err)
		}
		if r := a.want(token(g.GrantID, "GET"), 200, ""); r.str("access_token") != testToken || r.str("grant_id") != g.GrantID {
			t.Errorf("%s", r.raw)
		}
		a.want(mint(a.owned.ID, `{"label":"ci"}`), 409, "sibling_label_conflict")
		a.want(mint(g.GrantID, `{"label":"again"}`), 403, "mint_source_has_grant_rules")
		a.want(mint(newID(), `{"label":"x"}`), 404, codeGrantNotFound)
		a.want(a.ask(send{key: a.foreign.Key, method: "POST", path: wire.PathGrantMint(a.owned.ID), body: []byte(`{"label":"x"}`)}), 404, codeGrantNotFound)
		a.want(a.ask(send{key: a.agent.Key, method: "POST", path: wire.PathGrantMint(a.grant.ID), body: []byte(`{"label":"x"}`)}), 403, "agents_cannot_mint")
		for _, policy := range []string{
			`{"expires_at":"yesterday"}`, `{"expires_at":"2020-01-01"}`, `{"max_ttl_seconds":0.5}`, `{"max_ttl_seconds":-1}`, `{"default_ttl_seconds":5}`, `{"requires_approval":1}`, `{"requires_approval":{"expires_in_seconds":5}}`, `{"requires_approval":{"by":"x"}}`,
			`{"restrictions":{}}`, `{"restrictions":{"allowed_methods":["not a method"]}}`, `{"restrictions":{"allowed_endpoints":["x"]}}`, `{"unknown":1}`, `{"max_ttl_seconds":"60"}`,
		} {
			a.want(mint(a.owned.ID, `{"label":"bad","grant_policy":`+policy+`}`), 422, "invalid_grant_policy")
		}
		for _, body := range []string{``, `{}`, `{"label":""}`, `{"label":" x"}`, `{"label":5}`, `{"label":"x","grant_policy":[]}`} {
			a.want(mint(a.owned.ID, body), 422, codeInvalidRequest)
		}

		// A restricted sibling works through the proxy, and there within its limits.
		r = mint(a.owned.ID, `{"label":"ro","grant_policy":{"restrictions":{"allowed_methods":["get"],"allowed_endpoints":["/repos/*/b","/user/**"]}}}`)
		ro := r.str("grant_id")
		a.want(token(ro, "GET"), 400, codeProxyOnly)
		call := func(method, path string) result {
			return a.ask(send{method: "POST", path: wire.PathProxy, body: wire.ProxyRequest{GrantID: ro, Method: method, URL: "https://api.github.com" + path}.Marshal()})
		}
		a.want(call("GET", "/repos/a/b"), 502, codeUpstreamFailed)
		a.want(call("GET", "/user/x/y"), 502, codeUpstreamFailed)
		a.want(call("POST", "/repos/a/b"), 403, "grant_restricted")
		for _, path := range []string{"/repos/a/c", "/repos//b", "/repos/a/b/c", "/user/%2e%2e/orgs", "/user/../orgs", "/user/a%2fb", "/"} {
			a.want(call("GET", path), 403, "grant_restricted")
		}

		// The credential lives as long as one of the siblings.
		a.must(a.RevokeGrant(t.Context(), a.owned.ID))
		a.want(token(a.owned.ID, "GET"), 400, codeGrantRevoked)
		a.want(token(g.GrantID, "GET"), 200, "")
		a.want(mint(a.owned.ID, `{"label":"late"}`), 400, codeGrantRevoked)
		a.clock.add(time.Minute)
		a.want(token(g.GrantID, "GET"), 403, codeGrantExpired)
		a.must(a.RevokeGrant(t.Context(), ro))
		a.must(a.RevokeGrant(t.Context(), g.GrantID))
		var n int
		a.must(a.store.read(t.Context(), scanOne("SELECT count(*) FROM connections WHERE credential IS NOT NULL AND id = '"+a.owned.ID+"'", &n)))
		if n != 0 {
			t.Error("the last sibling is revoked, and the credential is still there")
		}
	})
}

func TestDelegate(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		hand := func(from *AgentCredentials, grantID string, d wire.GrantDelegate) result {
			return a.ask(send{key: from.Key, method: "POST", path: wire.PathGrantDelegate(grantID), body: d.Marshal()})
		}
		next := a.newAgentIn("next")
		a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: next.ID}), 404, codeGrantNotFound)
		a.delegate(a.other, delegation{})
		r := a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: next.ID}), 403, "grant_not_delegable")
		if r.str("detail_reason") != "holder_not_delegable" {
			t.Errorf("%s", r.raw)
		}
		if r := hand(a.agent, a.grant.ID, wire.GrantDelegate{ToAgentID: next.ID}); r.str("detail_reason") != "no_consenting_user" {
			t.Errorf("%s", r.raw)
		}
		a.delegate(a.other, delegation{delegable: true, expires: a.clock.now().Add(time.Hour)})
		a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: newID()}), 404, codeAgentNotFound)
		a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: "next"}), 404, codeAgentNotFound) // an ID, not a name
		a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: a.other.ID}), 409, "delegation_exists")
		for _, bad := range [][]string{{}, {"admin"}, {"*"}, {"a b"}} {
			a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: next.ID, ScopeConstraint: bad}), 422, "invalid_scope_constraint")
		}
		r = a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: next.ID, ScopeConstraint: []string{"gist"}, TTLSeconds: 60}), 201, "")
		d, err := wire.ParseDelegationResult(r.raw)
		if err != nil || d.GrantID != a.owned.ID || d.Depth != 2 || d.Delegable || d.ExpiresAt != "2026-03-01T12:01:00Z" || d.Status != "active" {
			t.Errorf("%s: %v", r.raw, err)
		}
		a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: next.ID}), 409, "delegation_exists")
		token := func(who *AgentCredentials) result {
			return a.ask(send{key: who.Key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/gists"}.Marshal()})
		}
		a.want(token(a.other), 200, "")
		a.want(token(next), 400, "delegated_grant_requires_proxy")
		a.clock.add(time.Minute)
		a.want(token(next), 404, codeGrantNotFound)
		r = a.want(hand(a.other, a.owned.ID, wire.GrantDelegate{ToAgentID: next.ID, Delegable: new(true)}), 201, "") // the old path has expired
		if d, _ := wire.ParseDelegationResult(r.raw); !d.Delegable || d.ExpiresAt != "2026-03-01T13:00:00Z" {
			t.Errorf("not within the holder's end: %s", r.raw)
		}
		a.want(token(next), 200, "")

		// A chain ends at depth 8, and hangs on its first link.
		holder := next
		for depth := 3; depth <= maxDelegationDepth+1; depth++ {
			last := a.newAgentIn("link" + strconv.Itoa(depth))
			r := hand(holder, a.owned.ID, wire.GrantDelegate{ToAgentID: last.ID, Delegable: new(true)})
			if depth <= maxDelegationDepth {
				a.want(r, 201, "")
				holder = last
			} else if a.want(r, 403, "grant_not_delegable"); r.str("detail_reason") != "no_onward_hop" {
				t.Errorf("%s", r.raw)
			}
		}
		a.want(token(holder), 200, "")
		a.want(a.ask(send{method: "DELETE", path: wire.PathDelegation(a.owned.ID, next.ID)}), 204, "")
		for _, who := range []*AgentCredentials{next, holder} {
			a.want(token(who), 404, codeGrantNotFound)
		}
		a.want(token(a.other), 200, "")
	})
}

// TestNarrowedDelegation checks that a narrowed path reaches only operations
// whose needs are known and covered.
func TestNarrowedDelegation(t *testing.T) {
	ops := []api.Operation{
		{ID: "gists/list", Method: "GET", Path: "/gists", Scopes: []string{"gist"}}, {ID: "repos/list", Method: "GET", Path: "/repos", Scopes: []string{"repo"}},
		{ID: "free", Method: "GET", Path: "/free"},
	}
	a := newAppFixture(t, InMemory(), WithOperations("https://api.github.com", ops))
	a.delegate(a.other, delegation{scopeConstraint: []string{"gist"}})
	for path, code := range map[string]string{"/gists": codeUpstreamFailed, "/repos": "scope_constraint_violated", "/free": "scope_constraint_violated", "/x": "scope_constraint_violated"} {
		r := a.ask(send{key: a.other.Key, method: "POST", path: wire.PathProxy, body: wire.ProxyRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com" + path}.Marshal()})
		if r.str("error") != code {
			t.Errorf("%s: %d %s, want %s", path, r.status, r.raw, code)
		}
	}
}

func TestRevokeDelegation(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		token := func(key string) result {
			return a.ask(send{key: key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/user"}.Marshal()})
		}
		third := a.newAgentIn("third")
		a.delegate(a.other, delegation{})
		a.delegate(third, delegation{})
		self := send{key: a.other.Key, method: "DELETE", path: wire.PathDelegation(a.owned.ID, "me")}
		for range 2 { // idempotent
			if r := a.want(a.ask(self), 204, ""); len(r.raw) != 0 {
				t.Errorf("%s", r.raw)
			}
		}
		a.want(token(a.other.Key), 404, codeGrantNotFound)
		a.want(token(third.Key), 200, "") // another agent's path
		a.want(token(a.app.Key), 200, "") // and the user's grant stay
		a.want(a.ask(send{key: third.Key, method: "DELETE", path: wire.PathDelegation(newID(), "me")}), 204, "")
		a.want(a.ask(send{key: a.app.Key, method: "DELETE", path: wire.PathDelegation(a.owned.ID, "me")}), 403, codeAgentKeyNeeded)
		a.want(a.ask(send{key: third.Key, method: "DELETE", path: wire.PathDelegation(a.owned.ID, third.ID)}), 403, "use_self_revoke_path")
		for range 2 {
			a.want(a.ask(send{method: "DELETE", path: wire.PathDelegation(strings.ToUpper(a.owned.ID), strings.ToUpper(third.ID))}), 204, "")
		}
		a.want(token(third.Key), 404, codeGrantNotFound)
		a.want(a.ask(send{key: a.foreign.Key, method: "DELETE", path: wire.PathDelegation(a.owned.ID, third.ID)}), 404, codeGrantNotFound)
		a.want(a.ask(send{method: "DELETE", path: wire.PathDelegation(a.owned.ID, "x")}), 422, codeInvalidRequest)
		// An owner's own path is no delegation.
		a.want(a.ask(send{key: a.agent.Key, method: "DELETE", path: wire.PathDelegation(a.grant.ID, "me")}), 204, "")
		a.want(a.ask(send{key: a.agent.Key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.grant.ID, Method: "GET", URL: "https://api.github.com/"}.Marshal()}), 200, "")
	})
}

func TestRevokeGrantEndpoint(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		revoke := func(key, id, body string) result {
			return a.ask(send{key: key, method: "POST", path: wire.PathGrantRevoke(id), body: []byte(body)})
		}
		token := func(key, id string) result {
			return a.ask(send{key: key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: id, Method: "GET", URL: "https://api.github.com/"}.Marshal()})
		}
		a.delegate(a.other, delegation{})
		a.want(revoke(a.other.Key, a.owned.ID, `{}`), 403, codeAppKeyRequired)
		a.want(revoke(a.foreign.Key, a.owned.ID, `{}`), 404, codeGrantNotFound)
		a.want(revoke(a.app.Key, a.grant.ID, `{"user_token":"`+a.userToken()+`"}`), 404, codeGrantNotFound)
		a.want(revoke(a.app.Key, a.owned.ID, `{"user_token":"x"}`), 401, codeBadUserToken)
		a.want(revoke(a.app.Key, a.owned.ID, `[]`), 422, codeInvalidRequest)
		r := a.want(revoke(a.app.Key, strings.ToUpper(a.owned.ID), `{"reason":"over","user_token":"`+a.userToken()+`"}`), 200, "")
		g, err := wire.ParseGrantRevoked(r.raw)
		if err != nil || !g.Success || g.GrantID != a.owned.ID || g.RevokedAt != "2026-03-01T12:00:00Z" {
			t.Errorf("%s: %v", r.raw, err)
		}
		a.clock.add(time.Hour)
		if r := a.want(revoke(a.app.Key, a.owned.ID, `{}`), 200, ""); r.str("revoked_at") != "2026-03-01T12:00:00Z" {
			t.Errorf("revoking twice: %s", r.raw)
		}
		for _, key := range []string{a.app.Key, a.other.Key} {
			a.want(token(key, a.owned.ID), 400, codeGrantRevoked)
		}
		a.must(a.DeleteGrant(t.Context(), a.owned.ID))
		for _, key := range []string{a.app.Key, a.other.Key} {
			a.want(token(key, a.owned.ID), 410, "grant_deleted")
		}
		a.want(token(a.agent.Key, a.owned.ID), 404, codeGrantNotFound)
		a.want(revoke(a.app.Key, a.owned.ID, `{}`), 410, "grant_deleted")
	})
}

// TestScopeInstances checks scopes that are bound to one grant.
func TestScopeInstances(t *testing.T) {
	a := newAppFixture(t, InMemory())
	key, err := a.MintAppKey(t.Context(), a.app.ID, []string{"tokens:retrieve:" + a.owned.ID, "grants:admin:" + a.owned.ID})
	a.must(err)
	for id, status := range map[string]int{a.owned.ID: 200, a.grant.ID: 403} {
		r := a.ask(send{key: key.Key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: id, Method: "GET", URL: "https://api.github.com/"}.Marshal()})
		if r.status != status {
			t.Errorf("%d %s", r.status, r.raw)
		}
		r = a.ask(send{key: a.app.Key, scopes: "tokens:retrieve:" + a.owned.ID, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: id, Method: "GET", URL: "https://api.github.com/"}.Marshal()})
		if r.status != status {
			t.Errorf("constrained: %d %s", r.status, r.raw)
		}
	}
	a.want(a.ask(send{key: key.Key, method: "POST", path: wire.PathGrantRevoke(a.grant.ID), body: []byte("{}")}), 403, codeInsufficientScope)
	a.want(a.ask(send{key: key.Key, method: "POST", path: wire.PathGrantRevoke(a.owned.ID), body: []byte("{}")}), 200, "")
}

// FuzzEndpointPattern: a path that is accepted has the pattern's literal
// segments, and no way out of them.
func FuzzEndpointPattern(f *testing.F) {
	for _, p := range []string{"/a/*/b", "/**", "/a", "/user/../x", "/a/%2e%2E/b", "/a//b", `/a/\b`} {
		f.Add(p, "/a/x/b")
		f.Add("/user/**", p)
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if !matchEndpoint(pattern, path) {
			return
		}
		if strings.Contains(path, "/../") || strings.HasSuffix(path, "/..") || strings.Contains(strings.ToLower(path), "%2f") {
			t.Errorf("%q accepts %q", pattern, path)
		}
		if !strings.Contains(pattern, "*") && pattern != path {
			t.Errorf("%q accepts %q", pattern, path)
		}
	})
}
