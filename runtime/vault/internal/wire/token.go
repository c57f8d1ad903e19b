package wire

import "errors"

// TokenRequest is the body of POST /sdk/token: which grant (or which provider
// identity) is asked for, and the call that it is for.
type TokenRequest struct {
	GrantID    string  // direct mode
	ProviderID string  // identity mode, used when GrantID is empty
	Reason     *string // nil is null
	Method     string
	URL        string
	UserToken  string // these four are left out when empty
	AppUserID  string
	Account    string
	Label      string
}

// Marshal returns the body in the protocol's order.
func (r TokenRequest) Marshal() []byte {
	var call, o object
	call.str("method", r.Method)
	call.str("url", r.URL)
	if r.ProviderID != "" {
		o.str("provider_id", r.ProviderID)
	} else {
		o.str("grant_id", r.GrantID)
	}
	o.nullStr("reason", r.Reason)
	o.raw("request", call.bytes())
	o.optStr("user_token", r.UserToken)
	o.optStr("app_user_id", r.AppUserID)
	o.optStr("account", r.Account)
	o.optStr("label", r.Label)
	return o.bytes()
}

// Errors of the request parsers, for a vault's 4xx answers.
var (
	ErrBodyNotObject = errors.New("the body is not a JSON object")
	ErrBodyField     = errors.New("a member of the body is missing or has the wrong type")
)

// ParseTokenRequest reads the body on the vault's side. An empty grant_id
// counts as given: the vault refuses it like any unknown grant.
func ParseTokenRequest(body []byte) (TokenRequest, error) {
	m, err := parseObject(body)
	if err != nil {
		return TokenRequest{}, ErrBodyNotObject
	}
	var r TokenRequest
	call, ok := m.object("request")
	if !ok || !call.need("method", &r.Method) || !call.need("url", &r.URL) ||
		!m.targets(&r.GrantID, &r.ProviderID) || !m.reason(&r.Reason) ||
		!m.optional("user_token", &r.UserToken) || !m.optional("app_user_id", &r.AppUserID) ||
		!m.optional("account", &r.Account) || !m.optional("label", &r.Label) {
		return TokenRequest{}, ErrBodyField
	}
	return r, nil
}

// targets reads grant_id or provider_id, exactly one of which must be there.
func (m members) targets(grant, provider *string) bool {
	_, hasGrant := m["grant_id"]
	_, hasProvider := m["provider_id"]
	return hasGrant != hasProvider && m.optional("grant_id", grant) && m.optional("provider_id", provider)
}

func (m members) reason(reason **string) bool {
	if _, ok := m["reason"]; !ok || m.isNull("reason") {
		return true
	}
	s, ok := m.str("reason")
	*reason = &s
	return ok
}

// need reads a string that must be there.
func (m members) need(name string, dst *string) (ok bool) {
	*dst, ok = m.str(name)
	return ok
}

// optional reads a string that may be absent or null.
func (m members) optional(name string, dst *string) bool {
	if _, ok := m[name]; !ok || m.isNull(name) {
		return true
	}
	return m.need(name, dst)
}
