package vault

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// maxProviderError is how much of a provider's error body is kept, in bytes.
const maxProviderError = 64 << 10

// ProviderError is a provider's own error answer. It is the cause of an *[Error]
// of kind [ErrProvider]. Its forms for printing and logging hold the status
// alone: a body may hold anything.
type ProviderError struct {
	StatusCode int
	Truncated  bool // the body was longer than 64 KiB

	header http.Header
	body   []byte
}

// Error names the status.
func (e *ProviderError) Error() string {
	return "the provider answered " + strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode)
}

// Header returns the answer's headers, without the credential.
func (e *ProviderError) Header() http.Header { return e.header.Clone() }

// Body returns the first 64 KiB of the answer's body, without the credential.
func (e *ProviderError) Body() []byte { return append([]byte(nil), e.body...) }

// Decode reads the body as JSON into v.
func (e *ProviderError) Decode(v any) error { return json.Unmarshal(e.body, v) }

// Format prints the status, for every verb.
func (e *ProviderError) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, e.Error()) }

// LogValue logs the status.
func (e *ProviderError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// Where it was found out that a grant lacks scopes or that its credential is
// refused.
const (
	sourceChallenge    = "provider_insufficient_scope"
	sourceVault        = "backend_flag"
	sourceUnauthorized = "provider_unauthorized"
)

// providerError reads and closes an answer of the provider and tells its kind.
func providerError(c *call, resp *http.Response) *Error {
	defer resp.Body.Close()
	// What cannot be read of an error's body is missing from it, and that is all.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProviderError+1))
	p := &ProviderError{StatusCode: resp.StatusCode, header: resp.Header, body: body[:min(len(body), maxProviderError)]}
	p.Truncated = len(body) > len(p.body)
	e := &Error{
		Code: "provider_error", Status: resp.StatusCode, Message: p.Error(), GrantID: c.shown(), kind: kindProvider, cause: p,
		Retryable: resp.StatusCode == 429 || resp.StatusCode >= 500,
		Details:   Details{GrantID: c.facts.grant, ProviderID: c.facts.provider},
	}
	if e.GrantID == "" {
		e.GrantID = c.facts.grant
	}
	if seconds, ok := wire.RetryAfter(resp.Header, wire.ErrorBody{}, wire.MaxRetryAfter); ok {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	challenge := wire.BearerChallenge(resp.Header.Get("WWW-Authenticate"))
	lacksScope := challenge["error"] == "insufficient_scope"
	switch {
	case resp.StatusCode == http.StatusForbidden && lacksScope:
		e.Code, e.kind, e.Details.Source = "insufficient_scope", kindScopeReauth, sourceChallenge
		if scope, ok := challenge["scope"]; ok {
			e.Details.Missing = strings.Fields(scope)
		}
	case resp.StatusCode == http.StatusForbidden && c.facts.scopeMismatch:
		e.Code, e.kind, e.Details.Source = "scope_mismatch", kindScopeReauth, sourceVault
	case resp.StatusCode == http.StatusUnauthorized && !lacksScope:
		e.Code, e.kind, e.Details.Source = "provider_unauthorized", kindProviderUnauthorized, sourceUnauthorized
	}
	return e
}
