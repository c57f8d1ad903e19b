package vault_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

func ExampleAgent_ListGrants() {
	for grant, err := range exampleAgent().ListGrants(context.Background(), vault.GrantFilter{Provider: "github", Status: "active"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(grant.GrantID, grant.AccountIdentifier)
	}
	// Output: 22222222-2222-4222-8222-222222222222 octo
}

func ExampleApp_MintGrant() {
	grant, err := exampleApp().MintGrant(context.Background(), grantID, vault.MintParams{
		Label: "read-only", Policy: map[string]any{"restrictions": map[string]any{"allowed_methods": []string{"GET"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grant.Label)
	// Output: read-only
}

func ExampleAgent_Delegate() {
	d, err := exampleAgent().Delegate(context.Background(), grantID, agentID, vault.DelegateParams{TTL: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.GrantID, d.Depth)
	// Output: 33333333-3333-4333-8333-333333333333 1
}

func ExampleAgent_RevokeDelegation() {
	// The agent gives the grant back; its owner keeps it.
	fmt.Println(exampleAgent().RevokeDelegation(context.Background(), grantID))
	// Output: <nil>
}

func ExampleApp_RevokeGrant() {
	app, ctx := exampleApp(), context.Background()
	fmt.Println(app.RevokeDelegation(ctx, grantID, agentID)) // one agent's use of it
	revoked, err := app.RevokeGrant(ctx, grantID, "the user left")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(revoked.Success)
	// Output:
	// <nil>
	// true
}

func ExampleApp_Agents() {
	ctx, agents := context.Background(), exampleApp().Agents()
	created, err := agents.Create(ctx, vault.AgentParams{
		Name: "triage", Scopes: map[string][]string{"github": {"repo"}}, IdempotencyKey: "triage-1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if created.APIKey.IsZero() {
		return // the idempotency key was used before: the key was shown then
	}
	fmt.Println(created.Name, created.APIKey) // APIKey.Reveal() gives it, this once

	for agent, err := range agents.List(ctx, vault.AgentFilter{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(agent.ID, agent.Status)
	}
	same, err := agents.GetByName(ctx, "triage")
	if err != nil || same == nil {
		fmt.Println("nobody has the name", err)
		return
	}
	// What to reach is replaced whole, and only if nobody was faster.
	_, err = agents.Update(ctx, same.ID, vault.AgentChange{
		Scopes: map[string][]string{"github": {"repo"}, "slack": {"chat:write"}}, ExpectedVersion: same.Version,
	})
	fmt.Println(errors.Is(err, vault.ErrAgentConcurrentUpdate), err)
	for _, change := range []func(context.Context, string) (*vault.AgentInfo, error){agents.Suspend, agents.Resume, agents.Get, agents.Delete} {
		if _, err := change(ctx, agentID); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// triage (hidden)
	// 11111111-1111-4111-8111-111111111111 active
	// false <nil>
}

func ExampleAgents_MintKey() {
	ctx, agents := context.Background(), exampleApp().Agents()
	key, err := agents.MintKey(ctx, agentID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.KeyPrefix, key.APIKey, key.Status())

	keys, err := agents.ListKeys(ctx, agentID)
	fmt.Println(len(keys), err)
	for _, change := range []func(context.Context, string, string) (*vault.AgentKey, error){agents.DeprecateKey, agents.UndeprecateKey} {
		if changed, err := change(ctx, agentID, key.KeyID); err == nil {
			fmt.Println(changed.Status())
		}
	}
	old, err := agents.RevokeKey(ctx, agentID, key.KeyID, false)
	if errors.Is(err, vault.ErrLastActiveKey) {
		fmt.Println("make another key first, or pass true")
		return
	}
	fmt.Println(old.Status(), err)
	// Output:
	// alter_key_te (hidden) active
	// 1 <nil>
	// deprecated
	// active
	// revoked <nil>
}

func ExampleApp_Keys() {
	ctx, keys := context.Background(), exampleApp().Keys()
	derived, err := keys.Derive(ctx, vault.KeyParams{Scopes: []string{"proxy:execute"}, ExpiresIn: time.Hour, Name: "nightly"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(derived.Name, derived.KeyType, derived.Key) // Key.Reveal() gives it, this once

	next, err := keys.Rotate(ctx, derived.ID, 7)
	fmt.Println(next.Status(), err)
	old, err := keys.Revoke(ctx, derived.ID, false)
	fmt.Println(old.Status(), err)
	// Output:
	// nightly dk (hidden)
	// active <nil>
	// revoked <nil>
}
