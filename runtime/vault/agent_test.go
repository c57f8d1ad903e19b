package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func TestNewAgentRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		opts []Option
	}{
		"no key": {key: ""}, "prefix": {key: "alter_pat_q-secret"}, "checksum": {key: "alter_rk_abcdefghijklmnopqrstuv_iwpykm"},
		"space": {key: " " + testKey}, "newline": {key: testKey + "\n"},
		"base":         {key: testKey, opts: []Option{WithBaseURL("http://10.0.0.1")}},
		"empty base":   {key: testKey, opts: []Option{WithBaseURL("")}},
		"base user":    {key: testKey, opts: []Option{WithBaseURL("https://u:q-secret@x")}},
		"caller":       {key: testKey, opts: []Option{WithCaller("")}},
		"caller space": {key: testKey, opts: []Option{WithCaller("x ")}},
		"mode":         {key: testKey, opts: []Option{WithMode(9)}},
	} {
		_, err := NewAgent(c.key, c.opts...)
		wantError(t, err, ErrInvalidInput, "invalid_value")
		if c.key != "" && err != nil && strings.Contains(err.Error(), strings.TrimSpace(c.key)) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
}

func TestBaseURLFromEnvironment(t *testing.T) {
	vault := newFakeVault(t)
	t.Setenv("ALTER_BASE_URL", vault.URL+"///")
	a, err := NewAgent(testKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Me(t.Context()); err != nil {
		t.Error(err)
	}
	t.Setenv("ALTER_BASE_URL", "")
	_, err = NewAgent(testKey)
	e := wantError(t, err, ErrInvalidInput, "invalid_value")
	if !strings.Contains(e.Error(), "ALTER_BASE_URL") {
		t.Errorf("the error does not say where the URL came from: %s", e)
	}
}

// TestBackendWithPrefix: an embedded vault is called without a socket, and a
// path prefix is not signed.
func TestBackendWithPrefix(t *testing.T) {
	vault := newFakeVault(t)
	var path string
	backend := roundTripper(func(r *http.Request) (*http.Response, error) {
		path = r.URL.Path
		r = r.Clone(r.Context())
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/base")
		r.URL.Host = strings.TrimPrefix(vault.URL, "http://")
		r.URL.Scheme = "http"
		return http.DefaultTransport.RoundTrip(r)
	})
	t.Setenv("ALTER_BASE_URL", "ftp://ignored")
	for want, opts := range map[string][]Option{
		"/sdk/agents/me": nil, "/base/sdk/agents/me": {WithBaseURL("https://vault.example.com/base/")},
	} {
		a, err := NewAgent(testKey, append(opts, WithBackend(backend))...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Me(t.Context()); err != nil || path != want {
			t.Errorf("path %s, %v", path, err)
		}
	}
}

func TestMe(t *testing.T) {
	vault := newFakeVault(t)
	agent := vault.agent()
	info, err := agent.Me(agent.Trace(t.Context(), Trace{RunID: "r", Parent: new("boss")}))
	if err != nil {
		t.Fatal(err)
	}
	want := &AgentInfo{ID: testGrant, Name: "n", Type: "agent", Status: "active", Version: 1, CreatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Error(diff)
	}
	got := vault.calls(wire.PathMe)[0].Header.Get("X-Alter-Context")
	if !strings.HasPrefix(got, `{"agent":"agent-local-`) || !strings.HasSuffix(got, `","parent_agent":"boss","run_id":"r"}`) {
		t.Errorf("context %s", got)
	}
	for body, want := range map[string]struct {
		status int
		kind   error
		code   string
	}{
		`{"error":"me_requires_agent_key"}`:                 {403, ErrMeRequiresAgentKey, "me_requires_agent_key"},
		`{"error":"x","message":"key ` + testKey + ` bad"}`: {401, ErrVault, "x"},
		`{"id":"x"}`: {200, ErrVault, "bad_vault_answer"},
		``:           {404, ErrVault, ""},
	} {
		vault.script(wire.PathMe, answerWith(want.status, []byte(body)))
		_, err := agent.Me(t.Context())
		if e := wantError(t, err, want.kind, want.code); errors.Is(e, ErrGrantNotFound) {
			t.Error("a bare 404 is no missing grant here")
		}
	}
}

func TestKeyFacts(t *testing.T) {
	vault := newFakeVault(t)
	actors := []string{"no-uuid", "33333333-3333-4333-8333-333333333333", testGrant}
	n := 0
	vault.script(wire.PathMe, func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("X-Alter-Key-Deprecated", "true")
		w.Header().Set("X-RateLimit-Limit", "100")
		w.Header().Set("X-RateLimit-Remaining", "7")
		w.Header().Set("X-RateLimit-Reset", "1767225660")
		w.Header().Set("X-Alter-Actor-ID", actors[min(n, 2)])
		n++
		answerWith(429, wire.MarshalError("rate_limit_exceeded", ""))(w, nil)
	})
	var logged bytes.Buffer
	agent := vault.agent(WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	if _, ok := agent.RateLimit(); ok || agent.KeyDeprecated() {
		t.Error("facts before the first answer")
	}
	for range 4 {
		_, err := agent.Me(t.Context())
		wantError(t, err, ErrRateLimited, "rate_limit_exceeded")
	}
	limit, ok := agent.RateLimit()
	if want := (RateLimit{100, 7, time.Unix(1767225660, 0)}); !ok || limit != want || !agent.KeyDeprecated() {
		t.Errorf("limit %+v, deprecated %v", limit, agent.KeyDeprecated())
	}
	if strings.Count(logged.String(), "deprecated") != 1 || strings.Contains(logged.String(), testKey) {
		t.Errorf("logged %s", logged.String())
	}
	var sent []string
	for _, s := range vault.calls(wire.PathMe) {
		sent = append(sent, s.Header.Get("X-Alter-Actor-ID"))
	}
	if diff := cmp.Diff([]string{"", "", actors[1], actors[1]}, sent); diff != "" {
		t.Error(diff)
	}
}

func TestClose(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	gate := make(chan struct{})
	vault.script(wire.PathAudit, func(http.ResponseWriter, []byte) { <-gate })
	agent := vault.agent()
	for range 3 {
		fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL, ""))
	}
	if s := agent.AuditStats(); s.Pending != 3 || s.Delivered != 0 {
		t.Errorf("before: %+v", s)
	}
	ended, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- agent.Close(t.Context()) }()
	go func() { done <- agent.Close(t.Context()) }()
	time.Sleep(20 * time.Millisecond)
	close(gate)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	cancel()
	if err := agent.Close(ended); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if s := agent.AuditStats(); s != (AuditStats{Delivered: 3}) {
		t.Errorf("after: %+v", s)
	}
	body := &closeRecorder{}
	req := newRequest(t, "POST", p.URL, "")
	req.Body = body
	_, err := agent.Transport(Grant(testGrant)).RoundTrip(req)
	wantError(t, err, ErrClosed, "closed")
	_, err = agent.Me(t.Context())
	wantError(t, err, ErrClosed, "closed")
	if !body.closed {
		t.Error("the body was not closed")
	}
}

func TestCloseGivesUp(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	gate := make(chan struct{})
	vault.script(wire.PathAudit, func(http.ResponseWriter, []byte) { <-gate })
	defer close(gate)
	agent := vault.agent()
	fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL, ""))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := agent.Close(ctx)
	e := wantError(t, err, ErrAuditUndelivered, "audit_undelivered")
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(e.Error(), "1 audit report") {
		t.Errorf("got %v", err)
	}
}

func TestReportsAreRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		fail   int32
		status int
		want   AuditStats
		calls  int
	}{
		"twice down":   {2, 503, AuditStats{Delivered: 1}, 3},
		"refused":      {9, 400, AuditStats{Failed: 1}, 1},
		"rate limited": {1, 429, AuditStats{Delivered: 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			vault, p := newFakeVault(t), newProvider(t, nil)
			var left atomic.Int32
			left.Store(c.fail)
			vault.script(wire.PathAudit, func(w http.ResponseWriter, _ []byte) {
				if left.Add(-1) >= 0 {
					w.WriteHeader(c.status)
				}
			})
			var logged bytes.Buffer
			agent := vault.agent(WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL+"/x?q-secret=1", ""))
			err := agent.Close(t.Context())
			if (err != nil) != (c.want.Failed > 0) {
				t.Errorf("close: %v", err)
			}
			if got := agent.AuditStats(); got != c.want || len(vault.calls(wire.PathAudit)) != c.calls {
				t.Errorf("%+v after %d calls", got, len(vault.calls(wire.PathAudit)))
			}
			if strings.Contains(logged.String(), "q-secret") || (logged.Len() > 0) != (c.want.Failed > 0) {
				t.Errorf("logged %s", logged.String())
			}
		})
	}
}

// TestFullQueue: when too many reports wait, a call waits for room, and a call
// whose context has ended counts its report as failed.
func TestFullQueue(t *testing.T) {
	vault := newFakeVault(t)
	gate := make(chan struct{})
	vault.script(wire.PathAudit, func(http.ResponseWriter, []byte) { <-gate })
	agent := vault.agent()
	r := newReporter(agent.backend)
	r.slots = make(chan struct{}, 1)
	x := exchange{method: "POST", path: wire.PathAudit, body: []byte("{}")}
	done := make(chan struct{}, 3)
	finished := func() { done <- struct{}{} }
	r.submit(t.Context(), x, finished)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r.submit(ended, x, finished)
	<-done
	if got := r.stats(); got != (AuditStats{Pending: 1, Failed: 1}) {
		t.Errorf("with an ended context: %+v", got)
	}
	returned := make(chan struct{})
	go func() { r.submit(t.Context(), x, finished); close(returned) }()
	select {
	case <-returned:
		t.Error("the queue is not bounded")
	case <-time.After(20 * time.Millisecond):
	}
	close(gate)
	<-returned
	<-done
	<-done
	if got := r.stats(); got != (AuditStats{Delivered: 2, Failed: 1}) {
		t.Errorf("in the end: %+v", got)
	}
}

func TestScopeMismatchReport(t *testing.T) {
	vault := newFakeVault(t)
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="repo admin", hint="`+testToken[:17]+`"`)
		w.WriteHeader(http.StatusForbidden)
	})
	agent := vault.agent()
	resp, _ := fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "GET", p.URL+"/x?q-secret=1", ""))
	if resp.StatusCode != 403 {
		t.Errorf("status %d", resp.StatusCode)
	}
	vault.settle(agent)
	calls := vault.calls(wire.PathScopeMismatch(testGrant))
	if len(calls) != 1 {
		t.Fatalf("%d reports", len(calls))
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(calls[0].Body), &body); err != nil {
		t.Fatal(err)
	}
	if body["api_endpoint"] != p.URL+"/x" || body["provider_status_code"] != 403.0 || len(body["sdk_correlation_id"].(string)) != 22 {
		t.Errorf("report %s", calls[0].Body)
	}
	if diff := cmp.Diff([]any{"repo", "admin"}, body["missing_scopes"]); diff != "" {
		t.Error(diff)
	}
}

// TestNothingPrintsTheSecrets prints every value that a program can get hold of
// in every way that programs print.
func TestNothingPrintsTheSecrets(t *testing.T) {
	vault := newFakeVault(t)
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"echo":%q}`, r.Header.Get("Authorization"))
	})
	agent := vault.agent()
	hc := agent.HTTPClient(Grant(testGrant))
	resp, err := hc.Do(newRequest(t, "GET", p.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	vault.script(wire.PathToken, answerWith(403, wire.MarshalError("x", "echo "+testKey)))
	_, refused := hc.Do(newRequest(t, "GET", p.URL, ""))
	var e *Error
	errors.As(refused, &e)
	cred := wire.Credential{AccessToken: testToken}
	values := []any{
		agent, *agent, hc, *hc, agent.Transport(), *agent.Transport(), resp, *resp, resp.Body,
		resp.Request, refused, e, *e, newMasker(testToken), cred, &cred, Grant(testGrant),
	}
	// The one who formats sees strings, numbers of bytes, or base64 of bytes.
	numbers := strings.Trim(fmt.Sprint([]byte(testToken[:12])), "[]")
	for i, v := range values {
		texts := []string{fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v)}
		if b, err := json.Marshal(v); err == nil {
			texts = append(texts, string(b))
		}
		var text, js bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&js, nil)).Info("x", "v", v)
		for _, s := range append(texts, text.String(), js.String()) {
			if remains(s, testToken) != "" || remains(s, testKey) != "" || strings.Contains(s, numbers) ||
				strings.Contains(s, strings.Trim(fmt.Sprint([]byte(testKey[:12])), "[]")) {
				t.Errorf("value %d (%T) prints a secret: %.300s", i, v, s)
			}
		}
	}
}

// TestManyCallsAtOnce: traces and grants of concurrent calls do not mix.
func TestManyCallsAtOnce(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathToken, func(w http.ResponseWriter, body []byte) {
		r, _ := wire.ParseTokenRequest(body)
		_, _ = w.Write(wire.Credential{AccessToken: "test-secret-" + r.GrantID, GrantID: r.GrantID}.Marshal())
	})
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		if "Bearer test-secret-"+r.URL.Query().Get("g") != r.Header.Get("Authorization") {
			t.Error("another grant's credential")
		}
	})
	agent := vault.agent()
	hc := agent.HTTPClient()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			grant := fmt.Sprintf("22222222-2222-4222-8222-%012d", i)
			ctx := WithGrant(agent.Trace(t.Context(), Trace{RunID: "run-" + grant}), grant)
			resp, err := hc.Do(newRequest(t, "GET", p.URL+"?g="+grant, "").WithContext(ctx))
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
		})
	}
	wg.Wait()
	reports := vault.settle(agent)
	for _, r := range reports {
		if !strings.Contains(wire.EncodeContext(r.Context), `"run_id":"run-`+r.GrantID+`"`) {
			t.Errorf("grant %s has context %v", r.GrantID, r.Context)
		}
	}
	if len(reports) != 100 {
		t.Errorf("%d reports", len(reports))
	}
}
