package local

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// idempotencyRef is one Idempotency-Key of an app. Key and body are stored as
// keyed hashes.
type idempotencyRef struct {
	appID     string
	key, body []byte
}

// priorAgent is what an idempotency key made before.
type priorAgent struct{ agentID, keyID string }

// replayed looks the request's Idempotency-Key up. Without the header all
// results are nil.
func (v *Vault) replayed(ctx context.Context, q *statements, rq *request) (ref *idempotencyRef, prior *priorAgent, f *fault, err error) {
	key, n := wire.Get(rq.http.Header, wire.HeaderIdempotencyKey)
	if n == 0 {
		return nil, nil, nil, nil
	}
	if n > 1 || wire.CheckIdempotencyKey(key) != nil {
		return nil, nil, refuse(http.StatusBadRequest, codeInvalidRequest, "the Idempotency-Key header must be one value of 1 to 255 printable ASCII characters"), nil
	}
	// The same values in another spelling are the same request.
	body := jsontext.Value(bytes.Clone(rq.body))
	if err := body.Canonicalize(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)); err != nil {
		body = rq.body
	}
	ref = &idempotencyRef{
		appID: rq.who.appID, key: keyedHash(v.indexKey, "idempotency-key", rq.who.appID, key), body: keyedHash(v.indexKey, "idempotency-body", string(body)),
	}
	var was []byte
	prior = &priorAgent{}
	err = q.scan(ctx, "SELECT body_hash, agent_id, key_id FROM idempotency WHERE app_id = ? AND key_hash = ?", []any{ref.appID, ref.key},
		[]any{&was, &prior.agentID, &prior.keyID})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ref, nil, nil, nil
	case err != nil:
		return nil, nil, nil, err
	case !bytes.Equal(was, ref.body):
		return nil, nil, refuse(http.StatusConflict, "idempotency_key_body_mismatch", "the Idempotency-Key was used with another body").
			withHint("use a new key for a new agent"), nil
	}
	return ref, prior, nil, nil
}

func (r *idempotencyRef) remember(ctx context.Context, q *statements, agentID, keyID string, now int64) error {
	return q.exec(ctx, "INSERT INTO idempotency (app_id, key_hash, body_hash, agent_id, key_id, created_at) VALUES (?,?,?,?,?,?)",
		r.appID, r.key, r.body, agentID, keyID, now)
}

// replayAgent answers a repeated creation with the agent as it is now, without
// its key.
func (v *Vault) replayAgent(ctx context.Context, q *statements, rq *request, prior *priorAgent, out *wire.AgentCreated) (*fault, error) {
	info, err := v.agentInfo(ctx, q, rq.who.appID, prior.agentID)
	if err != nil {
		return nil, err
	}
	switch info.Status {
	case string(AgentRevoked):
		return refuse(http.StatusConflict, "idempotency_key_agent_revoked", "the agent that this Idempotency-Key made was revoked").with("agent_id", info.ID), nil
	case string(AgentInactive):
		return refuse(http.StatusConflict, "idempotency_key_agent_inactive", "the agent that this Idempotency-Key made is suspended").with("agent_id", info.ID), nil
	}
	out.AgentInfo, out.KeyID = info, prior.keyID
	return nil, nil
}
