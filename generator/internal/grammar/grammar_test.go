package grammar

import (
	"slices"
	"testing"
)

// TestAt walks the table along pointers.
func TestAt(t *testing.T) {
	for _, test := range []struct {
		at   []string
		kind string
	}{
		{[]string{"paths", "/a", "get", "responses", "200", "content", "a/b", "schema", "properties", "description"}, "schema"},
		{[]string{"components", "schemas", "x-a"}, "schema"},
		{[]string{"components", "responses", "x-a"}, "response"},
		{[]string{"paths", "/a", "parameters", "0"}, "parameter"},
		{[]string{"paths", "/a", "get", "callbacks", "c", "{$url}"}, "path item"},
	} {
		if n := Document.At(test.at); n == nil || n.Name != test.kind {
			t.Errorf("%v is %v, want %s", test.at, n, test.kind)
		}
	}
	if n := Document.At([]string{"paths", "/a", "get", "x-y", "z"}); n != nil {
		t.Errorf("an extension is %v", n)
	}
	if n := Swagger.At([]string{"definitions", "A", "allOf", "0"}); n == nil || n.Section != "definitions" {
		t.Errorf("a definition is %v", n)
	}
}

// TestSections: each section of components holds the kind that refers to it.
func TestSections(t *testing.T) {
	for name := range Document.Fields["components"].Node.Fields {
		if n := BySection(name); n == nil || n.Section != name {
			t.Errorf("components.%s: %v", name, n)
		}
	}
	if BySection("nothing") != nil {
		t.Error("a section that does not exist has a kind")
	}
}

func TestExtensions(t *testing.T) {
	item := Document.Fields["paths"].Node
	for _, test := range []struct {
		n    *Node
		want bool
	}{{item, true}, {item.Elem, true}, {Document.At([]string{"components", "schemas"}), false}, {Document.At([]string{"components", "responses"}), false}} {
		if got := test.n.IsExtension("x-a"); got != test.want {
			t.Errorf("%s: %v", test.n.Name, got)
		}
	}
	if !slices.IsSorted(Methods()) {
		t.Error("methods are not sorted")
	}
}

// TestFacts: what holds prose is no fact, what a request is judged by is one.
func TestFacts(t *testing.T) {
	schema := BySection("schemas")
	for name, want := range map[string]bool{
		"description": false, "example": false, "examples": false, "externalDocs": false, "$comment": false,
		"type": true, "format": true, "enum": true, "const": true, "default": true, "pattern": true, "required": true, "nullable": true, "maxLength": true,
	} {
		if f, ok := schema.Fields[name]; !ok || f.Fact != want {
			t.Errorf("%s: %v, %v", name, ok, f.Fact)
		}
	}
	if Document.Fields["webhooks"].Fact {
		t.Error("webhooks are facts")
	}
}
