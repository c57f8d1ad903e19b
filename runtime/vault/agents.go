package vault

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Agents manages the agents of an application; [App.Agents] makes one. Most
// methods need an application's key with the scopes agents:read, agents:write,
// keys:read or keys:admin ([ErrInsufficientScope]).
type Agents struct{ c *client }

// Agents returns the namespace that manages agents.
func (a *App) Agents() Agents { return Agents{a.client} }

// AgentParams describes a new agent.
type AgentParams struct {
	Name           string              // required, unique in the application ([ErrAgentNameExists])
	Type           CallerType          // "" means CallerAgent
	Scopes         map[string][]string // provider ID → scopes; nil: the agent can reach nothing
	DisplayName    *string
	Metadata       map[string]any
	Policy         map[string]any // rules by their kind (see package rule), each with its body or a list of them, and "rate_limit_per_minute"
	IdempotencyKey string         // repeating a creation with the same key and parameters creates nothing; "" sends none
}

// NewAgentInfo is an agent with its first key.
type NewAgentInfo struct {
	AgentInfo

	KeyID  string
	APIKey Secret // shown once; none when an idempotency key was repeated
}

// Create makes an agent and its first key. The key is in this answer and nowhere
// else.
func (s Agents) Create(ctx context.Context, p AgentParams) (*NewAgentInfo, error) {
	body := wire.AgentCreate{Name: p.Name, Type: string(p.Type), Scopes: p.Scopes, DisplayName: p.DisplayName}
	var fault *Error
	body.Metadata, body.Policy, fault = agentObjects(p.Metadata, p.Policy)
	switch {
	case fault != nil:
		return nil, fault
	case p.Name == "":
		return nil, invalid("name", "is empty")
	case p.Type != "" && p.Type != CallerAgent && p.Type != CallerService:
		return nil, invalid("type", "is neither agent nor service")
	}
	if err := wire.CheckAgentScopes(p.Scopes); err != nil {
		return nil, invalid("scopes", err.Error())
	}
	if p.IdempotencyKey != "" {
		if err := wire.CheckIdempotencyKey(p.IdempotencyKey); err != nil {
			return nil, invalid("idempotency key", err.Error())
		}
	}
	a, err := send(ctx, s.c, ask{
		method: http.MethodPost, path: wire.PathAgents, body: body.Marshal(), surface: surfaceAgents, traced: true, idempotency: p.IdempotencyKey,
	}, wire.ParseAgentCreated)
	if err != nil {
		return nil, err
	}
	return &NewAgentInfo{AgentInfo(a.AgentInfo), a.KeyID, newSecret(a.APIKey)}, nil
}

func agentObjects(metadata, policy map[string]any) (m, p jsontext.Value, fault *Error) {
	m, err := wire.Object(anyMap(metadata))
	if err != nil {
		return nil, nil, invalid("metadata", "cannot be written as JSON")
	}
	p, err = wire.Object(anyMap(policy))
	if err != nil {
		return nil, nil, invalid("policy", "cannot be written as JSON")
	}
	return m, p, nil
}

// AgentFilter says which agents to list.
type AgentFilter struct {
	IncludeRevoked bool
	PageSize       int // 1 to 1000 agents in one answer of the vault; 0 means 100
	Offset         int // how many to leave out at the start
}

// List lists the agents. It asks for the next page when that is needed, and ends
// after the first error, which comes with a nil agent.
func (s Agents) List(ctx context.Context, f AgentFilter) iter.Seq2[*AgentInfo, error] {
	return func(yield func(*AgentInfo, error) bool) {
		for offset := f.Offset; ; {
			limit, fault := pageSize(f.PageSize, offset)
			if fault != nil {
				yield(nil, fault)
				return
			}
			query := wire.AgentListQuery{IncludeRevoked: f.IncludeRevoked, Limit: limit, Offset: offset}
			page, err := send(ctx, s.c, s.get(wire.PathAgents+query.Encode()), wire.ParseAgentPage)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(new(AgentInfo(page.Items[i])), nil) {
					return
				}
			}
			if offset += len(page.Items); !page.HasMore || len(page.Items) == 0 {
				return
			}
		}
	}
}

func (s Agents) get(path string) ask {
	return ask{method: http.MethodGet, path: path, surface: surfaceAgents, traced: true}
}

// Get returns one agent; an unknown one is an [ErrAgentNotFound].
func (s Agents) Get(ctx context.Context, agentID string) (*AgentInfo, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	return send(ctx, s.c, s.get(wire.PathAgent(agentID)), agentInfo)
}

// GetByName returns the agent with this name that is not revoked, or nil and no
// error when there is none.
func (s Agents) GetByName(ctx context.Context, name string) (*AgentInfo, error) {
	if name == "" {
		return nil, invalid("name", "is empty")
	}
	a, err := send(ctx, s.c, s.get(wire.PathAgents+wire.AgentNameQuery(name)), wire.ParseAgentByName)
	if err != nil || a == nil {
		return nil, err
	}
	return new(AgentInfo(*a)), nil
}

// AgentChange says what to change of an agent. Fields that are nil stay as they
// are; the others replace what is stored, whole.
type AgentChange struct {
	DisplayName *string
	Metadata    map[string]any
	Policy      map[string]any

	// Scopes is the complete new list of what the agent may reach; an empty map
	// lets it reach nothing. What is added counts at once, what is taken away
	// after GracePeriod.
	Scopes          map[string][]string
	ExpectedVersion int64          // required with Scopes: AgentInfo.Version as it was read; stale is an [ErrAgentConcurrentUpdate]
	GracePeriod     *time.Duration // with Scopes only: whole seconds up to seven days; nil means the vault's default
}

// Update changes an agent.
func (s Agents) Update(ctx context.Context, agentID string, ch AgentChange) (*AgentInfo, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	body := wire.AgentUpdate{DisplayName: ch.DisplayName, Scopes: ch.Scopes}
	var fault *Error
	if body.Metadata, body.Policy, fault = agentObjects(ch.Metadata, ch.Policy); fault != nil {
		return nil, fault
	}
	query, fault := ch.query()
	if fault != nil {
		return nil, fault
	}
	return send(ctx, s.c, ask{
		method: http.MethodPatch, path: wire.PathAgent(agentID) + query, body: body.Marshal(), surface: surfaceAgents, traced: true,
	}, agentInfo)
}

const maxGrace = 604800 * time.Second

func (ch AgentChange) query() (string, *Error) {
	if err := wire.CheckAgentScopes(ch.Scopes); err != nil {
		return "", invalid("scopes", err.Error())
	}
	var grace, version *int64
	switch {
	case ch.ExpectedVersion < 0:
		return "", invalid("expected version", "is below 1")
	case ch.Scopes != nil && ch.ExpectedVersion == 0:
		return "", invalid("expected version", "is required with scopes")
	case ch.ExpectedVersion > 0:
		version = &ch.ExpectedVersion
	}
	if g := ch.GracePeriod; g != nil {
		switch {
		case ch.Scopes == nil:
			return "", invalid("grace period", "is for scopes only")
		case *g < 0 || *g > maxGrace || *g%time.Second != 0:
			return "", invalid("grace period", "is not 0 to 604800 whole seconds")
		}
		grace = new(int64(*g / time.Second))
	}
	return wire.AgentUpdateQuery(grace, version), nil
}

// Suspend makes an agent inactive: its calls are refused ([ErrAgentInactive])
// until it is resumed.
func (s Agents) Suspend(ctx context.Context, agentID string) (*AgentInfo, error) {
	return s.setStatus(ctx, agentID, "inactive")
}

// Resume makes a suspended agent active.
func (s Agents) Resume(ctx context.Context, agentID string) (*AgentInfo, error) {
	return s.setStatus(ctx, agentID, "active")
}

func (s Agents) setStatus(ctx context.Context, agentID, status string) (*AgentInfo, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	return send(ctx, s.c, ask{
		method: http.MethodPatch, path: wire.PathAgent(agentID), body: wire.AgentUpdate{Status: status}.Marshal(), surface: surfaceAgents, traced: true,
	}, agentInfo)
}

// Delete revokes an agent with all its keys, for good. Doing it again is no
// error.
func (s Agents) Delete(ctx context.Context, agentID string) (*AgentInfo, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	return send(ctx, s.c, ask{method: http.MethodDelete, path: wire.PathAgent(agentID), surface: surfaceAgents, traced: true}, agentInfo)
}

// AgentKey is one key of an agent, without the key itself.
type AgentKey struct {
	KeyID        string
	KeyPrefix    string // the first characters, to recognise a key
	Name         string
	CreatedAt    time.Time
	DeprecatedAt *time.Time // it still works, and says so
	RevokedAt    *time.Time
	LastUsedAt   *time.Time
}

// Status returns "revoked", "deprecated" or "active".
func (k AgentKey) Status() string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.DeprecatedAt != nil:
		return "deprecated"
	}
	return "active"
}

// NewAgentKey is a key that was just made.
type NewAgentKey struct {
	AgentKey

	APIKey Secret // shown once
}

// MintKey makes a further key for an agent. Too many are an [ErrAgentKeyLimit].
func (s Agents) MintKey(ctx context.Context, agentID string) (*NewAgentKey, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	k, err := send(ctx, s.c, ask{
		method: http.MethodPost, path: wire.PathAgentKeys(agentID), body: []byte("{}"), surface: surfaceAgents, traced: true,
	}, wire.ParseAgentKeyMinted)
	if err != nil {
		return nil, err
	}
	return &NewAgentKey{AgentKey(k.AgentKey), newSecret(k.APIKey)}, nil
}

// ListKeys returns the keys of an agent, oldest first.
func (s Agents) ListKeys(ctx context.Context, agentID string) ([]AgentKey, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	keys, err := send(ctx, s.c, s.get(wire.PathAgentKeys(agentID)), wire.ParseAgentKeys)
	if err != nil {
		return nil, err
	}
	out := make([]AgentKey, len(keys))
	for i, k := range keys {
		out[i] = AgentKey(k)
	}
	return out, nil
}

// DeprecateKey marks a key as to be replaced; it goes on working, and the vault
// says in every answer that it is deprecated. A revoked key is an
// [ErrKeyAlreadyRevoked].
func (s Agents) DeprecateKey(ctx context.Context, agentID, keyID string) (*AgentKey, error) {
	return s.changeKey(ctx, http.MethodPatch, agentID, keyID, "/deprecate", []byte("{}"))
}

// UndeprecateKey takes the mark back.
func (s Agents) UndeprecateKey(ctx context.Context, agentID, keyID string) (*AgentKey, error) {
	return s.changeKey(ctx, http.MethodPatch, agentID, keyID, "/undeprecate", []byte("{}"))
}

// RevokeKey ends a key. The agent's last one needs force, else it is an
// [ErrLastActiveKey].
func (s Agents) RevokeKey(ctx context.Context, agentID, keyID string, force bool) (*AgentKey, error) {
	return s.changeKey(ctx, http.MethodDelete, agentID, keyID, wire.ForceQuery(force), nil)
}

func (s Agents) changeKey(ctx context.Context, method, agentID, keyID, suffix string, body []byte) (*AgentKey, error) {
	if fault := checkID("agent", agentID); fault != nil {
		return nil, fault
	}
	if fault := checkID("key", keyID); fault != nil {
		return nil, fault
	}
	k, err := send(ctx, s.c, ask{
		method: method, path: wire.PathAgentKey(agentID, keyID) + suffix, body: body, surface: surfaceAgents, traced: true,
	}, wire.ParseAgentKey)
	if err != nil {
		return nil, err
	}
	return new(AgentKey(k)), nil
}
