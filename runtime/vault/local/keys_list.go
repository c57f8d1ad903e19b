package local

import (
	"context"
	"database/sql"
	"time"

	"github.com/go-json-experiment/json"
)

// Key is an API key as the operator sees it. It does not hold the key.
type Key struct {
	ID, AppID, AgentID string // of an app or of an agent; a derived key has its parent's
	Name, Prefix       string // Prefix is how the key begins, to tell keys apart
	Kind               string // "rk" of an app, "key" of an agent, "dk" derived
	ParentID           string // of a derived key
	Scopes, Networks   []string
	CreatedAt          time.Time

	// Zero = never. A deprecated key works until GraceEndsAt.
	ExpiresAt, DeprecatedAt, GraceEndsAt, RevokedAt, LastUsedAt time.Time
}

// Keys lists all keys, oldest first, revoked ones included.
func (v *Vault) Keys(ctx context.Context) ([]Key, error) {
	var keys []Key
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, `SELECT k.id, coalesce(k.app_id, a.app_id, ''), coalesce(k.agent_id, ''), k.name, k.prefix, k.kind, coalesce(k.parent_key_id, ''), k.scopes,
  coalesce(k.cidrs, 'null'), k.created_at, k.expires_at, k.deprecated_at, k.grace_ends_at, k.revoked_at, k.last_used_at
FROM api_keys k LEFT JOIN agents a ON a.id = k.agent_id ORDER BY k.created_at, k.rowid`, nil, func(rows *sql.Rows) error {
			var k Key
			var scopes, networks string
			var at [6]sql.NullInt64
			err := rows.Scan(&k.ID, &k.AppID, &k.AgentID, &k.Name, &k.Prefix, &k.Kind, &k.ParentID, &scopes, &networks, &at[0], &at[1], &at[2], &at[3], &at[4], &at[5])
			if err != nil {
				return err
			}
			for i, dst := range []*time.Time{&k.CreatedAt, &k.ExpiresAt, &k.DeprecatedAt, &k.GraceEndsAt, &k.RevokedAt, &k.LastUsedAt} {
				*dst = fromMicros(at[i])
			}
			if k.Scopes, err = storedScopes(scopes); err == nil {
				err = json.Unmarshal([]byte(networks), &k.Networks)
			}
			keys = append(keys, k)
			return err
		})
	})
	return keys, operatorError("listing keys", err)
}

// DeprecateKey marks a key of an agent or an app as to be replaced. It goes on
// working, and every answer to it says so.
func (v *Vault) DeprecateKey(ctx context.Context, keyID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var n int
		if err := q.scan(ctx, "SELECT 1 FROM api_keys WHERE id = ? AND revoked_at IS NULL", []any{keyID}, []any{&n}); err != nil {
			return missing("key (that is not revoked)", err)
		}
		return v.deprecateKey(ctx, q, keyID)
	})
	return operatorError("deprecating the key", err)
}

func (v *Vault) deprecateKey(ctx context.Context, q *statements, keyID string) error {
	return v.recordEach(ctx, q, keyEvent("key.deprecated", ""),
		"UPDATE api_keys SET deprecated_at = ? WHERE id = ? AND deprecated_at IS NULL RETURNING id", micros(v.now()), keyID)
}
