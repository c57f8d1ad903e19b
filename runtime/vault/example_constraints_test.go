package vault_test

import (
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// A program gives up what a step does not need: here sending to anybody outside
// the company, whatever the model asks for.
func ExampleAgent_WithConstraints() {
	careful, err := exampleAgent().WithConstraints(vault.Constraints{
		Scopes: []string{"proxy:execute"},
		Rule: &rule.ContentMatch{
			Families: []rule.Family{rule.FamilySend},
			Params:   []rule.Param{rule.NotSubsetOf("recipients", "*@example.com")},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = careful.WithConstraints(vault.Constraints{Scopes: []string{"proxy:execute"}})
	fmt.Println(errors.Is(err, vault.ErrInvalidInput))
	// Output: true
}

// A rule that is wrong is refused before anything is sent.
func ExampleApp_WithConstraints() {
	_, err := exampleApp().WithConstraints(vault.Constraints{Rule: &rule.IPAllowlist{Allow: []string{"localhost"}}})
	fmt.Println(err)
	// Output: vault: invalid_value: constraints ip_allowlist rule: allow[0] is neither an IP address nor a CIDR range
}
