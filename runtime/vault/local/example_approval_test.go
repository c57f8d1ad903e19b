package local_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// A rule puts calls before a person; the caller waits, and gets the answer.
func ExampleVault_Approve() {
	v, err := local.Open("", local.InMemory())
	if err != nil {
		log.Fatal(err)
	}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }))
	defer provider.Close()
	defer func() { _ = v.Close() }()
	ctx := context.Background()
	agent, grant := exampleOrders(ctx, v, provider.URL)

	_, err = agent.ProxyRequest(ctx, "POST", provider.URL+"/orders", vault.Grant(grant), vault.JSON(map[string]int{"amount": 500}))
	pending, ok := errors.AsType[*vault.PendingApproval](err)
	if !ok {
		log.Print(err)
		return
	}
	waiting, err := v.Approvals(ctx, false)
	if err != nil {
		log.Print(err)
		return
	}
	for _, f := range waiting[0].Fields {
		if f.Place == "body" {
			fmt.Println(f.Name, local.Visible(f.Value))
		}
		if note := f.Note(); note != "" { // what the operation's table says of it, where it is known
			fmt.Println(note)
		}
	}
	approved, err := v.Approve(ctx, pending.ApprovalID, local.ApprovalDecision{By: "ann"}) // or v.Deny
	if err != nil {
		log.Print(err)
		return
	}
	result, err := pending.Wait(ctx, vault.PollInterval(time.Second))
	if err != nil {
		log.Print(err)
		return
	}
	again, err := v.Approval(ctx, pending.ApprovalID)
	fmt.Println(approved.Status, result.StatusCode, again.Gates[0].DecidedBy, err)
	_, err = v.Deny(ctx, pending.ApprovalID, local.ApprovalDecision{})
	fmt.Println(err)
	// Output:
	// amount 500
	// executed 201 ann <nil>
	// local: id: is of an approval that was decided before, or whose time is over
}

// exampleOrders makes an agent, and a grant whose every use a person approves.
func exampleOrders(ctx context.Context, v *local.Vault, provider string) (agent *vault.Agent, grantID string) {
	key, err := v.CreateAgent(ctx, local.AgentSpec{Name: "buyer"})
	if err != nil {
		log.Fatal(err)
	}
	grant, err := v.CreateGrant(ctx, local.GrantSpec{
		AgentID: key.ID, Provider: "shop", Hosts: []string{provider}, Credential: local.Credential{Token: "test-secret-shop"},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = v.CreateRule(ctx, local.RuleSpec{Name: "ask first", Target: local.TargetGrant, TargetID: grant.ID, Rule: &rule.RequireApproval{}})
	if err != nil {
		log.Fatal(err)
	}
	if agent, err = vault.NewAgent(key.Key, vault.WithBackend(v)); err != nil {
		log.Fatal(err)
	}
	return agent, grant.ID
}
