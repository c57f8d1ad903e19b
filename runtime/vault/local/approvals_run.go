package local

import (
	"context"
	"database/sql"
	"net/http"
	"slices"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// lostCall is what is said of a call that was under way when the vault stopped:
// the provider may have received it, so it is not made again.
const lostCall = "the vault stopped while the call was under way; whether the provider received it is not known"

// settleHeld takes a call as far as it goes without a person: it expires it,
// executes it once it is approved, or gives it up when the process that executed
// it is gone. It may be called by anybody, any number of times.
func (v *Vault) settleHeld(ctx context.Context, id string) error {
	var run *heldCall
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		run = nil
		h, err := readHeld(ctx, q, "id = ?", id)
		if err != nil || h == nil {
			return err
		}
		now := v.now()
		switch status := h.status(now); {
		case status == wire.ApprovalExpired && h.state == wire.ApprovalPending:
			if err := q.exec(ctx, "UPDATE gates SET state = 'expired' WHERE call_id = ? AND state = 'pending'", id); err != nil {
				return err
			}
			if err := q.exec(ctx, "UPDATE held_calls SET state = 'expired' WHERE id = ?", id); err != nil {
				return err
			}
			return v.endRow(ctx, q, h.auditID, codeApprovalExpired)
		case status == wire.ApprovalFailed && h.state == wire.ApprovalExecuting:
			return v.giveUp(ctx, q, h, lostCall)
		case status == wire.ApprovalApproved:
			lease := now.Add(v.timeout + 2*oauthTimeout)
			if err := q.exec(ctx, "UPDATE held_calls SET state = 'executing', lease_until = ? WHERE id = ? AND state = 'approved'", micros(lease), id); err != nil {
				return err
			}
			h.state, run = wire.ApprovalExecuting, h
		}
		return nil
	})
	if err != nil || run == nil {
		return err
	}
	// Whoever approved may go away; the call is made all the same.
	err = v.execute(context.WithoutCancel(ctx), run)
	v.flows.announce()
	return err
}

func (v *Vault) giveUp(ctx context.Context, q *statements, h *heldCall, why string) error {
	now := micros(v.now())
	if err := q.exec(ctx, "UPDATE held_calls SET state = 'failed', executed_at = ?, fault = ? WHERE id = ?", now, why, h.id); err != nil {
		return err
	}
	return q.exec(ctx, "UPDATE audit SET outcome = ?, code = ?, completed_at = ? WHERE id = ? AND outcome IN (?, ?)",
		string(OutcomeFailed), codeApprovalFailed, now, h.auditID, string(OutcomePending), string(OutcomeIntent))
}

// execute makes an approved call. Everything that could have changed since it was
// asked for is decided again; the rules of that time apply as well.
func (v *Vault) execute(ctx context.Context, h *heldCall) error {
	start := time.Now()
	r, err := v.openRequest(h)
	var f *fault
	var result *wire.ProxyAnswer
	took := time.Duration(0)
	if err == nil {
		result, took, f, err = v.executeRequest(ctx, h, &r)
	}
	if err != nil {
		v.logger.ErrorContext(ctx, "vault could not execute an approved call", "approval_group_id", h.id, "error", err)
		f = internalFault()
	}
	if f != nil {
		return v.store.write(ctx, func(ctx context.Context, q *statements) error { return v.giveUp(ctx, q, h, f.code+": "+f.message) })
	}
	result.ApprovalID = h.gates[0].id
	ms := took.Milliseconds()
	result.DurationMS = &ms
	secret, err := v.seal.seal(kindHeld, h.id, fieldResult, result.Marshal())
	if err != nil {
		return err
	}
	e := AuditEntry{ID: h.auditID}
	e.setResult(result.StatusCode, took, v.now())
	return v.store.write(ctx, func(ctx context.Context, q *statements) error {
		err := q.exec(ctx, "UPDATE held_calls SET state = 'executed', executed_at = ?, result_key = ?, result = ? WHERE id = ? AND state = 'executing'",
			micros(v.now()), secret.dataKey, secret.text, h.id)
		if err != nil {
			return err
		}
		if err := q.exec(ctx, updateResult, string(e.Outcome), e.Status, int64(e.ProviderTime), micros(e.CompletedAt), nil, "", e.ID); err != nil {
			return err
		}
		return q.exec(ctx, "UPDATE audit SET vault_time = vault_time + ? WHERE id = ?", int64(time.Since(start)-took), e.ID)
	})
}

func (v *Vault) executeRequest(ctx context.Context, h *heldCall, r *heldRequest) (*wire.ProxyAnswer, time.Duration, *fault, error) {
	rq, spec, err := r.restore(ctx, h)
	if err != nil {
		return nil, 0, nil, err
	}
	rq.known = v.operations(ctx)
	query, f := queryValues(r.Query)
	if f != nil {
		return nil, 0, f, nil
	}
	spec.content.query = query
	p := &permit{entry: &AuditEntry{ID: h.auditID, Method: r.Method}, approved: r.Rules, signedIn: r.signedIn(v.now())}
	p.within = reach{agentID: r.ReachAgent, appID: r.ReachApp, userID: r.ReachUser}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		if f, err = v.judgeAgain(ctx, q, rq, spec, p); err != nil || f != nil {
			return err
		}
		return q.exec(ctx, "UPDATE audit SET decision = ?, outcome = ? WHERE id = ? AND outcome = ?",
			string(DecisionAllowed), string(OutcomeIntent), h.auditID, string(OutcomePending))
	})
	if err != nil || f != nil {
		return nil, 0, f, err
	}
	cred, f := v.currentCredential(ctx, rq, &p.grant)
	if f != nil {
		return nil, 0, f, nil
	}
	sent := time.Now()
	result, f := v.callProvider(ctx, p, spec.content, cred)
	return result, time.Since(sent), f, nil
}

// judgeAgain decides an approved call once more: key, agent, grant, destination
// and rules as they are now.
func (v *Vault) judgeAgain(ctx context.Context, q *statements, rq *request, spec *callSpec, p *permit) (*fault, error) {
	state, err := readKeyState(ctx, q, rq.who)
	if err != nil {
		return nil, err
	}
	if f := state.fault(rq, v.now()); f != nil {
		return f, nil
	}
	if f := rq.readRule(); f != nil {
		return f, nil
	}
	g, found, err := v.reachableGrant(ctx, q, p.within, spec.grantID)
	if err != nil {
		return nil, err
	}
	if !found {
		return grantNotFound(rq.who), nil
	}
	f, err := v.judgeGrant(ctx, q, rq, spec, p, g)
	if f == nil && err == nil && len(p.approvals) > 0 {
		f = refuse(http.StatusForbidden, "approval_required", "a rule that came later asks for an approval of its own: make the call again")
	}
	return f, err
}

// restore makes request and call of what was stored.
func (r *heldRequest) restore(ctx context.Context, h *heldCall) (*request, *callSpec, error) {
	in, err := http.NewRequestWithContext(ctx, http.MethodPost, wire.PathProxy, nil)
	if err != nil {
		return nil, nil, err
	}
	in.RemoteAddr = r.Remote
	e := proxyEndpoint()
	rq := &request{
		endpoint: &e, id: h.auditID, start: time.Now(), http: in, scopes: r.Scopes, signed: wire.Signable{RequestRule: r.Rule},
		who: principal{keyID: r.KeyID, appID: r.AppID, agentID: r.AgentID, agentName: r.AgentName, own: r.Own},
	}
	spec := &callSpec{grantID: h.grantID, method: r.Method, url: r.URL, reason: r.Reason, content: &content{raw: r.Query, contentType: r.ContentType, body: r.Body}}
	for _, pair := range r.Headers {
		spec.content.headers = append(spec.content.headers, wire.Pair{Key: pair[0], Value: pair[1]})
	}
	return rq, spec, nil
}

// signedIn keeps the age of the sign-in at what it was when the call was asked
// for: waiting for a person does not make it older.
func (r *heldRequest) signedIn(now time.Time) time.Time {
	if r.SignedIn == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(r.Asked-r.SignedIn) * time.Second)
}

// outstanding are the approvals that a decision asks for and that were not given.
func outstanding(d *policy.Decision, approved []string) []*policy.Named {
	return slices.DeleteFunc(slices.Clone(d.Approvals), func(n *policy.Named) bool { return slices.Contains(approved, n.ID) })
}

// openResult returns the provider's answer.
func (v *Vault) openResult(h *heldCall) ([]byte, error) {
	return v.seal.open(kindHeld, h.id, fieldResult, h.result)
}

// heldDue are the calls that sweep has work with. ?1 is now, ?2 when ended calls
// are forgotten.
const heldDue = `state = 'pending' AND expires_at <= ?1 OR state = 'approved' OR state = 'executing' AND lease_until <= ?1
OR result IS NOT NULL AND executed_at + retention / 1000 < ?1 OR expires_at < ?2 AND state NOT IN ('approved', 'executing')`

// sweep settles what nobody polls for, and forgets what is old.
func (v *Vault) sweep(ctx context.Context) error {
	now := micros(v.now())
	old := now - heldKept.Microseconds()
	var due []string
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, "SELECT id FROM held_calls WHERE "+heldDue, []any{now, old}, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			due = append(due, id)
			return err
		})
	})
	if err != nil || len(due) == 0 {
		return err
	}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		if err := q.exec(ctx, "UPDATE held_calls SET result = NULL, result_key = NULL WHERE result IS NOT NULL AND executed_at + retention / 1000 < ?", now); err != nil {
			return err
		}
		return q.exec(ctx, "DELETE FROM held_calls WHERE expires_at < ? AND state NOT IN ('approved', 'executing')", old)
	})
	for _, id := range due {
		if err == nil && ctx.Err() == nil {
			err = v.settleHeld(ctx, id)
		}
	}
	return err
}
