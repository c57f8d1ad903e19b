package normalize

import (
	"maps"
	"slices"
)

// takeNull removes the ways in which OpenAPI 3.0 and 3.1 say that null is allowed,
// and says whether one was there.
func takeNull(s tree) (tree, bool) {
	null := flag(s, "nullable")
	if _, ok := s["nullable"]; ok {
		s = without(s, "nullable")
	}
	types, ok := s["type"].([]any)
	if !ok {
		if text(s, "type") == "null" {
			return without(s, "type"), true
		}
		return s, null
	}
	var rest []any
	for _, t := range types {
		if t == "null" {
			null = true
		} else {
			rest = append(rest, t)
		}
	}
	s = maps.Clone(s)
	switch len(rest) {
	case 0:
		delete(s, "type")
	case 1:
		s["type"] = rest[0]
	default:
		delete(s, "type")
		if s["anyOf"] != nil || s["oneOf"] != nil {
			break // the union says more than the list of types
		}
		s["anyOf"] = typeVariants(s, rest)
		for _, k := range []string{"items", "properties", "additionalProperties", "required", "format", "enum"} {
			delete(s, k)
		}
	}
	return s, null
}

// typeVariants spreads a schema of several types into one variant per type.
func typeVariants(s tree, types []any) []any {
	var out []any
	for _, t := range types {
		v := tree{"type": t}
		switch t {
		case "array":
			copyMembers(v, s, "items")
		case "object":
			copyMembers(v, s, "properties", "additionalProperties", "required")
		default:
			copyMembers(v, s, "format", "enum")
		}
		out = append(out, v)
	}
	return out
}

func copyMembers(dst, src tree, keys ...string) {
	for _, k := range keys {
		if v, ok := src[k]; ok {
			dst[k] = v
		}
	}
}

// isNullType recognises a variant that admits null alone.
func isNullType(v any) bool {
	m, ok := v.(tree)
	if !ok {
		return false
	}
	if text(m, "type") == "null" || flag(m, "nullable") && !hasStructure(m) {
		return true // OpenAPI 3.0 has no type null: {nullable: true} is how SendGrid writes it
	}
	e := list(m, "enum")
	return len(e) == 1 && e[0] == nil
}

// isNullable says whether a component admits null by itself, so that each
// reference to it does.
func (n *normalizer) isNullable(key string, trail []string) bool {
	if known, ok := n.nullable[key]; ok {
		return known
	}
	if len(trail) > 32 {
		return false
	}
	n.nullable[key] = false // stops a cycle
	null := n.admitsNull(n.schemas[key], append(trail, key))
	n.nullable[key] = null
	return null
}

func (n *normalizer) admitsNull(v any, trail []string) bool {
	m, ok := v.(tree)
	if !ok {
		return false
	}
	if ref, ok := m["$ref"].(string); ok {
		if key, ok := componentKey(ref); ok {
			return n.isNullable(key, trail)
		}
		return false
	}
	m, null := takeNull(m)
	for _, e := range list(m, "enum") {
		null = null || e == nil
	}
	for _, v := range slices.Concat(list(m, "oneOf"), list(m, "anyOf")) {
		null = null || isNullType(v) || n.admitsNull(v, trail)
	}
	if all := list(m, "allOf"); len(all) > 0 && !null {
		null = true
		for _, v := range all {
			null = null && n.admitsNull(v, trail)
		}
	}
	return null
}
