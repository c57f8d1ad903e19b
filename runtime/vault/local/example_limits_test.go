package local_test

import (
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

func ExampleWithRateLimits() {
	v, agent, grant := openExample(local.WithRateLimits(local.RateLimits{PerApp: 100, Quotas: []local.Quota{{Window: "day", Requests: 1}}}))
	defer v.Close()
	fmt.Println(ask(v, agent.Key, grant, vault.WithMode(vault.Proxy)))
	_, err := ask(v, agent.Key, grant, vault.WithMode(vault.Proxy))
	fmt.Println(errors.Is(err, vault.ErrQuotaExceeded))
	// Output:
	// 200 {"login":"octo"} <nil>
	// true
}
