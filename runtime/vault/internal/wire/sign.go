package wire

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Signable is everything a request signature covers. Empty fields are absent.
type Signable struct {
	Method      string // upper-cased when signed
	Target      string // request target that begins with /sdk/, query included
	Timestamp   string // Unix seconds, decimal
	Nonce       string // 32 lower-case hex characters
	ContentHash string // see ContentHash
	Scopes      string
	RequestRule string
	Caller      string
	CallerType  string
	ActorID     string
	Context     string
}

// NewNonce returns a fresh nonce.
func NewNonce() string {
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// FormatTimestamp returns the timestamp header for a time.
func FormatTimestamp(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// ParseTimestamp reads a timestamp header: decimal digits only.
func ParseTimestamp(s string) (time.Time, bool) {
	if s == "" || len(s) > 12 || !onlyFrom(s, isDigit) {
		return time.Time{}, false
	}
	sec, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(sec, 0), err == nil
}

// ContentHash returns the lower-case hex SHA-256 of a body; nil counts as
// empty.
func ContentHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Strings returns the two strings to sign. s2 is empty when no actor field is
// present; then s1 is signed, otherwise s2.
func (s Signable) Strings() (s1, s2 string) {
	s1 = strings.Join([]string{
		strings.ToUpper(s.Method), CanonicalPath(s.Target), s.Timestamp, s.Nonce, s.ContentHash, s.Scopes,
	}, "\n")
	if s.RequestRule != "" {
		s1 += "\nrequest-rule:" + s.RequestRule
	}
	var actor strings.Builder
	for _, f := range [...]struct{ name, value string }{
		{"caller", s.Caller}, {"caller-type", s.CallerType}, {"actor-id", s.ActorID}, {"actor-context", s.Context},
	} {
		if f.value != "" {
			actor.WriteString("\n" + f.name + ":" + f.value)
		}
	}
	if actor.Len() > 0 {
		s2 = s1 + actor.String()
	}
	return s1, s2
}

// Sign returns the values of the two signature headers; v2 is empty when the
// header is not sent.
func Sign(signingKey []byte, s Signable) (v1, v2 string) {
	s1, s2 := s.Strings()
	if s2 == "" {
		return hexMAC(signingKey, s1), ""
	}
	sig := hexMAC(signingKey, s2)
	return sig, sig
}

// SetHeaders writes the signed fields and the signature into h, in the
// protocol's spelling.
func SetHeaders(h http.Header, signingKey []byte, s Signable) {
	v1, v2 := Sign(signingKey, s)
	for _, f := range [...]struct{ name, value string }{
		{HeaderCaller, s.Caller}, {HeaderCallerType, s.CallerType},
		{HeaderActorID, s.ActorID}, {HeaderContext, s.Context},
		{HeaderTimestamp, s.Timestamp}, {HeaderNonce, s.Nonce}, {HeaderContentHash, s.ContentHash},
		{HeaderSignature, v1}, {HeaderSignatureV2, v2},
		{HeaderScopes, s.Scopes}, {HeaderRequestRule, s.RequestRule},
	} {
		if f.value != "" {
			h[f.name] = []string{f.value}
		}
	}
}

// Errors of FromHeader and Verify. Their texts name the header, never a value.
var (
	ErrUnsigned        = errors.New("a signature header is missing, repeated or malformed")
	ErrContentHash     = errors.New("the body is not the one that was signed")
	ErrSignature       = errors.New("the signature does not match")
	ErrSignatureFormat = errors.New("the two signature headers do not fit the actor headers")
)

// FromHeader collects what a received request claims to have signed. target is
// the request target without the prefix of the base URL. Header names are
// matched in any spelling; a repeated one is refused, because then sender and
// receiver could read different values.
func FromHeader(method, target string, h http.Header) (Signable, error) {
	s := Signable{Method: method, Target: target}
	for _, f := range [...]struct {
		name     string
		value    *string
		required bool
	}{
		{HeaderTimestamp, &s.Timestamp, true}, {HeaderNonce, &s.Nonce, true}, {HeaderContentHash, &s.ContentHash, true},
		{HeaderScopes, &s.Scopes, false}, {HeaderRequestRule, &s.RequestRule, false},
		{HeaderCaller, &s.Caller, false}, {HeaderCallerType, &s.CallerType, false},
		{HeaderActorID, &s.ActorID, false}, {HeaderContext, &s.Context, false},
	} {
		value, n := Get(h, f.name)
		if n > 1 || f.required && value == "" {
			return Signable{}, ErrUnsigned
		}
		*f.value = value
	}
	if _, ok := ParseTimestamp(s.Timestamp); !ok || len(s.Nonce) != 32 || !onlyFrom(s.Nonce, isHex) {
		return Signable{}, ErrUnsigned
	}
	return s, nil
}

// Verify checks a received request against the key that it claims: body hash
// and signature, in constant time. It returns what was signed, so that the
// caller can check the timestamp's window and remember the nonce, which Verify
// does not.
func Verify(signingKey []byte, method, target string, h http.Header, body []byte) (Signable, error) {
	s, err := FromHeader(method, target, h)
	if err != nil {
		return Signable{}, err
	}
	if !equal(s.ContentHash, ContentHash(body)) {
		return Signable{}, ErrContentHash
	}
	v1, n1 := Get(h, HeaderSignature)
	v2, n2 := Get(h, HeaderSignatureV2)
	if n1 != 1 || n2 > 1 {
		return Signable{}, ErrUnsigned
	}
	want1, want2 := Sign(signingKey, s)
	if (n2 == 1) != (want2 != "") {
		return Signable{}, ErrSignatureFormat
	}
	if !equal(v1, want1) || !equal(v2, want2) {
		return Signable{}, ErrSignature
	}
	return s, nil
}

// Get returns the first value of a header in any spelling, and how many there
// are. net/http keeps a name as it was assigned, so a request that never
// crossed a socket may carry the protocol's own spelling.
func Get(h http.Header, name string) (value string, n int) {
	for k, values := range h {
		if strings.EqualFold(k, name) && len(values) > 0 {
			if n == 0 {
				value = values[0]
			}
			n += len(values)
		}
	}
	return value, n
}

func hexMAC(key []byte, s string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(s))
	return hex.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
