package normalize

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// place is where a schema stands: its pointer, and the words that could name it.
type place struct {
	pointer string
	owner   string
	path    []string
	role    Role
}

func (p place) down(word string, pointer ...string) place {
	return place{
		pointer: child(p.pointer, pointer...), owner: p.owner,
		path: append(slices.Clip(p.path), word), role: p.role.inner(),
	}
}

// same moves the pointer but keeps the words: into an allOf member, for instance.
func (p place) same(pointer string) place { p.pointer = pointer; return p }

func (r Role) inner() Role {
	switch r {
	case RoleComponent:
		return RoleProperty
	case RoleBody, RoleResult:
		return RoleInner
	default:
		return r
	}
}

// use brings a schema position into normal form: a reference, a primitive, an
// array or a map.
func (n *normalizer) use(v any, at place) tree {
	if n.deep[at.pointer] && !slices.Contains(n.merging, at.pointer) {
		return n.useDeep(v, at)
	}
	v, done := n.endless(v, at)
	defer done()
	if m, ok := v.(tree); ok {
		if ref, ok := m["$ref"].(string); ok {
			return n.useRef(ref, m, at)
		}
	}
	s, null := n.shape(v, at)
	if ref, ok := s["$ref"].(string); ok {
		return orNull(n.useRef(ref, s, at), null)
	}
	return orNull(n.place(s, at), null)
}

// place gives a shaped schema its form at a position, hoisting what needs a name.
func (n *normalizer) place(s tree, at place) tree {
	switch kind(s) {
	case "struct", "enum", "union":
		return n.hoist(n.define(s, at), at)
	default:
		return n.define(s, at)
	}
}

func orNull(s tree, null bool) tree {
	if null {
		s[NullKey] = true
	}
	return s
}

func (n *normalizer) useRef(ref string, m tree, at place) tree {
	key, isSchema := strings.CutPrefix(ref, "#/components/schemas/")
	key = pointerUnescaper.Replace(key)
	if _, known := n.schemas[key]; isSchema && known {
		null := n.isNullable(key, nil) || flag(m, "nullable")
		key = n.follow(key)
		n.need(key)
		out := tree{"$ref": reference(key)}
		if flag(m, "deprecated") {
			out["x-deprecated"] = true
		}
		return orNull(out, null)
	}
	target, ok := n.resolve(ref)
	if !ok {
		n.report(diag.Error, at.pointer, "dangling-ref",
			fmt.Sprintf("reference %s points at nothing", ref), "point it at an existing schema")
		return tree{}
	}
	if key := n.loop(ref); key != "" {
		null := n.admitsNull(target, nil) || flag(m, "nullable")
		return orNull(tree{"$ref": reference(key)}, null)
	}
	return n.use(target, n.stands(ref, at))
}

// need queues a component for definition the first time something refers to it.
func (n *normalizer) need(key string) {
	if n.queued == nil {
		n.queued = map[string]bool{}
	}
	if !n.queued[key] {
		n.queued[key] = true
		n.queue = append(n.queue, key)
	}
}

// defineReferenced defines every component that something refers to, and what
// those refer to in turn.
func (n *normalizer) defineReferenced() {
	for len(n.queue) > 0 {
		key := n.queue[0]
		n.queue = n.queue[1:]
		at := place{pointer: child("#/components/schemas", key), owner: key, role: RoleComponent}
		s, _ := n.shape(n.schemas[key], at)
		if ref, ok := s["$ref"].(string); ok {
			s = n.useRef(ref, s, at)
		} else {
			s = n.define(s, at)
		}
		if title := text(object(n.schemas, key), "title"); title != "" && kind(s) != "" {
			s["title"] = title
		}
		n.components[key] = s
		n.origins[key] = append([]Origin{{Pointer: at.pointer, Owner: key, Role: RoleComponent}}, n.origins[key]...)
	}
}

// kind says what a schema in canonical shape is: struct, enum, union, array, map,
// a primitive type, or "" for any value.
func kind(s tree) string {
	if s["oneOf"] != nil {
		return "union"
	}
	t := text(s, "type")
	switch {
	case t == "object" && len(object(s, "properties")) > 0:
		return "struct"
	case t == "object":
		return "map"
	case t == "string" && len(list(s, "enum")) > 1:
		return "enum"
	default:
		return t
	}
}

// define gives the definitional form of a shaped schema: what stands below a
// component's key, with every position inside in use form.
func (n *normalizer) define(s tree, at place) tree {
	out := n.form(s, at)
	if !n.opts.Docs {
		delete(out, "description")
	}
	return out
}

func (n *normalizer) form(s tree, at place) tree {
	switch kind(s) {
	case "struct":
		return n.defineStruct(s, at)
	case "enum":
		return keep(s, "type", "enum", "title", "deprecated", "default", "description")
	case "union":
		return n.defineUnion(s, at)
	case "array":
		items, ok := s["items"]
		if !ok {
			items = tree{}
		}
		out := keep(s, "type", "deprecated", "default", "description", "maxItems")
		below := at.down("item", "items")
		if from := text(s, itemsFromKey); from != "" {
			below.pointer = at.pointer + from
		}
		out["items"] = n.use(items, below)
		return out
	case "map":
		out := keep(s, "type", "deprecated", "description")
		if value, ok := s["additionalProperties"].(tree); ok && len(value) > 0 {
			out["additionalProperties"] = n.use(value, valuesAt(s, at))
		} else if s["additionalProperties"] == false {
			out[EmptyKey] = true
		}
		return out
	default:
		if text(s, "type") != "" && (len(object(s, "items")) > 0 || len(object(s, "properties")) > 0) {
			n.assume(at.pointer, "structure-ignored", fmt.Sprintf("a %s has no members and no items; they are left out", text(s, "type")))
		}
		out := keep(s, "type", "format", "enum", "deprecated", "default", "description")
		if least, ok := s["minimum"].(json.Number); ok { // tells whether pages are counted from 0 or 1
			out["minimum"] = least
		}
		return out
	}
}

func (n *normalizer) defineStruct(s tree, at place) tree {
	out := keep(s, "type", "title", "deprecated", "description")
	props, outProps := object(s, "properties"), tree{}
	var readOnly []any
	for _, name := range sortedKeys(props) {
		if isNever(props[name]) {
			continue // what admits nothing can't be sent
		}
		if p, ok := props[name].(tree); ok && flag(p, "readOnly") {
			readOnly = append(readOnly, name)
		}
		below := at.down(name, "properties", name)
		if from, ok := object(s, fromKey)[name].(string); ok {
			below.pointer = from
		}
		outProps[name] = n.use(props[name], below)
	}
	out["properties"] = outProps
	if len(readOnly) > 0 {
		out[ReadOnlyKey] = readOnly
	}
	var required []any
	for _, r := range slices.Compact(slices.Sorted(slices.Values(strs(list(s, "required"))))) {
		if outProps[r] != nil {
			required = append(required, r)
			continue
		}
		// Asana's sections require a project that the schema does not describe.
		n.assume(child(at.pointer, "required"), "required-undescribed",
			fmt.Sprintf("the member %q is required and not described; it may hold any value, or be left out", r))
		outProps[r] = tree{}
	}
	if len(required) > 0 {
		out["required"] = required
	}
	if value, ok := s["additionalProperties"].(tree); ok && len(value) > 0 {
		out["additionalProperties"] = n.use(value, valuesAt(s, at))
	} else if s["additionalProperties"] == false {
		out["additionalProperties"] = false
	} else if ok || s["additionalProperties"] == true {
		out["additionalProperties"] = true // the document says that there is more than it lists
	}
	return out
}

// valuesAt is where the values of a map are described.
func valuesAt(s tree, at place) place {
	below := at.down("value", "additionalProperties")
	if from := text(s, valuesFromKey); from != "" {
		below.pointer = at.pointer + from
	}
	return below
}

// keep copies the members named, where they are present.
func keep(s tree, keys ...string) tree {
	out := tree{}
	for _, k := range keys {
		if v, ok := s[k]; ok {
			out[k] = v
		}
	}
	return out
}
