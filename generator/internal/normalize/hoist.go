package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// hoist makes a component of an inline object, enum or union. Equal structures
// share one component when the word that names them is the same too: that gives
// each type one true name.
func (n *normalizer) hoist(def tree, at place) tree {
	if at.role == RoleError {
		if ref := n.hoistError(def, at); ref != nil {
			return ref
		}
	}
	word := at.word()
	shape := canonical(def)
	if ofScalars(trees(list(def, "oneOf"))) {
		word = "" // StringOrInt says all that there is to say
	}
	sum := sha256.Sum256([]byte(word + "\x00" + shape))
	id := hex.EncodeToString(sum[:8])
	key, known := n.byShape[id]
	if !known {
		key = "inline." + id
		n.byShape[id] = key
		n.components[key] = def
	}
	return n.refer(key, def, at)
}

// ofScalars recognises the variants of a union that needs no word beside what it
// holds.
func ofScalars(variants []tree) bool {
	return len(variants) > 0 && !slices.ContainsFunc(variants, func(v tree) bool {
		switch text(v, "type") {
		case "string", "integer", "number", "boolean":
			return false
		}
		return true
	})
}

func (n *normalizer) refer(key string, def tree, at place) tree {
	n.origins[key] = append(n.origins[key], Origin{
		Pointer: at.pointer, Owner: at.owner, Path: at.path, Role: at.role,
	})
	out := tree{"$ref": reference(key)}
	if flag(def, "deprecated") && at.role != RoleBody && at.role != RoleResult {
		delete(def, "deprecated")
		out["x-deprecated"] = true
	}
	return out
}

// word is what the schema is called where it stands: the nearest property name,
// in the singular below an array. The root of a body or an answer belongs to its
// operation alone.
func (p place) word() string {
	if w := strings.Join(Nearest(p.path), " "); w != "" {
		return strings.ToLower(w)
	}
	return string(p.role) + " " + p.owner
}

// Nearest gives the words that name the end of a path: the nearest property, in
// the singular below a list, and the variants below it.
func Nearest(path []string) []string {
	var variants []string
	single := false
	for _, w := range slices.Backward(path) {
		switch {
		case w == "item":
			single = true
		case w == "value":
		case strings.HasPrefix(w, VariantMark):
			variants = append([]string{strings.TrimPrefix(w, VariantMark)}, variants...)
		case single:
			return append([]string{Singular(w)}, variants...)
		default:
			return append([]string{w}, variants...)
		}
	}
	return variants
}

// Singular gives the singular of an English noun, as far as property names need it.
func Singular(w string) string {
	lower := strings.ToLower(w)
	for _, keep := range []string{"ss", "us", "is", "news", "series", "data", "as"} {
		if strings.HasSuffix(lower, keep) {
			return w
		}
	}
	switch {
	case strings.HasSuffix(lower, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(lower, "sses"), strings.HasSuffix(lower, "xes"),
		strings.HasSuffix(lower, "ches") && !strings.HasSuffix(lower, "aches"), strings.HasSuffix(lower, "shes"):
		return w[:len(w)-2]
	case strings.HasSuffix(lower, "s") && len(w) > 2:
		return w[:len(w)-1]
	}
	return w
}
