package wire

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"strings"
)

// KeyKind says what an API key belongs to.
type KeyKind string

// The kinds of keys. Only the first four carry a checksum.
const (
	KeyRuntime KeyKind = "rk"  // an application
	KeyAgent   KeyKind = "ak"  // agent-typed, but of no managed agent
	KeyDerived KeyKind = "dk"  // derived from another key
	KeyPublic  KeyKind = "pk"  // accepted, otherwise unused
	KeyManaged KeyKind = "key" // a managed agent's own key, alter_key_…
)

const (
	keyPrefix     = "alter_"
	managedPrefix = "alter_key_"
	managedLen    = 40
	randomLen     = 22
	checksumLen   = 6
	keyAlphabet   = "abcdefghijklmnopqrstuvwxyz234567"
)

// ParseKey tells the kind of an API key. ok is false for anything that is not
// a whole, well-formed key with the right checksum; nothing is trimmed and
// case counts.
func ParseKey(key string) (kind KeyKind, ok bool) {
	if rest, found := strings.CutPrefix(key, managedPrefix); found {
		return KeyManaged, len(rest) == managedLen && onlyFrom(rest, isManagedByte)
	}
	rest, found := strings.CutPrefix(key, keyPrefix)
	if !found {
		return "", false
	}
	parts := strings.Split(rest, "_")
	if len(parts) != 3 {
		return "", false
	}
	kind = KeyKind(parts[0])
	switch kind {
	case KeyRuntime, KeyAgent, KeyDerived, KeyPublic:
	default:
		return "", false
	}
	random, sum := parts[1], parts[2]
	if len(random) != randomLen || !onlyFrom(random, isKeyByte) {
		return "", false
	}
	return kind, sum == Checksum(kind, random)
}

// ValidKey reports whether ParseKey accepts the key.
func ValidKey(key string) bool {
	_, ok := ParseKey(key)
	return ok
}

// Checksum returns the six characters that end a key of the given kind: the
// low 30 bits of a CRC-32 over "kind:random", least significant group first.
func Checksum(kind KeyKind, random string) string {
	crc := crc32.ChecksumIEEE([]byte(string(kind) + ":" + random))
	var out [checksumLen]byte
	for i := range out {
		out[i] = keyAlphabet[(crc>>(5*i))&31]
	}
	return string(out[:])
}

// NewManagedKey returns a fresh key for a managed agent.
func NewManagedKey() string {
	var raw [managedLen * 6 / 8]byte
	rand.Read(raw[:]) // never fails
	return managedPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
}

// NewScopedKey returns a fresh key of one of the checksummed kinds.
func NewScopedKey(kind KeyKind) string {
	raw := make([]byte, randomLen)
	rand.Read(raw)
	for i, b := range raw {
		raw[i] = keyAlphabet[b&31]
	}
	random := string(raw)
	return keyPrefix + string(kind) + "_" + random + "_" + Checksum(kind, random)
}

// SigningKey derives the 32 bytes that requests are signed with.
func SigningKey(apiKey string) []byte {
	mac := hmac.New(sha256.New, []byte(apiKey))
	mac.Write([]byte("alter-signing-v1"))
	return mac.Sum(nil)
}

func onlyFrom(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isKeyByte(c byte) bool { return 'a' <= c && c <= 'z' || '2' <= c && c <= '7' }

func isManagedByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
