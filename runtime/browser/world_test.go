//go:build conformance

package browser

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// world is a vault with its console and a provider, both on loopback, and some
// agents at work.
type world struct {
	*testing.T
	vault    *local.Vault
	url      string
	provider *provider

	app             *local.AppCredentials
	builder, writer *local.AgentCredentials
	user            *local.User
	grant, shared   *local.Grant

	mu    sync.Mutex
	ahead time.Duration // how far the vault's clock is
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, provider: newProvider(t)}
	var v *local.Vault
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { v.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	v, err := local.Open(t.TempDir(), local.WithPublicURL(srv.URL), local.WithConsole(), local.WithClock(w.now), local.WithOperations(w.provider.url, []api.Operation{
		{ID: "users/get-authenticated", Method: "GET", Path: "/user", Access: api.Read},
		{ID: "repos/list-for-authenticated-user", Method: "GET", Path: "/user/repos", Access: api.Read},
		{ID: "issues/create", Method: "POST", Path: "/repos/{owner}/{repo}/issues", Access: api.Write},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	w.vault, w.url = v, srv.URL
	w.provision()
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// wait moves the vault's clock.
func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) provision() {
	ctx := w.Context()
	var err error
	w.app, err = w.vault.CreateApp(ctx, local.AppSpec{Name: "Lighthouse"})
	w.must(err)
	w.builder, err = w.vault.CreateAgent(ctx, local.AgentSpec{AppID: w.app.ID, Name: "builder", DisplayName: "Builds what was agreed"})
	w.must(err)
	w.writer, err = w.vault.CreateAgent(ctx, local.AgentSpec{AppID: w.app.ID, Name: "writer", Scopes: map[string][]string{"github": {"repo"}}})
	w.must(err)
	helper, err := w.vault.CreateAgent(ctx, local.AgentSpec{AppID: w.app.ID, Name: "helper"})
	w.must(err)
	_, err = w.vault.SetProvider(ctx, w.provider.spec())
	w.must(err)
	w.user, err = w.vault.CreateUser(ctx, local.UserSpec{AppID: w.app.ID, Subject: "github|keeper", DisplayName: "Keeper"})
	w.must(err)
	spec := local.GrantSpec{AppID: w.app.ID, AgentID: w.builder.ID, Provider: "github", Account: "harbor-bot", Hosts: []string{w.provider.url}, Scopes: []string{"repo", "read:user"}, Credential: local.Credential{Token: w.provider.tokenFor("harbor-bot")}}
	w.grant, err = w.vault.CreateGrant(ctx, spec)
	w.must(err)
	spec.AgentID, spec.UserID, spec.Account, spec.Label, spec.Delegable, spec.ExpiresAt = "", w.user.ID, "keeper", "work", true, w.now().Add(5*24*time.Hour)
	spec.Credential.Token = w.provider.tokenFor("keeper")
	w.shared, err = w.vault.CreateGrant(ctx, spec)
	w.must(err)
	w.must(w.vault.DelegateGrant(ctx, w.shared.ID, w.builder.ID, time.Time{}))
	w.must(w.vault.DelegateGrant(ctx, w.shared.ID, helper.ID, w.now().Add(24*time.Hour)))
	_, err = w.vault.CreateRule(ctx, local.RuleSpec{
		Name: "ask before writing", Target: local.TargetGrant, TargetID: w.shared.ID,
		Rule: &rule.RequireApproval{When: rule.When{Method: []string{"POST"}}, ExpiresIn: 10 * time.Minute},
	})
	w.must(err)
}

func (w *world) agent(key string, opts ...vault.Option) *vault.Agent {
	w.Helper()
	a, err := vault.NewAgent(key, append([]vault.Option{vault.WithBaseURL(w.url)}, opts...)...)
	w.must(err)
	w.Cleanup(func() { _ = a.Close(context.Background()) })
	return a
}

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

// work makes a run of a few calls, with spans beside them.
func (w *world) work(run string) {
	w.Helper()
	agent := w.agent(w.builder.Key, vault.WithTraceparentFrom(func(context.Context) string { return "00-" + traceID + "-" + spanID + "-01" }))
	began := time.Now()
	ctx := agent.Trace(w.Context(), vault.Trace{RunID: run, ThreadID: "thread-7", Tool: "list_repos"})
	for _, path := range []string{"/user", "/user/repos", "/user/repos"} {
		w.get(ctx, agent, w.grant.ID, path)
	}
	_, err := agent.Request(ctx, http.MethodGet, "https://elsewhere.example/", vault.Grant(w.grant.ID), vault.Reason("to see what happens"))
	if err == nil {
		w.Fatal("a call to a place that is not the grant's was not refused")
	}
	_, err = agent.Spans().Emit(w.Context(), []vault.Span{
		{TraceID: traceID, SpanID: spanID, Name: "plan the work", Start: began, End: time.Now(), Attributes: map[string]string{"model": "m-1", "tokens": "412"}},
		{TraceID: traceID, SpanID: "00f067aa0ba902b7", ParentSpanID: spanID, Name: "read the answers", Start: began.Add(3 * time.Millisecond), End: time.Now()},
	})
	w.must(err)
	w.must(agent.Close(w.Context()))
}

func (w *world) get(ctx context.Context, agent *vault.Agent, grant, path string) {
	w.Helper()
	resp, err := agent.Request(ctx, http.MethodGet, w.provider.url+path, vault.Grant(grant))
	w.must(err)
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

// ask makes a call that waits for a person, and returns its approval.
func (w *world) ask(title string) *vault.PendingApproval {
	w.Helper()
	agent := w.agent(w.builder.Key)
	ctx := agent.Trace(w.Context(), vault.Trace{RunID: "run-approvals", Tool: "open_issue"})
	_, err := agent.ProxyRequest(ctx, http.MethodPost, w.provider.url+"/repos/harbor/lighthouse/issues", vault.Grant(w.shared.ID), vault.Reason("The lamp is out"), vault.JSON(map[string]any{"title": title, "labels": []string{"lamp"}}))
	pending, ok := errors.AsType[*vault.PendingApproval](err)
	if !ok {
		w.Fatalf("the call does not wait: %v", err)
	}
	return pending
}

// provider is an API with an authorization server whose consent page is a form.
type provider struct {
	url string

	mu     sync.Mutex
	tokens map[string]string    // token to login
	codes  map[string][2]string // code to login and challenge
	issues []string
}

func newProvider(t *testing.T) *provider {
	p := &provider{tokens: map[string]string{}, codes: map[string][2]string{}}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

func (p *provider) spec() local.ProviderSpec {
	return local.ProviderSpec{
		ID: "github", DisplayName: "GitHub (stand-in)", AuthorizeURL: p.url + "/authorize", TokenURL: p.url + "/token", UserURL: p.url + "/user", ClientID: "browser",
		ClientSecret: "test-secret-client", Scopes: []string{"repo", "read:user"}, Hosts: []string{p.url}, SignIn: true,
	}
}

func (p *provider) tokenFor(login string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	token := "test-secret-" + rand.Text()
	p.tokens[token] = login
	return token
}

// made is the issues that reached the provider.
func (p *provider) made() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.issues, ", ")
}

var consent = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Provider</title><link rel="icon" href="data:,"></head>
<body><main><h1>Provider</h1><form method="post"><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form></main></body></html>`))

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/authorize" && r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = consent.Execute(w, nil)
	case r.URL.Path == "/authorize":
		p.decide(w, r)
	case r.URL.Path == "/token":
		p.trade(w, r)
	default:
		p.resource(w, r)
	}
}

func (p *provider) decide(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || to.Hostname() != "127.0.0.1" {
		http.Error(w, "redirect_uri", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if r.PostFormValue("decision") == "allow" {
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = [2]string{"octo-connected", q.Get("code_challenge")}
		p.mu.Unlock()
		back.Set("code", code)
	} else {
		back.Set("error", "access_denied")
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

func (p *provider) trade(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	p.mu.Lock()
	code, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	if !ok || code[1] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		answer(w, 400, map[string]any{"error": "invalid_grant"})
		return
	}
	answer(w, 200, map[string]any{"access_token": p.tokenFor(code[0]), "token_type": "Bearer", "scope": "repo read:user"})
}

func (p *provider) resource(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	login, ok := p.tokens[token]
	p.mu.Unlock()
	switch {
	case !ok:
		answer(w, 401, map[string]any{"message": "Bad credentials"})
	case r.Method == http.MethodPost:
		var issue struct{ Title string }
		_ = json.NewDecoder(r.Body).Decode(&issue)
		p.mu.Lock()
		p.issues = append(p.issues, issue.Title)
		p.mu.Unlock()
		answer(w, 201, map[string]any{"number": 7})
	case r.URL.Path == "/user/repos":
		time.Sleep(15 * time.Millisecond)
		answer(w, 200, map[string]any{"repos": []string{"harbor/lighthouse"}})
	default:
		time.Sleep(4 * time.Millisecond)
		answer(w, 200, map[string]any{"login": login, "id": strconv.Itoa(len(login))})
	}
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
