package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Tools that join files leave references into the middle of the document
// ("#/components/schemas/Pool/properties/subnet", "#/paths/~1a/get/…/schema"). What
// they lead to is read where it stands and where it is referred to. When it
// contains itself it becomes a component, so that the type can, too.

// findDeep collects the references to what is no component.
func (n *normalizer) findDeep(v any) {
	switch v := v.(type) {
	case tree:
		if ref, ok := v["$ref"].(string); ok && strings.HasPrefix(ref, "#/") {
			if key, ok := componentKey(ref); !ok || n.schemas[key] == nil {
				n.deep[ref] = true
			}
		}
		for _, e := range v {
			n.findDeep(e)
		}
	case []any:
		for _, e := range v {
			n.findDeep(e)
		}
	}
}

// useDeep is use for a place that references lead to.
func (n *normalizer) useDeep(v any, at place) tree {
	n.merging = append(n.merging, at.pointer)
	out := n.use(v, at)
	n.merging = n.merging[:len(n.merging)-1]
	if key := n.loops[at.pointer]; key != "" && n.components[key] == nil {
		n.components[key] = without(out, NullKey)
		n.refer(key, tree{}, at)
	}
	return out
}

// loop is the component for a reference that leads back to itself, "" for one that
// does not, as far as is known.
func (n *normalizer) loop(ref string) string {
	if slices.Contains(n.merging, ref) && n.loops[ref] == "" {
		sum := sha256.Sum256([]byte("loop\x00" + ref))
		n.loops[ref] = "inline." + hex.EncodeToString(sum[:8])
	}
	return n.loops[ref]
}

// stands is the place that a reference leads to, with the words that name it there:
// the way on which it was reached says nothing, and may be long.
func (n *normalizer) stands(ref string, from place) place {
	tokens := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	for i := range tokens {
		tokens[i] = pointerUnescaper.Replace(tokens[i])
	}
	at, rest, ok := n.schemaRoot(tokens)
	if !ok {
		return from.same(ref)
	}
	at.pointer = ref
	for i := 0; i < len(rest); i++ {
		switch word := rest[i]; word {
		case "properties", "oneOf", "anyOf", "allOf":
			if i++; i == len(rest) {
				return from.same(ref)
			}
			if word == "properties" {
				at.path = append(at.path, rest[i])
			}
		case "items":
			at.path = append(at.path, "item")
		case "additionalProperties":
			at.path = append(at.path, "value")
		default:
			return from.same(ref)
		}
	}
	if len(at.path) > 0 {
		at.role = at.role.inner()
	}
	return at
}

// schemaRoot finds what the schema at a pointer is the root of: a component, or a
// body or an answer of an operation. rest leads on from there.
func (n *normalizer) schemaRoot(tokens []string) (root place, rest []string, ok bool) {
	if len(tokens) > 3 && tokens[0] == "components" && tokens[1] == "schemas" {
		return place{owner: tokens[2], role: RoleComponent}, tokens[3:], true
	}
	content := slices.Index(tokens, "content")
	if len(tokens) < 4 || tokens[0] != "paths" || content < 4 || content+2 >= len(tokens) || tokens[content+2] != "schema" {
		return place{}, nil, false
	}
	root = place{owner: tokens[2] + " " + tokens[1], role: RoleResult}
	if op, ok := at(n.root, tokens[:3]...).(tree); ok && text(op, "operationId") != "" {
		root.owner = text(op, "operationId")
	}
	switch {
	case tokens[3] == "requestBody":
		root.role = RoleBody
	case tokens[3] == "parameters":
		return place{}, nil, false
	case !strings.HasPrefix(tokens[4], "2"):
		root.role = RoleError
	}
	return root, tokens[content+3:], true
}
