package vault_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/runtime/vault"
)

// A program that learns at run time what to call asks the vault how.
func ExampleProviderSpecs() {
	agent := exampleAgent()
	ctx := context.Background()
	for op, err := range agent.ProviderSpecs().ListOperations(ctx, vault.ProviderOAuth, "github", vault.OperationFilter{Search: "issues"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		detail, err := agent.ProviderSpecs().GetOperation(ctx, vault.ProviderOAuth, "github", op.ID)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(detail.Method, detail.PathTemplate, string(detail.Request))
	}
	// Output: POST /repos/{owner}/{repo}/issues {"type":"object","required":["title"]}
}

func ExampleProviderSpecs_List() {
	app := exampleApp()
	specs, err := app.ProviderSpecs().List(context.Background(), vault.ProviderOAuth)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range specs {
		fmt.Println(s.ProviderID, s.OperationCount)
	}
	page, err := app.ProviderSpecs().OperationsPage(context.Background(), vault.ProviderOAuth, specs[0].ProviderID, vault.OperationFilter{})
	fmt.Println(page.Total, err)
	spec, err := app.ProviderSpecs().Get(context.Background(), vault.ProviderOAuth, "github")
	fmt.Println(spec.Kind == vault.ProviderOAuth, spec.Version, err, errors.Is(err, vault.ErrSpecNotFound))
	// Output:
	// github 1223
	// 1 <nil>
	// true 1 <nil> false
}

// The catalog is kept for 300 seconds; Refresh asks anew.
func ExampleOAuthProviders() {
	providers := exampleAgent().OAuthProviders()
	catalog, err := providers.List(context.Background())
	fmt.Println(catalog.DefaultScopes("github"), catalog.RequiredScopes("unheard-of"), err)
	catalog, err = exampleApp().OAuthProviders().Refresh(context.Background())
	fmt.Println(catalog["github"].DisplayName, err)
	// Output:
	// [repo] [] <nil>
	// GitHub <nil>
}

func ExampleScopes() {
	scopes, err := exampleAgent().Scopes().List(context.Background())
	fmt.Println(scopes.Resources, err)
	// Output: map[grants:[admin read]] <nil>
}
