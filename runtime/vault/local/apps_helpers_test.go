package local

import (
	"context"
	"strings"
	"testing"
)

// delegateForTest sets what Connect decides when a user delegates.
func (v *Vault) delegateForTest(t testing.TB, d delegation) error {
	return v.store.write(t.Context(), func(ctx context.Context, q *statements) error { return v.insertDelegation(ctx, q, d) })
}

func scanOne(query string, dst any) func(context.Context, *statements) error {
	return func(ctx context.Context, q *statements) error { return q.scan(ctx, query, nil, []any{dst}) }
}

func execOnly(query string) func(context.Context, *statements) error {
	return func(ctx context.Context, q *statements) error { return q.exec(ctx, query) }
}

func containsAll(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
