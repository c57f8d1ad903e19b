package local

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (a *appFixture) derive(key string, d wire.KeyDerive) result {
	a.t.Helper()
	return a.ask(send{key: key, method: "POST", path: wire.PathKeysDerive, body: d.Marshal()})
}

func (a *appFixture) minted(r result) wire.MintedKey {
	a.t.Helper()
	k, err := wire.ParseMintedKey(r.raw)
	if r.status >= 300 || err != nil {
		a.t.Fatalf("%d %s: %v", r.status, r.raw, err)
	}
	return k
}

func TestDeriveKey(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		list := func(key string) result {
			return a.ask(send{key: key, method: "POST", path: wire.PathGrantsList, body: []byte("{}")})
		}
		k := a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"grants:read"}, ExpiresIn: 60}))
		if k.KeyType != "dk" || k.ParentKeyID != a.app.KeyID || k.Name != "derived-20260301-120000" || k.ExpiresAt == nil || !k.ExpiresAt.Equal(testTime.Add(time.Minute)) ||
			!slices.Equal(k.Scopes, []string{"grants:read"}) || k.ScopeVersion != 1 || !strings.HasPrefix(k.APIKey, k.KeyPrefix) {
			t.Errorf("%+v", k.APIKeyInfo)
		}
		a.want(list(k.APIKey), 200, "")
		r := a.want(a.ask(send{key: k.APIKey, method: "GET", path: wire.PathAgents}), 403, codeInsufficientScope)
		if e := wire.ParseErrorBody(r.raw); !slices.Equal(e.Strings("required"), []string{"agents:read"}) || !slices.Equal(e.Strings("granted"), []string{"grants:read"}) {
			t.Errorf("%s", r.raw)
		}
		a.clock.add(time.Minute)
		a.want(list(k.APIKey), 401, codeKeyExpired)

		// A life of a day at most.
		if k = a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"agents:*"}, ExpiresIn: 1 << 60, Name: "n", Metadata: []byte(`{"a":1}`)})); !k.ExpiresAt.Equal(a.clock.now().Add(24*time.Hour)) || k.Name != "n" {
			t.Errorf("%+v", k.APIKeyInfo)
		}
		a.want(a.derive(k.APIKey, wire.KeyDerive{Scopes: []string{"agents:read"}, ExpiresIn: 5}), 403, codeInsufficientScope)

		// An agent's derived key is the agent, with less.
		d := a.minted(a.derive(a.agent.Key, wire.KeyDerive{Scopes: []string{"tokens:retrieve"}, ExpiresIn: 60}))
		if r := a.want(a.ask(send{key: d.APIKey, method: "GET", path: wire.PathMe}), 200, ""); r.str("id") != a.agent.ID {
			t.Errorf("%s", r.raw)
		}
		a.want(a.ask(send{key: d.APIKey, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.grant.ID, Method: "GET", URL: "https://api.github.com/"}.Marshal()}), 200, "")
		a.want(list(d.APIKey), 403, codeInsufficientScope)

		for _, scopes := range [][]string{{"agents:write"}, {"*"}, {"keys:*"}, {"*:derive"}, {"not a scope"}, {"keys:derive:x"}} {
			if r := a.derive(a.agent.Key, wire.KeyDerive{Scopes: scopes, ExpiresIn: 5}); r.status != 400 || r.str("error") != "invalid_scope_for_derived_key" {
				t.Errorf("%q: %d %s", scopes, r.status, r.raw)
			}
		}
		a.want(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"*"}, ExpiresIn: 5}), 400, "invalid_scope_for_derived_key")
		a.want(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"keys:derive"}, ExpiresIn: 5}), 400, "invalid_scope_for_derived_key")
		a.want(a.derive(a.app.Key, wire.KeyDerive{ExpiresIn: 5}), 400, "invalid_scope_for_derived_key")
		a.want(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"grants:read"}}), 400, "invalid_scope_for_derived_key")
		// What the client gave up, it cannot pass on.
		a.want(a.ask(send{key: a.agent.Key, scopes: "keys:derive", method: "POST", path: wire.PathKeysDerive, body: wire.KeyDerive{Scopes: []string{"grants:read"}, ExpiresIn: 5}.Marshal()}), 400, "invalid_scope_for_derived_key")
		a.want(a.ask(send{key: a.agent.Key, scopes: "agents:read", method: "GET", path: wire.PathMe}), 400, "constraint_not_narrowing")
	})
}

func TestKeyNetworks(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		scopes := []string{"grants:read"}
		list := func(key string) result {
			return a.ask(send{key: key, method: "POST", path: wire.PathGrantsList, body: []byte("{}")})
		}
		here := a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: scopes, ExpiresIn: 60, CIDRs: []string{"127.0.0.0/8", "::1"}}))
		a.want(list(here.APIKey), 200, "")
		away := a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: scopes, ExpiresIn: 60, CIDRs: []string{"192.0.2.77/24"}}))
		if !slices.Equal(away.CIDRs, []string{"192.0.2.0/24"}) {
			t.Errorf("%v", away.CIDRs)
		}
		a.want(list(away.APIKey), 403, codeNetworkRefused)
		for _, bad := range [][]string{{}, {"x"}, {"127.0.0.1/99"}} {
			a.want(a.derive(a.app.Key, wire.KeyDerive{Scopes: scopes, ExpiresIn: 60, CIDRs: bad}), 422, codeInvalidRequest)
		}
	})
	out, f := narrowedNetworks([]string{"10.0.0.0/8"}, []string{"10.1.0.0/16"})
	if f != nil || len(out) != 1 {
		t.Errorf("%v %v", out, f)
	}
	if _, f := narrowedNetworks([]string{"10.0.0.0/8"}, []string{"0.0.0.0/0"}); f == nil || f.code != "cidr_not_narrowing" {
		t.Errorf("widened: %v", f)
	}
}

func TestRotateAndRevokeKeys(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		rotate := func(key, id string, days int) result {
			return a.ask(send{key: key, method: "POST", path: wire.PathKeyRotate(id), body: wire.MarshalKeyRotate(days)})
		}
		revoke := func(key, id, query string) result {
			return a.ask(send{key: key, method: "DELETE", path: wire.PathKey(id), query: query})
		}
		me := func(key string) result { return a.ask(send{key: key, method: "GET", path: wire.PathMe}) }
		agents := func(key string) result { return a.ask(send{key: key, method: "GET", path: wire.PathAgents}) }

		// An app's key.
		k := a.minted(rotate(a.app.Key, a.app.KeyID, 7))
		if kind, ok := wire.ParseKey(k.APIKey); !ok || kind != wire.KeyRuntime || k.KeyType != "rk" {
			t.Errorf("%q %+v", kind, k.APIKeyInfo)
		}
		if r := a.want(agents(a.app.Key), 200, ""); r.header.Get(wire.HeaderKeyDeprecated) != "true" {
			t.Error("the old key is not called deprecated")
		}
		a.want(rotate(a.app.Key, a.app.KeyID, 7), 409, "key_already_rotated")
		a.clock.add(6*24*time.Hour + 12*time.Hour)
		if d := a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"agents:read"}, ExpiresIn: 1 << 40})); !d.ExpiresAt.Equal(a.clock.now().Add(12 * time.Hour)) {
			t.Errorf("a derived key outlives its parent: %v", d.ExpiresAt)
		}
		a.want(agents(k.APIKey), 200, "")
		a.clock.add(12 * time.Hour)
		a.want(agents(a.app.Key), 401, codeKeyRotated)
		a.want(agents(k.APIKey), 200, "")
		a.want(revoke(k.APIKey, k.ID, ""), 409, codeLastActiveKey)
		derived := a.minted(a.derive(k.APIKey, wire.KeyDerive{Scopes: []string{"agents:read"}, ExpiresIn: 600}))
		a.want(rotate(k.APIKey, derived.ID, 0), 400, "derived_key_cannot_rotate")
		second, err := a.MintAppKey(t.Context(), a.app.ID, nil)
		a.must(err)
		if r := a.want(revoke(second.Key, k.ID, ""), 200, ""); !strings.Contains(string(r.raw), `"revoked_at":"2026`) {
			t.Errorf("%s", r.raw)
		}
		a.want(agents(k.APIKey), 401, codeKeyRevoked)
		a.want(agents(derived.APIKey), 401, codeKeyRevoked) // with its parent
		a.want(revoke(second.Key, k.ID, ""), 200, "")
		a.want(rotate(second.Key, k.ID, 7), 409, codeKeyRevoked)
		a.want(revoke(second.Key, a.foreign.KeyID, ""), 404, codeKeyNotFound)
		a.want(revoke(second.Key, a.agent.KeyID, ""), 404, codeKeyNotFound) // agents.revoke_key is for these
		a.want(revoke(second.Key, "no-key", ""), 404, codeKeyNotFound)
		a.want(rotate(second.Key, second.KeyID, 31), 400, codeInvalidRequest)

		// What was derived before ends with the overlap, too.
		early := a.minted(a.derive(second.Key, wire.KeyDerive{Scopes: []string{"agents:read"}, ExpiresIn: 3600}))
		third := a.minted(rotate(second.Key, second.KeyID, 0))
		a.want(agents(second.Key), 401, codeKeyRotated)
		a.want(agents(early.APIKey), 401, codeKeyExpired)
		second.Key = third.APIKey

		// An agent's own key: its own keys only.
		own := a.minted(rotate(a.agent.Key, a.agent.KeyID, 0))
		if kind, _ := wire.ParseKey(own.APIKey); kind != wire.KeyManaged || own.KeyType != "ak" {
			t.Errorf("%q %+v", kind, own.APIKeyInfo)
		}
		a.want(me(a.agent.Key), 401, codeKeyRotated)
		if r := a.want(me(own.APIKey), 200, ""); r.str("id") != a.agent.ID {
			t.Errorf("%s", r.raw)
		}
		a.want(rotate(own.APIKey, a.other.KeyID, 0), 404, codeKeyNotFound)
		a.want(revoke(own.APIKey, second.KeyID, ""), 404, codeKeyNotFound)
		a.want(revoke(own.APIKey, own.ID, ""), 409, codeLastActiveKey)
		a.want(revoke(own.APIKey, own.ID, "force=true"), 200, "")
		a.want(me(own.APIKey), 401, codeKeyRevoked)
	})
}

func TestScopeImplies(t *testing.T) {
	tests := []struct {
		have, need string
		want       bool
	}{
		{"*", "tokens:retrieve", true}, {"*", "keys:admin:x", true},
		{"grants:read", "grants:read", true}, {"grants:write", "grants:read", true}, {"grants:admin", "grants:write", true},
		{"grants:read", "grants:write", false}, {"grants:read", "agents:read", false},
		{"*:read", "agents:read", true}, {"*:admin", "agents:write", true}, {"*:read", "agents:write", false},
		{"agents:*", "agents:write", true}, {"agents:*", "grants:read", false},
		{"tokens:*", "tokens:retrieve", false}, {"*:retrieve", "tokens:retrieve", false}, {"tokens:retrieve", "tokens:retrieve", true},
		{"grants:read", "grants:read:1", true}, {"grants:read:1", "grants:read", false}, {"grants:read:1", "grants:read:1", true}, {"grants:read:1", "grants:read:2", false},
		{"grants:admin:1", "grants:read:1", true}, {"keys:derive", "keys:admin", false}, {"keys:admin", "keys:derive", false}, {"", "", true}, {"x", "y", false},
	}
	for _, tt := range tests {
		if got := scopeImplies(tt.have, tt.need); got != tt.want {
			t.Errorf("scopeImplies(%q, %q) = %v", tt.have, tt.need, got)
		}
	}
}

// FuzzScopes: what one scope implies stays implied along a chain, and nothing
// but the bare star reaches an action by a wildcard.
func FuzzScopes(f *testing.F) {
	for _, s := range []string{"*", "grants:read", "*:admin", "agents:*", "grants:read:1", "tokens:retrieve", "a:b:c:d", ":", "é:read"} {
		f.Add(s, "grants:read", "tokens:retrieve")
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if !validScope(a) || !validScope(b) || !validScope(c) {
			return
		}
		if scopeImplies(a, b) && scopeImplies(b, c) && !scopeImplies(a, c) {
			t.Errorf("%q implies %q implies %q, but not at once", a, b, c)
		}
		if !scopeImplies(a, a) {
			t.Errorf("%q does not imply itself", a)
		}
		if a != "*" && a != "tokens:retrieve" && scopeImplies(a, "tokens:retrieve") {
			t.Errorf("%q implies an action", a)
		}
	})
}

func TestAppKeyScopes(t *testing.T) {
	a := newAppFixture(t, InMemory())
	reader, err := a.MintAppKey(t.Context(), a.app.ID, []string{"*:read"})
	a.must(err)
	a.want(a.ask(send{key: reader.Key, method: "GET", path: wire.PathAgents}), 200, "")
	a.want(a.ask(send{key: reader.Key, method: "DELETE", path: wire.PathAgent(a.agent.ID)}), 403, codeInsufficientScope)
	a.want(a.ask(send{key: reader.Key, method: http.MethodPost, path: wire.PathToken, body: wire.TokenRequest{GrantID: a.grant.ID, Method: "GET", URL: "https://api.github.com/"}.Marshal()}), 403, codeInsufficientScope)
	for _, bad := range []string{"", "x", "a b:read", "a:b:c:d", "a::b"} {
		if _, err := a.CreateApp(t.Context(), AppSpec{Name: "bad", Scopes: []string{bad}}); err == nil {
			t.Errorf("scope %q was taken", bad)
		}
	}
}

func TestKeysListing(t *testing.T) {
	a := newAppFixture(t, InMemory())
	d := a.minted(a.derive(a.agent.Key, wire.KeyDerive{Scopes: []string{"grants:read"}, ExpiresIn: 60, CIDRs: []string{"127.0.0.1"}}))
	a.must(a.DeprecateKey(t.Context(), a.agent.KeyID))
	a.must(a.RevokeKey(t.Context(), a.agent.KeyID))
	if err := a.DeprecateKey(t.Context(), a.agent.KeyID); err == nil {
		t.Error("a revoked key was deprecated")
	}
	keys, err := a.Keys(t.Context())
	a.must(err)
	if len(keys) != 5 || keys[0].ID != a.agent.KeyID || keys[0].Kind != "key" || keys[0].AppID != a.app.ID || keys[0].DeprecatedAt.IsZero() || keys[0].RevokedAt.IsZero() {
		t.Fatalf("%+v", keys)
	}
	if k := keys[4]; k.ID != d.ID || k.Kind != "dk" || k.ParentID != a.agent.KeyID || k.AgentID != a.agent.ID || k.RevokedAt.IsZero() || !slices.Equal(k.Networks, []string{"127.0.0.1/32"}) || !k.ExpiresAt.Equal(testTime.Add(time.Minute)) {
		t.Errorf("%+v", k)
	}
	if k := keys[1]; k.ID != a.app.KeyID || k.Kind != "rk" || !slices.Equal(k.Scopes, []string{"*"}) {
		t.Errorf("%+v", k)
	}
}
