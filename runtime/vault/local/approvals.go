package local

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

const (
	kindHeld     = "held_call"
	fieldRequest = "request"
	fieldResult  = "result"

	approvalPath = "/approvals/"

	// resultRetention is how long a result is kept when no rule says.
	resultRetention = time.Hour
	// heldKept is how long an ended call still tells how it ended.
	heldKept = 30 * 24 * time.Hour

	codeApprovalDenied  = "approval_denied"
	codeApprovalExpired = "approval_expired"
	codeApprovalFailed  = "approval_execution_failed"
)

// heldRequest is a call as it was asked for, and who asked. It is what a person
// approves and what is executed, byte for byte.
type heldRequest struct {
	KeyID     string   `json:"key_id"`
	AppID     string   `json:"app_id"`
	AgentID   string   `json:"agent_id"`
	AgentName string   `json:"agent_name"`
	Own       bool     `json:"own"`
	Scopes    []string `json:"scopes"`
	Rule      string   `json:"rule"` // the client's own, as its header
	Remote    string   `json:"remote"`
	SignedIn  int64    `json:"signed_in"` // Unix seconds, 0 = nobody
	Asked     int64    `json:"asked"`

	// What the caller could reach: the grant must still be in it.
	ReachAgent string `json:"reach_agent"`
	ReachApp   string `json:"reach_app"`
	ReachUser  string `json:"reach_user"`

	Method      string         `json:"method"`
	URL         string         `json:"url"`
	Reason      *string        `json:"reason"`
	Headers     [][2]string    `json:"headers"`
	Query       jsontext.Value `json:"query,omitzero"`
	ContentType string         `json:"content_type"`
	Body        jsontext.Value `json:"body,omitzero"`

	Rules []string `json:"rules"` // IDs of the rules that ask for approval, "" = the client's own
}

// hold stores a call that has to be approved, with a gate for each rule that
// asks for it. It runs in the transaction that decided the call.
func (v *Vault) hold(ctx context.Context, q *statements, rq *request, spec *callSpec, p *permit) (*fault, error) {
	now := v.now()
	if f, err := tooManyPending(ctx, q, p.approvals, now); f != nil || err != nil {
		return f, err
	}
	h := newHeldRequest(rq, spec, p, now)
	out := &wire.Pending{GroupID: newID()}
	expires, retention := time.Time{}, time.Duration(0)
	for _, n := range p.approvals {
		r, _ := n.Rule.(*rule.RequireApproval)
		end := now.Add(cmp.Or(r.ExpiresIn, rule.DefaultApprovalExpiry))
		if expires.IsZero() || end.Before(expires) {
			expires = end
		}
		if keep := cmp.Or(r.ResultRetention, resultRetention); retention == 0 || keep < retention {
			retention = keep
		}
		h.Rules = append(h.Rules, n.ID)
	}
	plain, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	secret, err := v.seal.seal(kindHeld, out.GroupID, fieldRequest, plain)
	clear(plain)
	if err != nil {
		return nil, err
	}
	err = q.exec(ctx, `INSERT INTO held_calls (id, audit_id, owner, app_id, agent_id, grant_id, state, request_key, request, created_at, expires_at, retention)
VALUES (?,?,?,?,?,?,'pending',?,?,?,?,?)`, out.GroupID, p.entry.ID, rq.who.owner(), rq.who.appID, rq.who.agentID, p.grant.id,
		secret.dataKey, secret.text, micros(now), micros(expires), int64(retention))
	if err != nil {
		return nil, err
	}
	if err := v.insertGates(ctx, q, rq, p, out, now); err != nil {
		return nil, err
	}
	p.pending = out
	return nil, nil
}

func newHeldRequest(rq *request, spec *callSpec, p *permit, now time.Time) heldRequest {
	h := heldRequest{
		KeyID: rq.who.keyID, AppID: rq.who.appID, AgentID: rq.who.agentID, AgentName: rq.who.agentName, Own: rq.who.own,
		Scopes: rq.scopes, Rule: rq.signed.RequestRule, Remote: rq.http.RemoteAddr, Asked: now.Unix(),
		ReachAgent: p.within.agentID, ReachApp: p.within.appID, ReachUser: p.within.userID,
		Method: spec.method, URL: spec.url, Reason: spec.reason, Query: spec.content.raw, ContentType: spec.content.contentType, Body: spec.content.body,
	}
	for _, pair := range spec.content.headers {
		h.Headers = append(h.Headers, [2]string{pair.Key, pair.Value})
	}
	if !p.signedIn.IsZero() {
		h.SignedIn = p.signedIn.Unix()
	}
	return h
}

func (v *Vault) insertGates(ctx context.Context, q *statements, rq *request, p *permit, out *wire.Pending, now time.Time) error {
	for i, n := range p.approvals {
		r, _ := n.Rule.(*rule.RequireApproval)
		token := newSecret()
		end := now.Add(cmp.Or(r.ExpiresIn, rule.DefaultApprovalExpiry))
		g := wire.Gate{ApprovalID: newID(), ExpiresAt: end, ExpiresIn: int64(end.Sub(now) / time.Second), ApprovalURL: v.baseURL(rq) + approvalPath + token}
		err := q.exec(ctx, "INSERT INTO gates (id, call_id, lookup, rule_id, rule_name, state, expires_at, seq) VALUES (?,?,?,?,?,'pending',?,?)",
			g.ApprovalID, out.GroupID, v.gateLookup(token), n.ID, n.Name, micros(end), i)
		if err != nil {
			return err
		}
		out.Gates = append(out.Gates, g)
	}
	first := out.Gates[0]
	out.ApprovalID, out.ApprovalURL, out.ExpiresAt, out.ExpiresIn = first.ApprovalID, first.ApprovalURL, first.ExpiresAt, first.ExpiresIn
	return nil
}

func (v *Vault) gateLookup(token string) []byte { return keyedHash(v.indexKey, "approval", token) }

// tooManyPending applies the rules' limits of calls that wait.
func tooManyPending(ctx context.Context, q *statements, approvals []*policy.Named, now time.Time) (*fault, error) {
	for _, n := range approvals {
		r, _ := n.Rule.(*rule.RequireApproval)
		if r.MaxPending == 0 {
			continue
		}
		var waiting int
		if err := q.scan(ctx, "SELECT count(*) FROM gates WHERE rule_id = ? AND state = 'pending' AND expires_at > ?", []any{n.ID, micros(now)}, []any{&waiting}); err != nil {
			return nil, err
		}
		if waiting >= r.MaxPending {
			return refuse(http.StatusTooManyRequests, "too_many_pending_approvals", "as many calls as the rule allows wait for an approval already").
				with("rule_id", nullIfEmpty(n.ID)).with("max_pending", r.MaxPending), nil
		}
	}
	return nil, nil
}

// heldCall is a stored call.
type heldCall struct {
	id, auditID, owner, appID, agentID, grantID, state string
	request, result                                    sealed
	created, expires                                   int64
	decided, executed                                  sql.NullInt64
	reason, fault                                      string
	lease, retention                                   int64
	gates                                              []gate
}

type gate struct {
	id, ruleID, ruleName, state, decidedBy string
	expires                                int64
	decided                                sql.NullInt64
}

const selectHeld = `SELECT id, audit_id, owner, app_id, agent_id, grant_id, state, request_key, request, result_key, result, created_at, expires_at,
decided_at, executed_at, reason, fault, lease_until, retention FROM held_calls WHERE `

// readHeld returns nil when there is no such call.
func readHeld(ctx context.Context, q *statements, condition string, key any) (*heldCall, error) {
	var h heldCall
	err := q.scan(ctx, selectHeld+condition, []any{key}, []any{
		&h.id, &h.auditID, &h.owner, &h.appID, &h.agentID, &h.grantID, &h.state, &h.request.dataKey, &h.request.text, &h.result.dataKey, &h.result.text,
		&h.created, &h.expires, &h.decided, &h.executed, &h.reason, &h.fault, &h.lease, &h.retention,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &h, q.each(ctx, "SELECT id, rule_id, rule_name, state, expires_at, decided_at, decided_by FROM gates WHERE call_id = ? ORDER BY seq", []any{h.id}, func(rows *sql.Rows) error {
		var g gate
		err := rows.Scan(&g.id, &g.ruleID, &g.ruleName, &g.state, &g.expires, &g.decided, &g.decidedBy)
		h.gates = append(h.gates, g)
		return err
	})
}

// byGate is the condition that finds a call by one of its gates, or by its own ID.
const byGate = "id = ?1 OR id = (SELECT call_id FROM gates WHERE id = ?1)"

// status is the state as a client sees it, before anybody wrote it down.
func (h *heldCall) status(now time.Time) string {
	switch {
	case h.state == wire.ApprovalPending && micros(now) >= h.expires:
		return wire.ApprovalExpired
	case h.state == wire.ApprovalExecuting && micros(now) >= h.lease:
		return wire.ApprovalFailed
	}
	return h.state
}

// hasResult reports whether the result is there and still kept.
func (h *heldCall) hasResult(now time.Time) bool {
	return h.state == wire.ApprovalExecuted && h.result.text != nil && micros(now) < h.executed.Int64+h.retention/int64(time.Microsecond)
}

func (h *heldCall) gate(id string) *gate {
	i := slices.IndexFunc(h.gates, func(g gate) bool { return g.id == id })
	if i < 0 {
		return &h.gates[0]
	}
	return &h.gates[i]
}

func (v *Vault) openRequest(h *heldCall) (r heldRequest, err error) {
	if h.request.text == nil {
		return r, errors.New("local: the request of this call is not kept any more")
	}
	plain, err := v.seal.open(kindHeld, h.id, fieldRequest, h.request)
	if err != nil {
		return r, err
	}
	defer clear(plain)
	return r, json.Unmarshal(plain, &r)
}

var errDecided = errors.New("local: the approval was decided before, or its time is over")

// decideGate records what a person said. The last approval makes the call ready
// to be executed; one refusal ends it. id is a gate's, or the call's for all of
// its gates.
func (v *Vault) decideGate(ctx context.Context, id string, approve bool, by, reason string) (*heldCall, error) {
	var h *heldCall
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		now := v.now()
		if h, err = readHeld(ctx, q, byGate, id); err != nil {
			return err
		}
		if h == nil {
			return &SpecError{"id", "is of no approval"}
		}
		if h.status(now) != wire.ApprovalPending {
			return errDecided
		}
		state := wire.ApprovalDenied
		if approve {
			state = wire.ApprovalApproved
		}
		n, err := q.execCount(ctx, "UPDATE gates SET state = ?, decided_at = ?, decided_by = ? WHERE call_id = ? AND state = 'pending' AND (id = ? OR call_id = ?)",
			state, micros(now), by, h.id, id, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return errDecided
		}
		if err := v.record(ctx, q, Event{
			Action: "approval." + state, Target: "approval", TargetID: h.id, GrantID: h.grantID, Details: map[string]string{"decided": id, "by": by},
		}); err != nil {
			return err
		}
		var open int
		if err := q.scan(ctx, "SELECT count(*) FROM gates WHERE call_id = ? AND state = 'pending'", []any{h.id}, []any{&open}); err != nil {
			return err
		}
		if approve && open > 0 {
			return nil
		}
		if err := q.exec(ctx, "UPDATE held_calls SET state = ?, decided_at = ?, reason = ? WHERE id = ? AND state = 'pending'", state, micros(now), reason, h.id); err != nil {
			return err
		}
		h.state = state
		if approve {
			return nil
		}
		return v.endRow(ctx, q, h.auditID, codeApprovalDenied)
	})
	v.flows.announce()
	return h, err
}

// endRow completes the audit row of a call that will not be made.
func (v *Vault) endRow(ctx context.Context, q *statements, auditID, code string) error {
	return q.exec(ctx, "UPDATE audit SET decision = ?, outcome = ?, code = ?, completed_at = ? WHERE id = ? AND outcome = ?",
		string(DecisionDenied), string(OutcomeDenied), code, micros(v.now()), auditID, string(OutcomePending))
}
