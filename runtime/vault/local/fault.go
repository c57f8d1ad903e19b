package local

import (
	"fmt"
	"maps"
	"net/http"

	"github.com/go-json-experiment/json"
)

// Codes of our own, where the protocol's known ones do not reach. The others
// are the protocol's.
const (
	codeInvalidSignature = "invalid_signature"
	codeStaleTimestamp   = "stale_timestamp"
	codeReplayedNonce    = "replayed_nonce"
	codeBodyTooLarge     = "body_too_large"
	codeInvalidRequest   = "invalid_request"
	codeForbiddenHeader  = "forbidden_header"
	codeInvalidRule      = "invalid_request_rule"
	codeNotFound         = "endpoint_not_found"
	codeInternal         = "internal_error"

	codeInvalidKey        = "invalid_key"
	codeKeyRevoked        = "key_revoked"
	codeAgentInactive     = "agent_inactive"
	codeAgentRevoked      = "agent_revoked"
	codeCallerMismatch    = "caller_agent_mismatch"
	codeInsufficientScope = "insufficient_scope"
	codeGrantNotFound     = "grant_not_found"
	codeNoDelegatedGrant  = "no_delegated_grant"
	codeAmbiguousGrant    = "ambiguous_grant"
	codeGrantExpired      = "grant_expired"
	codeGrantRevoked      = "grant_revoked"
	codeProxyOnly         = "restricted_grant_requires_proxy"
	codeBlocked           = "blocked_destination"
	codeURLTooLong        = "query_too_long"
	codeUpstreamTimeout   = "upstream_timeout"
	codeUpstreamFailed    = "upstream_unreachable"
	codeUpstreamEncoding  = "upstream_encoding_unsupported"
)

// fault is an error answer. Texts are constants of this package or made of
// IDs and host names; they never hold a URL, a header, a body or a secret.
type fault struct {
	status  int
	code    string
	message string
	hint    string
	extra   map[string]any // further members of the body
}

// Error makes a fault usable as a Go error inside this package.
func (f *fault) Error() string { return fmt.Sprintf("%d %s: %s", f.status, f.code, f.message) }

func refuse(status int, code, message string) *fault {
	return &fault{status: status, code: code, message: message}
}

// internalFault hides the cause: it goes to the log, not to the client.
func internalFault() *fault {
	return refuse(http.StatusServiceUnavailable, codeInternal, "the vault could not complete the request; nothing was handed out")
}

func (f *fault) withHint(hint string) *fault {
	f.hint = hint
	return f
}

func (f *fault) with(name string, value any) *fault {
	if f.extra == nil {
		f.extra = map[string]any{}
	}
	f.extra[name] = value
	return f
}

// answer is what an endpoint returns: a status and a JSON body.
type answer struct {
	status int
	body   []byte // nil = no body
}

func (f *fault) answer() answer {
	body := map[string]any{"error": f.code, "message": f.message}
	maps.Copy(body, f.extra)
	if f.hint != "" {
		body["hint"] = f.hint
	}
	return jsonAnswer(f.status, body)
}

func jsonAnswer(status int, body any) answer {
	raw, err := json.Marshal(body, json.Deterministic(true))
	if err != nil { // the bodies are maps of strings, numbers and lists
		return answer{status: http.StatusInternalServerError, body: []byte(`{"error":"` + codeInternal + `"}`)}
	}
	return answer{status: status, body: raw}
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store") // some answers hold a credential
	if a.body != nil {
		h.Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client has gone
}

func invalidBody(err error) *fault {
	return refuse(http.StatusBadRequest, codeInvalidRequest, "the request body was not accepted: "+err.Error())
}
