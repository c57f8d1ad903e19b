package vault

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// GrantFilter says which grants to list. Empty fields let everything pass; the
// others must all fit.
type GrantFilter struct {
	Provider  string // OAuth provider ID, or slug of a managed secret
	Status    string // "active", "expired" or "revoked"
	Account   string
	Label     string
	UserToken string `json:"-"` // the grants of this user
	PageSize  int    // 1 to 1000 grants in one answer of the vault; 0 means 100
	Offset    int    // how many to leave out at the start
}

// Format prints the filter without the user's token, for every verb.
func (f GrantFilter) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "vault.GrantFilter(provider %q, status %q)", f.Provider, f.Status)
}

// LogValue logs the filter without the user's token.
func (f GrantFilter) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }

// GrantItem is one grant of a list. Times are as the vault wrote them (ISO
// 8601), "" when there is none.
type GrantItem struct {
	Kind              string // "oauth" or "managed_secret"; some fields belong to one of them
	GrantID           string
	ProviderID        string   // OAuth
	Scopes            []string // OAuth
	AccountIdentifier string
	AccountName       string // OAuth
	APIBaseURL        string // OAuth: where this account's API is, when not at the provider's usual place
	Status            string
	ScopeMismatch     bool   // OAuth: the provider gave fewer scopes than asked for
	NeedsReconnect    bool   // OAuth: active, but the credential does not work any more
	ExpiresAt         string // of the credential
	GrantExpiresAt    string // of the permission
	CreatedAt         string
	LastUsedAt        string
	PrincipalType     string // whose it is: "user", "system", "agent"; "group" for managed secrets
	AccessVia         string // how the caller reaches it: "ownership", "oauth_delegation", "ms_delegation"
	DelegatedAt       string
	DelegatedAgentIDs []string // OAuth
	Label             string
	CredentialID      string
	Policy            jsontext.Value // a JSON object, or nil
	ParentGrantID     string         // the grant that this one was delegated from
	Depth             int64
	Delegable         bool
	ScopeConstraint   []string // nil: none

	ManagedSecretID   string // this and the following: managed secrets
	ManagedSecretSlug string
	ManagedSecretName string
	AgentID           string
	CredentialKind    string // "developer" or "end_user"
	CredentialLabel   string
}

// ListGrants lists the grants that the application sees: with a user's token,
// of the filter or of [WithUserToken], those of the user, else all of them,
// delegations as rows of their own. It asks for the next page when that is
// needed, and ends after the first error, which comes with a nil grant.
func (a *App) ListGrants(ctx context.Context, f GrantFilter) iter.Seq2[*GrantItem, error] {
	return a.listGrants(ctx, f, true)
}

// ListGrants lists the grants that the agent can reach. The token of
// [WithUserToken] is not used here, that of the filter is. It asks for the next
// page when that is needed, and ends after the first error, which comes with a
// nil grant.
func (a *Agent) ListGrants(ctx context.Context, f GrantFilter) iter.Seq2[*GrantItem, error] {
	return a.listGrants(ctx, f, false)
}

func (c *client) listGrants(ctx context.Context, f GrantFilter, getter bool) iter.Seq2[*GrantItem, error] {
	return func(yield func(*GrantItem, error) bool) {
		for offset := f.Offset; ; {
			page, err := c.grantPage(ctx, f, offset, getter)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Grants {
				item := GrantItem(page.Grants[i])
				if !yield(&item, nil) {
					return
				}
			}
			// An empty page ends the list whatever the vault says, or it could go on
			// for ever.
			if offset += len(page.Grants); !page.HasMore || len(page.Grants) == 0 {
				return
			}
		}
	}
}

func (c *client) grantPage(ctx context.Context, f GrantFilter, offset int, getter bool) (wire.GrantPage, error) {
	limit, fault := pageSize(f.PageSize, offset)
	if fault != nil {
		return wire.GrantPage{}, fault
	}
	token := f.UserToken
	if getter {
		if token, fault = c.userTokenFor(ctx, token); fault != nil {
			return wire.GrantPage{}, fault
		}
	}
	body := wire.GrantsList{
		Limit: int64(limit), Offset: int64(offset), ProviderID: f.Provider, Status: f.Status,
		Account: f.Account, Label: f.Label, UserToken: token,
	}
	return send(ctx, c, ask{method: http.MethodPost, path: wire.PathGrantsList, body: body.Marshal(), traced: true}, wire.ParseGrantPage)
}

func pageSize(size, offset int) (int, *Error) {
	switch {
	case size == 0:
		size = wire.DefaultPage
	case size < 1 || size > wire.MaxPage:
		return 0, invalid("page size", "is not 1 to 1000")
	}
	if offset < 0 {
		return 0, invalid("offset", "is negative")
	}
	return size, nil
}

// MintParams describes a sibling of a grant.
type MintParams struct {
	Label  string         // required, unique among the siblings
	Policy map[string]any // what the vault's policies allow ("expires_at", "max_ttl_seconds", "restrictions", "requires_approval"); default_ttl_seconds is refused
	Tags   []string
}

// MintedGrant is a grant that was made from another one. Times are as the vault
// wrote them.
type MintedGrant struct {
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

// MintGrant makes a second grant over the credential of an existing one, with a
// label and a policy that may only be tighter. A label in use is an
// [ErrLabelConflict].
func (a *App) MintGrant(ctx context.Context, sourceGrantID string, p MintParams) (*MintedGrant, error) {
	fault := checkID("grant", sourceGrantID)
	policy, err := wire.Object(anyMap(p.Policy))
	switch {
	case fault != nil:
		return nil, fault
	case p.Label == "":
		return nil, invalid("label", "is empty")
	case err != nil:
		return nil, invalid("policy", "cannot be written as JSON")
	case p.Policy["default_ttl_seconds"] != nil || slices.Contains(wire.PolicyKeys(policy), "default_ttl_seconds"):
		return nil, invalid("policy", "has default_ttl_seconds, which a minted grant cannot have")
	case slices.Contains(p.Tags, ""):
		return nil, invalid("tags", "hold an empty one")
	}
	body := wire.GrantMint{Label: p.Label, Policy: policy, Tags: p.Tags}
	info, err := send(ctx, a.client, ask{
		method: http.MethodPost, path: wire.PathGrantMint(sourceGrantID), body: body.Marshal(), grant: sourceGrantID, traced: true,
	}, wire.ParseGrantInfo)
	if err != nil {
		return nil, labelOf(err, p.Label)
	}
	return new(MintedGrant(info)), nil
}

// labelOf fills in the label of a conflict when the vault did not repeat it.
func labelOf(err error, label string) error {
	if e, ok := err.(*Error); ok && e.kind == kindSiblingLabel && e.Details.Label == "" { //nolint:errorlint // our own, not wrapped
		e.Details.Label = label
	}
	return err
}

func anyMap(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

// DelegateParams says how a grant is handed on.
type DelegateParams struct {
	Delegable       *bool         // may be handed on further; nil keeps the stored setting, a new delegation is then the last
	ScopeConstraint []string      // nil: none
	TTL             time.Duration // in whole seconds; 0 means no limit of its own
}

// Delegation is a grant that was handed on to another agent.
type Delegation struct {
	GrantID       string
	GrantKind     string // "oauth" or "managed_secret"
	ParentGrantID string
	Depth         int64 // 1 and above
	Delegable     bool
	Status        string
	ExpiresAt     string
}

// Delegate hands a grant that this agent holds on to another agent. A grant that
// cannot be handed on is an [ErrGrantNotDelegable], whose Details.Reason says
// why.
func (a *Agent) Delegate(ctx context.Context, grantID, toAgentID string, p DelegateParams) (*Delegation, error) {
	if fault := checkID("grant", grantID); fault != nil {
		return nil, fault
	}
	if fault := checkID("agent", toAgentID); fault != nil {
		return nil, fault
	}
	if err := wire.CheckScopeConstraint(p.ScopeConstraint); err != nil {
		return nil, invalid("scope constraint", err.Error())
	}
	if p.TTL < 0 || p.TTL%time.Second != 0 {
		return nil, invalid("TTL", "is not a positive number of whole seconds")
	}
	body := wire.GrantDelegate{
		ToAgentID: toAgentID, Delegable: p.Delegable, ScopeConstraint: p.ScopeConstraint, TTLSeconds: int64(p.TTL / time.Second),
	}
	d, err := send(ctx, a.client, ask{
		method: http.MethodPost, path: wire.PathGrantDelegate(grantID), body: body.Marshal(), grant: grantID, traced: true,
	}, wire.ParseDelegationResult)
	if err != nil {
		return nil, err
	}
	return new(Delegation(d)), nil
}

// RevokedGrant confirms that a grant was revoked.
type RevokedGrant struct {
	Success   bool
	Message   string
	GrantID   string
	RevokedAt string
}

// RevokeGrant ends a grant for everybody, with its delegations. reason may be
// empty. With [WithUserToken], only a grant of that user.
func (a *App) RevokeGrant(ctx context.Context, grantID, reason string) (*RevokedGrant, error) {
	id, fault := lowerUUID("grant", grantID)
	if fault != nil {
		return nil, fault
	}
	token, fault := a.userTokenFor(ctx, "")
	if fault != nil {
		fault.GrantID = id
		return nil, fault
	}
	r, err := send(ctx, a.client, ask{
		method: http.MethodPost, path: wire.PathGrantRevoke(id), body: wire.GrantRevoke{Reason: reason, UserToken: token}.Marshal(), grant: id,
	}, wire.ParseGrantRevoked)
	if err != nil {
		return nil, err
	}
	return new(RevokedGrant(r)), nil
}

// RevokeDelegation takes a grant away from one agent; the grant itself, and what
// it was handed on to elsewhere, stays. Doing it again is no error.
func (a *App) RevokeDelegation(ctx context.Context, grantID, agentID string) error {
	agent, fault := lowerUUID("agent", agentID)
	if fault != nil {
		return fault
	}
	return a.revokeDelegation(ctx, grantID, agent)
}

// RevokeDelegation gives a delegated grant back: this agent cannot use it any
// more, its owner and others can. Doing it again is no error.
func (a *Agent) RevokeDelegation(ctx context.Context, grantID string) error {
	return a.revokeDelegation(ctx, grantID, "me")
}

func (c *client) revokeDelegation(ctx context.Context, grantID, agent string) error {
	id, fault := lowerUUID("grant", grantID)
	if fault != nil {
		return fault
	}
	return sendOnly(ctx, c, ask{method: http.MethodDelete, path: wire.PathDelegation(id, agent), grant: id})
}
