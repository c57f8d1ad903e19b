package names

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// types names the types that neither the configuration nor the list of an earlier
// run names: components under their own names, then bodies and answers under their
// operation's, then what stood inline.
func (a *assigner) types() {
	a.components()
	a.roots()
	a.inline()
}

func (a *assigner) claim(t *model.Type, candidates ...string) bool {
	if t.Name != "" {
		return true
	}
	name, ok := a.table.take("type "+t.Key, candidates...)
	if ok {
		t.Name = name
	}
	return ok
}

// pinned gives the types the names of the configuration and of the list.
func (a *assigner) pinned() {
	for _, t := range a.api.Types {
		if name := a.opts.Types[t.Key]; name != "" && !a.claim(t, name) {
			a.report(diag.Error, pointer(t), "name-taken", "the name "+name+" is taken", "choose another one in provider.yaml")
		}
	}
	for _, t := range a.api.Types {
		if name := a.lock.byKey[t.Key]; name != "" {
			a.claim(t, name)
		}
	}
	for _, t := range a.api.Types {
		if name := a.lock.find(t); name != "" {
			a.claim(t, name)
		}
	}
}

func (a *assigner) stripped(key string) string {
	for _, p := range append(a.opts.Strip, "nullable-", "nullable_") {
		if s, ok := strings.CutPrefix(key, p); ok && s != "" {
			return s
		}
	}
	return key
}

func isInline(t *model.Type) bool { return strings.HasPrefix(t.Key, "inline.") }

func (a *assigner) components() {
	short := a.shortKeys()
	for _, t := range a.api.Types {
		if isInline(t) {
			continue
		}
		word := cmp.Or(a.spell.Exported(plainKey(a.stripped(t.Key))), "Schema")
		if !a.claim(t, short[t.Key], word, a.spell.Exported(t.Key), word+kindWord(t), word+"Schema") {
			a.claim(t, a.number(word, pointer(t), a.table.free))
		}
	}
}

func kindWord(t *model.Type) string {
	switch t.Kind {
	case model.Enum:
		return "Enum"
	case model.Union:
		return "Union"
	case model.Alias:
		return "List"
	default:
		return "Object"
	}
}

// roots names what is the whole body or answer of one operation.
func (a *assigner) roots() {
	for _, t := range a.api.Types {
		o, ok := root(t)
		if !ok || t.Name != "" {
			continue
		}
		suffix := "Response"
		switch normalize.Role(o.Role) {
		case normalize.RoleBody:
			suffix = "Request"
		case normalize.RoleError:
			suffix = "ErrorResponse"
		}
		owner := a.owner(o.Owner)
		candidates := []string{owner + suffix, owner + suffix + kindWord(t)}
		if t.IsError || suffix == "ErrorResponse" {
			candidates = slices.Insert(candidates, 0, suffix)
			status := a.statusWord(o.Pointer)
			candidates = append(candidates, status+suffix, owner+status+suffix)
		}
		if !a.claim(t, candidates...) {
			a.claim(t, a.number(owner+suffix, pointer(t), a.table.free))
		}
	}
}

// statusWord says which error answer stands at a pointer: by the words of its
// status, or by its name among the components.
func (a *assigner) statusWord(pointer string) string {
	_, rest, _ := strings.Cut(pointer, "/responses/")
	name, _, _ := strings.Cut(rest, "/")
	status, _ := strconv.Atoi(name[:len(name)-len(strings.TrimLeft(name, "0123456789"))])
	return a.spell.Exported(cmp.Or(http.StatusText(status), name))
}

func root(t *model.Type) (model.Origin, bool) {
	if !isInline(t) || len(t.Origins) == 0 || len(t.Origins[0].Path) > 0 {
		return model.Origin{}, false
	}
	return t.Origins[0], true
}

// owner is the Go word for the root of a path: a type or an operation.
func (a *assigner) owner(key string) string {
	if name := a.owners[key]; name != "" {
		return name
	}
	return a.spell.Exported(a.stripped(key))
}

// inline names the rest. A property name that only one structure has names it
// alone; otherwise its owner stands in front.
func (a *assigner) inline() {
	var rest []*model.Type
	perWord := map[string]int{}
	for _, t := range a.api.Types {
		if t.Name == "" {
			rest = append(rest, t)
		}
		if isInline(t) {
			perWord[strings.ToLower(a.propName(bestOrigin(t)))]++
		}
	}
	slices.SortStableFunc(rest, func(x, y *model.Type) int {
		return cmp.Or(cmp.Compare(depth(x), depth(y)), compareOrigins(bestOrigin(x), bestOrigin(y)), cmp.Compare(x.Key, y.Key))
	})
	for _, t := range rest {
		o := bestOrigin(t)
		prop, owner := a.propName(o), a.owner(o.Owner)
		words := a.pathWords(o.Path)
		long := owner + strings.Join(words, "")
		short := join(owner, prop)
		candidates := []string{}
		if perWord[strings.ToLower(prop)] == 1 && owners(t) > 1 && len(prop) > 3 && !isVariant(o) && a.table.free(prop+"s") {
			candidates = append(candidates, prop)
		}
		if rank(o.Role) == 3 { // below an error answer, which belongs to no operation
			candidates = append(candidates, errorName(t, prop), "ErrorResponse"+prop)
		}
		if scalars := scalarUnion(t); scalars != "" {
			candidates = append(candidates, scalars)
		}
		candidates = append(candidates, short)
		for n := 2; n < len(words); n++ { // as much of the path as it takes
			candidates = append(candidates, owner+strings.Join(words[len(words)-n:], ""))
		}
		candidates = append(candidates, long, short+kindWord(t), long+kindWord(t))
		if !a.claim(t, candidates...) {
			a.claim(t, a.number(short, pointer(t), a.table.free))
		}
	}
}

func isVariant(o model.Origin) bool {
	return slices.ContainsFunc(o.Path, func(p string) bool { return strings.HasPrefix(p, normalize.VariantMark) })
}

// errorName is the name for the enum of error codes, wherever a provider puts it.
func errorName(t *model.Type, prop string) string {
	if t.Kind == model.Enum && (prop == "Error" || prop == "Code" || prop == "ErrorCode") {
		return "ErrorCode"
	}
	return ""
}

// scalarUnion names a union of scalars by what it holds: StringOrInt.
func scalarUnion(t *model.Type) string {
	if t.Kind != model.Union {
		return ""
	}
	var words []string
	for _, v := range t.Variants {
		if v.Ref.Kind == model.Named || !v.Ref.Scalar() {
			return ""
		}
		words = append(words, scalarWord(v.Ref))
	}
	slices.SortFunc(words, func(a, b string) int { return -cmp.Compare(a, b) })
	return strings.Join(words, "Or")
}

// join puts an owner before a word without saying twice what the one ends and
// the other begins with: Budget and BudgetScope give BudgetScope.
func join(owner, word string) string {
	starts := []int{}
	for i, r := range word {
		if unicode.IsUpper(r) && i > 0 {
			starts = append(starts, i)
		}
	}
	for _, i := range slices.Backward(append(starts, len(word))) {
		if len(owner) > i && strings.HasSuffix(owner, word[:i]) {
			if i == len(word) {
				break
			}
			return owner + word[i:]
		}
		if owner == word[:i] && i < len(word) {
			return word
		}
	}
	return owner + word
}

func depth(t *model.Type) int { return len(bestOrigin(t).Path) }

func owners(t *model.Type) int {
	seen := map[string]bool{}
	for _, o := range t.Origins {
		seen[o.Owner] = true
	}
	return len(seen)
}

// bestOrigin is the place that names the type best: a component before an
// operation, a short path before a long one.
func bestOrigin(t *model.Type) model.Origin {
	if len(t.Origins) == 0 {
		return model.Origin{Owner: t.Key}
	}
	return slices.MinFunc(t.Origins, compareOrigins)
}

func compareOrigins(a, b model.Origin) int {
	return cmp.Or(
		cmp.Compare(rank(a.Role), rank(b.Role)),
		cmp.Compare(len(a.Path), len(b.Path)),
		cmp.Compare(len(a.Owner), len(b.Owner)),
		cmp.Compare(a.Owner, b.Owner),
		cmp.Compare(a.Pointer, b.Pointer),
	)
}

func rank(role string) int {
	switch normalize.Role(role) {
	case normalize.RoleComponent, normalize.RoleProperty:
		return 0
	case normalize.RoleBody, normalize.RoleResult, normalize.RoleInner:
		return 1
	case normalize.RoleParam:
		return 2
	default:
		return 3
	}
}

// propName is the word of the nearest property, in the singular below a list.
func (a *assigner) propName(o model.Origin) string {
	if words := slices.Clone(normalize.Nearest(o.Path)); len(words) > 0 {
		words[0] = unmarked(words[0])
		return a.spell.Exported(words...)
	}
	if slices.Contains(o.Path, "item") {
		return "Item"
	}
	return "Value"
}

// pathWords are the words from an owner to a schema below it.
func (a *assigner) pathWords(path []string) []string {
	var words []string
	for i, p := range path {
		if p == "item" || p == "value" {
			if i == len(path)-1 && i == 0 {
				words = append(words, a.spell.Exported(p))
			}
			continue
		}
		if i+1 < len(path) && path[i+1] == "item" {
			p = normalize.Singular(p)
		}
		words = append(words, a.spell.Exported(p))
	}
	return words
}
