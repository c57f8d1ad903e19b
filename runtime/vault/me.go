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
	if !a.life.begin() {
		return nil, closedError()
	}
	defer a.life.end()
	s, trace := settingsFrom(ctx), scopeFrom(ctx)
	if trace.fault != nil {
		return nil, invalid(trace.fault.Field, trace.fault.Problem)
	}
	if err := wire.CheckContext(trace.pairs); err != nil {
		return nil, invalid("trace", err.Error())
	}
	got, fault := a.backend.do(ctx, exchange{
		method: http.MethodGet, path: wire.PathMe, context: trace.pairs, traceparent: s.traceparent,
	})
	if fault != nil {
		return nil, fault
	}
	if !got.ok() {
		return nil, answerError(surfaceAgents, "", got)
	}
	info, err := wire.ParseAgentInfo(got.body)
	if err != nil {
		return nil, badAnswer("", got, err.Error())
	}
	result := AgentInfo(info)
	return &result, nil
}
