package vault

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Audit reports: how many may wait, how many are sent at a time, how often one
// is tried, and the longest pause between two tries.
const (
	maxWaitingReports = 1024
	reportSenders     = 8
	reportAttempts    = 4
	maxReportPause    = 10 * time.Second
	firstReportPause  = 100 * time.Millisecond
	mismatchTimeout   = 2 * time.Second
)

// reporter delivers audit reports in the background: at least once each, or
// counted as failed.
type reporter struct {
	backend *backend
	parent  *reporter     // of the app that made this agent, or nil; counts too
	slots   chan struct{} // one for each report that waits or is being sent
	senders chan struct{}
	ctx     context.Context // ends when the agent gives up
	stop    context.CancelFunc

	pending, delivered, failed atomic.Int64
}

func newReporter(b *backend) *reporter {
	ctx, cancel := context.WithCancel(context.Background())
	return &reporter{
		backend: b, ctx: ctx, stop: cancel,
		slots: make(chan struct{}, maxWaitingReports), senders: make(chan struct{}, reportSenders),
	}
}

// child returns the reporter of an agent that an app made. It shares the app's
// limits and counts there too. Its context has no parent, which would keep every
// agent ever made; deliver looks at both.
func (r *reporter) child(b *backend) *reporter {
	c := newReporter(b)
	c.parent, c.slots, c.senders = r, r.slots, r.senders
	return c
}

func (r *reporter) add(d AuditStats) {
	for ; r != nil; r = r.parent {
		r.delivered.Add(d.Delivered)
		r.failed.Add(d.Failed)
		r.pending.Add(d.Pending)
	}
}

func (r *reporter) stats() AuditStats {
	return AuditStats{r.pending.Load(), r.delivered.Load(), r.failed.Load()}
}

// submit hands a report over and returns at once, unless too many are waiting:
// then the call waits too, because a lost report is worse than a late answer.
// done is called when the report has been dealt with.
func (r *reporter) submit(ctx context.Context, x exchange, done func()) {
	r.add(AuditStats{Pending: 1})
	select {
	case r.slots <- struct{}{}:
	default:
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			r.finish(x, ctx.Err())
			done()
			return
		}
	}
	go func() {
		defer done()
		defer func() { <-r.slots }()
		r.senders <- struct{}{}
		defer func() { <-r.senders }()
		r.finish(x, r.deliver(x))
	}()
}

func (r *reporter) finish(x exchange, err error) {
	if err == nil {
		r.add(AuditStats{Pending: -1, Delivered: 1})
	} else {
		r.add(AuditStats{Pending: -1, Failed: 1})
		r.backend.log.Warn("an audit report did not reach the vault", "grant", x.grant, "error", err)
	}
}

func (r *reporter) deliver(x exchange) error {
	ctx := r.ctx
	if r.parent != nil {
		joined, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(r.parent.ctx, cancel)()
		ctx = joined
	}
	pause := firstReportPause
	for attempt := 1; ; attempt++ {
		a, fault := r.backend.do(ctx, x)
		if fault == nil {
			if a.ok() {
				return nil
			}
			fault = answerError(surfaceMain, x.grant, a)
		}
		final := fault.Status != 0 && fault.Status < 500 && fault.Status != 429 && fault.Status != 408
		if final || attempt == reportAttempts {
			return fault
		}
		wait := min(max(pause, fault.RetryAfter), maxReportPause)
		pause *= 4
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(fault, ctx.Err())
		}
	}
}

// outcome is how a provider call ended.
type outcome struct {
	status  int // 0: no answer
	header  http.Header
	fault   string // in place of the answer's body when there was none
	latency time.Duration
}

// audit reports the outcome of a call that got a credential.
func (t *Transport) audit(c *call, cred wire.Credential, o outcome) {
	sent := c.req.Header.Clone()
	removeHeader(sent, cred.InjectionHeader)
	for _, in := range cred.Injections {
		if in.Target == wire.TargetHeader {
			removeHeader(sent, in.Key) // the caller's own value was replaced, and may be a secret
		}
	}
	report := wire.AuditReport{
		GrantID: cred.GrantID, ProviderID: cred.ProviderID, TokenGeneration: cred.TokenGeneration,
		Method: c.req.Method, URL: c.url, RequestHeaders: wire.AuditHeaders(sent, false),
		ResponseStatus: o.status, LatencyMS: o.latency.Milliseconds(), Reason: c.reason, Context: c.context,
	}
	if o.fault != "" {
		report.ResponseBody = &o.fault
	} else {
		report.ResponseHeaders = wire.AuditHeaders(o.header, true)
	}
	t.client.life.extend()
	t.client.reports.submit(c.req.Context(), exchange{
		method: http.MethodPost, path: wire.PathAudit, body: report.Marshal(),
		context: c.context, traceparent: c.traceparent, grant: cred.GrantID,
		caller: c.caller, // the official client forgets it here
	}, t.client.life.end)
}

// reportMismatch tells the vault that the provider wants more scopes than the
// credential has. One try, for the owner's benefit; nothing depends on it.
func (t *Transport) reportMismatch(c *call, cred wire.Credential, resp *http.Response) {
	raw := resp.Header.Get("WWW-Authenticate")
	challenge := wire.BearerChallenge(raw)
	if resp.StatusCode != http.StatusForbidden || challenge["error"] != "insufficient_scope" {
		return
	}
	var id [16]byte
	rand.Read(id[:])
	report := wire.ScopeMismatch{
		ProviderStatus: resp.StatusCode, ProviderError: "insufficient_scope", WWWAuthenticate: raw, Endpoint: c.url,
		DetectionSource: "www_authenticate_rfc6750", CorrelationID: base64.RawURLEncoding.EncodeToString(id[:]),
	}
	if scope, ok := challenge["scope"]; ok {
		report.MissingScopes = strings.Fields(scope)
	}
	t.client.life.extend()
	go func() {
		defer t.client.life.end()
		ctx, cancel := context.WithTimeout(t.client.reports.ctx, mismatchTimeout)
		defer cancel()
		a, fault := t.client.backend.do(ctx, exchange{
			method: http.MethodPost, path: wire.PathScopeMismatch(cred.GrantID), body: report.Marshal(),
			traceparent: c.traceparent, grant: cred.GrantID, anonymous: true,
		})
		if fault != nil || !a.ok() {
			t.client.backend.log.Debug("a scope-mismatch report was not taken", "grant", cred.GrantID, "status", a.status)
		}
	}()
}

// faultText is what a report says about a call without an answer.
func faultText(e *Error, latency time.Duration) string {
	if e.Timeout() {
		return "<transport error: timeout after " + strconv.FormatInt(latency.Milliseconds(), 10) + "ms>"
	}
	return "<transport error: network>"
}
