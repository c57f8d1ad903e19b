// Package vaultotel names the OpenTelemetry span that a vault's audit row
// belongs to. It is a package of its own so that nobody links OpenTelemetry who
// does not use it; it needs the API only, no SDK.
//
//	agent, err := vault.NewAgent(key, vaultotel.Spans())
package vaultotel

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/grantwire/grantwire/runtime/vault"
)

// Spans returns the option that sends the traceparent of the span in a call's
// context to the vault, and to nobody else. Without a span, or with an invalid
// one, nothing is sent. tracestate and baggage never are.
func Spans() vault.Option { return vault.WithTraceparentFrom(Traceparent) }

// Traceparent returns the W3C traceparent of the context's span, or "".
func Traceparent(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return ""
	}
	return "00-" + span.TraceID().String() + "-" + span.SpanID().String() + "-" + span.TraceFlags().String()
}
