package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestBadInputOfACaller: each has an error of its own type, and nothing is sent.
func TestBadInputOfACaller(t *testing.T) {
	everywhere(t, func(w *world) {
		for name, key := range map[string]string{
			"blank": "", "spaces": "  ", "wrong prefix": "alter_pat_abcdefghijklmnopqrstuv_iwpykn", "bad checksum": "alter_rk_abcdefghijklmnopqrstuv_iwpyko",
			"short": "alter_key_x", "newline": w.agentKey + "\n",
		} {
			_, agent := vault.NewAgent(key, w.options(nil)...)
			_, app := vault.NewApp(key, w.options(nil)...)
			for _, err := range []error{agent, app} {
				if v := (*vault.ValueError)(nil); !errors.As(err, &v) || v.Field != "key" || strings.TrimSpace(key) != "" && strings.Contains(err.Error(), key) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		counter := &counting{next: w.transport}
		if counter.next == nil {
			counter.next = http.DefaultTransport
		}
		agent := w.agent("", vault.WithBackend(counter), vault.WithProviderTransport(counter))
		grant := vault.Grant(w.grant)
		long := map[string]string{"k": strings.Repeat("v", 513)}
		for _, c := range []struct {
			name, url, field string
			opts             []vault.RequestOption
		}{
			{"both grant and provider", w.url("/user"), "", []vault.RequestOption{grant, vault.Provider("github")}},
			{"neither", w.url("/user"), "", nil},
			{"a placeholder without a value", w.url("/{what}"), "", []vault.RequestOption{grant}},
			{"an oversized context", w.url("/user"), "context", []vault.RequestOption{grant, vault.Context(long)}},
			{"a non-http URL", "ftp://127.0.0.1/x", "url", []vault.RequestOption{grant}},
			{"no URL", "::", "url", []vault.RequestOption{grant}},
			{"plain http elsewhere", "http://example.invalid/", "url", []vault.RequestOption{grant}},
			{"user-info", strings.Replace(w.url("/user"), "://", "://u:test-secret@", 1), "url", []vault.RequestOption{grant}},
			{"a label without a provider", w.url("/user"), "", []vault.RequestOption{grant, vault.Label("x")}},
			{"JSON and body", w.url("/user"), "", []vault.RequestOption{grant, vault.JSON(1), vault.Body(strings.NewReader("x"))}},
			{"a header with a line break", w.url("/user"), "header", []vault.RequestOption{grant, vault.Header("X-A", "a\r\nB: c")}},
		} {
			_, retrieved := agent.Request(w.Context(), http.MethodGet, c.url, c.opts...)
			_, proxied := agent.ProxyRequest(w.Context(), http.MethodGet, c.url, c.opts...)
			for mode, err := range map[string]error{"retrieve": retrieved, "proxy": proxied} {
				v := (*vault.ValueError)(nil)
				if !errors.Is(err, vault.ErrInvalidInput) && !errors.Is(err, vault.ErrNoGrant) || c.field != "" && (!errors.As(err, &v) || v.Field != c.field) {
					t.Errorf("%s in %s mode: %v (%+v)", c.name, mode, err, v)
				}
				if err != nil && strings.Contains(err.Error(), "test-secret") {
					t.Errorf("%s: the error holds the user-info", c.name)
				}
			}
		}
		_, err := agent.ProxyRequest(w.Context(), http.MethodGet, w.url("/user"), grant, vault.Header("Authorization", "Bearer test-secret"))
		if !errors.Is(err, vault.ErrInvalidInput) {
			t.Errorf("a forbidden header: %v", err)
		}
		if counter.n != 0 {
			t.Errorf("%d requests were sent", counter.n)
		}
	})
}

// counting counts requests.
type counting struct {
	next http.RoundTripper
	n    int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n++
	return c.next.RoundTrip(r)
}

// raw is a signed request that a test may spoil.
type raw struct {
	method, path, key string
	body              []byte
	at                time.Time
	nonce             string
	spoil             func(*http.Request)
}

// send returns status and code.
func (w *world) send(r raw) (int, string) {
	w.Helper()
	if r.key == "" {
		r.key = w.agentKey
	}
	if r.at.IsZero() {
		r.at = time.Now()
	}
	if r.nonce == "" {
		r.nonce = wire.NewNonce()
	}
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, w.base+r.path, bytes.NewReader(r.body))
	w.must(err)
	req.Header[wire.HeaderAPIKey] = []string{r.key}
	wire.SetHeaders(req.Header, wire.SigningKey(r.key), wire.Signable{
		Method: r.method, Target: r.path, Timestamp: wire.FormatTimestamp(r.at), Nonce: r.nonce, ContentHash: wire.ContentHash(r.body),
	})
	if r.spoil != nil {
		r.spoil(req)
	}
	transport := w.transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	resp, err := transport.RoundTrip(req)
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	if strings.Contains(string(text), w.agentKey) || strings.Contains(string(text), w.appKey) {
		w.Errorf("%s %s: the answer holds a key", r.method, r.path)
	}
	var answer struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if resp.StatusCode >= 400 {
		if err := json.Unmarshal(text, &answer); err != nil || answer.Error == "" || answer.Message == "" {
			w.Errorf("%s %s: %d %.200s is no JSON with code and message", r.method, r.path, resp.StatusCode, text)
		}
	}
	return resp.StatusCode, answer.Error
}

func tokenBody(grant, address string) []byte {
	body, _ := json.Marshal(map[string]any{"grant_id": grant, "reason": nil, "request": map[string]any{"method": "GET", "url": address}})
	return body
}

func proxyBody(grant, address string) []byte {
	body, _ := json.Marshal(map[string]any{"method": "GET", "url": address, "grant_id": grant})
	return body
}

// TestBadRequests: each spoilt request has the status of its own, and a code.
func TestBadRequests(t *testing.T) {
	everywhere(t, func(w *world) {
		good := tokenBody(w.grant, w.url("/user"))
		token := func(r raw) raw {
			r.method, r.path = http.MethodPost, "/sdk/token"
			if r.body == nil {
				r.body = good
			}
			return r
		}
		header := func(name, value string) func(*http.Request) {
			return func(req *http.Request) { req.Header[name] = []string{value} }
		}
		nonce := wire.NewNonce()
		if status, code := w.send(token(raw{nonce: nonce})); status != 200 {
			t.Fatalf("a good request: %d %s", status, code)
		}
		for name, c := range map[string]struct {
			send   raw
			status int
			code   string
		}{
			"replayed nonce":    {token(raw{nonce: nonce}), 401, ""},
			"clock behind":      {token(raw{at: time.Now().Add(-time.Hour)}), 401, ""},
			"clock ahead":       {token(raw{at: time.Now().Add(time.Hour)}), 401, ""},
			"changed body":      {token(raw{spoil: func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(append([]byte(" "), good[1:]...))) }}), 401, ""},
			"changed signature": {token(raw{spoil: header(wire.HeaderSignature, strings.Repeat("0", 64))}), 401, ""},
			"unsigned caller":   {token(raw{spoil: header("X-Alter-Caller", "x")}), 401, ""},
			"no key":            {token(raw{spoil: func(r *http.Request) { delete(r.Header, wire.HeaderAPIKey) }}), 401, "invalid_key"},
			"unknown key":       {token(raw{key: "alter_key_" + strings.Repeat("x", 40)}), 401, "invalid_key"},
			"another URL":       {token(raw{body: tokenBody(w.grant, "https://example.invalid/")}), 422, "blocked_destination"},
			"another port":      {token(raw{body: tokenBody(w.grant, "http://127.0.0.1:9/")}), 422, "blocked_destination"},
			"a file":            {token(raw{body: tokenBody(w.grant, "file:///etc/hosts")}), 422, "blocked_destination"},
			"user-info":         {token(raw{body: tokenBody(w.grant, strings.Replace(w.url("/user"), "://", "://u:p@", 1))}), 422, "blocked_destination"},
			"no grant":          {token(raw{body: tokenBody("88888888-8888-4888-8888-888888888888", w.url("/user"))}), 404, "grant_not_found"},
			"both":              {token(raw{body: bytes.Replace(good, []byte("{"), []byte(`{"provider_id":"github",`), 1)}), 0, ""},
			"neither":           {token(raw{body: []byte(`{"reason":null,"request":{"method":"GET","url":"https://x"}}`)}), 0, ""},
			"no JSON":           {token(raw{body: []byte("{")}), 0, ""},
			"an array":          {token(raw{body: []byte("[]")}), 0, ""},
			"no UTF-8":          {token(raw{body: []byte("\xff")}), 0, ""},
			"deep":              {token(raw{body: bytes.Repeat([]byte("["), 100_000)}), 0, ""},
			"oversized":         {token(raw{body: append(good, bytes.Repeat([]byte(" "), 1<<20)...)}), 413, ""},
			"proxy elsewhere":   {raw{method: "POST", path: "/sdk/proxy", body: proxyBody(w.grant, "https://example.invalid/")}, 422, "blocked_destination"},
			"proxy user-info":   {raw{method: "POST", path: "/sdk/proxy", body: proxyBody(w.grant, strings.Replace(w.url("/user"), "://", "://u:p@", 1))}, 422, "blocked_destination"},
			"proxy header": {raw{method: "POST", path: "/sdk/proxy", body: bytes.Replace(proxyBody(w.grant, w.url("/user")), []byte("{"),
				[]byte(`{"headers":{"Authorization":"x"},`), 1)}, 422, ""},
			"unknown path":    {raw{method: "GET", path: "/sdk/nothing"}, 404, ""},
			"unknown method":  {raw{method: "PUT", path: "/sdk/token"}, 405, ""},
			"agents by agent": {raw{method: "POST", path: "/sdk/agents", body: []byte(`{"name":"x","type":"agent","scopes":{},"metadata":{}}`)}, 403, "agent_cannot_mint_subagents"},
		} {
			status, code := w.send(c.send)
			if c.status != 0 && status != c.status || c.status == 0 && (status < 400 || status > 499) || c.code != "" && code != c.code {
				t.Errorf("%s: %d %s, want %d %s", name, status, code, c.status, c.code)
			}
		}
	})
}

// TestEveryEndpointTakesJunk sends junk to each path: a 4xx with a code, never a 5xx.
func TestEveryEndpointTakesJunk(t *testing.T) {
	id := "88888888-8888-4888-8888-888888888888"
	junk := [][]byte{nil, []byte("{}"), []byte("null"), []byte("7"), []byte(`{"a":[{}]}`), []byte("\x00"), bytes.Repeat([]byte(`{"a":`), 2000),
		[]byte(`{"name":7,"scopes":[],"grant_id":{},"session_token":null,"label":[],"limit":"x","token":1,"expires_in":-1,"to_agent_id":0}`)}
	everywhere(t, func(w *world) {
		for _, e := range []string{
			"POST /sdk/agents", "GET /sdk/agents?limit=x", "GET /sdk/agents?limit=-1&offset=99999999999999999999", "GET /sdk/agents/" + id, "PATCH /sdk/agents/" + id,
			"PATCH /sdk/agents/no-uuid", "DELETE /sdk/agents/" + id, "POST /sdk/agents/" + id + "/keys", "GET /sdk/agents/" + id + "/keys",
			"PATCH /sdk/agents/" + id + "/keys/" + id + "/deprecate", "DELETE /sdk/agents/" + id + "/keys/" + id, "POST /sdk/keys/derive",
			"POST /sdk/keys/" + id + "/rotate", "DELETE /sdk/keys/" + id, "POST /sdk/grants/list", "POST /sdk/grants/" + id + "/mint",
			"POST /sdk/grants/" + id + "/delegate", "DELETE /sdk/grants/" + id + "/delegations/" + id, "DELETE /sdk/grants/no-uuid/delegations/me",
			"POST /sdk/oauth/grants/" + id + "/revoke", "POST /sdk/oauth/connect/session", "POST /sdk/oauth/connect/session/poll", "POST /sdk/auth/session",
			"POST /sdk/auth/poll", "POST /sdk/auth/verify-token", "POST /sdk/token", "POST /sdk/proxy", "POST /sdk/oauth/audit/api-call",
			"GET /sdk/agents/me?x=" + url.QueryEscape("ü\x00"), "GET /sdk/" + url.PathEscape("../agents/me"),
		} {
			method, path, _ := strings.Cut(e, " ")
			for _, key := range []string{w.agentKey, w.appKey} {
				for _, body := range junk {
					if method == "GET" && body != nil {
						continue
					}
					if status, code := w.send(raw{method: method, path: path, key: key, body: body}); status >= 500 {
						t.Errorf("%s with %.20q: %d %s", e, body, status, code)
					}
				}
			}
		}
	})
}
