package local

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// approvalEndpoints are what a client waits at.
func approvalEndpoints() []endpoint {
	const approval = "/sdk/approvals/{id}"
	return []endpoint{
		{method: http.MethodGet, path: approval, limit: smallBody, scope: "approvals:read", orScope: "proxy:execute", serve: (*Vault).serveApproval},
		{method: http.MethodGet, path: approval + "/result", limit: smallBody, scope: "approvals:read", orScope: "proxy:execute", serve: (*Vault).serveApprovalResult},
	}
}

// serveApproval answers GET /sdk/approvals/{id}. It holds the answer while the
// call is on its way, as long as the client asked for.
func (v *Vault) serveApproval(ctx context.Context, rq *request) answer {
	wait, f := approvalWait(rq)
	if bad := v.inAdmission(ctx, rq, func(context.Context, *statements) (*fault, error) { return f, nil }); bad != nil {
		return v.fail(ctx, rq, bad)
	}
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		changed := v.flows.changed()
		h, f := v.approvalOf(ctx, rq)
		if f != nil {
			return v.fail(ctx, rq, f)
		}
		out := h.answer(rq.params[0], v.now())
		switch out.Status {
		case wire.ApprovalPending, wire.ApprovalApproved, wire.ApprovalExecuting:
		default:
			wait = 0
		}
		if wait == 0 {
			return answer{status: http.StatusOK, body: out.Marshal()}
		}
		select {
		case <-changed:
		case <-time.After(sessionTick):
		case <-deadline.C:
			return answer{status: http.StatusOK, body: out.Marshal()}
		case <-ctx.Done():
			return v.fail(ctx, rq, v.broken(ctx, rq, ctx.Err()))
		case <-v.store.quit:
			return v.fail(ctx, rq, v.broken(ctx, rq, ErrClosed))
		}
	}
}

func approvalWait(rq *request) (time.Duration, *fault) {
	values := rq.http.URL.Query()
	if !values.Has("wait") {
		return 0, nil
	}
	n, err := strconv.ParseInt(values.Get("wait"), 10, 64)
	if err != nil || n < 0 || n > wire.MaxApprovalWait {
		return 0, refuse(http.StatusUnprocessableEntity, codeInvalidRequest, "wait is 0 to 25 seconds")
	}
	return time.Duration(n) * time.Second, nil
}

// approvalOf settles the call and reads it. An approval of another caller does
// not exist for this one.
func (v *Vault) approvalOf(ctx context.Context, rq *request) (*heldCall, *fault) {
	id := strings.ToLower(rq.params[0])
	read := func() (h *heldCall, err error) {
		err = v.store.read(ctx, func(ctx context.Context, q *statements) (err error) {
			h, err = readHeld(ctx, q, byGate, id)
			return err
		})
		return h, err
	}
	h, err := read()
	if err == nil && h != nil && h.owner == rq.who.owner() && h.due(v.now()) {
		if err = v.settleHeld(ctx, h.id); err == nil {
			h, err = read()
		}
	}
	switch {
	case err != nil:
		return nil, v.broken(ctx, rq, err)
	case h == nil || h.owner != rq.who.owner():
		return nil, refuse(http.StatusNotFound, "approval_not_found", "there is no approval with this ID, or it belongs to another caller")
	}
	return h, nil
}

// due reports whether settleHeld has something to do.
func (h *heldCall) due(now time.Time) bool {
	return h.state == wire.ApprovalApproved || h.status(now) != h.state
}

func (h *heldCall) answer(id string, now time.Time) wire.ApprovalStatus {
	s := wire.ApprovalStatus{
		ApprovalID: h.gate(strings.ToLower(id)).id, GroupID: h.id, Status: h.status(now), ExpiresAt: time.UnixMicro(h.expires), DecidedAt: fromMicros(h.decided),
		DecisionReason: h.reason, ExecutedAt: fromMicros(h.executed), ExecutionError: h.fault, HasResult: h.hasResult(now),
	}
	for _, g := range h.gates {
		s.Gates = append(s.Gates, wire.GateStatus{ApprovalID: g.id, Status: g.state, ExpiresAt: time.UnixMicro(g.expires), DecidedAt: fromMicros(g.decided)})
	}
	return s
}

// serveApprovalResult answers GET /sdk/approvals/{id}/result.
func (v *Vault) serveApprovalResult(ctx context.Context, rq *request) answer {
	if f := v.inAdmission(ctx, rq, func(context.Context, *statements) (*fault, error) { return nil, nil }); f != nil {
		return v.fail(ctx, rq, f)
	}
	h, f := v.approvalOf(ctx, rq)
	if f == nil {
		f = h.resultFault(v.now())
	}
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	body, err := v.openResult(h)
	if err != nil {
		return v.fail(ctx, rq, v.broken(ctx, rq, err))
	}
	return answer{status: http.StatusOK, body: body}
}

// resultFault says why there is no result.
func (h *heldCall) resultFault(now time.Time) *fault {
	var f *fault
	switch status := h.status(now); {
	case h.hasResult(now):
		return nil
	case status == wire.ApprovalExecuted:
		f = refuse(http.StatusGone, "approval_result_gone", "the result was kept as long as the rule said, and is gone")
	case status == wire.ApprovalDenied:
		f = refuse(http.StatusConflict, codeApprovalDenied, "the call was not approved")
	case status == wire.ApprovalExpired:
		f = refuse(http.StatusConflict, codeApprovalExpired, "nobody decided in time")
	case status == wire.ApprovalFailed:
		f = refuse(http.StatusConflict, codeApprovalFailed, "the approved call could not be made").with("execution_error", h.fault)
	default:
		f = refuse(http.StatusConflict, "approval_pending", "there is no result yet")
	}
	return f.with("approval_id", h.gates[0].id)
}

// sweepTick is how often the vault looks for calls that nobody polls for.
const sweepTick = 2 * time.Second

// startSweep settles what another process left approved, or under way, until the
// vault is closed.
func (v *Vault) startSweep() {
	ctx, cancel := context.WithCancel(context.Background())
	v.stopSweep = cancel
	if v.book.folder.dir != "" {
		v.flows.running.Go(func() { v.watchFolder(ctx) })
	}
	v.flows.running.Go(func() {
		tick := time.NewTicker(sweepTick)
		defer tick.Stop()
		for {
			if err := v.sweep(ctx); err != nil && ctx.Err() == nil {
				v.logger.ErrorContext(ctx, "vault could not look after approvals", "error", err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
}
