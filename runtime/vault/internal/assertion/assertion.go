// Package assertion makes and verifies identity assertions: short-lived JWTs
// (ES256) with which a vault vouches for an app, and a user and an agent of it.
// It reads no clock and opens no connection.
//
// The rules are narrower than those of a JOSE library: one algorithm, one type,
// one curve, and a key set in which the token's kid names exactly one key. What
// is left of JOSE is base64url, JSON and crypto/ecdsa.
package assertion

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	algorithm = "ES256"
	tokenType = "alter-identity+jwt"
	half      = 32 // bytes of r and s, and of a coordinate

	userPrefix  = "alter:user:"
	appPrefix   = "alter:app:"
	agentPrefix = "alter:agent:"

	// maxToken bounds what is decoded before the signature is checked.
	maxToken = 16 << 10
	maxLife  = 300
	// slack is how far the issuer's clock may be ahead.
	slack = 5
)

// Reason says which group of rules an assertion breaks; "" is none.
type Reason string

// The reasons.
const (
	Malformed Reason = "malformed" // not three parts of base64url with JSON
	Header    Reason = "header"    // another algorithm or type, or a header that is not understood
	Key       Reason = "key"       // the key set does not have exactly one fitting key
	Signature Reason = "signature"
	Lifetime  Reason = "lifetime" // not yet valid, over, or too long
	BadClaims Reason = "claims"   // a claim is missing or of the wrong type
	Binding   Reason = "binding"  // for another issuer, audience, app or agent
)

// Claims are what an assertion says.
type Claims struct {
	Issuer, Audience    string
	AppID               string
	UserID, AgentID     string // "" = none
	AgentAuth           string // how the agent proved itself; required with an agent
	ID                  string
	IssuedAt, ExpiresAt time.Time // whole seconds
}

type header struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Type      string         `json:"typ"`
	Critical  jsontext.Value `json:"crit,omitzero"`
	Encoded   *bool          `json:"b64,omitzero"`
}

type actor struct {
	Subject string `json:"sub"`
}

type vouched struct {
	AppID     string `json:"app_id"`
	AgentAuth string `json:"agent_auth,omitzero"`
}

type body struct {
	Issuer    *string        `json:"iss"`
	Audience  jsontext.Value `json:"aud"`
	Subject   *string        `json:"sub"`
	IssuedAt  jsontext.Value `json:"iat"`
	Expires   jsontext.Value `json:"exp"`
	NotBefore jsontext.Value `json:"nbf,omitzero"`
	ID        *string        `json:"jti"`
	Party     *string        `json:"azp"`
	Actor     *actor         `json:"act,omitzero"`
	Vault     *vouched       `json:"alter"`
}

// Sign makes the token.
func Sign(key *ecdsa.PrivateKey, c Claims) (string, error) {
	if c.AppID == "" || c.AgentID != "" && c.AgentAuth == "" || c.ExpiresAt.Sub(c.IssuedAt) > maxLife*time.Second {
		return "", errors.New("assertion: the claims are not complete")
	}
	jwk, err := NewJWK(&key.PublicKey)
	if err != nil {
		return "", err
	}
	subject := appPrefix + c.AppID
	if c.UserID != "" {
		subject = userPrefix + c.UserID
	}
	b := body{
		Issuer: &c.Issuer, Audience: quoted(c.Audience), Subject: &subject, IssuedAt: number(c.IssuedAt), Expires: number(c.ExpiresAt),
		ID: &c.ID, Party: &c.AppID, Vault: &vouched{AppID: c.AppID, AgentAuth: c.AgentAuth},
	}
	if c.AgentID != "" {
		b.Actor = &actor{agentPrefix + c.AgentID}
	}
	h, err := json.Marshal(header{Algorithm: algorithm, KeyID: jwk.KeyID, Type: tokenType})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	text := encode(h) + "." + encode(claims)
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	if err != nil {
		return "", err
	}
	sum := make([]byte, 2*half)
	r.FillBytes(sum[:half])
	s.FillBytes(sum[half:])
	return text + "." + encode(sum), nil
}

func quoted(s string) jsontext.Value {
	v, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return jsontext.Value(`""`)
	}
	return v
}

func number(t time.Time) jsontext.Value {
	v, err := json.Marshal(t.Unix())
	if err != nil {
		return jsontext.Value("0")
	}
	return v
}

// Checks are what an assertion is held to.
type Checks struct {
	Issuer, Audience, AppID string
	AgentID                 string // "" = any or none
	JWKS                    []byte
	Now                     time.Time
}

// Verify returns what a valid assertion says, or why it is not valid.
func Verify(token string, want Checks) (Claims, Reason) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return Claims{}, Malformed
	}
	rawHeader, rawBody, sum := decode(parts[0]), decode(parts[1]), decode(parts[2])
	var h header
	if rawHeader == nil || rawBody == nil || sum == nil || json.Unmarshal(rawHeader, &h) != nil {
		return Claims{}, Malformed
	}
	if h.Algorithm != algorithm || h.Type != tokenType || h.KeyID == "" || h.Critical != nil || h.Encoded != nil && !*h.Encoded {
		return Claims{}, Header
	}
	key, err := pick(want.JWKS, h.KeyID)
	if err != nil {
		return Claims{}, Key
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(sum) != 2*half || !ecdsa.Verify(key, hash[:], new(big.Int).SetBytes(sum[:half]), new(big.Int).SetBytes(sum[half:])) {
		return Claims{}, Signature
	}
	var b body
	if json.Unmarshal(rawBody, &b) != nil {
		return Claims{}, BadClaims
	}
	return b.check(want)
}

// check holds the signed claims to their rules.
func (b *body) check(want Checks) (Claims, Reason) {
	issued, okIssued := integer(b.IssuedAt)
	expires, okExpires := integer(b.Expires)
	audiences := texts(b.Audience)
	if b.Issuer == nil || audiences == nil || b.Subject == nil || !okIssued || !okExpires || b.ID == nil || *b.ID == "" || b.Party == nil || b.Vault == nil {
		return Claims{}, BadClaims
	}
	if f := b.lifetime(issued, expires, want.Now.Unix()); f != "" {
		return Claims{}, f
	}
	c := Claims{
		Issuer: *b.Issuer, Audience: want.Audience, AppID: b.Vault.AppID, ID: *b.ID, AgentAuth: b.Vault.AgentAuth,
		IssuedAt: time.Unix(issued, 0).UTC(), ExpiresAt: time.Unix(expires, 0).UTC(),
	}
	user, isUser := strings.CutPrefix(*b.Subject, userPrefix)
	switch {
	case c.Issuer != want.Issuer, !slices.Contains(audiences, want.Audience), c.AppID != want.AppID, *b.Party != want.AppID:
		return Claims{}, Binding
	case isUser && user == "":
		return Claims{}, BadClaims
	case !isUser && *b.Subject != appPrefix+want.AppID:
		return Claims{}, Binding
	}
	c.UserID = user
	if !isUser {
		c.UserID = ""
	}
	if b.Actor != nil {
		agent, ok := strings.CutPrefix(b.Actor.Subject, agentPrefix)
		if !ok || agent == "" || c.AgentAuth == "" {
			return Claims{}, BadClaims
		}
		c.AgentID = agent
	}
	if want.AgentID != "" && c.AgentID != want.AgentID {
		return Claims{}, Binding
	}
	return c, ""
}

func (b *body) lifetime(issued, expires, now int64) Reason {
	if b.NotBefore != nil {
		begin, ok := integer(b.NotBefore)
		if !ok {
			return BadClaims
		}
		if begin > now+slack {
			return Lifetime
		}
	}
	if issued < 0 || issued >= expires || expires-issued > maxLife || expires <= now || issued > now+slack {
		return Lifetime
	}
	return ""
}

// integer reads a JSON number that is written as an integer.
func integer(v jsontext.Value) (n int64, ok bool) {
	return n, v.Kind() == '0' && json.Unmarshal(v, &n) == nil
}

// texts reads a string or a list of strings; nil when it is neither.
func texts(v jsontext.Value) (list []string) {
	var one string
	switch {
	case v.Kind() == '"' && json.Unmarshal(v, &one) == nil:
		return []string{one}
	case v.Kind() == '[' && json.Unmarshal(v, &list) == nil:
		return list
	}
	return nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode takes only the one spelling that encode gives; nil for any other.
func decode(s string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") || len(b) == 0 {
		return nil
	}
	return b
}
