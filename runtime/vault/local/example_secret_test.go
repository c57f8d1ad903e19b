package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// A managed secret is for providers that know keys instead of accounts to
// connect. An agent calls under a grant of it, and never sees the key.
func ExampleVault_CreateManagedSecret() {
	ctx := context.Background()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	agent, err := v.CreateAgent(ctx, local.AgentSpec{Name: "planner"})
	if err != nil {
		log.Print(err)
		return
	}
	secret, err := v.CreateManagedSecret(ctx, local.ManagedSecretSpec{
		Slug: "trello", Kind: local.SecretQuery, Names: []string{"key", "token"},
		Hosts: []string{"https://api.trello.com"}, Value: local.SecretValue{Values: []string{"test-secret-key", "test-secret-token"}},
	})
	if err != nil {
		log.Print(err)
		return
	}
	grant, err := v.GrantManagedSecret(ctx, local.ManagedGrantSpec{SecretID: secret.ID, AgentID: agent.ID})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(grant.Provider, grant.Hosts, secret.Kind)
	// Output: trello [https://api.trello.com] query
}

// Rotating replaces the value in place: grants keep their IDs. A second value
// beside the first is for two accounts at one provider.
func ExampleVault_RotateSecret() {
	ctx := context.Background()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	secret, err := v.CreateManagedSecret(ctx, local.ManagedSecretSpec{
		Slug: "stripe", Kind: local.SecretBearer, Hosts: []string{"https://api.stripe.com"}, Value: local.SecretValue{Values: []string{"test-secret-old"}},
	})
	if err != nil {
		log.Print(err)
		return
	}
	if err := v.RotateSecret(ctx, secret.ID, "", local.SecretValue{Values: []string{"test-secret-new"}}); err != nil {
		log.Print(err)
	}
	if _, err := v.AddSecretCredential(ctx, secret.ID, "second shop", local.SecretValue{Values: []string{"test-secret-second"}}); err != nil {
		log.Print(err)
	}
	list, err := v.ManagedSecrets(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	for _, s := range list {
		fmt.Println(s.Slug, s.Credentials[0].Label, "and", s.Credentials[1].Label)
	}
	fmt.Println(v.RemoveManagedSecret(ctx, secret.ID))
	// Output:
	// stripe default and second shop
	// <nil>
}
