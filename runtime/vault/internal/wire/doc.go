// Package wire holds the vault protocol: every byte that a client and a vault
// exchange, for both sides. The client in runtime/vault and the embedded vault
// in runtime/vault/local use it, so there is one place where a key, a
// signature, a header or a JSON body is defined.
//
// The package does no I/O and reads no clock. Its functions are safe for
// concurrent use.
package wire

// Paths of the endpoints, as they are signed.
const (
	PathToken = "/sdk/token"
	PathProxy = "/sdk/proxy"
	PathAudit = "/sdk/oauth/audit/api-call"
	PathMe    = "/sdk/agents/me"
)

// PathScopeMismatch returns the path that takes a scope-mismatch report about
// a grant.
func PathScopeMismatch(grantID string) string {
	return "/sdk/grants/" + grantID + "/report-scope-mismatch"
}

// DefaultBaseURL is the hosted vault, used when nothing else is configured.
const DefaultBaseURL = "https://backend.alterauth.com"

// Header names in the spelling of the protocol. Some of them are not what
// net/http would make of them, so they are assigned to the header map directly.
const (
	HeaderAPIKey        = "x-api-key"
	HeaderCaller        = "X-Alter-Caller"
	HeaderCallerType    = "X-Alter-Caller-Type"
	HeaderActorID       = "X-Alter-Actor-ID"
	HeaderContext       = "X-Alter-Context"
	HeaderTraceparent   = "traceparent"
	HeaderTimestamp     = "X-Alter-Timestamp"
	HeaderNonce         = "X-Alter-Nonce"
	HeaderContentHash   = "X-Alter-Content-SHA256"
	HeaderSignature     = "X-Alter-Signature"
	HeaderSignatureV2   = "X-Alter-Signature-V2"
	HeaderScopes        = "X-Alter-Scope-Constraints"
	HeaderRequestRule   = "X-Alter-Request-Rule"
	HeaderKeyDeprecated = "X-Alter-Key-Deprecated"
	HeaderRequestID     = "X-Request-ID"
)

// MaxURL is the longest provider URL that is accepted, in bytes after
// percent-encoding.
const MaxURL = 65536
