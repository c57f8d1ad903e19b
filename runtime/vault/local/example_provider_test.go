package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// A provider is what a Connect session connects to. Register the vault's
// address and /oauth/callback/github there.
func ExampleVault_SetProvider() {
	v, err := local.Open("", local.InMemory(), local.WithPublicURL("http://127.0.0.1:8200"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	p, err := v.SetProvider(context.Background(), local.ProviderSpec{
		ID:           "github",
		AuthorizeURL: "https://github.com/login/oauth/authorize",
		TokenURL:     "https://github.com/login/oauth/access_token",
		UserURL:      "https://api.github.com/user",
		ClientID:     "the-client-id",
		ClientSecret: "test-secret-client",
		Scopes:       []string{"repo"},
		Hosts:        []string{"https://api.github.com"},
		SignIn:       true,
		SignInScopes: []string{"read:user"},
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(p.ID, p.SignIn, p.Hosts)
	// Output: github true [https://api.github.com]
}
