package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-github/v89/github"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

const token = "test-secret-provider-token-0123456789"

// standIn answers a few of GitHub's endpoints, and 401 to anybody without the
// credential. It echoes what it got, which must not reach the caller.
type standIn struct {
	*httptest.Server
	mu     sync.Mutex
	faults []string
}

func newStandIn(t *testing.T, cdn string) *standIn {
	t.Helper()
	s := &standIn{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orgs/acme/repos", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "2" {
			_, _ = io.WriteString(w, `[{"id":2,"name":"two"}]`)
			return
		}
		w.Header().Set("Link", fmt.Sprintf(`<http://%s/orgs/acme/repos?page=2>; rel="next"`, r.Host))
		_, _ = fmt.Fprintf(w, `[{"id":1,"name":"one","description":%q}]`, r.Header.Get("Authorization"))
	})
	mux.HandleFunc("POST /repos/acme/site/issues", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Title string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"number":7,"title":%q}`, in.Title)
	})
	mux.HandleFunc("GET /repos/acme/gone", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"Not Found"}`)
	})
	mux.HandleFunc("GET /repos/acme/site/releases/assets/1", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, cdn+"/file", http.StatusFound)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.check(r)
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *standIn) check(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Alter-") || name == "Traceparent" || name == "X-Api-Key" {
			s.faults = append(s.faults, name)
		}
	}
	if len(r.Header["Authorization"]) != 1 {
		s.faults = append(s.faults, "one credential header is wanted")
	}
}

// house is an embedded vault with one agent and one grant for the stand-in.
type house struct {
	vault *local.Vault
	agent *vault.Agent
	grant string
}

func newHouse(t *testing.T, host string, opts ...vault.Option) house {
	t.Helper()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	who, err := v.CreateAgent(t.Context(), local.AgentSpec{Name: "peer"})
	if err != nil {
		t.Fatal(err)
	}
	grant, err := v.CreateGrant(t.Context(), local.GrantSpec{
		AgentID: who.ID, Provider: "github", Hosts: []string{host}, Credential: local.Credential{Token: token},
	})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := vault.NewAgent(who.Key, append(opts, vault.WithBackend(v))...)
	if err != nil {
		t.Fatal(err)
	}
	return house{v, agent, grant.ID}
}

func (h house) audit(t *testing.T) []local.AuditEntry {
	t.Helper()
	if err := h.agent.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := h.vault.Audit(t.Context(), local.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func client(t *testing.T, hc *http.Client, base string) *github.Client {
	t.Helper()
	base += "/"
	gh, err := github.NewClient(github.WithHTTPClient(hc), github.WithURLs(&base, &base))
	if err != nil {
		t.Fatal(err)
	}
	return gh
}

// TestGoGitHub runs go-github over a client that is bound to a grant, and over
// one that takes the grant from the context, in both modes.
func TestGoGitHub(t *testing.T) {
	for _, mode := range []vault.Mode{vault.Retrieve, vault.Proxy, vault.Auto} {
		t.Run(mode.String()+"/bound client", func(t *testing.T) {
			gh := newStandIn(t, "")
			h := newHouse(t, gh.URL, vault.WithMode(mode))
			useGitHub(t.Context(), t, h, gh, client(t, h.agent.HTTPClient(vault.Grant(h.grant)), gh.URL))
		})
		t.Run(mode.String()+"/grant in the context", func(t *testing.T) {
			gh := newStandIn(t, "")
			h := newHouse(t, gh.URL, vault.WithMode(mode))
			useGitHub(vault.WithGrant(t.Context(), h.grant), t, h, gh, client(t, h.agent.HTTPClient(), gh.URL))
		})
	}
}

func useGitHub(ctx context.Context, t *testing.T, h house, provider *standIn, gh *github.Client) {
	t.Helper()
	ctx = h.agent.Trace(ctx, vault.Trace{RunID: "run-abc123"})
	opts := &github.RepositoryListByOrgOptions{ListOptions: github.ListOptions{PerPage: 1}}
	var names []string
	for {
		repos, resp, err := gh.Repositories.ListByOrg(ctx, "acme", opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range repos {
			names = append(names, r.GetName())
			if strings.Contains(r.GetDescription(), token) {
				t.Error("the echoed credential reached the caller")
			}
		}
		if opts.Page = resp.NextPage; opts.Page == 0 {
			break
		}
	}
	if got := strings.Join(names, " "); got != "one two" {
		t.Errorf("repositories %s", got)
	}
	issue, _, err := gh.Issues.Create(ctx, "acme", "site", &github.IssueRequest{Title: new("Zoë")})
	if err != nil || issue.GetNumber() != 7 || issue.GetTitle() != "Zoë" {
		t.Errorf("issue %v, %v", issue, err)
	}
	var notFound *github.ErrorResponse
	_, _, err = gh.Repositories.Get(ctx, "acme", "gone")
	if !errors.As(err, &notFound) || notFound.Response.StatusCode != 404 || strings.Contains(fmt.Sprintf("%+v", notFound.Response.Request), token) {
		t.Errorf("missing repository: %v", err)
	}
	provider.mu.Lock()
	defer provider.mu.Unlock()
	if len(provider.faults) > 0 {
		t.Errorf("the provider saw %v", provider.faults)
	}
	rows := h.audit(t)
	want := []int{200, 200, 201, 404}
	if len(rows) != len(want) {
		t.Fatalf("%d audit rows", len(rows))
	}
	for i, row := range rows {
		if row.Status != want[i] || row.RunID != "run-abc123" || row.GrantID != h.grant || row.Outcome != local.OutcomeCompleted {
			t.Errorf("row %d: %+v", i, row)
		}
	}
}

// TestGoGitHubIsRefused: wrong grant, no grant, another host. Each is a typed
// error through go-github, and nothing reaches a provider.
func TestGoGitHubIsRefused(t *testing.T) {
	gh, other := newStandIn(t, ""), newStandIn(t, "")
	h := newHouse(t, gh.URL)
	hc := h.agent.HTTPClient()
	const nobodys = "99999999-9999-4999-8999-999999999999"
	for name, c := range map[string]struct {
		ctx  context.Context
		base string
		kind error
	}{
		"wrong grant":  {vault.WithGrant(t.Context(), nobodys), gh.URL, vault.ErrGrantNotFound},
		"no grant":     {t.Context(), gh.URL, vault.ErrNoGrant},
		"another host": {vault.WithGrant(t.Context(), h.grant), other.URL, vault.ErrBlockedDestination},
	} {
		_, _, err := client(t, hc, c.base).Repositories.Get(c.ctx, "acme", "site")
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(gh.faults)+len(other.faults) > 0 {
		t.Error("a provider was called")
	}
	denied := 0
	for _, row := range h.audit(t) {
		if row.Decision == local.DecisionDenied && row.Outcome == local.OutcomeDenied {
			denied++
		}
	}
	if denied != 3 { // the call without a grant among them
		t.Errorf("%d denied rows", denied)
	}
}

// TestGoGitHubDownload: the redirect to another host is followed over the plain
// transport and carries nothing of the grant.
func TestGoGitHubDownload(t *testing.T) {
	var seen http.Header
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		_, _ = io.WriteString(w, "asset")
	}))
	defer cdn.Close()
	gh := newStandIn(t, cdn.URL)
	h := newHouse(t, gh.URL)
	rt := h.agent.Transport(vault.Grant(h.grant))
	asset, _, err := client(t, &http.Client{Transport: rt}, gh.URL).Repositories.DownloadReleaseAsset(
		vault.WithTraceparent(t.Context(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "acme", "site", 1,
		&http.Client{Transport: rt.PlainTransport()})
	if err != nil {
		t.Fatal(err)
	}
	defer asset.Close()
	body, err := io.ReadAll(asset)
	if err != nil || string(body) != "asset" {
		t.Errorf("%q, %v", body, err)
	}
	for name := range seen {
		if name == "Authorization" || name == "Traceparent" || strings.HasPrefix(name, "X-Alter-") || name == "X-Api-Key" {
			t.Errorf("the other host saw %s", name)
		}
	}
	if rows := h.audit(t); len(rows) != 1 || rows[0].Status != 302 {
		t.Errorf("audit rows %+v", rows)
	}
}
