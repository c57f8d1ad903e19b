package vault

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Transport is an http.RoundTripper that makes each request under a grant of
// the vault. [Agent.HTTPClient] and [Agent.Transport] make one, and so do an
// App's. It is safe for concurrent use.
//
// A request may go to https URLs, and to http on localhost, 127.0.0.1 and ::1.
// Taken out before it leaves: Authorization, Cookie and other credential
// headers of the caller, X-Alter-…, traceparent (which goes to the vault),
// tracestate, baggage and hop-by-hop headers. Refused: user-info in the URL, a
// Host other than the URL's, and headers that override the method. A redirect
// to another origin is refused, whoever follows it. httptrace hooks and values
// of the context do not reach the provider's transport.
//
// The provider's own errors are responses, as they are with net/http. Errors of
// RoundTrip are *[Error].
type Transport struct {
	client   *client
	defaults settings
}

// call is one round trip: what of the request may leave, and what the vault is
// told about it. It holds no credential but a user's token.
type call struct {
	target

	req         *http.Request // our copy, with the caller's credentials taken out
	original    *http.Request
	mode        Mode
	reason      *string
	context     []wire.Pair
	traceparent string
	caller      string
	userToken   Secret
	url         string // without query

	// For a call that Request or ProxyRequest makes.
	whole string     // the URL as it was given, without fragment; "" means req's
	query url.Values // further parameters, which proxy mode sends apart
	json  bool       // the body is JSON that was not given a content type

	answered wire.ProxyAnswer // proxy mode
	facts    credFacts        // retrieve mode
}

// credFacts is what a token answer says beside the credential.
type credFacts struct {
	grant, provider string
	scopeMismatch   bool
}

// shown is the grant as errors may name it: what is no ID could be a key or a
// token in the wrong place.
func (t target) shown() string { return shownGrant(t.grant) }

func shownGrant(id string) string {
	if wire.IsUUID(id) {
		return id
	}
	return ""
}

// RoundTrip makes one request. It does not change req and always closes its
// body.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t == nil || t.client == nil {
		closeBody(req)
		return nil, invalid("transport", "belongs to no agent: use HTTPClient of an Agent or App")
	}
	c, err := t.prepare(req, nil)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	defer t.client.life.end()
	return t.dispatch(c)
}

// prepare makes every check that needs no vault. On success the call is counted
// in and has to be ended. shape, if not nil, is applied to the call first.
func (t *Transport) prepare(req *http.Request, shape func(*call)) (*call, error) {
	ctx := req.Context()
	s := settingsFrom(ctx).over(t.defaults)
	c := &call{
		original: req, target: s.target, mode: t.client.mode, reason: s.reason, caller: s.caller,
		userToken: s.userToken, traceparent: t.client.traceparent(ctx, s),
	}
	if shape != nil {
		shape(c)
	}
	fault := s.check()
	if fault == nil && !t.client.life.begin() {
		return nil, closedError()
	}
	if fault == nil {
		if fault = c.fill(s, t.client.logger()); fault != nil {
			t.client.life.end()
		}
	}
	if fault != nil {
		fault.GrantID = c.shown()
		return nil, fault
	}
	return c, nil
}

// check looks at what the options say.
func (s settings) check() *Error {
	problem := s.fault
	if problem == nil {
		problem = s.target.check()
	}
	switch {
	case problem != nil:
		return invalid(problem.Field, problem.Problem)
	case len(s.grant) > 255 || cleanText(s.grant, 255) != s.grant:
		return invalid("grant", "ID is not one line of at most 255 characters")
	}
	return nil
}

// fill checks URL and context and makes the copy of the request that may leave.
func (c *call) fill(s settings, log *slog.Logger) *Error {
	req := c.original
	if fault := checkTarget(req, c.query); fault != nil {
		return fault
	}
	own, trace := s.context, scopeFrom(req.Context())
	if own == nil {
		if fault := trace.check(); fault != nil {
			return fault
		}
		own = trace.pairs
	}
	info, known := api.CallFromContext(req.Context())
	c.context = headerPairs(own, info, known)
	if span, n := wire.Get(req.Header, wire.HeaderTraceparent); n == 1 && wire.ValidTraceparent(span) {
		c.traceparent = span
	}
	c.url = withoutQuery(req.URL)
	if c.whole != "" {
		c.url, _, _ = strings.Cut(c.whole, "?")
	}
	c.req = req.Clone(bareContext{req.Context()})
	if _, n := wire.Get(req.Header, "Authorization"); n > 0 && c.whole != "" {
		log.Warn("a request's own Authorization header is not sent: the vault supplies the credential")
	}
	return stripHeaders(c.req.Header)
}

// check reports the first rule that a trace breaks.
func (s scope) check() *Error {
	if s.fault != nil {
		return invalid(s.fault.Field, s.fault.Problem)
	}
	if err := wire.CheckContext(s.pairs); err != nil {
		return invalid("trace", err.Error())
	}
	return nil
}

// traceparent returns the traceparent of a call that names none itself.
func (c *client) traceparent(ctx context.Context, s settings) string {
	if s.traceparent != "" || c.span == nil {
		return s.traceparent
	}
	if span := c.span(ctx); wire.ValidTraceparent(span) {
		return span
	}
	return ""
}

// checkTarget applies the rules of a provider's URL.
func checkTarget(req *http.Request, query url.Values) *Error {
	if req.URL == nil {
		return invalid("url", "is missing")
	}
	if err := wire.CheckProviderURL(withoutQuery(req.URL)); err != nil {
		return invalid("url", err.Error())
	}
	switch {
	case req.URL.User != nil:
		return invalid("url", "holds a user name or password: the vault supplies the credential")
	case req.URL.Opaque != "":
		return invalid("url", "is not a plain URL with a path")
	case req.Host != "" && !strings.EqualFold(req.Host, req.URL.Host):
		return invalid("header", "Host is not the URL's host")
	case len(withQuery(req.URL, query).String()) > wire.MaxURL:
		return invalid("url", "is longer than 65536 characters")
	}
	// net/http sets Response on requests that it makes to follow a redirect.
	for hop := req.Response; hop != nil && hop.Request != nil; hop = hop.Request.Response {
		if !sameOrigin(hop.Request.URL, req.URL) {
			return &Error{
				Code: "blocked_destination", kind: kindBlocked,
				Message: "a redirect led to another host, which a grant does not follow",
			}
		}
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

// dispatch is the one path of all modes, of the round tripper, Request and
// ProxyRequest.
func (t *Transport) dispatch(c *call) (*http.Response, error) {
	if !c.named() {
		return nil, t.refuseGrantless(c)
	}
	token, fault := t.client.userTokenFor(c.original.Context(), c.userToken.Reveal())
	if fault != nil {
		closeBody(c.req)
		fault.GrantID = c.shown()
		return nil, fault
	}
	c.userToken = newSecret(token)
	if c.mode == Proxy {
		return t.proxy(c)
	}
	cred, err := t.token(c)
	switch {
	case err == nil:
		return t.retrieve(c, cred)
	case c.mode == Auto && err.Is(kindProxyOnly):
		return t.proxy(c)
	}
	closeBody(c.req)
	return nil, err
}

// refuseGrantless tells the vault of a call without a grant, so that the attempt
// stands in the audit trail, and refuses it whatever the vault answers.
func (t *Transport) refuseGrantless(c *call) *Error {
	closeBody(c.req)
	if _, err := t.token(c); err != nil && err.kind == kindNetwork {
		return err
	}
	return noGrant()
}

func noGrant() *Error {
	return invalidKind(kindNoGrant, "no_grant", "call", "names no grant")
}

// token asks the vault for the credential of this call.
func (t *Transport) token(c *call) (wire.Credential, *Error) {
	if t.client.warnOnce != nil && c.grant != "" {
		t.client.warnOnce.Do(func() {
			t.client.logger().Warn("an application acts for an agent: a grant named by its ID is not checked against the agent's delegations",
				"agent", t.client.backend.caller)
		})
	}
	request := wire.TokenRequest{
		GrantID: c.grant, ProviderID: c.provider, Reason: c.reason, Method: strings.ToUpper(method(c.req)), URL: c.url,
		UserToken: c.userToken.Reveal(), AppUserID: c.appUser, Account: c.account, Label: c.label,
	}
	a, fault := t.client.backend.do(c.req.Context(), exchange{
		method: http.MethodPost, path: wire.PathToken, body: request.Marshal(),
		context: c.context, traceparent: c.traceparent, grant: c.shown(), caller: c.caller,
	})
	if fault != nil {
		return wire.Credential{}, fault
	}
	if !a.ok() {
		return wire.Credential{}, t.refusal(c, a)
	}
	cred, err := wire.ParseCredential(a.body)
	if err != nil {
		return wire.Credential{}, badAnswer(c.shown(), a, err.Error())
	}
	c.facts = credFacts{cred.GrantID, cred.ProviderID, cred.ScopeMismatch}
	return cred, nil
}

// refusal is answerError with the kind that agents get for a grant which they
// cannot reach.
func (t *Transport) refusal(c *call, a answer) *Error {
	e := answerError(surfaceMain, c.shown(), a)
	if e.kind == kindGrantNotFound && t.client.delegated {
		e.kind = kindDelegation
	}
	return e
}

// retrieve calls the provider with the credential, which lives in this
// function's variables only.
func (t *Transport) retrieve(c *call, cred wire.Credential) (*http.Response, error) {
	c.req.URL = withQuery(c.req.URL, c.query)
	if c.json && c.req.Header.Get("Content-Type") == "" {
		c.req.Header.Set("Content-Type", "application/json")
	}
	req, secrets, fault := inject(c, cred, t.client.signer)
	if fault != nil {
		closeBody(c.req)
		t.audit(c, cred, outcome{fault: "<transport error: not sent>"})
		return nil, fault
	}
	if _, ok := c.req.Header["User-Agent"]; !ok {
		c.req.Header.Set("User-Agent", t.client.backend.userAgent)
		req.Header.Set("User-Agent", t.client.backend.userAgent)
	}
	start := time.Now()
	resp, err := guard(t.client.provider, req)
	latency := time.Since(start)
	if err == nil && (resp == nil || resp.Body == nil) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		fault := networkError("the provider", c.shown(), err, secrets...)
		t.audit(c, cred, outcome{fault: faultText(fault, latency), latency: latency})
		return nil, fault
	}
	resp.Request = c.original // the copy that was sent holds the credential
	unreadable := scrubResponse(resp, newMasker(secrets...))
	t.audit(c, cred, outcome{status: resp.StatusCode, header: resp.Header, latency: latency})
	if unreadable != nil {
		_ = resp.Body.Close() // the fault is what the caller has to know
		return nil, unreadable
	}
	t.reportMismatch(c, cred, resp)
	return resp, nil
}

// guard makes an error of a panic: its value may be the request, and what a
// program prints of a panic must not be the credential.
func guard(rt http.RoundTripper, req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, fmt.Errorf("the provider's transport panicked (%T)", p)
		}
	}()
	return rt.RoundTrip(req)
}

// PlainTransport returns the transport that reaches providers without any
// credential, for a download to which a provider redirects.
func (t *Transport) PlainTransport() http.RoundTripper {
	if t == nil || t.client == nil {
		return http.DefaultTransport
	}
	return t.client.provider
}

// CloseIdleConnections closes idle connections to providers.
func (t *Transport) CloseIdleConnections() {
	if t == nil || t.client == nil {
		return
	}
	if c, ok := t.client.provider.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Format prints the transport without its agent's key, for every verb.
func (t Transport) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "vault.Transport")
}

// LogValue logs the transport without its agent's key.
func (t Transport) LogValue() slog.Value { return slog.StringValue("vault.Transport") }

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // nothing was read from it
	}
}

func method(req *http.Request) string {
	if req.Method == "" {
		return http.MethodGet
	}
	return req.Method
}
