package local

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func TestCatalog(t *testing.T) {
	f := newFlowFixture(t)
	r := f.do(send{key: f.app.Key, method: http.MethodGet, path: "/sdk/oauth/provider-catalog"})
	for _, want := range []string{`"github":{`, `"supports_pkce":true`, `"default_scopes":["repo","user"]`, `"status":"active"`} {
		if r.status != 200 || !strings.Contains(string(r.raw), want) {
			t.Errorf("%d %s lacks %s", r.status, r.raw, want)
		}
	}
}

func TestScopeCatalog(t *testing.T) {
	f := newFlowFixture(t)
	for _, key := range []string{f.app.Key, f.agent.Key} {
		r := f.do(send{key: key, method: http.MethodGet, path: "/sdk/scopes"})
		for _, want := range []string{`"scope_version":1`, `"tokens":{"verbs":["retrieve"]}`, `"idp_users":{"verbs":["read","write"]}`, `"deprecated":[]`} {
			if r.status != 200 || !strings.Contains(string(r.raw), want) {
				t.Errorf("%d %s lacks %s", r.status, r.raw, want)
			}
		}
	}
}

func TestProviderSpec(t *testing.T) {
	f := newFlowFixture(t)
	for field, change := range map[string]func(*ProviderSpec){
		"ProviderSpec.ID":           func(s *ProviderSpec) { s.ID = "Git Hub" },
		"ProviderSpec.AuthorizeURL": func(s *ProviderSpec) { s.AuthorizeURL = "http://example.com/authorize" },
		"ProviderSpec.TokenURL":     func(s *ProviderSpec) { s.TokenURL = "" },
		"ProviderSpec.UserURL":      func(s *ProviderSpec) { s.UserURL = "" },
		"ProviderSpec.ClientID":     func(s *ProviderSpec) { s.ClientID = "" },
		"ProviderSpec.Hosts":        func(s *ProviderSpec) { s.Hosts = nil },
		"ProviderSpec.Hosts[0]":     func(s *ProviderSpec) { s.Hosts = []string{"api.github.com"} },
		"ProviderSpec.Scopes[0]":    func(s *ProviderSpec) { s.Scopes = []string{"a b"} },
		"ProviderSpec.Header":       func(s *ProviderSpec) { s.Header = "Cookie" },
		"ProviderSpec.Format":       func(s *ProviderSpec) { s.Format = "Bearer" },
	} {
		spec := f.server.spec()
		change(&spec)
		_, err := f.SetProvider(t.Context(), spec)
		e, ok := errors.AsType[*SpecError](err)
		if !ok || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
		if ok && strings.Contains(e.Error(), "test-secret") {
			t.Errorf("%s: the error holds the secret", field)
		}
	}
	list, err := f.Providers(t.Context())
	if err != nil || len(list) != 1 || !list[0].SignIn || list[0].ClientID != testClientID {
		t.Errorf("%+v %v", list, err)
	}
	if err := f.RemoveProvider(t.Context(), "github"); err != nil {
		t.Error(err)
	}
	if r := f.post(f.app.Key, wire.PathAuthSession, []byte("{}")); r.status != 409 || r.str("error") != "idp_signin_not_configured" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}
