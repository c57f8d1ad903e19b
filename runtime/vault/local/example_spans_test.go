package local_test

import (
	"context"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

func ExampleVault_Spans() {
	ctx := context.Background()
	v, creds, _ := openExample()
	defer v.Close()
	agent := must(vault.NewAgent(creds.Key, vault.WithBackend(v)))
	defer agent.Close(ctx)
	must(agent.Spans().Emit(ctx, []vault.Span{{TraceID: "0af7651916cd43dd8448eb211c80319c", Name: "plan", Start: time.Now()}}))

	for _, s := range must(v.Spans(ctx, local.SpanFilter{AgentID: creds.ID})) {
		fmt.Println(s.TraceID, s.Name, s.AgentID == creds.ID)
	}
	// Output: 0af7651916cd43dd8448eb211c80319c plan true
}
