package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Where a rule is kept that is part of a policy. Its ID is that of the grant or
// agent.
const (
	layerGrantPolicy = "grant_policy"
	layerAgentPolicy = "agent_policy"
)

// grantApproval is the member requires_approval of a grant's policy: true, or
// the settings that a require_approval rule has as its approval.
type grantApproval struct {
	off  bool // false was asked for
	rule rule.RequireApproval
}

// UnmarshalJSON reads a boolean or settings.
func (a *grantApproval) UnmarshalJSON(raw []byte) error {
	switch v := jsontext.Value(raw); v.Kind() {
	case 't', 'f':
		a.off = v.Kind() == 'f'
		return nil
	case '{':
		body, err := json.Marshal(map[string]any{"effect": "require_approval", "approval": v})
		if err != nil {
			return err
		}
		r, err := rule.Parse(rule.KindRequireApproval, body)
		if parsed, ok := r.(*rule.RequireApproval); ok && err == nil {
			a.rule = *parsed
		}
		return err
	}
	return errors.New("requires_approval is neither a boolean nor settings")
}

// MarshalJSON writes what UnmarshalJSON reads.
func (a *grantApproval) MarshalJSON() ([]byte, error) {
	body, err := rule.Body(&a.rule)
	if err != nil {
		return nil, err
	}
	var b struct {
		Approval jsontext.Value `json:"approval"`
	}
	if err := json.Unmarshal(body, &b); err != nil || string(b.Approval) == "{}" {
		return []byte("true"), err
	}
	return b.Approval, nil
}

// rules are what a grant's policy adds to the rules of a call.
func (g *grantRow) rules() []policy.Named {
	if g.policy.Approval == nil {
		return nil
	}
	return []policy.Named{{ID: g.id, Name: "the grant's policy", Layer: layerGrantPolicy, Rule: &g.policy.Approval.rule}}
}

// agentPolicy is an agent's own policy: rules by their kind, and how often it
// may call.
type agentPolicy struct {
	rules     []rule.Rule
	perMinute int64 // 0 = not limited
}

// memberRate bounds the calls of an agent in a minute.
const memberRate = "rate_limit_per_minute"

// parseAgentPolicy reads the policy of an agent. Its members are the kinds of
// rules (ip_allowlist, time_window, json_match, content_match,
// require_approval), each with the body that a rule of this kind has or a list
// of such bodies, and rate_limit_per_minute. Anything else is an error: a policy
// that is only half understood must not be applied.
func parseAgentPolicy(raw []byte) (p agentPolicy, err error) {
	if len(raw) == 0 || string(raw) == "{}" {
		return p, nil
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(raw, &members); err != nil {
		return p, errors.New("the policy is not an object")
	}
	for _, name := range sortedKeys(members) {
		value := members[name]
		kind := rule.Kind(name)
		switch {
		case name == memberRate:
			if p.perMinute, err = strconv.ParseInt(string(value), 10, 32); err != nil || p.perMinute < 1 {
				return p, fmt.Errorf("the policy's %s is not a positive whole number", memberRate)
			}
		case !slices.Contains(policyKinds(), kind):
			return p, errors.New("the policy may have the members ip_allowlist, time_window, json_match, content_match, require_approval and rate_limit_per_minute")
		default:
			bodies := []jsontext.Value{value}
			if value.Kind() == '[' && json.Unmarshal(value, &bodies) != nil {
				return p, errors.New("the policy is not an object")
			}
			for _, body := range bodies {
				r, err := rule.Parse(kind, body)
				if err != nil {
					return p, err
				}
				p.rules = append(p.rules, r)
			}
		}
	}
	return p, nil
}

func policyKinds() []rule.Kind {
	return []rule.Kind{rule.KindIPAllowlist, rule.KindTimeWindow, rule.KindJSONMatch, rule.KindContentMatch, rule.KindRequireApproval}
}

// checkAgentPolicy refuses to store a policy that could not be applied.
func checkAgentPolicy(raw []byte) *fault {
	if _, err := parseAgentPolicy(raw); err != nil {
		return refuse(http.StatusUnprocessableEntity, "invalid_agent_policy", err.Error())
	}
	return nil
}

// readAgentPolicy returns the policy of the agent that a request acts as.
func readAgentPolicy(ctx context.Context, q *statements, agentID string) (p agentPolicy, fault, err error) {
	if agentID == "" {
		return p, nil, nil
	}
	var raw []byte
	if err := q.scan(ctx, "SELECT policy FROM agents WHERE id = ?", []any{agentID}, []any{&raw}); err != nil {
		return p, nil, err
	}
	p, fault = parseAgentPolicy(raw)
	return p, fault, nil
}

// agentRules are what an agent's policy adds to the rules of a call. One that
// cannot be read, of another release, refuses every call.
func agentRules(agentID string, p agentPolicy, fault error) (list []policy.Named) {
	named := policy.Named{ID: agentID, Name: "the agent's policy", Layer: layerAgentPolicy, Fault: fault}
	if fault != nil {
		return []policy.Named{named}
	}
	for _, r := range p.rules {
		named.Rule = r
		list = append(list, named)
	}
	return list
}

// agentRate refuses an agent that has made as many calls in the last minute as
// its policy allows. The trail is the count, so that it outlives the process.
func (v *Vault) agentRate(ctx context.Context, q *statements, rq *request, p *permit, limit int64) (*fault, error) {
	if limit == 0 {
		return nil, nil
	}
	now := v.now()
	var made, first int64
	err := q.scan(ctx, "SELECT count(*), coalesce(min(created_at), 0) FROM audit WHERE agent_id = ? AND created_at > ? AND decision IN ('allowed', 'pending')",
		[]any{rq.who.agentID, micros(now.Add(-time.Minute))}, []any{&made, &first})
	if err != nil || made < limit {
		return nil, err
	}
	p.entry.RuleID, p.entry.RuleLayer, p.entry.RuleOutcome = rq.who.agentID, layerAgentPolicy, policy.Deny.String()
	wait := max(time.UnixMicro(first).Add(time.Minute).Sub(now), time.Second)
	return refuse(http.StatusForbidden, "rate_limit_exceeded", "the agent has made as many calls in a minute as its policy allows").
		with("grant_id", p.grant.id).with("rule_id", rq.who.agentID).with("rule_layer", layerAgentPolicy).with("limit", limit).
		with("window_seconds", windowSeconds).with("retry_after", int64((wait+time.Second-1)/time.Second)), nil
}

// shownPolicy is a policy as agents and apps see it: of a list of approvers only
// how many there are.
func shownPolicy(raw jsontext.Value) jsontext.Value {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return raw
	}
	countApprovers(v)
	if out, err := json.Marshal(v, json.Deterministic(true)); err == nil {
		return out
	}
	return raw
}

func countApprovers(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			countApprovers(item)
		}
	case map[string]any:
		for name, item := range v {
			if list, ok := item.([]any); ok && name == "approvers" {
				v[name] = len(list)
				continue
			}
			countApprovers(item)
		}
	}
}
