package normalize

import "strings"

func componentKey(ref string) (string, bool) {
	key, ok := strings.CutPrefix(ref, "#/components/schemas/")
	if !ok || strings.Contains(key, "/") {
		return "", false
	}
	return pointerUnescaper.Replace(key), true
}

// findAliases finds components that exist only to say that another one may be
// null: `nullable-user` beside `user`, with the same structure. They are one type.
func (n *normalizer) findAliases() {
	for _, key := range sortedKeys(n.schemas) {
		base := n.baseOf(key)
		if base == "" {
			continue
		}
		a, _ := takeNull(object(n.schemas, key))
		b, _ := takeNull(object(n.schemas, base))
		if canonical(a) == canonical(b) {
			n.aliases[key] = base
		}
	}
}

// baseOf is the component whose name is this one's without the word that speaks
// of null, or "".
func (n *normalizer) baseOf(key string) string {
	for _, word := range []string{"nullable", "Nullable"} {
		for _, sep := range []string{"-", "_", ".", ""} {
			for _, base := range []string{strings.TrimPrefix(key, word+sep), strings.TrimSuffix(key, sep+word)} {
				if _, ok := n.schemas[base]; ok && base != key {
					return base
				}
			}
		}
	}
	return ""
}

// follow gives the component that stands for key.
func (n *normalizer) follow(key string) string {
	for range 8 {
		base, ok := n.aliases[key]
		if !ok {
			return key
		}
		key = base
	}
	return key
}
