package vault

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func proxied(vault *fakeVault, a wire.ProxyAnswer) {
	vault.script(wire.PathProxy, answer200(a.Marshal()))
}

func TestProxy(t *testing.T) {
	vault := newFakeVault(t)
	dialed := &recordingDialer{}
	proxied(vault, wire.ProxyAnswer{StatusCode: 404, Body: []byte(`{"message":"Not Found"}`), Headers: []wire.Pair{
		{Key: "content-type", Value: "application/json"}, {Key: "content-encoding", Value: "gzip"}, {Key: "link", Value: "<x>"},
	}})
	agent := vault.agent(WithMode(Proxy), WithProviderTransport(dialed.transport()))
	req := newRequest(t, "PATCH", "https://api.example.com/v1/é?a=1", `{ "name": "Zoë" }`)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer of-the-caller")
	req.Header.Set("X-A", "b")
	resp, body := fetch(t, agent.HTTPClient(Grant(testGrant), Reason("why")), req)
	if resp.StatusCode != 404 || resp.Status != "404 Not Found" || body != `{"message":"Not Found"}` || resp.Request != req {
		t.Errorf("got %s %s", resp.Status, body)
	}
	want := http.Header{"Content-Type": {"application/json"}, "Link": {"<x>"}}
	if diff := cmp.Diff(want, resp.Header); diff != "" {
		t.Error(diff)
	}
	calls := vault.calls(wire.PathProxy)
	wantBody := `{"method":"PATCH","url":"https://api.example.com/v1/%C3%A9?a=1","grant_id":"` + testGrant +
		`","body":{"name":"Zo\u00eb"},"headers":{"Content-Type":"application/json; charset=utf-8","X-A":"b"},"reason":"why"}`
	if len(calls) != 1 || calls[0].Body != wantBody {
		t.Errorf("asked for\n%v\nwant\n%s", calls, wantBody)
	}
	if len(vault.settle(agent)) > 0 || dialed.count() > 0 || len(vault.calls(wire.PathToken)) > 0 {
		t.Error("proxy mode reported, dialed or asked for a token")
	}
}

func TestProxyBodies(t *testing.T) {
	for name, c := range map[string]struct{ contentType, body string }{
		"form": {"application/x-www-form-urlencoded", "a=1"}, "text": {"text/plain", "x"}, "no JSON": {"application/json", "{"},
		"null": {"application/json", "null"}, "two values": {"application/json", "1 2"}, "unnamed": {"", "\x00\x01"},
		"multipart": {"multipart/form-data; boundary=x", "--x--"},
	} {
		vault := newFakeVault(t)
		req := newRequest(t, "POST", "https://api.example.com/", c.body)
		req.Header.Set("Content-Type", c.contentType)
		if c.contentType == "" {
			req.Header.Del("Content-Type")
		}
		closed := &closing{ReadCloser: req.Body}
		req.Body = closed
		_, err := vault.agent(WithMode(Proxy)).Transport(Grant(testGrant)).RoundTrip(req)
		wantError(t, err, ErrUnsupportedBody, "unsupported_body")
		if !errors.Is(err, ErrInvalidInput) || len(vault.log) > 0 || !closed.done {
			t.Errorf("%s: sent %d requests, body closed %v", name, len(vault.log), closed.done)
		}
	}
	for _, body := range []string{"", "0", `""`, "[]", " "} {
		vault := newFakeVault(t)
		proxied(vault, wire.ProxyAnswer{StatusCode: 204})
		resp, got := fetch(t, vault.agent(WithMode(Proxy)).HTTPClient(Grant(testGrant)), newRequest(t, "POST", "https://api.example.com/", body))
		if resp.StatusCode != 204 || got != "" {
			t.Errorf("%q: %d %q", body, resp.StatusCode, got)
		}
		sent := strings.Contains(vault.calls(wire.PathProxy)[0].Body, `"body":`)
		if sent != (strings.TrimSpace(body) != "") {
			t.Errorf("%q: body sent: %v", body, sent)
		}
	}
}

type closing struct {
	io.ReadCloser
	done bool
}

func (c *closing) Close() error { c.done = true; return c.ReadCloser.Close() }

func TestProxyForbiddenHeader(t *testing.T) {
	vault := newFakeVault(t)
	req := newRequest(t, "GET", "https://api.example.com/", "")
	req.Header.Set("x-stripe-account", "acct")
	_, err := vault.agent(WithMode(Proxy)).Transport(Grant(testGrant)).RoundTrip(req)
	wantError(t, err, ErrInvalidInput, "invalid_value")
	if len(vault.log) > 0 {
		t.Error("something was sent")
	}
}

func TestPendingApproval(t *testing.T) {
	vault := newFakeVault(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	vault.script(wire.PathProxy, answerWith(202, wire.Pending{
		ApprovalID: testGrant, GroupID: testGrant, ExpiresAt: at, ExpiresIn: 60, ApprovalURL: "https://vault.example.com/a",
		Gates: []wire.Gate{{ApprovalID: testGrant, ExpiresAt: at, ExpiresIn: 60, ApprovalURL: "https://vault.example.com/g"}},
	}.Marshal()))
	_, err := vault.agent(WithMode(Proxy)).Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://api.example.com/", ""))
	wantError(t, err, ErrApprovalPending, "approval_pending")
	var pending *PendingApproval
	if !errors.As(err, &pending) {
		t.Fatal("no PendingApproval")
	}
	want := &PendingApproval{
		ApprovalID: testGrant, GroupID: testGrant, ExpiresAt: at, ExpiresIn: time.Minute, ApprovalURL: "https://vault.example.com/a",
		Gates: []ApprovalGate{{testGrant, at, time.Minute, "https://vault.example.com/g"}},
	}
	if diff := cmp.Diff(want, pending, cmpopts.IgnoreUnexported(PendingApproval{})); diff != "" {
		t.Error(diff)
	}
}

func TestProxyAnswers(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		kind   error
		code   string
	}{
		"not JSON":   {200, "<html>", ErrVault, "bad_vault_answer"},
		"no body":    {200, `{"status_code":200}`, ErrVault, "bad_vault_answer"},
		"bad base64": {200, `{"status_code":200,"body_b64":"%"}`, ErrVault, "bad_vault_answer"},
		"headers":    {200, `{"status_code":200,"body_b64":"","headers":{"a":["b"]}}`, ErrVault, "bad_vault_answer"},
		"pending":    {202, `{"status":"pending"}`, ErrVault, "bad_vault_answer"},
		"other":      {204, ``, ErrVault, "bad_vault_answer"},
		"redirect":   {302, `{"status_code":200,"body_b64":""}`, ErrVault, "bad_vault_answer"},
		"denied":     {403, `{"detail":{"error":"approval_denied"}}`, ErrApprovalDenied, "approval_denied"},
		"failed":     {502, `{"error":"approval_execution_failed"}`, ErrApprovalFailed, "approval_execution_failed"},
		"blocked":    {422, `{"error":"blocked_destination"}`, ErrBlockedDestination, "blocked_destination"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			vault := newFakeVault(t)
			vault.script(wire.PathProxy, answerWith(c.status, []byte(c.body)))
			_, err := vault.agent(WithMode(Proxy)).Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://api.example.com/", ""))
			wantError(t, err, c.kind, c.code)
		})
	}
}

func TestTruncatedProxyAnswerIsNoWholeBody(t *testing.T) {
	vault := newFakeVault(t)
	proxied(vault, wire.ProxyAnswer{StatusCode: 200, Body: []byte("begin"), Truncated: true})
	resp, err := vault.agent(WithMode(Proxy)).Transport(Grant(testGrant)).RoundTrip(newRequest(t, "GET", "https://api.example.com/", ""))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if string(body) != "begin" || !errors.Is(err, io.ErrUnexpectedEOF) || resp.ContentLength != -1 {
		t.Errorf("%q, %v, length %d", body, err, resp.ContentLength)
	}
}

// TestAuto: retrieve first; the vault's word makes it proxy, and the body is
// still there.
func TestAuto(t *testing.T) {
	for code, wantProxy := range map[string]bool{
		"restricted_grant_requires_proxy": true, "delegated_grant_requires_proxy": true,
		"hitl_grant_requires_proxy": true, "user_limits_require_proxy": true, "constraint_not_narrowing": false,
	} {
		t.Run(code, func(t *testing.T) {
			vault := newFakeVault(t)
			vault.script(wire.PathToken, answerWith(400, wire.MarshalError(code, "")))
			proxied(vault, wire.ProxyAnswer{StatusCode: 201, Body: []byte(`1`)})
			agent := vault.agent(WithMode(Auto))
			resp, err := agent.Transport(Grant(testGrant)).RoundTrip(newRequest(t, "POST", "https://api.example.com/", `{"a":1}`))
			if wantProxy {
				if err != nil || resp.StatusCode != 201 || !strings.Contains(vault.calls(wire.PathProxy)[0].Body, `"body":{"a":1}`) {
					t.Errorf("%v, %v", resp, err)
				}
				req := newRequest(t, "POST", "https://api.example.com/", "a=1")
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				_, err = agent.Transport(Grant(testGrant)).RoundTrip(req)
				wantError(t, err, ErrUnsupportedBody, "unsupported_body")
				return
			}
			wantError(t, err, ErrVault, code)
		})
	}
	vault, p := newFakeVault(t), newProvider(t, nil)
	agent := vault.agent(WithMode(Auto))
	fetch(t, agent.HTTPClient(Grant(testGrant)), newRequest(t, "POST", p.URL, "any"))
	if p.bodies[0] != "any" || len(vault.settle(agent)) != 1 {
		t.Error("auto did not retrieve")
	}
}
