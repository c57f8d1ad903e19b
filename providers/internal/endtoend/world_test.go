package endtoend_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

const (
	plainToken  = "test-secret-Plain0123456789abcdefXYZ"
	traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// setting is one way from a client to a provider.
type setting struct {
	name   string
	mode   vault.Mode
	socket bool // the vault is behind HTTP, not in memory
}

func settings() []setting {
	return []setting{
		{"retrieve embedded", vault.Retrieve, false},
		{"retrieve over HTTP", vault.Retrieve, true},
		{"proxy embedded", vault.Proxy, false},
		{"proxy over HTTP", vault.Proxy, true},
	}
}

// eachSetting runs f once for every way from a client to a provider.
func eachSetting(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f(t, newWorld(t, plan{setting: s}))
		})
	}
}

// plan says how a world is built; zero fields mean what most tests want.
type plan struct {
	setting

	credential local.Credential // default: plainToken as a bearer token
	folder     string           // default: in memory
	vaultOpts  []local.Option
	agentOpts  []vault.Option
	proxyOnly  bool
	network    http.RoundTripper // default: loopback only
}

// world is one agent with one grant for one stand-in provider.
type world struct {
	t        testing.TB
	vault    *local.Vault
	door     *httptest.Server // the vault's socket, nil when embedded
	agent    *vault.Agent
	key      string
	agentID  string
	grant    string
	provider *server
	other    *server // a host that no grant names
	logs     *safeBuffer
}

func newWorld(t testing.TB, p plan) *world {
	t.Helper()
	w := &world{t: t, logs: &safeBuffer{}}
	w.provider, w.other = newServer(t, w.logs), newServer(t, w.logs)
	network := p.network
	if network == nil {
		own := loopbackOnly()
		t.Cleanup(own.CloseIdleConnections)
		network = own
	}
	base := w.provider.URL
	opts := append([]local.Option{
		local.WithProviderTransport(network), local.WithLogger(w.logger()),
		local.WithOperations(base, github.Operations()), local.WithOperations(base, slack.Operations()),
	}, p.vaultOpts...)
	if p.folder == "" {
		opts = append(opts, local.InMemory())
	}
	var err error
	if w.vault, err = local.Open(p.folder, opts...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.vault.Close() })
	if p.credential.Token == "" {
		p.credential.Token = plainToken
	}
	w.provision(p)
	w.agent = w.newAgent(p, network)
	return w
}

func (w *world) provision(p plan) {
	creds, err := w.vault.CreateAgent(context.Background(), local.AgentSpec{Name: "tester"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.key, w.agentID = creds.Key, creds.ID
	w.grant = w.newGrant(local.GrantSpec{AgentID: creds.ID, Credential: p.credential, ProxyOnly: p.proxyOnly})
}

func (w *world) newGrant(spec local.GrantSpec) string {
	w.t.Helper()
	spec.Provider = "standin"
	if spec.Hosts == nil {
		spec.Hosts = []string{w.provider.URL}
	}
	if spec.Credential.Token == "" {
		spec.Credential.Token = plainToken
	}
	g, err := w.vault.CreateGrant(context.Background(), spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return g.ID
}

func (w *world) newAgent(p plan, network http.RoundTripper) *vault.Agent {
	w.t.Helper()
	opts := []vault.Option{vault.WithMode(p.mode), vault.WithProviderTransport(network), vault.WithLogger(w.logger())}
	if p.socket {
		w.door = httptest.NewUnstartedServer(w.vault)
		w.door.Config.ErrorLog = log.New(w.logs, "", 0)
		w.door.Start()
		w.t.Cleanup(w.door.Close)
		opts = append(opts, vault.WithBaseURL(w.door.URL))
	} else {
		opts = append(opts, vault.WithBackend(w.vault))
	}
	agent, err := vault.NewAgent(w.key, append(opts, p.agentOpts...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = agent.Close(ctx)
	})
	return agent
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// once makes each call once, so that a table of failures does not wait.
func once() api.Option { return api.WithRetry(api.RetryPolicy{Attempts: 1}) }

func (w *world) client() *http.Client { return w.agent.HTTPClient(vault.Grant(w.grant)) }

func (w *world) github(opts ...api.ClientOption) *github.Client {
	return github.New(w.client(), append([]api.ClientOption{api.WithBaseURL(w.provider.url()), once()}, opts...)...)
}

func (w *world) slack(opts ...api.ClientOption) *slack.Client {
	return slack.New(w.client(), append([]api.ClientOption{api.WithBaseURL(w.provider.url()), once()}, opts...)...)
}

// ctx is a context with everything that must not reach a provider.
func (w *world) ctx() context.Context {
	ctx := w.agent.Trace(context.Background(), vault.Trace{RunID: "run-abc123", Metadata: map[string]string{"team": "harbor"}})
	return vault.WithReason(vault.WithTraceparent(ctx, traceparent), "a test")
}

// trail waits for the reports under way and returns the audit rows.
func (w *world) trail() []local.AuditEntry { return w.rows(local.AuditFilter{}) }

// oneNewRow runs f and returns the row that it left in the trail; ok is false
// when it left none, or several.
func (w *world) oneNewRow(f func()) (row local.AuditEntry, ok bool) {
	last := func() (ids []string, row local.AuditEntry) {
		for _, row = range w.rows(local.AuditFilter{Limit: 2}) {
			ids = append(ids, row.ID)
		}
		return ids, row
	}
	before, _ := last()
	f()
	after, row := last()
	return row, len(after) == 1 && len(before) == 0 || len(after) == 2 && after[1] != before[len(before)-1] && after[0] == before[len(before)-1]
}

func (w *world) rows(filter local.AuditFilter) []local.AuditEntry {
	w.t.Helper()
	for range 500 {
		if w.agent.AuditStats().Pending == 0 {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	rows, err := w.vault.Audit(context.Background(), filter)
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// server is a stand-in whose answer each test scripts.
type server struct {
	*httptest.Server

	answer atomic.Pointer[http.HandlerFunc]
	mu     sync.Mutex
	seen   []*http.Request
}

func newServer(t testing.TB, logs *safeBuffer) *server {
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.Clone(context.Background()))
		s.mu.Unlock()
		if f := s.answer.Load(); f != nil {
			(*f)(w, r)
		}
	}))
	s.Config.ErrorLog = log.New(logs, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *server) script(f http.HandlerFunc) {
	s.answer.Store(&f)
	s.mu.Lock()
	s.seen = nil
	s.mu.Unlock()
}

func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.seen...)
}

func (s *server) url() *url.URL {
	u, err := url.Parse(s.URL)
	if err != nil {
		panic(err)
	}
	return u
}

// host is the server under another name for the same address.
func (s *server) named(name string) string {
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	return "http://" + name + ":" + port
}

// loopbackOnly refuses to leave the machine whatever a test does.
func loopbackOnly() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, errors.New("a test dialed an address outside loopback")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

// safeBuffer collects logs of several goroutines.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// checkDelivery looks at what reached the provider: the credential once, and
// nothing that is meant for the vault.
func checkDelivery(t *testing.T, s *server, token string) {
	t.Helper()
	for _, r := range s.requests() {
		if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer "+token {
			t.Errorf("%s %s came with %d credentials", r.Method, r.URL.Path, len(got))
		}
		checkNoVaultHeaders(t, r)
	}
}

func checkNoVaultHeaders(t *testing.T, r *http.Request) {
	t.Helper()
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-alter") || lower == "traceparent" || lower == "tracestate" || lower == "baggage" || lower == "x-api-key" {
			t.Errorf("%s reached %s", name, r.Host)
		}
	}
}
