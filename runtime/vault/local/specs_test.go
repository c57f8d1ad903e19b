package local

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestProviderSpecs asks for everything that a table knows, through the client.
func TestProviderSpecs(t *testing.T) {
	f := newFixture(t, WithOperationTable(tableText(t, "github", "https://api.github.com", opUser, opNote)))
	_, err := f.LoadOperations(t.Context(), OperationTableSpec{Table: []byte(tableText(t, "mail", "https://mail.example.com", opNote)), Kind: KindManaged})
	f.must(err)
	agent, err := vault.NewAgent(f.agent.Key, vault.WithBackend(stampedBackend{f}))
	f.must(err)
	specs, ctx := agent.ProviderSpecs(), t.Context()
	for kind, want := range map[vault.ProviderKind]string{"": "[managed/mail oauth/github]", vault.ProviderManaged: "[managed/mail]", vault.ProviderOAuth: "[oauth/github]"} {
		list, err := specs.List(ctx, kind)
		f.must(err)
		got := []string{}
		for _, s := range list {
			got = append(got, string(s.Kind)+"/"+s.ProviderID)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q: %v, want %s", kind, got, want)
		}
	}
	spec, err := specs.Get(ctx, vault.ProviderOAuth, "github")
	f.must(err)
	if spec.Version != 1 || spec.OperationCount != 2 || !strings.HasPrefix(spec.ContentHash, "sha256:") || spec.SpecVersion != "3" ||
		spec.SourceURL != "https://example.com/api.json" || spec.Provenance != "grantgen" || !spec.ChangedAt.Equal(f.clock.now()) || spec.Title != "" {
		t.Errorf("%+v", spec)
	}
	for want, filter := range map[string]vault.OperationFilter{
		"users/me notes/add ": {}, "notes/add ": {Search: "ADD"}, "users/me notes/add": {PageSize: 1}, " ": {Search: "nothing"},
	} {
		var got strings.Builder
		for op, err := range specs.ListOperations(ctx, vault.ProviderOAuth, "github", filter) {
			f.must(err)
			got.WriteString(op.ID + " ")
		}
		if strings.TrimSpace(got.String()) != strings.TrimSpace(want) {
			t.Errorf("%+v: %q, want %q", filter, got.String(), want)
		}
	}
	op, err := specs.GetOperation(ctx, vault.ProviderOAuth, "github", "notes/add")
	f.must(err)
	const note = `"Note":{"type":"object","properties":{"text":{"type":"string"},"to":{"$ref":"#/$defs/People"}},"required":["text"]},"People":{"type":"array","items":{"type":"string"}}`
	if op.Method != http.MethodPost || op.PathTemplate != "/notes/{list}" || len(op.Params) != 2 || string(op.Request) != `{"$ref":"#/$defs/Note","$defs":{`+note+`}}` ||
		string(op.Response) != string(op.Request) || string(op.Params[1]) != `{"name":"quiet","in":"query","schema":{"type":"boolean"}}` {
		t.Errorf("%+v", op)
	}
	for code, err := range map[string]error{
		codeSpecNotFound:      func() error { _, err := specs.Get(ctx, vault.ProviderManaged, "github"); return err }(),
		codeOperationNotFound: func() error { _, err := specs.GetOperation(ctx, vault.ProviderOAuth, "github", "x"); return err }(),
	} {
		var e *vault.Error
		if !errors.As(err, &e) || e.Code != code || e.Status != 404 || !errors.Is(err, vault.ErrSpecNotFound) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// stampedBackend puts the fixture's clock where the client's stands: the vault's is
// a fixed one.
type stampedBackend struct{ f *fixture }

func (b stampedBackend) RoundTrip(r *http.Request) (*http.Response, error) {
	target := r.URL.EscapedPath()
	query := r.URL.RawQuery
	return b.f.Vault.RoundTrip(b.f.request(send{method: r.Method, path: target, query: query}))
}

// TestProviderSpecQueries: what a question may not hold is 422, who may not ask is
// 403, and a provider's name may hold anything.
func TestProviderSpecQueries(t *testing.T) {
	f := newFixture(t, WithOperationTable(tableText(t, "github", "https://api.github.com", opUser)))
	ask := func(target string) result {
		path, query, _ := strings.Cut(target, "?")
		return f.do(send{method: http.MethodGet, path: path, query: query})
	}
	const github = wire.PathProviderSpecs + "/oauth/github"
	for target, want := range map[string]int{
		wire.PathProviderSpecs + "?kind=oauth": 200, wire.PathProviderSpecs + "?kind=": 422, wire.PathProviderSpecs + "?kind=x": 422, wire.PathProviderSpecs + "?x=1": 422,
		wire.PathProviderSpecs + "?kind=oauth&kind=oauth": 422, wire.PathProviderSpecs + "/x/github": 422, wire.PathProviderSpecs + "/oauth/a%2Fb": 404,
		wire.PathProviderSpecs + "/oauth/github/else": 404, github: 200, github + "?a=b": 422,
		github + "/operations": 200, github + "/operations?limit=500&offset=9": 200, github + "/operations?limit=501": 422, github + "/operations?limit=0": 422,
		github + "/operations?offset=-1": 422, github + "/operations?search=": 422, github + "/operations?search=" + strings.Repeat("x", 201): 422,
		github + "/operation": 422, github + "/operation?operation_id=" + strings.Repeat("x", 513): 422, github + "/operation?operation_id=users%2Fme": 200,
	} {
		if r := ask(target); r.status != want {
			t.Errorf("%s: %d %s, want %d", target, r.status, r.raw, want)
		}
	}
	if r := f.do(send{method: http.MethodGet, path: github, scopes: "grants:read"}); r.status != http.StatusForbidden || r.str("error") != "insufficient_scope" {
		t.Errorf("without the scope: %d %s", r.status, r.raw)
	}
}
