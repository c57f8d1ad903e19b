package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Approval is a call that waits for a person. It is a name and may be kept over a
// restart of program and vault: see [App.Approval].
type Approval struct {
	client      *client
	id          string
	traceparent string
	call        *call // what the answer belongs to; nil when the program has restarted since
}

// Approval returns the approval with this ID, as [PendingApproval] names it.
// Nothing is sent.
func (c *client) Approval(id string) (*Approval, error) {
	if !wire.IsUUID(id) {
		return nil, invalid("approval", "ID is not a hyphenated UUID")
	}
	return &Approval{client: c, id: id}, nil
}

// ID returns the approval's ID.
func (a *Approval) ID() string { return a.id }

// ApprovalState is where an approval stands.
type ApprovalState string

// The states. The last four are final.
const (
	ApprovalPending   ApprovalState = wire.ApprovalPending
	ApprovalApproved  ApprovalState = wire.ApprovalApproved
	ApprovalExecuting ApprovalState = wire.ApprovalExecuting
	ApprovalDenied    ApprovalState = wire.ApprovalDenied
	ApprovalExpired   ApprovalState = wire.ApprovalExpired
	ApprovalExecuted  ApprovalState = wire.ApprovalExecuted
	ApprovalFailed    ApprovalState = wire.ApprovalFailed
)

// ApprovalStatus is what the vault says about an approval.
type ApprovalStatus struct {
	ApprovalID     string
	GroupID        string // shared by all gates of one call
	State          ApprovalState
	Gates          []GateStatus
	ExpiresAt      time.Time
	DecidedAt      time.Time // zero = not decided
	DecisionReason string
	ExecutedAt     time.Time // zero = not executed
	ExecutionError string
	HasResult      bool // the result is there and still kept
}

// GateStatus is one decision of several that a call may need.
type GateStatus struct {
	ApprovalID string
	State      ApprovalState
	ExpiresAt  time.Time
	DecidedAt  time.Time // zero = not decided
}

// Final reports whether nothing will change any more.
func (s *ApprovalStatus) Final() bool {
	switch s.State {
	case ApprovalPending, ApprovalApproved, ApprovalExecuting:
		return false
	}
	return true
}

// Status asks where the approval stands. With a wait the vault holds its answer
// until that changes, 25 seconds at most; whole seconds count.
func (a *Approval) Status(ctx context.Context, wait time.Duration) (*ApprovalStatus, error) {
	if !a.client.life.begin() {
		return nil, closedError()
	}
	defer a.client.life.end()
	s, err := a.status(ctx, wait)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (a *Approval) status(ctx context.Context, wait time.Duration) (*ApprovalStatus, *Error) {
	seconds := int64(min(max(wait, 0), wire.MaxApprovalWait*time.Second) / time.Second)
	answer, fault := a.ask(ctx, wire.PathApproval(a.id)+wire.WaitQuery(seconds), time.Duration(seconds)*time.Second)
	if fault != nil {
		return nil, fault
	}
	s, err := wire.ParseApprovalStatus(answer.body)
	if err != nil {
		return nil, badAnswer("", answer, err.Error())
	}
	out := &ApprovalStatus{
		ApprovalID: s.ApprovalID, GroupID: s.GroupID, State: ApprovalState(s.Status), ExpiresAt: s.ExpiresAt, DecidedAt: s.DecidedAt,
		DecisionReason: cleanText(s.DecisionReason, 500), ExecutedAt: s.ExecutedAt, ExecutionError: cleanText(s.ExecutionError, 500), HasResult: s.HasResult,
	}
	for _, g := range s.Gates {
		out.Gates = append(out.Gates, GateStatus{g.ApprovalID, ApprovalState(g.Status), g.ExpiresAt, g.DecidedAt})
	}
	return out, nil
}

// holdSlack is how much longer than the vault holds an answer it is waited for.
const holdSlack = 15 * time.Second

// ask sends a GET that says who asks and nothing else, as polls do.
func (a *Approval) ask(ctx context.Context, path string, hold time.Duration) (answer, *Error) {
	x := exchange{method: http.MethodGet, path: path, traceparent: a.traceparent, anonymous: true, limit: maxProxyAnswer}
	if hold > 0 {
		x.timeout = hold + holdSlack
	}
	answer, fault := a.client.backend.do(ctx, x)
	if fault != nil || answer.status == http.StatusOK {
		return answer, fault
	}
	e := answerError(surfaceMain, "", answer)
	switch k := approvalCodes[e.Code]; {
	case k != nil:
		e.kind, e.Retryable = k, false
	case e.kind == kindGrantNotFound: // a 404 that is about no grant
		e.kind = kindBackend
	}
	return answer, e
}

// Wait waits until the call was executed and returns the provider's answer,
// whatever its status. It ends with ctx, or with an [ErrApprovalTimeout] after
// [PollTimeout]; the approval may still come then, and Wait may be called again.
//
// A refusal is an [ErrApprovalDenied], a decision that did not come in time an
// [ErrApprovalExpired], a call that could not be made an [ErrApprovalFailed].
// Faults of the network and status 502 to 504 are waited out.
func (a *Approval) Wait(ctx context.Context, opts ...PollOption) (*ProxyResult, error) {
	p, err := a.await(ctx, opts)
	if err != nil {
		return nil, err
	}
	result := &ProxyResult{
		StatusCode: p.StatusCode, Header: http.Header{}, Body: p.Body, Truncated: p.Truncated, ApprovalID: p.ApprovalID, CredentialHint: p.CredentialHint,
	}
	for _, f := range p.Headers {
		result.Header.Add(f.Key, f.Value)
	}
	if p.DurationMS != nil {
		result.Duration = time.Duration(*p.DurationMS) * time.Millisecond
	}
	return result, nil
}

// noTimeout is longer than any approval lasts.
const noTimeout = 100 * 365 * 24 * time.Hour

// await is Wait before its result has a shape.
func (a *Approval) await(ctx context.Context, opts []PollOption) (wire.ProxyAnswer, error) {
	if !a.client.life.begin() {
		return wire.ProxyAnswer{}, closedError()
	}
	defer a.client.life.end()
	cfg, fault := newPollConfig(slices.Concat([]PollOption{PollTimeout(noTimeout)}, opts))
	if fault != nil {
		return wire.ProxyAnswer{}, fault
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	for {
		// Asked to hold longer, the vault would answer when nobody listens any more.
		deadline, _ := ctx.Deadline()
		s, fault := a.status(ctx, time.Until(deadline))
		switch {
		case ctx.Err() != nil:
			return wire.ProxyAnswer{}, a.timedOut(ctx)
		case fault == nil && s.Final() && (s.State != ApprovalExecuted || s.HasResult):
			p, fault := a.end(ctx, s)
			if fault == nil || !waitsOut(fault) {
				return p, orNil(fault)
			}
		case fault == nil && s.State == ApprovalExecuted:
			return wire.ProxyAnswer{}, a.refusal(s, kindApprovalFailed, "approval_result_gone", "the result was kept as long as the rule said, and is gone")
		case fault != nil && !waitsOut(fault):
			return wire.ProxyAnswer{}, fault
		}
		if wait(ctx, cfg.interval) != nil {
			return wire.ProxyAnswer{}, a.timedOut(ctx)
		}
	}
}

// waitsOut reports the faults that a poll waits out.
func waitsOut(e *Error) bool {
	return e.Is(kindNetwork) || e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout
}

func orNil(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// end is what a final state means.
func (a *Approval) end(ctx context.Context, s *ApprovalStatus) (wire.ProxyAnswer, *Error) {
	switch s.State {
	case ApprovalDenied:
		return wire.ProxyAnswer{}, a.refusal(s, kindApprovalDenied, "approval_denied", orText(s.DecisionReason, "the call was not approved"))
	case ApprovalExpired:
		return wire.ProxyAnswer{}, a.refusal(s, kindApprovalExpired, "approval_expired", orText(s.DecisionReason, "nobody decided in time"))
	case ApprovalFailed:
		return wire.ProxyAnswer{}, a.refusal(s, kindApprovalFailed, "approval_execution_failed",
			orText(s.ExecutionError, orText(s.DecisionReason, "the approved call could not be made")))
	}
	answer, fault := a.ask(ctx, wire.PathApprovalResult(a.id), 0)
	if fault != nil {
		return wire.ProxyAnswer{}, fault
	}
	p, err := wire.ParseProxyAnswer(answer.body)
	if err != nil {
		return p, badAnswer("", answer, err.Error())
	}
	return p, nil
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func (a *Approval) refusal(s *ApprovalStatus, k *kind, code, message string) *Error {
	return &Error{Code: code, Message: fmt.Sprintf("approval %s: %s", s.ApprovalID, message), kind: k}
}

func (a *Approval) timedOut(ctx context.Context) *Error {
	cause := ctx.Err()
	k, code := kindApprovalTimeout, "approval_timeout"
	if errors.Is(cause, context.Canceled) {
		k, code = kindNetwork, "canceled"
	}
	return &Error{Code: code, Message: "approval " + a.id + ": nobody has decided yet", kind: k, cause: cause}
}

// Approval returns the approval that the call waits for.
func (p *PendingApproval) Approval() *Approval { return p.approval }

// Wait is [Approval.Wait]. For a call of a generated client, api.Await yields the
// typed result.
func (p *PendingApproval) Wait(ctx context.Context, opts ...PollOption) (*ProxyResult, error) {
	return p.approval.Wait(ctx, opts...)
}

// Response waits as [PendingApproval.Wait] does and returns the answer as the
// round tripper would have. It implements api.Later.
func (p *PendingApproval) Response(ctx context.Context) (*http.Response, error) {
	answer, err := p.approval.await(ctx, nil)
	if err != nil {
		return nil, err
	}
	return responseOf(p.approval.call, answer), nil
}
