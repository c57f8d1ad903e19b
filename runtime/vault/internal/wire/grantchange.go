package wire

import (
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json/jsontext"
)

// GrantMint is the body of POST /sdk/grants/{id}/mint.
//
// Client and vault differ: the client checks label and tags and refuses
// default_ttl_seconds; what a policy may hold is the vault's rule.
type GrantMint struct {
	Label  string
	Policy jsontext.Value // an object; left out when nil
	Tags   []string       // left out when nil, an empty list is sent
}

// Marshal returns the body in the protocol's order.
func (r GrantMint) Marshal() []byte {
	var o object
	o.str("label", r.Label)
	o.optRaw("grant_policy", r.Policy)
	o.optList("grant_tags", r.Tags)
	return o.bytes()
}

// ParseGrantMint reads the body on the vault's side.
func ParseGrantMint(body []byte) (GrantMint, error) {
	r := newReader("", body)
	m := GrantMint{Label: r.text("label"), Policy: r.optObject("grant_policy"), Tags: r.optList("grant_tags")}
	return m, r.requestErr()
}

// PolicyKeys returns the names in a policy object.
func PolicyKeys(policy jsontext.Value) []string {
	m, err := parseObject(policy)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(m))
	for key := range m {
		names = append(names, key)
	}
	return names
}

// GrantInfo is the answer of POST /sdk/grants/{id}/mint.
type GrantInfo struct {
	GrantID           string
	ProviderID        string
	Scopes            []string
	AccountIdentifier string
	AccountName       string
	APIBaseURL        string
	Status            string
	ScopeMismatch     bool
	ExpiresAt         string
	CreatedAt         string
	LastUsedAt        string
	PrincipalType     string
	Label             string
	CredentialID      string
	Policy            jsontext.Value
}

// Marshal returns the answer.
func (g GrantInfo) Marshal() []byte {
	var o object
	o.str("grant_id", g.GrantID)
	o.str("provider_id", g.ProviderID)
	o.list("scopes", g.Scopes)
	o.orNull("account_identifier", g.AccountIdentifier)
	o.orNull("account_display_name", g.AccountName)
	o.orNull("api_base_url", g.APIBaseURL)
	o.str("status", g.Status)
	o.flag("scope_mismatch", g.ScopeMismatch)
	o.orNull("expires_at", g.ExpiresAt)
	o.str("created_at", g.CreatedAt)
	o.orNull("last_used_at", g.LastUsedAt)
	o.str("principal_type", g.PrincipalType)
	o.orNull("label", g.Label)
	o.orNull("credential_id", g.CredentialID)
	o.raw("grant_policy", g.Policy)
	return o.bytes()
}

// ParseGrantInfo reads the answer of POST /sdk/grants/{id}/mint.
func ParseGrantInfo(body []byte) (GrantInfo, error) {
	r := newReader("the grant", body)
	g := GrantInfo{
		GrantID: r.str("grant_id"), ProviderID: r.str("provider_id"), Scopes: r.listOr("scopes"),
		AccountIdentifier: r.optStr("account_identifier"), AccountName: r.optStr("account_display_name"),
		APIBaseURL: r.origin("api_base_url"), Status: r.str("status"), ScopeMismatch: r.flagOr("scope_mismatch", false),
		ExpiresAt: r.optStr("expires_at"), CreatedAt: r.str("created_at"), LastUsedAt: r.optStr("last_used_at"),
		PrincipalType: r.oneOf("principal_type", "user", "group", "system", "agent"),
		Label:         r.softStr("label"), CredentialID: r.softStr("credential_id"), Policy: r.softObject("grant_policy"),
	}
	return g, r.err()
}

// GrantDelegate is the body of POST /sdk/grants/{id}/delegate.
type GrantDelegate struct {
	ToAgentID       string
	Delegable       *bool    // nil keeps the stored setting
	ScopeConstraint []string // left out when nil
	TTLSeconds      int64    // left out when 0
}

// Marshal returns the body in the protocol's order.
func (r GrantDelegate) Marshal() []byte {
	var o object
	o.str("to_agent_id", r.ToAgentID)
	o.optFlag("delegable", r.Delegable)
	o.optList("scope_constraint", r.ScopeConstraint)
	if r.TTLSeconds != 0 {
		o.num("ttl_seconds", r.TTLSeconds)
	}
	return o.bytes()
}

// ParseGrantDelegate reads the body on the vault's side.
func ParseGrantDelegate(body []byte) (GrantDelegate, error) {
	r := newReader("", body)
	d := GrantDelegate{ToAgentID: r.text("to_agent_id"), Delegable: r.optFlag("delegable"), ScopeConstraint: r.optList("scope_constraint")}
	if n := r.optNum("ttl_seconds"); n != nil {
		r.check(*n > 0, "ttl_seconds")
		d.TTLSeconds = *n
	}
	return d, r.requestErr()
}

// DelegationResult is the answer of POST /sdk/grants/{id}/delegate.
type DelegationResult struct {
	GrantID       string
	GrantKind     string // GrantOAuth or GrantManagedSecret
	ParentGrantID string
	Depth         int64 // 1 and above
	Delegable     bool
	Status        string
	ExpiresAt     string
}

// Marshal returns the answer.
func (d DelegationResult) Marshal() []byte {
	var o object
	o.str("grant_id", d.GrantID)
	o.str("grant_kind", d.GrantKind)
	o.str("parent_grant_id", d.ParentGrantID)
	o.num("depth", d.Depth)
	o.flag("delegable", d.Delegable)
	o.str("status", d.Status)
	o.orNull("expires_at", d.ExpiresAt)
	return o.bytes()
}

// ParseDelegationResult reads the answer of POST /sdk/grants/{id}/delegate.
func ParseDelegationResult(body []byte) (DelegationResult, error) {
	r := newReader("the delegation", body)
	d := DelegationResult{
		GrantID: r.text("grant_id"), GrantKind: r.oneOf("grant_kind", GrantOAuth, GrantManagedSecret),
		ParentGrantID: r.text("parent_grant_id"), Depth: r.num("depth"), Delegable: r.flag("delegable"),
		Status: r.text("status"), ExpiresAt: r.softStr("expires_at"),
	}
	r.check(d.Depth >= 1, "depth")
	return d, r.err()
}

// GrantRevoke is the body of POST /sdk/oauth/grants/{id}/revoke; both members
// are left out when empty.
type GrantRevoke struct {
	Reason    string
	UserToken string // limits the call to this user's grants
}

// Format prints a fixed text: the user's token is a secret.
func (r GrantRevoke) Format(w fmt.State, _ rune) { hide(w, "wire.GrantRevoke") }

// LogValue logs a fixed text.
func (r GrantRevoke) LogValue() slog.Value { return hidden("wire.GrantRevoke") }

// Marshal returns the body in the protocol's order.
func (r GrantRevoke) Marshal() []byte {
	var o object
	o.optStr("reason", r.Reason)
	o.optStr("user_token", r.UserToken)
	return o.bytes()
}

// ParseGrantRevoke reads the body on the vault's side.
func ParseGrantRevoke(body []byte) (GrantRevoke, error) {
	r := newReader("", body)
	g := GrantRevoke{Reason: r.optStr("reason"), UserToken: r.optStr("user_token")}
	return g, r.requestErr()
}

// GrantRevoked is the answer of POST /sdk/oauth/grants/{id}/revoke.
type GrantRevoked struct {
	Success   bool
	Message   string
	GrantID   string
	RevokedAt string
}

// Marshal returns the answer.
func (g GrantRevoked) Marshal() []byte {
	var o object
	o.flag("success", g.Success)
	o.str("message", g.Message)
	o.str("grant_id", g.GrantID)
	o.str("revoked_at", g.RevokedAt)
	return o.bytes()
}

// ParseGrantRevoked reads the answer; all members are strict.
func ParseGrantRevoked(body []byte) (GrantRevoked, error) {
	r := newReader("the revoked grant", body)
	g := GrantRevoked{
		Success: r.flag("success"), Message: r.text("message"), GrantID: r.text("grant_id"), RevokedAt: r.text("revoked_at"),
	}
	return g, r.err()
}
