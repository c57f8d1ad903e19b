package vault

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

// wantError checks kind and code, and that the text is one line without
// anything planted.
func wantError(t *testing.T, err, kind error, code string) *Error {
	t.Helper()
	var e *Error
	if !errors.Is(err, kind) || !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want %v with code %s", err, kind, code)
	}
	text := e.Error()
	for _, planted := range []string{testKey, testToken, "q-secret", "\n"} {
		if strings.Contains(text, planted) {
			t.Errorf("the error holds %q: %s", planted, text)
		}
	}
	return e
}

func TestRetrieve(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	agent := vault.agent(WithCaller("cron"), WithUserAgent("my-agent/1"))
	ctx := agent.Trace(t.Context(), Trace{RunID: "run-abc123", ThreadID: "t1"})
	ctx = WithReason(ctx, "why")
	req := newRequest(t, "POST", p.URL+"/v1/x?b=2&a=1&a=0;c", `{"in":1}`).WithContext(ctx)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer of-the-caller")
	req.Header["authorization"] = []string{"Bearer of-the-caller-too"}
	req.Header.Set("X-Keep", "1")
	for _, h := range []string{"X-Api-Key", "X-Alter-Context", "Tracestate", "Baggage", "Cookie", "Proxy-Authorization"} {
		req.Header.Set(h, "must-not-leave")
	}
	req.Header.Set("Traceparent", goodTrace)
	before := req.Header.Clone()
	resp, body := fetch(t, agent.HTTPClient(Grant(testGrant)), req)
	if resp.StatusCode != 200 || body != `{"ok":true}` || resp.ContentLength != 11 {
		t.Errorf("got %d %s, length %d", resp.StatusCode, body, resp.ContentLength)
	}
	if diff := cmp.Diff(before, req.Header); diff != "" {
		t.Errorf("the request was changed: %s", diff)
	}
	got := p.last(t)
	if got.RequestURI != "/v1/x?b=2&a=1&a=0;c" || p.bodies[0] != `{"in":1}` {
		t.Errorf("the provider saw %s %s", got.RequestURI, p.bodies[0])
	}
	want := http.Header{
		"Authorization": {"Bearer " + testToken}, "Content-Type": {"application/json"}, "X-Keep": {"1"},
		"Content-Length": {"8"}, "User-Agent": {"my-agent/1"}, "Accept-Encoding": {"gzip"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("provider headers: %s", diff)
	}
	tokens, wantContext := vault.calls(wire.PathToken), `{"agent":"cron","run_id":"run-abc123","thread_id":"t1"}`
	wantBody := `{"grant_id":"` + testGrant + `","reason":"why","request":{"method":"POST","url":"` + p.URL + `/v1/x"}}`
	if len(tokens) != 1 || tokens[0].Body != wantBody {
		t.Errorf("token requests: %v", tokens)
	}
	for _, h := range []struct{ name, value string }{
		{"X-Alter-Caller", "cron"}, {"X-Alter-Caller-Type", "agent"}, {"Traceparent", goodTrace},
	} {
		if got := tokens[0].Header.Get(h.name); got != h.value {
			t.Errorf("%s: %q, want %q", h.name, got, h.value)
		}
	}
	sentContext := tokens[0].Header.Get("X-Alter-Context")
	if withoutCallID(sentContext) != wantContext || sentContext == wantContext {
		t.Errorf("context %s", sentContext)
	}
	reports := vault.settle(agent)
	if len(reports) != 1 {
		t.Fatalf("%d reports", len(reports))
	}
	r := reports[0]
	if r.ResponseStatus != 200 || r.URL != p.URL+"/v1/x" || r.Method != http.MethodPost || *r.Reason != "why" ||
		wire.EncodeContext(r.Context) != sentContext || r.GrantID != testGrant || r.ProviderID != "p" {
		t.Errorf("report: %+v", r)
	}
	headers := []wire.Pair{{Key: "Content-Type", Value: "application/json"}, {Key: "User-Agent", Value: "my-agent/1"}, {Key: "X-Keep", Value: "1"}}
	if diff := cmp.Diff(headers, r.RequestHeaders); diff != "" {
		t.Errorf("reported headers: %s", diff)
	}
	if got := vault.calls(wire.PathAudit)[0].Header; got.Get("X-Alter-Context") != sentContext || got.Get("Traceparent") != goodTrace {
		t.Errorf("audit headers: %v", got)
	}
}

func TestInjections(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	agent := vault.agent()
	vault.credential(wire.Credential{
		AccessToken: testToken, InjectionHeader: "X-Token", InjectionFormat: "t={token}; {token}",
		Additional: map[string]string{"k_1": "test-secret-second", "unused": "test-secret-third"},
		Injections: []wire.Injection{
			{Target: "query_param", Key: "api_key", ValueSource: "additional_credentials.k_1"},
			{Target: "header", Key: "X-Second", ValueSource: "token"},
			{Target: "header", Key: "X-Missing", ValueSource: "additional_credentials.nothing"},
		},
	})
	req := newRequest(t, "GET", p.URL+"/x?a=%2F&api_key=of-the-caller&b", "")
	req.Header["x-TOKEN"] = []string{"of-the-caller"}
	fetch(t, agent.HTTPClient(Grant(testGrant)), req)
	got := p.last(t)
	if got.RequestURI != "/x?a=%2F&b&api_key=test-secret-second" {
		t.Errorf("target %s", got.RequestURI)
	}
	if diff := cmp.Diff([]string{"t=" + testToken + "; {token}"}, got.Header["X-Token"]); diff != "" {
		t.Error(diff)
	}
	if got.Header.Get("X-Second") != testToken || got.Header["X-Missing"] != nil || got.Header["Authorization"] != nil {
		t.Errorf("headers %v", got.Header)
	}
	for _, r := range vault.settle(agent) {
		if text := string(r.Marshal()); strings.Contains(text, "secret") {
			t.Errorf("a report holds a credential: %s", text)
		}
	}
}

// TestBasicCredentialIsMasked: the part that is the secret, also where a provider
// takes its key as the user name, with a filler as the password.
func TestBasicCredentialIsMasked(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_, _ = io.WriteString(w, "user "+user+", password "+password)
	})
	stars := strings.Repeat("*", len("test-secret-key"))
	for pair, want := range map[string]string{
		"someone@example.com:test-secret-key": "user someone@example.com, password " + stars,
		"test-secret-key:":                    "user " + stars + ", password ",
		"test-secret-key:X":                   "user " + stars + ", password X",
		":test-secret-key":                    "user , password " + stars,
	} {
		vault := newFakeVault(t)
		vault.credential(wire.Credential{AccessToken: base64.StdEncoding.EncodeToString([]byte(pair)), InjectionHeader: "Authorization", InjectionFormat: "Basic {token}"})
		agent := vault.agent()
		if _, body := fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL+"/x", "")); body != want {
			t.Errorf("%s arrived as %q", pair, body)
		}
		vault.settle(agent)
	}
}

// TestRedirects: a redirect to another host carries nothing there, neither when
// our client returns it nor when the program's own client follows it.
func TestRedirects(t *testing.T) {
	vault := newFakeVault(t)
	elsewhere := newProvider(t, nil)
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/out":
			http.Redirect(w, r, elsewhere.URL+"/stolen", http.StatusTemporaryRedirect)
		case "/in":
			http.Redirect(w, r, "/there", http.StatusFound)
		}
	})
	agent := vault.agent()
	resp, _ := fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL+"/out", ""))
	if resp.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("status %d", resp.StatusCode)
	}
	following := &http.Client{Transport: agent.Transport(Grant(testGrant))}
	_, err := following.Do(newRequest(t, "GET", p.URL+"/out", ""))
	wantError(t, err, ErrBlockedDestination, "blocked_destination")
	if resp, _ := fetch(t, following, newRequest(t, "GET", p.URL+"/in", "")); resp.Request.URL.Path != "/there" {
		t.Errorf("a redirect on the same host ended at %s", resp.Request.URL.Path)
	}
	if elsewhere.count() > 0 {
		t.Errorf("the other host was called with %v", elsewhere.last(t).Header)
	}
	plain := &http.Client{Transport: agent.Transport(Grant(testGrant)).PlainTransport()}
	fetch(t, plain, newRequest(t, "GET", elsewhere.URL+"/file", ""))
	for name := range elsewhere.last(t).Header {
		if name != "User-Agent" && name != "Accept-Encoding" {
			t.Errorf("the plain transport sent %s", name)
		}
	}
}

func TestCookiesDoNotCrossGrants(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathAudit, func(w http.ResponseWriter, _ []byte) { w.Header().Set("Set-Cookie", "s=1") })
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "s=1") })
	agent := vault.agent()
	for range 2 {
		fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL, ""))
	}
	vault.settle(agent)
	for _, s := range vault.log {
		if s.Header.Get("Cookie") != "" {
			t.Error("a cookie went to the vault")
		}
	}
	if p.last(t).Header.Get("Cookie") != "" {
		t.Error("a cookie went to the provider")
	}
}

// TestHooksSeeNothing: httptrace hooks of the caller's context would see header
// fields as they are written.
func TestHooksSeeNothing(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	var mu sync.Mutex
	var fields []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteHeaderField: func(key string, value []string) {
		mu.Lock()
		defer mu.Unlock()
		fields = append(fields, key+strings.Join(value, ""))
	}})
	fetch(t, vault.agent().HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL, "").WithContext(ctx))
	mu.Lock()
	defer mu.Unlock()
	if len(fields) > 0 {
		t.Errorf("a hook saw %d fields", len(fields))
	}
}

func TestStreamingBothWays(t *testing.T) {
	vault := newFakeVault(t)
	got := make(chan string, 1)
	server := newStreamServer(t, got)
	r, w := io.Pipe()
	req := newRequest(t, "POST", server.URL, "").WithContext(WithGrant(t.Context(), testGrant))
	req.Body = r
	resp, err := vault.agent().Transport().RoundTrip(req) // answers before the body has ended
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != "early" {
		t.Fatalf("%q, %v", buf, err)
	}
	_, _ = io.WriteString(w, "late")
	_ = w.Close()
	if s := <-got; s != "late" {
		t.Errorf("the provider read %q", s)
	}
}

func TestContextEndsTheCall(t *testing.T) {
	vault := newFakeVault(t)
	release := make(chan struct{})
	p := newProvider(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	agent := vault.agent()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := agent.HTTPClient(Grant(testGrant)).Do(newRequest(t, "GET", p.URL+"/x?q-secret=1", "").WithContext(ctx))
	e := wantError(t, err, ErrTimeout, "timeout")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(e, ErrNetwork) || !e.Timeout() {
		t.Errorf("got %v", err)
	}
	reports := vault.settle(agent)
	if len(reports) != 1 || reports[0].ResponseStatus != 0 || !strings.HasPrefix(*reports[0].ResponseBody, "<transport error: timeout") {
		t.Errorf("reports: %+v", reports)
	}
}

func TestProviderFaultKeepsNoCredential(t *testing.T) {
	vault := newFakeVault(t)
	agent := vault.agent(WithProviderTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, &leakyError{r.Header.Get("Authorization")}
	})))
	_, err := agent.Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://api.example.com/", ""))
	e := wantError(t, err, ErrNetwork, "network_error")
	if !e.Retryable || !e.Temporary() {
		t.Error("not retryable")
	}
	if _, ok := errors.AsType[*leakyError](err); ok {
		t.Error("the cause with the credential can be reached")
	}
}

type leakyError struct{ header string }

func (e *leakyError) Error() string { return "could not write " + e.header }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
