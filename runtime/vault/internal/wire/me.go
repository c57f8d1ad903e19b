package wire

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AgentInfo is the answer of GET /sdk/agents/me. The raw members are JSON
// objects as the vault wrote them; nil where absent or null.
type AgentInfo struct {
	ID                 string
	Name               string
	DisplayName        string
	Type               string // "agent" or "service"
	Status             string // "active", "inactive" or "revoked"
	Version            int64
	Scopes             jsontext.Value
	ScopesPending      jsontext.Value
	ScopesAppliesAt    *time.Time
	Policy             jsontext.Value
	Metadata           jsontext.Value
	RateLimitPerMinute *int64
	CreatedAt          time.Time
	LastUsedAt         *time.Time
	ParentAgentID      string
}

// Marshal returns the answer with every member of the protocol.
func (a AgentInfo) Marshal() []byte {
	var o object
	o.str("id", a.ID)
	o.str("name", a.Name)
	o.nullStr("display_name", nilIfEmpty(a.DisplayName))
	o.str("type", a.Type)
	o.str("status", a.Status)
	o.raw("scopes", orEmpty(a.Scopes))
	o.raw("scopes_pending", a.ScopesPending)
	o.nullStr("scopes_applies_at", timeJSON(a.ScopesAppliesAt))
	o.raw("policy", orEmpty(a.Policy))
	o.raw("metadata", orEmpty(a.Metadata))
	if a.RateLimitPerMinute == nil {
		o.raw("rate_limit_per_minute", nil)
	} else {
		o.num("rate_limit_per_minute", *a.RateLimitPerMinute)
	}
	o.num("version", a.Version)
	o.str("created_at", *timeJSON(&a.CreatedAt))
	o.nullStr("last_used_at", timeJSON(a.LastUsedAt))
	o.nullStr("parent_agent_id", nilIfEmpty(a.ParentAgentID))
	o.raw("stored_legacy_managed_secret_names", []byte("[]"))
	return o.bytes()
}

// ParseAgentInfo reads the answer of GET /sdk/agents/me.
func ParseAgentInfo(body []byte) (AgentInfo, error) {
	m, err := parseObject(body)
	if err != nil {
		return AgentInfo{}, ErrMeAnswer
	}
	var a AgentInfo
	var created *time.Time
	var ok bool
	a.Version, ok = m.integer("version")
	if !ok || !m.need("id", &a.ID) || !IsUUID(a.ID) || !m.need("name", &a.Name) ||
		!m.need("type", &a.Type) || a.Type != CallerAgent && a.Type != CallerService ||
		!m.need("status", &a.Status) || a.Status != "active" && a.Status != "inactive" && a.Status != "revoked" ||
		!m.optionalTime("created_at", &created) || created == nil {
		return AgentInfo{}, ErrMeAnswer
	}
	a.CreatedAt = *created
	if !m.optional("display_name", &a.DisplayName) || !m.optional("parent_agent_id", &a.ParentAgentID) ||
		!m.optionalTime("scopes_applies_at", &a.ScopesAppliesAt) || !m.optionalTime("last_used_at", &a.LastUsedAt) ||
		!m.optionalInt("rate_limit_per_minute", &a.RateLimitPerMinute) ||
		!m.optionalValue("scopes", &a.Scopes) || !m.optionalValue("scopes_pending", &a.ScopesPending) ||
		!m.optionalValue("policy", &a.Policy) || !m.optionalValue("metadata", &a.Metadata) {
		return AgentInfo{}, ErrMeAnswer
	}
	return a, nil
}

func (m members) optionalTime(name string, dst **time.Time) bool {
	var s string
	if !m.optional(name, &s) {
		return false
	}
	if s == "" {
		return true
	}
	t, err := time.Parse(time.RFC3339, s)
	*dst = &t
	return err == nil
}

func (m members) optionalValue(name string, dst *jsontext.Value) bool {
	v, ok := m[name]
	if !ok || v.Kind() == 'n' {
		return true
	}
	text, err := compact(v)
	*dst = text
	return err == nil
}

func orEmpty(v jsontext.Value) []byte {
	if v == nil {
		return []byte("{}")
	}
	return v
}

func timeJSON(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}
