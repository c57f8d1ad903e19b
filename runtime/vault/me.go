package vault

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// AgentInfo is what the vault knows about an agent. The raw members are JSON
// objects whose content is the vault's; nil when the vault left them out.
type AgentInfo struct {
	ID                 string
	Name               string
	DisplayName        string // "" when none
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
	ParentAgentID      string // "" when none
}

// Me asks the vault who this agent is. It works for a paused agent too, but
// only with an agent's own key ([ErrMeRequiresAgentKey]).
func (a *Agent) Me(ctx context.Context) (*AgentInfo, error) {
	return send(ctx, a.client, ask{method: http.MethodGet, path: wire.PathMe, surface: surfaceAgents, traced: true}, agentInfo)
}

func agentInfo(body []byte) (*AgentInfo, error) {
	info, err := wire.ParseAgentInfo(body)
	result := AgentInfo(info)
	return &result, err
}
