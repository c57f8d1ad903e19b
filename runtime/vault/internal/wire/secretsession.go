package wire

import (
	"fmt"
	"log/slog"
)

// SecretSessionRequest is the body of POST /sdk/managed-secrets/connect/session.
// Unlike in a Connect session nothing is sent as null.
type SecretSessionRequest struct {
	Provider         string // slug
	TemplateSlug     string // the older way to name a secret
	Agent            string // UUID or name
	DelegatedAgentID string // the older way to name an agent
	UserToken        string // always sent
	RequestedTTL     int64  // seconds, left out when 0
	AllowedOrigin    string
	ReturnURL        string
	HideUserRules    bool   // sent as allow_user_policy_rules:false, else left out
	Delegable        bool   // sent only when true
	Label            string // of requested_grant, which is left out when ""
	Policy           *GrantPolicyInput
	Direct           bool // sent only when true
	RepairGrantID    string
}

// Format prints a fixed text: the user's token is a secret.
func (r SecretSessionRequest) Format(w fmt.State, _ rune) { hide(w, "wire.SecretSessionRequest") }

// LogValue logs a fixed text.
func (r SecretSessionRequest) LogValue() slog.Value { return hidden("wire.SecretSessionRequest") }

// Marshal returns the body in the protocol's order.
func (r SecretSessionRequest) Marshal() []byte {
	var o object
	o.optStr("provider", r.Provider)
	o.optStr("template_slug", r.TemplateSlug)
	o.optStr("agent", r.Agent)
	o.optStr("delegated_agent_id", r.DelegatedAgentID)
	o.str("user_token", r.UserToken)
	if r.RequestedTTL != 0 {
		o.num("requested_ttl_seconds", r.RequestedTTL)
	}
	o.optStr("allowed_origin", r.AllowedOrigin)
	o.optStr("return_url", r.ReturnURL)
	if r.HideUserRules {
		o.flag("allow_user_policy_rules", false)
	}
	if r.Delegable {
		o.flag("delegable", true)
	}
	if r.Label != "" {
		o.raw("requested_grant", RequestedGrant{Label: r.Label}.Marshal())
	}
	if r.Policy != nil {
		o.raw("grant_policy", r.Policy.Marshal())
	}
	if r.Direct {
		o.flag("direct", true)
	}
	o.optStr("repair_grant_id", r.RepairGrantID)
	return o.bytes()
}

// ParseSecretSessionRequest reads the body on the vault's side.
func ParseSecretSessionRequest(body []byte) (SecretSessionRequest, error) {
	r := newReader("", body)
	s := SecretSessionRequest{
		Provider: r.optStr("provider"), TemplateSlug: r.optStr("template_slug"), Agent: r.optStr("agent"),
		DelegatedAgentID: r.optUUID("delegated_agent_id"), UserToken: r.text("user_token"), AllowedOrigin: r.optStr("allowed_origin"),
		ReturnURL: r.optStr("return_url"), HideUserRules: !r.flagOr("allow_user_policy_rules", true), Delegable: r.flagOr("delegable", false),
		Policy: r.grantPolicy("grant_policy"), Direct: r.flagOr("direct", false), RepairGrantID: r.optUUID("repair_grant_id"),
	}
	if ttl := r.optNum("requested_ttl_seconds"); ttl != nil {
		s.RequestedTTL = *ttl
		r.check(*ttl > 0, "requested_ttl_seconds")
	}
	if g := r.requestedGrant("requested_grant"); g != nil {
		s.Label = g.Label
		r.check(g.AllowedMethods == nil && g.AllowedEndpoints == nil, "requested_grant")
	}
	return s, r.requestErr()
}

// What the user of a session will find.
const (
	PathFast   = "fast_path" // there is a usable grant already
	PathEntry  = "key_entry" // the page asks for the user's own key
	PathRepair = "repair"    // the user's own key is replaced
)

// SecretSession is the answer of POST /sdk/managed-secrets/connect/session.
// Token and URL let whoever has them finish the session.
type SecretSession struct {
	SessionToken       string
	ConnectURL         string
	ExpiresIn          int64 // seconds, 0 and above
	ExpiresAt          string
	DelegableRequested bool
	Path               string // "" is null: not told
	HasPath            bool   // the member is there, null or not
	ExistingGrantID    string
	Direct             bool
	SecretSlug         string
	TemplateSlug       string
	AgentID            string
}

// Format prints a fixed text for every verb.
func (s SecretSession) Format(w fmt.State, _ rune) { hide(w, "wire.SecretSession") }

// LogValue logs a fixed text.
func (s SecretSession) LogValue() slog.Value { return hidden("wire.SecretSession") }

// Marshal returns the answer.
func (s SecretSession) Marshal() []byte {
	var o object
	o.str("session_token", s.SessionToken)
	o.str("connect_url", s.ConnectURL)
	o.num("expires_in", s.ExpiresIn)
	o.str("expires_at", s.ExpiresAt)
	o.flag("delegable_requested", s.DelegableRequested)
	o.orNull("path", s.Path)
	o.orNull("existing_grant_id", s.ExistingGrantID)
	o.flag("direct", s.Direct)
	o.orNull("secret_slug", s.SecretSlug)
	o.orNull("template_slug", s.TemplateSlug)
	o.orNull("agent_id", s.AgentID)
	return o.bytes()
}

// ParseSecretSession reads the answer.
func ParseSecretSession(body []byte) (SecretSession, error) {
	r := newReader("the session", body)
	s := SecretSession{
		SessionToken: r.text("session_token"), ConnectURL: r.text("connect_url"), ExpiresIn: r.num("expires_in"), ExpiresAt: r.text("expires_at"),
		DelegableRequested: r.flagOr("delegable_requested", false), HasPath: r.has("path"), ExistingGrantID: r.optStr("existing_grant_id"),
		Direct: r.flagOr("direct", false), SecretSlug: r.optStr("secret_slug"), TemplateSlug: r.optStr("template_slug"), AgentID: r.optStr("agent_id"),
	}
	r.check(s.ExpiresIn >= 0, "expires_in")
	switch path := r.softStr("path"); path {
	case PathFast, PathEntry, PathRepair:
		s.Path = path
	}
	return s, r.err()
}

// FieldFaults returns the members of a request's body that a vault does not
// know, and those that it misses, as far as a 422 answer lists them.
func FieldFaults(body []byte) (unknown, missing []string) {
	m, err := parseObject(body)
	if err != nil {
		return nil, nil
	}
	for _, item := range m.array("detail") {
		fault, err := parseObject(item)
		if err != nil {
			continue
		}
		loc := fault.stringsOf("loc")
		if len(loc) != 2 || loc[0] != "body" {
			continue
		}
		switch kind, _ := fault.str("type"); kind {
		case "extra_forbidden":
			unknown = append(unknown, loc[1])
		case "missing":
			missing = append(missing, loc[1])
		}
	}
	return unknown, missing
}
