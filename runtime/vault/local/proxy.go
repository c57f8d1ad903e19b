package local

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// serveProxy answers POST /sdk/proxy: the call is decided as a token request
// is, then the vault makes it and completes the row. The client gets the
// provider's answer, never the credential.
func (v *Vault) serveProxy(ctx context.Context, rq *request) answer {
	var spec *callSpec
	r, err := wire.ParseProxyRequest(rq.body)
	var bodyFault *fault
	if err != nil {
		bodyFault = invalidBody(err)
	} else {
		spec = &callSpec{
			grantID: r.GrantID, providerID: r.ProviderID, account: r.Account, label: r.Label,
			userToken: r.UserToken, appUserID: r.AppUserID, method: r.Method, url: r.URL, reason: r.Reason,
		}
		bodyFault = checkProxyHeaders(r.Headers)
		spec.content = &content{headers: r.Headers, raw: r.Query, contentType: contentTypeOf(&r), body: notNull(r.Body)}
		if bodyFault == nil {
			spec.content.query, bodyFault = queryValues(r.Query)
		}
	}
	p, f := v.decide(ctx, rq, spec, bodyFault)
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	if p.pending != nil {
		return answer{status: http.StatusAccepted, body: p.pending.Marshal()}
	}
	cred, f := v.currentCredential(ctx, rq, &p.grant)
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	sent := time.Now()
	result, f := v.callProvider(ctx, p, spec.content, cred)
	took := time.Since(sent)
	if err := v.completeProxy(ctx, rq, p.entry, result, f, took); err != nil {
		return v.fail(ctx, rq, v.broken(ctx, rq, err))
	}
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	ms := took.Milliseconds()
	result.DurationMS = &ms
	return answer{status: http.StatusOK, body: result.Marshal()}
}

// completeProxy writes how the call ended. The client may have gone by then;
// the row is completed all the same.
func (v *Vault) completeProxy(ctx context.Context, rq *request, e *AuditEntry, result *wire.ProxyAnswer, f *fault, took time.Duration) error {
	status, code := 0, ""
	if result != nil {
		status = result.StatusCode
	}
	if f != nil {
		code = f.code
	}
	e.setResult(status, took, v.now())
	vaultTime := time.Since(rq.start) - took
	return v.store.write(context.WithoutCancel(ctx), func(ctx context.Context, q *statements) error {
		if err := q.exec(ctx, updateResult, string(e.Outcome), e.Status, int64(e.ProviderTime), micros(e.CompletedAt), nil, code, e.ID); err != nil {
			return err
		}
		return q.exec(ctx, "UPDATE audit SET vault_time = ? WHERE id = ?", int64(vaultTime), e.ID)
	})
}

// connectionHeaders steer the connection between the vault and the provider,
// or would carry vault headers to a provider.
var connectionHeaders = []string{"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "traceparent", "tracestate"}

func checkProxyHeaders(headers []wire.Pair) *fault {
	for _, h := range headers {
		name := asciiLower(h.Key)
		switch {
		case !wire.IsToken(h.Key) || strings.ContainsAny(h.Value, "\r\n\x00"):
			return refuse(http.StatusUnprocessableEntity, codeForbiddenHeader, "a header's name or value is not valid in HTTP")
		case wire.ForbiddenProxyHeader(name) || slices.Contains(connectionHeaders, name) || strings.HasPrefix(name, "x-alter-"):
			return refuse(http.StatusUnprocessableEntity, codeForbiddenHeader, "a proxied call must not set the header "+name).with("header", name)
		}
	}
	return nil
}

// contentTypeOf is what a proxied body is sent as: JSON unless the client says
// otherwise.
func contentTypeOf(r *wire.ProxyRequest) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Key, "Content-Type") && h.Value != "" {
			return h.Value
		}
	}
	return "application/json"
}

// queryValues reads query_params: a list repeats its name, null is an empty
// value. An object has no meaning there.
func queryValues(raw jsontext.Value) (url.Values, *fault) {
	if raw == nil {
		return nil, nil
	}
	invalid := refuse(http.StatusUnprocessableEntity, codeInvalidRequest, "query_params must map names to strings, numbers, booleans, null or lists of these")
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members, jsontext.AllowInvalidUTF8(true)); err != nil {
		return nil, invalid
	}
	values := url.Values{}
	for name, value := range members {
		items := []jsontext.Value{value}
		if value.Kind() == '[' {
			if err := json.Unmarshal(value, &items, jsontext.AllowInvalidUTF8(true)); err != nil {
				return nil, invalid
			}
		}
		for _, item := range items {
			text, ok := queryText(item)
			if !ok {
				return nil, invalid
			}
			values.Add(name, text)
		}
	}
	return values, nil
}

func queryText(v jsontext.Value) (string, bool) {
	switch v.Kind() {
	case 'n':
		return "", true
	case 't', 'f', '0':
		return strings.TrimSpace(string(v)), true
	case '"':
		var s string
		err := json.Unmarshal(v, &s, jsontext.AllowInvalidUTF8(true))
		return s, err == nil
	}
	return "", false
}

// callProvider makes the one request.
func (v *Vault) callProvider(ctx context.Context, p *permit, c *content, cred wire.Credential) (*wire.ProxyAnswer, *fault) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	req, f := providerRequest(ctx, p, c, &cred)
	if f != nil {
		return nil, f
	}
	signature, f := v.sign(req, &cred)
	if f != nil {
		return nil, f
	}
	resp, err := guard(v.transport, req)
	if err != nil {
		return nil, v.upstreamFault(ctx, p, err)
	}
	defer func() { _ = resp.Body.Close() }()
	v.noteRefusal(ctx, p, &cred, resp)
	s := newScrubber(&cred, signature)
	body, truncated, err := readResponse(resp, v.maxResponse, s)
	result := &wire.ProxyAnswer{StatusCode: resp.StatusCode, Body: body, Truncated: truncated, Headers: responseHeaders(resp.Header, s)}
	switch {
	case errors.Is(err, errEncoding):
		return result, refuse(http.StatusBadGateway, codeUpstreamEncoding, "the provider answered in a content encoding that the vault cannot search for the credential")
	case err != nil:
		return nil, v.upstreamFault(ctx, p, err)
	}
	return result, nil
}

// guard makes an error of a panic, which a server would log: its value may be
// the request with the credential.
func guard(rt http.RoundTripper, req *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, fmt.Errorf("local: the provider transport panicked (%T)", p)
		}
	}()
	return rt.RoundTrip(req)
}

// upstreamFault never repeats the transport's text: it may hold the URL.
func (v *Vault) upstreamFault(ctx context.Context, p *permit, err error) *fault {
	v.logger.InfoContext(ctx, "provider call failed", "request_id", p.entry.ID, "origin", p.dest.origin, "timeout", errors.Is(err, context.DeadlineExceeded))
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return refuse(http.StatusGatewayTimeout, codeUpstreamTimeout, "the provider did not answer in time").with("timeout_reason", codeUpstreamTimeout)
	}
	return refuse(http.StatusBadGateway, codeUpstreamFailed, "the provider could not be reached, or broke off its answer")
}

// notNull makes a body of null what it stands for: no body.
func notNull(v jsontext.Value) jsontext.Value {
	if v.Kind() == 'n' {
		return nil
	}
	return v
}

func providerRequest(ctx context.Context, p *permit, c *content, cred *wire.Credential) (*http.Request, *fault) {
	target := p.dest.origin + p.dest.path
	if raw := providerQuery(p.dest.query, c.query, cred); raw != "" {
		target += "?" + raw
	}
	if len(target) > wire.MaxURL {
		return nil, refuse(http.StatusUnprocessableEntity, codeURLTooLong, "the URL is longer than 65536 bytes")
	}
	var body io.Reader
	if c.body != nil {
		body = bytes.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, p.entry.Method, target, body)
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, codeBlocked, "the URL is not valid")
	}
	for _, h := range c.headers {
		req.Header.Set(h.Key, h.Value)
	}
	if body != nil {
		req.Header.Set("Content-Type", c.contentType)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "grantwire-vault")
	}
	// An encoded answer could not be searched for the credential.
	req.Header.Set("Accept-Encoding", "identity")
	for _, in := range cred.Injections {
		if value, ok := cred.Value(in); ok && in.Target == wire.TargetHeader {
			req.Header.Set(in.Key, value)
		}
	}
	if cred.InjectionHeader != wire.PlaceholderHeader && !cred.Signs() {
		req.Header.Set(cred.InjectionHeader, cred.HeaderValue())
	}
	return req, nil
}

// providerQuery keeps the URL's own query as it was written, adds query_params,
// and puts the credential in place of whatever has its parameter's name.
func providerQuery(raw string, params url.Values, cred *wire.Credential) string {
	for _, in := range cred.Injections {
		value, ok := cred.Value(in)
		if !ok || in.Target != wire.TargetQuery {
			continue
		}
		kept := slices.DeleteFunc(strings.Split(raw, "&"), func(item string) bool {
			name, _, _ := strings.Cut(item, "=")
			decoded, err := url.QueryUnescape(name)
			return err == nil && decoded == in.Key
		})
		raw = strings.Join(kept, "&")
		if params == nil {
			params = url.Values{}
		}
		params.Set(in.Key, value)
	}
	added := params.Encode()
	if raw == "" || added == "" {
		return raw + added
	}
	return raw + "&" + added
}

var errEncoding = errors.New("unsupported content encoding")

// readResponse reads, decodes and scrubs a body. Of a body that goes past the
// limit, what may be the beginning of a secret is cut off with the rest.
func readResponse(resp *http.Response, limit int, s *scrubber) (body []byte, truncated bool, err error) {
	var src io.Reader = resp.Body
	switch enc := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
	case "gzip":
		if src, err = gzip.NewReader(resp.Body); err != nil {
			return nil, false, err
		}
	default:
		return nil, false, errEncoding
	}
	raw, err := io.ReadAll(io.LimitReader(src, int64(limit)+int64(s.longest())+1))
	if err != nil {
		return nil, false, err
	}
	if len(raw) <= limit {
		return s.bytes(raw), false, nil
	}
	clean := s.bytes(raw)
	return clean[:min(limit, max(0, len(clean)-s.longest()))], true, nil
}

// droppedHeaders are hop-by-hop, describe an encoding that is gone, or carry
// sessions and challenges that are not the client's.
var droppedHeaders = []string{
	"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "content-encoding",
	"proxy-authenticate", "proxy-authorization", "set-cookie", "set-cookie2", "authorization", "www-authenticate",
}

func responseHeaders(h http.Header, s *scrubber) []wire.Pair {
	dropped := slices.Clone(droppedHeaders)
	for _, list := range h.Values("Connection") {
		for name := range strings.SplitSeq(list, ",") {
			dropped = append(dropped, asciiLower(strings.TrimSpace(name)))
		}
	}
	var pairs []wire.Pair
	for _, name := range sortedKeys(h) {
		if lower := asciiLower(name); !slices.Contains(dropped, lower) {
			pairs = append(pairs, wire.Pair{Key: s.name(lower), Value: s.text(strings.Join(h[name], ", "))})
		}
	}
	return pairs
}
