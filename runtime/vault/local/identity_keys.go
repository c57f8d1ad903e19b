package local

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"database/sql"
	"net/http"
	"slices"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/assertion"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	// identityCached is how long others may keep the public keys.
	identityCached = 5 * time.Minute
	// identityLead is how long a new key is published before it signs: whoever
	// fetched the keys a moment before has fetched them again by then, also from
	// another process on this folder, which looks every identityFresh.
	identityLead  = identityCached + time.Minute
	identityFresh = 10 * time.Second
	// identityTail is how long a key is published after its last signature: the
	// longest life of an assertion, and what clocks may differ.
	identityTail = 5*time.Minute + time.Minute
)

// IdentitySigner is a key that signs identity assertions, or will, or did. It
// does not hold the key.
type IdentitySigner struct {
	ID                   string // kid in assertions and in the key set
	CreatedAt, SignsFrom time.Time
	RetiresAt            time.Time // when it leaves the key set; zero = not planned
}

// identityKey is a stored key.
type identityKey struct {
	rowID              string
	private            *ecdsa.PrivateKey
	created, signsFrom int64
	retires            sql.NullInt64
}

func (k *identityKey) jwk() (assertion.JWK, error) { return assertion.NewJWK(&k.private.PublicKey) }

func (k *identityKey) signer() (IdentitySigner, error) {
	jwk, err := k.jwk()
	return IdentitySigner{
		ID: jwk.KeyID, CreatedAt: time.UnixMicro(k.created).UTC(), SignsFrom: time.UnixMicro(k.signsFrom).UTC(), RetiresAt: fromMicros(k.retires),
	}, err
}

// RotateIdentityKey makes a new key that signs identity assertions. Both keys
// are in the key set while somebody may need them: the new one signs six minutes
// from now, once everybody who keeps the set has fetched it, and the old one
// leaves six minutes later, when the last assertion that it signed is over.
//
// With atOnce the new key signs from now on and all others leave the set: for a
// key that somebody else may have. Assertions that are under way are then
// refused by who fetches the set, and new ones by who still keeps the old set,
// for up to five minutes.
func (v *Vault) RotateIdentityKey(ctx context.Context, atOnce bool) (*IdentitySigner, error) {
	var out IdentitySigner
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		now := v.now()
		from, leave, how := now.Add(identityLead), now.Add(identityLead+identityTail), ""
		if atOnce {
			from, leave, how = now, now, "at_once"
		}
		if _, err := v.signingIdentity(ctx, q); err != nil { // so that there is an old one
			return err
		}
		err := q.exec(ctx, "UPDATE identity_keys SET retires_at = min(coalesce(retires_at, ?1), ?1)", micros(leave))
		if err == nil {
			err = q.exec(ctx, "DELETE FROM identity_keys WHERE retires_at <= ?", micros(now))
		}
		if err != nil {
			return err
		}
		key, err := v.makeIdentity(ctx, q, from)
		if err == nil {
			out, err = key.signer()
		}
		if err != nil {
			return err
		}
		return v.record(ctx, q, Event{Action: "identity_key.rotated", Target: "identity_key", TargetID: out.ID, Details: map[string]string{"how": how}})
	})
	if err != nil {
		return nil, operatorError("rotating the identity key", err)
	}
	v.identitySet.Store(nil)
	return &out, nil
}

// IdentitySigners lists the keys that are in the key set, oldest first.
func (v *Vault) IdentitySigners(ctx context.Context) ([]IdentitySigner, error) {
	keys, err := v.publishedIdentities(ctx)
	var out []IdentitySigner
	for i := range keys {
		var s IdentitySigner
		if err == nil {
			s, err = keys[i].signer()
			out = append(out, s)
		}
	}
	return out, operatorError("reading the identity keys", err)
}

// IdentityKeys returns the JSON Web Key Set that verifies the identity
// assertions of this vault, as /.well-known/alter-identity-jwks.json serves it.
// After a rotation it has the old and the new key for a while.
func (v *Vault) IdentityKeys(ctx context.Context) ([]byte, error) {
	keys, err := v.publishedIdentities(ctx)
	var list []assertion.JWK
	for i := range keys {
		var k assertion.JWK
		if err == nil {
			k, err = keys[i].jwk()
			list = append(list, k)
		}
	}
	var set []byte
	if err == nil {
		set, err = assertion.MarshalSet(list...)
	}
	return set, operatorError("reading the identity keys", err)
}

// publishedIdentities reads the keys of the set, and makes the first one.
func (v *Vault) publishedIdentities(ctx context.Context) (keys []identityKey, err error) {
	read := func(ctx context.Context, q *statements) error {
		keys, err = v.identities(ctx, q)
		return err
	}
	if err = v.store.read(ctx, read); err != nil || len(keys) > 0 {
		return keys, err
	}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		if _, err := v.signingIdentity(ctx, q); err != nil {
			return err
		}
		return read(ctx, q)
	})
	return keys, err
}

func (v *Vault) identities(ctx context.Context, q *statements) (keys []identityKey, err error) {
	err = q.each(ctx, "SELECT id, data_key, secret, created_at, signs_at, retires_at FROM identity_keys WHERE retires_at IS NULL OR retires_at > ? ORDER BY signs_at, created_at",
		[]any{micros(v.now())}, func(rows *sql.Rows) error {
			var k identityKey
			var s sealed
			if err := rows.Scan(&k.rowID, &s.dataKey, &s.text, &k.created, &k.signsFrom, &k.retires); err != nil {
				return err
			}
			raw, err := v.seal.open(kindVault, k.rowID, fieldIdentityKey, s)
			if err != nil {
				return err
			}
			defer clear(raw)
			k.private, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
			keys = append(keys, k)
			return err
		})
	return keys, err
}

// signingIdentity is the key that signs now. The first one is made at first use.
func (v *Vault) signingIdentity(ctx context.Context, q *statements) (*ecdsa.PrivateKey, error) {
	keys, err := v.identities(ctx, q)
	if err != nil {
		return nil, err
	}
	now := micros(v.now())
	for _, k := range slices.Backward(keys) {
		if k.signsFrom <= now {
			return k.private, nil
		}
	}
	k, err := v.makeIdentity(ctx, q, v.now())
	if err != nil {
		return nil, err
	}
	return k.private, nil
}

func (v *Vault) makeIdentity(ctx context.Context, q *statements, signsFrom time.Time) (*identityKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	k := identityKey{rowID: newID(), private: key, created: micros(v.now()), signsFrom: micros(signsFrom)}
	s, err := v.seal.seal(kindVault, k.rowID, fieldIdentityKey, raw)
	if err != nil {
		return nil, err
	}
	return &k, q.exec(ctx, "INSERT INTO identity_keys (id, data_key, secret, created_at, signs_at) VALUES (?,?,?,?,?)", k.rowID, s.dataKey, s.text, k.created, k.signsFrom)
}

// identitySet is a key set in memory, read at a time.
type identitySet struct {
	text []byte
	at   time.Time
}

// serveIdentityKeys serves the public keys, to everybody and unsigned. It
// reports whether the path was theirs. The set is kept in memory for a moment,
// so that strangers cause no work.
func (v *Vault) serveIdentityKeys(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.EscapedPath() != wire.PathIdentityJWKS {
		return false
	}
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		refuse(http.StatusMethodNotAllowed, codeNotFound, "this path does not take that method").answer().write(w)
		return true
	}
	now := v.now()
	set := v.identitySet.Load()
	if set == nil || now.Sub(set.at).Abs() >= identityFresh {
		made, err := v.IdentityKeys(r.Context())
		if err != nil {
			internalFault().answer().write(w)
			return true
		}
		set = &identitySet{made, now}
		v.identitySet.Store(set)
	}
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Cache-Control", "public, max-age=300")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(set.text) // the client has gone
	}
	return true
}
