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
	grantID, connectionID, err := s.findConnected(ctx, q, c, now)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		g, insertErr := v.insertGrant(ctx, q, newGrant{
			Grant: Grant{
				AppID: s.request.AppID, UserID: s.request.UserID, AgentID: s.request.AgentID, Provider: c.provider.ID,
				Account: c.profile.account, Label: s.request.Label, Hosts: c.provider.Hosts, Scopes: c.tokens.scopes, ExpiresAt: expires,
			},
			secret: secret,
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
		// The account's consent is one: what it allows now holds for all grants
		// that stand on it. How long this one lives is for this session to say.
		if err := errors.Join(
			q.exec(ctx, "UPDATE grants SET scopes = ? WHERE connection_id = ?", listJSON(c.tokens.scopes), connectionID),
			q.exec(ctx, "UPDATE grants SET expires_at = ? WHERE id = ? AND ?", optionalMicros(expires), grantID, s.request.RepairGrantID == ""),
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

// findConnected finds the grant to renew: the one to repair, or the owner's
// live grant for the same account and label. sql.ErrNoRows when there is none.
func (s *session) findConnected(ctx context.Context, q *statements, c *consent, now time.Time) (grantID, connectionID string, err error) {
	r := &s.request
	dst := []any{&grantID, &connectionID}
	if r.RepairGrantID != "" {
		var account string
		err = q.scan(ctx, "SELECT id, connection_id, account FROM grants WHERE id = ? AND revoked_at IS NULL", []any{r.RepairGrantID}, append(dst, &account))
		if err == nil && account != "" && account != c.profile.account {
			err = errOtherAccount
		}
		if errors.Is(err, sql.ErrNoRows) {
			err = errSessionEnded // revoked meanwhile: a repair makes no new grant
		}
		return grantID, connectionID, err
	}
	if c.profile.account == "" {
		return "", "", sql.ErrNoRows
	}
	err = q.scan(ctx, `SELECT g.id, g.connection_id FROM grants g JOIN connection_tokens t ON t.connection_id = g.connection_id
WHERE g.provider = ? AND g.account = ? AND g.label = ? AND g.app_id IS ? AND g.user_id IS ? AND g.agent_id IS ?
  AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?) ORDER BY g.created_at, g.rowid LIMIT 1`,
		[]any{c.provider.ID, c.profile.account, r.Label, nullIfEmpty(r.AppID), nullIfEmpty(r.UserID), nullIfEmpty(r.AgentID), micros(now)}, dst)
	return grantID, connectionID, err
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
