package vault

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	defaultTimeout   = 30 * time.Second
	defaultUserAgent = "grantwire-go"
	embeddedBaseURL  = "http://localhost" // never dialed
)

// client is what an App and an Agent have in common; both embed it, so that its
// exported methods are theirs.
type client struct {
	backend   *backend
	provider  http.RoundTripper
	ownsBase  bool
	mode      Mode
	signer    Signer // may be nil
	life      *lifecycle
	reports   *reporter
	userToken atomic.Pointer[tokenGetter]
	span      func(context.Context) string // a traceparent or ""; may be nil
	delegated bool                         // calls are made as an agent: a missing grant is a missing delegation
	warnOnce  *sync.Once                   // set under impersonation
	catalog   catalogCache
}

// newClient makes the checks of both constructors, in the protocol's order.
func newClient(key, callerType string, cfg config) (*client, error) {
	if key == "" {
		return nil, invalid("key", "is empty: pass the API key")
	}
	if !wire.ValidKey(key) {
		return nil, invalid("key", "is not a well-formed API key (alter_rk_… of an application, alter_key_… of an agent)")
	}
	caller := ""
	if cfg.caller != nil {
		if err := wire.CheckCaller(*cfg.caller); err != nil {
			return nil, invalid("caller", err.Error())
		}
		caller = *cfg.caller
	}
	if cfg.callerType != nil {
		callerType = string(*cfg.callerType)
		if callerType != wire.CallerAgent && callerType != wire.CallerService {
			return nil, invalid("caller type", "is neither agent nor service")
		}
	}
	base, err := cfg.resolveBase()
	if err != nil {
		return nil, err
	}
	if cfg.mode > Auto {
		return nil, invalid("mode", "is none of Retrieve, Proxy and Auto")
	}
	c := &client{
		provider: cfg.provider, ownsBase: cfg.provider == nil, mode: cfg.mode, signer: cfg.signer, life: newLifecycle(), span: cfg.span,
		backend: newBackend(key, base, cfg).as(caller, callerType),
	}
	if cfg.userToken != nil {
		c.userToken.Store(&tokenGetter{cfg.userToken})
	}
	if c.ownsBase {
		c.provider = newHTTPTransport(cfg.timeout)
	}
	c.reports = newReporter(c.backend)
	return c, nil
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
func (c *client) HTTPClient(opts ...CallOption) *http.Client {
	return &http.Client{
		Transport:     c.Transport(opts...),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Transport returns the http.RoundTripper of HTTPClient, for programs that want
// to build their own http.Client.
func (c *client) Transport(opts ...CallOption) *Transport {
	t := &Transport{client: c}
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
// on its way is then given up. It may be called again. Closing an App closes
// the agents that it made; closing one of those closes that one only.
func (c *client) Close(ctx context.Context) error {
	c.life.close()
	waited := c.life.wait(ctx)
	stats := c.AuditStats()
	if waited != nil {
		c.reports.stop()
	}
	c.backend.closeIdle()
	if t, ok := c.provider.(*http.Transport); ok && c.ownsBase {
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

// AuditStats counts audit reports.
type AuditStats struct {
	Pending   int64 // not yet delivered, also while being repeated
	Delivered int64
	Failed    int64 // given up
}

// AuditStats returns the counters since the start. Those of an App include the
// agents that it made.
func (c *client) AuditStats() AuditStats { return c.reports.stats() }

// RateLimit is the budget of the API key, as the vault reported it last.
type RateLimit struct {
	Limit     int64
	Remaining int64
	Reset     time.Time
}

// RateLimit returns what the vault last said about this key's budget; ok is
// false when it never did.
func (c *client) RateLimit() (limit RateLimit, ok bool) {
	r := c.backend.facts.rateLimit.Load()
	if r == nil {
		return RateLimit{}, false
	}
	return RateLimit(*r), true
}

// KeyDeprecated reports whether the vault said that the API key is deprecated.
func (c *client) KeyDeprecated() bool { return c.backend.facts.deprecated.Load() }

// ActorID returns the ID under which the vault keeps this caller, "" until it
// gave one.
func (c *client) ActorID() string {
	if id := c.backend.actorID.Load(); id != nil {
		return *id
	}
	return ""
}

// BaseURL returns the vault's address, without trailing slashes.
func (c *client) BaseURL() string { return c.backend.base }

// Mode returns the mode of the calls.
func (c *client) Mode() Mode { return c.mode }

// logger never returns nil.
func (c *client) logger() *slog.Logger { return c.backend.log }
