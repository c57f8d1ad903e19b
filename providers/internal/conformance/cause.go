//go:build conformance

package conformance

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemas tells whether an example contradicts its own schema. kin-openapi
// decides, which is not ours.
type schemas struct{ spec *openapi3.T }

// newSchemas loads the upstream document, or, when kin-openapi cannot decode
// that, the committed one with its repairs.
func newSchemas(t *testing.T, files ...string) *schemas {
	t.Helper()
	for _, file := range files {
		spec, err := openapi3.NewLoader().LoadFromFile(file)
		if err == nil {
			t.Logf("schemas of failed examples are those of %s", file)
			return &schemas{spec}
		}
		t.Logf("kin-openapi cannot load %s: %v", file, err)
	}
	t.Fatalf("kin-openapi loads none of %v", files)
	return nil
}

// contradiction is one place where kin-openapi finds that an example does not
// fit its schema.
type contradiction struct {
	Pointer string
	Keyword string // of the schema: "required", "type"
	Reason  string
}

func (c contradiction) String() string { return strings.TrimSpace(c.Pointer + " " + c.Reason) }

// contradictions returns all of them, none when the example fits.
func (s *schemas) contradictions(e Example) ([]contradiction, error) {
	schema := s.schema(e)
	if schema == nil {
		return nil, errors.New("the document has no schema for this answer")
	}
	text, err := json.Marshal(e.Value)
	if err != nil {
		return nil, err
	}
	var plain any // kin-openapi wants float64
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	var found []contradiction
	collect("", schema.VisitJSON(plain, openapi3.MultiErrors()), &found)
	return found, nil
}

// text returns what an example stands for that is JSON written as text, when its
// schema does not allow a text: some documents have all their examples so.
func (s *schemas) text(e Example) (any, bool) {
	text, ok := e.Value.(string)
	if !ok {
		return nil, false
	}
	inner, err := parseJSON([]byte(text))
	if err != nil || !isContainer(inner) {
		return nil, false
	}
	// A schema with members and no type lets a text pass, and does not mean one.
	if schema := s.schema(e); schema != nil && len(schema.Properties) == 0 && schema.VisitJSON(text) == nil {
		return nil, false
	}
	return inner, true
}

func isContainer(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// collect takes the faults out of kin-openapi's error. The place of an inner
// one counts from the place of the outer one (allOf) or from the top (oneOf).
func collect(at string, err error, found *[]contradiction) {
	switch err := err.(type) { //nolint:errorlint // each layer is taken off here
	case nil:
	case openapi3.MultiError:
		for _, e := range err {
			collect(at, e, found)
		}
	case *openapi3.SchemaError:
		if own := pointer(err.JSONPointer()); at == "" || !strings.HasPrefix(own+"/", at+"/") {
			at += own
		} else {
			at = own
		}
		if err.Origin != nil {
			collect(at, err.Origin, found)
			collect(at, rest(err), found)
		} else {
			*found = append(*found, contradiction{at, err.SchemaField, err.Reason})
		}
	default:
		if inner := errors.Unwrap(err); inner != nil {
			collect(at, inner, found)
			return
		}
		line, _, _ := strings.Cut(err.Error(), "\n")
		*found = append(*found, contradiction{at, "other", line})
	}
}

// rest is what the schema says beside its allOf, oneOf or anyOf: kin-openapi does
// not look there when one of those failed.
func rest(err *openapi3.SchemaError) error {
	if s := err.Schema; s == nil || len(s.AllOf)+len(s.OneOf)+len(s.AnyOf) == 0 {
		return nil
	}
	beside := *err.Schema
	beside.AllOf, beside.OneOf, beside.AnyOf = nil, nil, nil
	return beside.VisitJSON(err.Value, openapi3.MultiErrors())
}

func pointer(steps []string) string {
	if len(steps) == 0 {
		return ""
	}
	return "/" + strings.Join(steps, "/")
}

// behind returns the contradiction that a difference comes from: one at the
// same place, at an object or list around it, or about the member by name. What did
// not decode as a whole may also have its cause inside.
func behind(all []contradiction, d difference) (contradiction, bool) {
	for _, near := range []func(c contradiction) bool{
		func(c contradiction) bool { return c.Pointer == d.Pointer },
		func(c contradiction) bool { return c.Pointer != "" && strings.HasPrefix(d.Pointer, c.Pointer+"/") },
		func(c contradiction) bool {
			at := strings.LastIndex(d.Pointer, "/")
			return at >= 0 && c.Pointer == d.Pointer[:at] && strings.Contains(c.Reason, strconv.Quote(d.Pointer[at+1:]))
		},
		func(c contradiction) bool { return d.Whole && strings.HasPrefix(c.Pointer, d.Pointer+"/") },
	} {
		if i := slices.IndexFunc(all, near); i >= 0 {
			return all[i], true
		}
	}
	return contradiction{}, false
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
