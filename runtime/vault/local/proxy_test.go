package local

import (
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// proxyFixture is a vault whose grant may be used with a provider on loopback.
func proxyFixture(t *testing.T, h http.HandlerFunc, opts ...Option) (*fixture, string) {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	f := newFixture(t, append([]Option{WithProviderTransport(http.DefaultTransport)}, opts...)...)
	f.grant = f.newGrant(GrantSpec{
		AgentID: f.agent.ID, Hosts: []string{srv.URL}, ProxyOnly: true,
		Credential: Credential{
			Token: testToken, Additional: map[string]string{"app": testSecond},
			Injections: []Injection{{Key: "X-App", From: "app"}, {Query: true, Key: "app_key", From: "app"}},
		},
	})
	return f, srv.URL
}

func (f *fixture) proxied(r wire.ProxyRequest) wire.ProxyAnswer {
	f.t.Helper()
	r.GrantID = f.grant.ID
	res := f.proxy(r, send{})
	if res.status != 200 {
		f.t.Fatalf("%d %s", res.status, res.raw)
	}
	a, err := wire.ParseProxyAnswer(res.raw)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func TestProxyRequest(t *testing.T) {
	type seen struct {
		Method, Path, Body  string
		Query               url.Values
		Auth, App, CT, UA   string
		Extra, AE, Trace, C string
	}
	var got seen
	f, base := proxyFixture(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := r.Header
		got = seen{
			r.Method, r.URL.EscapedPath(), string(body), r.URL.Query(), h.Get("Authorization"), h.Get("X-App"), h.Get("Content-Type"), h.Get("User-Agent"),
			h.Get("X-Extra"), h.Get("Accept-Encoding"), h.Get("Traceparent") + h.Get("X-Alter-Context") + h.Get("X-Api-Key"), h.Get("Cookie"),
		}
		w.Header().Set("Set-Cookie", "session=test-secret-cookie")
		w.Header().Add("X-Multi", "1")
		w.Header().Add("X-Multi", "2")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(`{"ok":true}`))
	})
	a := f.proxied(wire.ProxyRequest{
		Method: "PATCH", URL: base + "/v1/%C3%A9%2F1?keep=a+b&app_key=mine", Body: []byte(`{"n":1e+16}`),
		Headers: []wire.Pair{{Key: "X-Extra", Value: "b"}},
		Query:   []byte(`{"ids":[1,2.50],"t":true,"z":null,"s":"x y"}`),
	})
	want := seen{
		"PATCH", "/v1/%C3%A9%2F1", `{"n":1e+16}`,
		url.Values{"keep": {"a b"}, "app_key": {testSecond}, "ids": {"1", "2.50"}, "t": {"true"}, "z": {""}, "s": {"x y"}},
		"Bearer " + testToken, testSecond, "application/json", "grantwire-vault", "b", "identity", "", "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	headers := map[string]string{}
	for _, p := range a.Headers {
		headers[p.Key] = p.Value
	}
	if a.StatusCode != 418 || string(a.Body) != `{"ok":true}` || a.Truncated || headers["x-multi"] != "1, 2" || headers["set-cookie"] != "" || a.DurationMS == nil {
		t.Errorf("%+v", a)
	}
	row := f.lastRow()
	if row.Status != 418 || row.Outcome != OutcomeCompleted || row.Mode != ModeProxy || row.ProviderTime <= 0 || row.VaultTime <= 0 || row.Path != "/v1/%C3%A9%2F1" {
		t.Errorf("%+v", row)
	}
}

// TestProxyScrubs has the provider echo the credential in every encoding that
// the scrubber knows, headers included.
func TestProxyScrubs(t *testing.T) {
	echo := func(secret string) string {
		pair := base64.StdEncoding.EncodeToString([]byte("user:" + secret + ":x"))
		urlPair := base64.RawURLEncoding.EncodeToString([]byte("us:" + secret))
		return strings.Join([]string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(secret, "/", `\/`),
			base64.StdEncoding.EncodeToString([]byte(secret)), pair, urlPair,
		}, " | ")
	}
	for _, compressed := range []bool{false, true} {
		f, base := proxyFixture(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			w.Header().Set("Www-Authenticate", "Bearer "+testToken)
			w.Header().Set("Location", "https://elsewhere.example/?t="+url.QueryEscape(testSecond))
			out := io.Writer(w)
			if compressed {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				defer func() { _ = z.Close() }()
				out = z
			} else {
				w.WriteHeader(http.StatusFound) // returned, never followed
			}
			_, _ = io.WriteString(out, echo(testToken)+"\n"+echo(testSecond))
		})
		a := f.proxied(wire.ProxyRequest{Method: "GET", URL: base + "/"})
		var all strings.Builder
		all.Write(a.Body)
		for _, h := range a.Headers {
			all.WriteString("\n" + h.Key + ": " + h.Value)
		}
		text := all.String()
		if want := map[bool]int{false: 302, true: 200}[compressed]; a.StatusCode != want {
			t.Errorf("status %d, want %d", a.StatusCode, want)
		}
		for _, secret := range []string{testToken, testSecond} {
			for form := range strings.SplitSeq(echo(secret), " | ") {
				if strings.Contains(text, form) {
					t.Errorf("gzip %v: %q came through", compressed, form)
				}
			}
			core := base64.RawStdEncoding.EncodeToString([]byte(secret))
			if strings.Contains(text, core[4:len(core)-4]) {
				t.Errorf("gzip %v: the middle of a base64 came through: %s", compressed, text)
			}
		}
	}
}

func TestProxyTruncates(t *testing.T) {
	const limit = 1000
	body := ""
	f, base := proxyFixture(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }, WithMaxProxyResponse(limit))
	for cut := limit - 60; cut <= limit+120; cut++ {
		// Secrets before the cut shrink when they are replaced, and would move the
		// beginning of the last one to within the limit.
		shrink := strings.Repeat(testToken, cut%9)
		body = shrink + strings.Repeat("a", cut-len(shrink)) + testToken + strings.Repeat("b", 200)
		a := f.proxied(wire.ProxyRequest{Method: "GET", URL: base + "/"})
		if !a.Truncated || len(a.Body) > limit || len(a.Body) < limit-400 {
			t.Fatalf("cut %d: truncated %v, %d bytes", cut, a.Truncated, len(a.Body))
		}
		if i := strings.Index(string(a.Body), testToken[:6]); i >= 0 {
			t.Fatalf("cut %d: the beginning of the secret came through", cut)
		}
	}
	body = strings.Repeat("a", limit)
	if a := f.proxied(wire.ProxyRequest{Method: "GET", URL: base + "/"}); a.Truncated || len(a.Body) != limit {
		t.Errorf("a body of exactly the limit: truncated %v, %d bytes", a.Truncated, len(a.Body))
	}
}

func TestProxyForbiddenHeaders(t *testing.T) {
	f := newFixture(t)
	for _, h := range []wire.Pair{
		{Key: "Authorization", Value: "x"}, {Key: "HOST", Value: "x"}, {Key: "Cookie", Value: "x"}, {Key: "X-Api-Key", Value: "x"},
		{Key: "Transfer-Encoding", Value: "chunked"}, {Key: "Connection", Value: "x"}, {Key: "X-Alter-Context", Value: "{}"},
		{Key: "traceparent", Value: traceparent}, {Key: "Content-Length", Value: "5"}, {Key: "a b", Value: "x"}, {Key: "", Value: "x"}, {Key: "X", Value: "a\r\nb: c"},
	} {
		r := f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/", Headers: []wire.Pair{h}}, send{})
		if r.status != 422 || r.str("error") != codeForbiddenHeader || f.lastRow().ReasonCode != codeForbiddenHeader {
			t.Errorf("%q: %d %s", h.Key, r.status, r.raw)
		}
	}
	r := f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/", Query: []byte(`{"a":{"b":1}}`)}, send{})
	if r.status != 422 || r.str("error") != codeInvalidRequest {
		t.Errorf("object in query_params: %d %s", r.status, r.raw)
	}
	if f.dials.count() != 0 {
		t.Error("a refused request was sent")
	}
}

func TestProxyTimeout(t *testing.T) {
	release := make(chan struct{})
	f, base := proxyFixture(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}, WithProxyTimeout(30*time.Millisecond))
	defer close(release)
	r := f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: base + "/slow?q=test-secret-query"}, send{})
	if r.status != 504 || r.str("error") != codeUpstreamTimeout || r.str("timeout_reason") != codeUpstreamTimeout {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if row := f.lastRow(); row.Outcome != OutcomeFailed || row.Status != 0 || row.ReasonCode != codeUpstreamTimeout || row.ProviderTime < 30*time.Millisecond {
		t.Errorf("%+v", row)
	}
}

func TestProxyUnknownEncoding(t *testing.T) {
	f, base := proxyFixture(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, testToken)
	})
	r := f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: base + "/"}, send{})
	if r.status != 502 || r.str("error") != codeUpstreamEncoding || f.lastRow().Status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// TestProxyCallerGone: the row is completed although the client has left.
func TestProxyCallerGone(t *testing.T) {
	arrived := make(chan struct{})
	f, base := proxyFixture(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := contextWithCancel(t)
	go func() {
		<-arrived
		cancel()
	}()
	_, err := f.RoundTrip(f.request(send{
		method: "POST", path: wire.PathProxy, ctx: ctx,
		body: wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: base + "/"}.Marshal(),
	}))
	if err == nil {
		t.Fatal("no error")
	}
	deadline := time.Now().Add(5 * time.Second)
	for f.lastRow().Outcome != OutcomeFailed {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", f.lastRow())
		}
		time.Sleep(5 * time.Millisecond)
	}
}
