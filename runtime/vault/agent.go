package vault

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	defaultTimeout   = 30 * time.Second
	defaultUserAgent = "grantwire-go"
	embeddedBaseURL  = "http://localhost" // never dialed
)

// Agent makes calls to providers under grants of a vault. It is safe for
// concurrent use; make one per key and keep it. Close delivers what is left of
// the audit reports.
type Agent struct {
	backend  *backend
	provider http.RoundTripper
	ownsBase bool
	mode     Mode
	identity string
	life     *lifecycle
	reports  *reporter
}

// NewAgent returns an agent that authenticates with the given API key. Nothing
// is sent. A malformed key, base URL or caller is an [ErrInvalidInput]; no part
// of the key is in the error.
func NewAgent(key string, opts ...Option) (*Agent, error) {
	c := config{timeout: defaultTimeout, userAgent: defaultUserAgent, logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&c)
	}
	if key == "" {
		return nil, invalid("key", "is empty: pass the agent's API key")
	}
	if !wire.ValidKey(key) {
		return nil, invalid("key", "is not a well-formed API key (alter_key_… of an agent)")
	}
	identity, caller := localIdentity(), ""
	if c.caller != nil {
		if err := wire.CheckCaller(*c.caller); err != nil {
			return nil, invalid("caller", err.Error())
		}
		identity, caller = *c.caller, *c.caller
	}
	base, err := c.resolveBase()
	if err != nil {
		return nil, err
	}
	if c.mode > Auto {
		return nil, invalid("mode", "is none of Retrieve, Proxy and Auto")
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	a := &Agent{
		provider: c.provider, ownsBase: c.provider == nil, mode: c.mode, identity: identity, life: newLifecycle(),
		backend: newBackend(key, caller, base, c),
	}
	if a.ownsBase {
		a.provider = newHTTPTransport(c.timeout)
	}
	a.reports = newReporter(a.backend)
	return a, nil
}

func (c *config) resolveBase() (string, error) {
	base, source := wire.DefaultBaseURL, "base URL"
	env, set := os.LookupEnv("ALTER_BASE_URL")
	switch {
	case c.baseURL != nil:
		base = *c.baseURL
	case c.backend != nil:
		return embeddedBaseURL, nil
	case set:
		base, source = env, "base URL (ALTER_BASE_URL)"
	}
	base, err := wire.CheckBaseURL(base)
	if err != nil {
		return "", invalid(source, err.Error())
	}
	return base, nil
}

// newHTTPTransport returns a transport with its own connections. Called once
// for the vault and once for the providers, so that the two share nothing.
func newHTTPTransport(timeout time.Duration) *http.Transport {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
		ExpectContinueTimeout: time.Second, MaxIdleConns: 100, MaxIdleConnsPerHost: 20, IdleConnTimeout: 30 * time.Second,
	}
	if d, ok := http.DefaultTransport.(*http.Transport); ok {
		t = d.Clone()
		t.MaxIdleConnsPerHost = cmp.Or(t.MaxIdleConnsPerHost, 20)
	}
	t.ResponseHeaderTimeout = max(timeout, 0)
	return t
}

// HTTPClient returns an http.Client whose requests go through the vault. The
// options are its defaults: agent.HTTPClient(vault.Grant(id)) is bound to a
// grant. It has no cookie jar and follows no redirect.
func (a *Agent) HTTPClient(opts ...CallOption) *http.Client {
	return &http.Client{
		Transport:     a.Transport(opts...),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Transport returns the http.RoundTripper of [Agent.HTTPClient], for clients
// that want to build their own http.Client.
func (a *Agent) Transport(opts ...CallOption) *Transport {
	t := &Transport{agent: a}
	for _, opt := range opts {
		if opt.edit != nil {
			opt.edit(&t.defaults)
		}
	}
	return t
}

// Close refuses new calls, waits for those under way and for their audit
// reports, and closes idle connections. It returns an [ErrAuditUndelivered]
// when reports did not reach the vault, also because ctx ended; what is still
// on its way is then given up. It may be called again.
func (a *Agent) Close(ctx context.Context) error {
	a.life.close()
	waited := a.life.wait(ctx)
	stats := a.AuditStats()
	if waited != nil {
		a.reports.stop()
	}
	a.backend.closeIdle()
	if t, ok := a.provider.(*http.Transport); ok && a.ownsBase {
		t.CloseIdleConnections()
	}
	if lost := stats.Failed + stats.Pending; lost > 0 || waited != nil {
		return &Error{
			Code: "audit_undelivered", kind: kindLost, cause: waited,
			Message: strconv.FormatInt(lost, 10) + " audit reports did not reach the vault",
		}
	}
	return nil
}

// AuditStats counts the audit reports of an agent since it was made.
type AuditStats struct {
	Pending   int64 // not yet delivered, also while being repeated
	Delivered int64
	Failed    int64 // given up
}

// AuditStats returns the counters.
func (a *Agent) AuditStats() AuditStats { return a.reports.stats() }

// RateLimit is the budget of the API key, as the vault reported it last.
type RateLimit struct {
	Limit     int64
	Remaining int64
	Reset     time.Time
}

// RateLimit returns what the vault last said about this key's budget; ok is
// false when it never did.
func (a *Agent) RateLimit() (limit RateLimit, ok bool) {
	r := a.backend.rateLimit.Load()
	if r == nil {
		return RateLimit{}, false
	}
	return RateLimit(*r), true
}

// KeyDeprecated reports whether the vault said that the API key is deprecated.
func (a *Agent) KeyDeprecated() bool { return a.backend.deprecated.Load() }

// Mode returns the mode of the agent's calls.
func (a *Agent) Mode() Mode { return a.mode }

// Format prints the agent without its key, for every verb.
func (a Agent) Format(w fmt.State, _ rune) {
	if a.backend == nil {
		_, _ = io.WriteString(w, "vault.Agent(none)")
		return
	}
	_, _ = fmt.Fprintf(w, "vault.Agent(%s)", a.backend.base)
}

// LogValue logs the agent without its key.
func (a Agent) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }
