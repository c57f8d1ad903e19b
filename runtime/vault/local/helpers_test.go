package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	testToken  = "test-secret-token-0123456789"
	testSecond = "test-secret-second/+=value"
)

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a settable time for WithClock.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: testTime} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// fixture is a vault with one agent that owns one grant.
type fixture struct {
	*Vault
	t     testing.TB
	dir   string
	clock *clock
	agent *AgentCredentials
	grant *Grant
	dials *dialRecorder
}

func newFixture(t testing.TB, opts ...Option) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), clock: newClock(), dials: &dialRecorder{}}
	f.Vault = f.open(opts...)
	f.agent = f.newAgent("builder")
	f.grant = f.newGrant(GrantSpec{AgentID: f.agent.ID})
	return f
}

func (f *fixture) open(opts ...Option) *Vault {
	f.t.Helper()
	v, err := Open(f.dir, append([]Option{WithClock(f.clock.now), WithProviderTransport(f.dials)}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = v.Close() })
	return v
}

func (f *fixture) newAgent(name string) *AgentCredentials {
	f.t.Helper()
	c, err := f.CreateAgent(f.t.Context(), AgentSpec{Name: name})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (f *fixture) newGrant(spec GrantSpec) *Grant {
	f.t.Helper()
	if spec.Provider == "" {
		spec.Provider = "github"
	}
	if spec.Hosts == nil {
		spec.Hosts = []string{"https://api.github.com"}
	}
	if spec.Credential.Token == "" {
		spec.Credential.Token = testToken
	}
	g, err := f.CreateGrant(f.t.Context(), spec)
	if err != nil {
		f.t.Fatal(err)
	}
	return g
}

// send is one request to the vault; zero fields get the fixture's values.
type send struct {
	key, method, path, query string
	body                     []byte
	caller, callerType       string
	context, scopes, rule    string
	traceparent              string
	nonce, timestamp         string
	change                   func(*http.Request) // after signing
	over                     http.RoundTripper   // nil = in memory
	base                     string
	ctx                      context.Context
}

// result is the vault's answer.
type result struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]jsontext.Value
}

func (r result) str(name string) string {
	var s string
	_ = json.Unmarshal(r.body[name], &s)
	return s
}

func (f *fixture) request(s send) *http.Request {
	f.t.Helper()
	if s.key == "" {
		s.key = f.agent.Key
	}
	if s.base == "" {
		s.base = "http://vault.invalid"
	}
	if s.nonce == "" {
		s.nonce = wire.NewNonce()
	}
	if s.timestamp == "" {
		s.timestamp = wire.FormatTimestamp(f.clock.now())
	}
	if s.ctx == nil {
		s.ctx = f.t.Context()
	}
	target := s.path
	if s.query != "" {
		target += "?" + s.query
	}
	req, err := http.NewRequestWithContext(s.ctx, s.method, s.base+target, bytes.NewReader(s.body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header[wire.HeaderAPIKey] = []string{s.key}
	wire.SetHeaders(req.Header, wire.SigningKey(s.key), wire.Signable{
		Method: s.method, Target: target, Timestamp: s.timestamp, Nonce: s.nonce, ContentHash: wire.ContentHash(s.body),
		Scopes: s.scopes, RequestRule: s.rule, Caller: s.caller, CallerType: s.callerType, Context: s.context,
	})
	if s.traceparent != "" {
		req.Header[wire.HeaderTraceparent] = []string{s.traceparent}
	}
	if s.change != nil {
		s.change(req)
	}
	return req
}

func (f *fixture) do(s send) result {
	f.t.Helper()
	rt := s.over
	if rt == nil {
		rt = f.Vault
	}
	resp, err := rt.RoundTrip(f.request(s))
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	r := result{status: resp.StatusCode, header: resp.Header, raw: raw}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			f.t.Fatalf("status %d: answer is not a JSON object: %v", resp.StatusCode, err)
		}
	}
	return r
}

// token asks for a credential for a GET.
func (f *fixture) token(grantID, url string, s send) result {
	f.t.Helper()
	s.method, s.path = http.MethodPost, wire.PathToken
	if s.body == nil {
		s.body = wire.TokenRequest{GrantID: grantID, Method: http.MethodGet, URL: url}.Marshal()
	}
	return f.do(s)
}

func (f *fixture) proxy(r wire.ProxyRequest, s send) result {
	f.t.Helper()
	s.method, s.path = http.MethodPost, wire.PathProxy
	if s.body == nil {
		s.body = r.Marshal()
	}
	return f.do(s)
}

func (f *fixture) report(r wire.AuditReport, s send) result {
	f.t.Helper()
	s.method, s.path, s.body = http.MethodPost, wire.PathAudit, r.Marshal()
	return f.do(s)
}

func (f *fixture) rows() []AuditEntry {
	f.t.Helper()
	rows, err := f.Audit(f.t.Context(), AuditFilter{})
	if err != nil {
		f.t.Fatal(err)
	}
	return rows
}

func (f *fixture) lastRow() AuditEntry {
	f.t.Helper()
	rows := f.rows()
	if len(rows) == 0 {
		f.t.Fatal("no audit row")
	}
	return rows[len(rows)-1]
}

// serve puts the vault behind a real socket on loopback.
func (f *fixture) serve() (base string) {
	f.t.Helper()
	srv := httptest.NewServer(f.Vault)
	f.t.Cleanup(srv.Close)
	return srv.URL
}

// dialRecorder is a provider transport that never connects: it records where a
// request would have gone and fails.
type dialRecorder struct {
	mu   sync.Mutex
	seen []string
}

func (d *dialRecorder) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, r.URL.Host)
	return nil, errors.New("no connections in this test: " + r.URL.String())
}

func (d *dialRecorder) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.seen)
}
