package local

import (
	"bytes"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestSecretsStayInside plants recognisable secrets everywhere a caller can put
// one, provokes what it can, and searches every file, error, log line and
// printed form. Only token answers may hold the credential.
func TestSecretsStayInside(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, r.Header.Get("Authorization")+r.URL.RawQuery)
	}))
	defer provider.Close()
	var logs bytes.Buffer
	f := newFixture(t, WithProviderTransport(http.DefaultTransport), WithLogger(slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	spec := GrantSpec{
		AgentID: f.agent.ID, Hosts: []string{provider.URL, "https://api.github.com"},
		Credential: Credential{Token: testToken, Format: "Bearer {token} test-secret-format", Additional: map[string]string{"second": testSecond}},
	}
	f.grant = f.newGrant(spec)
	var seen strings.Builder // everything that may be printed, logged or answered
	note := func(values ...any) {
		for _, v := range values {
			raw, _ := stdjson.Marshal(v)
			experimental, _ := json.Marshal(v)
			_, _ = fmt.Fprintf(&seen, "%v\n%+v\n%#v\n%s\n%s\n", v, v, v, raw, experimental)
			slog.New(slog.NewTextHandler(&seen, nil)).Info("value", "v", v)
			slog.New(slog.NewJSONHandler(&seen, nil)).Info("value", "v", v)
		}
	}
	f.provoke(t, provider.URL, note)
	agents, err := f.Agents(t.Context())
	f.must(err)
	grants, err := f.Grants(t.Context())
	f.must(err)
	note(spec, &spec, spec.Credential, *f.agent, f.agent, f.grant, agents, grants, f.rows(), f.Vault, f.seal, f.store, logs.String())
	secrets := []string{testToken, testSecond, f.agent.Key, f.agent.Key[len("alter_key_"):], "test-secret"}
	for _, s := range secrets {
		if i := strings.Index(seen.String(), s); i >= 0 {
			t.Errorf("%q was printed: …%s", s, seen.String()[max(0, i-200):i])
		}
	}
	signing := wire.SigningKey(f.agent.Key)
	secrets = append(secrets, string(signing), hex.EncodeToString(signing))
	f.searchFiles(secrets) // with the journal
	f.must(f.Close())
	f.searchFiles(secrets)
}

// provoke makes calls of every kind with secrets in wrong places.
func (f *fixture) provoke(t *testing.T, provider string, note func(...any)) {
	const query = "?access_token=test-secret-query"
	keep := func(r result) { note(string(r.raw), r.header) }
	if r := f.token(f.grant.ID, provider+"/x"+query, send{}); r.str("access_token") != testToken {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	rep := f.sampleReport(200)
	rep.URL = provider + "/x" + query
	keep(f.report(rep, send{}))
	rep.URL = provider + "/unmatched" + query
	keep(f.report(rep, send{}))
	for _, url := range []string{
		"https://evil.example/" + query, "https://user:test-secret-pw@api.github.com/", "https://test-secret-user@api.github.com/", "test-secret-url",
		"https://api.github.com/%zz" + query, "https://api.github.com:test-secret-port/", "http://test-secret host/", "https://a@test-secret-x@b/",
	} {
		keep(f.token(f.grant.ID, url, send{}))
		keep(f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: url}, send{}))
	}
	keep(f.token("test-secret-grant", provider, send{}))
	keep(f.token(f.grant.ID, provider, send{body: []byte(`{"grant_id":"test-secret-body`)}))
	keep(f.token(f.grant.ID, provider, send{key: "alter_key_test-secret-key"}))
	keep(f.token(f.grant.ID, provider, send{body: wire.TokenRequest{GrantID: f.grant.ID, Method: "test-secret method", URL: provider}.Marshal()}))
	keep(f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: provider + "/echo" + query}, send{}))
	keep(f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "POST", URL: provider + "/echo", Body: []byte(`"test-secret-body"`), Headers: []wire.Pair{{Key: "X-S", Value: "test-secret-h"}}}, send{}))
	keep(f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/", Headers: []wire.Pair{{Key: "Cookie", Value: "test-secret-c"}}}, send{}))
	for _, bad := range []GrantSpec{
		{AgentID: f.agent.ID, Provider: "p", Hosts: []string{"https://u:test-secret-pw@h"}, Credential: Credential{Token: testToken}},
		{AgentID: f.agent.ID, Provider: "p", Hosts: []string{"https://h"}, Credential: Credential{Token: testToken + "\n"}},
		{AgentID: f.agent.ID, Provider: "p", Hosts: []string{"https://h"}, Credential: Credential{Token: testToken, Format: "test-secret-format"}},
		{AgentID: f.agent.ID, Provider: "p", Hosts: []string{"https://h"}, Credential: Credential{Token: testToken, Additional: map[string]string{"a": ""}}},
		{AgentID: "test-secret-agent", Provider: "p", Hosts: []string{"https://h"}, Credential: Credential{Token: testToken}},
	} {
		_, err := f.CreateGrant(t.Context(), bad)
		if err == nil {
			t.Error("a bad spec was taken")
		}
		note(err)
	}
	for _, bad := range []ManagedSecretSpec{
		{Slug: "test-secret slug", Kind: SecretBearer, Value: SecretValue{Values: []string{testToken}}},
		{Slug: "tool", Kind: "test-secret-kind", Value: SecretValue{Values: []string{testToken}}},
		{Slug: "tool", Kind: SecretBearer, Hosts: []string{"https://u:test-secret-pw@h"}, Value: SecretValue{Values: []string{testToken}}},
		{Slug: "tool", Kind: SecretBearer, Hosts: []string{provider}, Value: SecretValue{Values: []string{testToken + "\n"}}},
		{Slug: "tool", Kind: SecretBearer, Hosts: []string{provider}, Value: SecretValue{Values: []string{testToken, testSecond}}},
		{Slug: "tool", Kind: SecretBasic, Hosts: []string{provider}, Value: SecretValue{Username: testToken + ":", Password: testSecond}},
		{Slug: "tool", Kind: SecretBasic, Hosts: []string{provider}, Value: SecretValue{Values: []string{testToken}}},
		{Slug: "tool", Kind: SecretAWS, Hosts: []string{provider}, Value: SecretValue{AccessKeyID: testToken}},
	} {
		_, err := f.CreateManagedSecret(t.Context(), bad)
		if err == nil {
			t.Errorf("a bad spec was taken: %s", bad.Kind)
		}
		note(err, bad.Value)
	}
	for i, good := range []ManagedSecretSpec{
		{Kind: SecretQuery, Names: []string{"key"}, Value: SecretValue{Values: []string{testToken}}},
		{Kind: SecretBasic, Value: SecretValue{Username: "test-secret-name", Password: testSecond}},
		{Kind: SecretAWS, Region: "eu-west-1", Service: "s3", Value: SecretValue{AccessKeyID: testToken, SecretAccessKey: testSecond}},
	} {
		good.Slug, good.Hosts = fmt.Sprint("tool-", i), []string{provider}
		s, g := f.newSecret(good)
		note(s, *s, g, good)
		keep(f.proxy(wire.ProxyRequest{GrantID: g.ID, Method: "GET", URL: provider + "/echo" + query}, send{}))
		note(f.RotateSecret(t.Context(), s.ID, "test-secret-id", good.Value), f.RotateSecret(t.Context(), s.ID, "", SecretValue{Values: []string{testSecond, testToken, ""}}))
		keep(f.do(send{method: "POST", path: wire.PathSecretSession, body: []byte(`{"provider":"tool-0","user_token":"test-secret-user"}`)}))
	}
	note(f.RevokeGrant(t.Context(), "test-secret-id"), f.PauseAgent(t.Context(), "test-secret-id"))
}

func (f *fixture) searchFiles(secrets []string) {
	f.t.Helper()
	err := filepath.WalkDir(f.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range secrets {
			if bytes.Contains(raw, []byte(s)) {
				f.t.Errorf("%s holds %q", d.Name(), s)
			}
		}
		return nil
	})
	f.must(err)
}

// TestSearchFinds makes sure that the search above can fail.
func TestSearchFinds(t *testing.T) {
	f := newFixture(t)
	f.newGrant(GrantSpec{AgentID: f.agent.ID, Account: "visible-account"})
	raw, err := os.ReadFile(filepath.Join(f.dir, databaseName+"-wal"))
	f.must(err)
	if !bytes.Contains(raw, []byte("visible-account")) {
		t.Error("the journal does not hold what was just written in clear")
	}
}

func TestSpecErrors(t *testing.T) {
	f := newFixture(t)
	good := GrantSpec{AgentID: f.agent.ID, Provider: "p", Hosts: []string{"https://h.example"}, Credential: Credential{Token: testToken}}
	tests := map[string]func(*GrantSpec){
		"GrantSpec.AgentID":                       func(s *GrantSpec) { s.AgentID = "" },
		"GrantSpec.Provider":                      func(s *GrantSpec) { s.Provider = " x" },
		"GrantSpec.Account":                       func(s *GrantSpec) { s.Account = "a\nb" },
		"GrantSpec.Label":                         func(s *GrantSpec) { s.Label = strings.Repeat("x", 256) },
		"GrantSpec.Hosts":                         func(s *GrantSpec) { s.Hosts = nil },
		"GrantSpec.Hosts[1]":                      func(s *GrantSpec) { s.Hosts = []string{"https://h.example", "http://h.example"} },
		"GrantSpec.Hosts[0]":                      func(s *GrantSpec) { s.Hosts = []string{"https://h.example/path"} },
		"GrantSpec.ExpiresAt":                     func(s *GrantSpec) { s.ExpiresAt = testTime },
		"GrantSpec.Scopes[0]":                     func(s *GrantSpec) { s.Scopes = []string{""} },
		"GrantSpec.Credential.Token":              func(s *GrantSpec) { s.Credential.Token = "" },
		"GrantSpec.Credential.Header":             func(s *GrantSpec) { s.Credential.Header = "Host" },
		"GrantSpec.Credential.Format":             func(s *GrantSpec) { s.Credential.Format = "Bearer" },
		"GrantSpec.Credential.Additional":         func(s *GrantSpec) { s.Credential.Additional = map[string]string{"a": " "} },
		"GrantSpec.Credential.Injections":         func(s *GrantSpec) { s.Credential.Injections = []Injection{{Key: "Cookie"}} },
		"GrantSpec.Credential.Injections[0].From": func(s *GrantSpec) { s.Credential.Injections = []Injection{{Key: "X", From: "none"}} },
	}
	for field, change := range tests {
		spec := good
		change(&spec)
		_, err := f.CreateGrant(t.Context(), spec)
		if se, ok := err.(*SpecError); !ok || se.Field != field { //nolint:errorlint // the type is the contract
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, err := f.CreateGrant(t.Context(), good); err != nil {
		t.Error(err)
	}
	for field, spec := range map[string]AgentSpec{
		"AgentSpec.Name": {}, "AgentSpec.Type": {Name: "x", Type: "robot"}, "AgentSpec.DisplayName": {Name: "x", DisplayName: strings.Repeat("x", 256)},
	} {
		if _, err := f.CreateAgent(t.Context(), spec); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if _, err := f.CreateAgent(t.Context(), AgentSpec{Name: "builder"}); err == nil || !strings.Contains(err.Error(), "AgentSpec.Name") {
		t.Errorf("a taken name: %v", err)
	}
	f.must(f.RevokeAgent(t.Context(), f.agent.ID))
	f.newAgent("builder") // the name is free again
}

func TestListings(t *testing.T) {
	f := newFixture(t)
	other := f.newAgent("other")
	f.must(f.DelegateGrant(t.Context(), f.grant.ID, other.ID, f.clock.now()))
	grants, err := f.Grants(t.Context())
	f.must(err)
	if len(grants) != 1 || grants[0].ID != f.grant.ID || grants[0].Hosts[0] != "https://api.github.com" || len(grants[0].Delegates) != 1 || grants[0].Delegates[0] != other.ID {
		t.Errorf("%+v", grants)
	}
	agents, err := f.Agents(t.Context())
	f.must(err)
	if len(agents) != 2 || agents[0].Name != "builder" || !agents[0].LastUsedAt.IsZero() {
		t.Errorf("%+v", agents)
	}
}
