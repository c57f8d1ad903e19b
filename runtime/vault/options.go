package vault

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Mode says how a provider is called.
type Mode uint8

const (
	// Retrieve gets a credential from the vault for one call and calls the
	// provider from this process. Bodies are streamed both ways.
	Retrieve Mode = iota
	// Proxy has the vault call the provider. The credential never comes here;
	// the request's body must be JSON, and the answer is read whole.
	Proxy
	// Auto is Retrieve, then Proxy for a call whose grant the vault restricts to
	// it.
	Auto
)

// String returns "retrieve", "proxy" or "auto".
func (m Mode) String() string {
	switch m {
	case Retrieve:
		return "retrieve"
	case Proxy:
		return "proxy"
	case Auto:
		return "auto"
	}
	return "unknown"
}

// Option configures an [App] or an [Agent].
type Option func(*config)

type config struct {
	baseURL    *string
	backend    http.RoundTripper
	provider   http.RoundTripper
	mode       Mode
	signer     Signer
	caller     *string
	callerType *CallerType
	userToken  func(context.Context) (string, error)
	span       func(context.Context) string
	timeout    time.Duration
	userAgent  string
	logger     *slog.Logger
}

func newConfig(opts []Option) config {
	c := config{timeout: defaultTimeout, userAgent: defaultUserAgent, logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&c)
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// WithBaseURL says where the vault is. Without it the environment variable
// ALTER_BASE_URL is read, and without that the hosted vault is used. https is
// required, except for localhost, 127.0.0.1 and ::1.
func WithBaseURL(base string) Option { return func(c *config) { c.baseURL = &base } }

// WithBackend sends the vault's requests to rt instead of the network: an
// embedded vault (*local.Vault), or a transport for a unix socket. The base URL
// then only decides the path prefix, and ALTER_BASE_URL is not read.
func WithBackend(rt http.RoundTripper) Option { return func(c *config) { c.backend = rt } }

// WithProviderTransport sends the calls to providers through rt. It sees the
// credentials in retrieve mode. nil means a copy of http.DefaultTransport that
// shares nothing with the vault's.
func WithProviderTransport(rt http.RoundTripper) Option {
	return func(c *config) { c.provider = rt }
}

// WithMode sets the mode of all calls; the default is [Retrieve].
func WithMode(m Mode) Option { return func(c *config) { c.mode = m } }

// WithCaller names who calls, in every request to the vault: 1 to 255 printable
// ASCII characters, or the ID of a managed agent.
func WithCaller(name string) Option { return func(c *config) { c.caller = &name } }

// CallerType says what a caller is.
type CallerType string

// The caller types.
const (
	CallerAgent   CallerType = wire.CallerAgent
	CallerService CallerType = wire.CallerService
)

// WithCallerType says what the caller of an [App] is; the default is
// [CallerService]. An [Agent] is always of type agent and refuses the option.
func WithCallerType(t CallerType) Option { return func(c *config) { c.callerType = &t } }

// WithUserToken makes calls for the user whose token get returns: provider
// calls, connect sessions and, for an [App], listing and revoking grants. get is
// called anew for each of them, from several goroutines at a time, and nothing
// is kept. When it fails or returns "", the call is not made
// ([ErrUserToken]): a lapsed session never widens a call to everything that the
// application can reach. nil means no user.
//
// With an agent's own key the servers differ: the hosted vault uses the token to
// tell apart the users who delegated to the agent; runtime/vault/local refuses
// it with status 400 unless its option says otherwise. Agent code inside a
// user's session uses an [App] with [WithCaller] and this option.
func WithUserToken(get func(context.Context) (string, error)) Option {
	return func(c *config) { c.userToken = get }
}

// WithTraceparentFrom names the span that a call belongs to: span returns a W3C
// traceparent for the call's context, or "". It goes to the vault and to nobody
// else. [WithTraceparent] and a traceparent header on the request win over it.
// Package vaultotel has the one for OpenTelemetry.
func WithTraceparentFrom(span func(context.Context) string) Option {
	return func(c *config) { c.span = span }
}

// WithTimeout bounds each request to the vault, its answer included, and the
// time until a provider's headers arrive over the default provider transport.
// The default is 30 s; 0 and less mean no bound. Use the context for the whole
// of a call.
func WithTimeout(d time.Duration) Option { return func(c *config) { c.timeout = d } }

// WithUserAgent sets the User-Agent of requests to the vault, and of those to
// providers that have none.
func WithUserAgent(ua string) Option { return func(c *config) { c.userAgent = ua } }

// WithLogger gets warnings: a deprecated key, audit reports that failed. Nothing
// logged holds a credential. nil, the default, logs nothing.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.logger = l } }
