package wire

import (
	"encoding/base64"
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// ProxyRequest is the body of POST /sdk/proxy.
type ProxyRequest struct {
	Method     string
	URL        string
	GrantID    string
	ProviderID string // identity mode, used when GrantID is empty
	Account    string // this and the following are left out when empty
	Label      string
	UserToken  string
	AppUserID  string
	Body       jsontext.Value // compact JSON; nil means no body
	Headers    []Pair
	Query      jsontext.Value // an object; nil means none
	Reason     *string        // left out when nil
}

// Marshal returns the body in the protocol's order.
func (r ProxyRequest) Marshal() []byte {
	var o object
	o.str("method", r.Method)
	o.str("url", r.URL)
	if r.ProviderID != "" {
		o.str("provider_id", r.ProviderID)
	} else {
		o.str("grant_id", r.GrantID)
	}
	o.optStr("account", r.Account)
	o.optStr("label", r.Label)
	o.optStr("user_token", r.UserToken)
	o.optStr("app_user_id", r.AppUserID)
	if r.Body != nil {
		o.raw("body", r.Body)
	}
	if len(r.Headers) > 0 {
		o.raw("headers", pairsJSON(r.Headers))
	}
	if r.Query != nil {
		o.raw("query_params", r.Query)
	}
	if r.Reason != nil {
		o.str("reason", *r.Reason)
	}
	return o.bytes()
}

// ParseProxyRequest reads the body on the vault's side. Header names and the
// URL are not judged here.
func ParseProxyRequest(body []byte) (ProxyRequest, error) {
	m, err := parseObject(body)
	if err != nil {
		return ProxyRequest{}, ErrBodyNotObject
	}
	var r ProxyRequest
	if !m.need("method", &r.Method) || !m.need("url", &r.URL) || !m.targets(&r.GrantID, &r.ProviderID) ||
		!m.optional("account", &r.Account) || !m.optional("label", &r.Label) ||
		!m.optional("user_token", &r.UserToken) || !m.optional("app_user_id", &r.AppUserID) ||
		!m.reason(&r.Reason) {
		return ProxyRequest{}, ErrBodyField
	}
	if v, ok := m["body"]; ok {
		if r.Body, err = compact(v); err != nil {
			return ProxyRequest{}, ErrBodyField
		}
	}
	if v, ok := m["headers"]; ok && v.Kind() != 'n' {
		if r.Headers, err = parsePairs(v); err != nil {
			return ProxyRequest{}, ErrBodyField
		}
	}
	if v, ok := m["query_params"]; ok && v.Kind() != 'n' {
		if r.Query, err = compact(v); err != nil || v.Kind() != '{' {
			return ProxyRequest{}, ErrBodyField
		}
	}
	return r, nil
}

// ProxyAnswer is the 200 answer of POST /sdk/proxy: the provider's own answer,
// whatever its status.
type ProxyAnswer struct {
	StatusCode     int
	Headers        []Pair
	Body           []byte
	Truncated      bool
	ApprovalID     string
	DurationMS     *int64
	CredentialHint string
}

// Marshal returns the answer with every member the protocol knows.
func (a ProxyAnswer) Marshal() []byte {
	var o object
	o.num("status_code", int64(a.StatusCode))
	o.raw("headers", pairsJSON(append([]Pair{}, a.Headers...)))
	o.str("body_b64", base64.StdEncoding.EncodeToString(a.Body))
	o.raw("body_truncated", boolJSON(a.Truncated))
	o.nullStr("approval_id", nilIfEmpty(a.ApprovalID))
	if a.DurationMS != nil {
		o.num("duration_ms", *a.DurationMS)
	}
	o.nullStr("credential_hint", nilIfEmpty(a.CredentialHint))
	return o.bytes()
}

// Errors of the answer parsers.
var (
	ErrProxyAnswer   = errors.New("the vault's proxy answer is not what the protocol asks for")
	ErrPendingAnswer = errors.New("the vault's pending-approval answer is not what the protocol asks for")
	ErrMeAnswer      = errors.New("the vault's answer about the agent is not what the protocol asks for")
)

// ParseProxyAnswer reads the 200 answer of POST /sdk/proxy.
func ParseProxyAnswer(body []byte) (ProxyAnswer, error) {
	m, err := parseObject(body)
	if err != nil {
		return ProxyAnswer{}, ErrProxyAnswer
	}
	var a ProxyAnswer
	status, ok := m.integer("status_code")
	encoded, ok2 := m.str("body_b64")
	if !ok || !ok2 || status < 100 || status > 999 {
		return ProxyAnswer{}, ErrProxyAnswer
	}
	a.StatusCode = int(status)
	if a.Body, err = base64.StdEncoding.Strict().DecodeString(encoded); err != nil {
		return ProxyAnswer{}, ErrProxyAnswer
	}
	if v, ok := m["headers"]; ok {
		if a.Headers, err = parsePairs(v); err != nil {
			return ProxyAnswer{}, ErrProxyAnswer
		}
	}
	if v, ok := m["body_truncated"]; ok && v.Kind() != 't' && v.Kind() != 'f' {
		return ProxyAnswer{}, ErrProxyAnswer
	}
	a.Truncated = m.isTrue("body_truncated")
	if !m.optional("approval_id", &a.ApprovalID) || a.ApprovalID != "" && !IsUUID(a.ApprovalID) ||
		!m.optional("credential_hint", &a.CredentialHint) || !m.optionalInt("duration_ms", &a.DurationMS) {
		return ProxyAnswer{}, ErrProxyAnswer
	}
	return a, nil
}

// Pending is the 202 answer of POST /sdk/proxy: a person has to approve.
type Pending struct {
	ApprovalID  string
	GroupID     string
	ExpiresAt   time.Time
	ExpiresIn   int64 // seconds
	ApprovalURL string
	Gates       []Gate
}

// Gate is one of the approvals that a pending call needs.
type Gate struct {
	ApprovalID  string
	ExpiresAt   time.Time
	ExpiresIn   int64 // seconds
	ApprovalURL string
}

// Marshal returns the 202 answer.
func (p Pending) Marshal() []byte {
	var o object
	o.str("approval_id", p.ApprovalID)
	o.str("approval_group_id", p.GroupID)
	o.str("status", "pending")
	o.str("expires_at", p.ExpiresAt.UTC().Format(time.RFC3339))
	o.num("expires_in", p.ExpiresIn)
	o.str("approval_url", p.ApprovalURL)
	o.raw("gates", arrayJSON(p.Gates, func(dst []byte, g Gate) []byte {
		var o object
		o.str("approval_id", g.ApprovalID)
		o.str("expires_at", g.ExpiresAt.UTC().Format(time.RFC3339))
		o.num("expires_in", g.ExpiresIn)
		o.str("approval_url", g.ApprovalURL)
		return append(dst, o.bytes()...)
	}))
	return o.bytes()
}

// ParsePending reads the 202 answer of POST /sdk/proxy.
func ParsePending(body []byte) (Pending, error) {
	m, err := parseObject(body)
	if err != nil {
		return Pending{}, ErrPendingAnswer
	}
	status, _ := m.str("status")
	first, ok := m.gate()
	p := Pending{ApprovalID: first.ApprovalID, ExpiresAt: first.ExpiresAt, ExpiresIn: first.ExpiresIn, ApprovalURL: first.ApprovalURL}
	if !ok || status != "pending" || !m.need("approval_group_id", &p.GroupID) || !IsUUID(p.GroupID) {
		return Pending{}, ErrPendingAnswer
	}
	for _, item := range m.array("gates") {
		g, err := parseObject(item)
		if err != nil {
			return Pending{}, ErrPendingAnswer
		}
		gate, ok := g.gate()
		if !ok {
			return Pending{}, ErrPendingAnswer
		}
		p.Gates = append(p.Gates, gate)
	}
	if len(p.Gates) == 0 {
		return Pending{}, ErrPendingAnswer
	}
	return p, nil
}

func (m members) gate() (g Gate, ok bool) {
	var at string
	if !m.need("approval_id", &g.ApprovalID) || !IsUUID(g.ApprovalID) || !m.need("expires_at", &at) ||
		!m.need("approval_url", &g.ApprovalURL) || g.ApprovalURL == "" {
		return g, false
	}
	var err error
	if g.ExpiresAt, err = time.Parse(time.RFC3339, at); err != nil {
		return g, false
	}
	g.ExpiresIn, ok = m.integer("expires_in")
	return g, ok
}

func (m members) optionalInt(name string, dst **int64) bool {
	if _, ok := m[name]; !ok || m.isNull(name) {
		return true
	}
	n, ok := m.integer(name)
	*dst = &n
	return ok
}

func boolJSON(b bool) []byte {
	if b {
		return []byte("true")
	}
	return []byte("false")
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
