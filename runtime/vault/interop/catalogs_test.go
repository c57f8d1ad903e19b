package interop_test

import (
	"context"
	"errors"

	"github.com/grantwire/grantwire/runtime/vault"
)

// catalogCalls ask what there is.
func catalogCalls() map[string]func(context.Context, *clients) error {
	none := func(_ any, err error) error { return err }
	return map[string]func(context.Context, *clients) error{
		"catalogs": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithCaller("billing-cron"))
			return errors.Join(none(a.Scopes().List(ctx)), none(a.OAuthProviders().List(ctx)), none(a.OAuthProviders().List(ctx)), none(a.OAuthProviders().Refresh(ctx)))
		},
		"provider_specs": func(ctx context.Context, c *clients) error {
			a := c.agent()
			s := a.ProviderSpecs()
			return errors.Join(none(s.List(a.Trace(ctx, vault.Trace{RunID: "r1"}), "")), none(s.List(ctx, vault.ProviderManaged)), none(s.Get(ctx, vault.ProviderOAuth, "a/b ü:c")),
				drain(s.ListOperations(ctx, vault.ProviderOAuth, "github", vault.OperationFilter{})),
				none(s.OperationsPage(ctx, vault.ProviderManaged, "stripe", vault.OperationFilter{Search: "pay & go+ü", PageSize: 7, Offset: 3})),
				none(s.GetOperation(ctx, vault.ProviderOAuth, "github", "repos/get")), none(s.GetOperation(ctx, vault.ProviderOAuth, "github", "a b&c=d/ü~")))
		},
	}
}
