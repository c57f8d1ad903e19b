package local

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

const (
	testKey    = "test-secret-managed-key-1"
	testKey2   = "test-secret-managed-key-2"
	testUser   = "test-secret-account"
	testSecret = "test-secret-password/+=1"
)

// echo is a provider that repeats the whole request in its answer, as some do
// in errors.
type echo struct {
	*httptest.Server
	last *http.Request
}

func newEcho(t testing.TB) *echo {
	t.Helper()
	e := &echo{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.last = r.Clone(t.Context())
		w.Header().Set("X-Echo", r.URL.RawQuery)
		for name, values := range r.Header {
			_, _ = io.WriteString(w, name+": "+strings.Join(values, ",")+"\n")
		}
		if user, password, ok := r.BasicAuth(); ok {
			_, _ = io.WriteString(w, "user "+user+" password "+password+"\n")
		}
		_, _ = io.WriteString(w, r.URL.String()+"\n")
	}))
	t.Cleanup(e.Close)
	return e
}

// newSecret makes a managed secret for the provider, and a grant of it for the
// fixture's agent.
func (f *fixture) newSecret(spec ManagedSecretSpec) (*ManagedSecret, *Grant) {
	f.t.Helper()
	if spec.Slug == "" {
		spec.Slug = "stand-in"
	}
	s, err := f.CreateManagedSecret(f.t.Context(), spec)
	f.must(err)
	g, err := f.GrantManagedSecret(f.t.Context(), ManagedGrantSpec{SecretID: s.ID, AgentID: f.agent.ID})
	f.must(err)
	return s, g
}

// TestManagedSecretKinds makes a proxied call with each kind: the provider gets
// the secret in its place and nowhere else, the caller never, whatever the
// provider repeats.
func TestManagedSecretKinds(t *testing.T) {
	for name, c := range map[string]struct {
		spec ManagedSecretSpec
		want func(r *http.Request) bool
	}{
		"bearer": {
			ManagedSecretSpec{Kind: SecretBearer, Value: SecretValue{Values: []string{testKey}}},
			func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+testKey },
		},
		"header": {
			ManagedSecretSpec{Kind: SecretHeader, Names: []string{"X-Key"}, Prefix: "Token ", Value: SecretValue{Values: []string{testKey}}},
			func(r *http.Request) bool {
				return r.Header.Get("X-Key") == "Token "+testKey && r.Header.Get("Authorization") == ""
			},
		},
		"headers": {
			ManagedSecretSpec{Kind: SecretHeader, Names: []string{"DD-API-KEY", "DD-APPLICATION-KEY"}, Value: SecretValue{Values: []string{testKey, testKey2}}},
			func(r *http.Request) bool {
				return r.Header.Get("DD-API-KEY") == testKey && r.Header.Get("DD-APPLICATION-KEY") == testKey2
			},
		},
		"query": {
			ManagedSecretSpec{Kind: SecretQuery, Names: []string{"key", "token"}, Value: SecretValue{Values: []string{testKey, testSecret}}},
			func(r *http.Request) bool {
				q := r.URL.Query()
				return q.Get("key") == testKey && q.Get("token") == testSecret && q.Get("page") == "2" &&
					r.Header.Get("Authorization") == "" && r.Header.Get(wire.PlaceholderHeader) == ""
			},
		},
		"basic": {
			ManagedSecretSpec{Kind: SecretBasic, Value: SecretValue{Username: testUser, Password: testSecret}},
			func(r *http.Request) bool {
				user, password, ok := r.BasicAuth()
				return ok && user == testUser && password == testSecret
			},
		},
		"basic, the key as user name": {
			ManagedSecretSpec{Kind: SecretBasic, Value: SecretValue{Username: testKey, Password: "X"}},
			func(r *http.Request) bool {
				user, password, ok := r.BasicAuth()
				return ok && user == testKey && password == "X"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			provider := newEcho(t)
			f := newFixture(t, WithProviderTransport(http.DefaultTransport))
			c.spec.Hosts = []string{provider.URL}
			s, g := f.newSecret(c.spec)
			r := f.proxy(wire.ProxyRequest{GrantID: g.ID, Method: "GET", URL: provider.URL + "/v1/boards?page=2&key=mine"}, send{})
			if r.status != 200 {
				t.Fatalf("%d %s", r.status, r.raw)
			}
			if !c.want(provider.last) {
				t.Errorf("the provider got %s %v", provider.last.URL, provider.last.Header)
			}
			body, err := base64.StdEncoding.DecodeString(r.str("body_b64"))
			f.must(err)
			for _, text := range []string{string(body), string(r.raw)} {
				for _, secret := range []string{testKey, testKey2, testSecret, url.QueryEscape(testSecret), base64.StdEncoding.EncodeToString([]byte(testUser + ":" + testSecret))} {
					if strings.Contains(text, secret) {
						t.Errorf("the caller got %q:\n%s", secret, text)
					}
				}
			}
			row := f.lastRow()
			if row.Provider != s.Slug || row.GrantID != g.ID || row.Status != 200 || row.Path != "/v1/boards" || row.Outcome != OutcomeCompleted {
				t.Errorf("%+v", row)
			}
			f.searchFiles([]string{testKey, testKey2, testSecret, url.QueryEscape(testSecret)})
		})
	}
}

// TestManagedSecretByProvider: a call names the secret by its slug, within the
// agent's allowlist.
func TestManagedSecretByProvider(t *testing.T) {
	provider := newEcho(t)
	f := newFixture(t, WithProviderTransport(http.DefaultTransport))
	f.newSecret(ManagedSecretSpec{Slug: "stripe-production", Kind: SecretBearer, Hosts: []string{provider.URL}, Value: SecretValue{Values: []string{testKey}}})
	call := func() result {
		return f.proxy(wire.ProxyRequest{ProviderID: "stripe-production", Method: "GET", URL: provider.URL + "/v1/charges"}, send{})
	}
	if r := call(); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	for _, c := range []struct {
		scopes map[string][]string
		status int
	}{
		{map[string][]string{"stripe-production": {"x"}}, 404}, // an OAuth provider of that name
		{map[string][]string{secretSlugs: {"other"}}, 404},
		{map[string][]string{}, 404},
		{map[string][]string{secretSlugs: {"other", "stripe-production"}}, 200},
	} {
		text, err := json.Marshal(c.scopes, json.Deterministic(true))
		f.must(err)
		raw := string(text)
		f.must(f.store.write(t.Context(), func(ctx context.Context, q *statements) error {
			return q.exec(ctx, "UPDATE agents SET scopes = ? WHERE id = ?", raw, f.agent.ID)
		}))
		if r := call(); r.status != c.status {
			t.Errorf("%s: %d %s", raw, r.status, r.raw)
		}
	}
}

// TestRulesKnowManagedSecrets: a rule tells them from connected accounts.
func TestRulesKnowManagedSecrets(t *testing.T) {
	provider := newEcho(t)
	f := newFixture(t, WithProviderTransport(http.DefaultTransport))
	account := f.newGrant(GrantSpec{AgentID: f.agent.ID, Hosts: []string{provider.URL}})
	_, secret := f.newSecret(ManagedSecretSpec{Kind: SecretBearer, Hosts: []string{provider.URL}, Value: SecretValue{Values: []string{testKey}}})
	_, err := f.CreateRule(t.Context(), RuleSpec{Name: "no keys", Target: TargetVault, Rule: &rule.JSONMatch{When: rule.When{ResourceKind: []string{"managed_secret"}}}})
	f.must(err)
	for id, want := range map[string]int{account.ID: http.StatusOK, secret.ID: http.StatusForbidden} {
		if r := f.proxy(wire.ProxyRequest{GrantID: id, Method: "GET", URL: provider.URL + "/"}, send{}); r.status != want {
			t.Errorf("%d %s, want %d", r.status, r.raw, want)
		}
	}
}

// TestSecretValuesThatDoNotFit: what a kind does not have, or cannot send, is
// refused before anything is stored, by an error that holds nothing of it.
func TestSecretValuesThatDoNotFit(t *testing.T) {
	f := newFixture(t)
	pair, key := SecretValue{Username: testUser, Password: testSecret}, SecretValue{AccessKeyID: testAccessKey, SecretAccessKey: testSigningKey}
	list := func(values ...string) SecretValue { return SecretValue{Values: values} }
	for _, c := range []struct {
		kind  SecretKind
		value SecretValue
		want  string
	}{
		{SecretBearer, pair, "must hold Values and nothing else"},
		{SecretBearer, SecretValue{Values: []string{testKey}, Username: testUser}, "must hold Values and nothing else"},
		{SecretBearer, SecretValue{Values: []string{testKey}, SessionToken: testSessionToken}, "must hold Values and nothing else"},
		{SecretHeader, key, "must hold Values and nothing else"},
		{SecretBasic, list(testKey), "must hold Username and Password and nothing else"},
		{SecretBasic, SecretValue{Password: testSecret, SecretAccessKey: testSigningKey}, "must hold Username and Password and nothing else"},
		{SecretAWS, list(testKey), "must hold AccessKeyID, SecretAccessKey and perhaps SessionToken and nothing else"},
		{SecretAWS, SecretValue{AccessKeyID: testAccessKey, SecretAccessKey: testSigningKey, Username: testUser}, "must hold AccessKeyID, SecretAccessKey and perhaps SessionToken and nothing else"},
		{SecretBearer, list(testKey, testKey2), "must hold one token in Values"},
		{SecretHeader, list(testKey, testKey2), "must hold 1 entries in Values"},
		{SecretBasic, SecretValue{Username: "a:b", Password: testSecret}, "without a colon"},
		{SecretBearer, list(" "), "must not be blank"},
		{SecretAWS, SecretValue{AccessKeyID: testAccessKey}, "must not be blank"},
		{SecretBearer, list(testKey + "\nX-Other: 1"), "without line breaks"},
		{SecretBearer, list(strings.Repeat("test-secret-", 700)), "at most 8192 bytes"},
		{SecretBearer, list("test-secret-\xff"), "of UTF-8"},
	} {
		spec := ManagedSecretSpec{Slug: "tool", Kind: c.kind, Hosts: []string{"https://h.example"}, Value: c.value}
		if c.kind == SecretHeader {
			spec.Names = []string{"X-Key"}
		}
		_, err := f.CreateManagedSecret(t.Context(), spec)
		wrong, ok := errors.AsType[*SpecError](err)
		if !ok || wrong.Field != "ManagedSecretSpec.Value" || !strings.Contains(wrong.Reason, c.want) || strings.Contains(err.Error(), "test-secret") {
			t.Errorf("%s: %v, want %q", c.kind, err, c.want)
		}
	}
	if list, err := f.ManagedSecrets(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("%+v %v", list, err)
	}
	if text := printed(pair) + printed(&key) + printed(ManagedSecretSpec{Value: list(testKey)}); strings.Contains(text, "test-secret") {
		t.Error(text)
	}
}
