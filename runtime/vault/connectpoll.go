package vault

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Why a wait for a session ended, in Details.Reason of an [ErrConnectTimeout].
const (
	ReasonPollDeadline   = "poll_deadline_elapsed" // the time of PollTimeout
	ReasonSessionExpired = "session_expired"       // the session's own time
	ReasonRateLimited    = "rate_limited"          // the vault asked for patience until the time was over
)

// PollSession waits for the user of a session that CreateConnectSession made.
// token is ConnectSession.Token, revealed.
//
// A user who refuses is an [ErrConnectDenied], a vault whose configuration is not
// complete an [ErrConnectConfig], time that ran out an [ErrConnectTimeout], and
// any other end without a grant an [ErrConnectFlow]. Faults of the network end
// the wait; the session can be polled again.
func (c *client) PollSession(ctx context.Context, token string, opts ...PollOption) ([]ConnectResult, error) {
	poll, fault := newPollConfig(opts)
	if fault != nil {
		return nil, fault
	}
	return c.pollConnect(ctx, token, poll)
}

// connectWait is one wait for a connect session.
type connectWait struct {
	poll     pollConfig
	deadline time.Time
	pending  bool // the session was seen alive
	declined map[string]bool
}

func (w *connectWait) left() time.Duration { return time.Until(w.deadline) }

func (c *client) pollConnect(ctx context.Context, token string, poll pollConfig) ([]ConnectResult, error) {
	if err := wire.CheckID(token); err != nil {
		return nil, invalid("session token", err.Error())
	}
	w := &connectWait{poll: poll, deadline: time.Now().Add(poll.timeout), declined: map[string]bool{}}
	for {
		state, err := send(ctx, c, ask{
			method: http.MethodPost, path: wire.PathConnectPoll, body: wire.MarshalConnectPoll(token),
		}, wire.ParseConnectState)
		var pause time.Duration
		switch e, _ := err.(*Error); { //nolint:errorlint // our own, not wrapped
		case err == nil && state.Status != wire.SessionPending:
			return w.finish(state)
		case err == nil:
			w.pending = true
			w.report(state.Declined)
			if pause = poll.interval; w.left() <= 0 {
				return nil, w.timeout(ReasonPollDeadline)
			}
		case e != nil && e.Is(kindRateLimit):
			if pause = max(e.RetryAfter, poll.interval); w.left() <= 0 {
				fault := w.timeout(ReasonRateLimited)
				fault.RetryAfter = e.RetryAfter
				return nil, fault
			}
		default:
			return nil, err
		}
		// The last pause ends at the deadline, and one more question follows.
		if fault := wait(ctx, min(pause, max(w.left(), 0))); fault != nil {
			return nil, fault
		}
	}
}

func (w *connectWait) report(declined []wire.DeclinedProvider) {
	for _, d := range declined {
		if !w.declined[d.ProviderID] {
			w.declined[d.ProviderID] = true
			if w.poll.declined != nil {
				w.poll.declined(DeclinedProvider(d))
			}
		}
	}
}

func (w *connectWait) timeout(reason string) *Error {
	return &Error{
		Code: reason, kind: kindConnectTimeout, Message: "the user did not finish the session in time",
		Details: Details{Reason: reason, Timeout: w.poll.timeout, DeclinedProviders: slices.Sorted(maps.Keys(w.declined))},
	}
}

// finish turns the end of a session into results or an error.
func (w *connectWait) finish(s wire.ConnectState) ([]ConnectResult, error) {
	switch s.Status {
	case wire.SessionCompleted:
		return connectResults(s)
	case wire.SessionError:
		return nil, sessionFault(*s.Error)
	case wire.SessionExpired:
		if w.pending {
			return nil, w.timeout(ReasonSessionExpired)
		}
		return nil, &Error{Code: ReasonSessionExpired, kind: kindConnectFlow, Message: "the session has expired"}
	}
	return nil, &Error{
		Code: "unexpected_status", kind: kindConnectFlow, Message: "the session has a status that this client does not know",
		Details: Details{Reason: cleanText(s.Status, 60)},
	}
}

func connectResults(s wire.ConnectState) ([]ConnectResult, error) {
	var failed []FailedGrant
	code := "grant_activation_failed"
	for _, f := range s.Failed {
		failed = append(failed, FailedGrant{f.ProviderID, f.Reason, cleanText(f.Message, 300)})
		if f.Reason != "not_selected" && f.Reason != "activation_failed" {
			code = "grant_policy_application_failed"
		}
	}
	if len(s.Grants) == 0 && len(failed) > 0 {
		return nil, &Error{
			Code: code, kind: kindConnectFlow, Message: "the session made no grant", Details: Details{FailedGrants: failed},
		}
	}
	results := make([]ConnectResult, 0, len(s.Grants))
	for _, g := range s.Grants {
		results = append(results, ConnectResult{
			GrantID: g.GrantID, ProviderID: g.ProviderID, AccountIdentifier: g.AccountIdentifier, Scopes: g.Scopes,
			APIBaseURL: g.APIBaseURL, Operation: g.Operation, Policy: (*ConnectGrantPolicy)(g.Policy),
			Delegation: (*ConnectDelegation)(g.Delegation), Failed: failed,
		})
	}
	return results, nil
}

// passingSessionCodes are session errors that stand for an answer of the vault
// with this status.
var passingSessionCodes = map[string]int{
	"service_unavailable": 503, "identity_provider_inactive": 409, "identity_group_name_ambiguous": 409,
}

var connectConfigCodes = map[string]bool{
	"connect_config_error": true, "invalid_redirect_uri": true, "invalid_client": true, "unauthorized_client": true,
	"provider_configuration_unavailable": true, "shared_dev_credential_unavailable": true,
	"managed_oauth_scope_approval_required": true,
}

// sessionFault makes the error of a session that ended with one.
func sessionFault(f wire.SessionFault) *Error {
	e := &Error{Code: cleanText(f.Code, 64), Message: cleanText(f.Message, 300), kind: kindConnectFlow}
	if f.RetryAfter != nil {
		e.RetryAfter = time.Duration(min(*f.RetryAfter, wire.MaxRetryAfter)) * time.Second
	}
	status := passingSessionCodes[f.Code]
	switch {
	case f.Code == "connect_denied":
		e.kind = kindConnectDenied
	case connectConfigCodes[f.Code]:
		e.kind = kindConnectConfig
	case status != 0:
		e.kind, e.Status, e.Retryable = kindBackend, status, status >= 500
	}
	return e
}
