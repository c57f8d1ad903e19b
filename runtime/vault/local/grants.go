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

// GrantSpec describes a new grant: whose credential it is, and at which hosts
// it may be used. The principal is the agent AgentID, the user UserID, or, with
// neither, the app itself. A user's grant is reached by the app, and by the
// agents that it is delegated to.
type GrantSpec struct {
	AppID    string // may be empty: the principal's app, or the vault's only one
	AgentID  string
	UserID   string // as CreateUser returns it
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
	Delegable  bool      // agents that it is delegated to may hand it on
}

// Grant is a grant as the operator sees it. It holds no secret.
type Grant struct {
	ID, AppID, AgentID, UserID, Provider, Account, Label string
	GroupID, GroupProvider                               string // of a grant to a group: its ID, at this sign-in provider
	Hosts, Scopes                                        []string
	ProxyOnly, Delegable                                 bool
	CreatedAt, ExpiresAt, RevokedAt                      time.Time // zero = never
	Delegates                                            []string  // IDs of other agents with a path to it
}

// CreateGrant stores a credential, sealed. It fails with a *SpecError when a
// field is not acceptable.
func (v *Vault) CreateGrant(ctx context.Context, spec GrantSpec) (*Grant, error) {
	g, secret, err := v.checkGrant(&spec)
	if err != nil {
		return nil, err
	}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		app, err := v.principalApp(ctx, q, &spec)
		if err != nil {
			return err
		}
		g.AppID = app
		made, err := v.insertGrant(ctx, q, newGrant{Grant: *g, secret: secret})
		if err == nil {
			*g = *made
		}
		return err
	})
	if err != nil {
		return nil, operatorError("creating the grant", err)
	}
	return g, nil
}

// principalApp checks that the principal exists and returns its app.
func (v *Vault) principalApp(ctx context.Context, q *statements, spec *GrantSpec) (string, error) {
	query, field, id, what := "SELECT coalesce(app_id, '') FROM agents WHERE id = ? AND status <> 'revoked'", "GrantSpec.AgentID", spec.AgentID, "must be the ID of an agent that exists and is not revoked"
	if spec.UserID != "" {
		query, field, id, what = "SELECT app_id FROM app_users WHERE id = ?", "GrantSpec.UserID", spec.UserID, "must be the ID of a user, as CreateUser returns it"
	}
	if id == "" {
		app, err := v.appFor(ctx, q, "GrantSpec.AppID", spec.AppID)
		if err == nil && app == "" {
			err = &SpecError{"GrantSpec.AgentID", "is required in a vault without apps: the ID that CreateAgent returned"}
		}
		return app, err
	}
	var app string
	err := q.scan(ctx, query, []any{id}, []any{&app})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", &SpecError{field, what}
	case err == nil && spec.AppID != "" && spec.AppID != app:
		return "", &SpecError{"GrantSpec.AppID", "must be the app of the grant's agent or user, or empty"}
	}
	return app, err
}

// newGrant is a grant to be stored, with its credential or the connection that
// has it already. ID and CreatedAt may be empty.
type newGrant struct {
	Grant
	secret       stored
	connectionID string // "" = a new one that holds secret
	secretID     string // of a managed secret, "" = none
	minted       bool   // it is a sibling of another grant
	accountName  string
	policy       []byte // JSON object, nil = {}
	tags         []string
}

// insertGrant stores a grant, and its credential when it is a new connection.
func (v *Vault) insertGrant(ctx context.Context, q *statements, n newGrant) (*Grant, error) {
	g := n.Grant
	if g.ID == "" {
		g.ID = newID()
	}
	if g.CreatedAt.IsZero() {
		g.CreatedAt = v.now().UTC()
	}
	if n.connectionID == "" {
		n.connectionID = g.ID
		if err := v.insertConnection(ctx, q, g.ID, n.secret, g.CreatedAt); err != nil {
			return nil, err
		}
	}
	if n.policy == nil {
		n.policy = []byte("{}")
	}
	err := q.exec(ctx, `INSERT INTO grants (id, app_id, agent_id, user_id, connection_id, provider, account, account_name, label, hosts, scopes, proxy_only, delegable, policy, tags, created_at, expires_at, secret_id, group_id, group_idp)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, g.ID, nullIfEmpty(g.AppID), nullIfEmpty(g.AgentID), nullIfEmpty(g.UserID), n.connectionID, g.Provider, g.Account, n.accountName, g.Label,
		listJSON(g.Hosts), listJSON(g.Scopes), g.ProxyOnly, g.Delegable, string(n.policy), listJSON(n.tags), micros(g.CreatedAt), optionalMicros(g.ExpiresAt), nullIfEmpty(n.secretID),
		nullIfEmpty(g.GroupID), nullIfEmpty(g.GroupProvider))
	if err != nil {
		return nil, err
	}
	action := "grant.created"
	if n.minted {
		action = "grant.minted"
	}
	return &g, v.record(ctx, q, grantEvent(action, g.ID, map[string]string{
		"provider": g.Provider, "account": g.Account, "label": g.Label, "agent_id": g.AgentID, "user_id": g.UserID, "group_id": g.GroupID,
	}))
}

func grantEvent(action, id string, details map[string]string) Event {
	return Event{Action: action, Target: "grant", TargetID: id, GrantID: id, Details: details}
}

// insertConnection seals a credential.
func (v *Vault) insertConnection(ctx context.Context, q *statements, id string, secret stored, created time.Time) error {
	plain, err := json.Marshal(secret)
	if err != nil {
		return errSeal // the encoder's text could quote the secret
	}
	defer clear(plain)
	s, err := v.seal.seal(kindGrant, id, fieldCredential, plain)
	if err != nil {
		return err
	}
	return q.exec(ctx, "INSERT INTO connections (id, data_key, credential, generation, created_at) VALUES (?,?,?,?,?)",
		id, s.dataKey, s.text, newID(), micros(created))
}

func (v *Vault) checkGrant(spec *GrantSpec) (*Grant, stored, error) {
	now := v.now()
	switch {
	case spec.AgentID != "" && spec.UserID != "":
		return nil, stored{}, &SpecError{"GrantSpec.UserID", "must be empty when AgentID is set: a grant has one principal"}
	case !plainText(spec.Provider) || spec.Provider == "":
		return nil, stored{}, &SpecError{"GrantSpec.Provider", `must have 1 to 255 characters without surrounding space or controls, such as "github"`}
	case !plainText(spec.Account):
		return nil, stored{}, &SpecError{"GrantSpec.Account", "must have at most 255 characters without surrounding space or controls"}
	case !plainText(spec.Label):
		return nil, stored{}, &SpecError{"GrantSpec.Label", "must have at most 255 characters without surrounding space or controls"}
	case len(spec.Hosts) == 0:
		return nil, stored{}, &SpecError{"GrantSpec.Hosts", `needs at least one entry such as "https://api.github.com"`}
	case !spec.ExpiresAt.IsZero() && !spec.ExpiresAt.After(now):
		return nil, stored{}, &SpecError{"GrantSpec.ExpiresAt", "is in the past: leave it zero for a grant that does not expire"}
	}
	g := &Grant{
		ID: newID(), AgentID: spec.AgentID, UserID: spec.UserID, Provider: spec.Provider, Account: spec.Account, Label: spec.Label,
		ProxyOnly: spec.ProxyOnly, Delegable: spec.Delegable, CreatedAt: now.UTC(), ExpiresAt: spec.ExpiresAt,
	}
	for i, raw := range spec.Hosts {
		origin, err := parseOrigin(raw)
		if err != nil {
			return nil, stored{}, &SpecError{fmt.Sprintf("GrantSpec.Hosts[%d]", i), err.Error()}
		}
		g.Hosts = append(g.Hosts, origin)
	}
	for i, scope := range spec.Scopes {
		if scope == "" || !plainText(scope) {
			return nil, stored{}, &SpecError{fmt.Sprintf("GrantSpec.Scopes[%d]", i), "must have 1 to 255 characters without surrounding space or controls"}
		}
		g.Scopes = append(g.Scopes, scope)
	}
	secret, err := spec.Credential.check()
	if err != nil {
		return nil, stored{}, err
	}
	if _, err := json.Marshal(secret); err != nil {
		return nil, stored{}, &SpecError{"GrantSpec.Credential", "must hold valid UTF-8"}
	}
	return g, secret, nil
}

func plainText(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= 255 && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// RevokeGrant ends a grant for everybody, and erases its credential unless a
// sibling still needs it or it is the operator's value of a managed secret. Revoking twice is no error.
func (v *Vault) RevokeGrant(ctx context.Context, grantID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		_, err := v.revokeGrant(ctx, q, grantID)
		return missing("grant", err)
	})
	return operatorError("revoking the grant", err)
}

// DeleteGrant revokes a grant and forgets account and label. Its ID stays known,
// so that who calls with it is told that it is gone. Deleting twice is no error.
func (v *Vault) DeleteGrant(ctx context.Context, grantID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		if _, err := v.revokeGrant(ctx, q, grantID); err != nil {
			return missing("grant", err)
		}
		return v.recordEach(ctx, q, grantEvent("grant.deleted", grantID, nil),
			"UPDATE grants SET deleted_at = ?, account = '', account_name = '', label = '' WHERE id = ? AND deleted_at IS NULL RETURNING id", micros(v.now()), grantID)
	})
	return operatorError("deleting the grant", err)
}

// revokeGrant returns when the grant was revoked, the first time.
func (v *Vault) revokeGrant(ctx context.Context, q *statements, grantID string) (at time.Time, err error) {
	var n sql.NullInt64
	var connection string
	err = v.recordEach(ctx, q, grantEvent("grant.revoked", grantID, nil), "UPDATE grants SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING id", micros(v.now()), grantID)
	if err == nil {
		err = q.scan(ctx, "SELECT revoked_at, connection_id FROM grants WHERE id = ?", []any{grantID}, []any{&n, &connection})
	}
	if err != nil {
		return at, err
	}
	return fromMicros(n), q.exec(ctx, `UPDATE connections SET data_key = NULL, credential = NULL
WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM grants WHERE connection_id = ?1 AND revoked_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM secret_credentials WHERE connection_id = ?1 AND kind = 'developer')`, connection)
}

// DelegateGrant gives another agent a path to a grant, until expires (zero =
// as long as the grant). Delegating again replaces the time.
func (v *Vault) DelegateGrant(ctx context.Context, grantID, agentID string, expires time.Time) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var n int
		if err := q.scan(ctx, "SELECT 1 FROM grants WHERE id = ? AND revoked_at IS NULL", []any{grantID}, []any{&n}); err != nil {
			return missing("grant (that is not revoked)", err)
		}
		if err := q.scan(ctx, "SELECT 1 FROM agents a, grants g WHERE a.id = ? AND a.status <> 'revoked' AND g.id = ? AND a.app_id IS g.app_id", []any{agentID, grantID}, []any{&n}); err != nil {
			return missing("agent (that is not revoked) in the grant's app", err)
		}
		return v.insertDelegation(ctx, q, delegation{grantID: grantID, agentID: agentID, expires: expires})
	})
	return operatorError("delegating the grant", err)
}

// RevokeDelegation takes the path away again, and those that the agent handed
// on. The owner's own path and the grant stay. It is no error when there was
// none.
func (v *Vault) RevokeDelegation(ctx context.Context, grantID, agentID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		return v.removeDelegation(ctx, q, grantID, agentID)
	})
	return operatorError("revoking the delegation", err)
}

// Grants lists all grants, oldest first: revoked ones included, deleted ones
// not.
func (v *Vault) Grants(ctx context.Context) ([]Grant, error) {
	var grants []Grant
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, `SELECT g.id, coalesce(g.app_id, ''), coalesce(g.agent_id, ''), coalesce(g.user_id, ''), coalesce(g.group_id, ''), coalesce(g.group_idp, ''), g.provider, g.account, g.label, g.hosts, g.scopes, g.proxy_only, g.delegable,
  g.created_at, g.expires_at, g.revoked_at,
  coalesce((SELECT json_group_array(d.agent_id ORDER BY d.agent_id) FROM delegations d WHERE d.grant_id = g.id), '[]')
FROM grants g WHERE g.deleted_at IS NULL ORDER BY g.created_at, g.rowid`, nil, func(rows *sql.Rows) error {
			var g Grant
			var hosts, scopes, delegates []byte
			var created, expires, revoked sql.NullInt64
			if err := rows.Scan(&g.ID, &g.AppID, &g.AgentID, &g.UserID, &g.GroupID, &g.GroupProvider, &g.Provider, &g.Account, &g.Label, &hosts, &scopes, &g.ProxyOnly, &g.Delegable,
				&created, &expires, &revoked, &delegates); err != nil {
				return err
			}
			g.CreatedAt, g.ExpiresAt, g.RevokedAt = fromMicros(created), fromMicros(expires), fromMicros(revoked)
			err := errors.Join(json.Unmarshal(hosts, &g.Hosts), json.Unmarshal(scopes, &g.Scopes), json.Unmarshal(delegates, &g.Delegates))
			grants = append(grants, g)
			return err
		})
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
