package names

import (
	"regexp"
	"strings"
)

var (
	assembly  = regexp.MustCompile(`, [^,\[\]]+(, (Version|Culture|PublicKeyToken)=[^,\[\]]*)+`)
	arity     = regexp.MustCompile("`[0-9]+")
	spacedKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*((\.|__)[A-Za-z][A-Za-z0-9_-]*)+$`)
)

// plainKey is a component's key without what only a runtime needs: the assembly of a
// type and the number of its arguments in .NET, and the brackets around these.
func plainKey(key string) string {
	if !strings.ContainsAny(key, "<>«»[]`") {
		return key
	}
	key = arity.ReplaceAllString(assembly.ReplaceAllString(key, ""), "")
	parts := strings.FieldsFunc(key, func(r rune) bool { return strings.ContainsRune("<>«»[], ", r) })
	for i, p := range parts {
		parts[i] = p[strings.LastIndexByte(p, '.')+1:]
	}
	return strings.Join(parts, " ")
}

// shortKeys finds names for the components whose keys have a name space in front,
// such as io.k8s.api.core.v1.Pod or models.User: the last words that no other
// component has.
func (a *assigner) shortKeys() map[string]string {
	keys := map[string]bool{}
	taken := map[string]int{}
	for _, t := range a.api.Types {
		if !isInline(t) {
			keys[a.stripped(t.Key)] = true
			taken[strings.ToLower(a.spell.Exported(plainKey(a.stripped(t.Key))))]++
		}
	}
	tails := map[string]int{}
	for key := range keys {
		for _, tail := range tailsOf(key, keys) {
			tails[strings.ToLower(a.spell.Exported(tail))]++
		}
	}
	out := map[string]string{}
	for _, op := range a.api.Ops { // FastAPI's name for the form of a function
		out["Body_"+op.ID] = a.owners[op.ID] + "Body"
	}
	for _, t := range a.api.Types {
		for _, tail := range tailsOf(a.stripped(t.Key), keys) {
			word := a.spell.Exported(tail)
			if lower := strings.ToLower(word); tails[lower] == 1 && taken[lower] == 0 {
				out[t.Key] = word
				break
			}
		}
	}
	return out
}

// tailsOf lists the last words of a key in a name space, the shortest first. What
// stands in front of a type inside another one is no name space: Order.Status beside
// Order.
func tailsOf(key string, keys map[string]bool) []string {
	if !spacedKey.MatchString(key) || strings.HasSuffix(key, "_") { // Record_string.any_ is a type with arguments
		return nil
	}
	parts := strings.Split(strings.ReplaceAll(key, "__", "."), ".")
	last := len(parts) - 1
	if outer := key[:len(key)-len(parts[last])]; keys[strings.TrimRight(outer, "._")] {
		last--
	}
	var out []string
	for i := last; i > 0; i-- {
		out = append(out, strings.Join(parts[i:], " "))
	}
	return out
}
