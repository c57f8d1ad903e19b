package normalize

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// openKey marks a schema whose reading is a guess.
const openKey = "x-open"

// shapeUnion simplifies oneOf and anyOf. What stays a union leaves as oneOf.
func (n *normalizer) shapeUnion(s tree, at place) (out tree, again, null bool) {
	keyword := n.keyword(s, at)
	base := without(s, "oneOf", "anyOf", "discriminator")
	found := n.variants(list(s, keyword), at)
	variants, null := found.nodes, found.null
	if found.any {
		n.assume(at.pointer, "union-of-anything", "one variant of the union admits any value; so does the whole")
		return tree{}, false, null
	}
	if len(variants) == 0 {
		return base, true, null
	}
	if len(object(base, "properties")) > 0 {
		for i, v := range variants {
			variants[i] = tree{"allOf": []any{base, v}}
		}
	}
	if len(variants) == 1 {
		v := maps.Clone(variants[0])
		copyMembers(v, base, "deprecated", "default")
		return v, true, null
	}
	if merged := n.mergePlain(variants, at); merged != nil {
		copyMembers(merged, base, "description", "deprecated", "default")
		return merged, true, null
	}
	if keyword == "anyOf" {
		if merged := n.mergeObjects(found, at); merged != nil {
			if flag(base, openKey) {
				merged["additionalProperties"] = true
			}
			return merged, true, null
		}
	}
	out = keep(s, "title", "description", "deprecated", "default", "discriminator")
	out["oneOf"], out[keywordKey], out[indexKey] = toAny(variants), keyword, found.index
	return out, false, null
}

// keyword chooses between oneOf and anyOf where a schema has both.
func (n *normalizer) keyword(s tree, at place) string {
	ones, anys := len(list(s, "oneOf")), len(list(s, "anyOf"))
	if ones > 0 && anys > 0 {
		n.assume(at.pointer, "two-unions", "oneOf and anyOf stand side by side; only oneOf is read")
	}
	if ones > 0 {
		return "oneOf"
	}
	return "anyOf"
}

// Members of a shaped union that tell where its variants stood.
const (
	keywordKey = "x-keyword"
	indexKey   = "x-index"
)

// found are the variants of a union that make a type of their own.
type found struct {
	nodes []tree
	index []int // where each stood in the document
	null  bool  // one of the others admits null
	any   bool  // one of the others admits anything
}

// variants drops what makes no type of its own: null, members that only speak of
// required properties, repetitions, what is no schema.
func (n *normalizer) variants(raw []any, at place) (out found) {
	seen := map[string]bool{}
	raw = n.nullObjects(raw, at)
	for i, v := range raw {
		m, ok := v.(tree)
		if isNullType(v) {
			out.null = true
			continue
		}
		out.any = out.any || v == true
		if !ok || !saysType(m) {
			continue
		}
		if ref, ok := m["$ref"].(string); ok {
			if key, ok := componentKey(ref); ok {
				out.null = out.null || n.isNullable(key, nil)
				m = tree{"$ref": child("#/components/schemas", n.follow(key))}
			}
		}
		m, isNull := takeNull(m)
		out.null = out.null || isNull
		if isNull && !hasStructure(m) {
			continue
		}
		if c := canonical(m); !seen[c] {
			seen[c] = true
			out.nodes, out.index = append(out.nodes, m), append(out.index, i)
		}
	}
	return out
}

// nullObjects reads the variant {type: object, nullable: true} as null where others
// stand beside it: OpenAPI 3.0 has no null, and nullable needs a type.
func (n *normalizer) nullObjects(raw []any, at place) []any {
	written := func(v any) bool {
		m, ok := v.(tree)
		return ok && len(m) == 2 && m["type"] == "object" && m["nullable"] == true
	}
	i := slices.IndexFunc(raw, written)
	if i < 0 || !slices.ContainsFunc(raw, func(v any) bool { return !written(v) && !isNullType(v) }) {
		return raw
	}
	n.report(diag.Note, at.pointer, "object-for-null", "a nullable object without members stands beside other variants; it is read as null", "")
	out := slices.Clone(raw)
	for i, v := range out {
		if written(v) {
			out[i] = tree{"type": "null"}
		}
	}
	return out
}

func saysType(m tree) bool {
	for k := range m {
		switch k {
		case "required", "not", "title", "description", "example", "additionalProperties":
		case "type":
			if m["type"] != "object" {
				return true
			}
		default:
			if !notStructure[k] {
				return true
			}
		}
	}
	// An object that is free of form is a variant; one that only lists required
	// members of its surroundings is not.
	return m["type"] == "object" && m["required"] == nil
}

// mergePlain merges variants that are all strings, all numbers or all lists into one.
func (n *normalizer) mergePlain(variants []tree, at place) tree {
	var kinds, formats []string
	var values []any
	open := false
	for _, v := range variants {
		s := n.peek(v, at)
		t := text(s, "type")
		kinds, formats = append(kinds, t), append(formats, text(s, "format"))
		values = append(values, list(s, "enum")...)
		open = open || s["enum"] == nil
	}
	all := func(allowed ...string) bool {
		return !slices.ContainsFunc(kinds, func(k string) bool { return !slices.Contains(allowed, k) })
	}
	switch {
	case all("string"):
		out := tree{"type": "string"}
		if !open {
			out["enum"] = values
		} else if !slices.ContainsFunc(formats, func(f string) bool { return f != formats[0] }) && formats[0] != "" {
			out["format"] = formats[0]
		}
		return out
	case all("string", "integer") && slices.Contains(kinds, "integer") && stringsAreTimes(kinds, formats):
		return tree{"type": "string", "format": "date-time"} // the Go type reads both
	case all("integer"):
		return tree{"type": "integer"}
	case all("integer", "number"):
		return tree{"type": "number"}
	case all("boolean"):
		return tree{"type": "boolean"}
	case all("array"):
		return n.mergeLists(variants, at)
	}
	return nil
}

// stringsAreTimes says whether every string among the variants is a time.
func stringsAreTimes(kinds, formats []string) bool {
	for i, k := range kinds {
		if k == "string" && formats[i] != "date-time" {
			return false
		}
	}
	return slices.Contains(kinds, "string")
}

// mergeLists reads a choice between lists as one list of choices.
func (n *normalizer) mergeLists(variants []tree, at place) tree {
	var items []any
	for _, v := range variants {
		item := n.peek(v, at)["items"]
		if item == nil {
			item = tree{}
		}
		items = appendNew(items, item)
	}
	if len(items) == 1 {
		return tree{"type": "array", "items": items[0]}
	}
	return tree{"type": "array", "items": tree{"anyOf": items}}
}

// maxPeek bounds how deep peek looks into unions within unions.
const maxPeek = 6

// peek shapes a variant without defining anything, following references.
// What contains itself, or lies too deep, is any value.
func (n *normalizer) peek(m tree, at place) tree {
	if n.depth > maxPeek {
		return tree{}
	}
	s := n.shapeQuietly(m, at)
	if ref, ok := s["$ref"].(string); ok {
		return n.peekRef(ref, at)
	}
	return s
}

// peekRef peeks at a component once: unions that lead to each other would
// otherwise be looked at in every order.
func (n *normalizer) peekRef(ref string, at place) tree {
	if s, ok := n.peeked[ref]; ok {
		return s
	}
	target, _ := n.resolve(ref)
	m, ok := target.(tree)
	if !ok {
		return tree{}
	}
	n.peeked[ref] = tree{} // for who comes back here on the way
	depth := n.depth
	n.depth = 0
	n.peeked[ref] = n.peek(m, at)
	n.depth = depth
	return n.peeked[ref]
}

// shapeQuietly shapes without reporting: the same schema is shaped again, and
// reported on, where it is used.
func (n *normalizer) shapeQuietly(m tree, at place) tree {
	before := n.diags
	n.depth++
	defer func() {
		n.diags = before
		n.depth--
	}()
	s, _ := n.shape(m, at)
	return s
}

// mergeObjects merges the inline objects of an anyOf: a value may satisfy several
// of them at once, so one struct with every property is the truthful type.
//
// Objects that differ in the one value of a member are a tagged union and stay one.
func (n *normalizer) mergeObjects(variants found, at place) tree {
	var out tree
	words := map[string]bool{}
	for i, m := range variants.nodes {
		if m["$ref"] != nil {
			return nil
		}
		pointer := index(at.pointer, "anyOf", variants.index[i])
		s := n.shapeQuietly(m, at.same(pointer))
		if kind(s) != "struct" {
			return nil
		}
		words[constWord(s)] = true
		s = withFrom(s, pointer)
		if out == nil {
			out = s
		} else {
			out = mergeAny(out, s)
		}
	}
	if len(words) == len(variants.nodes) && !words[""] {
		return nil
	}
	if out != nil {
		n.assume(at.pointer, "anyof-merged", "the objects of an anyOf are merged into one; what some of them lack is optional")
	}
	return out
}

func mergeAny(a, b tree) tree {
	props, from := tree{}, tree{}
	maps.Copy(props, object(a, "properties"))
	maps.Copy(from, object(a, fromKey))
	for name, p := range object(b, "properties") {
		old, ok := props[name]
		if ok && canonical(old) != canonical(p) {
			p = tree{"anyOf": append(anyOfMembers(old), p)}
		}
		props[name] = p
		if from[name] == nil {
			from[name] = object(b, fromKey)[name]
		}
	}
	var required []any
	for _, r := range strs(list(a, "required")) {
		if slices.Contains(strs(list(b, "required")), r) {
			required = append(required, r)
		}
	}
	out := tree{"type": "object", "properties": props, fromKey: from}
	if a["additionalProperties"] == false && b["additionalProperties"] == false {
		out["additionalProperties"] = false
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func anyOfMembers(v any) []any {
	if m, ok := v.(tree); ok && len(m) == 1 {
		if l := list(m, "anyOf"); len(l) > 0 {
			return slices.Clone(l)
		}
	}
	return []any{v}
}

// defineUnion gives each variant its form and a word to name it by.
func (n *normalizer) defineUnion(s tree, at place) tree {
	out := keep(s, "title", "description", "deprecated")
	index, _ := s[indexKey].([]int)
	var forms []tree
	var names []any
	variants := list(s, "oneOf")
	shapes := make([]tree, len(variants))
	for i, v := range variants {
		m, _ := v.(tree)
		shapes[i] = n.peek(m, at)
	}
	own, tags, repeated := ownMembers(variants, shapes), tagWords(shapes), repeatedWords(variants, shapes)
	objects := 0
	for i, v := range variants {
		m, _ := v.(tree)
		word := n.variantWord(m, shapes[i], hints{tag: tags[i], own: own[i], repeated: repeated}, at, &objects)
		where := i
		if i < len(index) {
			where = index[i]
		}
		below := at.down(VariantMark+word, cmp.Or(text(s, keywordKey), "oneOf"), strconv.Itoa(where))
		form := n.use(m, below)
		delete(form, NullKey)
		forms = append(forms, form)
		names = append(names, tree{"name": word, "when": n.mappedValues(s, m)})
	}
	if ofScalars(forms) { // whose order says nothing
		slices.SortFunc(forms, func(a, b tree) int { return strings.Compare(text(b, "type"), text(a, "type")) })
	} else {
		out[VariantsKey] = names
	}
	out["oneOf"] = toAny(forms)
	if d := text(object(s, "discriminator"), "propertyName"); d != "" {
		out["x-discriminator"] = d
	}
	return out
}
