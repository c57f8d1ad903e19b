package local

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// callSpec is what the token and the proxy endpoint are asked for, in one
// shape, so that both are decided by the same code.
type callSpec struct {
	grantID, providerID, account, label string
	userToken, appUserID                string
	method, url                         string
	reason                              *string
}

// permit is an allowed call: its row is on disk, its credential still sealed.
type permit struct {
	entry *AuditEntry
	grant grantRow
	dest  destination
}

// newEntry starts the audit row of a request with everything that does not
// depend on the decision. Nothing in it is trusted: the identity is the key's.
func (v *Vault) newEntry(rq *request) *AuditEntry {
	e := &AuditEntry{
		ID: rq.id, Time: v.now().UTC(), AgentID: rq.who.agentID, AgentName: rq.who.agentName,
		Caller: rq.signed.Caller, Mode: rq.endpoint.mode,
	}
	if tp, n := wire.Get(rq.http.Header, wire.HeaderTraceparent); n == 1 && wire.ValidTraceparent(tp) {
		e.Traceparent = strings.ToLower(tp)
	}
	// A context beyond its limits is dropped as the hosted service drops it.
	if pairs, err := wire.ParseContext(rq.signed.Context); err == nil {
		e.setContext(pairs)
	}
	return e
}

func (e *AuditEntry) setContext(pairs []wire.Pair) {
	for _, p := range pairs {
		value := bounded(p.Value, maxAuditText)
		switch p.Key {
		case "run_id":
			e.RunID = value
		case "thread_id":
			e.ThreadID = value
		case "parent_agent":
			e.ParentAgent = value
		case "tool":
			e.Tool = value
		case "operation":
			e.ClaimedOperation = value
		case "provider":
			e.ClaimedProvider = value
		case "call_id":
			e.CallID = value
		case "attempt":
			if n, err := strconv.ParseUint(value, 10, 16); err == nil {
				e.Attempt = int(n)
			}
		default:
			if e.Metadata == nil {
				e.Metadata = map[string]string{}
			}
			e.Metadata[bounded(p.Key, maxAuditText)] = value
		}
	}
}

// setCall adds what the request body asks for.
func (v *Vault) setCall(e *AuditEntry, spec *callSpec) {
	if wire.IsUUID(spec.grantID) { // anything else could be a secret in the wrong place
		e.GrantID = strings.ToLower(spec.grantID)
	}
	if validMethod(spec.method) {
		e.Method = spec.method
	}
	if spec.reason != nil {
		e.Reason = bounded(*spec.reason, maxAuditText)
	}
	e.Host, e.Path = auditOrigin(spec.url)
	if d, err := parseDestination(spec.url); err == nil {
		if op := v.operations.match(spec.method, d); op != nil {
			e.Operation, e.PathTemplate = op.ID, op.Path
		}
	}
}

func validMethod(m string) bool {
	return wire.IsToken(m) && len(m) <= 20 && strings.ToUpper(m) == m
}

// decide is the one path of every call. It writes the audit row (denied, or an
// intent) in the transaction that saw the state it decided upon, and returns
// after that is synced. A grant that was revoked before cannot slip through.
func (v *Vault) decide(ctx context.Context, rq *request, spec *callSpec, bodyFault *fault) (*permit, *fault) {
	p := &permit{entry: v.newEntry(rq)}
	if spec != nil {
		v.setCall(p.entry, spec)
	}
	var f *fault
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		f, err = v.admit(ctx, q, rq)
		if err == nil && f == nil {
			f = bodyFault
		}
		if err == nil && f == nil {
			f, err = v.judge(ctx, q, rq, spec, p)
		}
		if err != nil {
			return err
		}
		e := p.entry
		e.VaultTime = time.Since(rq.start)
		if f != nil {
			e.Decision, e.Outcome, e.ReasonCode = DecisionDenied, OutcomeDenied, f.code
		} else {
			e.Decision, e.Outcome = DecisionAllowed, OutcomeIntent
		}
		return e.insert(ctx, q, nil)
	})
	if err != nil {
		return nil, v.broken(ctx, rq, err)
	}
	return p, f
}

// recordRefusal writes the row of a call that was refused before it could be
// decided: unread body, unknown key, bad signature. It returns the fault to
// answer with, which is another one when the row could not be written.
func (v *Vault) recordRefusal(ctx context.Context, rq *request, f *fault) *fault {
	if rq.who.agentID == "" && !v.strangers.take(v.now()) {
		return f
	}
	e := v.newEntry(rq)
	e.Decision, e.Outcome, e.ReasonCode = DecisionDenied, OutcomeDenied, f.code
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		e.VaultTime = time.Since(rq.start)
		return e.insert(ctx, q, nil)
	})
	if err != nil {
		return v.broken(ctx, rq, err)
	}
	return f
}

// judge checks path, state, mode and destination of a call, in this order. It
// reads the sealed credential only when all of them pass.
func (v *Vault) judge(ctx context.Context, q *statements, rq *request, spec *callSpec, p *permit) (*fault, error) {
	if spec.userToken != "" || spec.appUserID != "" {
		return refuse(http.StatusBadRequest, codeInvalidRequest, "an agent's own key cannot act for a user: leave out user_token and app_user_id"), nil
	}
	if spec.providerID != "" {
		f, err := v.resolveIdentity(ctx, q, rq, spec)
		if f != nil || err != nil {
			return f, err
		}
		p.entry.GrantID = spec.grantID
	}
	g, found, err := v.reachableGrant(ctx, q, rq.who.agentID, spec.grantID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return grantNotFound(rq.who.agentID), nil
	}
	p.grant, p.entry.Provider = g, g.provider
	if f := v.grantFault(&g, rq); f != nil {
		return f, nil
	}
	if f := destinationFault(&g, spec, p); f != nil {
		return f, nil
	}
	return nil, p.grant.readCredential(ctx, q)
}

func grantNotFound(agentID string) *fault {
	return refuse(http.StatusNotFound, codeGrantNotFound, "the agent has no path to a grant with this ID").
		with("agent_id", agentID).withHint("check the grant ID, or ask the operator to delegate the grant to this agent")
}

func (v *Vault) grantFault(g *grantRow, rq *request) *fault {
	switch {
	case g.revoked:
		return refuse(http.StatusBadRequest, codeGrantRevoked, "the grant was revoked").with("grant_id", g.id)
	case g.expired(v.now()):
		return refuse(http.StatusForbidden, codeGrantExpired, "the grant has expired").
			with("grant_id", g.id).with("provider_id", g.provider).with("agent_id", rq.who.agentID)
	case g.proxyOnly && rq.endpoint.mode == ModeRetrieve:
		return refuse(http.StatusBadRequest, codeProxyOnly, "this grant's credential does not leave the vault: call through the proxy").with("grant_id", g.id)
	}
	return nil
}

func destinationFault(g *grantRow, spec *callSpec, p *permit) *fault {
	if len(spec.url) > wire.MaxURL {
		return refuse(http.StatusUnprocessableEntity, codeURLTooLong, "the URL is longer than 65536 bytes")
	}
	dest, err := parseDestination(spec.url)
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, codeBlocked, err.Error())
	}
	for _, host := range g.hosts {
		if host != dest.origin {
			continue
		}
		if !validMethod(spec.method) {
			return refuse(http.StatusBadRequest, codeInvalidRequest, "the request method must be a token in upper case")
		}
		p.dest = dest
		return nil
	}
	return refuse(http.StatusUnprocessableEntity, codeBlocked, "the grant does not allow this destination").
		withHint("this grant may be used with "+strings.Join(g.hosts, ", ")).with("grant_id", g.id)
}

const selectIdentity = `SELECT g.id FROM grants g
WHERE g.provider = ?2 AND (?3 = '' OR g.account = ?3) AND (?4 = '' OR g.label = ?4)
  AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?5) AND (` + hasPath + `)
ORDER BY g.created_at, g.rowid LIMIT 21`

// resolveIdentity finds the one grant that provider, account and label name.
func (v *Vault) resolveIdentity(ctx context.Context, q *statements, rq *request, spec *callSpec) (*fault, error) {
	rows, err := q.query(ctx, selectIdentity, rq.who.agentID, spec.providerID, spec.account, spec.label, micros(v.now()))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	switch {
	case rows.Err() != nil:
		return nil, rows.Err()
	case len(ids) == 0:
		return refuse(http.StatusNotFound, codeNoDelegatedGrant, "the agent reaches no usable grant for this provider, account and label").
			with("provider_id", spec.providerID).with("agent_id", rq.who.agentID), nil
	case len(ids) > 1:
		return refuse(http.StatusConflict, codeAmbiguousGrant, "several grants fit: name one by grant_id, account or label").
			with("provider_id", spec.providerID).with("grant_ids", ids[:min(len(ids), 20)]).
			with("candidates_truncated", len(ids) > 20).with("account_was_provided", spec.account != ""), nil
	}
	spec.grantID = ids[0]
	return nil, nil
}
