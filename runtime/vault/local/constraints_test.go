package local

import (
	"net/http"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestScopeConstraints: the scopes that a client keeps are signed, take away what
// is not among them, and cannot add to what the key has.
func TestScopeConstraints(t *testing.T) {
	f := newFixture(t)
	const url = "https://api.github.com/user"
	const kept = "tokens:retrieve,audit:emit"
	proxied := wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: url}
	if got := f.token(f.grant.ID, url, send{scopes: kept}); got.status != 200 {
		t.Errorf("kept: %d %s", got.status, got.raw)
	}
	if got := f.proxy(proxied, send{scopes: kept}); got.status != 403 || got.str("error") != codeInsufficientScope {
		t.Errorf("given up: %d %s", got.status, got.raw)
	}
	for name, change := range map[string]func(*http.Request){
		"stripped": func(r *http.Request) { delete(r.Header, wire.HeaderScopes) },
		"emptied":  func(r *http.Request) { r.Header[wire.HeaderScopes] = []string{""} },
		"widened":  func(r *http.Request) { r.Header[wire.HeaderScopes] = []string{kept + ",proxy:execute"} },
		"narrowed": func(r *http.Request) { r.Header[wire.HeaderScopes] = []string{"tokens:retrieve"} },
		"doubled":  func(r *http.Request) { r.Header[wire.HeaderScopes] = []string{kept, kept} },
	} {
		if got := f.token(f.grant.ID, url, send{scopes: kept, change: change}); got.status != 401 || got.str("error") != codeInvalidSignature {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	for _, wide := range []string{"agents:write", "tokens:retrieve,agents:write", "no:such", "*", "tokens:retrieve, audit:emit", ","} {
		for what, got := range map[string]result{
			"token": f.token(f.grant.ID, url, send{scopes: wide}), "proxy": f.proxy(proxied, send{scopes: wide}), "me": f.do(send{method: "GET", path: wire.PathMe, scopes: wide}),
		} {
			if got.status != 400 || got.str("error") != "constraint_not_narrowing" {
				t.Errorf("%q at %s: %d %s", wide, what, got.status, got.raw)
			}
		}
	}
}
