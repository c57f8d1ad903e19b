package normalize

import (
	"maps"
	"slices"
	"strconv"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// hints are what tells a variant from the others of its union.
type hints struct {
	tag, own string
	repeated map[string]bool // words that say the same of several
}

// repeatedWords are the words that the values of several variants give.
func repeatedWords(variants []any, shapes []tree) map[string]bool {
	count, out := map[string]int{}, map[string]bool{}
	for i, v := range variants {
		m, _ := v.(tree)
		if w := constWord(shapes[i]); w != "" && m["$ref"] == nil {
			count[w]++
			out[w] = count[w] > 1
		}
	}
	return out
}

// joinedWord is the word of a variant that was joined with what stands beside its
// union: the title or the name that it has in the document.
func joinedWord(m tree) string {
	all := list(m, "allOf")
	if m[joinedKey] != true || len(all) == 0 {
		return ""
	}
	own, _ := all[len(all)-1].(tree)
	if key, ok := componentKey(text(own, "$ref")); ok {
		return key
	}
	return titleWord(own)
}

// titleWord is a title that is short enough to call something by, or "".
func titleWord(m tree) string {
	if t := text(m, "title"); len(t) <= 40 {
		return t
	}
	return ""
}

// variantWord finds the word that a reader would call the variant by.
func (n *normalizer) variantWord(m, shape tree, h hints, at place, objects *int) string {
	if key, ok := componentKey(text(m, "$ref")); ok {
		return key
	}
	if t := titleWord(m); t != "" {
		return t
	}
	switch kind(shape) {
	case "struct":
		if w := constWord(shape); w != "" && !h.repeated[w] {
			return w
		}
		if w := joinedWord(m); w != "" {
			return w
		}
		if h.own != "" {
			return "with " + h.own
		}
		if h.tag != "" {
			return h.tag
		}
		*objects++
		if *objects == 1 {
			return "object"
		}
		n.report(diag.Warning, at.pointer, "numbered-name", "objects of a union differ in no member's name; they are told apart by number",
			"give each a title, or a name in the names list")
		return "object" + strconv.Itoa(*objects)
	case "array":
		return "list"
	case "":
		return "any"
	case "enum":
		return "string"
	default:
		return kind(shape)
	}
}

// tagWords finds the member whose one value tells each object among the variants from
// the others, and gives these values: the method of a JSON-RPC request, the tag of an
// enum in Rust.
func tagWords(shapes []tree) []string {
	values := map[string][]string{} // member -> its value in each variant
	objects := 0
	for i, s := range shapes {
		if kind(s) != "struct" {
			continue
		}
		objects++
		for name, p := range object(s, "properties") {
			p, _ := p.(tree)
			if e := list(foldConst(orEmpty(p)), "enum"); len(e) == 1 {
				if word, ok := e[0].(string); ok {
					if values[name] == nil {
						values[name] = make([]string, len(shapes))
					}
					values[name][i] = word
				}
			}
		}
	}
	best, most := make([]string, len(shapes)), 1
	for _, name := range slices.Sorted(maps.Keys(values)) {
		seen, given := map[string]bool{}, 0
		for _, word := range values[name] {
			if word != "" {
				seen[word] = true
				given++
			}
		}
		if len(seen) == given && given > most && given*2 >= objects {
			best, most = values[name], given
		}
	}
	return best
}

// ownMembers finds, for each object among the variants, a member that no other
// variant has: a required one before the others.
func ownMembers(variants []any, shapes []tree) []string {
	count := map[string]int{}
	inline := 0
	for i, v := range variants {
		if m, ok := v.(tree); ok && m["$ref"] == nil && kind(shapes[i]) == "struct" {
			inline++
		}
		for name := range object(shapes[i], "properties") {
			count[name]++
		}
	}
	out := make([]string, len(variants))
	if inline < 2 {
		return out
	}
	for i, s := range shapes {
		names := slices.Concat(slices.Sorted(slices.Values(strs(list(s, "required")))), sortedKeys(object(s, "properties")))
		for _, name := range names {
			if count[name] == 1 && out[i] == "" {
				out[i] = name
			}
		}
	}
	return out
}

// constWord is the single value of a required string property, which is how
// variants of a tagged union differ.
func constWord(s tree) string {
	for _, name := range []string{"type", "kind", "object", "state", "action", "event", "status"} {
		if e := list(object(object(s, "properties"), name), "enum"); len(e) == 1 {
			if w, ok := e[0].(string); ok {
				return w
			}
		}
	}
	return ""
}

// mappedValues are the discriminator values that lead to a variant.
func (n *normalizer) mappedValues(s, variant tree) []any {
	ref, _ := variant["$ref"].(string)
	key, ok := componentKey(ref)
	if !ok {
		return nil
	}
	var out []any
	mapping := object(object(s, "discriminator"), "mapping")
	for _, value := range sortedKeys(mapping) {
		target := text(mapping, value)
		if k, ok := componentKey(target); ok {
			target = n.follow(k)
		}
		if target == key {
			out = append(out, value)
		}
	}
	return out
}
