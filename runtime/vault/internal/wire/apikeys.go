package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// KeyDerive is the body of POST /sdk/keys/derive.
//
// Client and vault differ: the client checks the shape ([KeyDerive.Check]); that
// scopes, life and networks stay within the caller's own is the vault's rule.
type KeyDerive struct {
	Scopes    []string
	ExpiresIn int64    // seconds
	CIDRs     []string // this and the following are left out when nil or ""
	Name      string
	Metadata  jsontext.Value
}

// Check applies the rules that both sides have.
func (r KeyDerive) Check() error {
	if len(r.Scopes) == 0 {
		return errors.New("names no scope")
	}
	for _, s := range r.Scopes {
		if s == "" {
			return errors.New("has an empty scope")
		}
		if s == "keys:derive" {
			return errors.New("asks for keys:derive, which a derived key cannot have")
		}
	}
	if r.ExpiresIn <= 0 {
		return errors.New("has no lifetime of at least a second")
	}
	return nil
}

// Marshal returns the body in the protocol's order.
func (r KeyDerive) Marshal() []byte {
	var o object
	o.list("scopes", r.Scopes)
	o.num("expires_in", r.ExpiresIn)
	o.optList("cidr_allowlist", r.CIDRs)
	o.optStr("name", r.Name)
	o.optRaw("metadata", r.Metadata)
	return o.bytes()
}

// ParseKeyDerive reads the body on the vault's side; Check is separate.
func ParseKeyDerive(body []byte) (KeyDerive, error) {
	r := newReader("", body)
	d := KeyDerive{
		Scopes: r.list("scopes"), ExpiresIn: r.num("expires_in"), CIDRs: r.optList("cidr_allowlist"),
		Name: r.optStr("name"), Metadata: r.optObject("metadata"),
	}
	return d, r.requestErr()
}

// MaxOverlapDays is the longest time that a rotated key goes on working; seven
// days is the default.
const MaxOverlapDays = 30

// MarshalKeyRotate returns the body of POST /sdk/keys/{id}/rotate.
func MarshalKeyRotate(overlapDays int) []byte {
	var o object
	o.num("overlap_days", int64(overlapDays))
	return o.bytes()
}

// ParseKeyRotate reads the body on the vault's side.
func ParseKeyRotate(body []byte) (overlapDays int, err error) {
	r := newReader("", body)
	n := r.num("overlap_days")
	r.check(n >= 0 && n <= MaxOverlapDays, "overlap_days")
	return int(n), r.requestErr()
}

// APIKeyInfo is what the vault tells about an API key.
type APIKeyInfo struct {
	ID                    string
	Name                  string
	KeyPrefix             string
	KeyType               string // "rk", "ak", "dk" or "pk"
	Scopes                []string
	ScopeVersion          int64
	CIDRs                 []string // nil: no restriction
	RateLimitRPM          *int64   // nil: no limit of its own
	EffectiveRateLimitRPM *int64   // with RateLimitSource, or neither
	RateLimitSource       string   // "key", "organization", "platform_default", …
	ExpiresAt             *time.Time
	DeprecatedAt          *time.Time
	RevokedAt             *time.Time
	ParentKeyID           string
	CreatedAt             time.Time
	LastUsedAt            *time.Time
}

func (k APIKeyInfo) write(o *object) {
	o.str("id", k.ID)
	o.str("name", k.Name)
	o.str("key_prefix", k.KeyPrefix)
	o.str("key_type", k.KeyType)
	o.list("scopes", k.Scopes)
	o.num("scope_version", k.ScopeVersion)
	o.nullList("cidr_allowlist", k.CIDRs)
	o.nullNum("rate_limit_rpm", k.RateLimitRPM)
	if k.EffectiveRateLimitRPM != nil && k.RateLimitSource != "" {
		o.num("effective_rate_limit_rpm", *k.EffectiveRateLimitRPM)
		o.str("rate_limit_source", k.RateLimitSource)
	}
	o.nullTime("expires_at", k.ExpiresAt)
	o.nullTime("deprecated_at", k.DeprecatedAt)
	o.nullTime("revoked_at", k.RevokedAt)
	o.orNull("parent_key_id", k.ParentKeyID)
	o.time("created_at", k.CreatedAt)
	o.nullTime("last_used_at", k.LastUsedAt)
}

// Marshal returns the answer of DELETE /sdk/keys/{id}.
func (k APIKeyInfo) Marshal() []byte {
	var o object
	k.write(&o)
	return o.bytes()
}

func (r *reader) apiKey() APIKeyInfo {
	k := APIKeyInfo{
		ID: r.uuid("id"), Name: r.str("name"), KeyPrefix: r.str("key_prefix"),
		KeyType: r.oneOf("key_type", "rk", "ak", "dk", "pk"), Scopes: r.list("scopes"), ScopeVersion: r.num("scope_version"),
		CIDRs: r.optList("cidr_allowlist"), RateLimitRPM: r.optNum("rate_limit_rpm"),
		EffectiveRateLimitRPM: r.optNum("effective_rate_limit_rpm"), RateLimitSource: r.optStr("rate_limit_source"),
		ExpiresAt: r.optTime("expires_at"), DeprecatedAt: r.optTime("deprecated_at"), RevokedAt: r.optTime("revoked_at"),
		ParentKeyID: r.optUUID("parent_key_id"), CreatedAt: r.time("created_at"), LastUsedAt: r.optTime("last_used_at"),
	}
	r.check(r.given("effective_rate_limit_rpm") == r.given("rate_limit_source"), "rate_limit_source")
	return k
}

// ParseAPIKeyInfo reads the answer of DELETE /sdk/keys/{id}.
func ParseAPIKeyInfo(body []byte) (APIKeyInfo, error) {
	r := newReader("the key", body)
	return r.apiKey(), r.err()
}

// MintedKey is the answer of deriving and rotating. It holds a secret.
type MintedKey struct {
	APIKeyInfo
	APIKey string
}

// Format prints a fixed text for every verb.
func (k MintedKey) Format(w fmt.State, _ rune) { hide(w, "wire.MintedKey") }

// LogValue logs a fixed text.
func (k MintedKey) LogValue() slog.Value { return hidden("wire.MintedKey") }

// MarshalJSON writes a fixed text; Marshal is what makes the answer.
func (k MintedKey) MarshalJSON() ([]byte, error) { return []byte(`"wire.MintedKey(hidden)"`), nil }

// Marshal returns the answer.
func (k MintedKey) Marshal() []byte {
	var o object
	k.write(&o)
	o.str("api_key", k.APIKey)
	return o.bytes()
}

// ParseMintedKey reads the answer of deriving and rotating.
func ParseMintedKey(body []byte) (MintedKey, error) {
	r := newReader("the new key", body)
	return MintedKey{r.apiKey(), r.text("api_key")}, r.err()
}

// CheckID refuses an ID that is blank.
func CheckID(id string) error {
	if strings.TrimSpace(id) == "" {
		return errors.New("is empty")
	}
	return nil
}
