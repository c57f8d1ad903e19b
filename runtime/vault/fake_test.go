package vault

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Planted values. No test may find one of the first two outside the fake vault
// and the provider's request.
const (
	testKey   = "alter_key_test-secret-key-0123456789-abcdefghijkl_"
	testApp   = "alter_rk_abcdefghijklmnopqrstuv_iwpykn"
	testToken = "test-secret-token/with+odd\"chars&é-0123456789"
	testGrant = "22222222-2222-4222-8222-222222222222"
	goodTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

// seen is one request that the fake vault verified.
type seen struct {
	Method string
	Path   string
	Target string // path and query as sent
	Body   string
	Header http.Header
}

// fakeVault is a vault that checks every signature and answers from a script.
type fakeVault struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	log     []seen
	nonces  map[string]bool
	scripts map[string]func(http.ResponseWriter, []byte)

	override func(http.ResponseWriter, []byte) // answers everything
}

func newFakeVault(t *testing.T) *fakeVault {
	t.Helper()
	f := &fakeVault{t: t, nonces: map[string]bool{}, scripts: map[string]func(http.ResponseWriter, []byte){
		wire.PathToken: answer200(wire.Credential{AccessToken: testToken, GrantID: testGrant, ProviderID: "p"}.Marshal()),
		wire.PathAudit: answer200(nil),
		wire.PathMe: answer200([]byte(`{"id":"` + testGrant +
			`","name":"n","type":"agent","status":"active","version":1,"created_at":"2026-01-01T00:00:00Z"}`)),
		wire.PathScopeMismatch(testGrant): func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusNoContent) },
	}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func answer200(body []byte) func(http.ResponseWriter, []byte) { return answerWith(http.StatusOK, body) }

func answerWith(status int, body []byte) func(http.ResponseWriter, []byte) {
	return func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func (f *fakeVault) script(path string, h func(http.ResponseWriter, []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.scripts[path] = h
}

// answerAll answers every request with h, until it is called with nil.
func (f *fakeVault) answerAll(h func(http.ResponseWriter, []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.override = h
}

func (f *fakeVault) credential(c wire.Credential) {
	c.GrantID = testGrant
	f.script(wire.PathToken, answer200(c.Marshal()))
}

func (f *fakeVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s, err := wire.Verify(wire.SigningKey(r.Header.Get("X-Api-Key")), r.Method, r.RequestURI, r.Header, body)
	f.mu.Lock()
	if key := r.Header.Get("X-Api-Key"); err != nil || f.nonces[s.Nonce] || key != testKey && key != testApp {
		f.t.Errorf("vault: %s is not signed well: %v", r.URL.Path, err)
	}
	f.nonces[s.Nonce] = true
	f.log = append(f.log, seen{r.Method, r.URL.Path, r.RequestURI, string(body), r.Header.Clone()})
	h := f.scripts[r.URL.Path]
	if f.override != nil {
		h = f.override
	}
	f.mu.Unlock()
	if h == nil {
		h = answerWith(http.StatusNotFound, wire.MarshalError("not_found", "no such endpoint"))
	}
	h(w, body)
}

// calls returns the verified requests for a path.
func (f *fakeVault) calls(path string) []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []seen
	for _, s := range f.log {
		if s.Path == path {
			out = append(out, s)
		}
	}
	return out
}

func (f *fakeVault) agent(opts ...Option) *Agent {
	f.t.Helper()
	a, err := NewAgent(testKey, append([]Option{WithBaseURL(f.URL)}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = a.Close(f.t.Context()) })
	return a
}

func (f *fakeVault) app(opts ...Option) *App {
	f.t.Helper()
	a, err := NewApp(testApp, append([]Option{WithBaseURL(f.URL)}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = a.Close(f.t.Context()) })
	return a
}

// all returns every verified request.
func (f *fakeVault) all() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

// settle closes the agent and returns the audit reports that arrived.
func (f *fakeVault) settle(a *Agent) []wire.AuditReport {
	f.t.Helper()
	if err := a.Close(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	var out []wire.AuditReport
	for _, c := range f.calls(wire.PathAudit) {
		r, err := wire.ParseAuditReport([]byte(c.Body))
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// provider records what reaches it.
type provider struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	handler  http.HandlerFunc
}

func newProvider(t *testing.T, h http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{handler: h}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.requests, p.bodies = append(p.requests, r), append(p.bodies, string(body))
		p.mu.Unlock()
		if p.handler == nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"ok":true}`)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		p.handler(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) last(t *testing.T) *http.Request {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) == 0 {
		t.Fatal("the provider was not called")
	}
	return p.requests[len(p.requests)-1]
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

// fetch makes a request and returns the response with its body.
func fetch(t *testing.T, hc *http.Client, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := hc.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// newStreamServer answers "early" before it reads the request's body, which it
// sends to got.
func newStreamServer(t *testing.T, got chan<- string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		_, _ = io.WriteString(w, "early")
		_ = rc.Flush()
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	t.Cleanup(s.Close)
	return s
}

// withoutCallID takes the random call ID out of a context header.
func withoutCallID(header string) string {
	pairs, err := wire.ParseContext(header)
	if err != nil {
		return err.Error()
	}
	pairs = slices.DeleteFunc(pairs, func(p wire.Pair) bool { return p.Key == "call_id" && len(p.Value) == 32 })
	return wire.EncodeContext(pairs)
}
