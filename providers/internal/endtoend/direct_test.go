package endtoend_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	stdjson "encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// signedRequest is a request to the vault made from the text of the protocol
// alone: no code of ours but the vault's answers it. Clients of other languages
// do not make the checks that vault.Agent makes first.
func signedRequest(t *testing.T, key, path string, body []byte) *http.Request {
	t.Helper()
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	stamp, hash := strconv.FormatInt(time.Now().Unix(), 10), sha256.Sum256(body)
	text := strings.Join([]string{"POST", path, stamp, hex.EncodeToString(nonce), hex.EncodeToString(hash[:]), ""}, "\n")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"x-api-key": {key}, "Content-Type": {"application/json"}, "X-Alter-Timestamp": {stamp}, "X-Alter-Nonce": {hex.EncodeToString(nonce)},
		"X-Alter-Content-SHA256": {hex.EncodeToString(hash[:])}, "X-Alter-Signature": {hexMAC([]byte(hexMACRaw(key)), text)},
	}
	return req
}

func hexMACRaw(key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("alter-signing-v1"))
	return string(mac.Sum(nil))
}

func hexMAC(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// ask sends a body to the vault and returns status, error code and the raw text.
func (g *guarded) ask(t *testing.T, path string, body any) (status int, code, text string) {
	t.Helper()
	raw, ok := body.(string)
	if !ok {
		b, err := stdjson.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(b)
	}
	resp, err := g.vault.RoundTrip(signedRequest(t, g.key, path, []byte(raw)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Error string }
	_ = stdjson.Unmarshal(answer, &e)
	return resp.StatusCode, e.Error, string(answer)
}

func tokenBody(grant, method, target string) map[string]any {
	return map[string]any{"grant_id": grant, "reason": nil, "request": map[string]any{"method": method, "url": target}}
}

func proxyBody(grant, method, target string) map[string]any {
	return map[string]any{"method": method, "url": target, "grant_id": grant}
}

// TestVaultRefusesByItself: what the agent would have refused before is refused
// by the vault too, with a row, before a credential is read.
func TestVaultRefusesByItself(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, setting{mode: vault.Retrieve})
	h := newHunt(t, map[string]string{"credential": plainToken, "key": g.key})
	if status, _, text := g.ask(t, "/sdk/token", tokenBody(g.grant, "GET", "https://api.github.com/user")); status != 200 || !strings.Contains(text, plainToken) {
		t.Fatalf("the protocol's own request is not served: %d %s", status, text)
	}
	if n := g.master.take(); n != 1 {
		t.Fatalf("%d unsealed: this test would prove nothing", n)
	}
	asks := map[string]func() (int, string, string){}
	for name, target := range destinations() {
		asks["token "+name] = func() (int, string, string) { return g.ask(t, "/sdk/token", tokenBody(g.grant, "GET", target)) }
		asks["proxy "+name] = func() (int, string, string) { return g.ask(t, "/sdk/proxy", proxyBody(g.grant, "GET", target)) }
	}
	const good = "https://api.github.com/user"
	for name, body := range map[string]any{
		"no grant": map[string]any{"reason": nil, "request": map[string]any{"method": "GET", "url": good}}, "empty grant": tokenBody("", "GET", good), "null grant": map[string]any{"grant_id": nil, "reason": nil, "request": map[string]any{"method": "GET", "url": good}},
		"grant is a list": map[string]any{"grant_id": []string{g.grant}, "reason": nil, "request": map[string]any{"method": "GET", "url": good}}, "no request": map[string]any{"grant_id": g.grant, "reason": nil}, "no URL": map[string]any{"grant_id": g.grant, "reason": nil, "request": map[string]any{"method": "GET"}},
		"method of two words": tokenBody(g.grant, "GET /x", good), "lower-case method": tokenBody(g.grant, "get", good), "method with a line break": tokenBody(g.grant, "GET\r\nX: y", good), "no JSON": "{", "array": "[]", "empty": "",
		"URL twice": `{"grant_id":"` + g.grant + `","reason":null,"request":{"method":"GET","url":"https://api.github.com/","url":"https://evil.example/"}}`,
	} {
		asks["token "+name] = func() (int, string, string) { return g.ask(t, "/sdk/token", body) }
	}
	for name, headers := range map[string]map[string]string{
		"authorization": {"authorization": "x"}, "Host": {"Host": "evil.example"}, "cookie": {"Cookie": "x"}, "override": {"X-HTTP-Method-Override": "DELETE"}, "line break": {"X-Own": "a\r\nHost: evil.example"}, "vault header": {"X-Alter-Context": "{}"}, "connection": {"Connection": "close"},
	} {
		body := proxyBody(g.grant, "GET", good)
		body["headers"] = headers
		asks["proxy header "+name] = func() (int, string, string) { return g.ask(t, "/sdk/proxy", body) }
	}
	for name, ask := range asks {
		var status int
		var code, text string
		e, one := g.oneNewRow(func() { status, code, text = ask() })
		h.text(name, text)
		if status < 400 || code == "" || !one {
			t.Errorf("%s: %d %s, one new row: %t", name, status, text, one)
			continue
		}
		if e.Decision != local.DecisionDenied || e.ReasonCode != code || strings.Contains(e.URL(), "@") || strings.ContainsAny(e.URL(), "\r\n\x00") {
			t.Errorf("%s: row %+v", name, e)
		}
		if asked, unsealed := g.network.take(), g.master.take(); len(asked) != 0 || unsealed != 0 {
			t.Errorf("%s: connections to %q, %d unsealed", name, asked, unsealed)
		}
	}
}

// TestVaultRefusesForgeries: one changed byte anywhere in what is signed, a
// replay, another agent's key.
func TestVaultRefusesForgeries(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, setting{mode: vault.Retrieve})
	body, err := stdjson.Marshal(tokenBody(g.grant, "GET", "https://api.github.com/user"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request){
		"body": func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(append([]byte(" "), body...))) },
		"timestamp": func(r *http.Request) {
			r.Header["X-Alter-Timestamp"] = []string{strconv.FormatInt(time.Now().Unix()+1, 10)}
		},
		"nonce":       func(r *http.Request) { r.Header["X-Alter-Nonce"] = []string{strings.Repeat("ab", 16)} },
		"hash":        func(r *http.Request) { r.Header["X-Alter-Content-SHA256"] = []string{strings.Repeat("0", 64)} },
		"signature":   func(r *http.Request) { delete(r.Header, "X-Alter-Signature") },
		"two":         func(r *http.Request) { r.Header["X-Alter-Signature"] = append(r.Header["X-Alter-Signature"], "x") },
		"method":      func(r *http.Request) { r.Method = http.MethodPut },
		"caller":      func(r *http.Request) { r.Header["X-Alter-Caller"] = []string{"boss"} },
		"context":     func(r *http.Request) { r.Header["X-Alter-Context"] = []string{`{"run_id":"x"}`} },
		"actor":       func(r *http.Request) { r.Header["X-Alter-Actor-ID"] = []string{testGrant} },
		"scopes":      func(r *http.Request) { r.Header["X-Alter-Scope-Constraints"] = []string{"tokens:retrieve"} },
		"query":       func(r *http.Request) { r.URL.RawQuery = "a=1" },
		"key":         func(r *http.Request) { r.Header["x-api-key"] = []string{testKey} },
		"two keys":    func(r *http.Request) { r.Header["X-Api-Key"] = []string{g.key} },
		"lower scope": func(r *http.Request) { r.Header["X-Alter-Request-Rule"] = []string{"e30"} },
	} {
		req := signedRequest(t, g.key, "/sdk/token", body)
		change(req)
		resp, err := g.vault.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode < 400 || g.master.take() != 0 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
		_ = resp.Body.Close()
	}
	req := signedRequest(t, g.key, "/sdk/token", body)
	for i, want := range []int{200, 401} {
		again := req.Clone(t.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		resp, err := g.vault.RoundTrip(again)
		if err != nil || resp.StatusCode != want {
			t.Errorf("sending %d: %v", i+1, err)
		}
	}
}
