package api

import (
	"context"
	"net/http"
	"net/url"
)

// ClientOption configures a [Client]. A nil option is ignored.
type ClientOption interface{ applyToClient(c *clientConfig) }

// CallOption configures one call. A nil option is ignored. Where options
// contradict each other, the later one counts, and a call's before its client's.
type CallOption interface{ applyToCall(c *callConfig) }

// Option configures all calls of a client, or one call.
type Option interface {
	ClientOption
	CallOption
}

// shared holds what a client and a call can both say.
type shared struct {
	header http.Header
	retry  RetryPolicy
}

type clientConfig struct {
	shared
	provider  *Provider
	http      *http.Client
	base      *url.URL // of WithBaseURL; nil = the provider's
	parsed    *url.URL // of Provider.BaseURL
	baseFault error
	userAgent string
	maxBytes  int64
	download  http.RoundTripper
	observe   func(context.Context, Event)
	budget    *budget
}

type callConfig struct {
	shared
	response *Response
	stream   **Download
	accept   string
	result   any // instead of the method's own
	media    Media
	body     any // with media: instead of the method's own
	key      string
	contexts []func(context.Context) context.Context
}

// The options are functions, so that printing one shows an address and never
// the header value or key in it.
type (
	clientOption func(*clientConfig)
	callOption   func(*callConfig)
	sharedOption func(*shared)
)

func (o clientOption) applyToClient(c *clientConfig) { o(c) }
func (o callOption) applyToCall(c *callConfig)       { o(c) }
func (o sharedOption) applyToClient(c *clientConfig) { o(&c.shared) }
func (o sharedOption) applyToCall(c *callConfig)     { o(&c.shared) }

// WithBaseURL sends every call to u instead of the provider's address and
// instead of the server of single operations (uploads), so that a client for a
// stand-in never reaches the real provider. nil changes nothing. The path of u
// is kept, a query is not.
func WithBaseURL(u *url.URL) ClientOption {
	return clientOption(func(c *clientConfig) {
		if u != nil {
			c.base = cleanBase(u)
		}
	})
}

// WithUserAgent replaces the User-Agent "grantwire".
func WithUserAgent(name string) ClientOption {
	return clientOption(func(c *clientConfig) { c.userAgent = name })
}

// WithRetry says when calls are repeated; see [RetryPolicy] for the defaults.
func WithRetry(p RetryPolicy) Option {
	return sharedOption(func(s *shared) { s.retry = p })
}

// WithHeader sets a request header, replacing the one that the operation, the
// provider or the client would send. It goes to the provider, never to the host
// of a download that the provider redirects to.
func WithHeader(name, value string) Option {
	return sharedOption(func(s *shared) {
		if s.header == nil {
			s.header = make(http.Header, 1)
		}
		s.header.Set(name, value)
	})
}

// WithMaxResponseBytes bounds a response that is read into memory; a longer one
// is a [*DecodeError]. The default is 64 MiB. Downloads have no bound.
func WithMaxResponseBytes(n int64) ClientOption {
	return clientOption(func(c *clientConfig) { c.maxBytes = n })
}

// WithDownloadTransport sets the transport for downloads that the provider keeps
// on another host. It must not add credentials. The default is the
// PlainTransport() of the client's transport if it has that method, the
// client's transport if it is an *http.Transport, or http.DefaultTransport.
func WithDownloadTransport(rt http.RoundTripper) ClientOption {
	return clientOption(func(c *clientConfig) { c.download = rt })
}

// WithObserver calls f with what happens to each call, in the goroutine of the
// call and with its context. f must be safe for concurrent use and quick.
func WithObserver(f func(context.Context, Event)) ClientOption {
	return clientOption(func(c *clientConfig) { c.observe = f })
}

// WithResponse stores the facts of the last answer of the call in r, whether the
// call succeeds or not. r stays empty when nothing answered. With [Pages], r
// holds the facts of the page that was fetched last.
func WithResponse(r *Response) CallOption {
	return callOption(func(c *callConfig) { c.response = r })
}

// WithStream asks for the media type accept and streams the answer into *dst
// instead of decoding it: raw file contents, the bytes of a release asset. The
// method's own result stays zero. The caller closes *dst.
func WithStream(accept string, dst **Download) CallOption {
	return callOption(func(c *callConfig) { c.stream, c.accept = dst, accept })
}

// WithResult asks for the media type accept and decodes the answer into dst instead
// of the method's own result, which stays zero: a *string takes text, every other
// pointer JSON. Use it where an operation can answer in several ways.
func WithResult(accept string, dst any) CallOption {
	return callOption(func(c *callConfig) { c.result, c.accept = dst, accept })
}

// WithBody sends body as media instead of the method's own body argument, which may
// then be nil or zero. Use it where an operation takes several media types. media
// picks the encoder; see [Media]. A multipart body can be a map[string]any with
// values of type [File].
func WithBody(media Media, body any) CallOption {
	return callOption(func(c *callConfig) { c.media, c.body = media, body })
}

// WithIdempotencyKey sends key as Idempotency-Key and makes the call one that may
// be repeated. Use it with providers that honour the header only. No key is sent
// without this option.
func WithIdempotencyKey(key string) CallOption {
	return callOption(func(c *callConfig) { c.key = key })
}

// ContextOption is the constructor for options of other packages: f derives the
// context that the call runs with, and the transport of the *http.Client reads
// it from there.
func ContextOption(f func(context.Context) context.Context) CallOption {
	return callOption(func(c *callConfig) {
		if f != nil {
			c.contexts = append(c.contexts, f)
		}
	})
}
