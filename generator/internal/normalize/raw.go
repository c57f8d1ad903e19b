package normalize

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// at walks object members and returns nil where one is missing.
func at(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(tree)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func text(m tree, key string) string { s, _ := m[key].(string); return s }

func flag(m tree, key string) bool { b, _ := m[key].(bool); return b }

func list(m tree, key string) []any { l, _ := m[key].([]any); return l }

func object(m tree, key string) tree { o, _ := m[key].(tree); return o }

func sortedKeys(m tree) []string { return slices.Sorted(maps.Keys(m)) }

func strs(l []any) []string {
	var out []string
	for _, v := range l {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// trees keeps the objects of a list: a document may have anything in it.
func trees(l []any) []tree {
	var out []tree
	for _, v := range l {
		if m, ok := v.(tree); ok {
			out = append(out, m)
		}
	}
	return out
}

func toAny[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// without returns a copy of m without the members named.
func without(m tree, keys ...string) tree {
	c := maps.Clone(m)
	for _, k := range keys {
		delete(c, k)
	}
	return c
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")
var pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")

// child extends a JSON pointer by member names.
func child(pointer string, names ...string) string {
	var b strings.Builder
	b.WriteString(pointer)
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(pointerEscaper.Replace(name))
	}
	return b.String()
}

// reference leads to a component of the normal form. Its reader takes it for an
// address, in which a percent sign starts an escape.
func reference(key string) string {
	return strings.ReplaceAll(child("#/components/schemas", key), "%", "%25")
}

// ReferredKey is the key of the component that a reference of the normal form leads to.
func ReferredKey(ref string) (string, bool) {
	key, ok := strings.CutPrefix(ref, "#/components/schemas/")
	return referenceUnescaper.Replace(key), ok
}

var referenceUnescaper = strings.NewReplacer("~1", "/", "~0", "~", "%25", "%")

func index(pointer, name string, i int) string {
	return child(pointer, name, strconv.Itoa(i))
}

// resolve follows a local reference to its target; ok is false when nothing is there.
func (n *normalizer) resolve(ref string) (any, bool) {
	rest, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, false
	}
	var v any = n.root
	for part := range strings.SplitSeq(rest, "/") {
		part = pointerUnescaper.Replace(part)
		switch t := v.(type) {
		case tree:
			if v, ok = t[part]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			v = t[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// deref follows references from a node that is not a schema (parameter, body,
// response, header) and returns the target with the pointer where it stands.
func (n *normalizer) deref(v any, pointer string) (tree, string) {
	for range 32 {
		m, ok := v.(tree)
		if !ok {
			return nil, pointer
		}
		ref, ok := m["$ref"].(string)
		if !ok {
			return m, pointer
		}
		target, ok := n.resolve(ref)
		if !ok {
			return nil, pointer
		}
		v, pointer = target, ref
	}
	return nil, pointer
}

// canonical renders a node so that equal structures give equal text. Prose and
// limits do not make a type: they are left out.
func canonical(v any) string {
	var b strings.Builder
	writeCanonical(&b, v)
	return b.String()
}

// appendNew appends a schema that makes another type than those that are there.
func appendNew(all []any, v any) []any {
	shape := canonical(v)
	if slices.ContainsFunc(all, func(have any) bool { return canonical(have) == shape }) {
		return all
	}
	return append(all, v)
}

// notStructure are members that never change the Go type of a schema.
var notStructure = set([]string{
	"title", "description", "example", "examples", "externalDocs", "summary",
	"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
	"minItems", "maxItems", "uniqueItems", "pattern", "multipleOf", "minProperties", "maxProperties", "xml",
	"readOnly", "writeOnly", ReadOnlyKey, "default", "deprecated", VariantsKey, itemsFromKey, valuesFromKey,
})

func writeCanonical(b *strings.Builder, v any) {
	switch t := v.(type) {
	case tree:
		b.WriteByte('{')
		for _, k := range sortedKeys(t) {
			if _, isName := t[k].(tree); !isName && notStructure[k] {
				continue
			}
			b.WriteString(strconv.Quote(k))
			b.WriteByte(':')
			writeCanonical(b, t[k])
			b.WriteByte(',')
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for _, e := range t {
			writeCanonical(b, e)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case string:
		b.WriteString(strconv.Quote(t))
	case json.Number:
		b.WriteString(t.String())
	case bool:
		b.WriteString(strconv.FormatBool(t))
	case nil:
		b.WriteString("null")
	default:
		j, err := json.Marshal(t)
		if err == nil {
			b.Write(j)
		}
	}
}
