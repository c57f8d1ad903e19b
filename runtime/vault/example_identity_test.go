package vault_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

func ExampleApp_ResolveIdentity() {
	who, err := exampleApp().ResolveIdentity(context.Background(), vault.IdentityParams{
		UserToken: "test-secret-user-token", IncludeProfile: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(who.AppUserID, who.UserStatus, who.Email)
	// Output: 66666666-6666-4666-8666-666666666666 active ada@example.com
}

func ExampleAgent_AssertIdentity() {
	// For a service that keeps this agent's memory, and has no account at the vault.
	a, err := exampleAgent().AssertIdentity(context.Background(), "https://memory.example.com", time.Minute, vault.AgentIdentityParams{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Token, a.Identity.AgentID) // Token.Reveal() gives it
	// Output: (hidden) 11111111-1111-4111-8111-111111111111
}

// The other side, which has the vault's public keys and asks nobody.
func ExampleVerifyIdentityAssertion() {
	_, err := vault.VerifyIdentityAssertion("what somebody sent", vault.AssertionChecks{
		Issuer: "https://vault.example.com", Audience: "https://memory.example.com", AppID: appID, JWKS: []byte(`{"keys":[]}`),
	})
	var e *vault.Error
	if errors.As(err, &e) && errors.Is(err, vault.ErrIdentityAssertion) {
		fmt.Println(e.Details.Reason)
	}
	// Output: malformed
}
