package plain

import (
	"errors"
	"maps"
	"slices"
)

// errRecursive says that a schema came back to itself: the caller leaves the
// member or item out.
var errRecursive = errors.New("the schema refers to itself")

// flat is a schema without references and combinations at its top: allOf is
// merged, and of oneOf and anyOf one variant is.
type flat struct {
	node Node
	refs []string // references followed so far, to end recursion
	own  []string // those without the parts of allOf and the variants: a base may come again below
}

// flatten resolves schema under the references followed so far. choice picks
// the variant of a union.
func (d *Document) flatten(schema Node, refs []string, choice int) (flat, error) {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			break
		}
		if slices.Contains(refs, ref) {
			return flat{}, errRecursive
		}
		refs = append(slices.Clone(refs), ref)
		next, err := d.lookup(ref)
		if err != nil {
			return flat{}, err
		}
		schema = next
	}
	out := flat{node: maps.Clone(schema), refs: refs, own: refs}
	for _, word := range []string{"allOf", "oneOf", anyOf} {
		delete(out.node, word)
	}
	for _, part := range list(schema["allOf"]) {
		if err := d.merge(&out, object(part), refs, choice); err != nil {
			return flat{}, err
		}
	}
	for _, word := range []string{"oneOf", anyOf} {
		variants := d.possible(out.node, d.variants(schema[word]))
		if len(variants) == 0 {
			continue
		}
		chosen := choice % len(variants)
		if err := d.merge(&out, variants[chosen], refs, choice); err != nil {
			return flat{}, err
		}
		if word == "oneOf" {
			exclude(out.node, variants, chosen)
		}
	}
	return out, nil
}

// variants are the parts of a union that hold more than null.
func (d *Document) variants(v any) []Node {
	var all []Node
	for _, part := range list(v) {
		n := object(part)
		r, err := d.resolve(n)
		if err == nil && (text(r["type"]) == null || len(r) == 1 && r["nullable"] == true) {
			continue
		}
		all = append(all, n)
	}
	if slices.ContainsFunc(all, func(n Node) bool { return !nullObject(n) }) {
		all = slices.DeleteFunc(all, nullObject)
	}
	return all
}

// nullObject recognises how OpenAPI 3.0 documents write null beside other variants.
func nullObject(n Node) bool {
	return len(n) == 2 && n["type"] == "object" && n["nullable"] == true
}

// possible are the variants whose required members have a schema: a document
// may require a member that it never describes, and no typed client can send it.
func (d *Document) possible(base Node, variants []Node) []Node {
	all := object(base["properties"])
	if all == nil {
		return variants
	}
	return slices.DeleteFunc(variants, func(n Node) bool {
		for name := range names(n["required"]) {
			if all[name] == nil && object(n["properties"])[name] == nil {
				return true
			}
		}
		return false
	})
}

// Parts stand side by side: what one of them refers to, another may refer to as well.
func (d *Document) merge(into *flat, part Node, refs []string, choice int) error {
	add, err := d.flatten(part, refs, choice)
	if err != nil {
		return err
	}
	into.node = mergeNodes(into.node, add.node)
	into.refs = append(slices.Clone(into.refs), add.refs...)
	return nil
}

// mergeNodes is the schema that satisfies both.
func mergeNodes(a, b Node) Node {
	out := maps.Clone(a)
	for word, v := range b {
		switch word {
		case "properties":
			out[word] = mergeProperties(object(a[word]), object(v))
		case "required":
			out[word] = append(slices.Clone(list(a[word])), list(v)...)
		case "enum":
			out[word] = intersect(list(a[word]), list(v))
		default:
			out[word] = v
		}
	}
	return out
}

func mergeProperties(a, b Node) Node {
	out := Node{}
	maps.Copy(out, a)
	for name, v := range b {
		if old := object(a[name]); old != nil {
			// allOf resolves a reference on either side later.
			out[name] = Node{"allOf": []any{old, v}}
			continue
		}
		out[name] = v
	}
	return out
}

func intersect(a, b []any) []any {
	if a == nil {
		return b
	}
	var both []any
	for _, v := range a {
		if slices.ContainsFunc(b, func(w any) bool { return Equal(v, w) }) {
			both = append(both, v)
		}
	}
	return both
}

// exclude drops the members by which another oneOf variant would match too.
func exclude(node Node, variants []Node, chosen int) {
	mine := names(variants[chosen]["required"])
	properties := maps.Clone(object(node["properties"]))
	for i, other := range variants {
		if i == chosen || other["$ref"] != nil {
			continue
		}
		for name := range names(other["required"]) {
			if !mine[name] && !names(node["required"])[name] {
				delete(properties, name)
			}
		}
	}
	if properties != nil {
		node["properties"] = properties
	}
}

func names(v any) map[string]bool {
	set := map[string]bool{}
	for _, name := range list(v) {
		set[text(name)] = true
	}
	return set
}

// typeOf names the JSON type to produce, "" when the schema says nothing.
func typeOf(n Node) string {
	if t := text(n["type"]); t != "" {
		return t
	}
	for _, t := range list(n["type"]) {
		if s := text(t); s != null {
			return s
		}
	}
	switch {
	case n["properties"] != nil || object(n["additionalProperties"]) != nil:
		return "object"
	case n["items"] != nil:
		return "array"
	}
	return ""
}

// Numeric tells whether the schema wants a number.
func (d *Document) Numeric(schema Node) bool {
	n, err := d.resolve(schema)
	if err != nil {
		return false
	}
	t := typeOf(n)
	return t == "integer" || t == "number"
}

// nullable tells whether null is a value of the schema.
func (d *Document) nullable(schema Node) bool {
	n, err := d.resolve(schema)
	if err != nil {
		return false
	}
	if n["nullable"] == true || slices.Contains(list(n["type"]), any(null)) {
		return len(list(n["enum"])) == 0 || slices.Contains(list(n["enum"]), any(nil))
	}
	for _, word := range []string{"oneOf", anyOf} {
		if len(d.variants(n[word])) < len(list(n[word])) {
			return true
		}
	}
	return false
}
