package interop_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

// secretCalls are about managed secrets.
func secretCalls() map[string]func(context.Context, *clients) error {
	params := vault.ManagedSecretConnectParams{Provider: "stripe", UserToken: "user-token"}
	type sessions interface {
		CreateManagedSecretConnectSession(ctx context.Context, p vault.ManagedSecretConnectParams) (*vault.ManagedSecretConnectSession, error)
	}
	create := func(ctx context.Context, c sessions, change func(*vault.ManagedSecretConnectParams)) error {
		p := params
		change(&p)
		_, err := c.CreateManagedSecretConnectSession(ctx, p)
		return err
	}
	plain := func(*vault.ManagedSecretConnectParams) {}
	return map[string]func(context.Context, *clients) error{
		"managed_secret_grants": func(ctx context.Context, c *clients) error {
			_, err := c.app().CreateManagedSecretGrant(ctx, idKey, vault.ManagedSecretGrantParams{Principal: vault.SystemPrincipal{}})
			a := c.app(vault.WithCaller("billing-cron"))
			for _, p := range []vault.ManagedSecretGrantParams{
				{Principal: vault.UserPrincipal{UserToken: "user-token", Label: "wörk"}, Policy: &vault.GrantPolicy{MaxTTL: time.Minute, DefaultTTL: 30 * time.Second}, CredentialID: idOther},
				{Principal: vault.GroupPrincipal{ExternalGroupID: "g", IDPID: "i", Label: "l"}},
				{Principal: vault.AgentPrincipal{Label: "a"}},
			} {
				_, again := a.CreateManagedSecretGrant(ctx, idKey, p)
				err = errors.Join(err, again)
			}
			return err
		},
		"managed_secret_session": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithUserToken(func(context.Context) (string, error) { return "another-token", nil }))
			return errors.Join(create(ctx, a, plain), create(ctx, a, func(p *vault.ManagedSecretConnectParams) {
				p.Agent, p.Delegable, p.Label, p.Policy, p.Direct, p.HideUserRules = "builder", true, "work", &vault.GrantPolicy{MaxTTL: time.Minute}, true, true
				p.AllowedOrigin, p.ReturnURL, p.TemplateSlug = "https://app.example", "https://app.example/back", "Kit"
			}), create(ctx, a, func(p *vault.ManagedSecretConnectParams) { p.RepairGrantID = strings.ToUpper(idGrant) }),
				create(ctx, a, func(p *vault.ManagedSecretConnectParams) {
					p.Provider, p.TemplateSlug, p.DelegatedAgentID, p.RequestedTTL = "", "Stripe", strings.ToUpper(idAgent), time.Minute
				}))
		},
		"managed_secret_session_of_an_agent": func(ctx context.Context, c *clients) error {
			a := c.agent()
			return create(a.Trace(ctx, vault.Trace{RunID: "r1"}), a, func(p *vault.ManagedSecretConnectParams) { p.Delegable = true })
		},
		"managed_secret_session_of_an_agent_with_a_getter": func(ctx context.Context, c *clients) error {
			a := c.agent(vault.WithUserToken(func(context.Context) (string, error) { return "getter-token", nil }))
			return create(ctx, a, func(p *vault.ManagedSecretConnectParams) { p.ReturnURL = "https://app.example/back" })
		},
		"managed_secret_session_impersonated": func(ctx context.Context, c *clients) error {
			a, err := c.app().Agent(idAgent)
			if err != nil {
				return err
			}
			c.close = append([]func(context.Context) error{a.Close}, c.close...)
			return errors.Join(create(ctx, a, plain), create(ctx, a, func(p *vault.ManagedSecretConnectParams) { p.Provider, p.TemplateSlug = "", "stripe" }))
		},
	}
}
