package vault

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Signer signs requests with a credential that is not sent itself, as AWS asks.
// Package sigv4 has one; it is apart because not every program needs it.
type Signer interface {
	// Sign signs the request in place, with the body that it has, and returns the
	// signature, which is then masked in what the provider answers. Errors must
	// not hold anything of the key.
	Sign(req *http.Request, key SigningKey) (signature string, err error)
}

// SigningKey is the credential that a [Signer] gets, for one request. Printing
// or logging it shows none of it.
type SigningKey struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string // "" for keys that are not temporary
	Region, Service              string // "" when the host tells them
}

// Format hides the key from every verb.
func (SigningKey) Format(w fmt.State, _ rune) { _, _ = fmt.Fprint(w, "vault.SigningKey(hidden)") }

// LogValue hides the key.
func (SigningKey) LogValue() slog.Value { return slog.StringValue("vault.SigningKey(hidden)") }

// MarshalText hides the key.
func (SigningKey) MarshalText() ([]byte, error) { return []byte("vault.SigningKey(hidden)"), nil }

// WithSigner lets calls in retrieve mode use credentials that sign requests (AWS
// keys). Without it such a call is an [ErrUnsupportedCredential]; proxy mode
// needs none, because the vault signs.
func WithSigner(s Signer) Option {
	return func(c *config) { c.signer = s }
}

// payloadHeader says in a request of AWS's own SDKs how its body is signed.
const payloadHeader = "X-Amz-Content-Sha256"

// sign is inject for a credential that signs.
func sign(c *call, cred wire.Credential, signer Signer) (*http.Request, []string, *Error) {
	if signer == nil {
		return nil, nil, &Error{
			Code: "unsupported_credential", kind: kindCred, GrantID: c.shown(),
			Message: "the grant's credential signs requests in the AWS manner, and this client has no signer for that",
		}
	}
	key := SigningKey{cred.AccessToken, cred.Additional["secret_key"], cred.Additional["session_token"], cred.Additional["region"], cred.Additional["service"]}
	if key.SecretAccessKey == "" {
		return nil, nil, &Error{Code: "invalid_answer", kind: kindBackend, GrantID: c.shown(), Message: "the vault's credential for signing has no secret key"}
	}
	req := c.req.Clone(c.req.Context())
	// The caller's signature was taken out, but not how it meant the body.
	if declared, n := wire.Get(c.original.Header, payloadHeader); n == 1 {
		req.Header.Set(payloadHeader, declared)
	}
	signature, err := signer.Sign(req, key)
	secrets := []string{key.SecretAccessKey, key.SessionToken, key.AccessKeyID, signature}
	if err != nil {
		return nil, nil, invalid("request", "cannot be signed: "+cleanText(newMasker(secrets...).maskString(err.Error()), 200))
	}
	if len(req.URL.String()) > wire.MaxURL {
		return nil, nil, invalid("url", "is longer than 65536 characters with its escapes")
	}
	return req, secrets, nil
}
