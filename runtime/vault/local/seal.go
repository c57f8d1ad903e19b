package local

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Fields that are sealed. Each is part of the associated data, so that a
// ciphertext moved to another owner or column does not open.
const (
	fieldDataKey     = "data_key"
	fieldCredential  = "credential"
	fieldSigningKey  = "signing_key"
	fieldIndexKey    = "index_key"
	fieldIdentityKey = "identity_key"

	kindGrant = "grant"
	kindKey   = "agent_key"
	kindVault = "vault"
)

var errSeal = errors.New("local: a sealed value does not open: the master key is not the one of this vault, or the database was altered")

// sealer is the key hierarchy: master key, wrapped data keys, sealed values.
// XChaCha20-Poly1305 throughout, because its 192-bit nonces may be random for
// any number of values under one key.
type sealer struct{ master tink.AEAD }

func newSealer(key []byte) (sealer, error) {
	if len(key) != masterKeySize {
		return sealer{}, fmt.Errorf("local: the master key has %d bytes, want %d", len(key), masterKeySize)
	}
	a, err := subtle.NewXChaCha20Poly1305(key)
	if err != nil {
		return sealer{}, fmt.Errorf("local: master key: %w", err)
	}
	return sealer{master: a}, nil
}

// Format keeps every verb away from the key.
func (sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// sealed is one secret at rest: its data key, wrapped, and the ciphertext.
type sealed struct{ dataKey, text []byte }

func associated(kind, owner, field string) []byte {
	return []byte("grantwire/local/v1\x00" + kind + "\x00" + owner + "\x00" + field)
}

func (s sealer) seal(kind, owner, field string, plain []byte) (sealed, error) {
	key := make([]byte, masterKeySize)
	_, _ = rand.Read(key) // never fails
	defer clear(key)
	a, err := subtle.NewXChaCha20Poly1305(key)
	if err != nil {
		return sealed{}, fmt.Errorf("local: data key: %w", err)
	}
	text, err := a.Encrypt(plain, associated(kind, owner, field))
	if err != nil {
		return sealed{}, fmt.Errorf("local: sealing %s: %w", field, err)
	}
	wrapped, err := s.master.Encrypt(key, associated(kind, owner, fieldDataKey))
	if err != nil {
		return sealed{}, fmt.Errorf("local: wrapping a data key: %w", err)
	}
	return sealed{dataKey: wrapped, text: text}, nil
}

// open returns the secret; the caller clears it. The error never tells the
// causes apart, and holds nothing of the value.
func (s sealer) open(kind, owner, field string, v sealed) ([]byte, error) {
	key, err := s.master.Decrypt(v.dataKey, associated(kind, owner, fieldDataKey))
	if err != nil {
		return nil, errSeal
	}
	defer clear(key)
	a, err := subtle.NewXChaCha20Poly1305(key)
	if err != nil {
		return nil, errSeal
	}
	plain, err := a.Decrypt(v.text, associated(kind, owner, field))
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}

// keyedHash is HMAC-SHA256 under the vault's index key. Without that key (it is
// sealed too) nobody can test a guess against the stored hashes.
func keyedHash(indexKey []byte, purpose string, parts ...string) []byte {
	mac := hmac.New(sha256.New, indexKey)
	mac.Write([]byte(purpose))
	for _, p := range parts {
		mac.Write([]byte{0})
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}
