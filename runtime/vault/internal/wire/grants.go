package wire

import (
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxPage is the largest page of a list, DefaultPage the usual one.
const (
	MaxPage     = 1000
	DefaultPage = 100
)

// GrantsList is the body of POST /sdk/grants/list. Limit and Offset are always
// sent; the filters are left out when empty and must all fit.
type GrantsList struct {
	Limit      int64 // 1 to MaxPage
	Offset     int64
	ProviderID string // OAuth provider ID, or slug of a managed secret
	Status     string // "active", "expired", "revoked"
	Account    string
	Label      string
	UserToken  string
}

// Format prints a fixed text: the user's token is a secret.
func (r GrantsList) Format(w fmt.State, _ rune) { hide(w, "wire.GrantsList") }

// LogValue logs a fixed text.
func (r GrantsList) LogValue() slog.Value { return hidden("wire.GrantsList") }

// Marshal returns the body in the protocol's order.
func (r GrantsList) Marshal() []byte {
	var o object
	o.num("limit", r.Limit)
	o.num("offset", r.Offset)
	o.optStr("provider_id", r.ProviderID)
	o.optStr("status", r.Status)
	o.optStr("account", r.Account)
	o.optStr("label", r.Label)
	o.optStr("user_token", r.UserToken)
	return o.bytes()
}

// ParseGrantsList reads the body on the vault's side: absent limit and offset
// have their defaults.
func ParseGrantsList(body []byte) (GrantsList, error) {
	r := newReader("", body)
	l := GrantsList{
		Limit: DefaultPage, ProviderID: r.optStr("provider_id"), Status: r.optStr("status"),
		Account: r.optStr("account"), Label: r.optStr("label"), UserToken: r.optStr("user_token"),
	}
	if r.given("limit") {
		l.Limit = r.num("limit")
	}
	if r.given("offset") {
		l.Offset = r.num("offset")
	}
	r.check(l.Limit >= 1 && l.Limit <= MaxPage, "limit")
	r.check(l.Offset >= 0, "offset")
	return l, r.requestErr()
}

// Kinds of grants.
const (
	GrantOAuth         = "oauth"
	GrantManagedSecret = "managed_secret"
)

// GrantItem is one grant of a list. Its kind says which members it has.
type GrantItem struct {
	Kind              string // GrantOAuth or GrantManagedSecret, required
	GrantID           string
	ProviderID        string   // OAuth
	Scopes            []string // OAuth
	AccountIdentifier string
	AccountName       string // OAuth
	APIBaseURL        string // OAuth; a bare https origin or ""
	Status            string
	ScopeMismatch     bool // OAuth
	NeedsReconnect    bool // OAuth
	ExpiresAt         string
	GrantExpiresAt    string
	CreatedAt         string
	LastUsedAt        string
	PrincipalType     string // "user", "system", "agent"; "group" for managed secrets only
	AccessVia         string // "ownership", "oauth_delegation" or "ms_delegation"
	DelegatedAt       string
	DelegatedAgentIDs []string // OAuth
	Label             string
	CredentialID      string
	Policy            jsontext.Value // an object, or nil
	ParentGrantID     string
	Depth             int64
	Delegable         bool
	ScopeConstraint   []string

	ManagedSecretID   string // this and the following: managed secrets
	ManagedSecretSlug string
	ManagedSecretName string
	AgentID           string
	CredentialKind    string // "developer" or "end_user"
	CredentialLabel   string
}

// Marshal returns the item with every member of its kind.
func (g GrantItem) Marshal() []byte {
	var o object
	o.str("grant_kind", g.Kind)
	o.str("grant_id", g.GrantID)
	if g.Kind == GrantManagedSecret {
		o.str("managed_secret_id", g.ManagedSecretID)
		o.str("managed_secret_slug", g.ManagedSecretSlug)
		o.str("managed_secret_name", g.ManagedSecretName)
		o.orNull("agent_id", g.AgentID)
		o.orNull("credential_kind", g.CredentialKind)
		o.orNull("credential_label", g.CredentialLabel)
	} else {
		o.str("provider_id", g.ProviderID)
		o.list("scopes", g.Scopes)
		o.orNull("account_display_name", g.AccountName)
		o.orNull("api_base_url", g.APIBaseURL)
		o.flag("scope_mismatch", g.ScopeMismatch)
		o.flag("needs_reconnect", g.NeedsReconnect)
		o.list("delegated_agent_ids", g.DelegatedAgentIDs)
	}
	o.orNull("account_identifier", g.AccountIdentifier)
	o.str("status", g.Status)
	o.orNull("expires_at", g.ExpiresAt)
	o.orNull("grant_expires_at", g.GrantExpiresAt)
	o.str("created_at", g.CreatedAt)
	o.orNull("last_used_at", g.LastUsedAt)
	o.str("principal_type", g.PrincipalType)
	if g.AccessVia == "" {
		g.AccessVia = "ownership"
	}
	o.str("access_via", g.AccessVia)
	o.orNull("delegated_at", g.DelegatedAt)
	o.orNull("label", g.Label)
	o.orNull("credential_id", g.CredentialID)
	o.raw("grant_policy", g.Policy)
	o.orNull("parent_grant_id", g.ParentGrantID)
	o.num("depth", g.Depth)
	o.flag("delegable", g.Delegable)
	o.nullList("scope_constraint", g.ScopeConstraint)
	return o.bytes()
}

func (r *reader) grantItem() GrantItem {
	g := GrantItem{Kind: r.oneOf("grant_kind", GrantOAuth, GrantManagedSecret), GrantID: r.str("grant_id")}
	if g.Kind == GrantManagedSecret {
		g.ManagedSecretID, g.ManagedSecretSlug = r.str("managed_secret_id"), r.str("managed_secret_slug")
		g.ManagedSecretName, g.AgentID = r.str("managed_secret_name"), r.optStr("agent_id")
		g.CredentialKind, g.CredentialLabel = r.softStr("credential_kind"), r.softStr("credential_label")
		g.PrincipalType = r.oneOf("principal_type", "user", "group", "system", "agent")
		g.AccessVia = r.accessVia("ms_delegation")
	} else {
		g.ProviderID, g.Scopes, g.AccountName = r.str("provider_id"), r.listOr("scopes"), r.optStr("account_display_name")
		g.APIBaseURL, g.DelegatedAgentIDs = r.origin("api_base_url"), r.listOr("delegated_agent_ids")
		g.ScopeMismatch, g.NeedsReconnect = r.flagOr("scope_mismatch", false), r.flagOr("needs_reconnect", false)
		g.PrincipalType = r.oneOf("principal_type", "user", "system", "agent")
		g.AccessVia = r.accessVia("oauth_delegation")
	}
	g.AccountIdentifier, g.Status = r.optStr("account_identifier"), r.str("status")
	g.ExpiresAt, g.GrantExpiresAt = r.softStr("expires_at"), r.softStr("grant_expires_at")
	g.CreatedAt, g.LastUsedAt, g.DelegatedAt = r.str("created_at"), r.optStr("last_used_at"), r.optStr("delegated_at")
	g.Label, g.CredentialID, g.Policy = r.softStr("label"), r.softStr("credential_id"), r.softObject("grant_policy")
	g.ParentGrantID, g.ScopeConstraint = r.softStr("parent_grant_id"), r.softList("scope_constraint")
	g.Depth, _ = r.m.integer("depth")
	g.Delegable = r.m.isTrue("delegable")
	return g
}

func (r *reader) accessVia(delegation string) string {
	if !r.has("access_via") {
		return "ownership"
	}
	return r.oneOf("access_via", "ownership", delegation)
}

// GrantPage is the answer of POST /sdk/grants/list.
type GrantPage struct {
	Grants []GrantItem
	Page
}

// Marshal returns the answer.
func (p GrantPage) Marshal() []byte {
	var o object
	o.raw("grants", arrayJSON(p.Grants, func(dst []byte, g GrantItem) []byte { return append(dst, g.Marshal()...) }))
	p.write(&o)
	return o.bytes()
}

// ParseGrantPage reads the answer of POST /sdk/grants/list.
func ParseGrantPage(body []byte) (GrantPage, error) {
	r := newReader("the grants", body)
	return GrantPage{Grants: each(r, "grants", (*reader).grantItem), Page: r.page()}, r.err()
}
