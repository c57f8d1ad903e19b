package local_test

import (
	"context"
	"fmt"
	"log"
)

func ExampleVault_DeprecateKey() {
	ctx := context.Background()
	v, agent, _ := openExample()
	defer v.Close()
	if err := v.DeprecateKey(ctx, agent.KeyID); err != nil { // it goes on working
		log.Panic(err)
	}
	for _, k := range must(v.Keys(ctx)) {
		fmt.Println(k.Kind, k.AgentID == agent.ID, k.DeprecatedAt.IsZero())
	}
	// Output: key true false
}
