package names

import (
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// Frameworks make operation IDs of what they know: the class and the method, a
// number where two methods have one name, the whole route. What an ID says beside
// that is the operation's word. The forms of an ID stand the shortest first; an
// operation takes the first that no other of its group has.

var (
	classMethod = regexp.MustCompile(`^([A-Z][A-Za-z0-9]*?)(Controller|Service)?_([A-Za-z][A-Za-z0-9]*)(_v[0-9]+)?$`)
	spacedID    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)+$`)
	numberedID  = regexp.MustCompile(`^(.*[A-Za-z])_[0-9]+$`)
	notWord     = regexp.MustCompile(`\W`)
)

// speak finds the word of each operation that has an ID of its own.
func (a *assigner) speak() {
	conv := a.conventions()
	for _, g := range a.api.Groups {
		forms := map[*model.Operation][]string{}
		at := map[*model.Operation]int{}
		for _, op := range g.Ops {
			if op.Name == op.ID && !strings.Contains(op.ID, " ") {
				forms[op] = conv.forms(op)
			} else {
				forms[op] = []string{op.Name}
			}
		}
		for a.lengthen(g, forms, at) {
		}
		for _, op := range g.Ops {
			a.spoken[op] = forms[op][at[op]]
		}
	}
}

// lengthen moves the operations that say the same to their next form, and reports
// whether one moved.
func (a *assigner) lengthen(g *model.Group, forms map[*model.Operation][]string, at map[*model.Operation]int) bool {
	said := map[string][]*model.Operation{}
	for _, op := range g.Ops {
		word := strings.ToLower(a.spell.Exported(forms[op][at[op]]))
		said[word] = append(said[word], op)
	}
	moved := false
	for _, same := range said {
		for _, op := range same {
			if len(same) > 1 && at[op] < len(forms[op])-1 {
				at[op]++
				moved = true
			}
		}
	}
	return moved
}

// conventions is how a document makes its IDs.
type conventions struct {
	classes bool           // Class_method
	spaces  bool           // space.method
	routes  bool           // name_path_method
	bases   map[string]int // an ID without its number -> how many have it
}

func (a *assigner) conventions() conventions {
	c := conventions{bases: map[string]int{}}
	classes, spaces, routes, all := 0, 0, 0, 0
	for _, op := range a.api.Ops {
		if strings.Contains(op.ID, " ") {
			continue
		}
		all++
		if classMethod.MatchString(op.ID) {
			classes++
		}
		if spacedID.MatchString(op.ID) {
			spaces++
		}
		if withoutRoute(op) != op.ID {
			routes++
		}
		c.bases[base(op.ID)]++
	}
	c.classes, c.spaces, c.routes = classes*4 >= all*3, spaces*4 >= all*3, routes*4 >= all*3
	return c
}

func base(id string) string {
	if m := numberedID.FindStringSubmatch(id); m != nil {
		return m[1]
	}
	return id
}

// forms gives what an ID says, the shortest first.
func (c conventions) forms(op *model.Operation) []string {
	id := op.ID
	if c.routes {
		id = withoutRoute(op)
	}
	out := []string{id}
	if b := base(id); b != id && c.bases[b] > 1 {
		out = slices.Insert(out, 0, b)
	}
	if m := classMethod.FindStringSubmatch(id); m != nil && c.classes {
		method := deed(m[1], m[3]) + m[3]
		out = []string{method, method + m[4], m[1] + " " + m[3] + m[4], id}
	}
	if c.spaces && spacedID.MatchString(id) {
		words := strings.Split(id, ".")
		out = nil
		for i := range slices.Backward(words) {
			out = append(out, strings.Join(words[i:], "."))
		}
	}
	return out
}

// deed is the verb at the end of a class that does one thing, with the space behind
// it: DialogsCreate_Dialog.
func deed(class, method string) string {
	words := Words(class)
	last := words[len(words)-1]
	if len(words) > 1 && isVerb(last) && !isVerb(Words(method)[0]) {
		return last + " "
	}
	return ""
}

func isVerb(word string) bool {
	word = strings.ToLower(word)
	return verbs[word] || actions[word]
}

// saysRoute recognises the IDs that tools make of method and path alone. They say
// nothing that the route does not say better.
func saysRoute(op *model.Operation) bool {
	letters := func(s string) string { return strings.ToLower(notLetter.ReplaceAllString(s, "")) }
	id := letters(op.ID)
	for _, method := range []string{"get", "put", "post", "delete", "patch", "head", "options"} {
		rest, ok := strings.CutPrefix(id, method)
		if !ok {
			continue
		}
		by := variable.ReplaceAllString(op.Path, "by$0")
		for _, path := range []string{op.Path, unversioned(op.Path), by, unversioned(by)} {
			if path = letters(path); path == rest && len(strings.Split(strings.Trim(op.Path, "/"), "/")) > 2 {
				return true
			}
		}
	}
	return false
}

var (
	notLetter = regexp.MustCompile(`[^A-Za-z0-9]`)
	variable  = regexp.MustCompile(`\{[^}]*\}`)
)

// withoutRoute takes off the route that FastAPI puts behind the name of a function:
// read_user_users__user_id__get.
func withoutRoute(op *model.Operation) string {
	tail := notWord.ReplaceAllString(op.Path, "_") + "_" + strings.ToLower(op.Method)
	if name, ok := strings.CutSuffix(op.ID, tail); ok && name != "" {
		return name
	}
	return op.ID
}

// verbs are words that say what an operation does, wherever they stand.
var verbs = set(
	"get", "list", "create", "update", "upsert", "patch", "put", "post", "find", "fetch", "retrieve", "show", "store", "index", "destroy",
	"replace", "count", "exists", "set", "edit", "save", "read", "query", "view", "import", "export", "upload", "download",
)

// subject says whether an ID names its group's thing in front of what is done with
// it: customer-get among the customers. Where the rest is no deed the words may be
// one: transfer-funds.
func (a *assigner) subject(words, group []string) bool {
	n := len(group)
	last := words[len(words)-1]
	if !isVerb(last) {
		return false
	}
	return slices.EqualFunc(words[:n], group, func(x, y string) bool {
		return normalize.Singular(strings.ToLower(x)) == normalize.Singular(strings.ToLower(y))
	})
}
