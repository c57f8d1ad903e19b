package local_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// An app has the vault vouch for it; another service, which has the vault's
// public keys, checks that.
func ExampleVault_IdentityKeys() {
	ctx := context.Background()
	v := must(local.Open("", local.InMemory(), local.WithPublicURL("https://vault.example.com")))
	defer v.Close()
	creds := must(v.CreateApp(ctx, local.AppSpec{Name: "mailer"}))
	app := must(vault.NewApp(creds.Key, vault.WithBackend(v)))
	defer app.Close(ctx)
	a := must(app.AssertIdentity(ctx, "https://memory.example.com", time.Minute, vault.IdentityParams{}))

	who, err := vault.VerifyIdentityAssertion(a.Token.Reveal(), vault.AssertionChecks{
		Issuer: "https://vault.example.com", Audience: "https://memory.example.com", AppID: creds.ID,
		JWKS: must(v.IdentityKeys(ctx)), // or fetched from the issuer, and kept
	})
	fmt.Println(err == nil && who.AppID == creds.ID)
	// Output: true
}

// Both keys are published while somebody may need them.
func ExampleVault_RotateIdentityKey() {
	ctx := context.Background()
	v := must(local.Open("", local.InMemory()))
	defer v.Close()
	next := must(v.RotateIdentityKey(ctx, false))
	for _, k := range must(v.IdentitySigners(ctx)) {
		fmt.Println(k.ID == next.ID, k.RetiresAt.IsZero())
	}
	// Output:
	// false false
	// true true
}

func ExampleVault_IdentitySigners() {
	v := must(local.Open("", local.InMemory()))
	defer v.Close()
	for _, k := range must(v.IdentitySigners(context.Background())) {
		fmt.Println(len(k.ID), k.RetiresAt.IsZero())
	}
	// Output: 43 true
}
