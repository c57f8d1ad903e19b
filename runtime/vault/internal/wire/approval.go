package wire

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// The states of an approval. The last four are final.
const (
	ApprovalPending   = "pending"
	ApprovalApproved  = "approved"
	ApprovalExecuting = "executing"
	ApprovalDenied    = "denied"
	ApprovalExpired   = "expired"
	ApprovalExecuted  = "executed"
	ApprovalFailed    = "failed"
)

// MaxApprovalWait is how many seconds a vault holds a poll at most.
const MaxApprovalWait = 25

// PathApproval returns the path of an approval.
func PathApproval(id string) string { return "/sdk/approvals/" + escapeAll(id) }

// PathApprovalResult returns the path of an approval's result.
func PathApprovalResult(id string) string { return PathApproval(id) + "/result" }

// WaitQuery returns the query of a poll that the vault holds, "" for 0.
func WaitQuery(seconds int64) string {
	if seconds <= 0 {
		return ""
	}
	return "?wait=" + strconv.FormatInt(seconds, 10)
}

// ApprovalStatus is the answer of GET /sdk/approvals/{id}.
type ApprovalStatus struct {
	ApprovalID     string
	GroupID        string
	Status         string
	Gates          []GateStatus
	ExpiresAt      time.Time
	DecidedAt      time.Time // zero = null
	DecisionReason string    // "" = null
	ExecutedAt     time.Time
	ExecutionError string
	HasResult      bool
}

// GateStatus is the decision about one gate.
type GateStatus struct {
	ApprovalID string
	Status     string
	ExpiresAt  time.Time
	DecidedAt  time.Time // zero = null
}

// ErrApprovalAnswer refuses an answer about an approval.
var ErrApprovalAnswer = errors.New("the vault's answer about the approval is not what the protocol asks for")

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Marshal returns the answer.
func (s ApprovalStatus) Marshal() []byte {
	var o object
	o.str("approval_id", s.ApprovalID)
	o.str("approval_group_id", s.GroupID)
	o.str("status", s.Status)
	o.raw("gates", arrayJSON(s.Gates, func(dst []byte, g GateStatus) []byte {
		var o object
		o.str("approval_id", g.ApprovalID)
		o.str("status", g.Status)
		o.time("expires_at", g.ExpiresAt)
		o.nullTime("decided_at", orNull(g.DecidedAt))
		return append(dst, o.bytes()...)
	}))
	o.time("expires_at", s.ExpiresAt)
	o.nullTime("decided_at", orNull(s.DecidedAt))
	o.nullStr("decision_reason", nilIfEmpty(s.DecisionReason))
	o.nullTime("executed_at", orNull(s.ExecutedAt))
	o.nullStr("execution_error", nilIfEmpty(s.ExecutionError))
	o.flag("has_result", s.HasResult)
	return o.bytes()
}

// ParseApprovalStatus reads the answer.
func ParseApprovalStatus(body []byte) (ApprovalStatus, error) {
	m, err := parseObject(body)
	if err != nil {
		return ApprovalStatus{}, ErrApprovalAnswer
	}
	var s ApprovalStatus
	s.HasResult = m.isTrue("has_result")
	flag := m["has_result"].Kind()
	ok := m.approvalState(&s.ApprovalID, &s.Status, &s.ExpiresAt, &s.DecidedAt) && m.need("approval_group_id", &s.GroupID) && IsUUID(s.GroupID) &&
		m.optional("decision_reason", &s.DecisionReason) && m.optional("execution_error", &s.ExecutionError) && m.maybeTime("executed_at", &s.ExecutedAt)
	if !ok || flag != 't' && flag != 'f' {
		return ApprovalStatus{}, ErrApprovalAnswer
	}
	for _, item := range m.array("gates") {
		var g GateStatus
		inner, err := parseObject(item)
		if err != nil || !inner.approvalState(&g.ApprovalID, &g.Status, &g.ExpiresAt, &g.DecidedAt) {
			return ApprovalStatus{}, ErrApprovalAnswer
		}
		s.Gates = append(s.Gates, g)
	}
	if len(s.Gates) == 0 {
		return ApprovalStatus{}, ErrApprovalAnswer
	}
	return s, nil
}

// approvalState reads what an approval and its gates have in common.
func (m members) approvalState(id, status *string, expires, decided *time.Time) bool {
	var at string
	if !m.need("approval_id", id) || !IsUUID(*id) || !m.need("status", status) || !m.need("expires_at", &at) {
		return false
	}
	known := []string{ApprovalPending, ApprovalApproved, ApprovalExecuting, ApprovalDenied, ApprovalExpired, ApprovalExecuted, ApprovalFailed}
	var ok bool
	*expires, ok = ParseISOTime(at)
	return ok && slices.Contains(known, *status) && m.maybeTime("decided_at", decided)
}

// maybeTime leaves dst alone when the member is absent or null.
func (m members) maybeTime(name string, dst *time.Time) bool {
	var text string
	if !m.optional(name, &text) {
		return false
	}
	ok := true
	if text != "" {
		*dst, ok = ParseISOTime(text)
	}
	return ok
}
