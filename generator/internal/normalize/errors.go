package normalize

import (
	"maps"
	"slices"
	"strings"
)

// hoistError lets error answers share types. Documents repeat the same error
// object on every operation with another list of codes or one member more; one
// type with all codes and members serves them all. nil means that the ordinary
// rule applies.
func (n *normalizer) hoistError(def tree, at place) tree {
	switch {
	case kind(def) == "enum":
		key := "inline.error-" + strings.ToLower(strings.Join(at.path, "-"))
		if old := object(n.components, key); old != nil {
			old["enum"] = mergeValues(list(old, "enum"), list(def, "enum"))
		} else {
			n.components[key] = def
		}
		return n.refer(key, def, at)
	case kind(def) == "struct" && len(at.path) == 0:
		for _, key := range n.errorRoots {
			if old := object(n.components, key); compatible(old, def) {
				n.components[key] = joinErrors(old, def)
				return n.refer(key, def, at)
			}
		}
		key := "inline.error" + strings.Repeat("x", len(n.errorRoots))
		n.errorRoots = append(n.errorRoots, key)
		n.components[key] = def
		def[ErrorKey] = true
		return n.refer(key, def, at)
	}
	return nil
}

func mergeValues(a, b []any) []any {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// compatible says whether two objects agree wherever both define a member, and
// share at least one.
func compatible(a, b tree) bool {
	pa, pb := object(a, "properties"), object(b, "properties")
	shared := 0
	for name, p := range pb {
		if old, ok := pa[name]; ok {
			if canonical(old) != canonical(p) {
				return false
			}
			shared++
		}
	}
	return shared > 0
}

func joinErrors(a, b tree) tree {
	out, props := maps.Clone(a), maps.Clone(object(a, "properties"))
	maps.Copy(props, object(b, "properties"))
	out["properties"] = props
	if b["additionalProperties"] != false {
		delete(out, "additionalProperties")
		copyMembers(out, b, "additionalProperties")
	}
	out["required"] = slices.DeleteFunc(slices.Clone(list(a, "required")), func(r any) bool {
		return !slices.Contains(list(b, "required"), r)
	})
	return out
}
