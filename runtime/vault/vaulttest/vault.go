package vaulttest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// TB is the part of testing.TB that a [Vault] needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(f func())
}

// Vault is a vault for one test, with one application and its agent "agent" in it.
// Make it with [New].
// It is safe for concurrent use.
type Vault struct {
	t        TB
	local    *local.Vault
	provider *provider
	behind   atomic.Int64 // how far the vault's clock is set back

	mu    sync.Mutex
	creds map[string]*local.AgentCredentials // by agent name
	app   *local.AppCredentials
	open  []client
}

// client is an agent or an app.
type client interface {
	AuditStats() vault.AuditStats
	Close(ctx context.Context) error
}

// Option configures [New].
type Option func(*config)

type config struct {
	provider http.RoundTripper
	options  []local.Option
}

// Provider makes rt the provider, in place of the answers of [Vault.Answer]. It
// sees requests with their credential, as the provider would.
func Provider(rt http.RoundTripper) Option { return func(c *config) { c.provider = rt } }

// Operations lets the audit rows name operations; see local.WithOperations.
func Operations(baseURL string, ops []api.Operation) Option {
	return func(c *config) { c.options = append(c.options, local.WithOperations(baseURL, ops)) }
}

// Local passes an option on to local.Open.
func Local(o local.Option) Option { return func(c *config) { c.options = append(c.options, o) } }

// mainAgent is the name of the agent that is always there.
const mainAgent = "agent"

// New starts a vault in memory; it is closed when the test ends.
func New(t TB, opts ...Option) *Vault {
	t.Helper()
	var c config
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	v := &Vault{t: t, creds: map[string]*local.AgentCredentials{}}
	v.provider = &provider{next: c.provider, grants: map[string]string{}, missing: v.missingAnswer}
	options := append([]local.Option{
		local.InMemory(), local.WithProviderTransport(v.provider), local.WithClock(v.now),
	}, c.options...)
	var err error
	if v.local, err = local.Open("", options...); err != nil {
		t.Fatalf("vaulttest: starting the vault: %v", err)
		return v
	}
	t.Cleanup(v.close)
	if v.app, err = v.local.CreateApp(context.Background(), local.AppSpec{Name: "app"}); err != nil {
		t.Fatalf("vaulttest: creating the application: %v", err)
		return v
	}
	v.credentials(mainAgent)
	return v
}

func (v *Vault) now() time.Time { return time.Now().Add(-time.Duration(v.behind.Load())) }

func (v *Vault) close() {
	ctx, cancel := context.WithTimeout(context.Background(), reportWait)
	defer cancel()
	for _, a := range v.clients() {
		// A test may have made its reports fail on purpose.
		_ = a.Close(ctx)
	}
	if err := v.local.Close(); err != nil {
		v.t.Errorf("vaulttest: closing the vault: %v", err)
	}
}

func (v *Vault) clients() []client {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.open)
}

func (v *Vault) keep(c client) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open = append(v.open, c)
}

// Local returns the vault itself, for what this package has no method for.
func (v *Vault) Local() *local.Vault { return v.local }

// Transport returns the scripted provider, for a client that goes there without
// the vault.
func (v *Vault) Transport() http.RoundTripper { return v.provider }

// Agent returns a new client of the agent that every vault has. The options come
// after those that tie it to this vault, so they win.
func (v *Vault) Agent(opts ...vault.Option) *vault.Agent {
	v.t.Helper()
	return v.AgentNamed(mainAgent, opts...)
}

// AgentNamed returns a new client of the agent with this name, which is created
// when it is first asked for.
func (v *Vault) AgentNamed(name string, opts ...vault.Option) *vault.Agent {
	v.t.Helper()
	creds := v.credentials(name)
	if creds == nil {
		return nil
	}
	a, err := vault.NewAgent(creds.Key, v.options(opts)...)
	if err != nil {
		v.t.Fatalf("vaulttest: a client of agent %q: %v", name, err)
		return nil
	}
	v.keep(a)
	return a
}

// App returns a new client of the application, which reaches every grant. The
// options come after those that tie it to this vault, so they win.
func (v *Vault) App(opts ...vault.Option) *vault.App {
	v.t.Helper()
	a, err := vault.NewApp(v.app.Key, v.options(opts)...)
	if err != nil {
		v.t.Fatalf("vaulttest: a client of the application: %v", err)
		return nil
	}
	v.keep(a)
	return a
}

func (v *Vault) options(opts []vault.Option) []vault.Option {
	return append([]vault.Option{vault.WithBackend(v.local), vault.WithProviderTransport(v.provider)}, opts...)
}

// AgentID returns the ID of the agent with this name; "" is the one that every
// vault has.
func (v *Vault) AgentID(name string) string {
	v.t.Helper()
	if creds := v.credentials(name); creds != nil {
		return creds.ID
	}
	return ""
}

// credentials creates the agent at its first use.
func (v *Vault) credentials(name string) *local.AgentCredentials {
	v.t.Helper()
	if name == "" {
		name = mainAgent
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if creds := v.creds[name]; creds != nil {
		return creds
	}
	creds, err := v.local.CreateAgent(context.Background(), local.AgentSpec{AppID: v.app.ID, Name: name})
	if err != nil {
		v.t.Fatalf("vaulttest: creating agent %q: %v", name, err)
		return nil
	}
	v.creds[name] = creds
	return creds
}

// PauseAgent suspends an agent until [Vault.ResumeAgent].
func (v *Vault) PauseAgent(name string) {
	v.t.Helper()
	v.must("pausing the agent", v.local.PauseAgent(context.Background(), v.AgentID(name)))
}

// ResumeAgent ends a suspension.
func (v *Vault) ResumeAgent(name string) {
	v.t.Helper()
	v.must("resuming the agent", v.local.ResumeAgent(context.Background(), v.AgentID(name)))
}

// RevokeGrant ends a grant for everybody.
func (v *Vault) RevokeGrant(id string) {
	v.t.Helper()
	v.must("revoking the grant", v.local.RevokeGrant(context.Background(), id))
}

// Delegate gives the agent with this name a path to a grant.
func (v *Vault) Delegate(grant, agent string) {
	v.t.Helper()
	v.must("delegating the grant", v.local.DelegateGrant(context.Background(), grant, v.AgentID(agent), time.Time{}))
}

func (v *Vault) must(what string, err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatalf("vaulttest: %s: %v", what, err)
	}
}

// missingAnswer reports a request that no script answers.
func (v *Vault) missingAnswer(method, url string, known []string) error {
	v.t.Helper()
	if len(known) == 0 {
		known = []string{"nothing is scripted"}
	}
	err := fmt.Errorf("vaulttest: nothing answers %s %s; scripted: %v", method, url, known)
	v.t.Errorf("%v; say v.Answer(%q, %q, …) before the call", err, method, url)
	return err
}

// names returns agent names by ID, for messages.
func (v *Vault) names() map[string]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	names := make(map[string]string, len(v.creds))
	for name, c := range maps.All(v.creds) {
		names[c.ID] = name
	}
	return names
}
