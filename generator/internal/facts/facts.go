// Package facts reduces an OpenAPI document to its facts: operations,
// parameters, schemas, scopes, limits and links to documentation, without
// sentences, examples and vendor extensions. The result is still a valid
// OpenAPI document.
package facts

import (
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// Limits of what counts as a name or a value rather than prose.
const (
	maxTitleWords   = 5
	maxTitleChars   = 40
	maxDefaultWords = 12
)

// Reduce returns the facts-only form of a document that package load returned.
// It shares no memory with root and leaves root as it is. Components that no
// operation needs are left out, except security schemes.
func Reduce(root map[string]any) map[string]any {
	r := reducer{v30: strings.HasPrefix(text(root["openapi"]), "3.0")}
	out, _ := r.value(grammar.Document, root).(map[string]any)
	info, _ := out["info"].(map[string]any)
	out["info"] = map[string]any{"title": text(info["title"]), "version": text(info["version"])}
	if _, ok := out["paths"]; !ok {
		out["paths"] = map[string]any{}
	}
	prune(out)
	return out
}

type reducer struct {
	// v30: siblings of a reference mean nothing in 3.0, and validators refuse them.
	v30 bool
}

// value returns the facts of v, or nil when nothing is left of it.
func (r reducer) value(n *grammar.Node, v any) any {
	switch v := v.(type) {
	case map[string]any:
		switch n.Shape {
		case grammar.Object:
			return r.object(n, v)
		case grammar.Map:
			return r.dict(n, v)
		}
	case []any:
		if n.Shape == grammar.List {
			list := make([]any, 0, len(v))
			for _, e := range v {
				list = append(list, r.value(n.Elem, e))
			}
			return list
		}
	}
	return clone(v)
}

func (r reducer) object(n *grammar.Node, m map[string]any) any {
	out := make(map[string]any, len(m))
	if ref, ok := m["$ref"].(string); ok && n.Section != "" {
		out["$ref"] = ref
		if r.v30 || n.Section != "schemas" {
			return out
		}
	}
	for name, v := range m {
		if f, ok := n.Fields[name]; ok && f.Fact && name != "$ref" {
			out[name] = r.value(f.Node, v)
		}
	}
	trim(n, out)
	return out
}

func (r reducer) dict(n *grammar.Node, m map[string]any) any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		if !n.IsExtension(name) {
			out[name] = r.value(n.Elem, v)
		}
	}
	return out
}

// trim applies the rules that depend on the kind of an object.
func trim(n *grammar.Node, m map[string]any) {
	switch n.Name {
	case "schema":
		if t, ok := m["title"].(string); ok && !isName(t) {
			delete(m, "title")
		}
		if hasProse(m["default"], maxDefaultWords) {
			delete(m, "default")
		}
	case "response":
		m["description"] = ""
	case "OAuth flow":
		scopes, _ := m["scopes"].(map[string]any)
		for name := range scopes {
			scopes[name] = ""
		}
	case "server":
		if !strings.Contains(text(m["url"]), "{") {
			delete(m, "variables")
		}
	}
	if docs, ok := m["externalDocs"].(map[string]any); ok && text(docs["url"]) == "" {
		delete(m, "externalDocs")
	}
}

// isName tells a short title ("Minimal Repository") from a sentence.
func isName(title string) bool {
	words := len(strings.Fields(title))
	return words > 0 && words <= maxTitleWords && len(title) <= maxTitleChars && !strings.HasSuffix(title, ".")
}

// hasProse reports whether a text with more than limit words is in v.
func hasProse(v any, limit int) bool {
	switch v := v.(type) {
	case string:
		return len(strings.Fields(v)) > limit
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return hasProse(e, limit) })
	case map[string]any:
		for _, e := range v {
			if hasProse(e, limit) {
				return true
			}
		}
	}
	return false
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

// prune removes the components that nothing reaches from the operations.
func prune(root map[string]any) {
	components, _ := root["components"].(map[string]any)
	if components == nil {
		return
	}
	p := pruner{components: components, keep: map[string]bool{}}
	for name, f := range grammar.Document.Fields {
		if name != "components" && f.Fact {
			p.mark(f.Node, root[name])
		}
	}
	for section, v := range components {
		entries, _ := v.(map[string]any)
		maps.DeleteFunc(entries, func(name string, _ any) bool {
			return section != "securitySchemes" && !p.keep[section+"/"+name]
		})
		if len(entries) == 0 {
			delete(components, section)
		}
	}
	if len(components) == 0 {
		delete(root, "components")
	}
}

type pruner struct {
	components map[string]any
	keep       map[string]bool
}

// mark keeps what v refers to. It walks the table, so that a property named
// "$ref" or a default value is not taken for a reference.
func (p *pruner) mark(n *grammar.Node, v any) {
	switch v := v.(type) {
	case []any:
		if n.Elem != nil {
			for _, e := range v {
				p.mark(n.Elem, e)
			}
		}
	case map[string]any:
		if n.Shape == grammar.Map {
			for _, e := range v {
				p.mark(n.Elem, e)
			}
			return
		}
		if ref, ok := v["$ref"].(string); ok && n.Section != "" {
			p.reach(ref)
		}
		for name, e := range v {
			if f, ok := n.Fields[name]; ok {
				p.mark(f.Node, e)
			}
		}
		if mapping, ok := v["mapping"].(map[string]any); ok && n.Name == "discriminator" {
			for _, target := range mapping {
				p.reach(mappingRef(text(target)))
			}
		}
	}
}

// mappingRef gives the reference that a discriminator's mapping stands for,
// which may be the bare name of a schema.
func mappingRef(target string) string {
	if strings.ContainsAny(target, "#/") {
		return target
	}
	return "#/components/schemas/" + target
}

func (p *pruner) reach(ref string) {
	rest, ok := strings.CutPrefix(ref, "#/components/")
	if !ok {
		return
	}
	section, rest, _ := strings.Cut(rest, "/")
	token, _, _ := strings.Cut(rest, "/")
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	kind := grammar.BySection(section)
	entries, _ := p.components[section].(map[string]any)
	key := section + "/" + name
	if kind == nil || entries == nil || p.keep[key] {
		return
	}
	p.keep[key] = true
	p.mark(kind, entries[name])
}
