package vault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Error is every refusal and fault of this package. errors.Is tells its kind
// (see [ErrVault]), errors.As gives the facts. It holds no credential, key,
// URL, header or body, and it may be logged as it is.
type Error struct {
	Code       string        // the vault's code ("grant_not_found"), or one of this package; "" when the vault named none
	Status     int           // HTTP status of the vault's answer, or for ErrProvider of the provider's; 0 when there was none
	Message    string        // what happened, at most 300 characters
	GrantID    string        // the grant that the call named, or ""
	RequestID  string        // the vault's request ID, or ""
	Retryable  bool          // the same call may work later as it is
	RetryAfter time.Duration // how long to wait; 0 when unknown
	Details    Details       // further facts of the vault's answer

	kind  *kind
	cause error
}

// Error returns one line that names the grant, the code and what to do.
func (e *Error) Error() string {
	var out strings.Builder
	out.WriteString("vault: ")
	if e.GrantID != "" {
		fmt.Fprintf(&out, "grant %s: ", cleanText(e.GrantID, 64))
	}
	if e.Code != "" {
		out.WriteString(cleanText(e.Code, 64))
	} else {
		out.WriteString(e.kind.label())
	}
	if e.Status != 0 {
		fmt.Fprintf(&out, " (%d)", e.Status)
	}
	if e.Message != "" {
		out.WriteString(": " + e.Message)
	}
	if advice := e.kind.advice(); advice != "" {
		out.WriteString("; " + advice)
	}
	return out.String()
}

func (k *kind) label() string {
	if k == nil {
		return "error"
	}
	return k.name
}

// Is reports whether target is the error's kind or one above it.
func (e *Error) Is(target error) bool {
	for k := e.kind; k != nil; k = k.parent {
		if target == error(k) {
			return true
		}
	}
	return false
}

// Unwrap returns the cause: a *[ValueError], a *[PendingApproval], a context's
// or the network's error, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Timeout reports whether time ran out.
func (e *Error) Timeout() bool { return e.Is(kindTimeout) }

// Temporary is Retryable, under the name that retrying code looks for.
func (e *Error) Temporary() bool { return e.Retryable }

// ValueError says which value of the caller breaks a rule. Nothing was sent.
// It is the cause of an *[Error] of kind [ErrInvalidInput].
type ValueError struct {
	Field   string // "context", "trace", "grant", "url", "header", "body", "key", …
	Problem string
}

// Error returns the field and the problem.
func (e *ValueError) Error() string { return e.Field + " " + e.Problem }

// PendingApproval says that a person has to approve a proxied call. It is the
// cause of an *[Error] of kind [ErrApprovalPending].
type PendingApproval struct {
	ApprovalID  string
	GroupID     string
	ExpiresAt   time.Time
	ExpiresIn   time.Duration
	ApprovalURL string // where the person decides
	Gates       []ApprovalGate

	approval *Approval
}

// ApprovalGate is one of the decisions that a pending call waits for.
type ApprovalGate struct {
	ApprovalID  string
	ExpiresAt   time.Time
	ExpiresIn   time.Duration
	ApprovalURL string
}

// Error names the approval.
func (p *PendingApproval) Error() string { return "approval " + p.ApprovalID + " is pending" }

func invalid(field, problem string) *Error {
	return invalidKind(kindInvalid, "invalid_value", field, problem)
}

func invalidKind(k *kind, code, field, problem string) *Error {
	return &Error{Code: code, Message: field + " " + problem, kind: k, cause: &ValueError{field, problem}}
}

func closedError() *Error {
	return &Error{Code: "closed", Message: "the agent or app was closed", kind: kindClosed}
}

// networkError wraps a transport fault. what is "the vault" or "the provider".
// The fault's own text is kept only when none of the secrets is in it.
func networkError(what, grant string, cause error, secrets ...string) *Error {
	k, code := kindNetwork, "network_error"
	var timeout net.Error
	if errors.Is(cause, context.DeadlineExceeded) || errors.As(cause, &timeout) && timeout.Timeout() {
		k, code = kindTimeout, "timeout"
	}
	if sent, ok := errors.AsType[*url.Error](cause); ok {
		cause = sent.Err // its text is the whole URL
	}
	cause = hideSecrets(cause, secrets)
	return &Error{
		Code: code, Message: what + " was not reached: " + cleanText(cause.Error(), 200), GrantID: grant,
		Retryable: !errors.Is(cause, context.Canceled), kind: k, cause: cause,
	}
}

// hiddenError stands for a fault whose text held a secret.
type hiddenError struct{ is error }

func (hiddenError) Error() string {
	return "transport fault (its text held a credential and was dropped)"
}
func (e hiddenError) Unwrap() error { return e.is }

func hideSecrets(err error, secrets []string) error {
	if m := newMasker(secrets...); !speaks(err, m) {
		return err
	}
	for _, ctxErr := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ctxErr) {
			return hiddenError{ctxErr}
		}
	}
	return hiddenError{}
}

// speaks reports whether err, or an error behind it, prints a secret.
func speaks(err error, m masker) bool {
	if err == nil {
		return false
	}
	if m.inString(fmt.Sprintf("%s %+v %#v", err, err, err)) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // walks the tree itself
	case interface{ Unwrap() error }:
		return speaks(e.Unwrap(), m)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(inner error) bool { return speaks(inner, m) })
	}
	return false
}

// answerError makes the error for a vault answer that is not the success the
// endpoint documents.
func answerError(s surface, grant string, a answer) *Error {
	body := wire.ParseErrorBody(a.body)
	k := classify(s, a.status, body)
	limit := int64(wire.MaxRetryAfter)
	if k == kindQuota {
		limit = wire.MaxQuotaRetryAfter
	}
	e := &Error{
		Code: body.Code, Status: a.status, Message: cleanText(body.Message, 300), GrantID: grant,
		RequestID: cleanText(a.requestID, 100), kind: k, Details: detailsOf(k, body),
		Retryable: k.retry || k == kindBackend && a.status >= 500,
	}
	if seconds, ok := wire.RetryAfter(a.header, body, limit); ok {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	switch {
	case k == kindBlocked:
		e.Message = "the URL's host is not one that this grant is bound to"
	case e.Message == "" && e.Code == "":
		e.Message = "the vault answered without a reason"
	}
	return e
}

// badAnswer is a success status with a body that breaks the protocol.
func badAnswer(grant string, a answer, problem string) *Error {
	return &Error{
		Code: "bad_vault_answer", Status: a.status, Message: problem, GrantID: grant,
		RequestID: cleanText(a.requestID, 100), kind: kindBackend,
	}
}

// cleanText bounds text from elsewhere and takes out what would break a line.
func cleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || !unicode.IsPrint(r) && r != ' ' {
			return -1
		}
		return r
	}, s)
	if cut := wire.Cut(s, limit); cut != s {
		return cut + "…"
	}
	return s
}
