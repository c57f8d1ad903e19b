package vault

import (
	"log/slog"
	"net/http"
	"time"
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

// Option configures an [Agent].
type Option func(*config)

type config struct {
	baseURL   *string
	backend   http.RoundTripper
	provider  http.RoundTripper
	mode      Mode
	caller    *string
	timeout   time.Duration
	userAgent string
	logger    *slog.Logger
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
