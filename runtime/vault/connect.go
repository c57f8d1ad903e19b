package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// ConnectParams describes a session in which a user connects accounts, which
// makes grants. The zero value lets the user choose among all providers.
//
// Without a user's token (here or from [WithUserToken]) the grants belong to the
// application, or to the agent that asks.
type ConnectParams struct {
	Providers       []string // nil: the user chooses
	Direct          bool     // without the vault's own consent page; needs one provider
	SwitchAccount   bool     // have the user choose the account again
	HideUserRules   bool     // do not offer the user to set limits
	ReturnURL       string   // where the user goes afterwards
	AllowedOrigin   string   // of the page that opens the session in a pop-up
	Metadata        *ConnectMetadata
	Policy          *GrantPolicy
	RequiredScopes  map[string][]string // provider ID → scopes
	Requested       *RequestedGrant
	RepairGrantID   string // connect this grant's account again; needs its one provider
	Agent           string // UUID or name: the grants are delegated to this agent
	Delegable       *bool  // the agent may hand them on; nil leaves that to the vault
	ScopeConstraint []string
	UserToken       string `json:"-"`
}

// ConnectMetadata is what a program knows about its user's browser.
type ConnectMetadata struct{ IPAddress, UserAgent string }

// GrantPolicy limits how long a grant lasts. Zero fields are left out.
type GrantPolicy struct {
	ExpiresAt  time.Time
	MaxTTL     time.Duration // whole seconds: the longest that the user may choose
	DefaultTTL time.Duration // whole seconds
}

// RequestedGrant asks the user for a grant with a label and limits.
type RequestedGrant struct {
	Label            string // 1 to 255 characters
	AllowedMethods   []string
	AllowedEndpoints []string // path patterns, as the vault defines them
}

// Format prints what may be seen of the parameters, for every verb.
func (p ConnectParams) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "vault.ConnectParams(providers %q)", p.Providers)
}

// LogValue logs what may be seen of the parameters.
func (p ConnectParams) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// ConnectSession is a session that waits for its user. It prints without its
// token and URL.
type ConnectSession struct {
	Token          Secret // for PollSession
	ConnectURL     string // for the user; whoever has it can finish the session
	ExpiresIn      time.Duration
	ExpiresAt      string   // ISO 8601
	ScopeWarnings  []string // what the vault says about the scope constraint
	SingleProvider bool
	Direct         bool // what the vault made of ConnectParams.Direct
}

// Format prints the session without token and URL, for every verb.
func (s ConnectSession) Format(w fmt.State, _ rune) { sessionText(w, "ConnectSession", s.ExpiresAt) }

// LogValue logs the session without token and URL.
func (s ConnectSession) LogValue() slog.Value { return sessionValue("ConnectSession", s.ExpiresAt) }

// MarshalText encodes the session without token and URL.
func (s ConnectSession) MarshalText() ([]byte, error) { return fmt.Append(nil, s), nil }

// ConnectResult is a grant that a session made.
type ConnectResult struct {
	GrantID           string
	ProviderID        string
	AccountIdentifier string
	Scopes            []string
	APIBaseURL        string              // where this account's API is, when not at the provider's usual place
	Operation         string              // "creation", or "reauth" for an account that was connected before
	Policy            *ConnectGrantPolicy // nil: none
	Delegation        *ConnectDelegation  // nil: none
	Failed            []FailedGrant       // what did not come about in the same session
}

// ConnectGrantPolicy is the policy that a new grant has. Times are ISO 8601.
type ConnectGrantPolicy struct{ ExpiresAt, CreatedBy, CreatedAt string }

// ConnectDelegation says to which agent a new grant was delegated.
type ConnectDelegation struct {
	AgentID       string
	Delegable     bool
	PolicyRefused bool // the user's limits did not allow it
}

// FailedGrant is a provider for which a session made no grant.
type FailedGrant struct{ ProviderID, Reason, Message string }

// Connect lets a user connect accounts and waits for the result: it makes a
// session, shows its URL ([ShowURL]) and asks the vault until the user is done.
// The result has a grant for each account. Errors are those of
// CreateConnectSession and PollSession.
func (c *client) Connect(ctx context.Context, p ConnectParams, opts ...PollOption) ([]ConnectResult, error) {
	poll, fault := newPollConfig(opts)
	if fault != nil {
		return nil, fault
	}
	session, err := c.CreateConnectSession(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := poll.open(ctx, session.ConnectURL); err != nil {
		return nil, err
	}
	return c.pollConnect(ctx, session.Token.Reveal(), poll)
}

// CreateConnectSession makes a session and returns at once, for programs that
// show its URL themselves.
func (c *client) CreateConnectSession(ctx context.Context, p ConnectParams) (*ConnectSession, error) {
	body, fault := p.body()
	if fault != nil {
		return nil, fault
	}
	if body.UserToken, fault = c.userTokenFor(ctx, p.UserToken); fault != nil {
		return nil, fault
	}
	return c.createConnect(ctx, body)
}

func (c *client) createConnect(ctx context.Context, body wire.ConnectRequest) (*ConnectSession, error) {
	s, err := send(ctx, c, ask{method: http.MethodPost, path: wire.PathConnectSession, body: body.Marshal()}, wire.ParseConnectSession)
	if err != nil {
		return nil, err
	}
	return &ConnectSession{
		newSecret(s.SessionToken), s.ConnectURL, time.Duration(s.ExpiresIn) * time.Second, s.ExpiresAt,
		s.ScopeWarnings, s.SingleProvider, s.Direct,
	}, nil
}

// CreateConnectSessionForError makes the session that repairs what an error
// says: it connects the error's provider, for its agent, and renews the grant
// whose credential was revoked. err is one that names a provider, such as
// [ErrGrantNotFound], [ErrNoDelegatedGrant], [ErrGrantExpired],
// [ErrCredentialRevoked] or [ErrScopeReauthRequired] of a call; of p the fields
// Providers, Agent and RepairGrantID are replaced. A scope that the error misses
// goes into p.RequiredScopes, if the user is to be asked for it.
//
// A grant keeps its ID when the user connects the same account again. One that
// was revoked itself is over: the session makes a new one.
func (c *client) CreateConnectSessionForError(ctx context.Context, err error, p ConnectParams) (*ConnectSession, error) {
	cause, ok := errors.AsType[*Error](err)
	switch {
	case !ok || cause.Details.ProviderID == "":
		return nil, invalid("error", "names no provider that could be connected")
	case cause.Is(kindNoDelegated) && cause.Details.AgentID == "":
		return nil, invalid("error", "names no agent to delegate to")
	}
	p.Providers, p.Agent, p.RepairGrantID = []string{cause.Details.ProviderID}, cause.Details.AgentID, ""
	if cause.Is(kindCredRevoked) { // a repair gives nobody a new path
		p.Agent, p.RepairGrantID = "", cause.Details.GrantID
	}
	body, fault := p.body()
	if fault != nil {
		return nil, fault
	}
	if body.UserToken, fault = c.userTokenFor(ctx, p.UserToken); fault != nil {
		return nil, fault
	}
	s, err := c.createConnect(ctx, body)
	if body.RepairGrantID != "" && errors.Is(err, kindGrantNotFound) {
		// The grant is gone, so the account is connected as a new one.
		body.RepairGrantID = ""
		return c.createConnect(ctx, body)
	}
	return s, err
}

// body makes the checks of a session in the protocol's order.
func (p ConnectParams) body() (wire.ConnectRequest, *Error) {
	distinct := map[string]bool{}
	for _, id := range p.Providers {
		name := strings.ToLower(strings.TrimSpace(id))
		if name == "" {
			return wire.ConnectRequest{}, invalid("providers", "hold an empty one")
		}
		distinct[name] = true
	}
	policy, fault := p.Policy.wire()
	repair := strings.ToLower(p.RepairGrantID)
	switch {
	case p.Providers != nil && len(p.Providers) == 0:
		return wire.ConnectRequest{}, invalid("providers", "are an empty list; nil lets the user choose")
	case p.Direct && len(distinct) != 1:
		return wire.ConnectRequest{}, invalid("direct", "needs exactly one provider")
	case fault != nil:
		return wire.ConnectRequest{}, fault
	case p.Requested != nil && wire.CheckLabel(p.Requested.Label) != nil:
		return wire.ConnectRequest{}, invalid("requested grant", "has a label that is not 1 to 255 characters")
	case repair != "" && len(distinct) != 1:
		return wire.ConnectRequest{}, invalid("repair grant", "needs exactly one provider")
	case repair != "" && (p.Requested != nil || p.Agent != "" || p.SwitchAccount):
		return wire.ConnectRequest{}, invalid("repair grant", "does not go with a requested grant, an agent or switching accounts")
	case repair != "" && !wire.IsUUID(repair):
		return wire.ConnectRequest{}, invalid("repair grant", "is not a hyphenated UUID")
	}
	if err := wire.CheckScopeConstraint(p.ScopeConstraint); err != nil {
		return wire.ConnectRequest{}, invalid("scope constraint", err.Error())
	}
	return wire.ConnectRequest{
		Providers: p.Providers, ReturnURL: p.ReturnURL, AllowedOrigin: p.AllowedOrigin, Metadata: (*wire.ConnectMetadata)(p.Metadata),
		Direct: p.Direct, SwitchAccount: p.SwitchAccount, HideUserRules: p.HideUserRules, Policy: policy,
		RequiredScopes: p.RequiredScopes, Requested: (*wire.RequestedGrant)(p.Requested), RepairGrantID: repair,
		Agent: p.Agent, Delegable: p.Delegable, ScopeConstraint: p.ScopeConstraint,
	}, nil
}

func (p *GrantPolicy) wire() (*wire.GrantPolicyInput, *Error) {
	if p == nil {
		return nil, nil
	}
	if p.MaxTTL%time.Second != 0 || p.DefaultTTL%time.Second != 0 {
		return nil, invalid("policy", "has a lifetime that is not in whole seconds")
	}
	w := &wire.GrantPolicyInput{MaxTTLSeconds: int64(p.MaxTTL / time.Second), DefaultTTLSeconds: int64(p.DefaultTTL / time.Second)}
	if !p.ExpiresAt.IsZero() {
		w.ExpiresAt = p.ExpiresAt.Format(time.RFC3339)
	}
	if err := w.Check(); err != nil {
		return nil, invalid("policy", err.Error())
	}
	return w, nil
}
