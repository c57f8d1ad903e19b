package conformance_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// world is a vault to test, and what its operator says about it: an app, an agent,
// a grant of the agent's own and one of a user that is delegated to the agent.
type world struct {
	*testing.T

	name      string
	base      string            // of the vault, as clients and pages name it
	transport http.RoundTripper // to the vault; nil = the network
	provider  string            // base URL

	appKey, agentKey, agentID, grant, userGrant string

	vault *local.Vault // nil = in another process
	rows  func() []local.AuditEntry
}

// place makes one world.
type place struct {
	name string
	open func(t *testing.T) *world
}

func places() []place {
	all := []place{
		{"in-process", func(t *testing.T) *world {
			w := newWorld(t, "in-process", "http://localhost")
			w.transport = w.vault
			return w
		}},
		{"tcp", func(t *testing.T) *world {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, "tcp", "http://"+l.Addr().String())
			serve(t, l, w.vault)
			return w
		}},
		{"unix", func(t *testing.T) *world {
			dir, err := os.MkdirTemp("", "gw") //nolint:usetesting // short: the name of a socket has a limit
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			path := filepath.Join(dir, "s")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Skipf("no unix sockets here: %v", err)
			}
			w := newWorld(t, "unix", "http://localhost")
			serve(t, l, w.vault)
			tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", path)
			}}
			t.Cleanup(tr.CloseIdleConnections)
			w.transport = tr
			return w
		}},
	}
	if program := os.Getenv("INTEROP_GRANTVAULT"); program != "" {
		all = append(all, place{"daemon", func(t *testing.T) *world { return remote(t, "daemon", startDaemon(t, program)) }})
	}
	if os.Getenv("ALTER_APP_KEY") != "" {
		all = append(all, place{"remote", func(t *testing.T) *world { return remote(t, "remote", os.Getenv) }})
	}
	return all
}

// everywhere runs f for each place.
func everywhere(t *testing.T, f func(w *world)) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) { f(p.open(t)) })
	}
}

func serve(t *testing.T, l net.Listener, h http.Handler) {
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
}

// newWorld fills a vault in memory as `grantvault dev` fills its own.
func newWorld(t *testing.T, name, base string) *world {
	p := newStandin(t)
	v, err := local.Open("", local.InMemory(), local.WithPublicURL(base))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, name: name, base: base, provider: p.url, vault: v}
	w.rows = func() []local.AuditEntry {
		rows, err := v.Audit(context.Background(), local.AuditFilter{})
		w.must(err)
		return rows
	}
	ctx := t.Context()
	app, err := v.CreateApp(ctx, local.AppSpec{Name: "conformance"})
	w.must(err)
	agent, err := v.CreateAgent(ctx, local.AgentSpec{AppID: app.ID, Name: "builder"})
	w.must(err)
	_, err = v.SetProvider(ctx, p.spec())
	w.must(err)
	user, err := v.CreateUser(ctx, local.UserSpec{AppID: app.ID, Subject: "github|octo-user"})
	w.must(err)
	spec := func(login string) local.GrantSpec {
		return local.GrantSpec{
			AppID: app.ID, Provider: "github", Account: login, Hosts: []string{p.url}, Scopes: []string{"repo"},
			Credential: local.Credential{Token: p.tokenFor(login)},
		}
	}
	own := spec("octo-agent")
	own.AgentID = agent.ID
	users := spec("octo-user")
	users.UserID = user.ID
	g1, err := v.CreateGrant(ctx, own)
	w.must(err)
	g2, err := v.CreateGrant(ctx, users)
	w.must(err)
	w.must(v.DelegateGrant(ctx, g2.ID, agent.ID, time.Time{}))
	w.appKey, w.agentKey, w.agentID, w.grant, w.userGrant = app.Key, agent.Key, agent.ID, g1.ID, g2.ID
	return w
}

// startDaemon runs `grantvault dev` and returns what it prints.
func startDaemon(t *testing.T, program string) func(name string) string {
	cmd := exec.CommandContext(t.Context(), program, "dev")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended by then
	values := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return func(name string) string { return values[name] }
		}
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[name] = value
		}
	}
	t.Fatal("grantvault dev ended before it was ready")
	return nil
}

func remote(t *testing.T, name string, get func(string) string) *world {
	w := &world{
		T: t, name: name, base: strings.TrimRight(get("ALTER_BASE_URL"), "/"), provider: strings.TrimRight(get("PROVIDER_URL"), "/"),
		appKey: get("ALTER_APP_KEY"), agentKey: get("ALTER_AGENT_KEY"), agentID: get("ALTER_AGENT_ID"),
		grant: get("GRANT_ID"), userGrant: get("USER_GRANT_ID"),
	}
	for name, value := range map[string]string{
		"ALTER_BASE_URL": w.base, "PROVIDER_URL": w.provider, "ALTER_AGENT_KEY": w.agentKey, "ALTER_AGENT_ID": w.agentID,
		"GRANT_ID": w.grant, "USER_GRANT_ID": w.userGrant,
	} {
		if value == "" {
			t.Fatalf("%s is not set", name)
		}
	}
	if dir := get("VAULT_DIR"); dir != "" {
		w.rows = func() []local.AuditEntry {
			var rows []local.AuditEntry
			for e, err := range local.ReadAudit(context.Background(), dir, local.AuditFilter{}) {
				w.must(err)
				rows = append(rows, e)
			}
			return rows
		}
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) options(opts []vault.Option) []vault.Option {
	all := []vault.Option{vault.WithBaseURL(w.base)}
	if w.transport != nil {
		all = append(all, vault.WithBackend(w.transport))
	}
	return append(all, opts...)
}

// agent returns a client of an agent's key; "" is the agent of the world.
func (w *world) agent(key string, opts ...vault.Option) *vault.Agent {
	w.Helper()
	if key == "" {
		key = w.agentKey
	}
	a, err := vault.NewAgent(key, w.options(opts)...)
	w.must(err)
	w.Cleanup(func() { _ = a.Close(context.Background()) })
	return a
}

func (w *world) app(opts ...vault.Option) *vault.App { return w.appOf(w.appKey, opts...) }

func (w *world) appOf(key string, opts ...vault.Option) *vault.App {
	w.Helper()
	a, err := vault.NewApp(key, w.options(opts)...)
	w.must(err)
	w.Cleanup(func() { _ = a.Close(context.Background()) })
	return a
}

func (w *world) url(path string) string { return w.provider + path }

// caller is what Agent and App have in common.
type caller interface {
	Request(ctx context.Context, method, url string, opts ...vault.RequestOption) (*http.Response, error)
	ProxyRequest(ctx context.Context, method, url string, opts ...vault.RequestOption) (*vault.ProxyResult, error)
	Close(ctx context.Context) error
}

// get calls the provider and returns status and body.
func (w *world) get(ctx context.Context, c caller, path string, opts ...vault.RequestOption) (int, string, error) {
	resp, err := c.Request(ctx, http.MethodGet, w.url(path), opts...)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func (w *world) proxyGet(ctx context.Context, c caller, path string, opts ...vault.RequestOption) (int, string, error) {
	r, err := c.ProxyRequest(ctx, http.MethodGet, w.url(path), opts...)
	if err != nil {
		return 0, "", err
	}
	return r.StatusCode, string(r.Body), nil
}

// rowsOf returns the rows of a run, once its reports have arrived.
func (w *world) rowsOf(run string, reported int) []local.AuditEntry {
	w.Helper()
	if w.rows == nil {
		return nil
	}
	var found []local.AuditEntry
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		found = found[:0]
		done := 0
		for _, r := range w.rows() {
			if r.RunID == run {
				found = append(found, r)
				if r.Outcome != local.OutcomeIntent {
					done++
				}
			}
		}
		if done >= reported {
			return found
		}
		if time.Now().After(end) {
			w.Errorf("run %s has %d completed rows, want %d", run, done, reported)
			return found
		}
	}
}

// browser visits the vault's pages and the provider's, with cookies, as a person
// who agrees to everything.
func (w *world) browse(ctx context.Context, address string) {
	w.Helper()
	if err := visit(ctx, address, w.base, w.transport); err != nil {
		w.Errorf("the user's browser: %v", err)
	}
}
