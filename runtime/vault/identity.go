package vault

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/grantwire/grantwire/runtime/vault/internal/assertion"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// IdentityParams says whose identity an application asks for.
type IdentityParams struct {
	UserToken      string `json:"-"` // of the user; "" means that of WithUserToken, and without that nobody's
	IncludeProfile bool   // e-mail address and name, too
}

// Format prints the parameters without the user's token, for every verb.
func (p IdentityParams) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "vault.IdentityParams(include profile %t)", p.IncludeProfile)
}

// LogValue logs the parameters without the user's token.
func (p IdentityParams) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// AgentIdentityParams says whose identity an agent asks for. Without a user it
// is the agent's own. The token of [WithUserToken] is not used.
type AgentIdentityParams struct {
	UserToken      string `json:"-"`
	AppUserID      string // the user by the vault's ID, as in IdentityContext
	IncludeProfile bool
}

// Format prints the parameters without the user's token, for every verb.
func (p AgentIdentityParams) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "vault.AgentIdentityParams(user %q, include profile %t)", p.AppUserID, p.IncludeProfile)
}

// LogValue logs the parameters without the user's token.
func (p AgentIdentityParams) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// IdentityContext is who stands behind a call, as the vault knows it; "" is
// none. ActorID is a label and proves nothing.
type IdentityContext struct {
	AppID             string
	AppUserID         string
	ExternalSubjectID string // the user's ID at the identity provider
	IDPID             string // that provider
	UserStatus        string // "active" or "suspended"
	AgentID           string
	ActorID           string
	GroupIDs          []string
	RunID, ThreadID   string // of the trace, as the caller told them
	Email             string // this and the next: with IncludeProfile only
	DisplayName       string
}

// IdentityAssertion is a signed statement about an identity, for one audience
// and at most five minutes. Whoever has the token can pass it off there.
type IdentityAssertion struct {
	Token     Secret // a JWT, for [VerifyIdentityAssertion] on the other side
	ExpiresAt time.Time
	Identity  IdentityContext
}

// ResolveIdentity asks the vault who the application, and the user if there is
// one, are. A token that is not valid is an [ErrReAuthRequired].
func (a *App) ResolveIdentity(ctx context.Context, p IdentityParams) (*IdentityContext, error) {
	token, fault := a.userTokenFor(ctx, p.UserToken)
	if fault != nil {
		return nil, fault
	}
	return a.resolveIdentity(ctx, wire.IdentityAsk{IncludeProfile: p.IncludeProfile, UserToken: token})
}

// ResolveIdentity asks the vault who the agent, and the user if one is named,
// are. A user who delegated nothing to this agent is an [ErrGrantNotFound],
// whether or not there is such a user.
func (a *Agent) ResolveIdentity(ctx context.Context, p AgentIdentityParams) (*IdentityContext, error) {
	return a.resolveIdentity(ctx, wire.IdentityAsk{IncludeProfile: p.IncludeProfile, UserToken: p.UserToken, AppUserID: p.AppUserID})
}

func (c *client) resolveIdentity(ctx context.Context, q wire.IdentityAsk) (*IdentityContext, error) {
	if fault := checkIdentityAsk(q); fault != nil {
		return nil, fault
	}
	i, err := send(ctx, c, ask{method: http.MethodPost, path: wire.PathIdentityResolve, body: q.Marshal(), traced: true}, wire.ParseIdentity)
	if err != nil {
		return nil, err
	}
	return new(IdentityContext(i)), nil
}

// AssertIdentity has the vault sign what ResolveIdentity tells, for an audience
// (a URI, of who will verify it). ttl is 10 seconds to 5 minutes, in whole
// seconds; 0 leaves it to the vault (two minutes).
func (a *App) AssertIdentity(ctx context.Context, audience string, ttl time.Duration, p IdentityParams) (*IdentityAssertion, error) {
	token, fault := a.userTokenFor(ctx, p.UserToken)
	if fault != nil {
		return nil, fault
	}
	return a.assertIdentity(ctx, audience, ttl, wire.IdentityAsk{IncludeProfile: p.IncludeProfile, UserToken: token})
}

// AssertIdentity has the vault sign what ResolveIdentity tells, as
// [App.AssertIdentity] does.
func (a *Agent) AssertIdentity(ctx context.Context, audience string, ttl time.Duration, p AgentIdentityParams) (*IdentityAssertion, error) {
	return a.assertIdentity(ctx, audience, ttl, wire.IdentityAsk{IncludeProfile: p.IncludeProfile, UserToken: p.UserToken, AppUserID: p.AppUserID})
}

func (c *client) assertIdentity(ctx context.Context, audience string, ttl time.Duration, q wire.IdentityAsk) (*IdentityAssertion, error) {
	if fault := checkIdentityAsk(q); fault != nil {
		return nil, fault
	}
	if err := wire.CheckAudience(audience); err != nil {
		return nil, invalid("audience", err.Error())
	}
	if ttl != 0 && (ttl%time.Second != 0 || ttl < wire.MinAssertionSeconds*time.Second || ttl > wire.MaxAssertionSeconds*time.Second) {
		return nil, invalid("TTL", "is not 10 to 300 whole seconds")
	}
	body := wire.AssertionAsk{IdentityAsk: q, Audience: audience, TTLSeconds: int64(ttl / time.Second)}
	got, err := send(ctx, c, ask{method: http.MethodPost, path: wire.PathIdentityAssert, body: body.Marshal(), traced: true}, wire.ParseIdentityAssertion)
	if err != nil {
		return nil, err
	}
	return &IdentityAssertion{newSecret(got.Token), got.ExpiresAt, IdentityContext(got.Identity)}, nil
}

func checkIdentityAsk(q wire.IdentityAsk) *Error {
	if utf8.RuneCountInString(q.UserToken) > wire.MaxUserToken {
		return invalid("user token", "is longer than 8192 characters")
	}
	return nil
}

// AssertionChecks is what [VerifyIdentityAssertion] holds a token to. All but
// AgentID are required.
type AssertionChecks struct {
	Issuer   string // the vault's address
	Audience string // who verifies: what AssertIdentity was given
	AppID    string // whose assertions are taken
	AgentID  string // "" takes those of any agent, and of none
	JWKS     []byte // the vault's public keys: the answer of Issuer/.well-known/alter-identity-jwks.json
}

// VerifyIdentityAssertion checks a token of AssertIdentity without asking
// anybody: an ES256 signature by the one key of the set that the token names,
// times, issuer, audience, application and agent. The result holds AppID,
// AgentID, AppUserID and UserStatus, the latter "active" when there is a user.
//
// A token that does not pass is an [ErrIdentityAssertion], whose Details.Reason
// is "malformed", "header", "key", "signature", "lifetime", "claims" or
// "binding". A token can be shown as often as it lives: who must take it once
// only has to remember it.
func VerifyIdentityAssertion(token string, checks AssertionChecks) (*IdentityContext, error) {
	return verifyAssertion(token, checks, time.Now())
}

func verifyAssertion(token string, checks AssertionChecks, now time.Time) (*IdentityContext, error) {
	for _, required := range [...]struct{ field, value string }{
		{"issuer", checks.Issuer}, {"audience", checks.Audience}, {"application", checks.AppID}, {"JWKS", string(checks.JWKS)},
	} {
		if required.value == "" {
			return nil, invalid(required.field, "is empty: without it nothing is verified")
		}
	}
	c, reason := assertion.Verify(token, assertion.Checks{
		Issuer: checks.Issuer, Audience: checks.Audience, AppID: checks.AppID, AgentID: checks.AgentID, JWKS: checks.JWKS, Now: now,
	})
	if reason != "" {
		return nil, &Error{
			Code: "memory_assertion_invalid", Message: "the identity assertion does not pass: " + string(reason), kind: kindAssertion,
			Details: Details{Reason: string(reason)},
		}
	}
	out := &IdentityContext{AppID: c.AppID, AgentID: c.AgentID, AppUserID: c.UserID}
	if c.UserID != "" {
		out.UserStatus = "active"
	}
	return out, nil
}
