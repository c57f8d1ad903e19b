package vault

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// RequestOption is an option of Request and ProxyRequest: a [CallOption], or one
// that shapes the request.
type RequestOption interface {
	apply(r *requestSpec)
}

// requestSpec is a request before it is one.
type requestSpec struct {
	ctx     context.Context
	header  http.Header
	query   url.Values
	path    map[string]string
	value   any // of JSON
	body    io.Reader
	hasBody bool
	fault   *ValueError
}

func (o CallOption) apply(r *requestSpec) {
	if o.edit != nil {
		r.ctx = with(r.ctx, o.edit)
	}
}

type requestOption func(*requestSpec)

func (o requestOption) apply(r *requestSpec) { o(r) }

// Header adds a header for the provider. Credential headers of the caller are
// not sent: the vault supplies the credential. ProxyRequest refuses them.
func Header(name, value string) RequestOption {
	return requestOption(func(r *requestSpec) {
		if !wire.IsToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			r.fail("header", "has a name or a value that HTTP does not allow")
			return
		}
		r.header.Add(name, value)
	})
}

// Query adds query parameters to those that the URL has. The vault is not told
// them in retrieve mode, so they stand in no audit row.
func Query(values url.Values) RequestOption {
	return requestOption(func(r *requestSpec) {
		for name, list := range values {
			if !utf8.ValidString(name) || slices.ContainsFunc(list, func(s string) bool { return !utf8.ValidString(s) }) {
				r.fail("query", "is not valid UTF-8")
			}
			r.query[name] = append(r.query[name], list...)
		}
	})
}

// PathParam gives the value for {name} in the URL. It is escaped, slashes too.
func PathParam(name, value string) RequestOption {
	return PathParams(map[string]string{name: value})
}

// PathParams gives values for several {name} in the URL.
func PathParams(values map[string]string) RequestOption {
	return requestOption(func(r *requestSpec) { maps.Copy(r.path, values) })
}

// JSON sends v as a JSON body, with the rules of go-json-experiment: nil slices
// are [], times RFC 3339, NaN is refused. nil sends no body.
func JSON(v any) RequestOption { return requestOption(func(r *requestSpec) { r.value = v }) }

// Body sends what body holds, streamed; give its type with [Header]. ProxyRequest
// takes JSON only, and reads it whole.
func Body(body io.Reader) RequestOption {
	return requestOption(func(r *requestSpec) { r.body, r.hasBody = body, body != nil })
}

func (r *requestSpec) fail(field, problem string) {
	if r.fault == nil {
		r.fault = &ValueError{field, problem}
	}
}

// Request calls a provider under a grant and returns its response, whose body
// the caller closes; it is streamed. The mode is that of the agent or app. The
// call needs [Grant] or [Provider]; url may hold {placeholders} for [PathParam].
//
// An answer of the provider with status 400 and above is an error of kind
// [ErrProvider]; errors.As gives its body as a *[ProviderError]. Redirects are
// answers. Nothing is repeated: the caller decides, see Error.Retryable.
func (c *client) Request(ctx context.Context, method, url string, opts ...RequestOption) (*http.Response, error) {
	k, resp, err := c.call(ctx, method, url, c.mode, opts)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		return nil, providerError(k, resp)
	}
	return resp, nil
}

// ProxyResult is a provider's answer as the vault passed it on, whatever its
// status.
type ProxyResult struct {
	StatusCode     int
	Header         http.Header
	Body           []byte
	Truncated      bool          // the vault cut the body off
	Duration       time.Duration // of the provider call; 0 when unknown
	ApprovalID     string        // of the approval that the call had, or ""
	CredentialHint string        // which credential was used, as its owner named it, or ""
}

// Decode reads the body as JSON into v.
func (r *ProxyResult) Decode(v any) error { return json.Unmarshal(r.Body, v) }

// ProxyRequest has the vault call a provider, whatever the mode of the agent or
// app: the credential does not enter this process. It takes the options of
// Request; the body must be JSON. The provider's own errors are results too.
//
// A call that a person has to approve is an [ErrApprovalPending]; errors.As
// gives the *[PendingApproval].
func (c *client) ProxyRequest(ctx context.Context, method, url string, opts ...RequestOption) (*ProxyResult, error) {
	k, resp, err := c.call(ctx, method, url, Proxy, opts)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close() // it is in memory
	a := k.answered
	result := &ProxyResult{
		StatusCode: a.StatusCode, Header: resp.Header, Body: a.Body, Truncated: a.Truncated,
		ApprovalID: a.ApprovalID, CredentialHint: a.CredentialHint,
	}
	if a.DurationMS != nil {
		result.Duration = time.Duration(*a.DurationMS) * time.Millisecond
	}
	return result, nil
}

// call makes the checks of Request and ProxyRequest in the protocol's order and
// then goes the way of every call.
func (c *client) call(ctx context.Context, method, target string, mode Mode, opts []RequestOption) (*call, *http.Response, error) {
	r := &requestSpec{ctx: ctx, header: http.Header{}, query: url.Values{}, path: map[string]string{}}
	for _, o := range opts {
		o.apply(r)
	}
	req, whole, fault := r.build(method, target, mode)
	if fault != nil {
		fault.GrantID = settingsFrom(r.ctx).shown()
		return nil, nil, fault
	}
	t := &Transport{client: c}
	k, err := t.prepare(req, func(k *call) {
		k.mode, k.whole, k.query, k.json = mode, whole, r.query, r.value != nil
	})
	if err != nil {
		closeBody(req)
		return nil, nil, err
	}
	defer c.life.end()
	resp, err := t.dispatch(k)
	return k, resp, err
}

// build makes the request. whole is its URL as the vault is told it.
func (r *requestSpec) build(method, target string, mode Mode) (req *http.Request, whole string, fault *Error) {
	if fault = r.check(method, mode); fault != nil {
		return nil, "", fault
	}
	var body io.Reader
	switch {
	case r.value != nil:
		text, err := json.Marshal(r.value, json.Deterministic(true))
		if err != nil {
			return nil, "", invalid("body", "cannot be written as JSON")
		}
		if string(text) == "null" { // a typed nil
			r.value = nil
			break
		}
		body = strings.NewReader(string(text))
	case r.hasBody:
		body = r.body
	}
	whole, err := wire.ResolvePath(target, r.path)
	if err != nil {
		return nil, "", invalid("url", err.Error())
	}
	whole, _, _ = strings.Cut(whole, "#")
	if whole == "" {
		return nil, "", invalid("url", "is empty")
	}
	req, err = http.NewRequestWithContext(r.ctx, strings.ToUpper(method), whole, body)
	if err != nil { // its text holds the URL
		return nil, "", invalid("url", "or method is not valid")
	}
	req.Header = r.header
	return req, whole, nil
}

// check looks at the options, before the URL.
func (r *requestSpec) check(method string, mode Mode) *Error {
	s := settingsFrom(r.ctx)
	if fault := s.check(); fault != nil {
		return fault
	}
	switch {
	case !s.named():
		return noGrant()
	case r.fault != nil:
		return invalid(r.fault.Field, r.fault.Problem)
	case r.value != nil && r.hasBody:
		return invalid("body", "is given twice, with JSON and with Body")
	case method == "" || !wire.IsToken(method):
		return invalid("method", "is not an HTTP method")
	}
	for name := range r.header {
		if mode == Proxy && wire.ForbiddenProxyHeader(name) {
			return invalid("header", strconv.Quote(http.CanonicalHeaderKey(name))+" cannot be sent in proxy mode")
		}
	}
	return nil
}
