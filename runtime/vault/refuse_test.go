package vault

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestRefusedBeforeAnythingIsSent uses addresses outside this machine; the
// dialer records and fails, and must not even be asked.
func TestRefusedBeforeAnythingIsSent(t *testing.T) {
	vault := newFakeVault(t)
	dialed := &recordingDialer{}
	agent := vault.agent(WithProviderTransport(dialed.transport()))
	tooLong := map[string]string{"k": strings.Repeat("x", 600)}
	cases := map[string]struct {
		url  string
		edit func(*http.Request) *http.Request
		kind error
		code string
	}{
		"plain http":     {url: "http://api.example.com/x?q-secret=1"},
		"other loopback": {url: "http://127.0.0.2/x"},
		"other scheme":   {url: "ftp://api.example.com/x"},
		"user-info":      {url: "https://user:q-secret@api.example.com/x"},
		"port":           {url: "https://api.example.com:65536/x"},
		"host header":    {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request { r.Host = "evil.example.com"; return r }},
		"opaque": {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request {
			r.URL.Opaque = "//evil.example.com/x"
			return r
		}},
		"too long":    {url: "https://api.example.com/x?q-secret=" + strings.Repeat("a", 65536)},
		"method":      {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request { r.Header.Set("x-http-method-override", "DELETE"); return r }},
		"context":     {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request { return r.WithContext(WithContext(r.Context(), tooLong)) }},
		"traceparent": {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request { return r.WithContext(WithTraceparent(r.Context(), "zz")) }},
		"grant":       {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request { return r.WithContext(WithGrant(r.Context(), "a\nb")) }},
		"trace metadata": {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request {
			return r.WithContext(agent.Trace(r.Context(), Trace{Metadata: tooLong}))
		}},
		"reserved key": {url: "https://api.example.com/x", edit: func(r *http.Request) *http.Request {
			return r.WithContext(agent.Trace(r.Context(), Trace{Metadata: map[string]string{"run_id": "x"}}))
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.kind == nil {
				c.kind, c.code = ErrInvalidInput, "invalid_value"
			}
			u, err := url.Parse(c.url)
			if err != nil && name != "port" {
				t.Fatal(err)
			}
			body := &closeRecorder{}
			req := (&http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}, Body: body}).WithContext(WithGrant(t.Context(), testGrant))
			if c.edit != nil {
				req = c.edit(req)
			}
			_, err = agent.Transport().RoundTrip(req)
			wantError(t, err, c.kind, c.code)
			if _, ok := errors.AsType[*ValueError](err); !ok {
				t.Errorf("no ValueError in %v", err)
			}
			if !body.closed {
				t.Error("the body was not closed")
			}
		})
	}
	if dialed.count() > 0 || len(vault.log) > 0 {
		t.Errorf("dialed %v, asked the vault %d times", dialed.addresses, len(vault.log))
	}
}

// A call without a grant is told to the vault, for the audit trail, and refused even
// when the vault would hand out a credential.
func TestNoGrantIsAuditedAndRefused(t *testing.T) {
	vault := newFakeVault(t)
	dialed := &recordingDialer{}
	agent := vault.agent(WithProviderTransport(dialed.transport()))
	for _, mode := range []Mode{Retrieve, Proxy, Auto} {
		agent.mode = mode
		body := &closeRecorder{}
		req := (&http.Request{Method: http.MethodPost, URL: &url.URL{Scheme: "https", Host: "api.example.com", Path: "/x"}, Header: http.Header{}, Body: body}).WithContext(t.Context())
		_, err := agent.Transport().RoundTrip(req)
		wantError(t, err, ErrNoGrant, "no_grant")
		if !body.closed {
			t.Error("the body was not closed")
		}
	}
	if asked := len(vault.calls(wire.PathToken)); asked != 3 || dialed.count() > 0 {
		t.Errorf("asked the vault %d times, dialed %v", asked, dialed.addresses)
	}
}

type closeRecorder struct{ closed bool }

func (*closeRecorder) Read([]byte) (int, error) { return 0, io.EOF }
func (c *closeRecorder) Close() error           { c.closed = true; return nil }

// recordingDialer never connects.
type recordingDialer struct {
	mu        sync.Mutex
	addresses []string
}

func (d *recordingDialer) transport() *http.Transport {
	return &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.addresses = append(d.addresses, address)
		return nil, errors.New("this test connects to nothing")
	}}
}

func (d *recordingDialer) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.addresses)
}

// TestVaultRefuses: the vault's refusal reaches the caller typed, nothing is
// dialed and nothing is reported.
func TestVaultRefuses(t *testing.T) {
	cases := []struct {
		status int
		code   string
		kind   error
		text   string
	}{
		{404, "grant_not_found", ErrGrantNotFound, "vault: grant " + testGrant + ": grant_not_found (404): no such grant; " +
			"check the grant ID, and that the grant belongs to this agent or was delegated to it"},
		{404, "grant_not_found", ErrAgentDelegationMissing, ""},
		{422, "blocked_destination", ErrBlockedDestination, "vault: grant " + testGrant + ": blocked_destination (422): " +
			"the URL's host is not one that this grant is bound to; " +
			"the grant is bound to other hosts: call one of those, or have the operator add this host to the grant"},
		{403, "rule_x", ErrPolicyViolation, ""},
		{403, "grant_expired", ErrReAuthRequired, ""},
		{400, "grant_revoked", ErrGrantRevoked, ""},
		{400, "delegated_grant_requires_proxy", ErrRequiresProxy, ""},
		{401, "key_revoked", ErrKeyRevoked, ""},
		{401, "agent_inactive", ErrAgent, ""},
		{409, "token_refresh_in_progress", ErrTokenRefreshInProgress, ""},
		{429, "rate_limit_exceeded", ErrRateLimited, ""},
		{410, "gone", ErrGrantDeleted, ""},
		{418, "new_code", ErrVault, ""},
		{302, "", ErrVault, ""},
	}
	for _, c := range cases {
		t.Run(c.code, func(t *testing.T) {
			vault, dialed := newFakeVault(t), &recordingDialer{}
			body := wire.MarshalError(c.code, "no such grant")
			if c.status == 302 { // a redirect with a good body is no token
				body = wire.Credential{AccessToken: testToken, GrantID: testGrant}.Marshal()
			}
			vault.script(wire.PathToken, func(w http.ResponseWriter, _ []byte) {
				w.Header().Set("Location", "https://elsewhere.example.com/")
				w.Header().Set("Retry-After", "7")
				answerWith(c.status, body)(w, nil)
			})
			agent := vault.agent(WithProviderTransport(dialed.transport()))
			req := newRequest(t, "GET", "https://api.example.com/x?q-secret=1", "")
			_, err := agent.Transport(Grant(testGrant)).RoundTrip(req)
			e := wantError(t, err, c.kind, c.code)
			if e.Status != c.status || e.GrantID != testGrant || e.RetryAfter != 7*time.Second || e.Timeout() {
				t.Errorf("facts: %+v", e)
			}
			if c.text != "" && e.Error() != c.text {
				t.Errorf("text:\n%s\nwant\n%s", e, c.text)
			}
			if reports := vault.settle(agent); len(reports) > 0 || dialed.count() > 0 {
				t.Errorf("%d reports, dialed %v", len(reports), dialed.addresses)
			}
		})
	}
}

func TestBadTokenAnswers(t *testing.T) {
	for _, body := range []string{"", "<html>", "[]", `{"access_token":"x"}`,
		`{"access_token":"` + testToken[:10] + `","grant_id":"` + testGrant + `","injection_header":"Host"}`} {
		vault := newFakeVault(t)
		vault.script(wire.PathToken, answer200([]byte(body)))
		_, err := vault.agent().Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://api.example.com/", ""))
		wantError(t, err, ErrVault, "bad_vault_answer")
	}
}

func TestSigV4CredentialIsRefused(t *testing.T) {
	vault, dialed := newFakeVault(t), &recordingDialer{}
	vault.credential(wire.Credential{AccessToken: testToken, InjectionFormat: "AWS4-HMAC-SHA256", Additional: map[string]string{"secret_key": "test-secret"}})
	agent := vault.agent(WithProviderTransport(dialed.transport()))
	_, err := agent.Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://s3.example.com/", ""))
	wantError(t, err, ErrUnsupportedCredential, "unsupported_credential")
	if reports := vault.settle(agent); len(reports) != 1 || reports[0].ResponseStatus != 0 || dialed.count() > 0 {
		t.Errorf("reports %v, dialed %v", reports, dialed.addresses)
	}
}
