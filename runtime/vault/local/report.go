package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// serveReport answers POST /sdk/oauth/audit/api-call: it completes the row of
// the call that the client reports. Headers and bodies in the report are not
// kept. The answer says which row, and whether the report changed it.
func (v *Vault) serveReport(ctx context.Context, rq *request) answer {
	var bodyFault *fault
	r, err := wire.ParseAuditReport(rq.body)
	if err != nil {
		bodyFault = invalidBody(err)
	}
	e := v.newEntry(rq)
	e.Mode = ModeRetrieve
	digest := keyedHash(v.indexKey, "report", string(rq.body))
	var f *fault
	row, state := "", ""
	err = v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		f, err = v.admit(ctx, q, rq)
		if err == nil && f == nil {
			f = bodyFault
		}
		if err != nil || f != nil {
			return err
		}
		if rq.signed.Context == "" {
			e.setContext(r.Context)
		}
		rq.setCall(e, &callSpec{grantID: r.GrantID, method: r.Method, url: r.URL, reason: r.Reason})
		e.setResult(r.ResponseStatus, time.Duration(min(r.LatencyMS, maxLatencyMS))*time.Millisecond, v.now())
		row, state, f, err = v.complete(ctx, q, rq, e, digest)
		if err == nil && f == nil && r.ResponseStatus == http.StatusUnauthorized && r.TokenGeneration != "" {
			err = v.refusedByProvider(ctx, q, e.GrantID, r.TokenGeneration)
		}
		return err
	})
	switch {
	case err != nil:
		return v.fail(ctx, rq, v.broken(ctx, rq, err))
	case f != nil:
		return v.fail(ctx, rq, f)
	}
	return jsonAnswer(http.StatusOK, map[string]string{"audit_id": row, "state": state})
}

// maxLatencyMS is a day: more than that is a mistake, and would overflow.
const maxLatencyMS = 24 * 60 * 60 * 1000

func (e *AuditEntry) setResult(status int, took time.Duration, at time.Time) {
	e.Status, e.ProviderTime, e.CompletedAt, e.Outcome = status, took, at.UTC(), OutcomeCompleted
	if status == 0 {
		e.Outcome = OutcomeFailed
	}
}

const (
	sameCall = `owner = ?1 AND grant_id = ?2 AND method = ?3 AND host = ?4 AND path = ?5 AND mode = 'retrieve'`

	// With a call ID there is no doubt which row is meant.
	selectCall = `SELECT id, outcome = 'intent' FROM audit WHERE call_id = ?6 AND call_id <> '' AND attempt = ?7 AND ` + sameCall + `
  ORDER BY outcome = 'intent' DESC, seq DESC LIMIT 1`

	// Without one it is the newest open row, of the same run if there is one, or,
	// when none is open, the row that a report of the very same content completed:
	// then this is its repetition.
	selectOpen = `SELECT id, 1 FROM audit WHERE outcome = 'intent' AND ` + sameCall + `
  ORDER BY run_id = ?6 AND thread_id = ?7 AND tool = ?8 AND reason = ?9 DESC, seq DESC LIMIT 1`
	selectRepeat = `SELECT id, 0 FROM audit WHERE report = ?6 AND ` + sameCall + ` ORDER BY seq DESC LIMIT 1`

	updateResult = `UPDATE audit SET outcome = ?, status = ?, provider_time = ?, completed_at = ?, report = ?, code = ? WHERE id = ?`
)

// complete puts the result in e into the newest open row of the same call. A
// repeat changes nothing. A report that fits no row becomes one of its own,
// provided that the key has a path to the grant it names.
func (v *Vault) complete(ctx context.Context, q *statements, rq *request, e *AuditEntry, digest []byte) (row, state string, f *fault, err error) {
	row, open, err := findCall(ctx, q, rq.who.owner(), e, digest)
	switch {
	case err == nil && open:
		return row, "completed", nil, q.exec(ctx, updateResult, string(e.Outcome), e.Status, int64(e.ProviderTime), micros(e.CompletedAt), digest, "", row)
	case err == nil:
		return row, "repeated", nil, nil
	case !errors.Is(err, sql.ErrNoRows):
		return "", "", nil, err
	}
	within := reach{appID: rq.who.appID}
	if rq.who.ownKey() {
		within.agentID = rq.who.agentID
	}
	g, found, err := v.reachableGrant(ctx, q, within, e.GrantID)
	if err != nil {
		return "", "", nil, err
	}
	if !found {
		return "", "", grantNotFound(rq.who), nil
	}
	e.Provider, e.UserID, e.Decision, e.ReasonCode = g.provider, g.userID, DecisionUnmatched, "no_intent"
	return e.ID, "unmatched", nil, e.insert(ctx, q, rq.who.owner(), digest)
}

func findCall(ctx context.Context, q *statements, owner string, e *AuditEntry, digest []byte) (row string, open bool, err error) {
	key, dst := []any{owner, e.GrantID, e.Method, e.Host, e.Path}, []any{&row, &open}
	if e.CallID != "" {
		err = q.scan(ctx, selectCall, append(key, e.CallID, e.Attempt), dst)
		return row, open, err
	}
	err = q.scan(ctx, selectOpen, append(slices.Clip(key), e.RunID, e.ThreadID, e.Tool, e.Reason), dst)
	if errors.Is(err, sql.ErrNoRows) {
		err = q.scan(ctx, selectRepeat, append(key, digest), dst)
	}
	return row, open, err
}

// refusedByProvider notes that the provider refused a grant's credential. An
// older generation than the present one says nothing about it.
func (v *Vault) refusedByProvider(ctx context.Context, q *statements, grantID, generation string) error {
	var connection string
	err := q.scan(ctx, "SELECT connection_id FROM grants WHERE id = ?", []any{grantID}, []any{&connection})
	if err != nil {
		return err
	}
	return v.rejected(ctx, q, connection, generation)
}
