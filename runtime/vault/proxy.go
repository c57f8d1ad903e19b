package vault

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// maxProxyBody is the largest request body that is proxied, in bytes.
const maxProxyBody = 16 << 20

// proxy has the vault make the call.
func (t *Transport) proxy(c *call) (*http.Response, error) {
	request, fault := proxyRequest(c)
	if fault != nil {
		fault.GrantID = c.shown()
		return nil, fault
	}
	a, fault := t.client.backend.do(c.req.Context(), exchange{
		method: http.MethodPost, path: wire.PathProxy, body: request.Marshal(),
		context: c.context, traceparent: c.traceparent, grant: c.shown(), limit: maxProxyAnswer, caller: c.caller,
	})
	switch {
	case fault != nil:
		return nil, fault
	case a.status == http.StatusOK:
		return proxyResponse(c, a)
	case a.status == http.StatusAccepted:
		return nil, t.pendingError(c, a)
	case a.status >= 400:
		e := t.refusal(c, a)
		if k := approvalCodes[e.Code]; k != nil {
			e.kind, e.Retryable = k, false
		}
		return nil, e
	}
	return nil, badAnswer(c.shown(), a, "the vault's answer has an unexpected status")
}

// proxyRequest reads and closes the request's body.
func proxyRequest(c *call) (wire.ProxyRequest, *Error) {
	defer closeBody(c.req)
	u := *c.req.URL
	u.Fragment, u.RawFragment = "", ""
	r := wire.ProxyRequest{
		Method: strings.ToUpper(method(c.req)), URL: cmp.Or(c.whole, u.String()), Reason: c.reason,
		GrantID: c.grant, ProviderID: c.provider, Account: c.account, Label: c.label,
		UserToken: c.userToken.Reveal(), AppUserID: c.appUser, Query: queryObject(c.query),
	}
	headers := map[string]string{}
	for name, values := range c.req.Header {
		if wire.ForbiddenProxyHeader(name) {
			return r, invalid("header", http.CanonicalHeaderKey(name)+" cannot be sent in proxy mode")
		}
		headers[name] = strings.Join(values, ", ")
	}
	r.Headers = wire.SortedPairs(headers)
	body, fault := proxyBody(c.req)
	r.Body = body
	return r, fault
}

// queryObject writes parameters as the protocol has them: a text, or a list of
// texts for one that is given several times.
func queryObject(query url.Values) jsontext.Value {
	if len(query) == 0 {
		return nil
	}
	object := make(map[string]any, len(query))
	for name, values := range query {
		if object[name] = values; len(values) == 1 {
			object[name] = values[0]
		}
	}
	text, err := wire.Object(object)
	if err != nil {
		return nil // not UTF-8, which requestSpec refuses
	}
	return text
}

// proxyBody returns the request's body as compact JSON, nil when there is none.
func proxyBody(req *http.Request) (jsontext.Value, *Error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	media := req.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(media); media != "" &&
		(err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json")) {
		return nil, bodyFault("is " + cleanText(kind, 60) + "; proxy mode carries JSON only")
	}
	raw, err := io.ReadAll(io.LimitReader(req.Body, maxProxyBody+1))
	switch {
	case err != nil:
		return nil, bodyFault("could not be read")
	case len(raw) > maxProxyBody:
		return nil, bodyFault("is larger than " + strconv.Itoa(maxProxyBody) + " bytes; proxy mode does not stream")
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, nil
	}
	v := jsontext.Value(raw)
	if v.Kind() == 'n' || v.Compact() != nil {
		return nil, bodyFault("is not a JSON value other than null; proxy mode carries nothing else")
	}
	return v, nil
}

func bodyFault(problem string) *Error {
	return invalidKind(kindBody, "unsupported_body", "body", problem)
}

// proxyResponse makes the response that the provider would have given.
func proxyResponse(c *call, a answer) (*http.Response, error) {
	p, err := wire.ParseProxyAnswer(a.body)
	if err != nil {
		return nil, badAnswer(c.shown(), a, err.Error())
	}
	return responseOf(c, p), nil
}

// responseOf makes a response of an answer that the vault passed on.
func responseOf(c *call, p wire.ProxyAnswer) *http.Response {
	c.answered = p
	h := http.Header{}
	for _, f := range p.Headers {
		switch http.CanonicalHeaderKey(f.Key) {
		case "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Trailer":
			// They described the provider's connection; the body is plain here.
		default:
			h.Add(f.Key, f.Value)
		}
	}
	resp := &http.Response{
		StatusCode: p.StatusCode, Status: strconv.Itoa(p.StatusCode) + " " + http.StatusText(p.StatusCode),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: c.original,
		ContentLength: int64(len(p.Body)), Body: io.NopCloser(bytes.NewReader(p.Body)),
	}
	if p.Truncated {
		resp.ContentLength = -1
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(p.Body), truncated{}))
	}
	return resp
}

// truncated ends a body that the vault cut off, so that nobody takes it for a
// whole one.
type truncated struct{}

func (truncated) Read([]byte) (int, error) { return 0, errTruncated }

var errTruncated = errors.Join(errors.New("vault: the vault cut the provider's response off; use retrieve mode for large responses"), io.ErrUnexpectedEOF)

func (t *Transport) pendingError(c *call, a answer) error {
	p, err := wire.ParsePending(a.body)
	if err != nil {
		return badAnswer(c.shown(), a, err.Error())
	}
	pending := &PendingApproval{
		ApprovalID: p.ApprovalID, GroupID: p.GroupID, ExpiresAt: p.ExpiresAt, ApprovalURL: p.ApprovalURL,
		ExpiresIn: time.Duration(p.ExpiresIn) * time.Second,
		approval:  &Approval{client: t.client, id: p.ApprovalID, traceparent: c.traceparent, call: c},
	}
	for _, g := range p.Gates {
		pending.Gates = append(pending.Gates, ApprovalGate{
			g.ApprovalID, g.ExpiresAt, time.Duration(g.ExpiresIn) * time.Second, g.ApprovalURL,
		})
	}
	return &Error{
		Code: "approval_pending", Status: a.status, Message: pending.Error(), GrantID: c.shown(),
		RequestID: cleanText(a.requestID, 100), kind: kindPending, cause: pending,
	}
}
