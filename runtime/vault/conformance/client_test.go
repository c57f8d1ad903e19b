package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
)

// local places only: the provider of another vault has no /echo.
func inThisProcess(t *testing.T, f func(w *world)) {
	for _, p := range places()[:3] {
		t.Run(p.name, func(t *testing.T) { f(p.open(t)) })
	}
}

// TestCookiesStay: the official client's jar carries a cookie of one grant to the next.
func TestCookiesStay(t *testing.T) {
	inThisProcess(t, func(w *world) {
		agent := w.agent("")
		for _, grant := range []string{w.grant, w.userGrant, w.grant} {
			_, body, err := w.get(w.Context(), agent, "/echo", vault.Grant(grant))
			w.must(err)
			var seen struct{ Cookie string }
			w.must(json.Unmarshal([]byte(body), &seen))
			if seen.Cookie != "" {
				t.Errorf("a cookie came back: %q", seen.Cookie)
			}
		}
	})
}

// TestOneCredentialHeader: the provider answers 401 to two of them.
func TestOneCredentialHeader(t *testing.T) {
	inThisProcess(t, func(w *world) {
		status, _, err := w.get(w.Context(), w.agent(""), "/user", vault.Grant(w.grant), vault.Header("authorization", "Bearer test-secret-own"))
		if status != 200 || err != nil {
			t.Errorf("%d %v", status, err)
		}
	})
}

// TestTheURLsOwnQuerySurvives beside query parameters, in both modes.
func TestTheURLsOwnQuerySurvives(t *testing.T) {
	inThisProcess(t, func(w *world) {
		agent := w.agent("")
		for name, get := range map[string]func(context.Context, caller, string, ...vault.RequestOption) (int, string, error){"retrieve": w.get, "proxy": w.proxyGet} {
			_, body, err := get(w.Context(), agent, "/echo?own=1", vault.Grant(w.grant), vault.Query(map[string][]string{"more": {"2"}}))
			w.must(err)
			if !strings.Contains(body, "own=1") || !strings.Contains(body, "more=2") {
				t.Errorf("%s: %s", name, body)
			}
		}
	})
}

// TestARedirectIsNoToken: a 302 with a good body is an error, and nothing follows it.
func TestARedirectIsNoToken(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
		_, _ = w.Write([]byte(`{"access_token":"test-secret-t","grant_id":"22222222-2222-4222-8222-222222222222","status_code":200,"body_b64":""}`))
	}))
	defer s.Close()
	agent, err := vault.NewAgent("alter_key_"+strings.Repeat("x", 40), vault.WithBaseURL(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = agent.Close(t.Context()) }()
	grant := vault.Grant("22222222-2222-4222-8222-222222222222")
	_, retrieved := agent.Request(t.Context(), http.MethodGet, s.URL+"/user", grant)
	_, proxied := agent.ProxyRequest(t.Context(), http.MethodGet, s.URL+"/user", grant)
	for name, err := range map[string]error{"retrieve": retrieved, "proxy": proxied} {
		if !errors.Is(err, vault.ErrVault) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked != 2 {
		t.Errorf("%d requests, want 2", asked)
	}
}

// TestScopesOfTheProvider: a 403 with insufficient_scope is told apart, and reported.
func TestScopesOfTheProvider(t *testing.T) {
	inThisProcess(t, func(w *world) {
		_, _, err := w.get(w.Context(), w.agent(""), "/narrow", vault.Grant(w.grant))
		e := vaultError(err)
		if !errors.Is(err, vault.ErrScopeReauthRequired) || e == nil || strings.Join(e.Details.Missing, " ") != "repo admin" {
			t.Errorf("%v", err)
		}
	})
}

// TestRefusedDestinationsAreNeverDialed: the dialer records and fails.
func TestRefusedDestinationsAreNeverDialed(t *testing.T) {
	w := places()[0].open(t)
	var mu sync.Mutex
	var dialed []string
	tr := &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		dialed = append(dialed, address)
		return nil, errors.New("no connections in this test")
	}}
	agent := w.agent("", vault.WithProviderTransport(tr))
	for _, address := range []string{"https://example.invalid/", "https://192.0.2.1/", "http://127.0.0.1:9/", "https://[2001:db8::1]/", "https://169.254.169.254/latest"} {
		_, retrieved := agent.Request(t.Context(), http.MethodGet, address, vault.Grant(w.grant))
		_, proxied := agent.ProxyRequest(t.Context(), http.MethodGet, address, vault.Grant(w.grant))
		for mode, err := range map[string]error{"retrieve": retrieved, "proxy": proxied} {
			if !errors.Is(err, vault.ErrBlockedDestination) {
				t.Errorf("%s in %s mode: %v", address, mode, err)
			}
		}
	}
	if len(dialed) > 0 {
		t.Errorf("dialed %v", dialed)
	}
}
