package load

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// convert turns a Swagger 2.0 tree into one of OpenAPI 3.0.
func (l *loader) convert(root map[string]any) (map[string]any, bool) {
	l.bodies2(root)
	if l.diags.HasErrors() {
		return nil, false
	}
	hidden := hideSchemas(root)
	text, err := convert(hidden.root)
	if err != nil {
		l.fail("", diag.CodeConvertFailed, "Swagger 2.0 could not be converted: "+bounded(err.Error()), "correct the document, or convert it to OpenAPI 3 with another tool")
		return nil, false
	}
	v, diags := readJSON(l.name, text, l.opts)
	l.diags = append(l.diags, diags...)
	out, ok := v.(map[string]any)
	if ok {
		hidden.restore(out)
		l.fail("", diag.CodeConverted, "Swagger 2.0 was converted to OpenAPI 3.0", "")
		l.diags[len(l.diags)-1].Severity = diag.Note
	}
	return out, ok
}

func convert(root map[string]any) (text []byte, err error) {
	// The converter indexes maps and slices that a faulty document may lack.
	defer func() {
		if p := recover(); p != nil {
			text, err = nil, fmt.Errorf("the converter stopped: %v", p)
		}
	}()
	before, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	var doc2 openapi2.T
	if err := json.Unmarshal(before, &doc2); err != nil {
		return nil, err
	}
	doc3, err := openapi2conv.ToV3(&doc2)
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc3)
}

// hiddenSchemas is a document whose schemas the converter does not see. It knows
// the members of 2.0 only, and loses the others: a reference below
// additionalProperties, oneOf, patternProperties.
type hiddenSchemas struct {
	root        map[string]any
	definitions map[string]any
	inline      []any // what the references with hiddenPrefix stand for
}

// hiddenPrefix begins the names that stand for inline schemas meanwhile. No
// definition of a document is called so: a reference with "{" in it would be escaped.
const hiddenPrefix = "{grantgen}"

func hideSchemas(root map[string]any) *hiddenSchemas {
	h := &hiddenSchemas{definitions: map[string]any{}}
	defs, _ := root["definitions"].(map[string]any)
	for name, s := range defs {
		h.definitions[name] = schema3(s)
	}
	h.root, _ = h.hide(grammar.Swagger, root).(map[string]any)
	stand := map[string]any{}
	for i := range h.inline {
		stand[hiddenPrefix+strconv.Itoa(i)] = map[string]any{}
	}
	for name := range h.definitions {
		stand[name] = map[string]any{}
	}
	h.root["definitions"] = stand
	return h
}

// hide copies a value with a reference in place of each schema.
func (h *hiddenSchemas) hide(n *grammar.Node, v any) any {
	if n == nil {
		return v
	}
	if n.Section == "definitions" {
		h.inline = append(h.inline, schema3(v))
		return map[string]any{"$ref": "#/definitions/" + hiddenPrefix + strconv.Itoa(len(h.inline)-1)}
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			if n == grammar.Swagger && name == "definitions" {
				continue
			}
			out[name] = h.hide(n.Step(name), e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = h.hide(n.Elem, e)
		}
		return out
	}
	return v
}

// restore puts the schemas into the converted document.
func (h *hiddenSchemas) restore(root map[string]any) {
	h.reveal(root)
	components, ok := root["components"].(map[string]any)
	if !ok {
		components = map[string]any{}
		root["components"] = components
	}
	schemas, ok := components["schemas"].(map[string]any)
	if !ok {
		schemas = map[string]any{}
		components["schemas"] = schemas
	}
	maps.DeleteFunc(schemas, func(name string, _ any) bool { return strings.HasPrefix(name, hiddenPrefix) })
	maps.Copy(schemas, h.definitions)
}

func (h *hiddenSchemas) reveal(v any) {
	reveal := func(e any) (any, bool) {
		m, _ := e.(map[string]any)
		ref, _ := m["$ref"].(string)
		number, ok := strings.CutPrefix(ref, "#/components/schemas/"+hiddenPrefix)
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i >= len(h.inline) {
			return nil, false
		}
		return h.inline[i], true
	}
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if s, ok := reveal(e); ok {
				v[name] = s
			} else {
				h.reveal(e)
			}
		}
	case []any:
		for i, e := range v {
			if s, ok := reveal(e); ok {
				v[i] = s
			} else {
				h.reveal(e)
			}
		}
	}
}

// schema3 gives a copy of a schema in the words of 3.0.
func schema3(v any) any { return convertSchema(grammar.Swagger.At([]string{"definitions", ""}), v) }

func convertSchema(n *grammar.Node, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			if below := n.Step(name); below != nil {
				e = convertSchema(below, e)
			}
			out[name] = e
		}
		if n.Section == "definitions" {
			words3(out)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = e
			if n.Elem != nil {
				out[i] = convertSchema(n.Elem, e)
			}
		}
		return out
	}
	return v
}

// words3 replaces what 2.0 says in other words than 3.0.
func words3(s map[string]any) {
	if ref, ok := s["$ref"].(string); ok {
		s["$ref"] = ref3(ref)
	}
	if name, ok := s["discriminator"].(string); ok {
		s["discriminator"] = map[string]any{"propertyName": name}
	}
	if null, ok := s["x-nullable"].(bool); ok && s["nullable"] == nil {
		s["nullable"] = null
	}
	if s["type"] == "file" {
		s["type"], s["format"] = "string", "binary"
	}
}

func ref3(ref string) string {
	for _, section := range []string{"definitions", "parameters", "responses"} {
		if rest, ok := strings.CutPrefix(ref, "#/"+section+"/"); ok {
			if section == "definitions" {
				section = "schemas"
			}
			return "#/components/" + section + "/" + rest
		}
	}
	return ref
}
