package vault

import (
	"cmp"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Details are the facts that the vault gave with an error. Which of them are
// set depends on the error's kind; the others are zero.
type Details struct {
	GrantID    string
	ProviderID string
	AgentID    string
	AppUserID  string

	PolicyError   string        // ErrPolicyViolation: the policy's own code
	MaxSessionAge time.Duration // ErrStepUpRequired
	Reason        string        // ErrGrantNotDelegable, ErrConnectTimeout, ErrConnectConfig, ErrIdentityAssertion: why
	Source        string        // ErrScopeReauthRequired, ErrProviderUnauthorized: who found out
	Hint          string        // ErrAgent: what the vault advises
	Label         string        // ErrLabelConflict
	Feature       string        // ErrFeatureUnsupported: what the vault does not know

	// ErrInsufficientScope.
	Required, Granted, Missing []string
	ScopeVersion               *int64
	CurrentScopeVersion        *int64
	ScopeVersionMismatch       bool
	RequiredAnyOf              bool // one of Required is enough
	DocumentationURL           string

	// ErrAmbiguousGrant.
	AccountIdentifiers  []string
	AccountWasProvided  bool
	AppUserIDs          []string
	GrantIDs            []string
	Candidates          []Candidate
	CandidatesTruncated bool

	Credentials []CredentialRef // ErrCredentialIDRequired

	// ErrConnectTimeout, ErrConnectFlow.
	Timeout           time.Duration // the limit that ran out
	DeclinedProviders []string      // what the user had refused by then, sorted
	FailedGrants      []FailedGrant

	// ErrRateLimited.
	RateScope string        // "ip", "api_key" or "organization"
	Limit     int64         // calls in the window
	Window    time.Duration // the window's length
}

// Candidate is one of the grants that an ambiguous request could mean.
type Candidate struct{ GrantID, Label, AccountIdentifier, AccountDisplayName string }

// CredentialRef names a credential to choose.
type CredentialRef struct{ CredentialID, Label string }

func detailsOf(k *kind, b wire.ErrorBody) Details {
	src := b
	if k == kindScopeReauth {
		src = b.Object("details")
	}
	d := Details{
		GrantID: src.Str("grant_id"), ProviderID: src.Str("provider_id"),
		AgentID: src.Str("agent_id"), AppUserID: src.Str("app_user_id"), Hint: b.Str("hint"),
	}
	if k == kindGrantExpired {
		inner := b.Object("details")
		d.ProviderID = cmp.Or(d.ProviderID, inner.Str("provider_id"))
		d.AgentID, d.AppUserID = cmp.Or(d.AgentID, inner.Str("agent_id")), cmp.Or(d.AppUserID, inner.Str("app_user_id"))
	}
	switch k {
	case kindScopeReauth:
		d.Source = sourceVault
	case kindPolicy, kindStepUp, kindRedact:
		d.PolicyError = b.Code
		age, _ := b.Int("max_session_age_seconds")
		d.MaxSessionAge = time.Duration(age) * time.Second
	case kindNotDelegable:
		d.Reason = b.Str("detail_reason")
	case kindConnectConfig:
		d.Reason = b.Object("details").Str("reason")
	case kindSiblingLabel:
		d.Label = b.Str("label")
	case kindScope:
		d.scopeFacts(b)
	case kindAmbiguous:
		d.ambiguityFacts(b)
	case kindCredID:
		for _, c := range b.Object("details").Objects("credentials") {
			if id := c.Str("id"); id != "" {
				d.Credentials = append(d.Credentials, CredentialRef{id, c.Str("label")})
			}
		}
	case kindRateLimit:
		d.RateScope = b.Str("scope")
		d.Limit, _ = b.Whole("limit")
		window, _ := b.Whole("window_seconds")
		d.Window = time.Duration(window) * time.Second
	}
	return d
}

func (d *Details) scopeFacts(b wire.ErrorBody) {
	d.Required, d.Granted, d.Missing = b.Strings("required"), b.Strings("granted"), b.Strings("missing")
	d.ScopeVersionMismatch, d.RequiredAnyOf = b.True("scope_version_mismatch"), b.True("required_any_of")
	d.DocumentationURL = b.Str("documentation_url")
	if n, ok := b.Int("scope_version"); ok {
		d.ScopeVersion = &n
	}
	if n, ok := b.Int("current_scope_version"); ok {
		d.CurrentScopeVersion = &n
	}
}

func (d *Details) ambiguityFacts(b wire.ErrorBody) {
	d.AccountIdentifiers, d.AppUserIDs, d.GrantIDs = b.Strings("account_identifiers"), b.Strings("app_user_ids"), b.Strings("grant_ids")
	d.AccountWasProvided, d.CandidatesTruncated = b.True("account_was_provided"), b.True("candidates_truncated")
	for _, c := range b.Objects("candidates") {
		if id := c.Str("grant_id"); id != "" {
			d.Candidates = append(d.Candidates, Candidate{id, c.Str("label"), c.Str("account_identifier"), c.Str("account_display_name")})
		}
	}
}
