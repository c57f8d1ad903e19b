package vault_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

func ExampleAgent_Spans() {
	begin := time.Now()
	// … the agent thinks …
	n, err := exampleAgent().Spans().Emit(context.Background(), []vault.Span{{
		TraceID: "0af7651916cd43dd8448eb211c80319c", Name: "plan", Start: begin, End: time.Now(), Attributes: map[string]string{"model": "m"},
	}})
	fmt.Println(n, err)
	// Output: 1 <nil>
}
