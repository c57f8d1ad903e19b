package assertion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// JWK is a public key of a key set.
type JWK struct {
	Type       string         `json:"kty"`
	Curve      string         `json:"crv,omitzero"`
	X          string         `json:"x,omitzero"`
	Y          string         `json:"y,omitzero"`
	KeyID      string         `json:"kid,omitzero"`
	Algorithm  *string        `json:"alg,omitzero"`
	Use        *string        `json:"use,omitzero"`
	Operations []string       `json:"key_ops,omitzero"`
	Private    jsontext.Value `json:"d,omitzero"`
}

type keySet struct {
	Keys []jsontext.Value `json:"keys"`
}

var errKey = errors.New("assertion: not one public P-256 key for ES256")

// NewJWK describes a public key. Its ID is the thumbprint of RFC 7638.
func NewJWK(key *ecdsa.PublicKey) (JWK, error) {
	point, err := key.Bytes()
	if err != nil || key.Curve != elliptic.P256() {
		return JWK{}, errKey
	}
	alg, use := algorithm, "sig"
	k := JWK{Type: "EC", Curve: "P-256", X: encode(point[1 : 1+half]), Y: encode(point[1+half:]), Algorithm: &alg, Use: &use}
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`))
	k.KeyID = encode(sum[:])
	return k, nil
}

// MarshalSet returns a key set.
func MarshalSet(keys ...JWK) ([]byte, error) {
	return json.Marshal(map[string]any{"keys": keys})
}

// pick finds the one key with an ID and checks that it is for ES256. Keys with
// other IDs may be of any kind.
func pick(set []byte, id string) (*ecdsa.PublicKey, error) {
	var s keySet
	if err := json.Unmarshal(set, &s); err != nil {
		return nil, errKey
	}
	var found []jsontext.Value
	for _, raw := range s.Keys {
		var named struct {
			KeyID jsontext.Value `json:"kid"`
		}
		if json.Unmarshal(raw, &named) == nil && slices.Contains(texts(named.KeyID), id) && named.KeyID.Kind() == '"' {
			found = append(found, raw)
		}
	}
	if len(found) != 1 {
		return nil, errKey
	}
	var k JWK
	if err := json.Unmarshal(found[0], &k); err != nil {
		return nil, errKey
	}
	return k.public()
}

func (k *JWK) public() (*ecdsa.PublicKey, error) {
	x, y := decode(k.X), decode(k.Y)
	switch {
	case k.Type != "EC" || k.Curve != "P-256" || len(x) != half || len(y) != half || k.Private != nil,
		k.Algorithm != nil && *k.Algorithm != algorithm, k.Use != nil && *k.Use != "sig",
		k.Operations != nil && !slices.Contains(k.Operations, "verify"):
		return nil, errKey
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y)) // checks the curve
}
