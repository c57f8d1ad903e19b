//go:build conformance

package conformance

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// judge holds an upstream document as kin-openapi reads it, to say whether an
// example fits the schema that it stands beside.
type judge struct{ doc *openapi3.T }

func newJudge(t *testing.T, root, provider string) judge {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, provider+"*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no upstream document of %s", provider)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return judge{doc}
}

// verdict is "fits the schema", or "contradicts the schema" with the first reason.
func (j judge) verdict(e example) string {
	item := j.doc.Paths.Value(e.Path)
	if item == nil || item.GetOperation(e.Method) == nil {
		return "no operation"
	}
	r := item.GetOperation(e.Method).Responses.Value(e.Status)
	if r == nil || r.Value == nil || r.Value.Content.Get("application/json") == nil {
		return "no answer"
	}
	schema := r.Value.Content.Get("application/json").Schema
	var v any
	if schema == nil || json.Unmarshal(e.JSON, &v) != nil {
		return "no schema"
	}
	if err := schema.Value.VisitJSON(v); err != nil {
		reason := "unnamed"
		if se, ok := err.(*openapi3.SchemaError); ok {
			reason = "/" + strings.Join(se.JSONPointer(), "/") + ": " + se.Reason
		}
		return "contradicts the schema (" + strings.ReplaceAll(reason, "\n", " ") + ")"
	}
	return "fits the schema"
}
