package wire

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AgentCreate is the body of POST /sdk/agents.
//
// Client and vault differ: the client refuses what [CheckAgentName] and
// [CheckAgentScopes] refuse before it sends; the rules of a name's characters
// and its uniqueness are the vault's alone.
type AgentCreate struct {
	Name        string
	Type        string              // "agent" or "service"; "" is sent as "agent"
	Scopes      map[string][]string // provider ID → scopes; nil is sent as {}
	Metadata    jsontext.Value      // an object; nil is sent as {}
	DisplayName *string             // these two are left out when nil
	Policy      jsontext.Value
}

// Marshal returns the body in the protocol's order.
func (r AgentCreate) Marshal() []byte {
	var o object
	o.str("name", r.Name)
	if r.Type == "" {
		r.Type = CallerAgent
	}
	o.str("type", r.Type)
	o.raw("scopes", scopeMapJSON(r.Scopes))
	o.raw("metadata", orEmpty(r.Metadata))
	if r.DisplayName != nil {
		o.str("display_name", *r.DisplayName)
	}
	o.optRaw("policy", r.Policy)
	return o.bytes()
}

// ParseAgentCreate reads the body on the vault's side. Scopes is nil when the
// member was absent.
func ParseAgentCreate(body []byte) (AgentCreate, error) {
	r := newReader("", body)
	c := AgentCreate{
		Name: r.str("name"), Type: CallerAgent, Scopes: r.scopeMap("scopes"),
		Metadata: r.optObject("metadata"), Policy: r.optObject("policy"),
	}
	if r.given("type") {
		c.Type = r.oneOf("type", CallerAgent, CallerService)
	}
	if r.given("display_name") {
		c.DisplayName = new(r.str("display_name"))
	}
	return c, r.requestErr()
}

// AgentUpdate is the body of PATCH /sdk/agents/{id}. Members that are nil are
// left out and keep what is stored; the others replace it whole.
type AgentUpdate struct {
	DisplayName *string
	Metadata    jsontext.Value
	Scopes      map[string][]string
	Policy      jsontext.Value
	Status      string // "active" or "inactive", sent alone (resume, suspend)
}

// Marshal returns the body in the protocol's order; "{}" when nothing is set.
func (r AgentUpdate) Marshal() []byte {
	var o object
	if r.DisplayName != nil {
		o.str("display_name", *r.DisplayName)
	}
	o.optRaw("metadata", r.Metadata)
	if r.Scopes != nil {
		o.raw("scopes", scopeMapJSON(r.Scopes))
	}
	o.optRaw("policy", r.Policy)
	o.optStr("status", r.Status)
	return o.bytes()
}

// ParseAgentUpdate reads the body on the vault's side.
func ParseAgentUpdate(body []byte) (AgentUpdate, error) {
	r := newReader("", body)
	u := AgentUpdate{Metadata: r.optObject("metadata"), Scopes: r.scopeMap("scopes"), Policy: r.optObject("policy")}
	if r.given("display_name") {
		u.DisplayName = new(r.str("display_name"))
	}
	if r.given("status") {
		u.Status = r.oneOf("status", "active", "inactive")
	}
	return u, r.requestErr()
}

// AgentCreated is the answer of POST /sdk/agents. It holds a secret.
type AgentCreated struct {
	AgentInfo
	APIKey string // "" when a replayed idempotency key created nothing
	KeyID  string
}

// Format prints the agent's name without its key, for every verb.
func (a AgentCreated) Format(w fmt.State, _ rune) { hide(w, "wire.AgentCreated") }

// LogValue logs a fixed text.
func (a AgentCreated) LogValue() slog.Value { return hidden("wire.AgentCreated") }

// MarshalJSON writes a fixed text; Marshal is what makes the answer.
func (a AgentCreated) MarshalJSON() ([]byte, error) {
	return []byte(`"wire.AgentCreated(hidden)"`), nil
}

func hide(w fmt.State, name string) { _, _ = io.WriteString(w, name+"(hidden)") }

func hidden(name string) slog.Value { return slog.StringValue(name + "(hidden)") }

// Marshal returns the answer. api_key is there even when it is null: the
// official client insists.
func (a AgentCreated) Marshal() []byte {
	var o object
	o.merge(a.AgentInfo.Marshal())
	o.orNull("api_key", a.APIKey)
	o.str("key_id", a.KeyID)
	return o.bytes()
}

// ParseAgentCreated reads the answer of POST /sdk/agents.
func ParseAgentCreated(body []byte) (AgentCreated, error) {
	info, err := ParseAgentInfo(body)
	if err != nil {
		return AgentCreated{}, err
	}
	r := newReader("the new agent", body)
	a := AgentCreated{AgentInfo: info, KeyID: r.uuid("key_id"), APIKey: r.mintedKey("api_key")}
	return a, r.err()
}

// mintedKey reads a key that must be present, but may be null.
func (r *reader) mintedKey(name string) string {
	if r.m.isNull(name) {
		return ""
	}
	return r.text(name)
}

// AgentPage is the answer of GET /sdk/agents.
type AgentPage struct {
	Items []AgentInfo // sent as "items"
	Page
}

// Page is the paging part of a list answer.
type Page struct {
	Total, Limit, Offset int64
	HasMore              bool
}

func (p Page) write(o *object) {
	o.num("total", p.Total)
	o.num("limit", p.Limit)
	o.num("offset", p.Offset)
	o.flag("has_more", p.HasMore)
}

func (r *reader) page() Page {
	return Page{r.num("total"), r.num("limit"), r.num("offset"), r.flag("has_more")}
}

// Marshal returns the answer.
func (p AgentPage) Marshal() []byte {
	var o object
	o.raw("items", arrayJSON(p.Items, func(dst []byte, a AgentInfo) []byte { return append(dst, a.Marshal()...) }))
	p.write(&o)
	return o.bytes()
}

// ParseAgentPage reads the answer of GET /sdk/agents.
func ParseAgentPage(body []byte) (AgentPage, error) {
	r := newReader("the agents", body)
	p := AgentPage{Items: r.agents("items"), Page: r.page()}
	if r.m["items"].Kind() != '[' {
		r.fail("items")
	}
	return p, r.err()
}

// ParseAgentByName reads the answer of GET /sdk/agents?name=…: the first item,
// or nil when there is none. The other members are not looked at.
func ParseAgentByName(body []byte) (*AgentInfo, error) {
	r := newReader("the agent", body)
	if !r.given("items") {
		return nil, r.err()
	}
	items := r.agents("items")
	if len(items) == 0 {
		return nil, r.err()
	}
	return &items[0], r.err()
}

func (r *reader) agents(name string) []AgentInfo {
	var out []AgentInfo
	for _, item := range r.m.array(name) {
		a, err := ParseAgentInfo(item)
		r.check(err == nil, name)
		out = append(out, a)
	}
	return out
}

// AgentKey is one key of an agent, without the key itself.
type AgentKey struct {
	KeyID        string
	KeyPrefix    string // the first characters, to recognise a key
	Name         string // "{agent}-{N}"
	CreatedAt    time.Time
	DeprecatedAt *time.Time
	RevokedAt    *time.Time
	LastUsedAt   *time.Time
}

func (k AgentKey) write(o *object) {
	o.str("key_id", k.KeyID)
	o.str("key_prefix", k.KeyPrefix)
	o.str("name", k.Name)
	o.time("created_at", k.CreatedAt)
	o.nullTime("deprecated_at", k.DeprecatedAt)
	o.nullTime("revoked_at", k.RevokedAt)
	o.nullTime("last_used_at", k.LastUsedAt)
}

// Marshal returns the key as the answers hold it.
func (k AgentKey) Marshal() []byte {
	var o object
	k.write(&o)
	return o.bytes()
}

func (r *reader) agentKey() AgentKey {
	return AgentKey{
		KeyID: r.uuid("key_id"), KeyPrefix: r.text("key_prefix"), Name: r.text("name"), CreatedAt: r.time("created_at"),
		DeprecatedAt: r.optTime("deprecated_at"), RevokedAt: r.optTime("revoked_at"), LastUsedAt: r.optTime("last_used_at"),
	}
}

// ParseAgentKey reads the answer of the endpoints that change a key.
func ParseAgentKey(body []byte) (AgentKey, error) {
	r := newReader("the key", body)
	return r.agentKey(), r.err()
}

// AgentKeyMinted is the answer of POST /sdk/agents/{id}/keys. It holds a secret.
type AgentKeyMinted struct {
	AgentKey
	APIKey string
}

// Format prints a fixed text for every verb.
func (k AgentKeyMinted) Format(w fmt.State, _ rune) { hide(w, "wire.AgentKeyMinted") }

// LogValue logs a fixed text.
func (k AgentKeyMinted) LogValue() slog.Value { return hidden("wire.AgentKeyMinted") }

// MarshalJSON writes a fixed text; Marshal is what makes the answer.
func (k AgentKeyMinted) MarshalJSON() ([]byte, error) {
	return []byte(`"wire.AgentKeyMinted(hidden)"`), nil
}

// Marshal returns the answer.
func (k AgentKeyMinted) Marshal() []byte {
	var o object
	k.write(&o)
	o.orNull("api_key", k.APIKey)
	return o.bytes()
}

// ParseAgentKeyMinted reads the answer of POST /sdk/agents/{id}/keys.
func ParseAgentKeyMinted(body []byte) (AgentKeyMinted, error) {
	r := newReader("the new key", body)
	return AgentKeyMinted{r.agentKey(), r.mintedKey("api_key")}, r.err()
}

// MarshalAgentKeys returns the answer of GET /sdk/agents/{id}/keys: oldest
// first, no paging.
func MarshalAgentKeys(keys []AgentKey) []byte {
	var o object
	o.raw("items", arrayJSON(keys, func(dst []byte, k AgentKey) []byte { return append(dst, k.Marshal()...) }))
	return o.bytes()
}

// ParseAgentKeys reads the answer of GET /sdk/agents/{id}/keys.
func ParseAgentKeys(body []byte) ([]AgentKey, error) {
	r := newReader("the agent's keys", body)
	return each(r, "items", (*reader).agentKey), r.err()
}
