// Package sigv4 signs calls with AWS Signature Version 4 for clients in
// retrieve mode. It is a package of its own because it links AWS's signer: who
// calls no AWS service, or calls through the vault's proxy, does without it.
//
//	agent, err := vault.NewAgent(key, vault.WithSigner(sigv4.New()))
//	resp, err := agent.HTTPClient(vault.Grant(id)).Get("https://s3.eu-west-1.amazonaws.com/bucket/key")
//
// The host tells region and service. For a host that does not, such as a
// stand-in, the managed secret names them. Path and query are sent in AWS's own
// escapes. A body that can be read again (http.NewRequest makes such of byte and
// string readers) is hashed without being kept; another one is sent to S3
// unsigned and kept in memory for other services, up to 32 MiB. A body in
// aws-chunked coding works when its payload is unsigned, as the AWS SDK for Go
// sends it over https.
package sigv4

import (
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/internal/awssig"
)

// Signer implements [vault.Signer]. It keeps nothing and is safe for concurrent
// use.
type Signer struct{}

// New returns a signer for [vault.WithSigner].
func New() Signer { return Signer{} }

// Sign signs the request with the key, as of now.
func (Signer) Sign(req *http.Request, key vault.SigningKey) (signature string, err error) {
	return awssig.Sign(req, awssig.Key(key), time.Now())
}
