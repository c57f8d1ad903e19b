package vault

import (
	"context"
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Keys manages API keys; the Keys method of an [App] or [Agent] makes one. An
// agent's key may manage the keys of its own agent only.
type Keys struct{ c *client }

// Keys returns the namespace that manages API keys.
func (c *client) Keys() Keys { return Keys{c} }

// KeyParams describes a key that is derived from the caller's own. What it asks
// for must be within that key's scopes, life and networks.
type KeyParams struct {
	Scopes    []string      // required; keys:derive is refused
	ExpiresIn time.Duration // required, whole seconds
	CIDRs     []string      // networks that may use it; nil means the caller's
	Name      string        // "" lets the vault choose
	Metadata  map[string]any
}

// APIKey is what the vault tells about a key.
type APIKey struct {
	ID                    string
	Name                  string
	KeyPrefix             string
	KeyType               string // "rk", "ak", "dk" or "pk"
	Scopes                []string
	ScopeVersion          int64
	CIDRs                 []string // nil: usable from everywhere
	RateLimitRPM          *int64   // calls a minute; nil: no limit of its own
	EffectiveRateLimitRPM *int64   // nil when the vault did not say
	RateLimitSource       string   // "key", "organization", "platform_default", …
	ExpiresAt             *time.Time
	DeprecatedAt          *time.Time
	RevokedAt             *time.Time
	ParentKeyID           string // of the key that it was derived from, or ""
	CreatedAt             time.Time
	LastUsedAt            *time.Time
}

// Status returns "revoked", "rotated" or "active".
func (k APIKey) Status() string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.DeprecatedAt != nil:
		return "rotated"
	}
	return "active"
}

// NewAPIKey is a key that was just made.
type NewAPIKey struct {
	APIKey

	Key Secret // shown once
}

// Derive makes a short-lived key with less power than the caller's own.
func (s Keys) Derive(ctx context.Context, p KeyParams) (*NewAPIKey, error) {
	metadata, err := wire.Object(anyMap(p.Metadata))
	if err != nil {
		return nil, invalid("metadata", "cannot be written as JSON")
	}
	if p.ExpiresIn%time.Second != 0 {
		return nil, invalid("expires in", "is not in whole seconds")
	}
	body := wire.KeyDerive{
		Scopes: p.Scopes, ExpiresIn: int64(p.ExpiresIn / time.Second), CIDRs: p.CIDRs, Name: p.Name, Metadata: metadata,
	}
	if err := body.Check(); err != nil {
		return nil, invalid("key", err.Error())
	}
	return s.mint(ctx, wire.PathKeysDerive, body.Marshal())
}

// Rotate makes a successor of a key. Both work for overlapDays (0 to 30; seven
// is usual), then the old one is refused ([ErrKeyRotationExpired]).
func (s Keys) Rotate(ctx context.Context, keyID string, overlapDays int) (*NewAPIKey, error) {
	if fault := checkID("key", keyID); fault != nil {
		return nil, fault
	}
	if overlapDays < 0 || overlapDays > wire.MaxOverlapDays {
		return nil, invalid("overlap days", "is not 0 to 30")
	}
	return s.mint(ctx, wire.PathKeyRotate(keyID), wire.MarshalKeyRotate(overlapDays))
}

func (s Keys) mint(ctx context.Context, path string, body []byte) (*NewAPIKey, error) {
	k, err := send(ctx, s.c, ask{method: http.MethodPost, path: path, body: body, surface: surfaceKeys, traced: true}, wire.ParseMintedKey)
	if err != nil {
		return nil, err
	}
	return &NewAPIKey{APIKey(k.APIKeyInfo), newSecret(k.APIKey)}, nil
}

// Revoke ends a key and those derived from it. The last one of its owner needs
// force, else it is an [ErrLastActiveKey]. Unlike the official client, errors
// about keys have their own kinds here as in [Agents].
func (s Keys) Revoke(ctx context.Context, keyID string, force bool) (*APIKey, error) {
	if fault := checkID("key", keyID); fault != nil {
		return nil, fault
	}
	k, err := send(ctx, s.c, ask{
		method: http.MethodDelete, path: wire.PathKey(keyID) + wire.ForceQuery(force), surface: surfaceKeys, traced: true,
	}, wire.ParseAPIKeyInfo)
	if err != nil {
		return nil, err
	}
	return new(APIKey(k)), nil
}
