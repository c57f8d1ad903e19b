package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// maxDerivedLife is the longest life of a derived key.
const maxDerivedLife = 24 * time.Hour

//nolint:gosec // G101: a query, not a credential
const selectAPIKeys = `SELECT id, name, prefix, kind, scopes, cidrs, expires_at, deprecated_at, revoked_at, coalesce(parent_key_id, ''), created_at, last_used_at,
  coalesce(app_id, ''), coalesce(agent_id, ''), metadata, grace_ends_at FROM api_keys` //nolint:gosec // G101: a statement, not a key

// apiKeyRow is a key as the keys endpoints handle it.
type apiKeyRow struct {
	wire.APIKeyInfo
	kind           wire.KeyKind
	appID, agentID string
	metadata       string
	graceEnds      *time.Time // of a rotated key
}

func (v *Vault) apiKey(ctx context.Context, q *statements, id string) (k apiKeyRow, err error) {
	found := false
	err = q.each(ctx, selectAPIKeys+" WHERE id = ?", []any{id}, func(rows *sql.Rows) error {
		found = true
		var scopes string
		var cidrs sql.NullString
		var expires, deprecated, revoked, created, used, grace sql.NullInt64
		err := rows.Scan(&k.ID, &k.Name, &k.KeyPrefix, &k.kind, &scopes, &cidrs, &expires, &deprecated, &revoked, &k.ParentKeyID, &created, &used,
			&k.appID, &k.agentID, &k.metadata, &grace)
		if err != nil {
			return err
		}
		k.ScopeVersion, k.KeyType = scopeVersion, string(k.kind)
		if l := v.limiter; l != nil && l.limits.PerKey > 0 {
			k.EffectiveRateLimitRPM, k.RateLimitSource = new(int64(l.limits.PerKey)), "platform_default"
		}
		if k.kind == wire.KeyManaged { // the protocol has no type of its own for these
			k.KeyType = string(wire.KeyAgent)
		}
		k.ExpiresAt, k.DeprecatedAt, k.RevokedAt = optionalTime(expires), optionalTime(deprecated), optionalTime(revoked)
		k.CreatedAt, k.LastUsedAt, k.graceEnds = fromMicros(created), optionalTime(used), optionalTime(grace)
		if k.Scopes, err = storedScopes(scopes); err == nil && cidrs.Valid {
			err = json.Unmarshal([]byte(cidrs.String), &k.CIDRs)
		}
		return err
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return k, err
}

// pathKey finds the key that the path names. An app's key reaches the keys of
// its app, which are not those of agents; an agent's key those of its agent.
// Anything else does not exist for them.
func (v *Vault) pathKey(ctx context.Context, q *statements, rq *request) (apiKeyRow, *fault, error) {
	k, err := v.apiKey(ctx, q, strings.ToLower(rq.params[0]))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return k, keyNotFound(), nil
	case err != nil:
		return k, nil, err
	case rq.who.ownKey() && k.agentID != rq.who.agentID, rq.who.isApp() && k.appID != rq.who.appID:
		return k, keyNotFound(), nil
	}
	return k, nil, nil
}

// serveDeriveKey answers POST /sdk/keys/derive: a key for a while, with no more
// than the caller's own.
func (v *Vault) serveDeriveKey(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseKeyDerive(rq.body)
	out := wire.MintedKey{APIKey: wire.NewScopedKey(wire.KeyDerived)}
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return invalidBody(parseErr), nil
		}
		parent, err := v.apiKey(ctx, q, rq.who.keyID)
		if err != nil {
			return nil, err
		}
		n, f := v.derived(rq, &parent, r)
		if f != nil {
			return f, nil
		}
		id, err := v.insertKey(ctx, q, n, out.APIKey)
		if err != nil {
			return nil, err
		}
		made, err := v.apiKey(ctx, q, id)
		out.APIKeyInfo = made.APIKeyInfo
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

// derived makes the new key out of the caller's: scopes, networks and life stay
// within it, what the client gave up by constraints included.
func (v *Vault) derived(rq *request, parent *apiKeyRow, r wire.KeyDerive) (n newKey, f *fault) {
	invalid := func(why string) *fault {
		return refuse(http.StatusBadRequest, "invalid_scope_for_derived_key", why)
	}
	if parent.kind == wire.KeyDerived {
		return n, refuse(http.StatusForbidden, "derived_key_cannot_derive", "a derived key cannot derive another one")
	}
	if err := r.Check(); err != nil {
		return n, invalid("the request " + err.Error())
	}
	for _, s := range r.Scopes {
		// A wildcard would bring keys:derive along.
		if !validScope(s) || !scopesImply(rq.scopes, s) || scopeImplies(s, "keys:derive") || strings.HasPrefix(s, "keys:derive:") {
			return n, invalid("a scope is not one of the caller's own, or would allow deriving further keys")
		}
	}
	now := v.now()
	n = newKey{
		appID: parent.appID, agentID: parent.agentID, kind: wire.KeyDerived, name: r.Name, scopes: r.Scopes, cidrs: parent.CIDRs, metadata: r.Metadata,
		parentID: parent.ID, expires: now.Add(min(time.Duration(min(r.ExpiresIn, maxTTLSeconds))*time.Second, maxDerivedLife)),
	}
	for _, end := range []*time.Time{parent.ExpiresAt, parent.graceEnds} {
		if end != nil && n.expires.After(*end) {
			n.expires = *end
		}
	}
	if n.name == "" {
		n.name = "derived-" + now.UTC().Format("20060102-150405")
	}
	if !plainText(n.name) || len(r.Metadata) > maxAgentMetadata {
		return n, unprocessable("name must have at most 255 characters without controls, metadata at most 8192 bytes as JSON")
	}
	if r.CIDRs != nil {
		n.cidrs, f = narrowedNetworks(parent.CIDRs, r.CIDRs)
	}
	return n, f
}

func narrowedNetworks(held, wanted []string) ([]string, *fault) {
	out, err := parseCIDRs(wanted)
	if err != nil || len(out) == 0 {
		return nil, unprocessable("cidr_allowlist must hold networks such as 192.0.2.0/24")
	}
	within, err := parseCIDRs(held) // stored, so it parses
	if err != nil || held != nil && !networksWithin(out, within) {
		return nil, refuse(http.StatusBadRequest, "cidr_not_narrowing", "cidr_allowlist goes beyond the caller's own networks")
	}
	texts := make([]string, len(out))
	for i, p := range out {
		texts[i] = p.String()
	}
	return texts, nil
}

func networksWithin(inner, outer []netip.Prefix) bool {
	for _, p := range inner {
		ok := false
		for _, o := range outer {
			ok = ok || o.Bits() <= p.Bits() && o.Contains(p.Addr())
		}
		if !ok {
			return false
		}
	}
	return true
}

// serveRotateKey answers POST /sdk/keys/{id}/rotate: a new key in place of an
// old one, which works for the overlap and then no more.
func (v *Vault) serveRotateKey(ctx context.Context, rq *request) answer {
	days, parseErr := wire.ParseKeyRotate(rq.body)
	var out wire.MintedKey
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return invalidBody(parseErr), nil
		}
		old, f, err := v.pathKey(ctx, q, rq)
		switch {
		case f != nil || err != nil:
			return f, err
		case old.RevokedAt != nil:
			return keyRevokedConflict(), nil
		case old.kind == wire.KeyDerived:
			return refuse(http.StatusBadRequest, "derived_key_cannot_rotate", "a derived key cannot be rotated").withHint("derive a new one"), nil
		case old.DeprecatedAt != nil && rq.who.keyID == old.ID:
			// Both the old and the new key would otherwise make successors in turn.
			return refuse(http.StatusConflict, "key_already_rotated", "the key was deprecated or rotated before").withHint("use the key that replaced it"), nil
		}
		out.APIKey = newKeyLike(old.kind)
		n := newKey{appID: old.appID, agentID: old.agentID, kind: old.kind, name: old.Name, scopes: old.Scopes, cidrs: old.CIDRs, metadata: []byte(old.metadata)}
		if old.ExpiresAt != nil {
			n.expires = *old.ExpiresAt
		}
		id, err := v.insertKey(ctx, q, n, out.APIKey)
		if err != nil {
			return nil, err
		}
		now := v.now()
		err = q.exec(ctx, "UPDATE api_keys SET deprecated_at = coalesce(deprecated_at, ?1), grace_ends_at = min(coalesce(grace_ends_at, ?2), ?2) WHERE id = ?3",
			micros(now), micros(now.AddDate(0, 0, days)), old.ID)
		if err == nil { // what was derived from it lives no longer than it does
			err = q.exec(ctx, "UPDATE api_keys SET expires_at = min(coalesce(expires_at, ?1), ?1) WHERE parent_key_id = ?2", micros(now.AddDate(0, 0, days)), old.ID)
		}
		if err != nil {
			return nil, err
		}
		rotated := keyEvent("key.rotated", old.ID)
		rotated.Details = map[string]string{"new_key_id": id, "overlap_days": strconv.Itoa(days)}
		if err := v.record(ctx, q, rotated); err != nil {
			return nil, err
		}
		made, err := v.apiKey(ctx, q, id)
		out.APIKeyInfo = made.APIKeyInfo
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}

func newKeyLike(kind wire.KeyKind) string {
	if kind == wire.KeyManaged {
		return wire.NewManagedKey()
	}
	return wire.NewScopedKey(kind)
}

// serveRevokeKey answers DELETE /sdk/keys/{id}: the key and those derived from
// it end. Repeating it changes nothing. The last live key needs force.
func (v *Vault) serveRevokeKey(ctx context.Context, rq *request) answer {
	force, queryFault := forced(rq)
	var out apiKeyRow
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if queryFault != nil {
			return queryFault, nil
		}
		k, f, err := v.pathKey(ctx, q, rq)
		if f != nil || err != nil {
			return f, err
		}
		if k.RevokedAt == nil {
			if k.kind != wire.KeyDerived && !force {
				if f, err := v.lastKey(ctx, q, k.ID); f != nil || err != nil {
					return f, err
				}
			}
			if err := v.revokeKeys(ctx, q, k.ID); err != nil {
				return nil, err
			}
		}
		out, err = v.apiKey(ctx, q, k.ID)
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}
