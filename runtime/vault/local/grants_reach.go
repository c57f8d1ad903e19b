package local

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// grantRow is a grant as a decision needs it.
type grantRow struct {
	id, appID, agentID, userID          string
	groupID, groupIDP                   string // of a grant to a group
	provider, account, accountName      string
	label, connectionID, generation     string
	secretID                            string // of a managed secret, "" = none
	hosts, scopes, tags                 []string
	policy                              grantPolicy
	revoked, deleted                    bool
	proxyOnly, delegable                bool
	needsReconnect, scopeMismatch       bool
	createdAt, expiresAt, lastUsed, end sql.NullInt64

	delegation *delegation // how the agent that asks reaches it; nil = it owns it, or an app asks
	credential sealed      // set by readCredential
}

func (g *grantRow) expired(now time.Time) bool {
	return g.expiresAt.Valid && g.expiresAt.Int64 <= micros(now)
}

func (g *grantRow) status(now time.Time) string {
	switch {
	case g.revoked:
		return "revoked"
	case g.expired(now):
		return "expired"
	}
	return "active"
}

// kind is the grant's kind in lists, rules and delegations.
func (g *grantRow) kind() string {
	if g.secretID != "" {
		return wire.GrantManagedSecret
	}
	return wire.GrantOAuth
}

func (g *grantRow) principal() string {
	switch {
	case g.userID != "":
		return "user"
	case g.agentID != "":
		return "agent"
	case g.groupID != "":
		return "group"
	}
	return "system"
}

// reach is what a request may get at: the paths of an agent or, without one,
// everything of an app; with a user, of these only the user's own and those of
// the user's groups.
type reach struct{ agentID, appID, userID string }

// reachCondition is the condition that grant g is in a reach. Its parameters are
// agent ?1, app ?2, user ?3 and now ?4.
const reachCondition = `(CASE WHEN ?1 = '' THEN ?2 <> '' AND g.app_id = ?2 ELSE (` + agentPath + `) END) AND (?3 = '' OR g.user_id = ?3 OR ` + inGroup + `)`

// agentPath: the agent owns the grant, or a delegation that has not expired
// names it, and its allowlist has the grant's provider.
const agentPath = `(g.agent_id = ?1 OR EXISTS (SELECT 1 FROM delegations d WHERE d.grant_id = g.id AND d.agent_id = ?1
    AND (d.expires_at IS NULL OR d.expires_at > ?4)))
  AND EXISTS (SELECT 1 FROM agents a WHERE a.id = ?1 AND (` + allowlist + ` IS NULL OR EXISTS (SELECT 1 FROM json_each(` + allowlist + `) j
    WHERE CASE WHEN g.secret_id IS NULL THEN j.key = g.provider
      ELSE j.key = '` + secretSlugs + `' AND EXISTS (SELECT 1 FROM json_each(j.value) s WHERE s.value = g.provider) END)))`

// secretSlugs is the member of an allowlist that names managed secrets; the
// others are OAuth providers.
const secretSlugs = "managed_secret_slugs"

const allowlist = `(CASE WHEN a.scopes_applies_at <= ?4 THEN a.scopes_pending ELSE a.scopes END)`

func (r reach) args(now time.Time) []any { return []any{r.agentID, r.appID, r.userID, micros(now)} }

const selectGrants = `SELECT g.id, coalesce(g.app_id, ''), coalesce(g.agent_id, ''), coalesce(g.user_id, ''), coalesce(g.group_id, ''), coalesce(g.group_idp, ''), g.provider, g.account, g.account_name, g.label,
  coalesce(g.secret_id, ''), g.connection_id, c.generation, c.needs_reconnect, c.scope_mismatch, g.hosts, g.scopes, g.tags, g.policy, g.revoked_at IS NOT NULL, g.deleted_at IS NOT NULL, g.proxy_only, g.delegable,
  g.created_at, g.expires_at, g.last_used_at, g.revoked_at,
  d.agent_id, d.delegable, d.scope_constraint, d.depth, coalesce(d.parent_agent_id, ''), d.created_at, d.expires_at
FROM grants g JOIN connections c ON c.id = g.connection_id
LEFT JOIN delegations d ON d.grant_id = g.id AND d.agent_id = ?1 AND g.agent_id IS NOT ?1 AND (d.expires_at IS NULL OR d.expires_at > ?4)
WHERE ` + reachCondition

// reachableGrants reads the grants of a reach that fit a further condition,
// whose parameters begin at ?5.
func (v *Vault) reachableGrants(ctx context.Context, q *statements, r reach, more string, args ...any) (grants []grantRow, err error) {
	err = q.each(ctx, selectGrants+more, append(r.args(v.now()), args...), func(rows *sql.Rows) error {
		g, err := scanGrant(rows)
		grants = append(grants, g)
		return err
	})
	return grants, err
}

func scanGrant(rows *sql.Rows) (g grantRow, err error) {
	var hosts, scopes, tags, policy []byte
	var agent, constraint sql.NullString
	var delegable sql.NullBool
	var depth, created, expires sql.NullInt64
	var parent string
	err = rows.Scan(&g.id, &g.appID, &g.agentID, &g.userID, &g.groupID, &g.groupIDP, &g.provider, &g.account, &g.accountName, &g.label,
		&g.secretID, &g.connectionID, &g.generation, &g.needsReconnect, &g.scopeMismatch, &hosts, &scopes, &tags, &policy, &g.revoked, &g.deleted, &g.proxyOnly, &g.delegable,
		&g.createdAt, &g.expiresAt, &g.lastUsed, &g.end, &agent, &delegable, &constraint, &depth, &parent, &created, &expires)
	if err != nil {
		return g, err
	}
	err = errors.Join(json.Unmarshal(hosts, &g.hosts), json.Unmarshal(scopes, &g.scopes), json.Unmarshal(tags, &g.tags), json.Unmarshal(policy, &g.policy))
	if err != nil || !agent.Valid {
		return g, err
	}
	g.delegation = &delegation{
		grantID: g.id, agentID: agent.String, delegable: delegable.Bool, depth: depth.Int64, parentAgent: parent, created: fromMicros(created), expires: fromMicros(expires),
	}
	if constraint.Valid {
		err = json.Unmarshal([]byte(constraint.String), &g.delegation.scopeConstraint)
	}
	return g, err
}

// reachableGrant reads one grant; found is false when it is out of reach,
// whether it exists or not.
func (v *Vault) reachableGrant(ctx context.Context, q *statements, r reach, grantID string) (g grantRow, found bool, err error) {
	grants, err := v.reachableGrants(ctx, q, r, " AND g.id = ?5", strings.ToLower(grantID))
	if err != nil || len(grants) == 0 {
		return grantRow{}, false, err
	}
	return grants[0], true, nil
}

func (g *grantRow) readCredential(ctx context.Context, q *statements) error {
	return q.scan(ctx, "SELECT data_key, credential FROM connections WHERE id = ?", []any{g.connectionID}, []any{&g.credential.dataKey, &g.credential.text})
}

// reachableScopes is the scopes member of me: provider to scopes.
func (v *Vault) reachableScopes(ctx context.Context, q *statements, agentID string) ([]byte, error) {
	grants, err := v.reachableGrants(ctx, q, reach{agentID: agentID}, " AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?4)")
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for i := range grants {
		if grants[i].secretID != "" {
			out[secretSlugs] = mergeSorted(out[secretSlugs], []string{grants[i].provider})
			continue
		}
		out[grants[i].provider] = mergeSorted(out[grants[i].provider], grants[i].allowedScopes())
	}
	return json.Marshal(out, json.Deterministic(true))
}

// allowedScopes are the grant's scopes as far as a delegation lets them through.
func (g *grantRow) allowedScopes() []string {
	if g.delegation == nil || g.delegation.scopeConstraint == nil {
		return g.scopes
	}
	return g.delegation.scopeConstraint
}
