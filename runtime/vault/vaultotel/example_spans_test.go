package vaultotel_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/vaultotel"
)

// inSpan stands for a tracer's Start.
func inSpan(ctx context.Context) context.Context {
	return trace.ContextWithSpanContext(ctx, spanContext(trace.FlagsSampled))
}

func ExampleTraceparent() {
	fmt.Println(vaultotel.Traceparent(inSpan(context.Background())))
	// Output: 00-0af7000000000000000000000000009c-b700000000000031-01
}

// The vault is told the span of each call; the provider is not.
func ExampleSpans() {
	backend := &transport{seen: map[string][]string{}} // stands for the vault
	agent, err := vault.NewAgent(testKey, vault.WithBackend(backend), vaultotel.Spans())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = agent.Me(inSpan(context.Background()))
	fmt.Println(backend.seen["/sdk/agents/me"], err)
	// Output: [00-0af7000000000000000000000000009c-b700000000000031-01] <nil>
}
