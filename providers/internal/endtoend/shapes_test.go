package endtoend_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/subject"
)

// shapes looks into the document for what its successful JSON answers hold: an enum,
// an integer, a date-time, a URL, a required scalar.
func shapes(t *testing.T, p subject.Provider) map[string]bool {
	t.Helper()
	text, err := p.Spec()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	s := scan{doc: doc, seen: map[string]bool{}, found: map[string]bool{}}
	for _, item := range node(doc["paths"]) {
		for _, op := range node(item) {
			for status, r := range node(node(op)["responses"]) {
				if strings.HasPrefix(status, "2") {
					s.answer(r)
				}
			}
		}
	}
	return s.found
}

func node(v any) map[string]any { n, _ := v.(map[string]any); return n }

type scan struct {
	doc   map[string]any
	seen  map[string]bool // references
	found map[string]bool
}

func (s *scan) answer(v any) {
	for media, entry := range node(s.resolve(v)["content"]) {
		if strings.Contains(media, "json") {
			s.schema("", node(entry)["schema"])
		}
	}
}

// resolve follows references.
func (s *scan) resolve(v any) map[string]any {
	n := node(v)
	for range 32 {
		ref, ok := n["$ref"].(string)
		if !ok {
			return n
		}
		var at any = s.doc
		for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = node(at)[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]
		}
		n = node(at)
	}
	return nil
}

// schema notes the shapes below a schema that stands as a member, or as an answer
// where member is "". Unions are left out: what stands in one tells its variants
// apart, so the answer cannot be made of it alone.
func (s *scan) schema(member string, v any) {
	if ref, ok := node(v)["$ref"].(string); ok {
		if s.seen[ref] {
			return
		}
		s.seen[ref] = true
	}
	n := s.resolve(v)
	if n == nil {
		return
	}
	kind, _ := n["type"].(string)
	format, _ := n["format"].(string)
	values, _ := n["enum"].([]any)
	s.note(member != "" && kind == "string" && format == "date-time", "date-time")
	s.note(member != "" && kind == "string" && len(values) > 1, "enum")
	s.note(member != "" && kind == "integer", "integer")
	required, _ := n["required"].([]any)
	for _, name := range required {
		one, _ := name.(string)
		m := s.resolve(node(n["properties"])[one])
		k, _ := m["type"].(string)
		s.note(m["nullable"] != true && (k == "string" && m["format"] == nil || k == "integer" || k == "boolean" || k == "number"), "required")
	}
	for name, m := range node(n["properties"]) {
		k := s.resolve(m)
		s.note(k["type"] == "string" && k["enum"] == nil && k["format"] != "date-time" && endsInURL(name), "url")
		s.schema(name, m)
	}
	s.schema(member, n["items"])
	parts, _ := n["allOf"].([]any)
	for _, part := range parts {
		s.schema(member, part)
	}
}

func (s *scan) note(seen bool, shape string) {
	if seen {
		s.found[shape] = true
	}
}

func endsInURL(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"url", "uri", "link", "href"} {
		if strings.HasSuffix(name, word) {
			return true
		}
	}
	return false
}
