package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Limits of request bodies in bytes. Audit reports and proxied calls carry the
// provider's payloads.
const (
	smallBody = 256 << 10
	largeBody = 16 << 20
)

// endpoint is one entry of the routing table.
type endpoint struct {
	method, path string // path segments in braces match anything
	limit        int64
	scope        string // what the key must allow, "" = nothing
	orScope      string // what does instead, "" = nothing
	andScope     string // what it must allow as well, "" = nothing
	suspended    bool   // also for an agent that is suspended or revoked
	mode         Mode   // set on endpoints whose every request is an audited call
	caller       callerRule
	callerCode   string // of the refusal when the rule is broken, "" = the usual one
	serve        func(*Vault, context.Context, *request) answer
}

// endpoints is the whole surface. A function, not a variable, so that nothing
// can change it.
func endpoints() []endpoint {
	return slices.Concat([]endpoint{
		{method: http.MethodPost, path: wire.PathToken, limit: smallBody, scope: "tokens:retrieve", mode: ModeRetrieve, serve: (*Vault).serveToken},
		proxyEndpoint(),
		spanEndpoint(),
		mismatchEndpoint(),
		{method: http.MethodPost, path: wire.PathAudit, limit: largeBody, scope: "audit:emit", suspended: true, serve: (*Vault).serveReport},
		{method: http.MethodGet, path: wire.PathMe, limit: smallBody, suspended: true, serve: (*Vault).serveMe, caller: agentOnly, callerCode: codeMeNeedsAgent},
	}, adminEndpoints(), sessionEndpoints(), secretEndpoints(), approvalEndpoints(), identityEndpoints(), specEndpoints())
}

func proxyEndpoint() endpoint {
	return endpoint{method: http.MethodPost, path: wire.PathProxy, limit: largeBody, scope: "proxy:execute", mode: ModeProxy, serve: (*Vault).serveProxy}
}

// request is one request on its way through the handler.
type request struct {
	endpoint *endpoint
	id       string // X-Request-ID and, for calls, the ID of the audit row
	start    time.Time
	http     *http.Request
	body     []byte
	who      principal
	signed   wire.Signable
	params   []string // what the braces of the path matched

	scopes     []string        // what key and constraints leave, once admitted
	budget     *budget         // of the limits that it met; nil = none
	rule       rule.Rule       // of a constrained client, once admitted; nil = none
	known      *operationTable // what the vault knows about operations, the same from begin to end
	deprecated atomic.Bool     // the key should be replaced; set by a job that may outlive the request
}

// ServeHTTP implements http.Handler. Under /sdk/ every answer is JSON and
// carries X-Request-ID; errors have the members error (a code) and message. The
// pages for users' browsers are HTML.
func (v *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.servePage(w, r) || v.serveConsole(w, r) || v.serveIdentityKeys(w, r) {
		return
	}
	rq := &request{id: newID(), start: time.Now(), http: r}
	w.Header()[wire.HeaderRequestID] = []string{rq.id}
	a := v.handle(w, rq)
	rq.budget.write(w.Header())
	if rq.deprecated.Load() {
		w.Header()[wire.HeaderKeyDeprecated] = []string{"true"}
	}
	a.write(w)
}

func (v *Vault) handle(w http.ResponseWriter, rq *request) answer {
	ctx := rq.http.Context()
	allowed := route(rq)
	f := v.limiter.address(rq, v.now())
	if f == nil {
		f = rq.read(w)
	}
	if f == nil {
		f = v.authenticate(ctx, rq)
	}
	if f != nil && f.status == http.StatusTooManyRequests {
		return v.fail(ctx, rq, f) // without an audit row: a flood must not reach the disk
	}
	if id := v.actorID(rq); id != "" {
		w.Header()[wire.HeaderActorID] = []string{id}
	}
	switch {
	case f != nil:
	case rq.endpoint == nil && len(allowed) > 0:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		f = refuse(http.StatusMethodNotAllowed, codeNotFound, "this path does not take that method")
	case rq.endpoint == nil:
		f = refuse(http.StatusNotFound, codeNotFound, "this vault has no such endpoint")
	default:
		return rq.endpoint.serve(v, ctx, rq)
	}
	if rq.endpoint != nil && rq.endpoint.mode != "" {
		f = v.recordRefusal(ctx, rq, f)
	}
	return v.fail(ctx, rq, f)
}

// fail logs a refusal and turns it into the answer.
func (v *Vault) fail(ctx context.Context, rq *request, f *fault) answer {
	v.logger.InfoContext(ctx, "vault refused a request", "request_id", rq.id, "agent_id", rq.who.agentID, "status", f.status, "code", f.code)
	return f.answer()
}

// broken logs a fault of the vault itself. Its errors come from the database
// and the key hierarchy and hold no values.
func (v *Vault) broken(ctx context.Context, rq *request, err error) *fault {
	if ctx.Err() == nil {
		v.logger.ErrorContext(ctx, "vault could not serve a request", "request_id", rq.id, "error", err)
	}
	if errors.Is(err, ErrClosed) {
		return refuse(http.StatusServiceUnavailable, "vault_closed", "the vault is shutting down")
	}
	return internalFault()
}

// route finds the endpoint. When the path fits but not the method, it returns
// the methods that do.
func route(rq *request) (allowed []string) {
	for _, e := range endpoints() {
		params, ok := matchPath(e.path, rq.http.URL.EscapedPath())
		switch {
		case !ok:
		case e.method != rq.http.Method:
			allowed = append(allowed, e.method)
		default:
			rq.endpoint, rq.params = &e, params
			return nil
		}
	}
	return allowed
}

func matchPath(pattern, path string) (params []string, ok bool) {
	for {
		p, patternRest, patternMore := strings.Cut(pattern, "/")
		s, pathRest, pathMore := strings.Cut(path, "/")
		switch {
		case patternMore != pathMore:
			return nil, false
		case strings.HasPrefix(p, "{") && s != "" && s != "me": // me is the caller, and never an ID
			params = append(params, s)
		case p != s:
			return nil, false
		}
		if !patternMore {
			return params, true
		}
		pattern, path = patternRest, pathRest
	}
}

// read takes the whole body: the signature covers it, so nothing can be
// decided before it is there.
func (rq *request) read(w http.ResponseWriter) *fault {
	limit := int64(smallBody)
	if rq.endpoint != nil {
		limit = rq.endpoint.limit
	}
	if rq.http.Body == nil {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, rq.http.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refuse(http.StatusRequestEntityTooLarge, codeBodyTooLarge, "the request body is larger than this endpoint takes").with("limit_bytes", limit)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, codeInvalidRequest, "the request body could not be read to its end")
	}
	rq.body = body
	return nil
}

// target is what the signature covers: the path as it was sent, and the query.
func (rq *request) target() string {
	t := rq.http.URL.EscapedPath()
	if rq.http.URL.RawQuery != "" {
		t += "?" + rq.http.URL.RawQuery
	}
	return t
}
