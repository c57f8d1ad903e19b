package vault

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestRequestOnTheWire compares what Request and ProxyRequest send with the
// shapes of the protocol, byte for byte.
func TestRequestOnTheWire(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	vault.script(wire.PathProxy, answer200([]byte(`{"status_code":200,"body_b64":""}`)))
	base := strings.TrimPrefix(p.URL, "http://")
	for name, c := range map[string]struct {
		proxy        bool
		method, url  string
		opts         []RequestOption
		want         string // HOST stands for the provider
		sent, body   string // what the provider gets
		wantMimeType string
	}{
		"direct": {
			method: "get", url: p.URL + "/user", opts: []RequestOption{Grant(testGrant), Reason("sync repos")},
			want: `{"grant_id":"` + testGrant + `","reason":"sync repos","request":{"method":"GET","url":"http://HOST/user"}}`,
			sent: "GET /user",
		},
		"identity": {
			method: "POST", url: p.URL + "/repos/{r}/issues",
			opts: []RequestOption{Provider("github"), UserToken("jwt"), AppUser("u-1"), Account("octo"), Label("l"), PathParam("r", "a b/é"), JSON(map[string]any{"t": "é<"})},
			want: `{"provider_id":"github","reason":null,"request":{"method":"POST","url":"http://HOST/repos/a%20b%2F%C3%A9/issues"},"user_token":"jwt","app_user_id":"u-1","account":"octo","label":"l"}`,
			sent: "POST /repos/a%20b%2F%C3%A9/issues", body: `{"t":"é<"}`, wantMimeType: "application/json",
		},
		"query": { // what the URL has stays; the vault is not told
			method: "GET", url: p.URL + "/x?a=1&b=%20", opts: []RequestOption{Grant(testGrant), Query(url.Values{"c": {"1", "2 3"}, "d": {""}})},
			want: `{"grant_id":"` + testGrant + `","reason":null,"request":{"method":"GET","url":"http://HOST/x"}}`,
			sent: "GET /x?a=1&b=%20&c=1&c=2+3&d=",
		},
		"raw": {
			method: "PUT", url: p.URL + "/f", opts: []RequestOption{Grant(testGrant), Body(strings.NewReader("\x00raw")), Header("Content-Type", "image/png"), Header("Authorization", "Bearer own")},
			want: `{"grant_id":"` + testGrant + `","reason":null,"request":{"method":"PUT","url":"http://HOST/f"}}`,
			sent: "PUT /f", body: "\x00raw", wantMimeType: "image/png",
		},
		"zero": {
			method: "POST", url: p.URL + "/f", opts: []RequestOption{Grant(testGrant), JSON(0), Header("Content-Type", "application/vnd.x+json")},
			want: `{"grant_id":"` + testGrant + `","reason":null,"request":{"method":"POST","url":"http://HOST/f"}}`,
			sent: "POST /f", body: "0", wantMimeType: "application/vnd.x+json",
		},
		"proxy": {
			proxy: true, method: "patch", url: "https://api.example.com/v1/{id}",
			opts: []RequestOption{Grant(testGrant), UserToken("ut"), PathParam("id", "é/1"), JSON(map[string]any{"name": "Zoë 😀", "n": 1.5}),
				Header("X-A", "b"), Query(url.Values{"ids": {"1", "2"}, "t": {"true"}}), Reason("why")},
			want: `{"method":"PATCH","url":"https://api.example.com/v1/%C3%A9%2F1","grant_id":"` + testGrant + `","user_token":"ut",` +
				`"body":{"n":1.5,"name":"Zo\u00eb \ud83d\ude00"},"headers":{"X-A":"b"},"query_params":{"ids":["1","2"],"t":"true"},"reason":"why"}`,
		},
		"proxy identity": {
			proxy: true, method: "GET", url: "https://api.example.com/v1?q=1#part",
			opts: []RequestOption{Provider("stripe-production"), Account("a"), Label("l"), AppUser("u")},
			want: `{"method":"GET","url":"https://api.example.com/v1?q=1","provider_id":"stripe-production","account":"a","label":"l","app_user_id":"u"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			agent, path := vault.agent(), wire.PathToken
			if c.proxy {
				path = wire.PathProxy
				if _, err := agent.ProxyRequest(t.Context(), c.method, c.url, c.opts...); err != nil {
					t.Fatal(err)
				}
			} else {
				resp, err := agent.Request(t.Context(), c.method, c.url, c.opts...)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				got := p.last(t)
				if sent := got.Method + " " + got.RequestURI; sent != c.sent {
					t.Errorf("the provider got %s, want %s", sent, c.sent)
				}
				if diff := cmp.Diff([]string{"Bearer " + testToken}, got.Header.Values("Authorization")); diff != "" {
					t.Error(diff)
				}
				if body := p.bodies[len(p.bodies)-1]; body != c.body || got.Header.Get("Content-Type") != c.wantMimeType {
					t.Errorf("body %q as %q", body, got.Header.Get("Content-Type"))
				}
			}
			calls := vault.calls(path)
			if got := strings.ReplaceAll(calls[len(calls)-1].Body, base, "HOST"); got != c.want {
				t.Errorf("the vault got\n%s, want\n%s", got, c.want)
			}
		})
	}
}

// TestRequestRefuses is the table of what is refused before anything is sent.
func TestRequestRefuses(t *testing.T) {
	vault := newFakeVault(t)
	dialed := &recordingDialer{}
	agent := vault.agent(WithProviderTransport(dialed.transport()))
	const target = "https://api.example.com/x"
	long := strings.Repeat("x", 513)
	for name, c := range map[string]struct {
		url   string
		opts  []RequestOption
		proxy bool
		kind  error
		field string
	}{
		"neither":         {kind: ErrNoGrant, field: "call"},
		"empty grant":     {opts: []RequestOption{Grant("")}, kind: ErrNoGrant, field: "call"},
		"both":            {opts: []RequestOption{Grant(testGrant), Provider("p")}, field: "call"},
		"empty provider":  {opts: []RequestOption{Provider("")}, field: "provider"},
		"label":           {opts: []RequestOption{Grant(testGrant), Label("l")}, field: "label"},
		"empty label":     {opts: []RequestOption{Provider("p"), Label("")}, field: "label"},
		"account":         {opts: []RequestOption{Grant(testGrant), Account("a")}, field: "account"},
		"app user":        {opts: []RequestOption{Grant(testGrant), AppUser("u")}, field: "app user"},
		"empty app user":  {opts: []RequestOption{Provider("p"), AppUser("")}, field: "app user"},
		"empty token":     {opts: []RequestOption{Provider("p"), UserToken("")}, field: "user token"},
		"empty caller":    {opts: []RequestOption{Grant(testGrant), Caller("")}, field: "caller"},
		"caller":          {opts: []RequestOption{Grant(testGrant), Caller("zoë")}, field: "caller"},
		"json and body":   {opts: []RequestOption{Grant(testGrant), JSON(1), Body(strings.NewReader("x"))}, field: "body"},
		"unwritable json": {opts: []RequestOption{Grant(testGrant), JSON(func() {})}, field: "body"},
		"placeholder":     {url: target + "/{id}", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"brace":           {url: target + "/}", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"parameter name":  {opts: []RequestOption{Grant(testGrant), PathParam("a-b", "x")}, field: "url"},
		"no url":          {url: "#", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"relative":        {url: "/x", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"scheme":          {url: "ftp://api.example.com", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"plain http":      {url: "http://api.example.com", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"port":            {url: "https://api.example.com:70000", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"user info":       {url: "https://q-secret@api.example.com", opts: []RequestOption{Grant(testGrant)}, field: "url"},
		"long url":        {opts: []RequestOption{Grant(testGrant), Query(url.Values{"q": {strings.Repeat("x", 65536)}})}, field: "url"},
		"context":         {opts: []RequestOption{Grant(testGrant), Context(map[string]string{"k": long})}, field: "context"},
		"header name":     {opts: []RequestOption{Grant(testGrant), Header("a b", "x")}, field: "header"},
		"header value":    {opts: []RequestOption{Grant(testGrant), Header("X", "a\r\nb")}, field: "header"},
		"method header":   {opts: []RequestOption{Grant(testGrant), Header("X-HTTP-Method-Override", "DELETE")}, field: "header"},
		"query text":      {opts: []RequestOption{Grant(testGrant), Query(url.Values{"q": {"\xff"}})}, field: "query"},
		"proxy header":    {proxy: true, opts: []RequestOption{Grant(testGrant), Header("Authorization", "q-secret")}, field: "header"},
		"proxy cookie":    {proxy: true, opts: []RequestOption{Grant(testGrant), Header("cookie", "q-secret")}, field: "header"},
		"proxy body":      {proxy: true, opts: []RequestOption{Grant(testGrant), Body(strings.NewReader("q-secret"))}, kind: ErrUnsupportedBody, field: "body"},
		"proxy user info": {proxy: true, url: "https://q-secret@api.example.com", opts: []RequestOption{Grant(testGrant)}, field: "url"},
	} {
		call := func(ctx *testing.T) error {
			u := c.url
			if u == "" {
				u = target
			}
			if c.proxy {
				_, err := agent.ProxyRequest(ctx.Context(), "POST", u, c.opts...)
				return err
			}
			_, err := agent.Request(ctx.Context(), "POST", u, c.opts...)
			return err
		}
		err := call(t)
		if c.kind == nil {
			c.kind = ErrInvalidInput
		}
		var value *ValueError
		if !errors.Is(err, c.kind) || !errors.As(err, &value) || value.Field != c.field {
			t.Errorf("%s: %v (%+v), want the field %q", name, err, value, c.field)
		}
		if strings.Contains(fmt.Sprint(err), "q-secret") {
			t.Errorf("%s: the error holds a secret", name)
		}
	}
	if _, err := agent.Request(t.Context(), "", target, Grant(testGrant)); !errors.Is(err, ErrInvalidInput) {
		t.Errorf("no method: %v", err)
	}
	if got := vault.all(); len(got) != 0 || dialed.count() != 0 {
		t.Errorf("sent: %+v, dialed %d", got, dialed.count())
	}
}

// TestWhoNamesTheGrant: the call's word counts over the context's, the context's
// over the client's.
func TestWhoNamesTheGrant(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	agent := vault.agent()
	const other = "11111111-1111-4111-8111-111111111111"
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"call over context": {func() error {
			return drain(agent.Request(WithGrant(t.Context(), other), "GET", p.URL, Grant(testGrant)))
		}, `"grant_id":"` + testGrant},
		"context": {func() error {
			return drain(agent.Request(WithGrant(t.Context(), other), "GET", p.URL))
		}, `"grant_id":"` + other},
		"provider over context": {func() error {
			return drain(agent.Request(WithGrant(t.Context(), other), "GET", p.URL, Label("l"), Provider("p")))
		}, `"provider_id":"p","reason":null`},
		"provider over client": {func() error {
			req := newRequest(t, "GET", p.URL, "")
			ctx := with(req.Context(), Provider("p").edit)
			return drain(agent.HTTPClient(Grant(other)).Do(req.WithContext(ctx)))
		}, `"provider_id":"p"`},
		"label over client": {func() error {
			req := newRequest(t, "GET", p.URL, "")
			ctx := with(req.Context(), Label("mine").edit)
			return drain(agent.HTTPClient(Provider("p"), Account("a"), Label("theirs")).Do(req.WithContext(ctx)))
		}, `"account":"a","label":"mine"`},
	} {
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		calls := vault.calls(wire.PathToken)
		if got := calls[len(calls)-1].Body; !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func drain(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func TestProviderErrors(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		challenge string
		mismatch  bool
		kind      error
		not       error
		code      string
		missing   []string
		source    string
		report    bool
	}{
		"401":               {status: 401, challenge: `Bearer error="invalid_token"`, kind: ErrProviderUnauthorized, code: "provider_unauthorized", source: "provider_unauthorized"},
		"401 bare":          {status: 401, kind: ErrProviderUnauthorized, code: "provider_unauthorized", source: "provider_unauthorized"},
		"401 scope":         {status: 401, challenge: `Bearer error="insufficient_scope"`, kind: ErrProvider, not: ErrProviderUnauthorized, code: "provider_error"},
		"403":               {status: 403, kind: ErrProvider, not: ErrScopeReauthRequired, code: "provider_error"},
		"403 scope":         {status: 403, challenge: `Bearer error="insufficient_scope", scope="repo  user"`, kind: ErrScopeReauthRequired, code: "insufficient_scope", missing: []string{"repo", "user"}, source: "provider_insufficient_scope", report: true},
		"403 scope unnamed": {status: 403, challenge: `Bearer error="insufficient_scope"`, kind: ErrScopeReauthRequired, code: "insufficient_scope", source: "provider_insufficient_scope", report: true},
		"403 flag":          {status: 403, mismatch: true, kind: ErrScopeReauthRequired, code: "scope_mismatch", source: "backend_flag"},
		"403 after basic":   {status: 403, challenge: `Basic realm="x", Bearer error="insufficient_scope"`, kind: ErrProvider, not: ErrScopeReauthRequired, code: "provider_error"},
		"404":               {status: 404, kind: ErrProvider, not: ErrVault, code: "provider_error"},
		"500":               {status: 500, kind: ErrProvider, code: "provider_error"},
	} {
		t.Run(name, func(t *testing.T) {
			vault := newFakeVault(t)
			vault.credential(wire.Credential{AccessToken: testToken, ProviderID: "github", ScopeMismatch: c.mismatch})
			p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.challenge != "" {
					w.Header().Set("WWW-Authenticate", c.challenge)
				}
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, `{"message":"q-secret `+testToken+`"}`)
			})
			agent := vault.agent()
			_, err := agent.Request(t.Context(), "GET", p.URL+"/user?q-secret", Provider("github"))
			e := wantError(t, err, c.kind, c.code)
			if c.not != nil && errors.Is(err, c.not) || errors.Is(err, ErrVault) {
				t.Errorf("%v has a kind too many", err)
			}
			if !errors.Is(err, ErrProvider) || e.Status != c.status || e.Details.GrantID != testGrant || e.Details.ProviderID != "github" ||
				e.Details.Source != c.source || e.RetryAfter.Seconds() != 7 || e.Retryable != (c.status >= 500) {
				t.Errorf("facts: %#v", e.Details)
			}
			if diff := cmp.Diff(c.missing, e.Details.Missing); diff != "" {
				t.Error(diff)
			}
			answer, ok := errors.AsType[*ProviderError](err)
			var body struct {
				Message string `json:"message"`
			}
			if !ok || answer.StatusCode != c.status || answer.Decode(&body) != nil || !strings.HasPrefix(body.Message, "q-secret") ||
				answer.Header().Get("Retry-After") != "7" || strings.Contains(string(answer.Body()), testToken) {
				t.Errorf("the provider's answer: %v %s", answer, answer.Body())
			}
			for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", err, err, err, answer), fmt.Sprintf("%v %+v %#v", answer, answer, *answer)} {
				if strings.Contains(text, "q-secret") || strings.Contains(text, testToken) {
					t.Errorf("printed: %s", text)
				}
			}
			if err := agent.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			reports := vault.calls(wire.PathScopeMismatch(testGrant))
			if (len(reports) == 1) != c.report || len(vault.calls(wire.PathAudit)) != 1 || len(vault.calls(wire.PathToken)) != 1 {
				t.Errorf("%d scope reports, %d audit reports", len(reports), len(vault.calls(wire.PathAudit)))
			}
		})
	}
}

func TestProviderErrorBodyIsBounded(t *testing.T) {
	vault := newFakeVault(t)
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = io.WriteString(w, strings.Repeat("x", maxProviderError+1))
	})
	_, err := vault.agent().Request(t.Context(), "GET", p.URL, Grant(testGrant))
	answer, ok := errors.AsType[*ProviderError](err)
	if !ok || !answer.Truncated || len(answer.Body()) != maxProviderError {
		t.Errorf("%v", err)
	}
}

// TestRedirectIsAnAnswer: Request hands a redirect to its caller and does not
// follow it.
func TestRedirectIsAnAnswer(t *testing.T) {
	vault := newFakeVault(t)
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	resp, err := vault.agent().Request(t.Context(), "GET", p.URL, Grant(testGrant))
	if err != nil || resp.StatusCode != 302 || p.count() != 1 {
		t.Errorf("%v %v", resp, err)
	}
}

// TestRedirectWithAGoodBodyIsNoToken: the official client takes any status below
// 400 for a success.
func TestRedirectWithAGoodBodyIsNoToken(t *testing.T) {
	vault, p := newFakeVault(t), newProvider(t, nil)
	token := wire.Credential{AccessToken: testToken, GrantID: testGrant}.Marshal()
	for _, status := range []int{302, 307, 300} {
		vault.script(wire.PathToken, func(w http.ResponseWriter, b []byte) {
			w.Header().Set("Location", p.URL)
			answerWith(status, token)(w, b)
		})
		_, err := vault.agent().Request(t.Context(), "GET", p.URL, Grant(testGrant))
		wantError(t, err, ErrVault, "")
	}
	app := vault.app()
	vault.script(wire.PathGrantsList, answerWith(302, []byte(`{"grants":[],"total":0,"limit":1,"offset":0,"has_more":false}`)))
	wantError(t, last(app.ListGrants(t.Context(), GrantFilter{})), ErrVault, "")
	if p.count() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestProxyRequestResult(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathProxy, answer200([]byte(`{"status_code":404,"headers":{"x-a":"b"},"body_b64":"eyJhIjoxfQ==","body_truncated":true,`+
		`"approval_id":"`+testGrant+`","duration_ms":12,"credential_hint":"work"}`)))
	dialed := &recordingDialer{}
	agent := vault.agent(WithProviderTransport(dialed.transport()))
	got, err := agent.ProxyRequest(t.Context(), "GET", "https://api.example.com/x", Grant(testGrant), Caller("one-shot"))
	if err != nil {
		t.Fatal(err)
	}
	want := &ProxyResult{
		StatusCode: 404, Header: http.Header{"X-A": {"b"}}, Body: []byte(`{"a":1}`), Truncated: true, Duration: 12e6,
		ApprovalID: testGrant, CredentialHint: "work",
	}
	if diff := cmp.Diff(want, got); diff != "" || dialed.count() != 0 {
		t.Error(diff)
	}
	var v struct {
		A int `json:"a"`
	}
	if err := got.Decode(&v); err != nil || v.A != 1 {
		t.Errorf("%v %v", v, err)
	}
	if caller := vault.calls(wire.PathProxy)[0].Header.Get("X-Alter-Caller"); caller != "one-shot" {
		t.Errorf("caller %q", caller)
	}
	vault.script(wire.PathProxy, answerWith(202, wire.Pending{
		ApprovalID: testGrant, GroupID: testGrant, ApprovalURL: "https://vault.example.com/a", Gates: []wire.Gate{{ApprovalID: testGrant, ApprovalURL: "u"}},
	}.Marshal()))
	_, err = agent.ProxyRequest(t.Context(), "GET", "https://api.example.com/x", Grant(testGrant))
	wantError(t, err, ErrApprovalPending, "approval_pending")
	if pending, ok := errors.AsType[*PendingApproval](err); !ok || pending.ApprovalID != testGrant {
		t.Errorf("%v", err)
	}
}
