package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// signatureWindow is how far a request's clock may be off, in both directions,
// and so how long a nonce must be remembered.
const signatureWindow = 300 * time.Second

// principal is who sent a request, as its key proves it.
type principal struct {
	keyID, agentID, agentName string
}

// keyRow is a stored key. Unknown keys leave all of it empty.
type keyRow struct {
	principal
	signing sealed
}

const selectKey = `SELECT k.id, k.agent_id, a.name, k.data_key, k.signing_key
FROM agent_keys k JOIN agents a ON a.id = k.agent_id WHERE k.lookup = ?`

// authenticate proves that the request was signed with a key of this vault, in
// time and over this very body. State (revoked, suspended), nonce and
// constraints are checked by admit, in the transaction that acts on them.
func (v *Vault) authenticate(ctx context.Context, rq *request) *fault {
	key, n := wire.Get(rq.http.Header, wire.HeaderAPIKey)
	if n != 1 || !wire.ValidKey(key) {
		return invalidKey()
	}
	var row keyRow
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, selectKey, []any{keyedHash(v.indexKey, "api-key", key)},
			[]any{&row.keyID, &row.agentID, &row.agentName, &row.signing.dataKey, &row.signing.text})
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return invalidKey()
	case err != nil:
		return v.broken(ctx, rq, err)
	}
	rq.who = row.principal
	signingKey, err := v.seal.open(kindKey, row.keyID, fieldSigningKey, row.signing)
	if err != nil {
		return v.broken(ctx, rq, err)
	}
	defer clear(signingKey)
	rq.signed, err = wire.Verify(signingKey, rq.http.Method, rq.target(), rq.http.Header, rq.body)
	if err != nil {
		rq.signed = wire.Signable{} // nothing in it is proven
		return refuse(http.StatusUnauthorized, codeInvalidSignature, "the request signature was not accepted: "+err.Error())
	}
	sent, _ := wire.ParseTimestamp(rq.signed.Timestamp) // Verify has checked its form
	if d := v.now().Sub(sent); d > signatureWindow || d < -signatureWindow {
		return refuse(http.StatusUnauthorized, codeStaleTimestamp, "the request's timestamp is more than 300 seconds away from the vault's clock").
			withHint("set the clock of the calling machine").with("server_time", v.now().Unix())
	}
	return v.checkCaller(rq)
}

func invalidKey() *fault {
	return refuse(http.StatusUnauthorized, codeInvalidKey, "the API key is not one of this vault").
		withHint("send a key that this vault issued in the x-api-key header")
}

// checkCaller refuses a caller header that names another agent: the key is the
// identity, and a trail that shows a different one would mislead.
func (v *Vault) checkCaller(rq *request) *fault {
	caller := rq.signed.Caller
	switch {
	case caller == "":
		return nil
	case wire.CheckCaller(caller) != nil:
		return refuse(http.StatusBadRequest, codeInvalidRequest, "the caller header is longer than 255 characters or not printable ASCII")
	case wire.IsUUID(caller) && !strings.EqualFold(caller, rq.who.agentID):
		return refuse(http.StatusBadRequest, codeCallerMismatch, "the caller header names another agent than the API key belongs to")
	}
	return nil
}

// actorID is the stable ID of a named caller of this agent. A caller that is
// the agent itself needs none. It is derived, so that naming callers fills no
// table.
func (v *Vault) actorID(rq *request) string {
	caller := rq.signed.Caller
	if rq.who.agentID == "" || caller == "" || wire.IsUUID(caller) {
		return ""
	}
	var b [16]byte
	copy(b[:], keyedHash(v.indexKey, "actor", rq.who.agentID, caller, rq.signed.CallerType))
	return formatUUID(b, 8) // version 8: made by the vault's own rule
}

const selectState = `SELECT k.revoked_at IS NOT NULL, a.status
FROM agent_keys k JOIN agents a ON a.id = k.agent_id WHERE k.id = ?`

// admit decides, inside the transaction that goes on to act, whether an
// authenticated request may be served at all. The nonce comes last but one, so
// that a refused key cannot fill the table.
func (v *Vault) admit(ctx context.Context, q *statements, rq *request) (*fault, error) {
	var keyRevoked bool
	var status string
	if err := q.scan(ctx, selectState, []any{rq.who.keyID}, []any{&keyRevoked, &status}); err != nil {
		return nil, err
	}
	if f := stateFault(keyRevoked, status, rq.endpoint.suspended); f != nil {
		return f, nil
	}
	fresh, err := v.rememberNonce(ctx, q, rq)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return refuse(http.StatusUnauthorized, codeReplayedNonce, "a request with this nonce was already received").
			withHint("sign every request anew, retries too"), nil
	}
	now := micros(v.now())
	// Once a minute is exact enough, and spares most requests the write.
	if err := q.exec(ctx, "UPDATE agents SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)",
		now, rq.who.agentID, now-time.Minute.Microseconds()); err != nil {
		return nil, err
	}
	return checkConstraints(rq), nil
}

func stateFault(keyRevoked bool, status string, suspendedAllowed bool) *fault {
	switch {
	case keyRevoked:
		return refuse(http.StatusUnauthorized, codeKeyRevoked, "the API key was revoked").withHint("ask the operator for a new key")
	case suspendedAllowed:
	case status == string(AgentInactive):
		return refuse(http.StatusUnauthorized, codeAgentInactive, "the agent is suspended").withHint("ask the operator to resume it")
	case status == string(AgentRevoked):
		return refuse(http.StatusUnauthorized, codeAgentRevoked, "the agent was revoked")
	}
	return nil
}

func (v *Vault) rememberNonce(ctx context.Context, q *statements, rq *request) (fresh bool, err error) {
	now := v.now().Unix()
	if due := v.nextPurge.Load(); now >= due {
		v.nextPurge.Store(now + 30)
		if err := q.exec(ctx, "DELETE FROM nonces WHERE expires_at < ?", now); err != nil {
			return false, err
		}
	}
	sent, _ := wire.ParseTimestamp(rq.signed.Timestamp)
	// Past this second the timestamp alone refuses the request.
	expires := sent.Add(signatureWindow).Unix() + 1
	n, err := q.execCount(ctx, "INSERT OR IGNORE INTO nonces (key_id, nonce, expires_at) VALUES (?, ?, ?)",
		rq.who.keyID, rq.signed.Nonce, expires)
	return n == 1, err
}

// checkConstraints honours what a constrained client gave up. A rule that this
// vault cannot evaluate closes the call endpoints: ignoring it would widen what
// the client had narrowed.
func checkConstraints(rq *request) *fault {
	if rq.signed.RequestRule != "" && rq.endpoint.mode != "" {
		return refuse(http.StatusBadRequest, codeRuleUnsupported, "this vault does not evaluate request rules yet, so it refuses calls that carry one")
	}
	need := rq.endpoint.scope
	if rq.signed.Scopes == "" || need == "" {
		return nil
	}
	granted := strings.Split(rq.signed.Scopes, ",")
	if slices.Contains(granted, need) {
		return nil
	}
	return refuse(http.StatusForbidden, codeInsufficientScope, "the client's own scope constraints do not include what this endpoint needs").
		with("required", []string{need}).with("granted", granted).with("missing", []string{need})
}

// strangerLimit bounds how many refusals of unknown keys reach the audit trail:
// whoever can connect could otherwise fill the disk. Refusals beyond it are
// only logged.
type strangerLimit struct {
	mu    sync.Mutex
	hour  int64
	count int
}

const strangersPerHour = 1000

func (l *strangerLimit) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if hour := now.Unix() / 3600; hour != l.hour {
		l.hour, l.count = hour, 0
	}
	l.count++
	return l.count <= strangersPerHour
}
