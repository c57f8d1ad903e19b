package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// A rule of the vault applies to every call that is decided from then on, also
// to calls of clients that do not know of it.
func ExampleVault_CreateRule() {
	v, err := local.Open("", local.InMemory())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	ctx := context.Background()
	r, err := v.CreateRule(ctx, local.RuleSpec{
		Name:   "no deletions at github",
		Target: local.TargetProvider, TargetID: "github",
		Rule: &rule.JSONMatch{When: rule.When{Method: []string{"DELETE"}}},
	})
	if err != nil {
		log.Print(err)
		return
	}
	if err := v.EnableRule(ctx, r.ID, false); err != nil {
		log.Print(err)
		return
	}
	rules, err := v.Rules(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	for _, r := range rules {
		fmt.Println(r.Name, r.RuleSpec.Rule.Kind(), "disabled:", r.Disabled)
	}
	fmt.Println(v.RemoveRule(ctx, r.ID))
	// Output:
	// no deletions at github json_match disabled: true
	// <nil>
}
