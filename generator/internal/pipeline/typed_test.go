package pipeline

import (
	"testing"

	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// The typed document is kin-openapi's: it resolves references, and what it can't
// decode or resolve is a diagnostic.
func TestTyped(t *testing.T) {
	doc := func(schema map[string]any) *normalize.Form {
		return &normalize.Form{Root: map[string]any{
			"openapi": "3.0.3", "info": map[string]any{"title": "t", "version": "1"}, "paths": map[string]any{},
			"components": map[string]any{"schemas": map[string]any{"a": schema, "b": map[string]any{"type": "string"}}},
		}}
	}
	good, diags := typed(doc(map[string]any{"$ref": "#/components/schemas/b"}), "p")
	if diags.HasErrors() || !good.Components.Schemas["a"].Value.Type.Is("string") {
		t.Errorf("reference not resolved: %v", diags)
	}
	for name, schema := range map[string]map[string]any{
		"dangling":   {"$ref": "#/components/schemas/nowhere"},
		"remote":     {"$ref": "http://127.0.0.1:1/x.json"},
		"wrong type": {"properties": "none"},
	} {
		if _, diags := typed(doc(schema), "p"); !diags.HasErrors() || diags[0].Code != "not-loadable" || diags[0].Remedy == "" {
			t.Errorf("%s: got %v, want not-loadable", name, diags)
		}
	}
}
