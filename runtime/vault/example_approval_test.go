package vault_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

// A program that was restarted picks an approval up by its ID.
func ExampleAgent_Approval() {
	ctx := context.Background()
	approval, err := exampleAgent().Approval(approvalID)
	if err != nil {
		fmt.Println(err)
		return
	}
	status, err := approval.Status(ctx, 10*time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(approval.ID() == status.ApprovalID, status.State, status.Final())
	result, err := approval.Wait(ctx, vault.PollTimeout(time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.StatusCode, string(result.Body))
	// Output:
	// true executed true
	// 201 {"number":7}
}

// A call that a person has to approve is an error that can be waited on. For a
// call of a generated client, api.Await gives the typed result instead.
func ExamplePendingApproval_Wait() {
	ctx := context.Background()
	result, err := exampleAgent().ProxyRequest(ctx, "POST", "https://api.example.com/orders", vault.Grant(grantID))
	if pending, ok := errors.AsType[*vault.PendingApproval](err); ok {
		fmt.Println("approve at", pending.ApprovalURL, "before", pending.ExpiresAt)
		result, err = pending.Wait(ctx)
		switch {
		case errors.Is(err, vault.ErrApprovalDenied):
			fmt.Println("the person said no")
		case errors.Is(err, vault.ErrApprovalTimeout):
			fmt.Println("later, by", pending.Approval().ID())
		}
	}
	if err == nil {
		fmt.Println(result.StatusCode)
	}
	// Output: 200
}
