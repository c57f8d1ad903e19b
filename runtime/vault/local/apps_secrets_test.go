package local

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestKeysStayInside makes every kind of key and user tokens, and searches the
// files, the log, the rows and every printed form for them.
func TestKeysStayInside(t *testing.T) {
	var logs bytes.Buffer
	a := newAppFixture(t, WithLogger(slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	token := a.userToken()
	created := a.created(a.create(wire.AgentCreate{Name: "c", Scopes: map[string][]string{"github": {"x"}}, Metadata: []byte(`{}`)}, idempotency("test-secret-idempotency")))
	minted, err := wire.ParseAgentKeyMinted(a.ask(send{method: "POST", path: wire.PathAgentKeys(created.ID), body: []byte("{}")}).raw)
	a.must(err)
	derived := a.minted(a.derive(a.app.Key, wire.KeyDerive{Scopes: []string{"*:read"}, ExpiresIn: 60}))
	rotated := a.minted(a.ask(send{method: "POST", path: wire.PathKeyRotate(a.app.KeyID), body: wire.MarshalKeyRotate(7)}))
	second, err := a.MintAppKey(t.Context(), a.app.ID, nil)
	a.must(err)

	var seen strings.Builder
	note := func(values ...any) {
		for _, v := range values {
			raw, _ := stdjson.Marshal(v)
			experimental, _ := json.Marshal(v)
			_, _ = fmt.Fprintf(&seen, "%v\n%+v\n%#v\n%s\n%s\n", v, v, v, raw, experimental)
			slog.New(slog.NewTextHandler(&seen, nil)).Info("value", "v", v)
		}
	}
	answer := func(s send) { r := a.ask(s); note(string(r.raw), r.header) }
	call := wire.TokenRequest{ProviderID: "stripe", Method: "GET", URL: "https://api.github.com/?k=test-secret-q", UserToken: token, Account: "x"}
	answer(send{method: "POST", path: wire.PathToken, body: call.Marshal()})
	answer(send{method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "x", UserToken: "test-secret-forged"}.Marshal()})
	answer(send{method: "POST", path: wire.PathGrantsList, body: wire.GrantsList{Limit: 5, UserToken: token}.Marshal()})
	answer(send{method: "POST", path: wire.PathGrantRevoke(newID()), body: wire.GrantRevoke{UserToken: token, Reason: "r"}.Marshal()})
	answer(send{method: "POST", path: wire.PathGrantMint(a.owned.ID), body: []byte(`{"label":"l","grant_policy":{"x":"test-secret-policy"}}`)})
	answer(send{method: "POST", path: wire.PathAgents, body: []byte(`{"name":"test-secret-`)})
	answer(send{method: "GET", path: wire.PathAgents, query: "limit=test-secret-limit"})
	answer(send{method: "GET", path: wire.PathAgent(a.agent.ID)})
	answer(send{method: "GET", path: wire.PathAgentKeys(a.agent.ID)})
	answer(send{method: "DELETE", path: wire.PathKey("test-secret-key")})
	apps, err := a.Apps(t.Context())
	a.must(err)
	users, err := a.Users(t.Context())
	a.must(err)
	note(*a.app, a.app, second, apps, users, a.rows(), a.Vault, logs.String(), minted, derived, rotated, created)

	secrets := []string{
		a.app.Key, a.foreign.Key, second.Key, created.APIKey, minted.APIKey, derived.APIKey, rotated.APIKey, token, strings.Split(token, ".")[2], testToken, "test-secret",
	}
	for _, s := range secrets {
		if s == "" {
			t.Fatal("a secret is missing")
		}
		if i := strings.Index(seen.String(), s); i >= 0 {
			t.Errorf("%q was printed: …%s", s, seen.String()[max(0, i-200):i])
		}
		if len(s) > 30 {
			secrets = append(secrets, string(wire.SigningKey(s)))
		}
	}
	a.searchFiles(secrets)
	a.must(a.Close())
	a.searchFiles(secrets)
}

// TestManyPrincipalsAtOnce has agents, impersonators and users call at the same
// time, each in a run of its own: nothing may cross over in the rows.
func TestManyPrincipalsAtOnce(t *testing.T) {
	a := newAppFixture(t)
	a.socket()
	token := a.userToken()
	type caller struct {
		s       send
		grant   string
		agentID string
	}
	var callers []caller
	for i := range 30 {
		agent := a.newAgentIn(fmt.Sprintf("many-%d", i))
		g := a.newGrant(GrantSpec{AgentID: agent.ID, Account: fmt.Sprintf("acc-%d", i), Credential: Credential{Token: fmt.Sprintf("test-secret-many-%d", i)}})
		a.must(a.DelegateGrant(t.Context(), a.owned.ID, agent.ID, time.Time{}))
		callers = append(callers,
			caller{send{key: agent.Key}, g.ID, agent.ID}, caller{send{key: agent.Key}, a.owned.ID, agent.ID},
			caller{send{key: a.app.Key, caller: agent.ID, callerType: "agent"}, g.ID, agent.ID}, caller{send{key: a.app.Key, caller: fmt.Sprint("cron-", i)}, a.owned.ID, ""})
	}
	var wg sync.WaitGroup
	for i, c := range callers {
		wg.Go(func() {
			req := wire.TokenRequest{GrantID: c.grant, Method: "GET", URL: fmt.Sprintf("https://api.github.com/%d", i)}
			if c.agentID == "" {
				req.UserToken = token
			}
			s := c.s
			s.context, s.method, s.path, s.body = fmt.Sprintf(`{"run_id":"run-%d"}`, i), "POST", wire.PathToken, req.Marshal()
			if r := a.ask(s); r.status != http.StatusOK || r.str("grant_id") != c.grant {
				t.Errorf("%d: %d %s", i, r.status, r.raw)
			}
			s.path, s.body = wire.PathAudit, wire.AuditReport{GrantID: c.grant, Method: "GET", URL: req.URL, ResponseStatus: 200 + i%100}.Marshal()
			if r := a.ask(s); r.str("state") != "completed" {
				t.Errorf("%d: %d %s", i, r.status, r.raw)
			}
		})
	}
	wg.Wait()
	rows := a.rows()
	if len(rows) != len(callers) {
		t.Fatalf("%d rows for %d calls", len(rows), len(callers))
	}
	for _, e := range rows {
		var i int
		_, err := fmt.Sscanf(e.RunID, "run-%d", &i)
		if err != nil || e.GrantID != callers[i].grant || e.AgentID != callers[i].agentID || e.Path != fmt.Sprintf("/%d", i) || e.Status != 200+i%100 {
			t.Errorf("crossed over: %+v", e)
		}
	}
}

// FuzzManagementBodies sends anything to every endpoint that takes a body: the
// answer is JSON, a refusal has a code, and nothing is an internal error.
func FuzzManagementBodies(f *testing.F) {
	for _, body := range []string{
		`{}`, `[]`, ``, `null`, `{"name":"n","scopes":{"github":["x"]}}`, `{"scopes":["grants:read"],"expires_in":60}`, `{"overlap_days":7}`, `{"limit":5,"offset":0}`,
		`{"label":"x","grant_policy":{"max_ttl_seconds":1e308}}`, `{"to_agent_id":"x","ttl_seconds":9223372036854775807}`, `{"reason":"\ud800"}`, `{"status":"active"}`,
		`{"scopes":{"\u0000":["a"]},"name":"\u0000"}`, `{"metadata":{"a":1e999},"name":"n","scopes":{}}`, `{"limit":1e3}`, `{"label":"` + "\xff" + `"}`,
	} {
		f.Add([]byte(body), uint8(0))
	}
	a := newAppFixture(f, InMemory())
	a.delegate(a.other, delegation{delegable: true})
	spare, err := a.MintAppKey(f.Context(), a.app.ID, nil)
	a.must(err)
	ended := a.newGrant(GrantSpec{UserID: a.user.ID, Label: "ended"})
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		a.t = t
		targets := []send{
			{method: "POST", path: wire.PathAgents}, {method: "PATCH", path: wire.PathAgent(a.agent.ID), query: "expected_version=1&grace_seconds=5"},
			{method: "POST", path: wire.PathAgentKeys(a.agent.ID)}, {method: "POST", path: wire.PathKeysDerive}, {method: "POST", path: wire.PathKeyRotate(spare.KeyID)},
			{method: "POST", path: wire.PathGrantsList}, {method: "POST", path: wire.PathGrantMint(a.owned.ID)},
			{key: a.other.Key, method: "POST", path: wire.PathGrantDelegate(a.owned.ID)}, {method: "POST", path: wire.PathGrantRevoke(ended.ID)},
		}
		s := targets[int(which)%len(targets)]
		s.body = body
		if r := a.ask(s); r.status >= 500 {
			t.Errorf("%s %s with %q: %d %s", s.method, s.path, body, r.status, r.raw)
		}
	})
}
