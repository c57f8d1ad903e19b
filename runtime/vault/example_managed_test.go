package vault_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/runtime/vault"
)

// A managed secret is a key that somebody enters. The application lets a user,
// known by a token, use the operator's.
func ExampleApp_CreateManagedSecretGrant() {
	grant, err := exampleApp().CreateManagedSecretGrant(context.Background(), grantID, vault.ManagedSecretGrantParams{
		Principal: vault.UserPrincipal{UserToken: "test-secret-user-token", Label: "shop"},
	})
	if errors.Is(err, vault.ErrCredentialIDRequired) {
		fmt.Println("choose one of the secret's values") // they are in Details.Credentials
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grant.GrantID, grant.Label)
	// Output: 33333333-3333-4333-8333-333333333333 shop
}

// The user enters a key of one's own on the vault's page: the application shows
// the session's URL and never sees the key.
func ExampleApp_CreateManagedSecretConnectSession() {
	session, err := exampleApp().CreateManagedSecretConnectSession(context.Background(), vault.ManagedSecretConnectParams{
		Provider: "stripe-production", UserToken: "test-secret-user-token", Agent: "triage", ReturnURL: "https://shop.example.com/done",
	})
	switch {
	case errors.Is(err, vault.ErrConnectConfig):
		fmt.Println("the operator has to set the secret up:", err)
		return
	case err != nil:
		fmt.Println(err)
		return
	}
	fmt.Println(session.Path)
	fmt.Println(session) // never its token and URL
	// Output:
	// key_entry
	// vault.ManagedSecretConnectSession(expires 2026-01-01T00:10:00Z)
}
