package local

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestSignedVectors sends every request that the official client signed
// through the handler, over a socket and in memory, with the clock of the
// recording. What must not happen is a 401; the rest depends on the endpoint.
func TestSignedVectors(t *testing.T) {
	raw, err := os.ReadFile("../internal/wire/testdata/wire-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Requests []struct {
			Name    string      `json:"name"`
			Key     string      `json:"api_key"`
			Method  string      `json:"method"`
			Target  string      `json:"request_target"`
			Body    string      `json:"body"`
			Headers [][2]string `json:"headers_in_order"`
		} `json:"requests"`
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Requests) < 19 {
		t.Fatalf("only %d vectors", len(vectors.Requests))
	}
	for _, vec := range vectors.Requests {
		for _, socket := range []bool{false, true} {
			t.Run(vec.Name+map[bool]string{true: "/socket", false: "/memory"}[socket], func(t *testing.T) {
				f := &fixture{t: t, dir: t.TempDir(), clock: &clock{t: time.Unix(1767225600, 0)}, dials: &dialRecorder{}}
				f.Vault = f.open(InMemory())
				var err error
				if kind, _ := wire.ParseKey(vec.Key); kind == wire.KeyRuntime {
					_, err = f.createApp(t.Context(), AppSpec{Name: "vector"}, vec.Key)
				} else {
					_, err = f.createAgent(t.Context(), AgentSpec{Name: "vector"}, vec.Key)
				}
				if err != nil {
					t.Fatal(err)
				}
				var rt http.RoundTripper = f.Vault
				base := "http://vault.invalid"
				if socket {
					rt, base = http.DefaultTransport, f.serve()
				}
				post := func(body string) (int, string) {
					req, err := http.NewRequestWithContext(t.Context(), vec.Method, base+vec.Target, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					for _, h := range vec.Headers {
						if !strings.EqualFold(h[0], "Content-Length") {
							req.Header[h[0]] = append(req.Header[h[0]], h[1])
						}
					}
					resp, err := rt.RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = resp.Body.Close() }()
					answer, _ := io.ReadAll(resp.Body)
					return resp.StatusCode, wire.ParseErrorBody(answer).Code
				}
				if status, code := post(vec.Body + " "); status != 401 || code != codeInvalidSignature {
					t.Errorf("changed body: %d %s, want 401 %s", status, code, codeInvalidSignature)
				}
				if status, code := post(vec.Body); status == 401 && code != codeBadUserToken { // one names a made-up user
					t.Errorf("the official client's request was refused: %s", code)
				}
				status, code := post(vec.Body)
				known := vec.Target == wire.PathToken || vec.Target == wire.PathProxy || vec.Target == wire.PathMe || vec.Target == wire.PathAudit
				// A caller that names another agent is refused before its nonce counts,
				// and so are paths that do not exist.
				if known && code != codeCallerMismatch && code != codeUnresolvedAgent && (status != 401 || code != codeReplayedNonce) {
					t.Errorf("replay: %d %s, want 401 %s", status, code, codeReplayedNonce)
				}
			})
		}
	}
}

func TestUnauthenticated(t *testing.T) {
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			for k := range r.Header {
				if strings.EqualFold(k, name) {
					delete(r.Header, k)
				}
			}
			if value != "" {
				r.Header[name] = []string{value}
			}
		}
	}
	other := wire.NewManagedKey()
	tests := map[string]struct {
		send send
		code string
	}{
		"no key":              {send{change: set(wire.HeaderAPIKey, "")}, codeInvalidKey},
		"malformed key":       {send{key: "alter_key_short"}, codeInvalidKey},
		"wrong prefix":        {send{key: "alter_pat_" + strings.Repeat("a", 40)}, codeInvalidKey},
		"unknown key":         {send{key: other}, codeInvalidKey},
		"two keys":            {send{change: func(r *http.Request) { r.Header["X-Api-Key"] = []string{other} }}, codeInvalidKey},
		"signed by other key": {send{key: other, change: set(wire.HeaderAPIKey, "own")}, codeInvalidSignature},
		"no signature":        {send{change: set(wire.HeaderSignature, "")}, codeInvalidSignature},
		"no nonce":            {send{change: set(wire.HeaderNonce, "")}, codeInvalidSignature},
		"short nonce":         {send{nonce: "00"}, codeInvalidSignature},
		"no timestamp":        {send{change: set(wire.HeaderTimestamp, "")}, codeInvalidSignature},
		"wrong hash":          {send{change: set(wire.HeaderContentHash, wire.ContentHash([]byte("x")))}, codeInvalidSignature},
		"signature of zeros":  {send{change: set(wire.HeaderSignature, strings.Repeat("0", 64))}, codeInvalidSignature},
		"context not signed":  {send{change: set(wire.HeaderContext, `{"run_id":"forged"}`)}, codeInvalidSignature},
		"caller not signed":   {send{change: set(wire.HeaderCaller, "forged")}, codeInvalidSignature},
		"V2 without actor":    {send{change: set(wire.HeaderSignatureV2, strings.Repeat("0", 64))}, codeInvalidSignature},
		"V2 missing":          {send{context: `{"tool":"t"}`, change: set(wire.HeaderSignatureV2, "")}, codeInvalidSignature},
		"scopes added":        {send{change: set(wire.HeaderScopes, "tokens:retrieve")}, codeInvalidSignature},
		"method changed":      {send{change: func(r *http.Request) { r.Method = http.MethodPut }}, codeInvalidSignature},
		"query added":         {send{change: func(r *http.Request) { r.URL.RawQuery = "a=1" }}, codeInvalidSignature},
		"late":                {send{timestamp: wire.FormatTimestamp(testTime.Add(-301 * time.Second))}, codeStaleTimestamp},
		"early":               {send{timestamp: wire.FormatTimestamp(testTime.Add(301 * time.Second))}, codeStaleTimestamp},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, InMemory())
			if name == "signed by other key" {
				tt.send.change = set(wire.HeaderAPIKey, f.agent.Key)
			}
			r := f.token(f.grant.ID, "https://api.github.com/user", tt.send)
			if r.status != http.StatusUnauthorized || r.str("error") != tt.code {
				t.Fatalf("got %d %s, want 401 %s", r.status, r.str("error"), tt.code)
			}
			if bytes.Contains(r.raw, []byte(testToken)) {
				t.Error("the refusal holds the credential")
			}
			rows := f.rows()
			if name == "method changed" { // no such endpoint, so no call
				if len(rows) != 0 {
					t.Errorf("%d rows for a request that is no call", len(rows))
				}
				return
			}
			if len(rows) != 1 || rows[0].Decision != DecisionDenied || rows[0].ReasonCode != tt.code || rows[0].RunID != "" || rows[0].Caller != "" {
				t.Errorf("audit rows %+v, want one denial for %s without unproven claims", rows, tt.code)
			}
			if r.header.Get("X-Request-Id") == "" {
				t.Error("no X-Request-ID")
			}
		})
	}
}

func TestTimestampWindowAndNonce(t *testing.T) {
	f := newFixture(t)
	edge := send{timestamp: wire.FormatTimestamp(testTime.Add(-300 * time.Second)), nonce: strings.Repeat("ab", 16)}
	if r := f.token(f.grant.ID, "https://api.github.com/user", edge); r.status != 200 {
		t.Fatalf("300 s old: %d %s", r.status, r.raw)
	}
	if r := f.token(f.grant.ID, "https://api.github.com/user", edge); r.status != 401 || r.str("error") != codeReplayedNonce {
		t.Fatalf("replay: %d %s", r.status, r.raw)
	}
	second := f.newAgent("second")
	g := f.newGrant(GrantSpec{AgentID: second.ID})
	edge.key = second.Key
	if r := f.token(g.ID, "https://api.github.com/user", edge); r.status != 200 {
		t.Fatalf("another key's equal nonce: %d %s", r.status, r.raw)
	}
	// The nonce outlives a restart of the vault, and is forgotten when the
	// timestamp alone refuses it.
	ahead := send{timestamp: wire.FormatTimestamp(testTime.Add(300 * time.Second)), nonce: strings.Repeat("cd", 16)}
	f.token(f.grant.ID, "https://api.github.com/user", ahead)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Vault = f.open()
	f.clock.add(599 * time.Second)
	if r := f.token(f.grant.ID, "https://api.github.com/user", ahead); r.str("error") != codeReplayedNonce {
		t.Fatalf("replay after restart: %d %s", r.status, r.raw)
	}
	f.clock.add(60 * time.Second)
	if r := f.token(f.grant.ID, "https://api.github.com/user", ahead); r.str("error") != codeStaleTimestamp {
		t.Fatalf("replay after the window: %d %s", r.status, r.raw)
	}
	f.token(f.grant.ID, "https://api.github.com/user", send{})
	if n := count(t, f.Vault, "SELECT count(*) FROM nonces"); n != 1 {
		t.Errorf("%d nonces kept, want only the newest", n)
	}
}

func TestStrangersDoNotFillTheTrail(t *testing.T) {
	var l strangerLimit
	granted := 0
	for range strangersPerHour + 50 {
		if l.take(testTime) {
			granted++
		}
	}
	if granted != strangersPerHour || !l.take(testTime.Add(time.Hour)) {
		t.Errorf("%d rows in one hour, want %d, and more in the next", granted, strangersPerHour)
	}
}

func TestActorID(t *testing.T) {
	f := newFixture(t)
	id := func(s send) string {
		r := f.token(f.grant.ID, "https://api.github.com/user", s)
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		v, _ := wire.Get(r.header, wire.HeaderActorID)
		return v
	}
	cron := id(send{caller: "billing-cron", callerType: "service"})
	if !wire.IsLowerUUID(cron) || cron != id(send{caller: "billing-cron", callerType: "service"}) {
		t.Errorf("actor ID %q is no stable UUID", cron)
	}
	if cron == id(send{caller: "billing-cron", callerType: "agent"}) || cron == id(send{caller: "other", callerType: "service"}) {
		t.Error("different callers have the same actor ID")
	}
	if got := id(send{}) + id(send{caller: f.agent.ID, callerType: "agent"}); got != "" {
		t.Errorf("the agent itself has actor ID %q", got)
	}
	r := f.token(f.grant.ID, "https://api.github.com/user", send{caller: f.newAgent("other").ID, callerType: "agent"})
	if r.status != 400 || r.str("error") != codeCallerMismatch || f.lastRow().ReasonCode != codeCallerMismatch {
		t.Errorf("another agent's ID as caller: %d %s", r.status, r.raw)
	}
}

// TestActorIDOfApp checks that a caller of an app has one ID on every endpoint,
// whatever actor ID the client repeats, and that refusals carry it too.
func TestActorIDOfApp(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		id := func(s send) string {
			v, _ := wire.Get(a.ask(s).header, wire.HeaderActorID)
			return v
		}
		cron := send{caller: "billing-cron", callerType: "service", method: "GET", path: wire.PathAgents}
		want := id(cron)
		if !wire.IsLowerUUID(want) {
			t.Fatalf("actor ID %q", want)
		}
		missing := cron
		missing.path = wire.PathAgent(newID())
		foreign := cron
		foreign.key = a.foreign.Key
		if got := id(missing); got != want {
			t.Errorf("a refusal carries %q, want %q", got, want)
		}
		if id(foreign) == want {
			t.Error("two apps share a caller's ID")
		}
		if got := id(send{method: "GET", path: wire.PathAgents}); got != "" {
			t.Errorf("nobody named has ID %q", got)
		}
	})
}

func TestConstraints(t *testing.T) {
	f := newFixture(t)
	const url = "https://api.github.com/user"
	if r := f.token(f.grant.ID, url, send{scopes: "grants:read,tokens:retrieve"}); r.status != 200 {
		t.Errorf("constraint that keeps the scope: %d %s", r.status, r.raw)
	}
	if r := f.token(f.grant.ID, url, send{scopes: "proxy:execute"}); r.status != 403 || r.str("error") != codeInsufficientScope {
		t.Errorf("constraint without the scope: %d %s", r.status, r.raw)
	}
	if r := f.token(f.grant.ID, url, send{rule: "eyJydWxlX3R5cGUiOiJ4In0"}); r.status != 400 || r.str("error") != codeInvalidRule {
		t.Errorf("request rule: %d %s", r.status, r.raw)
	}
	if r := f.do(send{method: "GET", path: wire.PathMe, scopes: "proxy:execute"}); r.status != 200 {
		t.Errorf("me needs no scope: %d %s", r.status, r.raw)
	}
}

func count(t testing.TB, v *Vault, query string) (n int) {
	t.Helper()
	conn := rawDB(t, v)
	if err := conn.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
