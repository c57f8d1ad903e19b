package wire

import (
	"fmt"
	"log/slog"
)

// ConnectRequest is the body of POST /sdk/oauth/connect/session. The first four
// members are always sent, null when unset.
//
// Client and vault differ: the client applies the checks of its own surface; a
// vault checks everything again and decides about agents, scopes and origins.
type ConnectRequest struct {
	Providers       []string         // nil is null: the user may choose
	ReturnURL       string           // "" is null
	AllowedOrigin   string           // "" is null
	Metadata        *ConnectMetadata // nil is null
	Direct          bool             // sent only when true
	SwitchAccount   bool             // sent only when true
	HideUserRules   bool             // sent as allow_user_policy_rules:false, else left out
	Policy          *GrantPolicyInput
	RequiredScopes  map[string][]string
	Requested       *RequestedGrant
	RepairGrantID   string // lower-case UUID
	Agent           string // UUID or name
	Delegable       *bool
	ScopeConstraint []string
	UserToken       string
}

// ConnectMetadata is what an application knows about its user's browser.
type ConnectMetadata struct{ IPAddress, UserAgent string }

// Format prints a fixed text: the user's token is a secret.
func (r ConnectRequest) Format(w fmt.State, _ rune) { hide(w, "wire.ConnectRequest") }

// LogValue logs a fixed text.
func (r ConnectRequest) LogValue() slog.Value { return hidden("wire.ConnectRequest") }

// Marshal returns the body in the protocol's order.
func (r ConnectRequest) Marshal() []byte {
	var o object
	o.nullList("allowed_providers", r.Providers)
	o.orNull("return_url", r.ReturnURL)
	o.orNull("allowed_origin", r.AllowedOrigin)
	if r.Metadata == nil {
		o.raw("metadata", nil)
	} else {
		var m object
		m.optStr("ip_address", r.Metadata.IPAddress)
		m.optStr("user_agent", r.Metadata.UserAgent)
		o.raw("metadata", m.bytes())
	}
	if r.Direct {
		o.flag("direct", true)
	}
	if r.SwitchAccount {
		o.flag("switch_account", true)
	}
	if r.HideUserRules {
		o.flag("allow_user_policy_rules", false)
	}
	if r.Policy != nil {
		o.raw("grant_policy", r.Policy.Marshal())
	}
	if r.RequiredScopes != nil {
		o.raw("required_scopes", scopeMapJSON(r.RequiredScopes))
	}
	if r.Requested != nil {
		o.raw("requested_grant", r.Requested.Marshal())
	}
	o.optStr("repair_grant_id", r.RepairGrantID)
	o.optStr("agent", r.Agent)
	o.optFlag("delegable", r.Delegable)
	o.optList("scope_constraint", r.ScopeConstraint)
	o.optStr("user_token", r.UserToken)
	return o.bytes()
}

// ParseConnectRequest reads the body on the vault's side.
func ParseConnectRequest(body []byte) (ConnectRequest, error) {
	r := newReader("", body)
	c := ConnectRequest{
		Providers: r.optList("allowed_providers"), ReturnURL: r.optStr("return_url"), AllowedOrigin: r.optStr("allowed_origin"),
		Direct: r.flagOr("direct", false), SwitchAccount: r.flagOr("switch_account", false),
		HideUserRules: !r.flagOr("allow_user_policy_rules", true), Policy: r.grantPolicy("grant_policy"),
		RequiredScopes: r.scopeMap("required_scopes"), Requested: r.requestedGrant("requested_grant"),
		RepairGrantID: r.optUUID("repair_grant_id"), Agent: r.optStr("agent"), Delegable: r.optFlag("delegable"),
		ScopeConstraint: r.optList("scope_constraint"), UserToken: r.optStr("user_token"),
	}
	if m := r.sub("metadata"); m != nil {
		c.Metadata = &ConnectMetadata{m.optStr("ip_address"), m.optStr("user_agent")}
		r.check(m.bad == nil, "metadata")
	}
	r.check(CheckScopeConstraint(c.ScopeConstraint) == nil, "scope_constraint")
	return c, r.requestErr()
}

// ConnectSession is the answer of POST /sdk/oauth/connect/session. Token and
// URL let whoever has them finish the session.
type ConnectSession struct {
	SessionToken   string
	ConnectURL     string
	ExpiresIn      int64 // seconds, 0 and above
	ExpiresAt      string
	ScopeWarnings  []string // scope_constraint_warnings
	SingleProvider bool
	Direct         bool
}

// Format prints a fixed text for every verb.
func (s ConnectSession) Format(w fmt.State, _ rune) { hide(w, "wire.ConnectSession") }

// LogValue logs a fixed text.
func (s ConnectSession) LogValue() slog.Value { return hidden("wire.ConnectSession") }

// Marshal returns the answer.
func (s ConnectSession) Marshal() []byte {
	var o object
	o.str("session_token", s.SessionToken)
	o.str("connect_url", s.ConnectURL)
	o.num("expires_in", s.ExpiresIn)
	o.str("expires_at", s.ExpiresAt)
	o.list("scope_constraint_warnings", s.ScopeWarnings)
	o.flag("single_provider", s.SingleProvider)
	o.flag("direct", s.Direct)
	return o.bytes()
}

// ParseConnectSession reads the answer: the first four members are strict, the
// others soft.
func ParseConnectSession(body []byte) (ConnectSession, error) {
	r := newReader("the connect session", body)
	s := ConnectSession{
		SessionToken: r.text("session_token"), ConnectURL: r.text("connect_url"), ExpiresIn: r.num("expires_in"),
		ExpiresAt: r.text("expires_at"), ScopeWarnings: r.softList("scope_constraint_warnings"),
		SingleProvider: r.m.isTrue("single_provider"), Direct: r.m.isTrue("direct"),
	}
	r.check(s.ExpiresIn >= 0, "expires_in")
	return s, r.err()
}

// MarshalConnectPoll returns the body of POST /sdk/oauth/connect/session/poll.
func MarshalConnectPoll(sessionToken string) []byte {
	var o object
	o.str("session_token", sessionToken)
	return o.bytes()
}

// ParseConnectPoll reads the body on the vault's side.
func ParseConnectPoll(body []byte) (sessionToken string, err error) {
	r := newReader("", body)
	return r.text("session_token"), r.requestErr()
}

// Statuses of a session that is polled.
const (
	SessionPending   = "pending"
	SessionCompleted = "completed"
	SessionError     = "error"
	SessionExpired   = "expired"
)

// ConnectState is the answer of POST /sdk/oauth/connect/session/poll.
type ConnectState struct {
	Status   string               // one of the above; others are kept
	Declined []DeclinedProvider   // pending
	Grants   []ConnectGrant       // completed
	Failed   []ConnectFailedGrant // completed
	Error    *SessionFault        // error
}

// DeclinedProvider is a provider that the user refused on the way.
type DeclinedProvider struct {
	ProviderID string
	ErrorCode  string
	DeclinedAt string // "" when unknown
}

// ConnectGrant is a grant that a session made.
type ConnectGrant struct {
	GrantID           string
	ProviderID        string
	Scopes            []string
	AccountIdentifier string
	APIBaseURL        string
	Operation         string              // "creation" or "reauth"
	Policy            *ConnectGrantPolicy // nil when absent
	Delegation        *ConnectDelegation  // nil when absent
}

// ConnectGrantPolicy is the policy of a new grant.
type ConnectGrantPolicy struct{ ExpiresAt, CreatedBy, CreatedAt string }

// ConnectDelegation says to which agent a new grant was delegated.
type ConnectDelegation struct {
	AgentID       string
	Delegable     bool
	PolicyRefused bool
}

// ConnectFailedGrant is a provider for which no grant came about.
type ConnectFailedGrant struct{ ProviderID, Reason, Message string }

// SessionFault is why a session ended without a result.
type SessionFault struct {
	Code       string
	Message    string
	RetryAfter *int64 // seconds
}

// Marshal returns the answer with the members of its status.
func (s ConnectState) Marshal() []byte {
	var o object
	o.str("status", s.Status)
	switch s.Status {
	case SessionPending:
		if len(s.Declined) > 0 {
			o.raw("declined_providers", arrayJSON(s.Declined, appendDeclined))
		}
	case SessionCompleted:
		o.raw("grants", arrayJSON(s.Grants, appendConnectGrant))
		o.raw("failed_grants", arrayJSON(s.Failed, appendFailedGrant))
	case SessionError:
		var e object
		if s.Error != nil {
			e.str("error_code", s.Error.Code)
			e.str("error_message", s.Error.Message)
			e.optNum("retry_after_seconds", s.Error.RetryAfter)
		}
		o.raw("error", e.bytes())
	}
	return o.bytes()
}

func appendDeclined(dst []byte, d DeclinedProvider) []byte {
	var o object
	o.str("provider_id", d.ProviderID)
	o.str("error_code", d.ErrorCode)
	o.optStr("declined_at", d.DeclinedAt)
	return append(dst, o.bytes()...)
}

func appendFailedGrant(dst []byte, f ConnectFailedGrant) []byte {
	var o object
	o.str("provider_id", f.ProviderID)
	o.str("reason", f.Reason)
	o.str("message", f.Message)
	return append(dst, o.bytes()...)
}

func appendConnectGrant(dst []byte, g ConnectGrant) []byte {
	var o object
	o.str("grant_id", g.GrantID)
	o.str("provider_id", g.ProviderID)
	o.orNull("account_identifier", g.AccountIdentifier)
	o.list("scopes", g.Scopes)
	o.orNull("api_base_url", g.APIBaseURL)
	o.orNull("operation", g.Operation)
	if p := g.Policy; p != nil {
		var e object
		e.orNull("expires_at", p.ExpiresAt)
		e.orNull("created_by", p.CreatedBy)
		e.orNull("created_at", p.CreatedAt)
		o.raw("grant_policy", e.bytes())
	}
	if d := g.Delegation; d != nil {
		var e object
		e.str("agent_id", d.AgentID)
		e.flag("delegable", d.Delegable)
		e.flag("policy_refused", d.PolicyRefused)
		o.raw("delegation", e.bytes())
	}
	return append(dst, o.bytes()...)
}

// ParseConnectState reads the answer. Malformed declined providers are skipped;
// anything else that is malformed refuses the whole answer.
func ParseConnectState(body []byte) (ConnectState, error) {
	r := newReader("the connect session", body)
	s := ConnectState{Status: r.text("status")}
	switch s.Status {
	case SessionPending:
		for _, item := range r.m.array("declined_providers") {
			d := newReader("", item)
			p := DeclinedProvider{d.text("provider_id"), d.text("error_code"), d.softStr("declined_at")}
			if d.bad == nil {
				s.Declined = append(s.Declined, p)
			}
		}
	case SessionCompleted:
		if r.has("grants") {
			s.Grants = each(r, "grants", (*reader).connectGrant)
		}
		if r.has("failed_grants") {
			s.Failed = each(r, "failed_grants", func(r *reader) ConnectFailedGrant {
				return ConnectFailedGrant{r.text("provider_id"), r.text("reason"), r.text("message")}
			})
		}
	case SessionError:
		fault := r.sub("error")
		if fault == nil {
			r.fail("error")
			break
		}
		s.Error = &SessionFault{Code: fault.blank("error_code"), Message: fault.blank("error_message"), RetryAfter: fault.seconds()}
		r.check(fault.bad == nil, "error")
	}
	return s, r.err()
}

// blank is a string with something in it.
func (r *reader) blank(name string) string {
	s := r.str(name)
	r.check(CheckID(s) == nil, name)
	return s
}

func (r *reader) seconds() *int64 {
	n, ok := wholeOf(r.m["retry_after_seconds"])
	if !ok || n < 0 {
		return nil
	}
	return &n
}

func (r *reader) connectGrant() ConnectGrant {
	g := ConnectGrant{
		GrantID: r.str("grant_id"), ProviderID: r.str("provider_id"), Scopes: r.listOr("scopes"),
		AccountIdentifier: r.optStr("account_identifier"), APIBaseURL: r.origin("api_base_url"), Operation: "creation",
	}
	if r.given("operation") {
		g.Operation = r.oneOf("operation", "creation", "reauth")
	}
	if p := r.sub("grant_policy"); p != nil {
		g.Policy = &ConnectGrantPolicy{p.optStr("expires_at"), p.optStr("created_by"), p.optStr("created_at")}
		r.check(p.bad == nil, "grant_policy")
	}
	if d := r.sub("delegation"); d != nil {
		g.Delegation = &ConnectDelegation{d.uuid("agent_id"), d.flag("delegable"), d.flagOr("policy_refused", false)}
		r.check(d.bad == nil, "delegation")
	}
	return g
}
