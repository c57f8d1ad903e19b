package vault

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Principal says whose a grant of a managed secret is: [UserPrincipal],
// [GroupPrincipal], [SystemPrincipal] or [AgentPrincipal].
type Principal interface {
	wire() (wire.SecretPrincipal, *Error)
}

// UserPrincipal is the user whose token it holds. It prints without the token.
type UserPrincipal struct {
	UserToken string `json:"-"` // 1 to 8192 bytes
	Label     string // 1 to 255 characters: tells several grants of the user apart
}

// GroupPrincipal is a group of users at an identity provider.
type GroupPrincipal struct{ ExternalGroupID, IDPID, Label string } // 1 to 255 characters each

// SystemPrincipal is the application itself.
type SystemPrincipal struct{ Label string } // may be empty

// AgentPrincipal is an agent. The protocol has it, but hosted vaults refuse it;
// an operator grants secrets to agents.
type AgentPrincipal struct{ Label string } // may be empty

// Format prints the principal without the user's token, for every verb.
func (p UserPrincipal) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "vault.UserPrincipal(label %q)", p.Label)
}

// LogValue logs the principal without the user's token.
func (p UserPrincipal) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

func (p UserPrincipal) wire() (wire.SecretPrincipal, *Error) {
	if p.UserToken == "" || len(p.UserToken) > 8192 {
		return wire.SecretPrincipal{}, invalid("principal", "has a user token that is not 1 to 8192 bytes")
	}
	return labelled(wire.SecretPrincipal{Type: wire.PrincipalUser, UserToken: p.UserToken, Label: p.Label}, true)
}

func (p GroupPrincipal) wire() (wire.SecretPrincipal, *Error) {
	if wire.CheckLabel(p.ExternalGroupID) != nil || wire.CheckLabel(p.IDPID) != nil {
		return wire.SecretPrincipal{}, invalid("principal", "has an ID of group or identity provider that is not 1 to 255 characters")
	}
	return labelled(wire.SecretPrincipal{Type: wire.PrincipalGroup, ExternalGroupID: p.ExternalGroupID, IDPID: p.IDPID, Label: p.Label}, true)
}

func (p SystemPrincipal) wire() (wire.SecretPrincipal, *Error) {
	return labelled(wire.SecretPrincipal{Type: wire.PrincipalSystem, Label: p.Label}, false)
}

func (p AgentPrincipal) wire() (wire.SecretPrincipal, *Error) {
	return labelled(wire.SecretPrincipal{Type: wire.PrincipalAgent, Label: p.Label}, false)
}

// labelled checks the label, which some principals may go without.
func labelled(p wire.SecretPrincipal, required bool) (wire.SecretPrincipal, *Error) {
	if (required || p.Label != "") && wire.CheckLabel(p.Label) != nil {
		return p, invalid("principal", "has a label that is not 1 to 255 characters")
	}
	return p, nil
}

// ManagedSecretGrantParams describes a grant of a managed secret.
type ManagedSecretGrantParams struct {
	Principal    Principal    // required
	Policy       *GrantPolicy // nil: no limits
	CredentialID string       // which of the operator's values; may be empty while there is one
}

// CreatedGrant is a grant of a managed secret that was made.
type CreatedGrant struct {
	GrantID       string
	PrincipalType string // "user", "group", "system" or "agent"
	Label         string
	CreatedAt     string
	CredentialID  string
}

// CreateManagedSecretGrant lets a principal use a managed secret, which is named
// by its ID and not by its slug. A secret with several values is an
// [ErrCredentialIDRequired] that lists them, a label in use an
// [ErrLabelConflict], a value that a user entered an [ErrNotAssignable].
func (a *App) CreateManagedSecretGrant(ctx context.Context, managedSecretID string, p ManagedSecretGrantParams) (*CreatedGrant, error) {
	if fault := checkID("managed secret", managedSecretID); fault != nil {
		return nil, fault
	}
	// A pointer to a principal is one, too, and may be nil.
	if v := reflect.ValueOf(p.Principal); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, invalid("principal", "is missing")
	}
	principal, fault := p.Principal.wire()
	if fault != nil {
		return nil, fault
	}
	body := wire.SecretGrant{Principal: principal, CredentialID: p.CredentialID}
	policy, fault := p.Policy.wire()
	if fault != nil {
		return nil, fault
	}
	if policy != nil {
		body.Policy = *policy
	}
	g, err := send(ctx, a.client, ask{
		method: http.MethodPost, path: wire.PathSecretGrants(managedSecretID), body: body.Marshal(),
	}, wire.ParseSecretGrantCreated)
	if err != nil {
		return nil, labelOf(err, principal.Label)
	}
	return new(CreatedGrant(g)), nil
}

// ManagedSecretConnectParams describes a session in which a user enters a key
// for a managed secret, or lends what the user has of it to an agent.
type ManagedSecretConnectParams struct {
	Provider      string       // slug of the managed secret: 1 to 50 of a-z, 0-9 and hyphen
	UserToken     string       `json:"-"` // required; the token of WithUserToken is not used
	Delegable     bool         // the agent may hand the grant on
	Label         string       // asks for a grant with this label, up to 255 characters
	Policy        *GrantPolicy // nil: no limits
	Direct        bool         // without the vault's own consent page, where there is nothing to enter
	HideUserRules bool         // do not offer the user to set limits
	ReturnURL     string       // where the user goes afterwards
	AllowedOrigin string       // of the page that opens the session in a pop-up

	// An App's sessions only; an Agent's are for the agent itself.
	Agent         string // UUID or name: the grant is delegated to this agent
	RepairGrantID string // have the user enter the key of this grant again

	// The older ways to say the same, for vaults that know no others.
	TemplateSlug     string        // instead of Provider: the secret's template
	DelegatedAgentID string        // instead of Agent: its UUID
	RequestedTTL     time.Duration // instead of Policy: how long the grant lasts, in whole seconds
}

// Format prints what may be seen of the parameters, for every verb.
func (p ManagedSecretConnectParams) Format(w fmt.State, _ rune) {
	_, _ = fmt.Fprintf(w, "vault.ManagedSecretConnectParams(provider %q)", p.Provider)
}

// LogValue logs what may be seen of the parameters.
func (p ManagedSecretConnectParams) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// ManagedSecretConnectSession is a session that waits for its user. It prints
// without its token and URL. The protocol's clients learn its end from the page
// that the user returns to; this project's vault also answers PollSession.
type ManagedSecretConnectSession struct {
	Token      Secret
	ConnectURL string // for the user; whoever has it can finish the session
	ExpiresIn  time.Duration
	ExpiresAt  string // ISO 8601

	// Path is what the user will find: "fast_path" (there is a usable grant,
	// ExistingGrantID), "key_entry" (the page asks for the user's own key), "repair"
	// (the key of a grant is replaced); "" for a session of an agent's own key.
	Path               string
	ExistingGrantID    string
	DelegableRequested bool
	Direct             bool // what the vault made of the parameter
	SecretSlug         string
	TemplateSlug       string
	AgentID            string
}

// Format prints the session without token and URL, for every verb.
func (s ManagedSecretConnectSession) Format(w fmt.State, _ rune) {
	sessionText(w, "ManagedSecretConnectSession", s.ExpiresAt)
}

// LogValue logs the session without token and URL.
func (s ManagedSecretConnectSession) LogValue() slog.Value {
	return sessionValue("ManagedSecretConnectSession", s.ExpiresAt)
}

// MarshalText encodes the session without token and URL.
func (s ManagedSecretConnectSession) MarshalText() ([]byte, error) { return fmt.Append(nil, s), nil }

// CreateManagedSecretConnectSession makes a session for a user: the page that its
// URL opens asks for the user's key, or for leave to lend a grant to the agent.
// What the operator has to mend first is an [ErrConnectConfig], a vault that is
// too old for what was asked an [ErrFeatureUnsupported].
func (a *App) CreateManagedSecretConnectSession(ctx context.Context, p ManagedSecretConnectParams) (*ManagedSecretConnectSession, error) {
	return a.createSecretSession(ctx, p)
}

// CreateManagedSecretConnectSession makes a session in which a user lends a grant
// of a managed secret to this agent, or enters a key for it. The parameters Agent,
// DelegatedAgentID and RepairGrantID are an application's.
func (a *Agent) CreateManagedSecretConnectSession(ctx context.Context, p ManagedSecretConnectParams) (*ManagedSecretConnectSession, error) {
	switch {
	case p.Agent != "" || p.DelegatedAgentID != "":
		return nil, invalid("agent", "is set: an agent's sessions are for the agent itself")
	case p.RepairGrantID != "":
		return nil, invalid("repair grant", "is set: an application repairs grants")
	}
	if a.warnOnce != nil { // an application acts for the agent
		if p.Provider != "" {
			p.Agent = a.backend.caller
		} else {
			p.DelegatedAgentID = a.backend.caller
		}
	}
	return a.createSecretSession(ctx, p)
}

func (c *client) createSecretSession(ctx context.Context, p ManagedSecretConnectParams) (*ManagedSecretConnectSession, error) {
	body, fault := p.body()
	if fault != nil {
		return nil, fault
	}
	s, err := send(ctx, c, ask{
		method: http.MethodPost, path: wire.PathSecretSession, body: body.Marshal(),
		refused: func(a answer) *Error { return tooOld(a, &body) },
	}, wire.ParseSecretSession)
	if err != nil {
		return nil, err
	}
	if fault := checkSecretSession(&s, &body); fault != nil {
		return nil, fault
	}
	return &ManagedSecretConnectSession{
		Token: newSecret(s.SessionToken), ConnectURL: s.ConnectURL, ExpiresIn: time.Duration(s.ExpiresIn) * time.Second, ExpiresAt: s.ExpiresAt,
		Path: s.Path, ExistingGrantID: s.ExistingGrantID, DelegableRequested: s.DelegableRequested, Direct: s.Direct,
		SecretSlug: s.SecretSlug, TemplateSlug: s.TemplateSlug, AgentID: s.AgentID,
	}, nil
}

// body makes the checks of a session in the protocol's order.
func (p ManagedSecretConnectParams) body() (wire.SecretSessionRequest, *Error) {
	none := wire.SecretSessionRequest{}
	delegated, repair := strings.ToLower(p.DelegatedAgentID), strings.ToLower(p.RepairGrantID)
	policy, fault := p.Policy.wire()
	switch {
	case p.Provider == "" && p.TemplateSlug == "":
		return none, invalid("provider", "is missing: the slug of a managed secret")
	case p.Provider != "" && !wire.ValidSecretSlug(p.Provider):
		return none, invalid("provider", "is not 1 to 50 of a-z, 0-9 and hyphen")
	case p.TemplateSlug != "" && !wire.ValidTemplateSlug(p.TemplateSlug):
		return none, invalid("template", "holds more than letters, digits and hyphens")
	case delegated != "" && !wire.IsUUID(delegated):
		return none, invalid("agent", "is not a hyphenated UUID")
	case delegated != "" && p.Agent != "":
		return none, invalid("agent", "is named in both ways")
	case p.UserToken == "":
		return none, invalid("user token", "is missing: a user enters keys and lends grants")
	case p.RequestedTTL < 0 || p.RequestedTTL%time.Second != 0:
		return none, invalid("requested TTL", "is not a positive number of whole seconds")
	case p.RequestedTTL != 0 && p.Policy != nil:
		return none, invalid("requested TTL", "does not go with a policy")
	case repair != "" && (p.Agent != "" || delegated != "" || p.Label != ""):
		return none, invalid("repair grant", "does not go with an agent or a label")
	case p.Label != "" && wire.CheckLabel(p.Label) != nil:
		return none, invalid("label", "is not 1 to 255 characters")
	case fault != nil:
		return none, fault
	case repair != "" && !wire.IsUUID(repair):
		return none, invalid("repair grant", "is not a hyphenated UUID")
	}
	return wire.SecretSessionRequest{
		Provider: p.Provider, TemplateSlug: strings.ToLower(p.TemplateSlug), Agent: p.Agent, DelegatedAgentID: delegated, UserToken: p.UserToken,
		RequestedTTL: int64(p.RequestedTTL / time.Second), AllowedOrigin: p.AllowedOrigin, ReturnURL: p.ReturnURL, HideUserRules: p.HideUserRules,
		Delegable: p.Delegable, Label: p.Label, Policy: policy, Direct: p.Direct, RepairGrantID: repair,
	}, nil
}

// Features that older vaults lack.
const (
	featureByProvider = "managed_secret_connect_provider"
	featureAgentless  = "agent_managed_secret_connect_session"
	featureDelegable  = "managed_secret_connect_delegable"
)

func unsupported(feature string, a answer) *Error {
	return &Error{
		Code: "server_feature_unsupported", Status: a.status, RequestID: cleanText(a.requestID, 100), kind: kindUnsupported,
		Message: "the vault does not know " + feature, Details: Details{Feature: feature},
	}
}

// sentMembers are the members that older vaults do not know, as far as they are
// sent.
func sentMembers(r *wire.SecretSessionRequest) (sent []string) {
	for name, given := range map[string]bool{
		"provider": r.Provider != "", "agent": r.Agent != "", "requested_grant": r.Label != "", "grant_policy": r.Policy != nil,
		"direct": r.Direct, "repair_grant_id": r.RepairGrantID != "",
	} {
		if given {
			sent = append(sent, name)
		}
	}
	return sent
}

// tooOld tells a vault that does not know what was asked from one that refuses
// it; nil for the latter.
func tooOld(a answer, r *wire.SecretSessionRequest) *Error {
	if a.status != http.StatusUnprocessableEntity {
		return nil
	}
	unknown, missing := wire.FieldFaults(a.body)
	sent := sentMembers(r)
	agentless := r.Agent == "" && r.DelegatedAgentID == ""
	switch {
	case slices.ContainsFunc(unknown, func(name string) bool { return slices.Contains(sent, name) }):
		return unsupported(featureByProvider, a)
	case r.TemplateSlug == "" && slices.Contains(missing, "template_slug"):
		return unsupported(featureByProvider, a)
	case agentless && slices.Contains(missing, "delegated_agent_id"):
		return unsupported(featureAgentless, a)
	case agentless && wire.ParseErrorBody(a.body).Code == "delegated_agent_id_required":
		return unsupported(featureByProvider, a)
	}
	return nil
}

// checkSecretSession holds the answer against what was asked for.
func checkSecretSession(s *wire.SecretSession, r *wire.SecretSessionRequest) *Error {
	a := answer{status: http.StatusCreated}
	switch {
	case r.Delegable && !s.DelegableRequested:
		return unsupported(featureDelegable, a)
	case !r.Delegable && s.DelegableRequested:
		return badAnswer("", a, "the vault made a session whose grant may be handed on, which was not asked for")
	case len(sentMembers(r)) > 0 && !s.HasPath:
		return unsupported(featureByProvider, a)
	case r.Provider != "" && s.SecretSlug != r.Provider:
		return badAnswer("", a, "the vault made a session for another secret than was asked for")
	}
	return nil
}
