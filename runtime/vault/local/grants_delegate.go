package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// delegation is an agent's path to a grant that is not its own. A grant keeps
// its one ID on every path.
type delegation struct {
	grantID, agentID string
	delegable        bool
	scopeConstraint  []string // nil = the grant's scopes
	depth            int64    // 0 = 1: given by the owner
	parentAgent      string   // the agent that handed it on, "" = the owner
	created, expires time.Time
}

// maxDelegationDepth is how often a grant may be handed on.
const maxDelegationDepth = 8

// insertDelegation adds a path, or replaces the agent's older one.
func (v *Vault) insertDelegation(ctx context.Context, q *statements, d delegation) error {
	var constraint any
	if d.scopeConstraint != nil {
		constraint = listJSON(d.scopeConstraint)
	}
	err := q.exec(ctx, `INSERT OR REPLACE INTO delegations (grant_id, agent_id, created_at, expires_at, delegable, scope_constraint, depth, parent_agent_id)
VALUES (?,?,?,?,?,?,?,?)`, d.grantID, d.agentID, micros(v.now()), optionalMicros(d.expires), d.delegable, constraint, max(d.depth, 1), nullIfEmpty(d.parentAgent))
	if err != nil {
		return err
	}
	e := agentEvent("grant.delegated", d.agentID, "from_agent_id", d.parentAgent, "scopes", strings.Join(d.scopeConstraint, " "), "until", timeText(d.expires))
	e.GrantID = d.grantID
	return v.record(ctx, q, e)
}

// removeDelegation takes an agent's path away, and those that hang on it.
func (v *Vault) removeDelegation(ctx context.Context, q *statements, grantID, agentID string) error {
	e := agentEvent("delegation.revoked", agentID)
	e.GrantID = grantID
	return v.recordEach(ctx, q, e, `WITH RECURSIVE tree (agent_id) AS (SELECT ?2
  UNION SELECT d.agent_id FROM delegations d JOIN tree t ON d.parent_agent_id = t.agent_id WHERE d.grant_id = ?1)
DELETE FROM delegations WHERE grant_id = ?1 AND agent_id IN (SELECT agent_id FROM tree) RETURNING agent_id`, grantID, agentID)
}

// serveDelegate answers POST /sdk/grants/{id}/delegate: an agent hands on what
// it holds, never more.
func (v *Vault) serveDelegate(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseGrantDelegate(rq.body)
	var result wire.DelegationResult
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return invalidBody(parseErr), nil
		}
		g, found, err := v.reachableGrant(ctx, q, reach{agentID: rq.who.agentID}, rq.params[0])
		switch {
		case err != nil:
			return nil, err
		case !found:
			return grantNotFound(rq.who), nil
		}
		if f := v.grantStateFault(&g, rq); f != nil {
			return f, nil
		}
		to, err := v.findAgent(ctx, q, rq.who.appID, r.ToAgentID)
		if errors.Is(err, sql.ErrNoRows) || err == nil && !strings.EqualFold(to.ID, r.ToAgentID) {
			return agentNotFound(), nil
		}
		if err != nil {
			return nil, err
		}
		d, f, err := v.handOn(ctx, q, &g, to.ID, r)
		if f != nil || err != nil {
			return f, err
		}
		result = wire.DelegationResult{
			GrantID: g.id, GrantKind: g.kind(), ParentGrantID: g.id, Depth: d.depth, Delegable: d.delegable, Status: "active", ExpiresAt: timeText(d.expires),
		}
		return nil, v.insertDelegation(ctx, q, d)
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: result.Marshal()}
}

// handOn makes the new path out of the holder's: its scopes and its end bound
// it.
func (v *Vault) handOn(ctx context.Context, q *statements, g *grantRow, to string, r wire.GrantDelegate) (d delegation, f *fault, err error) {
	if f := notDelegable(g); f != nil {
		return d, f, nil
	}
	held := g.delegation
	d = delegation{grantID: g.id, agentID: to, depth: held.depth + 1, parentAgent: held.agentID, expires: held.expires, scopeConstraint: held.scopeConstraint}
	var live bool
	err = q.scan(ctx, "SELECT delegable, expires_at IS NULL OR expires_at > ? FROM delegations WHERE grant_id = ? AND agent_id = ?",
		[]any{micros(v.now()), g.id, to}, []any{&d.delegable, &live})
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return d, nil, err
	case live || to == held.agentID || to == g.agentID:
		return d, refuse(http.StatusConflict, "delegation_exists", "that agent has a path to the grant already").with("grant_id", g.id), nil
	}
	if r.Delegable != nil {
		d.delegable = *r.Delegable
	}
	if r.TTLSeconds > 0 {
		end := v.now().Add(time.Duration(min(r.TTLSeconds, maxTTLSeconds)) * time.Second)
		if d.expires.IsZero() || end.Before(d.expires) {
			d.expires = end
		}
	}
	if r.ScopeConstraint != nil {
		d.scopeConstraint, f = narrowed(g, r.ScopeConstraint)
	}
	return d, f, nil
}

// maxTTLSeconds is a hundred years: more would overflow.
const maxTTLSeconds = 100 * 366 * 24 * 3600

func notDelegable(g *grantRow) *fault {
	var reason string
	switch {
	case g.delegation == nil:
		reason = "no_consenting_user" // the agent's own: no user gave it
	case !g.delegation.delegable:
		reason = "holder_not_delegable"
	case g.delegation.depth >= maxDelegationDepth:
		reason = "no_onward_hop"
	default:
		return nil
	}
	return refuse(http.StatusForbidden, "grant_not_delegable", "the agent may not hand this grant on").with("detail_reason", reason).with("grant_id", g.id)
}

// narrowed checks that a constraint stays within what the holder has.
func narrowed(g *grantRow, wanted []string) ([]string, *fault) {
	invalid := func(why string) *fault {
		return refuse(http.StatusUnprocessableEntity, "invalid_scope_constraint", "the scope constraint "+why).with("grant_id", g.id)
	}
	if err := wire.CheckScopeConstraint(wanted); err != nil {
		return nil, invalid(err.Error())
	}
	var out []string
	for _, s := range wanted {
		s = strings.TrimSpace(s)
		if !slices.Contains(g.allowedScopes(), s) {
			return nil, invalid("names a scope that the holder does not have")
		}
		out = append(out, s)
	}
	return out, nil
}

// serveRevokeDelegation answers DELETE /sdk/grants/{id}/delegations/{agent_id}:
// the app takes an agent's path away. Repeating it changes nothing.
func (v *Vault) serveRevokeDelegation(ctx context.Context, rq *request) answer {
	return v.revokePath(ctx, rq, reach{appID: rq.who.appID}, strings.ToLower(rq.params[1]))
}

// serveRevokeOwnDelegation answers DELETE /sdk/grants/{id}/delegations/me: an
// agent gives its path up. The grant stays, and so do the paths of others. It is
// the same answer when the agent has no such path.
func (v *Vault) serveRevokeOwnDelegation(ctx context.Context, rq *request) answer {
	return v.revokePath(ctx, rq, reach{}, rq.who.agentID)
}

func (v *Vault) revokePath(ctx context.Context, rq *request, within reach, agentID string) answer {
	grantID := strings.ToLower(rq.params[0])
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if !wire.IsUUID(grantID) || !wire.IsUUID(agentID) {
			return refuse(http.StatusUnprocessableEntity, codeInvalidRequest, "the grant and the agent are named by their UUIDs"), nil
		}
		if within != (reach{}) {
			_, found, err := v.reachableGrant(ctx, q, within, grantID)
			if err != nil {
				return nil, err
			}
			if !found {
				return grantNotFound(rq.who), nil
			}
		}
		return nil, v.removeDelegation(ctx, q, grantID, agentID)
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusNoContent}
}

// timeText is a time as grants tell it; the zero time is "".
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
