package vaultotel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/vaultotel"
)

const (
	testKey = "alter_key_test-secret-key-0123456789-abcdefghijkl_"
	grantID = "22222222-2222-4222-8222-222222222222"
)

func spanContext(flags trace.TraceFlags) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0x0A, 0xF7, 15: 0x9C}, SpanID: trace.SpanID{0xB7, 7: 0x31}, TraceFlags: flags,
	})
}

func TestTraceparent(t *testing.T) {
	for name, c := range map[string]struct {
		span trace.SpanContext
		want string
	}{
		"sampled":     {spanContext(trace.FlagsSampled), "00-0af7000000000000000000000000009c-b700000000000031-01"},
		"not sampled": {spanContext(0), "00-0af7000000000000000000000000009c-b700000000000031-00"},
		"other flags": {spanContext(0xFF), "00-0af7000000000000000000000000009c-b700000000000031-ff"},
		"no span":     {trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}}), ""},
		"no trace":    {trace.NewSpanContext(trace.SpanContextConfig{SpanID: trace.SpanID{1}}), ""},
		"none":        {trace.SpanContext{}, ""},
	} {
		if got := vaultotel.Traceparent(trace.ContextWithSpanContext(t.Context(), c.span)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := vaultotel.Traceparent(context.Background()); got != "" {
		t.Errorf("without a span: %s", got)
	}
}

// transport answers as the vault when asked for a path of the vault, else as the
// provider, and notes the traceparent of each request.
type transport struct {
	mu   sync.Mutex
	seen map[string][]string
}

func (r *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, values := range req.Header {
		if strings.EqualFold(name, "traceparent") {
			r.seen[req.URL.Path] = values
		}
	}
	body := `{"access_token":"test-secret-token","grant_id":"` + grantID + `"}`
	if req.URL.Path == "/sdk/agents/me" {
		body = `{"id":"` + grantID + `","name":"n","type":"agent","status":"active","version":1,"created_at":"2026-01-01T00:00:00Z"}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

// TestSpanGoesToTheVaultOnly, in provider calls and in questions to the vault.
func TestSpanGoesToTheVaultOnly(t *testing.T) {
	backend, provider := &transport{seen: map[string][]string{}}, &transport{seen: map[string][]string{}}
	agent, err := vault.NewAgent(testKey, vault.WithBackend(backend), vault.WithProviderTransport(provider), vaultotel.Spans())
	if err != nil {
		t.Fatal(err)
	}
	ctx := trace.ContextWithSpanContext(t.Context(), spanContext(trace.FlagsSampled))
	resp, err := agent.Request(ctx, "GET", "https://api.example.com/user", vault.Grant(grantID))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, err := agent.Me(ctx); err != nil {
		t.Fatal(err)
	}
	if err := agent.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = "[00-0af7000000000000000000000000009c-b700000000000031-01]"
	for _, path := range []string{"/sdk/token", "/sdk/oauth/audit/api-call", "/sdk/agents/me"} {
		if got := fmt.Sprint(backend.seen[path]); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if len(provider.seen) != 0 {
		t.Errorf("the provider got %v", provider.seen)
	}
	// What a call says itself wins.
	const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	other, _ := vault.NewAgent(testKey, vault.WithBackend(backend), vaultotel.Spans())
	if _, err := other.Me(vault.WithTraceparent(ctx, own)); err != nil || fmt.Sprint(backend.seen["/sdk/agents/me"]) != "["+own+"]" {
		t.Errorf("%v %v", err, backend.seen)
	}
}
