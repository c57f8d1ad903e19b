package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// GrantSpec describes a new grant: that an agent may use a credential at some
// hosts.
type GrantSpec struct {
	AgentID  string // required: the agent that owns the grant
	Provider string // required, such as "github"; up to 255 characters
	Account  string // optional: whose account at the provider
	Label    string // optional: tells several grants of one account apart

	// Hosts are the only places that the credential may go to, at least one:
	// scheme and host, with a port where it is not the scheme's own
	// ("https://api.github.com"). No wildcards. Plain http is for localhost,
	// 127.0.0.1 and [::1].
	Hosts []string

	Credential Credential
	ExpiresAt  time.Time // zero = never
	Scopes     []string  // what the credential allows at the provider; told to clients
	ProxyOnly  bool      // the credential never leaves the vault
}

// Grant is a grant as the operator sees it. It holds no secret.
type Grant struct {
	ID, AgentID, Provider, Account, Label string
	Hosts, Scopes                         []string
	ProxyOnly                             bool
	CreatedAt, ExpiresAt, RevokedAt       time.Time // zero = never
	Delegates                             []string  // IDs of other agents with a path to it
}

// CreateGrant stores a credential, sealed. It fails with a *SpecError when a
// field is not acceptable.
func (v *Vault) CreateGrant(ctx context.Context, spec GrantSpec) (*Grant, error) {
	g, plain, err := v.checkGrant(&spec)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	s, err := v.seal.seal(kindGrant, g.ID, fieldCredential, plain)
	if err != nil {
		return nil, err
	}
	hosts, scopes := listJSON(g.Hosts), listJSON(g.Scopes)
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var status string
		err := q.scan(ctx, "SELECT status FROM agents WHERE id = ?", []any{spec.AgentID}, []any{&status})
		if errors.Is(err, sql.ErrNoRows) || err == nil && status == string(AgentRevoked) {
			return &SpecError{"GrantSpec.AgentID", "must be the ID of an agent that exists and is not revoked"}
		}
		if err != nil {
			return err
		}
		return q.exec(ctx, `INSERT INTO grants (id, agent_id, provider, account, label, hosts, scopes, proxy_only, generation, data_key, credential, created_at, expires_at)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`, g.ID, g.AgentID, g.Provider, g.Account, g.Label, hosts, scopes, g.ProxyOnly, newID(),
			s.dataKey, s.text, micros(g.CreatedAt), optionalMicros(g.ExpiresAt))
	})
	if err != nil {
		return nil, operatorError("creating the grant", err)
	}
	return g, nil
}

func (v *Vault) checkGrant(spec *GrantSpec) (*Grant, []byte, error) {
	now := v.now()
	switch {
	case spec.AgentID == "":
		return nil, nil, &SpecError{"GrantSpec.AgentID", "is required: the ID that CreateAgent returned"}
	case !plainText(spec.Provider) || spec.Provider == "":
		return nil, nil, &SpecError{"GrantSpec.Provider", `must have 1 to 255 characters without surrounding space or controls, such as "github"`}
	case !plainText(spec.Account):
		return nil, nil, &SpecError{"GrantSpec.Account", "must have at most 255 characters without surrounding space or controls"}
	case !plainText(spec.Label):
		return nil, nil, &SpecError{"GrantSpec.Label", "must have at most 255 characters without surrounding space or controls"}
	case len(spec.Hosts) == 0:
		return nil, nil, &SpecError{"GrantSpec.Hosts", `needs at least one entry such as "https://api.github.com"`}
	case !spec.ExpiresAt.IsZero() && !spec.ExpiresAt.After(now):
		return nil, nil, &SpecError{"GrantSpec.ExpiresAt", "is in the past: leave it zero for a grant that does not expire"}
	}
	g := &Grant{
		ID: newID(), AgentID: spec.AgentID, Provider: spec.Provider, Account: spec.Account, Label: spec.Label,
		ProxyOnly: spec.ProxyOnly, CreatedAt: now.UTC(), ExpiresAt: spec.ExpiresAt,
	}
	for i, raw := range spec.Hosts {
		origin, err := parseOrigin(raw)
		if err != nil {
			return nil, nil, &SpecError{fmt.Sprintf("GrantSpec.Hosts[%d]", i), err.Error()}
		}
		g.Hosts = append(g.Hosts, origin)
	}
	for i, scope := range spec.Scopes {
		if scope == "" || !plainText(scope) {
			return nil, nil, &SpecError{fmt.Sprintf("GrantSpec.Scopes[%d]", i), "must have 1 to 255 characters without surrounding space or controls"}
		}
		g.Scopes = append(g.Scopes, scope)
	}
	secret, err := spec.Credential.check()
	if err != nil {
		return nil, nil, err
	}
	plain, err := json.Marshal(secret)
	if err != nil {
		return nil, nil, &SpecError{"GrantSpec.Credential", "must hold valid UTF-8"}
	}
	return g, plain, nil
}

func plainText(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= 255 && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// RevokeGrant ends a grant for every agent, and erases its credential.
// Revoking twice is no error.
func (v *Vault) RevokeGrant(ctx context.Context, grantID string) error {
	return v.change(ctx, "revoking the grant", "grant",
		"UPDATE grants SET revoked_at = coalesce(revoked_at, ?), data_key = NULL, credential = NULL WHERE id = ?", micros(v.now()), grantID)
}

// DelegateGrant gives another agent a path to a grant, until expires (zero =
// as long as the grant). Delegating again replaces the time.
func (v *Vault) DelegateGrant(ctx context.Context, grantID, agentID string, expires time.Time) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var n int
		if err := q.scan(ctx, "SELECT 1 FROM grants WHERE id = ? AND revoked_at IS NULL", []any{grantID}, []any{&n}); err != nil {
			return missing("grant (that is not revoked)", err)
		}
		if err := q.scan(ctx, "SELECT 1 FROM agents WHERE id = ? AND status <> 'revoked'", []any{agentID}, []any{&n}); err != nil {
			return missing("agent (that is not revoked)", err)
		}
		return q.exec(ctx, "INSERT OR REPLACE INTO delegations (grant_id, agent_id, created_at, expires_at) VALUES (?,?,?,?)",
			grantID, agentID, micros(v.now()), optionalMicros(expires))
	})
	return operatorError("delegating the grant", err)
}

// RevokeDelegation takes the path away again. The owner's own path and the
// grant stay. It is no error when there was none.
func (v *Vault) RevokeDelegation(ctx context.Context, grantID, agentID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		return q.exec(ctx, "DELETE FROM delegations WHERE grant_id = ? AND agent_id = ?", grantID, agentID)
	})
	return operatorError("revoking the delegation", err)
}

// Grants lists all grants, oldest first, revoked ones included.
func (v *Vault) Grants(ctx context.Context) ([]Grant, error) {
	var grants []Grant
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		rows, err := q.query(ctx, `SELECT g.id, coalesce(g.agent_id, ''), g.provider, g.account, g.label, g.hosts, g.scopes, g.proxy_only,
  g.created_at, g.expires_at, g.revoked_at,
  coalesce((SELECT json_group_array(d.agent_id ORDER BY d.agent_id) FROM delegations d WHERE d.grant_id = g.id), '[]')
FROM grants g ORDER BY g.created_at, g.rowid`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var g Grant
			var hosts, scopes, delegates []byte
			var created, expires, revoked sql.NullInt64
			if err := rows.Scan(&g.ID, &g.AgentID, &g.Provider, &g.Account, &g.Label, &hosts, &scopes, &g.ProxyOnly, &created, &expires, &revoked, &delegates); err != nil {
				return err
			}
			if err := errors.Join(json.Unmarshal(hosts, &g.Hosts), json.Unmarshal(scopes, &g.Scopes), json.Unmarshal(delegates, &g.Delegates)); err != nil {
				return err
			}
			g.CreatedAt, g.ExpiresAt, g.RevokedAt = fromMicros(created), fromMicros(expires), fromMicros(revoked)
			grants = append(grants, g)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, operatorError("listing grants", err)
	}
	return grants, nil
}

func listJSON(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	raw, err := json.Marshal(items)
	if err != nil { // the items were checked to be UTF-8
		return "[]"
	}
	return string(raw)
}

// grantRow is a grant as a decision needs it.
type grantRow struct {
	id, provider       string
	hosts, scopes      []string
	generation         string
	revoked, proxyOnly bool
	expiresAt          sql.NullInt64
	credential         sealed // set by readCredential
}

func (g *grantRow) expired(now time.Time) bool {
	return g.expiresAt.Valid && g.expiresAt.Int64 <= micros(now)
}

// hasPath is the condition that agent ?1 reaches grant g: it owns it, or a
// delegation that has not expired at ?5 names it.
const hasPath = `g.agent_id = ?1 OR EXISTS (SELECT 1 FROM delegations d WHERE d.grant_id = g.id AND d.agent_id = ?1
  AND (d.expires_at IS NULL OR d.expires_at > ?5))`

// The numbered parameters ?3 and ?4 belong to selectIdentity, which shares the
// condition; here they are NULL.
const selectGrant = `SELECT g.id, g.provider, g.hosts, g.scopes, g.generation, g.revoked_at IS NOT NULL, g.proxy_only, g.expires_at
FROM grants g WHERE g.id = ?2 AND ?3 IS NULL AND ?4 IS NULL AND (` + hasPath + `)`

func (v *Vault) reachableGrant(ctx context.Context, q *statements, agentID, grantID string) (g grantRow, found bool, err error) {
	var hosts, scopes []byte
	err = q.scan(ctx, selectGrant, []any{agentID, strings.ToLower(grantID), nil, nil, micros(v.now())},
		[]any{&g.id, &g.provider, &hosts, &scopes, &g.generation, &g.revoked, &g.proxyOnly, &g.expiresAt})
	if errors.Is(err, sql.ErrNoRows) {
		return g, false, nil
	}
	if err == nil {
		err = errors.Join(json.Unmarshal(hosts, &g.hosts), json.Unmarshal(scopes, &g.scopes))
	}
	return g, err == nil, err
}

func (g *grantRow) readCredential(ctx context.Context, q *statements) error {
	return q.scan(ctx, "SELECT data_key, credential FROM grants WHERE id = ?", []any{g.id}, []any{&g.credential.dataKey, &g.credential.text})
}

// reachableScopes is the scopes member of me: provider to scopes.
func (v *Vault) reachableScopes(ctx context.Context, q *statements, agentID string) ([]byte, error) {
	rows, err := q.query(ctx, `SELECT g.provider, g.scopes FROM grants g WHERE ?2 IS NULL AND ?3 IS NULL AND ?4 IS NULL
  AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?5) AND (`+hasPath+`)`, agentID, nil, nil, nil, micros(v.now()))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]string{}
	for rows.Next() {
		var provider string
		var raw []byte
		var scopes []string
		if err := rows.Scan(&provider, &raw); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &scopes); err != nil {
			return nil, err
		}
		out[provider] = mergeSorted(out[provider], scopes)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(out, json.Deterministic(true))
}
