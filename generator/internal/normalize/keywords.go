package normalize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// The words of JSON Schema 2020-12 that OpenAPI 3.0 lacks are written in those it
// has, as far as a Go type can follow: the later rules know only these.

// Members of a rewritten schema that tell where its items, or the values of its
// map, stood.
const (
	itemsFromKey  = "x-items-from"
	valuesFromKey = "x-values-from"
)

// plain rewrites one schema; conditions, which describe members, come later.
func (n *normalizer) plain(s tree, at place) tree {
	s = n.tuple(s, at)
	s = n.patterns(s, at)
	s = unevaluated(s)
	n.unchecked(s, at)
	return s
}

// isNever recognises the schemas that admit nothing.
func isNever(v any) bool {
	if v == false {
		return true
	}
	m, ok := v.(tree)
	if !ok || len(m) != 1 {
		return false
	}
	not, isObject := m["not"].(tree)
	return m["not"] == true || isObject && len(not) == 0
}

// tuple reads a list whose places have schemas of their own as a list of what any of
// them admits: FastAPI writes tuple[float, float] so, utoipa its tuple structs.
func (n *normalizer) tuple(s tree, at place) tree {
	places := list(s, "prefixItems")
	if len(places) == 0 {
		return s
	}
	var items []any
	for _, v := range places {
		items = appendNew(items, v)
	}
	out := without(s, "prefixItems", "items", "unevaluatedItems")
	if s["type"] == nil {
		out["type"] = "array"
	}
	for _, more := range []string{"items", "unevaluatedItems"} {
		if rest, ok := s[more].(tree); ok && !isNever(rest) {
			items = appendNew(items, rest)
		}
	}
	if len(items) == 1 {
		out["items"], out[itemsFromKey] = items[0], "/prefixItems/0"
		n.report(diag.Note, child(at.pointer, "prefixItems"), "tuple-as-list", "every place of the tuple admits the same; it is a list", "")
		return out
	}
	out["items"], out[itemsFromKey] = tree{"anyOf": items}, "/prefixItems"
	n.assume(child(at.pointer, "prefixItems"), "tuple-as-list", "the places of a tuple differ; it is a list of what any of them admits")
	return out
}

// patterns reads members whose names a pattern describes as the values of a map.
func (n *normalizer) patterns(s tree, at place) tree {
	patterns := object(s, "patternProperties")
	if len(patterns) == 0 {
		return s
	}
	out := without(s, "patternProperties")
	var values []any
	from := ""
	for _, pattern := range sortedKeys(patterns) {
		if v := patterns[pattern]; !isNever(v) {
			values = appendNew(values, v)
			from = cmp.Or(from, child("", "patternProperties", pattern))
		}
	}
	n.report(diag.Note, child(at.pointer, "patternProperties"), "pattern-properties", "members are described by patterns of their names; any name is taken", "")
	more, given := s["additionalProperties"]
	switch {
	case isNever(more) || isNever(s["unevaluatedProperties"]) && !given:
	case !given && len(object(s, "properties")) == 0:
	default: // names that no pattern describes may hold anything, or what is said of them
		if m, ok := more.(tree); ok && len(m) > 0 {
			values = append(values, m)
		} else {
			values = nil
		}
	}
	delete(out, "unevaluatedProperties")
	switch len(values) {
	case 0:
		out["additionalProperties"] = !isNever(more)
	case 1:
		out["additionalProperties"], out[valuesFromKey] = values[0], from
	default:
		out["additionalProperties"], out[valuesFromKey] = tree{"anyOf": values}, "/patternProperties"
	}
	return out
}

// unevaluated reads what holds for the members that neither a schema nor those it is
// joined with describe as what holds beside its own, once they are joined.
func unevaluated(s tree) tree {
	if rest, ok := s["unevaluatedItems"]; ok && s["items"] == nil {
		s = without(s, "unevaluatedItems")
		if !isNever(rest) {
			s["items"] = rest
		}
	}
	if isNever(s["additionalProperties"]) && s["additionalProperties"] != false {
		s = without(s)
		s["additionalProperties"] = false
	}
	rest, ok := s["unevaluatedProperties"]
	if !ok || s["allOf"] != nil || s["oneOf"] != nil || s["anyOf"] != nil || s["$ref"] != nil || describesMore(s) {
		return s
	}
	s = without(s, "unevaluatedProperties")
	if s["additionalProperties"] != nil || s["properties"] == nil && text(s, "type") != "object" {
		return s
	}
	if isNever(rest) {
		rest = false
	}
	s["additionalProperties"] = rest
	return s
}

// unchecked tells of conditions that make no type: a client sends what it is given
// and reads what comes.
func (n *normalizer) unchecked(s tree, at place) {
	for _, word := range []string{"not", "contains"} {
		if _, ok := s[word]; ok && !isNever(s) {
			n.report(diag.Note, child(at.pointer, word), "condition-unchecked", word+" limits the values in a way that no Go type says; it is not checked", "")
		}
	}
}

// describesMore says whether conditions of a schema may describe members.
func describesMore(s tree) bool {
	return s["then"] != nil || s["else"] != nil || s["dependentSchemas"] != nil
}

// conditional joins what a schema says under conditions to what it always says:
// members that only some values have are optional.
func (n *normalizer) conditional(s tree, at place) (tree, bool) {
	rest := without(s, "if", "then", "else", "dependentSchemas")
	branches := n.branches(s, at)
	if len(branches) == 0 {
		n.report(diag.Note, at.pointer, "condition-unchecked", "if, then, else and dependentSchemas set conditions that no Go type says; they are not checked", "")
		return rest, false
	}
	out, null := rest, false
	if hasStructure(rest) {
		out, null = n.expand(rest, at)
	}
	n.assume(at.pointer, "conditional-members", "members that are there under a condition only are optional")
	if !hasStructure(out) || onlyType(out) && out["type"] == nil {
		if len(branches) > 1 && slices.ContainsFunc(branches, func(b tree) bool { return kind(b) != "struct" }) {
			return tree{"anyOf": toAny(branches)}, null
		}
	}
	more := branches[0]
	for _, b := range branches[1:] {
		more = mergeAny(more, b)
	}
	return withMembers(out, more), null
}

// branches shapes what stands under the conditions of a schema, as far as it
// describes something; none of it is required.
func (n *normalizer) branches(s tree, at place) []tree {
	var out []tree
	add := func(v any, pointer string) {
		m, ok := v.(tree)
		if !ok || !hasStructure(m) {
			return
		}
		b, _ := n.expand(m, at.same(pointer))
		if b = without(b, "required"); hasStructure(b) && !onlyType(b) {
			out = append(out, b)
		}
	}
	add(s["then"], child(at.pointer, "then"))
	add(s["else"], child(at.pointer, "else"))
	for _, name := range sortedKeys(object(s, "dependentSchemas")) {
		add(object(s, "dependentSchemas")[name], child(at.pointer, "dependentSchemas", name))
	}
	return out
}

// withMembers adds the members that an object lacks; what it describes itself stays,
// because a condition only narrows that.
func withMembers(s, more tree) tree {
	added := object(more, "properties")
	if len(added) == 0 || s["oneOf"] != nil || s["type"] != nil && s["type"] != "object" {
		return s
	}
	props, from := tree{}, tree{}
	maps.Copy(props, added)
	maps.Copy(from, object(more, fromKey))
	for name, p := range object(s, "properties") {
		if hasStructure(p) || props[name] == nil {
			props[name], from[name] = p, object(s, fromKey)[name]
		}
	}
	out := without(s)
	out["type"], out["properties"], out[fromKey] = "object", props, from
	return out
}

// onlyConditions recognises what describes no member, but sets conditions on those
// that others describe.
func onlyConditions(s tree) bool {
	if !describesMore(s) || hasStructure(without(s, "then", "else", "dependentSchemas")) {
		return false
	}
	all := []any{s["then"], s["else"]}
	for _, v := range object(s, "dependentSchemas") {
		all = append(all, v)
	}
	return !slices.ContainsFunc(all, func(v any) bool {
		m, ok := v.(tree)
		return ok && hasStructure(without(m, "required"))
	})
}

// queryString reads the one parameter that describes the whole query of a request
// (OpenAPI 3.2) as the parameters that a form of it has.
func (n *normalizer) queryString(p tree, at place) []tree {
	content := object(p, "content")
	for _, media := range sortedKeys(content) {
		if base(media) != "application/x-www-form-urlencoded" {
			continue
		}
		s := n.peek(orEmpty(object(content, media)["schema"]), at)
		if kind(s) != "struct" {
			break
		}
		n.report(diag.Note, at.pointer, "query-string", "the form that describes the whole query is read as its parameters", "")
		var out []tree
		required := strs(list(s, "required"))
		for _, name := range sortedKeys(object(s, "properties")) {
			out = append(out, tree{"name": name, "in": "query", "required": slices.Contains(required, name), "schema": object(s, "properties")[name]})
		}
		return out
	}
	n.assume(at.pointer, "query-string", fmt.Sprintf("the whole query is described as %s; it is left out", strings.Join(sortedKeys(content), ", ")))
	return nil
}
