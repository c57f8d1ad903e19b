package local

import (
	"context"
	"database/sql"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const selectMe = `SELECT name, display_name, type, status, version, metadata, created_at, last_used_at FROM agents WHERE id = ?`

// serveMe answers GET /sdk/agents/me, for suspended and revoked agents too. The
// member scopes lists, by provider, what the grants in the agent's reach allow.
func (v *Vault) serveMe(ctx context.Context, rq *request) answer {
	info := wire.AgentInfo{ID: rq.who.agentID}
	var f *fault
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		if f, err = v.admit(ctx, q, rq); f != nil || err != nil {
			return err
		}
		var display sql.NullString
		var created, used sql.NullInt64
		var metadata string
		if err := q.scan(ctx, selectMe, []any{info.ID}, []any{&info.Name, &display, &info.Type, &info.Status, &info.Version, &metadata, &created, &used}); err != nil {
			return err
		}
		info.DisplayName, info.Metadata, info.CreatedAt = display.String, jsontext.Value(metadata), fromMicros(created)
		if used.Valid {
			at := fromMicros(used)
			info.LastUsedAt = &at
		}
		info.Scopes, err = v.reachableScopes(ctx, q, info.ID)
		return err
	})
	switch {
	case err != nil:
		return v.fail(ctx, rq, v.broken(ctx, rq, err))
	case f != nil:
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: info.Marshal()}
}
