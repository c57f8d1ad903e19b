package vault

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Largest answers of the vault that are read, in bytes.
const (
	maxAnswer      = 4 << 20
	maxProxyAnswer = 128 << 20
)

// backend speaks the wire protocol with the vault. The key is behind closures,
// where fmt does not find it.
type backend struct {
	transport  http.RoundTripper
	owned      bool // transport is ours, its idle connections too
	base       string
	key        func() string
	signingKey func() []byte
	mask       masker
	userAgent  string
	timeout    time.Duration
	log        *slog.Logger
	facts      *keyFacts

	caller     string // "" when there is none
	callerType string // of caller, and of a caller that a single call names
	actorID    atomic.Pointer[string]

	scopes, rule string // headers of a constrained client
}

// keyFacts are what the vault said about the API key. Everybody who uses the key
// shares them.
type keyFacts struct {
	rateLimit  atomic.Pointer[wire.RateLimit]
	deprecated atomic.Bool
}

func newBackend(key, base string, c config) *backend {
	signing := wire.SigningKey(key)
	b := &backend{
		transport: c.backend, base: base, userAgent: c.userAgent, timeout: c.timeout, log: c.logger, facts: &keyFacts{},
		key: func() string { return key }, signingKey: func() []byte { return signing }, mask: newMasker(key),
	}
	if b.transport == nil {
		b.transport, b.owned = newHTTPTransport(0), true // do bounds the whole exchange
	}
	return b
}

// as returns a backend with the same connections and key for another caller,
// who gets an actor ID of its own.
func (b *backend) as(caller, callerType string) *backend {
	return &backend{
		transport: b.transport, owned: b.owned, base: b.base, key: b.key, signingKey: b.signingKey, mask: b.mask,
		userAgent: b.userAgent, timeout: b.timeout, log: b.log, facts: b.facts, caller: caller, callerType: callerType,
		scopes: b.scopes, rule: b.rule,
	}
}

func (b *backend) isConstrained() bool { return b.scopes != "" || b.rule != "" }

func (b *backend) closeIdle() {
	if t, ok := b.transport.(*http.Transport); ok && b.owned {
		t.CloseIdleConnections()
	}
}

// exchange is one request to the vault.
type exchange struct {
	method, path string
	body         []byte
	context      []wire.Pair
	traceparent  string
	grant        string // for errors
	anonymous    bool   // without actor ID and context, as scope reports are
	limit        int64  // largest answer; 0 is maxAnswer

	caller      string        // names the caller of this call only
	idempotency string        // Idempotency-Key
	timeout     time.Duration // instead of the client's, for answers that the vault holds back
}

// answer is what the vault said, read whole.
type answer struct {
	status    int
	header    http.Header
	body      []byte
	requestID string
}

func (a answer) ok() bool { return a.status >= 200 && a.status <= 299 }

// do signs and sends one request. Redirects are not followed. Any status is an
// answer; an error means that there was none.
func (b *backend) do(ctx context.Context, x exchange) (answer, *Error) {
	ctx = bareContext{ctx}
	if limit := cmp.Or(x.timeout, b.timeout); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	req, err := b.request(ctx, x)
	if err != nil {
		return answer{}, invalid("base URL", "cannot be used")
	}
	resp, err := b.transport.RoundTrip(req)
	if err == nil && resp == nil {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return answer{}, networkError("the vault", x.grant, err, b.key())
	}
	defer resp.Body.Close()
	limit := x.limit
	if limit == 0 {
		limit = maxAnswer
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return answer{}, networkError("the vault", x.grant, err, b.key())
	}
	requestID, _ := wire.Get(resp.Header, wire.HeaderRequestID)
	a := answer{resp.StatusCode, resp.Header, body, b.mask.maskString(requestID)}
	b.learn(a, x)
	if int64(len(body)) > limit {
		return answer{}, badAnswer(x.grant, a, "the vault's answer is too large")
	}
	if !a.ok() {
		b.mask.mask(a.body) // an echoed key must not become an error's text
	}
	return a, nil
}

func (b *backend) request(ctx context.Context, x exchange) (*http.Request, error) {
	u, err := url.Parse(b.base + x.path)
	if err != nil {
		return nil, err
	}
	s := wire.Signable{
		Method: x.method, Target: x.path, Timestamp: wire.FormatTimestamp(time.Now()), Nonce: wire.NewNonce(),
		ContentHash: wire.ContentHash(x.body), Caller: cmp.Or(x.caller, b.caller), Scopes: b.scopes, RequestRule: b.rule,
	}
	if s.Caller != "" {
		s.CallerType = b.callerType
	}
	if !x.anonymous {
		s.Context = wire.EncodeContext(x.context)
		// The actor ID is the constructor's caller; another caller is another actor.
		if id := b.actorID.Load(); id != nil && x.caller == "" {
			s.ActorID = *id
		}
	}
	req := (&http.Request{
		Method: x.method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Accept": {"*/*"}, "User-Agent": {b.userAgent}},
	}).WithContext(ctx)
	req.Header[wire.HeaderAPIKey] = []string{b.key()}
	if x.traceparent != "" {
		req.Header[wire.HeaderTraceparent] = []string{x.traceparent}
	}
	wire.SetHeaders(req.Header, b.signingKey(), s)
	if x.idempotency != "" {
		req.Header[wire.HeaderIdempotencyKey] = []string{x.idempotency}
	}
	if x.body != nil {
		req.Header["Content-Type"] = []string{"application/json"}
		req.ContentLength = int64(len(x.body))
		// GetBody lets the transport repeat a request that a stale connection
		// swallowed before the vault read it.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(x.body)), nil }
		req.Body, _ = req.GetBody()
	}
	return req, nil
}

// learn keeps what answers say about the key and the actor.
func (b *backend) learn(a answer, x exchange) {
	if flag, _ := wire.Get(a.header, wire.HeaderKeyDeprecated); flag == "true" && b.facts.deprecated.CompareAndSwap(false, true) {
		b.log.Warn("the vault says that this API key is deprecated; replace it")
	}
	if r, ok := wire.ParseRateLimit(a.header, time.Now()); ok {
		b.facts.rateLimit.Store(&r)
	}
	id, n := wire.Get(a.header, wire.HeaderActorID)
	switch {
	case n == 0 || x.anonymous || x.caller != "":
	case n > 1 || !wire.IsUUID(id):
		b.log.Warn("the vault sent an actor ID that is no UUID; it is ignored")
	case !b.actorID.CompareAndSwap(nil, &id) && *b.actorID.Load() != id: // the first one counts
		b.log.Warn("the vault sent another actor ID than before; it is ignored")
	}
}

// bareContext ends when its parent ends and carries none of the values: an
// httptrace hook would see the credential, and a tracing transport below us
// would send the traceparent to the provider.
type bareContext struct{ context.Context }

func (bareContext) Value(any) any { return nil }

// AfterFunc spares the context package a goroutine for each derived context.
func (c bareContext) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(c.Context, f) }

// withoutQuery returns what may be told about a provider's URL.
func withoutQuery(u *url.URL) string {
	c := *u
	c.RawQuery, c.ForceQuery, c.Fragment, c.RawFragment, c.User = "", false, "", "", nil
	c.Scheme = strings.ToLower(c.Scheme)
	return c.String()
}
