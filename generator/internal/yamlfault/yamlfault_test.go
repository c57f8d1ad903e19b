package yamlfault

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestOf runs the library on faulty texts; it fails when another release words
// or counts differently.
func TestOf(t *testing.T) {
	for text, want := range map[string]Fault{
		"[a":                     {1, 0, "did not find expected ',' or ']'"},
		"{a: b\n":                {1, 0, "did not find expected ',' or '}'"},
		"a: 1\nb: [1, 2\n":       {2, 0, "did not find expected ',' or ']'"},
		"a:\n    b: 1\n  c: 1\n": {3, 0, "did not find expected key"},
		"a: 1\nb\nc: 2\n":        {2, 0, "could not find expected ':'"},
		"a: 1\nb: \"c\nd\n":      {2, 0, "found unexpected end of stream"},
		"a: 1\n\tb: 2\n":         {2, 0, "found a tab character that violates indentation"},
		"a: 1\nb: *c\n":          {2, 4, "unknown anchor 'c' referenced"},
		"a: b: c\n":              {1, 0, "mapping values are not allowed in this context"},
		"a: 1\nb: c: d\n":        {2, 0, "mapping values are not allowed in this context"},
	} {
		var n yaml.Node
		err := yaml.Unmarshal([]byte(text), &n)
		if err == nil {
			t.Errorf("%q is no fault", text)
			continue
		}
		if diff := cmp.Diff([]Fault{want}, Of([]byte(text), err)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
