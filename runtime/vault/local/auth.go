package local

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
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
	keyID string
	kind  wire.KeyKind

	// appID is the key's app, or that of the key's agent; "" in a vault without
	// apps.
	appID string

	// agentID is the agent that the key is of, or that an app's key names as
	// caller (impersonation).
	agentID, agentName string

	own bool // the key is the agent's own
}

// isApp reports whether an app's key was used, impersonating or not.
func (p principal) isApp() bool { return p.keyID != "" && !p.own }

// ownKey reports whether an agent's own key was used.
func (p principal) ownKey() bool { return p.own }

// owner names whose calls the key may report on: an app's key acts for many
// agents, and the report of a call may name another caller than the call did.
func (p principal) owner() string {
	switch {
	case p.own:
		return "agent:" + p.agentID
	case p.keyID != "":
		return "app:" + p.appID
	}
	return ""
}

// keyRow is a stored key. Unknown keys leave all of it empty.
type keyRow struct {
	principal
	signing sealed
}

const selectKey = `SELECT k.id, k.kind, coalesce(k.app_id, a.app_id, ''), coalesce(k.agent_id, ''), coalesce(a.name, ''), k.agent_id IS NOT NULL, k.data_key, k.signing_key
FROM api_keys k LEFT JOIN agents a ON a.id = k.agent_id WHERE k.lookup = ?`

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
			[]any{&row.keyID, &row.kind, &row.appID, &row.agentID, &row.agentName, &row.own, &row.signing.dataKey, &row.signing.text})
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return invalidKey()
	case err != nil:
		return v.broken(ctx, rq, err)
	}
	rq.who = row.principal
	if f := v.limiter.principal(rq, v.now()); f != nil {
		return f
	}
	v.saveQuotas()
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
	return v.checkCaller(ctx, rq)
}

func invalidKey() *fault {
	return refuse(http.StatusUnauthorized, codeInvalidKey, "the API key is not one of this vault").
		withHint("send a key that this vault issued in the x-api-key header")
}

// checkCaller reads the caller header. With an agent's own key it is a label
// and must not name another agent: the key is the identity, and a trail that
// shows a different one would mislead. With an app's key the ID of an agent of
// the app means that the app acts as this agent.
func (v *Vault) checkCaller(ctx context.Context, rq *request) *fault {
	caller := rq.signed.Caller
	switch {
	case caller == "":
		return nil
	case wire.CheckCaller(caller) != nil:
		return refuse(http.StatusBadRequest, codeInvalidRequest, "the caller header is longer than 255 characters or not printable ASCII")
	case !wire.IsUUID(caller) || strings.EqualFold(caller, rq.who.agentID):
		return nil
	case rq.who.own:
		return refuse(http.StatusBadRequest, codeCallerMismatch, "the caller header names another agent than the API key belongs to")
	}
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, "SELECT id, name FROM agents WHERE id = ? AND app_id = ?", []any{strings.ToLower(caller), rq.who.appID},
			[]any{&rq.who.agentID, &rq.who.agentName})
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return unresolvedAgent()
	case err != nil:
		return v.broken(ctx, rq, err)
	}
	return nil
}

func unresolvedAgent() *fault {
	return refuse(http.StatusNotFound, codeUnresolvedAgent, "the caller header names no active agent of this app").
		withHint("name an agent that exists and is not revoked, or a caller that is no UUID")
}

// actorID is the stable ID of a named caller of this key's agent or app. A
// caller that is an agent needs none. It is derived, so that naming callers
// fills no table. What the client sends as its actor ID is signed and otherwise
// ignored: it only ever repeats this value.
func (v *Vault) actorID(rq *request) string {
	caller := rq.signed.Caller
	if rq.who.keyID == "" || caller == "" || wire.IsUUID(caller) {
		return ""
	}
	owner := rq.who.agentID
	if owner == "" {
		owner = rq.who.appID
	}
	var b [16]byte
	copy(b[:], keyedHash(v.indexKey, "actor", owner, caller, rq.signed.CallerType))
	return formatUUID(b, 8) // version 8: made by the vault's own rule
}

// admit decides, inside the transaction that goes on to act, whether an
// authenticated request may be served at all. The nonce comes after the key's
// state, so that a refused key cannot fill the table.
func (v *Vault) admit(ctx context.Context, q *statements, rq *request) (*fault, error) {
	state, err := readKeyState(ctx, q, rq.who)
	if err != nil {
		return nil, err
	}
	rq.deprecated.Store(state.deprecated)
	if f := state.fault(rq, v.now()); f != nil {
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
	if err := v.touch(ctx, q, rq.who, &state); err != nil {
		return nil, err
	}
	if f := checkCallerRule(rq); f != nil {
		return f, nil
	}
	if f := rq.readRule(); f != nil {
		return f, nil
	}
	return checkScopes(rq, state.scopes), nil
}

// callerRule says whose key an endpoint takes.
type callerRule uint8

const (
	anyone    callerRule = iota
	appOnly              // an app's key
	agentOnly            // an agent's own key, or an app's key that names an agent
)

func checkCallerRule(rq *request) *fault {
	e := rq.endpoint
	switch {
	case e.caller == appOnly && rq.who.own:
		return refuse(http.StatusForbidden, cmp.Or(e.callerCode, codeAppKeyRequired), "this endpoint takes an app's key, not an agent's own").
			withHint("call it with the app's key")
	case e.caller == agentOnly && rq.who.agentID == "":
		return refuse(http.StatusForbidden, cmp.Or(e.callerCode, codeAgentKeyNeeded), "this endpoint takes an agent's key, or an app's key that names one of its agents as caller")
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
