package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// maxAgentKeys is how many keys of an agent may live at a time.
const maxAgentKeys = 10

const selectAgentKeys = `SELECT id, prefix, name, created_at, deprecated_at, revoked_at, last_used_at FROM api_keys WHERE agent_id = ? AND kind = 'key'`

func (v *Vault) agentKeys(ctx context.Context, q *statements, more string, args ...any) (keys []wire.AgentKey, err error) {
	err = q.each(ctx, selectAgentKeys+more, args, func(rows *sql.Rows) error {
		var k wire.AgentKey
		var created, deprecated, revoked, used sql.NullInt64
		err := rows.Scan(&k.KeyID, &k.KeyPrefix, &k.Name, &created, &deprecated, &revoked, &used)
		k.CreatedAt, k.DeprecatedAt, k.RevokedAt, k.LastUsedAt = fromMicros(created), optionalTime(deprecated), optionalTime(revoked), optionalTime(used)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

func keyNotFound() *fault {
	return refuse(http.StatusNotFound, codeKeyNotFound, "there is no such key within the caller's reach").withHint("list the keys")
}

// serveListAgentKeys answers GET /sdk/agents/{id}/keys, oldest first.
func (v *Vault) serveListAgentKeys(ctx context.Context, rq *request) answer {
	var keys []wire.AgentKey
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		a, f, err := v.pathAgent(ctx, q, rq)
		if f == nil && err == nil {
			keys, err = v.agentKeys(ctx, q, " ORDER BY created_at, rowid", a.id)
		}
		return f, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: wire.MarshalAgentKeys(keys)}
}

// serveMintAgentKey answers POST /sdk/agents/{id}/keys.
func (v *Vault) serveMintAgentKey(ctx context.Context, rq *request) answer {
	out := wire.AgentKeyMinted{APIKey: wire.NewManagedKey()}
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		a, f, err := v.pathAgent(ctx, q, rq)
		switch {
		case f != nil || err != nil:
			return f, err
		case a.status == string(AgentRevoked):
			return refuse(http.StatusConflict, codeAgentRevoked, "the agent was revoked"), nil
		}
		var all, live int
		if err := q.scan(ctx, "SELECT count(*), count(*) FILTER (WHERE revoked_at IS NULL) FROM api_keys WHERE agent_id = ? AND kind = 'key'", []any{a.id}, []any{&all, &live}); err != nil {
			return nil, err
		}
		if live >= maxAgentKeys {
			return refuse(http.StatusConflict, "agent_key_limit_reached", "the agent has as many live keys as it may have").
				with("limit", maxAgentKeys).withHint("revoke a key that is no longer used"), nil
		}
		id, err := v.insertKey(ctx, q, newKey{agentID: a.id, kind: wire.KeyManaged, name: nextKeyName(a.name, all)}, out.APIKey)
		if err != nil {
			return nil, err
		}
		keys, err := v.agentKeys(ctx, q, " AND id = ?", a.id, id)
		if err == nil && len(keys) == 1 {
			out.AgentKey = keys[0]
		}
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

// serveDeprecateKey answers PATCH …/deprecate: the key goes on working, and
// every answer to it says that it should be replaced.
func (v *Vault) serveDeprecateKey(ctx context.Context, rq *request) answer {
	return v.withAgentKey(ctx, rq, func(ctx context.Context, q *statements, k *wire.AgentKey) (*fault, error) {
		if k.RevokedAt != nil {
			return keyRevokedConflict(), nil
		}
		return nil, v.deprecateKey(ctx, q, k.KeyID)
	})
}

// serveUndeprecateKey answers PATCH …/undeprecate. It ends a rotation's overlap
// too, so that the key lives on.
func (v *Vault) serveUndeprecateKey(ctx context.Context, rq *request) answer {
	return v.withAgentKey(ctx, rq, func(ctx context.Context, q *statements, k *wire.AgentKey) (*fault, error) {
		if k.RevokedAt != nil {
			return keyRevokedConflict(), nil
		}
		return nil, v.recordEach(ctx, q, keyEvent("key.undeprecated", ""),
			"UPDATE api_keys SET deprecated_at = NULL, grace_ends_at = NULL WHERE id = ? AND deprecated_at IS NOT NULL RETURNING id", k.KeyID)
	})
}

func keyRevokedConflict() *fault {
	return refuse(http.StatusConflict, codeKeyRevoked, "the key was revoked, which is final").withHint("mint a new key")
}

// serveRevokeAgentKey answers DELETE /sdk/agents/{id}/keys/{key_id}. The agent's
// last live key needs force.
func (v *Vault) serveRevokeAgentKey(ctx context.Context, rq *request) answer {
	force, queryFault := forced(rq)
	return v.withAgentKey(ctx, rq, func(ctx context.Context, q *statements, k *wire.AgentKey) (*fault, error) {
		switch {
		case queryFault != nil:
			return queryFault, nil
		case k.RevokedAt != nil:
			return nil, nil
		case !force:
			if f, err := v.lastKey(ctx, q, k.KeyID); f != nil || err != nil {
				return f, err
			}
		}
		return nil, v.revokeKeys(ctx, q, k.KeyID)
	})
}

// forced reads the query of a revocation.
func forced(rq *request) (bool, *fault) {
	switch rq.http.URL.RawQuery {
	case "", "force=false":
		return false, nil
	case "force=true":
		return true, nil
	}
	return false, unprocessable("the query takes force=true and nothing else")
}

// lastKey refuses to leave an agent or an app without a live key of its own.
func (v *Vault) lastKey(ctx context.Context, q *statements, keyID string) (*fault, error) {
	var others int
	err := q.scan(ctx, `SELECT count(*) FROM api_keys k, api_keys o WHERE k.id = ?1 AND o.id <> k.id AND o.agent_id IS k.agent_id AND o.app_id IS k.app_id
  AND o.kind <> 'dk' AND o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > ?2) AND (o.grace_ends_at IS NULL OR o.grace_ends_at > ?2)`,
		[]any{keyID, micros(v.now())}, []any{&others})
	if err != nil || others > 0 {
		return nil, err
	}
	return refuse(http.StatusConflict, codeLastActiveKey, "this is the last live key").withHint("mint another key first, or repeat the call with force=true"), nil
}

// withAgentKey runs change on the key that the path names, and answers with the
// key as it is then.
func (v *Vault) withAgentKey(ctx context.Context, rq *request, change func(context.Context, *statements, *wire.AgentKey) (*fault, error)) answer {
	var out wire.AgentKey
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		a, f, err := v.pathAgent(ctx, q, rq)
		if f != nil || err != nil {
			return f, err
		}
		id := strings.ToLower(rq.params[1])
		keys, err := v.agentKeys(ctx, q, " AND id = ?", a.id, id)
		switch {
		case err != nil:
			return nil, err
		case len(keys) == 0:
			return keyNotFound(), nil
		}
		if f, err := change(ctx, q, &keys[0]); f != nil || err != nil {
			return f, err
		}
		if keys, err = v.agentKeys(ctx, q, " AND id = ?", a.id, id); err == nil && len(keys) == 0 {
			err = errors.New("a key is gone") // keys are never deleted
		}
		if err == nil {
			out = keys[0]
		}
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}
