package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	// refreshBuffer is how long before its end a token is renewed; for tokens
	// that live shortly it is a quarter of their life.
	refreshBuffer = time.Minute
	// refreshWait is how long a call waits for somebody's refresh.
	refreshWait = 10 * time.Second
	// leaseLife outlives every refresh, whose request is bounded.
	leaseLife = oauthTimeout + 15*time.Second

	codeCredentialRevoked  = "credential_revoked" //nolint:gosec // G101: an error code
	codeRefreshInProgress  = "token_refresh_in_progress"
	codeRefreshFailed      = "token_refresh_failed"
	codeProviderConfigLost = "provider_configuration_unavailable"
)

var (
	// errLeased says that another process renews the connection right now.
	errLeased = errors.New("local: the connection is being refreshed by another process")
	// errSpent says that the provider will not renew the connection any more.
	errSpent = errors.New("local: the connection must be connected anew")
)

// connectionState is a connection with what renews it.
type connectionState struct {
	id, provider, state string
	expires, refreshed  sql.NullInt64
	refresh             sealed
	lease               string
	leaseUntil          int64
	generation          string
	credential          sealed
}

const selectConnection = `SELECT t.provider, t.state, t.expires_at, t.refreshed_at, t.data_key, t.refresh_token, t.lease, t.lease_until, c.generation, c.data_key, c.credential
FROM connection_tokens t JOIN connections c ON c.id = t.connection_id WHERE t.connection_id = ?`

// readConnection is nil for a connection that the operator made by hand.
func readConnection(ctx context.Context, q *statements, id string) (*connectionState, error) {
	c := connectionState{id: id}
	err := q.scan(ctx, selectConnection, []any{id}, []any{
		&c.provider, &c.state, &c.expires, &c.refreshed, &c.refresh.dataKey, &c.refresh.text, &c.lease, &c.leaseUntil,
		&c.generation, &c.credential.dataKey, &c.credential.text,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &c, err
}

func (c *connectionState) expired(now time.Time) bool {
	return c.expires.Valid && c.expires.Int64 <= micros(now)
}

func (c *connectionState) due(now time.Time) bool {
	if !c.expires.Valid {
		return false
	}
	buffer := refreshBuffer.Microseconds()
	if c.refreshed.Valid {
		buffer = max(0, min(buffer, (c.expires.Int64-c.refreshed.Int64)/4))
	}
	return c.expires.Int64-buffer <= micros(now)
}

// currentCredential opens the credential of a call that was allowed, renewed
// first when its time is up. When it cannot, the call's row becomes a denied
// one, since no credential leaves the vault, and the fault is returned.
func (v *Vault) currentCredential(ctx context.Context, rq *request, g *grantRow) (wire.Credential, *fault) {
	f := v.freshen(ctx, rq, g)
	if f == nil {
		cred, err := v.openCredential(g)
		if err == nil {
			return cred, nil
		}
		f = v.broken(ctx, rq, err)
	}
	err := v.store.write(context.WithoutCancel(ctx), func(ctx context.Context, q *statements) error {
		return q.exec(ctx, "UPDATE audit SET decision = ?, outcome = ?, code = ? WHERE id = ? AND outcome = 'intent'",
			string(DecisionDenied), string(OutcomeDenied), f.code, rq.id)
	})
	if err != nil {
		return wire.Credential{}, v.broken(ctx, rq, err)
	}
	return wire.Credential{}, f
}

// freshen puts the newest credential of the grant's connection into g. Callers
// that come while it is being renewed wait for the one refresh.
func (v *Vault) freshen(ctx context.Context, rq *request, g *grantRow) *fault {
	wait := time.NewTimer(v.flows.refreshWait())
	defer wait.Stop()
	for renewed := 0; ; {
		c, err := v.connection(ctx, g.connectionID)
		if err != nil {
			return v.broken(ctx, rq, err)
		}
		if c == nil {
			return nil
		}
		// Between the decision and now it may have been renewed; the provider may
		// not take the older one any more.
		g.generation, g.credential = c.generation, c.credential
		switch {
		case c.state != "active":
			return credentialRevoked(g)
		case !c.due(v.now()), c.refresh.text == nil && !c.expired(v.now()), renewed == 2:
			return nil
		}
		f, again := v.awaitRefresh(ctx, rq, g, c, &renewed, wait.C)
		if f != nil || !again {
			return f
		}
	}
}

func (v *Vault) connection(ctx context.Context, id string) (c *connectionState, err error) {
	err = v.store.read(ctx, func(ctx context.Context, q *statements) error {
		c, err = readConnection(ctx, q, id)
		return err
	})
	return c, err
}

// awaitRefresh starts or joins the refresh of a connection. again says that the
// connection must be looked at anew. A token that is not at its very end is
// good enough when no new one can be had.
func (v *Vault) awaitRefresh(ctx context.Context, rq *request, g *grantRow, c *connectionState, renewed *int, timeout <-chan time.Time) (f *fault, again bool) {
	usable := !c.expired(v.now())
	done := v.flows.refresh(v, c.id)
	select {
	case r := <-done:
		switch {
		case r.Err == nil || errors.Is(r.Err, errSpent):
			*renewed++
			return nil, true
		case usable:
			return nil, false
		case !errors.Is(r.Err, errLeased):
			return v.refreshFault(ctx, rq, g, r.Err), false
		}
	case <-timeout:
		return busy(g, usable), false
	case <-ctx.Done():
		return v.broken(ctx, rq, ctx.Err()), false
	}
	select { // another process has it
	case <-time.After(100 * time.Millisecond):
		return nil, true
	case <-timeout:
		return busy(g, usable), false
	case <-ctx.Done():
		return v.broken(ctx, rq, ctx.Err()), false
	}
}

func busy(g *grantRow, usable bool) *fault {
	if usable {
		return nil
	}
	return refuse(http.StatusConflict, codeRefreshInProgress, "the credential is being refreshed").
		with("grant_id", g.id).with("retry_after", 1).withHint("repeat the call in a moment")
}

func credentialRevoked(g *grantRow) *fault {
	return refuse(http.StatusBadRequest, codeCredentialRevoked, "the provider does not renew this grant's credential any more").
		with("grant_id", g.id).with("provider_id", g.provider).withHint("have the user connect the account again, with repair_grant_id")
}

func (v *Vault) refreshFault(ctx context.Context, rq *request, g *grantRow, err error) *fault {
	refused, ok := errors.AsType[*oauthError](err)
	switch {
	case !ok:
		return v.broken(ctx, rq, err)
	case !refused.temporary:
		return refuse(http.StatusServiceUnavailable, codeProviderConfigLost, "the provider does not accept this vault's configuration").
			with("grant_id", g.id).with("provider_id", g.provider)
	}
	return refuse(http.StatusServiceUnavailable, codeRefreshFailed, "the provider could not be asked for a new credential").
		with("grant_id", g.id).with("provider_id", g.provider).with("retry_after", 5)
}

// refreshConnection renews a connection once. It does not end with its caller:
// a provider that rotates refresh tokens has used up the old one by then.
func (v *Vault) refreshConnection(ctx context.Context, id string) error {
	lease := newID()
	c, p, err := v.takeLease(ctx, id, lease)
	if err != nil || c == nil {
		return err
	}
	plain, err := v.seal.open(kindGrant, id, fieldRefreshToken, c.refresh)
	if err != nil {
		return errors.Join(err, v.dropLease(ctx, id, lease, false))
	}
	defer clear(plain)
	got, err := v.renew(ctx, p, string(plain))
	if err != nil {
		refused, ok := errors.AsType[*oauthError](err)
		spent := ok && refused.code == "invalid_grant"
		if ok {
			v.logger.WarnContext(ctx, "vault could not refresh a connection", "connection_id", id, "provider", c.provider, "code", refused.code)
		}
		if drop := v.dropLease(ctx, id, lease, spent); drop != nil {
			return drop
		}
		if spent {
			return errSpent
		}
		return err
	}
	return v.storeRefreshed(ctx, c, lease, got)
}

// takeLease reserves the refresh of a connection among the processes on this
// folder. It returns nil when there is nothing to do any more.
func (v *Vault) takeLease(ctx context.Context, id, lease string) (c *connectionState, p *provider, err error) {
	var spent bool
	err = v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		now := v.now()
		if c, err = readConnection(ctx, q, id); err != nil || c == nil {
			return err
		}
		switch {
		case c.state != "active" || !c.due(now):
			c = nil
			return nil
		case c.lease != "" && c.leaseUntil > micros(now):
			return errLeased
		case c.refresh.text == nil && !c.expired(now):
			c = nil // nothing to renew it with, but it still works
			return nil
		case c.refresh.text == nil:
			spent = true
			return spendConnection(ctx, q, id, "")
		}
		if p, err = findProvider(ctx, q, c.provider); errors.Is(err, sql.ErrNoRows) {
			return &oauthError{code: "provider_not_configured"}
		}
		if err != nil {
			return err
		}
		return q.exec(ctx, "UPDATE connection_tokens SET lease = ?, lease_until = ? WHERE connection_id = ?", lease, micros(now.Add(leaseLife)), id)
	})
	if err == nil && spent {
		err = errSpent
	}
	return c, p, err
}

func (v *Vault) dropLease(ctx context.Context, id, lease string, spent bool) error {
	return v.store.write(ctx, func(ctx context.Context, q *statements) error {
		if spent {
			return spendConnection(ctx, q, id, lease)
		}
		return q.exec(ctx, "UPDATE connection_tokens SET lease = '', lease_until = 0 WHERE connection_id = ? AND lease = ?", id, lease)
	})
}

// spendConnection marks a connection that only its user can bring back.
func spendConnection(ctx context.Context, q *statements, id, lease string) error {
	n, err := q.execCount(ctx, `UPDATE connection_tokens SET state = 'revoked', data_key = NULL, refresh_token = NULL, lease = '', lease_until = 0
WHERE connection_id = ? AND lease = ?`, id, lease)
	if err != nil || n == 0 {
		return err
	}
	return q.exec(ctx, "UPDATE connections SET needs_reconnect = 1 WHERE id = ?", id)
}

// storeRefreshed seals what the provider gave. Nobody uses the new credential
// before it is on disk.
func (v *Vault) storeRefreshed(ctx context.Context, c *connectionState, lease string, got tokens) error {
	plain, err := v.seal.open(kindGrant, c.id, fieldCredential, c.credential)
	if err != nil {
		return errors.Join(err, v.dropLease(ctx, c.id, lease, false))
	}
	defer clear(plain)
	var secret stored
	if json.Unmarshal(plain, &secret) != nil {
		return errSeal
	}
	secret.Token = got.access
	return v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var mine bool
		err := q.scan(ctx, "SELECT lease = ? FROM connection_tokens WHERE connection_id = ?", []any{lease, c.id}, []any{&mine})
		if errors.Is(err, sql.ErrNoRows) || err == nil && !mine {
			return nil // the grant was revoked meanwhile, or the user connected anew
		}
		if err != nil {
			return err
		}
		if err := v.replaceCredential(ctx, q, c.id, secret); err != nil {
			return err
		}
		return v.storeRefresh(ctx, q, c.id, c.provider, got)
	})
}

// rejected notes that the provider refused a connection's present credential,
// ahead of its time. The next call renews it; without a refresh token only the
// user can, and lists say so.
func (v *Vault) rejected(ctx context.Context, q *statements, connectionID, generation string) error {
	const current = " AND EXISTS (SELECT 1 FROM connections c WHERE c.id = ?2 AND c.generation = ?3)"
	return errors.Join(
		q.exec(ctx, "UPDATE connection_tokens SET expires_at = ?1 WHERE connection_id = ?2 AND state = 'active' AND refresh_token IS NOT NULL"+current,
			micros(v.now()), connectionID, generation),
		q.exec(ctx, `UPDATE connections SET needs_reconnect = 1 WHERE id = ?2 AND generation = ?3 AND ?1 IS NOT NULL
  AND EXISTS (SELECT 1 FROM connection_tokens t WHERE t.connection_id = ?2 AND t.refresh_token IS NULL)`, micros(v.now()), connectionID, generation),
	)
}
