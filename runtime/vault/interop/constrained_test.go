package interop_test

import (
	"context"
	"errors"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// constrainedCalls are made under with_constraints.
func constrainedCalls() map[string]func(context.Context, *clients) error {
	grant := vault.Grant(idGrant)
	return map[string]func(context.Context, *clients) error{
		"constrained": func(ctx context.Context, c *clients) error {
			a := c.agent()
			narrow, err := a.WithConstraints(vault.Constraints{
				Scopes: []string{"tokens:retrieve", "proxy:execute", "audit:emit", "approvals:read", "grants:read", "spans:emit"},
				Rule:   &rule.JSONMatch{When: rule.When{ProviderID: []string{"gïthub"}, Method: []string{"POST"}}},
			})
			if err != nil {
				return err
			}
			_, err = narrow.Me(ctx)
			err = errors.Join(err, do(ctx, narrow, "GET", c.at("/user"), grant))
			_, proxied := narrow.ProxyRequest(ctx, "GET", c.at("/user"), grant, vault.Context(map[string]string{"run_id": "r1"}))
			err = errors.Join(err, proxied, drain(narrow.ListGrants(ctx, vault.GrantFilter{})), poll(ctx, narrow, idKey, 0))
			_, emitted := narrow.Spans().Emit(ctx, []vault.Span{span()})
			err = errors.Join(err, emitted, want(do(ctx, narrow, "GET", c.at("/narrow"), grant), vault.ErrScopeReauthRequired))
			_, parent := a.Me(ctx)
			return errors.Join(err, parent)
		},
		"constrained_with_a_caller": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithCaller("billing-cron"))
			err := do(ctx, a, "GET", c.at("/user"), grant)
			narrow, bad := a.WithConstraints(vault.Constraints{Scopes: []string{"proxy:execute"}})
			if err = errors.Join(err, bad); err != nil {
				return err
			}
			_, err = narrow.ProxyRequest(ctx, "GET", c.at("/user"), grant)
			_, revoked := narrow.RevokeGrant(ctx, idGrant, "")
			_, session := narrow.CreateConnectSession(ctx, vault.ConnectParams{})
			return errors.Join(err, revoked, session)
		},
		"rules_of_every_kind": func(ctx context.Context, c *clients) error {
			a := c.app()
			for _, r := range everyRule() {
				narrow, err := a.WithConstraints(vault.Constraints{Rule: r})
				if err != nil {
					return err
				}
				if _, err := narrow.ProxyRequest(ctx, "GET", c.at("/user"), grant); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func everyRule() []rule.Rule {
	window := rule.Window{Days: []string{"mon", "fri"}, Start: "09:00", End: "24:00"}
	return []rule.Rule{
		&rule.IPAllowlist{Allow: []string{"192.0.2.7", "2001:db8::/32"}},
		&rule.TimeWindow{BusinessHoursOnly: true, Timezone: "Europe/Berlin"},
		&rule.RequireApproval{Approvers: []string{"ann"}, ExpiresIn: 10 * time.Minute, When: rule.When{Method: []string{"POST"}}},
		&rule.ContentMatch{Operations: []string{"issues/create"}},
		&rule.ContentMatch{Families: []rule.Family{rule.FamilySend, rule.FamilyPayment}, Params: []rule.Param{
			rule.NotSubsetOf("recipients", "*@example.com"), rule.Compare("amount", rule.OpGreater, 1.5), rule.Equals("currency", "eur"),
			rule.OutsideWindows("event_time", "Europe/Berlin", window),
		}},
		&rule.ContentMatch{Operations: []string{"x"}, Families: []rule.Family{rule.FamilyRead}, Effect: rule.Redact, RedactFields: []string{"bcc"}},
		&rule.ContentMatch{Operations: []string{"x"}, Effect: rule.StepUp, MaxSessionAge: 5 * time.Minute},
	}
}

// waiter is an App or an Agent.
type waiter interface {
	Approval(id string) (*vault.Approval, error)
}

func poll(ctx context.Context, c waiter, id string, hold time.Duration) error {
	a, err := c.Approval(id)
	if err != nil {
		return err
	}
	_, err = a.Status(ctx, hold)
	return err
}

func await(ctx context.Context, c waiter, id string, timeout time.Duration) error {
	a, err := c.Approval(id)
	if err != nil {
		return err
	}
	_, err = a.Wait(ctx, vault.PollTimeout(timeout), vault.PollInterval(10*time.Millisecond))
	return err
}

// held expects the call to wait and returns the approval's ID.
func held(_ *vault.ProxyResult, err error) (string, error) {
	var pending *vault.PendingApproval
	if !errors.As(err, &pending) {
		return "", errors.Join(errors.New("the call does not wait for an approval"), err)
	}
	return pending.Approval().ID(), nil
}

func approvalCalls() map[string]func(context.Context, *clients) error {
	grant := vault.Grant(idGrant)
	return map[string]func(context.Context, *clients) error{
		"approval": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithCaller("billing-cron"))
			id, err := held(a.ProxyRequest(ctx, "POST", c.at("/held"), grant, vault.JSON(map[string]any{"n": 1})))
			if err != nil {
				return err
			}
			return errors.Join(poll(ctx, a, id, 0), poll(ctx, a, id, 7900*time.Millisecond), await(ctx, a, id, 5*time.Minute))
		},
		"approval_in_a_trace": func(ctx context.Context, c *clients) error {
			a := c.agent()
			ctx = a.Trace(ctx, vault.Trace{RunID: "r1"})
			id, err := held(a.ProxyRequest(ctx, "POST", c.at("/held"), grant))
			if err != nil {
				return err
			}
			return await(ctx, a, id, 5*time.Second)
		},
		"approval_denied": func(ctx context.Context, c *clients) error {
			return want(await(ctx, c.agent(), idOther, 5*time.Minute), vault.ErrApprovalDenied)
		},
	}
}

func span() vault.Span {
	return vault.Span{TraceID: "t", Name: "n", Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// vouchedCalls are about identity, and spans.
func vouchedCalls() map[string]func(context.Context, *clients) error {
	const memory = "https://memory.example"
	return map[string]func(context.Context, *clients) error{
		"app_identity": func(ctx context.Context, c *clients) error {
			a := c.app()
			full := vault.IdentityParams{UserToken: "user-token", IncludeProfile: true}
			_, err := a.ResolveIdentity(ctx, vault.IdentityParams{})
			_, resolved := a.ResolveIdentity(ctx, full)
			_, plain := a.AssertIdentity(ctx, memory, 0, vault.IdentityParams{})
			_, asserted := a.AssertIdentity(ctx, "urn:mem:ä", time.Minute, full)
			return errors.Join(err, resolved, plain, asserted)
		},
		"app_identity_with_a_getter": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithUserToken(userToken))
			_, err := a.ResolveIdentity(ctx, vault.IdentityParams{})
			_, asserted := a.AssertIdentity(ctx, memory, 0, vault.IdentityParams{})
			return errors.Join(err, asserted)
		},
		"agent_identity": func(ctx context.Context, c *clients) error {
			a := c.agent(vault.WithUserToken(userToken))
			_, err := a.ResolveIdentity(ctx, vault.AgentIdentityParams{})
			_, user := a.ResolveIdentity(ctx, vault.AgentIdentityParams{AppUserID: idOther})
			_, asserted := a.AssertIdentity(ctx, memory, 5*time.Minute, vault.AgentIdentityParams{})
			_, traced := a.AssertIdentity(a.Trace(ctx, vault.Trace{RunID: "r1", ThreadID: "t1"}), memory, 0,
				vault.AgentIdentityParams{UserToken: "other-token", AppUserID: idOther, IncludeProfile: true})
			return errors.Join(err, user, asserted, traced)
		},
		"spans": func(ctx context.Context, c *clients) error {
			a := c.agent()
			_, err := a.Spans().Emit(ctx, []vault.Span{span()})
			rich := span()
			rich.SpanID, rich.ParentSpanID, rich.Attributes = "s", "p", map[string]string{"a": "ü", "b": ""}
			rich.End = time.Date(2026, 1, 1, 0, 0, 1, 5e8, time.FixedZone("", 7200))
			_, again := a.Spans().Emit(a.Trace(ctx, vault.Trace{RunID: "r1"}), []vault.Span{rich, span()})
			return errors.Join(err, again)
		},
	}
}
