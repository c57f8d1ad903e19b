package local

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const fieldRefreshToken = "refresh_token"

// consent is what a user gave for one provider.
type consent struct {
	provider *provider
	tokens   tokens
	profile  profile
	ttl      int64 // seconds that the user chose; 0 = as the app asked
}

// activate turns a consent into a grant of the session's owner, or renews the
// one that is there for the same account.
func (v *Vault) activate(ctx context.Context, q *statements, s *session, c *consent) error {
	now := v.now()
	secret := stored{Token: c.tokens.access, Header: c.provider.Header, Format: c.provider.Format}
	expires := s.request.grantExpiry(now, c.ttl)
	out := wire.ConnectGrant{ProviderID: c.provider.ID, Scopes: c.tokens.scopes, AccountIdentifier: c.profile.account, Operation: "reauth"}
	policy, err := s.request.policyJSON()
	if err != nil {
		return err
	}
	found, err := s.findConnected(ctx, q, c, string(policy), now)
	grantID, connectionID := found.grantID, found.connectionID
	switch {
	case errors.Is(err, sql.ErrNoRows):
		g, insertErr := v.insertGrant(ctx, q, newGrant{
			Grant: Grant{
				AppID: s.request.AppID, UserID: s.request.UserID, AgentID: s.request.AgentID, Provider: c.provider.ID,
				Account: c.profile.account, Label: s.request.Label, Hosts: c.provider.Hosts, Scopes: c.tokens.scopes, ExpiresAt: expires,
			},
			secret: secret, policy: policy,
		})
		if insertErr != nil {
			return insertErr
		}
		grantID, out.Operation = g.ID, "creation"
		if err := q.scan(ctx, "SELECT connection_id FROM grants WHERE id = ?", []any{g.ID}, []any{&connectionID}); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		if err := v.replaceCredential(ctx, q, connectionID, secret); err != nil {
			return err
		}
		if err := v.revive(ctx, q, s, found); err != nil {
			return err
		}
		// The account's consent is one: what it allows now, and where the provider's
		// configuration lets the new credential go, holds for all grants that stand
		// on it. How long this one lives is for this session to say,
		// unless it repairs one that lives.
		if err := errors.Join(
			q.exec(ctx, "UPDATE grants SET scopes = ?, hosts = ? WHERE connection_id = ?", listJSON(c.tokens.scopes), listJSON(c.provider.Hosts), connectionID),
			q.exec(ctx, "UPDATE connections SET scope_mismatch = 0 WHERE id = ?", connectionID),
			q.exec(ctx, "UPDATE grants SET expires_at = ? WHERE id = ? AND ?", optionalMicros(expires), grantID, s.request.RepairGrantID == "" || found.expired),
			v.record(ctx, q, grantEvent("grant.reconnected", grantID, map[string]string{"provider": c.provider.ID, "account": c.profile.account})),
		); err != nil {
			return err
		}
	}
	out.GrantID = grantID
	if err := v.storeRefresh(ctx, q, connectionID, c.provider.ID, c.tokens); err != nil {
		return err
	}
	if err := v.delegateTo(ctx, q, s, &out); err != nil {
		return err
	}
	setPolicy(&out, expires, now, c.ttl > 0)
	s.progress.Grants = append(s.progress.Grants, out)
	return nil
}

func (v *Vault) delegateTo(ctx context.Context, q *statements, s *session, out *wire.ConnectGrant) error {
	if s.request.DelegateID == "" {
		return nil
	}
	out.Delegation = &wire.ConnectDelegation{AgentID: s.request.DelegateID, Delegable: s.request.Delegable}
	return v.insertDelegation(ctx, q, delegation{
		grantID: out.GrantID, agentID: s.request.DelegateID, delegable: s.request.Delegable, scopeConstraint: s.request.ScopeConstraint,
	})
}

// errOtherAccount ends a repair with an account that is not the grant's.
var errOtherAccount = errors.New("local: the consent is for another account than the grant's")

// connected is a grant that a consent renews.
type connected struct {
	grantID, connectionID string
	expired               bool
}

// revive ends what an expired grant left behind. Its user gives it a new life by
// connecting the account again; who had a path to it then has none any more,
// unless this very grant is repaired.
func (v *Vault) revive(ctx context.Context, q *statements, s *session, c connected) error {
	if !c.expired || s.request.RepairGrantID != "" {
		return nil
	}
	e := agentEvent("delegation.revoked", "")
	e.GrantID = c.grantID
	return v.recordEach(ctx, q, e, "DELETE FROM delegations WHERE grant_id = ? RETURNING agent_id", c.grantID)
}

// findConnected finds the grant to renew: the one to repair, or the owner's
// grant for the same account, label and restrictions, a live one before an
// expired one. sql.ErrNoRows when there is none.
func (s *session) findConnected(ctx context.Context, q *statements, c *consent, policy string, now time.Time) (out connected, err error) {
	r := &s.request
	dst := []any{&out.grantID, &out.connectionID, &out.expired}
	const expired = "coalesce(g.expires_at <= ?1, 0)"
	if r.RepairGrantID != "" {
		var account string
		err = q.scan(ctx, "SELECT g.id, g.connection_id, "+expired+", g.account FROM grants g WHERE g.id = ?2 AND g.revoked_at IS NULL",
			[]any{micros(now), r.RepairGrantID}, append(dst, &account))
		if err == nil && account != "" && account != c.profile.account {
			err = errOtherAccount
		}
		if errors.Is(err, sql.ErrNoRows) {
			err = errSessionEnded // revoked meanwhile: a repair makes no new grant
		}
		return out, err
	}
	if c.profile.account == "" {
		return out, sql.ErrNoRows
	}
	err = q.scan(ctx, `SELECT g.id, g.connection_id, `+expired+` FROM grants g JOIN connection_tokens t ON t.connection_id = g.connection_id
WHERE g.provider = ?2 AND g.account = ?3 AND g.label = ?4 AND g.app_id IS ?5 AND g.user_id IS ?6 AND g.agent_id IS ?7 AND (?8 = '{}' OR g.policy = ?8)
  AND g.revoked_at IS NULL ORDER BY `+expired+`, g.created_at, g.rowid LIMIT 1`,
		[]any{micros(now), c.provider.ID, c.profile.account, r.Label, nullIfEmpty(r.AppID), nullIfEmpty(r.UserID), nullIfEmpty(r.AgentID), policy}, dst)
	return out, err
}

// policyJSON is the policy of a grant that is made with restrictions.
func (r *sessionRequest) policyJSON() ([]byte, error) {
	return json.Marshal(grantPolicy{Restrictions: r.Restrictions}, json.Deterministic(true))
}

// grantExpiry is the earliest of what app and user said; zero = never.
func (r *sessionRequest) grantExpiry(now time.Time, ttl int64) time.Time {
	if ttl <= 0 {
		ttl = r.DefaultTTL
	}
	if r.MaxTTL > 0 && (ttl <= 0 || ttl > r.MaxTTL) {
		ttl = r.MaxTTL
	}
	var expires time.Time
	if ttl > 0 {
		expires = now.Add(time.Duration(ttl) * time.Second)
	}
	if limit := time.UnixMicro(r.ExpiresAt); r.ExpiresAt != 0 && (expires.IsZero() || limit.Before(expires)) {
		expires = limit
	}
	return expires
}

func setPolicy(out *wire.ConnectGrant, expires, now time.Time, byUser bool) {
	if expires.IsZero() {
		return
	}
	out.Policy = &wire.ConnectGrantPolicy{ExpiresAt: isoTime(micros(expires)), CreatedBy: "developer", CreatedAt: isoTime(micros(now))}
	if byUser {
		out.Policy.CreatedBy = "end_user"
	}
}

// replaceCredential seals a connection's new credential and gives it a new
// generation.
func (v *Vault) replaceCredential(ctx context.Context, q *statements, connectionID string, secret stored) error {
	plain, err := json.Marshal(secret)
	if err != nil {
		return errSeal
	}
	defer clear(plain)
	sealedSecret, err := v.seal.seal(kindGrant, connectionID, fieldCredential, plain)
	if err != nil {
		return err
	}
	return q.exec(ctx, "UPDATE connections SET data_key = ?, credential = ?, generation = ?, needs_reconnect = 0 WHERE id = ?",
		sealedSecret.dataKey, sealedSecret.text, newID(), connectionID)
}

// storeRefresh keeps what renews a connection. Without a new refresh token the
// old one stays.
func (v *Vault) storeRefresh(ctx context.Context, q *statements, connectionID, providerID string, t tokens) error {
	var refresh sealed
	if t.refresh != "" {
		var err error
		if refresh, err = v.seal.seal(kindGrant, connectionID, fieldRefreshToken, []byte(t.refresh)); err != nil {
			return err
		}
	}
	return q.exec(ctx, `INSERT INTO connection_tokens (connection_id, provider, state, data_key, refresh_token, expires_at, refreshed_at) VALUES (?1,?2,'active',?3,?4,?5,?6)
ON CONFLICT (connection_id) DO UPDATE SET state = 'active', data_key = coalesce(?3, data_key), refresh_token = coalesce(?4, refresh_token),
  expires_at = ?5, refreshed_at = ?6, lease = '', lease_until = 0`,
		connectionID, providerID, refresh.dataKey, refresh.text, optionalMicros(t.expires), micros(v.now()))
}
