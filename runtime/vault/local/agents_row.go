package local

import (
	"context"
	"database/sql"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// agentRow is an agent as it is stored, with a narrowing of its scopes that is
// due applied.
type agentRow struct {
	id, appID, name, displayName, kind, status string
	version                                    int64
	metadata, policy                           jsontext.Value
	scopes, pending                            map[string][]string // nil scopes = not limited, nil pending = none
	appliesAt, created, used                   sql.NullInt64
}

// scopesDue is the condition that agent a's narrowing is due at ?1.
const (
	scopesDue    = `(a.scopes_applies_at IS NOT NULL AND a.scopes_applies_at <= ?1)`
	selectAgents = `SELECT a.id, coalesce(a.app_id, ''), a.name, coalesce(a.display_name, ''), a.type, a.status, a.version, a.metadata, a.policy,
  CASE WHEN ` + scopesDue + ` THEN a.scopes_pending ELSE a.scopes END,
  CASE WHEN ` + scopesDue + ` THEN NULL ELSE a.scopes_pending END,
  CASE WHEN ` + scopesDue + ` THEN NULL ELSE a.scopes_applies_at END,
  a.created_at, a.last_used_at FROM agents a`
)

func scanAgent(rows *sql.Rows) (r agentRow, err error) {
	var metadata, policy string
	var scopes, pending sql.NullString
	err = rows.Scan(&r.id, &r.appID, &r.name, &r.displayName, &r.kind, &r.status, &r.version, &metadata, &policy, &scopes, &pending, &r.appliesAt, &r.created, &r.used)
	if err != nil {
		return r, err
	}
	r.metadata, r.policy = jsontext.Value(metadata), jsontext.Value(policy)
	for text, dst := range map[*sql.NullString]*map[string][]string{&scopes: &r.scopes, &pending: &r.pending} {
		if text.Valid {
			if err := json.Unmarshal([]byte(text.String), dst); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// readAgents runs selectAgents with a condition whose parameters begin at ?2.
func (v *Vault) readAgents(ctx context.Context, q *statements, where string, args ...any) (agents []agentRow, err error) {
	err = q.each(ctx, selectAgents+where, append([]any{micros(v.now())}, args...), func(rows *sql.Rows) error {
		r, err := scanAgent(rows)
		agents = append(agents, r)
		return err
	})
	return agents, err
}

// readAgent returns sql.ErrNoRows for an agent that the app does not have.
func (v *Vault) readAgent(ctx context.Context, q *statements, appID, id string) (agentRow, error) {
	agents, err := v.readAgents(ctx, q, " WHERE a.id = ?2 AND coalesce(a.app_id, '') = ?3", id, appID)
	if err == nil && len(agents) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return agentRow{}, err
	}
	return agents[0], nil
}

// findAgent finds an agent of an app that is not revoked, by ID or by name. It
// returns sql.ErrNoRows when there is none.
func (v *Vault) findAgent(ctx context.Context, q *statements, appID, idOrName string) (*Agent, error) {
	agents, err := v.readAgents(ctx, q, " WHERE (a.id = lower(?2) OR a.name = ?2) AND coalesce(a.app_id, '') = ?3 AND a.status <> 'revoked' ORDER BY a.id = lower(?2) DESC", idOrName, appID)
	if err != nil {
		return nil, err
	}
	if len(agents) == 0 {
		return nil, sql.ErrNoRows
	}
	a := agents[0].operator()
	return &a, nil
}

func (r *agentRow) operator() Agent {
	a := Agent{
		ID: r.id, AppID: r.appID, Name: r.name, DisplayName: r.displayName, Type: r.kind, Status: AgentStatus(r.status), Version: r.version,
		Scopes: r.scopes, CreatedAt: fromMicros(r.created), LastUsedAt: fromMicros(r.used), Metadata: map[string]string{},
	}
	var metadata map[string]jsontext.Value
	_ = json.Unmarshal(r.metadata, &metadata) // an object: checked when it was stored
	for name, value := range metadata {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		a.Metadata[name] = s
	}
	return a
}

// info is the agent as the protocol shows it. Scopes of an agent without an
// allowlist are what the grants in its reach allow.
func (v *Vault) info(ctx context.Context, q *statements, r *agentRow) (wire.AgentInfo, error) {
	info := wire.AgentInfo{
		ID: r.id, Name: r.name, DisplayName: r.displayName, Type: r.kind, Status: r.status, Version: r.version,
		Metadata: r.metadata, Policy: shownPolicy(r.policy), CreatedAt: fromMicros(r.created), LastUsedAt: optionalTime(r.used), ScopesAppliesAt: optionalTime(r.appliesAt),
	}
	if p, err := parseAgentPolicy(r.policy); err == nil && p.perMinute > 0 {
		info.RateLimitPerMinute = &p.perMinute
	}
	var err error
	if r.scopes == nil {
		info.Scopes, err = v.reachableScopes(ctx, q, r.id)
	} else {
		info.Scopes, err = json.Marshal(r.scopes, json.Deterministic(true))
	}
	if err == nil && r.pending != nil {
		info.ScopesPending, err = json.Marshal(r.pending, json.Deterministic(true))
	}
	return info, err
}

func optionalTime(n sql.NullInt64) *time.Time {
	if !n.Valid {
		return nil
	}
	t := fromMicros(n)
	return &t
}
