package local

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func rawDB(t testing.TB, v *Vault) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(v.dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestTokenAnswer(t *testing.T) {
	f := newFixture(t)
	g := f.newGrant(GrantSpec{
		AgentID: f.agent.ID, Provider: "slack", Scopes: []string{"chat:write", "channels:read"}, Hosts: []string{"https://slack.com"},
		Credential: Credential{
			Token: testToken, Header: "X-Token", Format: "Key {token}!", Additional: map[string]string{"team": testSecond},
			Injections: []Injection{{Key: "X-Team", From: "team"}, {Query: true, Key: "team_key", From: "team"}, {Key: "X-Again"}},
		},
	})
	for _, socket := range []bool{false, true} {
		s := send{}
		if socket {
			s.over, s.base = http.DefaultTransport, f.serve()
		}
		r := f.token(g.ID, "https://slack.com/api/chat.postMessage?x=1", s)
		if r.status != 200 || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Content-Type") != "application/json" {
			t.Fatalf("socket %v: %d %v", socket, r.status, r.header)
		}
		got, err := wire.ParseCredential(r.raw)
		if err != nil {
			t.Fatal(err)
		}
		if !wire.IsLowerUUID(got.TokenGeneration) {
			t.Errorf("token_generation %q", got.TokenGeneration)
		}
		got.TokenGeneration = ""
		want := wire.Credential{
			AccessToken: testToken, GrantID: g.ID, TokenType: "Bearer", Scopes: []string{"chat:write", "channels:read"}, ProviderID: "slack",
			InjectionHeader: "X-Token", InjectionFormat: "Key {token}!", Additional: map[string]string{"team": testSecond},
			Injections: []wire.Injection{
				{Target: "header", Key: "X-Team", ValueSource: "additional_credentials.team"},
				{Target: "query_param", Key: "team_key", ValueSource: "additional_credentials.team"},
				{Target: "header", Key: "X-Again", ValueSource: "token"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestDecisions is the table of every decision of the token and the proxy
// endpoint: answer, audit row, and that nothing was read or dialled.
func TestDecisions(t *testing.T) {
	const ok = "https://api.github.com/user"
	tests := []struct {
		name   string
		setup  func(f *fixture) (grantID string)
		url    string
		send   send
		status int
		code   string
		proxy  int // status in proxy mode where it differs
	}{
		{name: "own grant", url: ok, status: 200, proxy: 502},
		{name: "default port", url: "https://api.github.com:443/user", status: 200, proxy: 502},
		{name: "host in capitals", url: "HTTPS://API.GitHub.com/user", status: 200, proxy: 502},
		{name: "query and fragment", url: ok + "?a=1#x", status: 200, proxy: 502},
		{name: "unknown grant", url: ok, status: 404, code: codeGrantNotFound, setup: func(*fixture) string { return newID() }},
		{name: "empty grant", url: ok, status: 404, code: codeGrantNotFound, setup: func(*fixture) string { return "" }},
		{name: "grant is no UUID", url: ok, status: 404, code: codeGrantNotFound, setup: func(*fixture) string { return "test-secret-in-the-wrong-place" }},
		{name: "grant of another agent", url: ok, status: 404, code: codeGrantNotFound, setup: func(f *fixture) string {
			return f.newGrant(GrantSpec{AgentID: f.newAgent("other").ID}).ID
		}},
		{name: "delegated grant", url: ok, status: 200, proxy: 502, setup: func(f *fixture) string {
			g := f.newGrant(GrantSpec{AgentID: f.newAgent("other").ID})
			f.must(f.DelegateGrant(f.t.Context(), g.ID, f.agent.ID, time.Time{}))
			return g.ID
		}},
		{name: "delegation taken back", url: ok, status: 404, code: codeGrantNotFound, setup: func(f *fixture) string {
			g := f.newGrant(GrantSpec{AgentID: f.newAgent("other").ID})
			f.must(f.DelegateGrant(f.t.Context(), g.ID, f.agent.ID, time.Time{}))
			f.must(f.RevokeDelegation(f.t.Context(), g.ID, f.agent.ID))
			return g.ID
		}},
		{name: "delegation expired", url: ok, status: 404, code: codeGrantNotFound, setup: func(f *fixture) string {
			g := f.newGrant(GrantSpec{AgentID: f.newAgent("other").ID})
			f.must(f.DelegateGrant(f.t.Context(), g.ID, f.agent.ID, f.clock.now().Add(time.Minute)))
			f.clock.add(time.Minute)
			return g.ID
		}},
		{name: "expired grant", url: ok, status: 403, code: codeGrantExpired, setup: func(f *fixture) string {
			g := f.newGrant(GrantSpec{AgentID: f.agent.ID, ExpiresAt: f.clock.now().Add(time.Minute)})
			f.clock.add(time.Minute)
			return g.ID
		}},
		{name: "revoked grant", url: ok, status: 400, code: codeGrantRevoked, setup: func(f *fixture) string {
			f.must(f.RevokeGrant(f.t.Context(), f.grant.ID))
			return f.grant.ID
		}},
		{name: "proxy only", url: ok, status: 400, code: codeProxyOnly, proxy: 502, setup: func(f *fixture) string {
			return f.newGrant(GrantSpec{AgentID: f.agent.ID, ProxyOnly: true}).ID
		}},
		{name: "paused agent", url: ok, status: 401, code: codeAgentInactive, setup: func(f *fixture) string {
			f.must(f.PauseAgent(f.t.Context(), f.agent.ID))
			return f.grant.ID
		}},
		{name: "resumed agent", url: ok, status: 200, proxy: 502, setup: func(f *fixture) string {
			f.must(f.PauseAgent(f.t.Context(), f.agent.ID))
			f.must(f.ResumeAgent(f.t.Context(), f.agent.ID))
			return f.grant.ID
		}},
		{name: "revoked key", url: ok, status: 401, code: codeKeyRevoked, setup: func(f *fixture) string {
			f.must(f.RevokeKey(f.t.Context(), f.agent.KeyID))
			return f.grant.ID
		}},
		{name: "revoked agent", url: ok, status: 401, code: codeKeyRevoked, setup: func(f *fixture) string {
			f.must(f.RevokeAgent(f.t.Context(), f.agent.ID))
			return f.grant.ID
		}},
		{name: "other host", url: "https://evil.example/user", status: 422, code: codeBlocked},
		{name: "subdomain", url: "https://x.api.github.com/user", status: 422, code: codeBlocked},
		{name: "suffix", url: "https://api.github.com.evil.example/user", status: 422, code: codeBlocked},
		{name: "other port", url: "https://api.github.com:8443/user", status: 422, code: codeBlocked},
		{name: "http", url: "http://api.github.com/user", status: 422, code: codeBlocked},
		{name: "user-info", url: "https://api.github.com@evil.example/user", status: 422, code: codeBlocked},
		{name: "user-info of the right host", url: "https://u:test-secret-pw@api.github.com/user", status: 422, code: codeBlocked},
		{name: "trailing dot", url: "https://api.github.com./user", status: 422, code: codeBlocked},
		{name: "kelvin sign", url: "https://api.githu\u212a.com/user", status: 422, code: codeBlocked},
		{name: "full-width dot", url: "https://api.github\uff0ecom/user", status: 422, code: codeBlocked},
		{name: "backslash", url: `https://evil.example\@api.github.com/user`, status: 422, code: codeBlocked},
		{name: "line break", url: "https://api.github.com/user\r\nX: y", status: 422, code: codeBlocked},
		{name: "relative", url: "/user", status: 422, code: codeBlocked},
		{name: "no URL", url: "", status: 422, code: codeBlocked},
		{name: "file", url: "file:///etc/hosts", status: 422, code: codeBlocked},
		{name: "too long", url: ok + "?" + strings.Repeat("a", wire.MaxURL), status: 422, code: codeURLTooLong},
	}
	for _, tt := range tests {
		for _, mode := range []Mode{ModeRetrieve, ModeProxy} {
			t.Run(tt.name+"/"+string(mode), func(t *testing.T) {
				f := newFixture(t, InMemory())
				grantID := f.grant.ID
				if tt.setup != nil {
					grantID = tt.setup(f)
				}
				var r result
				status, code := tt.status, tt.code
				if mode == ModeProxy {
					if tt.proxy != 0 {
						status, code = tt.proxy, codeUpstreamFailed
					}
					r = f.proxy(wire.ProxyRequest{GrantID: grantID, Method: "GET", URL: tt.url}, tt.send)
				} else {
					r = f.token(grantID, tt.url, tt.send)
				}
				if r.status != status || r.str("error") != code {
					t.Fatalf("got %d %s, want %d %s", r.status, r.raw, status, code)
				}
				f.checkDecision(r, mode, grantID, code)
			})
		}
	}
}

// checkDecision compares answer and audit row.
func (f *fixture) checkDecision(r result, mode Mode, grantID, code string) {
	t := f.t
	t.Helper()
	rows := f.rows()
	if len(rows) != 1 {
		t.Fatalf("%d audit rows, want 1", len(rows))
	}
	row := rows[0]
	if row.AgentID != f.agent.ID || row.AgentName != "builder" || row.Mode != mode || row.Method != http.MethodGet || row.VaultTime <= 0 {
		t.Errorf("row %+v", row)
	}
	if want := grantID; wire.IsUUID(want) && row.GrantID != want || !wire.IsUUID(want) && row.GrantID != "" {
		t.Errorf("row's grant %q, asked for %q", row.GrantID, want)
	}
	dialled := f.dials.count()
	switch {
	case code == codeUpstreamFailed:
		if row.Decision != DecisionAllowed || row.Outcome != OutcomeFailed || row.ReasonCode != code || dialled != 1 {
			t.Errorf("row %+v, %d dials", row, dialled)
		}
	case code != "":
		if row.Decision != DecisionDenied || row.Outcome != OutcomeDenied || row.ReasonCode != code || dialled != 0 {
			t.Errorf("row %+v, %d dials", row, dialled)
		}
		for _, secret := range []string{testToken, "test-secret"} {
			if strings.Contains(string(r.raw), secret) || strings.Contains(fmt.Sprintf("%+v", row), secret) {
				t.Errorf("answer or row holds %q", secret)
			}
		}
	default:
		if row.Decision != DecisionAllowed || row.Outcome != OutcomeIntent || row.ReasonCode != "" || row.Host != "https://api.github.com" || row.Path != "/user" || row.Provider != "github" {
			t.Errorf("row %+v", row)
		}
	}
	if id, _ := wire.Get(r.header, wire.HeaderRequestID); id != row.ID {
		t.Errorf("X-Request-ID %q is not the row's ID %q", id, row.ID)
	}
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestRefusalReadsNoCredential breaks every stored credential: a refusal must
// not notice, and only an allowed call may fail.
func TestRefusalReadsNoCredential(t *testing.T) {
	f := newFixture(t)
	if _, err := rawDB(t, f.Vault).ExecContext(t.Context(), "UPDATE connections SET credential = x'00', data_key = x'00'"); err != nil {
		t.Fatal(err)
	}
	if r := f.token(f.grant.ID, "https://evil.example/", send{}); r.status != 422 {
		t.Errorf("blocked: %d %s", r.status, r.raw)
	}
	r := f.token(f.grant.ID, "https://api.github.com/", send{})
	if r.status != 503 || r.str("error") != codeInternal {
		t.Errorf("allowed with a broken credential: %d %s", r.status, r.raw)
	}
}

func TestMalformedBodies(t *testing.T) {
	bodies := map[string]string{
		"empty": "", "array": "[]", "text": "x", "truncated": `{"grant_id":"`, "no request": `{"grant_id":"x","reason":null}`,
		"both": `{"grant_id":"x","provider_id":"y","reason":null,"request":{"method":"GET","url":"https://x"}}`,
		"type": `{"grant_id":5,"reason":null,"request":{"method":"GET","url":"https://x"}}`, "binary": "\x00\xff\xfe",
	}
	for name, body := range bodies {
		for _, path := range []string{wire.PathToken, wire.PathProxy, wire.PathAudit} {
			t.Run(name+path, func(t *testing.T) {
				f := newFixture(t, InMemory())
				r := f.do(send{method: "POST", path: path, body: []byte(body)})
				if r.status != 400 || r.str("error") != codeInvalidRequest {
					t.Fatalf("%d %s", r.status, r.raw)
				}
				wantRows := 1
				if path == wire.PathAudit {
					wantRows = 0
				}
				if rows := f.rows(); len(rows) != wantRows {
					t.Errorf("%d rows, want %d", len(rows), wantRows)
				}
			})
		}
	}
}

func TestOversizedBody(t *testing.T) {
	f := newFixture(t)
	for _, socket := range []bool{false, true} {
		s := send{method: "POST", path: wire.PathToken, body: bytes.Repeat([]byte("a"), smallBody+1)}
		if socket {
			s.over, s.base = http.DefaultTransport, f.serve()
		}
		r := f.do(s)
		if r.status != http.StatusRequestEntityTooLarge || r.str("error") != codeBodyTooLarge {
			t.Errorf("socket %v: %d %s", socket, r.status, r.raw)
		}
	}
	if rows := f.rows(); len(rows) != 2 || rows[0].ReasonCode != codeBodyTooLarge {
		t.Errorf("rows %+v", rows)
	}
}

func TestUnknownEndpoints(t *testing.T) {
	f := newFixture(t)
	base := f.serve()
	for _, s := range []send{
		{method: "GET", path: "/sdk/scope"}, {method: "GET", path: "/"}, {method: "POST", path: "/sdk/token/"},
		{method: "GET", path: "/sdk//token"}, {method: "DELETE", path: wire.PathMe},
	} {
		s.over, s.base = http.DefaultTransport, base
		r := f.do(s)
		want := http.StatusNotFound
		if s.path == wire.PathMe {
			want = http.StatusMethodNotAllowed
			if r.header.Get("Allow") != "GET" {
				t.Errorf("Allow: %q", r.header.Get("Allow"))
			}
		}
		if r.status != want || r.str("error") != codeNotFound || r.str("message") == "" {
			t.Errorf("%s %s: %d %s", s.method, s.path, r.status, r.raw)
		}
		s.key = wire.NewManagedKey()
		if r := f.do(s); r.status != 401 {
			t.Errorf("%s %s with a strange key: %d", s.method, s.path, r.status)
		}
	}
	if rows := f.rows(); len(rows) != 0 {
		t.Errorf("%d audit rows", len(rows))
	}
}

func TestIdentityMode(t *testing.T) {
	f := newFixture(t)
	ci := f.newGrant(GrantSpec{AgentID: f.agent.ID, Account: "octo", Label: "ci"})
	f.newGrant(GrantSpec{AgentID: f.newAgent("other").ID, Account: "hidden"})
	ask := func(r wire.TokenRequest) result {
		r.Method, r.URL = "GET", "https://api.github.com/user"
		return f.token("", "", send{body: r.Marshal()})
	}
	if r := ask(wire.TokenRequest{ProviderID: "github", Label: "ci"}); r.status != 200 || r.str("grant_id") != ci.ID || f.lastRow().GrantID != ci.ID {
		t.Errorf("by label: %d %s", r.status, r.raw)
	}
	if r := ask(wire.TokenRequest{ProviderID: "github"}); r.status != 409 || r.str("error") != codeAmbiguousGrant || !bytes.Contains(r.raw, []byte(ci.ID)) {
		t.Errorf("two fit: %d %s", r.status, r.raw)
	}
	if r := ask(wire.TokenRequest{ProviderID: "github", Account: "hidden"}); r.status != 404 || r.str("error") != codeNoDelegatedGrant {
		t.Errorf("another agent's: %d %s", r.status, r.raw)
	}
	if r := ask(wire.TokenRequest{GrantID: f.grant.ID, UserToken: "jwt"}); r.status != 400 {
		t.Errorf("user token with an agent's key: %d %s", r.status, r.raw)
	}
}

func TestMe(t *testing.T) {
	f := newFixture(t)
	f.newGrant(GrantSpec{AgentID: f.agent.ID, Scopes: []string{"repo", "gist"}})
	me := send{method: "GET", path: wire.PathMe}
	info, err := wire.ParseAgentInfo(f.do(me).raw)
	if err != nil {
		t.Fatal(err)
	}
	if info.ID != f.agent.ID || info.Name != "builder" || info.Status != "active" || info.Type != "agent" || info.Version != 1 ||
		!info.CreatedAt.Equal(testTime) || info.LastUsedAt == nil || string(info.Scopes) != `{"github":["gist","repo"]}` {
		t.Errorf("%+v", info)
	}
	f.must(f.PauseAgent(t.Context(), f.agent.ID))
	if info, err = wire.ParseAgentInfo(f.do(me).raw); err != nil || info.Status != "inactive" || info.Version != 2 {
		t.Errorf("paused: %+v %v", info, err)
	}
	f.must(f.RevokeKey(t.Context(), f.agent.KeyID))
	if r := f.do(me); r.status != 401 || r.str("error") != codeKeyRevoked {
		t.Errorf("revoked key: %d %s", r.status, r.raw)
	}
	if len(f.rows()) != 0 {
		t.Error("me left audit rows")
	}
}

func TestMintedKey(t *testing.T) {
	f := newFixture(t)
	second, err := f.MintKey(t.Context(), f.agent.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.must(f.RevokeKey(t.Context(), f.agent.KeyID))
	f.must(f.RevokeKey(t.Context(), f.agent.KeyID))
	if r := f.token(f.grant.ID, "https://api.github.com/", send{key: second.Key}); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestContextEnds(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.RoundTrip(f.request(send{method: "GET", path: wire.PathMe, ctx: ctx}))
	if err != context.Canceled { //nolint:errorlint // http.Client relies on the bare error
		t.Errorf("got %v", err)
	}
	// A body that never ends must not hold the caller either.
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req := f.request(send{method: "POST", path: wire.PathToken, ctx: ctx})
	body := &endless{closed: make(chan struct{})}
	req.Body = body
	if _, err := f.RoundTrip(req); err == nil {
		t.Error("no error for an endless body")
	}
	<-body.closed
}

type endless struct {
	once   sync.Once
	closed chan struct{}
}

func (e *endless) Read([]byte) (int, error) {
	<-e.closed
	return 0, errors.New("closed")
}

func (e *endless) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// TestManyAtOnce has goroutines with different agents, grants and runs; no row
// and no credential may cross over.
func TestManyAtOnce(t *testing.T) {
	f := newFixture(t)
	const agents, calls = 8, 6
	var wg sync.WaitGroup
	errs := make(chan error, agents*calls)
	for i := range agents {
		creds := f.newAgent(fmt.Sprintf("agent-%d", i))
		secret := fmt.Sprintf("test-secret-of-agent-%d", i)
		g := f.newGrant(GrantSpec{AgentID: creds.ID, Credential: Credential{Token: secret}})
		for j := range calls {
			wg.Go(func() {
				r := f.token(g.ID, fmt.Sprintf("https://api.github.com/%d/%d", i, j), send{
					key: creds.Key, context: fmt.Sprintf(`{"run_id":"run-%d-%d"}`, i, j),
				})
				if r.status != 200 || r.str("access_token") != secret || r.str("grant_id") != g.ID {
					errs <- fmt.Errorf("agent %d call %d: status %d", i, j, r.status)
				}
			})
		}
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	rows := f.rows()
	if len(rows) != agents*calls {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		if want := strings.ReplaceAll(strings.TrimPrefix(row.Path, "/"), "/", "-"); row.RunID != "run-"+want || row.AgentName != "agent-"+want[:1] {
			t.Errorf("row crossed over: %+v", row)
		}
	}
}
