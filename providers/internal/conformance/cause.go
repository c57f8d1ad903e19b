//go:build conformance

package conformance

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemas finds out whether an example that did not survive contradicts its
// own schema. kin-openapi decides, which is not ours.
type schemas struct {
	doc  *upstream
	spec *openapi3.T
}

// newSchemas loads the upstream document, or, when kin-openapi cannot decode
// that, the committed one with its repairs.
func newSchemas(t *testing.T, doc *upstream, files ...string) *schemas {
	t.Helper()
	for _, file := range files {
		spec, err := openapi3.NewLoader().LoadFromFile(file)
		if err == nil {
			t.Logf("schemas of failed examples are those of %s", file)
			return &schemas{doc, spec}
		}
	}
	t.Fatalf("kin-openapi loads none of %v", files)
	return nil
}

// cause explains a failure, or returns "" when the example is valid and the
// fault is ours. lost is nil when the example did not decode at all.
func (s *schemas) cause(e Example, lost []difference) string {
	if names := s.undeclared(e, lost); len(names) > 0 {
		return "the schema does not declare " + strings.Join(names, ", ")
	}
	schema := s.schema(e)
	if schema == nil {
		return "the answer has no schema"
	}
	text, err := json.Marshal(e.Value)
	if err != nil {
		return ""
	}
	var plain any // kin-openapi wants float64
	if err := json.Unmarshal(text, &plain); err != nil {
		return ""
	}
	if err := schema.VisitJSON(plain); err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return "contradicts its schema: " + line
	}
	return ""
}

// undeclared returns the members whose loss is the whole difference and that
// the schema neither names anywhere nor invites by additionalProperties; nil
// when there is another difference.
func (s *schemas) undeclared(e Example, lost []difference) []string {
	declared := s.doc.declared(e.Schema)
	var names []string
	for _, d := range lost {
		parent := strings.TrimSuffix(d.Pointer, "/"+d.Member)
		if d.What != lostMember || declared[d.Member] || s.doc.open(e.Schema, parent) {
			return nil
		}
		if !slices.Contains(names, d.Member) {
			names = append(names, d.Member)
		}
	}
	return names
}

// schema returns the schema of the answer, or nil.
func (s *schemas) schema(e Example) *openapi3.Schema {
	item := s.spec.Paths.Value(e.Path)
	if item == nil {
		return nil
	}
	op := item.GetOperation(e.Method)
	if op == nil {
		return nil
	}
	answer := op.Responses.Value(e.Status)
	if answer == nil || answer.Value == nil {
		return nil
	}
	media := answer.Value.Content.Get(e.Media)
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}
