package local

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// content is what the vault sees of a proxied request beside method and URL.
type content struct {
	headers     []wire.Pair
	raw         jsontext.Value // query_params as they came
	query       url.Values     // the same, read
	contentType string
	body        jsontext.Value // nil = none
}

// applyRules has the rules decide the call and turns a refusal into a fault.
func (v *Vault) applyRules(ctx context.Context, q *statements, rq *request, spec *callSpec, p *permit) (*fault, error) {
	rules, perMinute, err := v.rulesFor(ctx, q, rq, &p.grant)
	if err != nil {
		return nil, err
	}
	if len(p.approved) == 0 { // an approved call was counted when it was asked for
		if f, err := v.agentRate(ctx, q, rq, p, perMinute); f != nil || err != nil {
			return f, err
		}
	}
	if len(rules) == 0 {
		return nil, nil
	}
	d := policy.Decide(v.policyCall(rq, spec, p), rules)
	if d.Rule != nil {
		p.entry.RuleID, p.entry.RuleLayer, p.entry.RuleOutcome = d.Rule.ID, d.Rule.Layer, d.Outcome.String()
	}
	p.fields, p.approvals = d.Fields, outstanding(&d, p.approved)
	if d.Outcome == policy.Approve && len(p.approvals) == 0 {
		return nil, nil
	}
	return ruleFault(&d, rq.endpoint.mode, p.grant.id), nil
}

func (v *Vault) policyCall(rq *request, spec *callSpec, p *permit) *policy.Call {
	c := &policy.Call{
		AppID: cmp.Or(rq.who.appID, p.grant.appID), AgentID: rq.who.agentID, APIKeyID: rq.who.keyID,
		ProviderID: p.grant.provider, ResourceKind: p.grant.kind(), Method: spec.method, Time: v.now(), Raw: rq.endpoint.mode == ModeRetrieve, SignedIn: p.signedIn,
	}
	// In memory and over a unix socket there is no address: both are this machine.
	c.ClientIP = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if at, err := netip.ParseAddrPort(rq.http.RemoteAddr); err == nil {
		c.ClientIP = at.Addr()
	}
	if spec.content != nil {
		c.Content = rq.explain(spec, p)
	}
	return c
}

// explain names the operation of a proxied request and reads its parameters; nil
// when the vault does not know the operation.
func (rq *request) explain(spec *callSpec, p *permit) *policy.Content {
	op, path := rq.known.explain(spec.method, p.dest)
	if op == nil {
		return nil
	}
	query, err := url.ParseQuery(p.dest.query)
	if err != nil {
		return nil // what cannot be read cannot be judged
	}
	for name, values := range spec.content.query {
		query[name] = append(query[name], values...)
	}
	return policy.Explain(&policy.Request{
		Provider: p.grant.provider, Operation: op.ID, Families: op.Families(), Path: path, Query: query,
		ContentType: spec.content.contentType, Body: spec.content.body,
	})
}

// ruleFault is the refusal that a decision means, nil when the call may go on.
func ruleFault(d *policy.Decision, mode Mode, grantID string) *fault {
	var f *fault
	switch {
	case d.Outcome == policy.Allow, mode == ModeProxy && (d.Outcome == policy.Redact || d.Outcome == policy.Approve):
		return nil
	case d.Outcome == policy.Approve:
		f = refuse(http.StatusBadRequest, "hitl_grant_requires_proxy", "a person has to approve this call, so the credential does not leave the vault: call through the proxy")
	case d.Outcome == policy.ProxyOnly, d.Outcome == policy.Redact:
		f = refuse(http.StatusBadRequest, codeProxyOnly, "a rule has to see the request, so the credential does not leave the vault: call through the proxy")
	case d.Outcome == policy.StepUp:
		f = refuse(http.StatusForbidden, "step_up_required", "the user must have signed in lately: "+d.Reason).
			with("max_session_age_seconds", int64(d.MaxAge/time.Second)).withHint("have the user sign in again, and send the new token")
	case d.Outcome == policy.Broken:
		f = refuse(http.StatusForbidden, "policy_evaluation_failed", "a rule could not be applied, so the call is refused: "+d.Reason)
	default:
		f = refuse(http.StatusForbidden, "policy_denied", "a rule refuses the call: "+d.Reason)
	}
	return f.with("grant_id", grantID).with("rule_id", nullIfEmpty(d.Rule.ID)).with("rule_name", nullIfEmpty(d.Rule.Name)).with("rule_layer", d.Rule.Layer)
}

// redact takes the named members out of a request. A member that the vault
// cannot take out is a fault: the call must not go out with it.
func (rq *request) redact(spec *callSpec, p *permit) *fault {
	if len(p.fields) == 0 {
		return nil
	}
	_, path := rq.known.explain(spec.method, p.dest)
	for _, field := range p.fields {
		if _, ok := path[field]; ok {
			return redactFailed("a member that has to be left out is part of the path")
		}
		spec.content.query.Del(field)
		p.dest.query = withoutParam(p.dest.query, field)
		if len(spec.content.body) == 0 {
			continue
		}
		body, ok := policy.RemoveMember(spec.content.body, field)
		if !ok {
			return redactFailed("the body cannot be read, so nothing can be left out of it")
		}
		spec.content.body = body
	}
	return nil
}

func redactFailed(why string) *fault {
	return refuse(http.StatusForbidden, "redact_discharge_failed", why)
}

// withoutParam takes a parameter out of a query and leaves the rest as it was
// written.
func withoutParam(raw, name string) string {
	var kept []string
	for item := range strings.SplitSeq(raw, "&") {
		key, _, _ := strings.Cut(item, "=")
		if decoded, err := url.QueryUnescape(key); err != nil || decoded != name {
			kept = append(kept, item)
		}
	}
	return strings.Join(kept, "&")
}
