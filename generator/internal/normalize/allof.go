package normalize

import (
	"fmt"
	"maps"
	"slices"
)

// fromKey remembers, on a merged object, the pointer that each property came from.
const fromKey = "x-from"

// mergeAll replaces allOf by what it says: one member stands for itself, several
// become one object. null is true only where every member admits it.
func (n *normalizer) mergeAll(s tree, at place) (tree, bool) {
	type member struct {
		node tree
		at   place
	}
	var members []member
	for i, v := range list(s, "allOf") {
		if m, ok := v.(tree); ok && onlyConditions(m) {
			n.conditional(m, at.same(index(at.pointer, "allOf", i)))
		} else if ok && hasStructure(m) {
			members = append(members, member{m, at.same(index(at.pointer, "allOf", i))})
		}
	}
	if rest := without(s, "allOf"); hasStructure(rest) && !onlyType(rest) {
		members = append(members, member{rest, at})
	}
	if said := slices.DeleteFunc(slices.Clone(members), func(m member) bool { return onlyType(m.node) }); len(said) > 0 {
		members = said // a reference beside a bare "type: object" (Asana's workspaces) stays that reference
	}
	switch len(members) {
	case 0:
		return without(s, "allOf"), false
	case 1:
		return members[0].node, false
	}
	var out tree
	allNull := true
	for _, m := range members {
		shaped, null := n.expand(m.node, m.at)
		allNull = allNull && null
		if out == nil {
			out = shaped
		} else {
			out = n.mergeTwo(out, shaped, m.at)
		}
	}
	copyMembers(out, s, "title", "description", "deprecated")
	if rest, ok := s["unevaluatedProperties"]; ok && out["oneOf"] == nil {
		out["unevaluatedProperties"] = rest // for the next round, which has all members
	}
	return out, allNull
}

// expand shapes a member and follows references, so that its own properties show.
func (n *normalizer) expand(m tree, at place) (tree, bool) {
	s, null := n.shape(m, at)
	ref, ok := s["$ref"].(string)
	if !ok {
		return withFrom(s, at.pointer), null
	}
	if key, ok := componentKey(ref); ok {
		ref = child("#/components/schemas", n.follow(key))
		null = null || n.isNullable(key, nil)
	}
	target, ok := n.resolve(ref)
	t, isObject := target.(tree)
	if !ok || !isObject || slices.Contains(n.merging, ref) {
		n.assume(at.pointer, "allof-cycle", fmt.Sprintf("allOf reaches %s, which is missing or contains it; the member is left out", ref))
		return tree{}, null
	}
	n.merging = append(n.merging, ref)
	defer func() { n.merging = n.merging[:len(n.merging)-1] }()
	s, _ = n.expand(t, at.same(ref))
	return s, null
}

func withFrom(s tree, pointer string) tree {
	props := object(s, "properties")
	if len(props) == 0 {
		return s
	}
	from := maps.Clone(object(s, fromKey))
	if from == nil {
		from = tree{}
	}
	for name := range props {
		if from[name] == nil {
			from[name] = child(pointer, "properties", name)
		}
	}
	s = maps.Clone(s)
	s[fromKey] = from
	return s
}

// mergeTwo joins two shaped members; where both speak, the later one wins.
func (n *normalizer) mergeTwo(a, b tree, at place) tree {
	if a["oneOf"] != nil || b["oneOf"] != nil {
		return n.distribute(a, b, at)
	}
	out := maps.Clone(a)
	maps.Copy(out, b)
	props, from := tree{}, tree{}
	maps.Copy(props, object(a, "properties"))
	maps.Copy(from, object(a, fromKey))
	for name, p := range object(b, "properties") {
		if old, ok := props[name]; ok && canonical(old) != canonical(p) && hasStructure(p) && hasStructure(old) {
			p = both(old, p)
		} else if ok && !hasStructure(p) {
			continue
		}
		props[name] = p
		from[name] = object(b, fromKey)[name]
	}
	if len(props) > 0 {
		out["type"], out["properties"], out[fromKey] = "object", props, from
	}
	if required := append(slices.Clone(list(a, "required")), list(b, "required")...); len(required) > 0 {
		out["required"] = required
	}
	return out
}

// joinedKey marks an allOf that the document does not have: two members of an allOf
// that describe one property, or a variant and what stands beside its union.
const joinedKey = "x-joined"

func both(a, b any) tree {
	members := []any{a}
	if m, ok := a.(tree); ok && m[joinedKey] == true {
		members = slices.Clone(list(m, "allOf"))
	}
	return tree{"allOf": append(members, b), joinedKey: true}
}

// maxJoined bounds how deep joined properties may lie in each other.
const maxJoined = 4

// endless finds what was joined and contains itself, as where the members of an
// allOf are trees of their own kind, and takes its first description.
func (n *normalizer) endless(v any, at place) (any, func()) {
	m, ok := v.(tree)
	if !ok || m[joinedKey] != true {
		return v, func() {}
	}
	key := canonical(m)
	if len(n.joining) < maxJoined && !slices.Contains(n.joining, key) {
		n.joining = append(n.joining, key)
		return v, func() { n.joining = n.joining[:len(n.joining)-1] }
	}
	n.assume(at.pointer, "allof-cycle", "allOf joins schemas that contain themselves; from here on the first description counts")
	return list(m, "allOf")[0], func() {}
}

// distribute carries what stands beside a union into each of its variants.
func (n *normalizer) distribute(a, b tree, at place) tree {
	union, other := a, b
	if union["oneOf"] == nil {
		union, other = b, a
	}
	if other["oneOf"] != nil && canonical(other["oneOf"]) == canonical(union["oneOf"]) {
		return union // the same one, with another default or limit
	}
	if other["oneOf"] != nil {
		n.assume(at.pointer, "allof-two-unions", "allOf joins two unions; only the first is kept")
		return union
	}
	if !hasStructure(other) || onlyType(other) {
		return union
	}
	out := maps.Clone(union)
	var variants []any
	for _, v := range list(union, "oneOf") {
		variants = append(variants, tree{"allOf": []any{other, v}, joinedKey: true})
	}
	out["oneOf"] = variants
	return out
}

// hasStructure says whether a schema says anything about the Go type.
func hasStructure(v any) bool {
	m, ok := v.(tree)
	if !ok {
		return false
	}
	for _, k := range []string{
		"$ref", "type", "properties", "items", "enum", "const", "allOf", "oneOf", "anyOf", "required", "additionalProperties",
		"prefixItems", "patternProperties", "then", "else", "dependentSchemas",
	} {
		if _, ok := m[k]; ok {
			return true
		}
	}
	return false
}

// onlyType recognises what often stands beside allOf and adds nothing.
func onlyType(s tree) bool {
	for k := range s {
		if k != "type" && !notStructure[k] && k != "nullable" && (len(k) < 2 || k[:2] != "x-") {
			return false
		}
	}
	t, _ := s["type"].(string)
	return t == "object" || s["type"] == nil
}
