package standin

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

type node = map[string]any

const objectType = "object"

// document keeps the parts of an OpenAPI 3 document as bytes: only what an
// operation refers to is ever decoded.
type document struct {
	OpenAPI string                                `json:"openapi"`
	Servers []server                              `json:"servers"`
	Paths   map[string]map[string]json.RawMessage `json:"paths"`
	Parts   map[string]map[string]json.RawMessage `json:"components"`
}

type server struct {
	URL string `json:"url"`
}

func parse(spec []byte) (*document, error) {
	var d document
	if err := json.Unmarshal(spec, &d); err != nil {
		return nil, fmt.Errorf("standin: the document is no OpenAPI JSON: %w", err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.") {
		return nil, fmt.Errorf("standin: the document says openapi %q; version 3 is needed", d.OpenAPI)
	}
	return &d, nil
}

// basePath is the path of the first server, "" for none.
func (d *document) basePath() string {
	for _, s := range d.Servers {
		if u, err := url.Parse(s.URL); err == nil {
			return strings.TrimSuffix(u.Path, "/")
		}
	}
	return ""
}

// component splits a reference into its part and name.
func (d *document) component(ref string) (part, name string, raw json.RawMessage, err error) {
	path, ok := strings.CutPrefix(ref, "#/components/")
	part, name, two := strings.Cut(path, "/")
	name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
	raw = d.Parts[part][name]
	if !ok || !two || raw == nil {
		return "", "", nil, fmt.Errorf("standin: reference %q is not a component of the document", ref)
	}
	return part, name, raw, nil
}

// resolve follows references at the top of n.
func (d *document) resolve(n node) (node, error) {
	for range 32 {
		ref, ok := n["$ref"].(string)
		if !ok {
			return n, nil
		}
		_, _, raw, err := d.component(ref)
		if err != nil {
			return nil, err
		}
		v, err := decode(raw)
		if err != nil {
			return nil, fmt.Errorf("standin: %s: %w", ref, err)
		}
		n = object(v)
	}
	return nil, fmt.Errorf("standin: reference chain without an end at %v", n["$ref"])
}

// resolveAll resolves each item of a list.
func (d *document) resolveAll(items []any) ([]node, error) {
	var all []node
	for _, item := range items {
		n, err := d.resolve(object(item))
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// closure collects the components that v refers to, directly or not.
func (d *document) closure(v any) (node, error) {
	out := node{}
	todo := []any{v}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch x := v.(type) {
		case []any:
			todo = append(todo, x...)
		case node:
			for _, member := range x {
				todo = append(todo, member)
			}
			ref, ok := x["$ref"].(string)
			if !ok {
				continue
			}
			target, err := d.collect(out, ref)
			if err != nil {
				return nil, err
			}
			todo = append(todo, target)
		}
	}
	return out, nil
}

// collect adds one component to out; it returns nil when out has it.
func (d *document) collect(out node, ref string) (any, error) {
	part, name, raw, err := d.component(ref)
	if err != nil {
		return nil, err
	}
	group := object(out[part])
	if group == nil {
		group = node{}
		out[part] = group
	}
	if group[name] != nil {
		return nil, nil // nothing new to follow
	}
	if group[name], err = decode(raw); err != nil {
		return nil, fmt.Errorf("standin: %s: %w", ref, err)
	}
	return group[name], nil
}

// without leaves out the named members of a schema that is an object.
func without(schema node, members []string) node {
	properties := node{}
	for name, v := range object(schema["properties"]) {
		if !slices.Contains(members, name) {
			properties[name] = v
		}
	}
	out := node{"type": objectType, "properties": properties}
	required := slices.DeleteFunc(slices.Clone(list(schema["required"])), func(v any) bool {
		return slices.Contains(members, text(v))
	})
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func object(v any) node { n, _ := v.(node); return n }
func list(v any) []any  { l, _ := v.([]any); return l }
func text(v any) string { s, _ := v.(string); return s }
