package load

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// fuzzLimits keep a single input cheap.
var fuzzLimits = Options{MaxBytes: 1 << 16, MaxNodes: 1 << 14, MaxDepth: 100, MaxAliasNodes: 1 << 12}

// FuzzBytes reads any bytes: no panic, and either errors or a tree that keeps
// the promises of Document.
func FuzzBytes(f *testing.F) {
	for _, seed := range []string{
		head(`{"/a":` + okGet + `}`),
		"openapi: 3.0.3\npaths:\n  /a: &x\n    get: {}\n  /b: *x\n",
		`{"swagger":"2.0","paths":{"/a":{"get":{"responses":{"200":{"description":"","schema":{"$ref":"#/definitions/A"}}}}}},"definitions":{"A":{}}}`,
		`{"openapi":"3.1.0","paths":{"a":{"GET":{"parameters":{"x":{"name":1}}}}},"components":{"schemas":{"A":{"items":[{"$ref":"#/components/schemas/A"}]}}}}`,
		"- - - a\n", "{", "\xff", "a: !!str 1\n<<: {b: c}\n", "? a\n: |\n  b\n",
	} {
		f.Add("a.json", []byte(seed))
		f.Add("a.yaml", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		doc, diags := Bytes(name, text, fuzzLimits)
		if (doc == nil) != diags.HasErrors() {
			t.Fatalf("document %v with diagnostics %v", doc != nil, diags)
		}
		for _, d := range diags {
			if d.Code == "" || d.Message == "" || strings.ContainsAny(d.String(), "\n\x00") {
				t.Errorf("unusable diagnostic %q", d.String())
			}
		}
		if doc != nil {
			conforms(t, grammar.Document, doc.Root, "")
		}
	})
}

// conforms checks that every known member has its JSON type, and that
// references resolve.
func conforms(t *testing.T, n *grammar.Node, v any, at string) {
	t.Helper()
	switch n.Shape {
	case grammar.Object, grammar.Map:
		m, ok := v.(map[string]any)
		if !ok {
			if _, isBool := v.(bool); !isBool || !n.OrBool {
				t.Errorf("%s is %T", at, v)
			}
			return
		}
		for name, e := range m {
			if child := n.Step(name); child != nil && name != "$ref" && !n.IsExtension(name) {
				conforms(t, child, e, at+"/"+name)
			}
		}
	case grammar.List:
		l, ok := v.([]any)
		if !ok {
			t.Errorf("%s is %T", at, v)
		}
		for _, e := range l {
			conforms(t, n.Elem, e, at+"/-")
		}
	case grammar.Any:
		if k := reflect.TypeOf(v); v != nil && k != reflect.TypeFor[json.Number]() && k != reflect.TypeFor[map[string]any]() &&
			k != reflect.TypeFor[[]any]() && k.Kind() != reflect.String && k.Kind() != reflect.Bool {
			t.Errorf("%s is %T", at, v)
		}
	default:
		if !fitsLeaf(n.Shape, v) {
			t.Errorf("%s is %T", at, v)
		}
	}
}
