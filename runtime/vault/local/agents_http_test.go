package local

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (a *appFixture) create(c wire.AgentCreate, change func(*http.Request)) result {
	a.t.Helper()
	return a.ask(send{method: "POST", path: wire.PathAgents, body: c.Marshal(), change: change})
}

func (a *appFixture) created(r result) wire.AgentCreated {
	a.t.Helper()
	c, err := wire.ParseAgentCreated(r.raw)
	if r.status != http.StatusCreated || err != nil {
		a.t.Fatalf("%d %s: %v", r.status, r.raw, err)
	}
	return c
}

func (a *appFixture) patch(id, body string, grace, version *int64) result {
	a.t.Helper()
	return a.ask(send{method: "PATCH", path: wire.PathAgent(id), query: strings.TrimPrefix(wire.AgentUpdateQuery(grace, version), "?"), body: []byte(body)})
}

func info(t *testing.T, r result) wire.AgentInfo {
	t.Helper()
	a, err := wire.ParseAgentInfo(r.raw)
	if r.status != http.StatusOK || err != nil {
		t.Fatalf("%d %s: %v", r.status, r.raw, err)
	}
	return a
}

func TestCreateAgentEndpoint(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		ask := wire.AgentCreate{
			Name: "reader", Type: "service", Scopes: map[string][]string{"github": {"repo"}}, Metadata: []byte(`{"team":"x","n":1}`),
			DisplayName: new("The reader"), Policy: []byte(`{"rate_limit_per_minute":60}`),
		}
		c := a.created(a.create(ask, nil))
		if kind, ok := wire.ParseKey(c.APIKey); !ok || kind != wire.KeyManaged {
			t.Errorf("key kind %q", kind)
		}
		if c.Name != "reader" || c.Type != "service" || c.Status != "active" || c.Version != 1 || c.DisplayName != "The reader" ||
			string(c.Scopes) != `{"github":["repo"]}` || string(c.Metadata) != `{"team":"x","n":1}` || string(c.Policy) != `{"rate_limit_per_minute":60}` || c.RateLimitPerMinute == nil || *c.RateLimitPerMinute != 60 || !c.CreatedAt.Equal(testTime) {
			t.Errorf("%+v", c.AgentInfo)
		}
		me := info(t, a.ask(send{key: c.APIKey, method: "GET", path: wire.PathMe}))
		if diff := cmp.Diff(c.AgentInfo, me, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "LastUsedAt" }, cmp.Ignore())); diff != "" {
			t.Errorf("me differs: %s", diff)
		}
		a.want(a.create(ask, nil), 409, codeAgentNameExists)
		a.want(a.ask(send{key: a.agent.Key, method: "POST", path: wire.PathAgents, body: ask.Marshal()}), 403, "agent_cannot_mint_subagents")
		a.want(a.ask(send{key: c.APIKey, method: "GET", path: wire.PathAgents}), 403, codeAppKeyRequired)
		a.created(a.ask(send{key: a.foreign.Key, method: "POST", path: wire.PathAgents, body: ask.Marshal()})) // names are unique in an app
		a.want(a.ask(send{method: "DELETE", path: wire.PathAgent(c.ID)}), 200, "")
		a.created(a.create(ask, nil)) // a revoked agent's name is free

		for body, status := range map[string]int{
			``: 400, `[]`: 400, `{}`: 400, `{"name":"n"}`: 422, `{"name":" n","scopes":{}}`: 422, `{"name":"","scopes":{}}`: 422,
			`{"name":"n","type":"robot","scopes":{}}`: 400, `{"name":"n","scopes":{"p":[]}}`: 422, `{"name":"n","scopes":{"p":[" x"]}}`: 422,
			`{"name":"n","scopes":{"p":"x"}}`: 400, `{"name":"n","scopes":{},"metadata":[]}`: 400,
			`{"name":"n","scopes":{},"metadata":{"k":"` + strings.Repeat("x", maxAgentMetadata) + `"}}`: 422,
			`{"name":"n","scopes":{"p":["` + strings.Repeat("x", wire.MaxAgentScopes) + `"]}}`:          422,
			`{"name":"` + strings.Repeat("n", 256) + `","scopes":{}}`:                                   422,
		} {
			if r := a.ask(send{method: "POST", path: wire.PathAgents, body: []byte(body)}); r.status != status {
				t.Errorf("%.60s: %d %s, want %d", body, r.status, r.raw, status)
			}
		}
		a.want(a.ask(send{method: "POST", path: wire.PathAgents, body: []byte(`{"name":"n","scopes":{"managed_secrets":["x"]}}`)}), 422, "legacy_managed_secret_name_rejected")
	})
}

func TestIdempotencyKey(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		ask := wire.AgentCreate{Name: "once", Scopes: map[string][]string{}}
		first := a.created(a.create(ask, idempotency("k-1")))
		again := a.created(a.create(ask, idempotency("k-1")))
		if again.APIKey != "" || again.ID != first.ID || again.KeyID != first.KeyID {
			t.Errorf("replay: %s, key %q", again.ID, again.APIKey)
		}
		spelled := []byte(`{"scopes":{}, "type":"agent", "metadata":{}, "name":"on\u0063e"}`)
		if r := a.ask(send{method: "POST", path: wire.PathAgents, body: spelled, change: idempotency("k-1")}); r.status != 201 || r.str("id") != first.ID {
			t.Errorf("the same values in another spelling: %d %s", r.status, r.raw)
		}
		a.want(a.create(wire.AgentCreate{Name: "twice", Scopes: map[string][]string{}}, idempotency("k-1")), 409, "idempotency_key_body_mismatch")
		a.want(a.create(ask, idempotency("k-2")), 409, codeAgentNameExists)
		a.want(a.create(ask, func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"a", "b"} }), 400, codeInvalidRequest)
		if r := a.ask(send{key: a.foreign.Key, method: "POST", path: wire.PathAgents, body: ask.Marshal(), change: idempotency("k-1")}); a.created(r).ID == first.ID {
			t.Error("another app's idempotency key met ours")
		}
		a.must(a.PauseAgent(t.Context(), first.ID))
		a.want(a.create(ask, idempotency("k-1")), 409, "idempotency_key_agent_inactive")
		a.must(a.RevokeAgent(t.Context(), first.ID))
		a.want(a.create(ask, idempotency("k-1")), 409, "idempotency_key_agent_revoked")

		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				r := a.create(wire.AgentCreate{Name: "race", Scopes: map[string][]string{}}, idempotency("k-race"))
				ids[i] = r.str("id")
			})
		}
		wg.Wait()
		if ids = slices.Compact(ids); len(ids) != 1 || ids[0] == "" {
			t.Errorf("one idempotency key made %q", ids)
		}
	})
}

func TestListAgents(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		for i := range 5 {
			a.created(a.create(wire.AgentCreate{Name: fmt.Sprintf("n%d", i), Scopes: map[string][]string{}}, nil))
		}
		a.must(a.RevokeAgent(t.Context(), a.other.ID))
		list := func(query string) wire.AgentPage {
			r := a.ask(send{method: "GET", path: wire.PathAgents, query: query})
			p, err := wire.ParseAgentPage(r.raw)
			if err != nil {
				t.Fatalf("%s: %s", query, r.raw)
			}
			return p
		}
		names := func(p wire.AgentPage) (out []string) {
			for _, i := range p.Items {
				out = append(out, i.Name)
			}
			return out
		}
		all := list("")
		if want := []string{"builder", "n0", "n1", "n2", "n3", "n4"}; !slices.Equal(names(all), want) || all.Total != 6 || all.Limit != 100 || all.HasMore {
			t.Errorf("%v %+v", names(all), all.Page)
		}
		if p := list("include_revoked=true&limit=100&offset=0"); p.Total != 7 || !slices.Contains(names(p), "other") {
			t.Errorf("%v", names(p))
		}
		var paged []string
		for offset := 0; ; offset += 4 {
			p := list("include_revoked=false&limit=4&offset=" + strconv.Itoa(offset))
			paged = append(paged, names(p)...)
			if !p.HasMore {
				break
			}
		}
		if !slices.Equal(paged, names(all)) {
			t.Errorf("paged %v", paged)
		}
		if p := list("name=n3"); len(p.Items) != 1 || p.Items[0].Name != "n3" {
			t.Errorf("by name: %v", names(p))
		}
		if p := list("name=other"); len(p.Items) != 0 {
			t.Errorf("a revoked agent by name: %v", names(p))
		}
		if p := list("offset=100"); len(p.Items) != 0 || p.HasMore {
			t.Errorf("past the end: %+v", p)
		}
		for _, q := range []string{"limit=0", "limit=1001", "limit=x", "offset=-1", "include_revoked=perhaps", "name=", "limit=1&limit=2", "a=%zz"} {
			a.want(a.ask(send{method: "GET", path: wire.PathAgents, query: q}), 422, codeInvalidRequest)
		}
		a.want(a.ask(send{method: "GET", path: wire.PathAgent(newID())}), 404, codeAgentNotFound)
		a.want(a.ask(send{key: a.foreign.Key, method: "GET", path: wire.PathAgent(a.agent.ID)}), 404, codeAgentNotFound)
		a.want(a.ask(send{method: "GET", path: wire.PathAgent("a/b c")}), 404, codeAgentNotFound)
		if i := info(t, a.ask(send{method: "GET", path: wire.PathAgent(strings.ToUpper(a.agent.ID))})); i.ID != a.agent.ID || string(i.Scopes) != `{"github":[]}` {
			t.Errorf("%+v", i)
		}
	})
}

func TestUpdateAgent(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		c := a.created(a.create(wire.AgentCreate{Name: "u", Scopes: map[string][]string{"github": {"repo"}}, DisplayName: new("U")}, nil))
		step := func(body string, grace, version *int64, wantVersion int64) wire.AgentInfo {
			t.Helper()
			i := info(t, a.patch(c.ID, body, grace, version))
			if i.Version != wantVersion {
				t.Errorf("%s: version %d, want %d", body, i.Version, wantVersion)
			}
			return i
		}
		step(`{}`, nil, nil, 1)
		step(`{"display_name":"U"}`, nil, nil, 1) // unchanged
		if i := step(`{"display_name":"","metadata":{"a":1},"policy":{"rate_limit_per_minute":2}}`, nil, nil, 2); i.DisplayName != "" || string(i.Metadata) != `{"a":1}` || string(i.Policy) != `{"rate_limit_per_minute":2}` {
			t.Errorf("%+v", i)
		}
		step(`{"status":"inactive"}`, nil, nil, 3)
		a.want(a.ask(send{key: c.APIKey, method: "POST", path: wire.PathGrantsList, body: []byte(`{}`)}), 401, codeAgentInactive)
		step(`{"status":"active"}`, nil, nil, 4)
		step(`{"status":"active"}`, nil, nil, 4)

		a.want(a.patch(c.ID, `{"scopes":{}}`, nil, nil), 422, codeInvalidRequest)
		a.want(a.patch(c.ID, `{"scopes":{}}`, nil, new(int64(3))), 409, "agent_concurrent_update")
		a.want(a.patch(c.ID, `{"display_name":"x"}`, new(int64(5)), nil), 422, codeInvalidRequest)
		a.want(a.patch(c.ID, `{"scopes":{}}`, new(int64(604801)), new(int64(4))), 422, codeInvalidRequest)
		a.want(a.patch(c.ID, `{"status":"revoked"}`, nil, nil), 400, codeInvalidRequest)
		a.want(a.patch(newID(), `{}`, nil, nil), 404, codeAgentNotFound)

		// Broader counts at once.
		i := step(`{"scopes":{"github":["repo","gist"],"slack":["chat:write"]}}`, nil, new(int64(4)), 5)
		if string(i.Scopes) != `{"github":["repo","gist"],"slack":["chat:write"]}` || i.ScopesPending != nil {
			t.Errorf("%s, pending %s", i.Scopes, i.ScopesPending)
		}
		// Narrower waits, by default for a day; what it adds does not wait.
		i = step(`{"scopes":{"github":["repo"],"stripe":["read"]}}`, nil, new(int64(5)), 6)
		if string(i.Scopes) != `{"github":["gist","repo"],"slack":["chat:write"],"stripe":["read"]}` || string(i.ScopesPending) != `{"github":["repo"],"stripe":["read"]}` ||
			i.ScopesAppliesAt == nil || !i.ScopesAppliesAt.Equal(a.clock.now().Add(24*time.Hour)) {
			t.Errorf("%s, pending %s at %v", i.Scopes, i.ScopesPending, i.ScopesAppliesAt)
		}
		a.clock.add(24 * time.Hour)
		if i = info(t, a.ask(send{method: "GET", path: wire.PathAgent(c.ID)})); string(i.Scopes) != `{"github":["repo"],"stripe":["read"]}` || i.ScopesPending != nil || i.ScopesAppliesAt != nil {
			t.Errorf("after the grace: %s, pending %s", i.Scopes, i.ScopesPending)
		}
		// Now is now.
		if i = step(`{"scopes":{}}`, new(int64(0)), new(int64(6)), 7); string(i.Scopes) != `{}` {
			t.Errorf("%s", i.Scopes)
		}
		del := send{method: "DELETE", path: wire.PathAgent(c.ID)}
		if i = info(t, a.ask(del)); i.Status != "revoked" || i.Version != 8 {
			t.Errorf("%+v", i)
		}
		if i = info(t, a.ask(del)); i.Version != 8 {
			t.Errorf("deleting twice: %+v", i)
		}
		a.want(a.ask(send{key: c.APIKey, method: "GET", path: wire.PathMe}), 401, codeKeyRevoked)
		a.want(a.patch(c.ID, `{"status":"active"}`, nil, nil), 409, codeAgentRevoked)
	})
}

// TestAllowlist checks that an agent's allowlist bounds its reach, narrowing
// included.
func TestAllowlist(t *testing.T) {
	a := newAppFixture(t, InMemory())
	nothing := a.created(a.create(wire.AgentCreate{Name: "nothing", Scopes: map[string][]string{}}, nil))
	github := a.created(a.create(wire.AgentCreate{Name: "github", Scopes: map[string][]string{"github": {"repo"}}}, nil))
	call := func(key string) result {
		return a.ask(send{key: key, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/"}.Marshal()})
	}
	for _, id := range []string{nothing.ID, github.ID} {
		a.must(a.DelegateGrant(t.Context(), a.owned.ID, id, time.Time{}))
	}
	a.want(call(nothing.APIKey), 404, codeGrantNotFound)
	a.want(call(github.APIKey), 200, "")
	info(t, a.patch(github.ID, `{"scopes":{"slack":["x"]}}`, new(int64(60)), new(int64(1))))
	a.want(call(github.APIKey), 200, "")
	a.clock.add(time.Minute)
	a.want(call(github.APIKey), 404, codeGrantNotFound)
}

func TestAgentKeys(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		list := func() []wire.AgentKey {
			keys, err := wire.ParseAgentKeys(a.ask(send{method: "GET", path: wire.PathAgentKeys(a.other.ID)}).raw)
			a.must(err)
			return keys
		}
		change := func(method, keyID, action, query string) result {
			return a.ask(send{method: method, path: wire.PathAgentKey(a.other.ID, keyID) + action, query: query, body: []byte("{}")})
		}
		a.want(change("DELETE", a.other.KeyID, "", ""), 409, codeLastActiveKey)
		r := a.ask(send{method: "POST", path: wire.PathAgentKeys(a.other.ID), body: []byte("{}")})
		minted, err := wire.ParseAgentKeyMinted(r.raw)
		if r.status != 201 || err != nil || minted.Name != "other-2" || !strings.HasPrefix(minted.APIKey, minted.KeyPrefix) || len(minted.KeyPrefix) != len("alter_key_")+4 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		me := send{key: minted.APIKey, method: "GET", path: wire.PathMe}
		deprecated := func() string {
			r := a.want(a.ask(me), 200, "")
			v, _ := wire.Get(r.header, wire.HeaderKeyDeprecated)
			return v
		}
		if got := deprecated(); got != "" {
			t.Errorf("a new key is deprecated: %q", got)
		}
		for range 2 { // twice is no error
			if k, err := wire.ParseAgentKey(change("PATCH", minted.KeyID, "/deprecate", "").raw); err != nil || k.DeprecatedAt == nil {
				t.Errorf("%+v %v", k, err)
			}
		}
		if got := deprecated(); got != "true" {
			t.Errorf("header %q", got)
		}
		if r := a.ask(send{key: minted.APIKey, method: "GET", path: wire.PathAgent(a.agent.ID)}); r.status != 403 || r.header.Get(wire.HeaderKeyDeprecated) != "true" {
			t.Errorf("errors do not carry the header: %d %v", r.status, r.header)
		}
		if k, err := wire.ParseAgentKey(change("PATCH", minted.KeyID, "/undeprecate", "").raw); err != nil || k.DeprecatedAt != nil {
			t.Errorf("%+v %v", k, err)
		}
		if k, err := wire.ParseAgentKey(change("DELETE", minted.KeyID, "", "").raw); err != nil || k.RevokedAt == nil {
			t.Errorf("%+v %v", k, err)
		}
		a.want(a.ask(me), 401, codeKeyRevoked)
		a.want(change("DELETE", minted.KeyID, "", ""), 200, "")
		a.want(change("PATCH", minted.KeyID, "/deprecate", ""), 409, codeKeyRevoked)
		a.want(change("PATCH", minted.KeyID, "/undeprecate", ""), 409, codeKeyRevoked)
		a.want(change("DELETE", newID(), "", ""), 404, codeKeyNotFound)
		a.want(change("DELETE", a.agent.KeyID, "", ""), 404, codeKeyNotFound) // another agent's
		a.want(change("DELETE", a.app.KeyID, "", ""), 404, codeKeyNotFound)
		a.want(change("DELETE", a.other.KeyID, "", "force=yes"), 422, codeInvalidRequest)
		a.want(change("DELETE", a.other.KeyID, "", ""), 409, codeLastActiveKey)
		for i := range maxAgentKeys {
			r := a.ask(send{method: "POST", path: wire.PathAgentKeys(a.other.ID), body: []byte("{}")})
			if want := map[bool]int{true: 201, false: 409}[i < maxAgentKeys-1]; r.status != want {
				t.Errorf("key %d: %d %s", i, r.status, r.raw)
			}
		}
		a.want(a.ask(send{method: "POST", path: wire.PathAgentKeys(a.other.ID), body: []byte("{}")}), 409, "agent_key_limit_reached")
		a.want(change("DELETE", a.other.KeyID, "", "force=true"), 200, "")
		keys := list()
		if len(keys) != maxAgentKeys+1 || keys[0].KeyID != a.other.KeyID || keys[0].RevokedAt == nil || keys[1].KeyID != minted.KeyID || keys[1].LastUsedAt == nil {
			t.Errorf("%+v", keys)
		}
	})
}
