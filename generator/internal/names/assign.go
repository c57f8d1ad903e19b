package names

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// Options steer the naming; the zero value uses the document's words alone.
type Options struct {
	Types      map[string]string // component key -> type name
	Operations map[string]string // operation ID -> Group.Method
	Groups     map[string]string // group key -> field name
	Moved      map[string]string // operation ID -> group key, where the configuration says it
	Strip      []string          // prefixes of component and group keys that say nothing
	Routes     bool              // methods are named by their routes; their IDs say nothing more
	Words      []string          // words in their Go form, where the field's initialisms don't know them
	Reserved   []string          // names of hand-written declarations in the package
	List       []byte            // names list of an earlier run, or nil
}

// Assign fills in every name of the API. Each package has names of its own.
func Assign(api *model.API, opts Options) diag.List {
	l, diags := readLock(opts.List, api.Provider)
	if len(api.Parts) == 0 {
		return append(diags, assign(api, opts, l, nil)...)
	}
	packages := map[string]bool{}
	for _, part := range api.Parts {
		packages[part.Home.Name] = true
	}
	opts.Reserved = nil // hand-written declarations stand in the package above
	api.Groups = nil
	for _, part := range api.Parts {
		diags = append(diags, assign(part, opts, l, packages)...)
		api.Groups = append(api.Groups, part.Groups...)
	}
	return diags
}

// assign names one package. Arguments don't take the names of the packages given.
func assign(api *model.API, opts Options, l lock, packages map[string]bool) diag.List {
	a := &assigner{
		api: api, opts: opts, lock: l, packages: packages,
		table:  newTable(append([]string{"Client", "New", "Operations", "OperationTable", "op", "operationTable", "provider"}, opts.Reserved...)...),
		owners: map[string]string{}, routes: map[string]bool{}, spoken: map[*model.Operation]string{}, spell: NewSpeller(opts.Words...),
	}
	for _, op := range api.Ops {
		a.routes[op.Method+" "+op.Path] = true
	}
	a.pinned() // before anything new can take their names
	a.groups()
	a.speak()
	a.operations()
	a.params()
	a.flat()
	a.types()
	for _, t := range api.Types {
		a.members(t)
	}
	a.values()
	return a.diags
}

type assigner struct {
	api    *model.API
	opts   Options
	lock   lock
	spell  *Speller
	table  *table
	owners map[string]string           // operation ID -> Group+Method
	spoken map[*model.Operation]string // what an operation's ID says of it
	routes map[string]bool             // "GET /path" of every operation
	diags  diag.List

	packages map[string]bool
}

func (a *assigner) report(sev diag.Severity, pointer, code, message, remedy string) {
	a.diags = append(a.diags, diag.Diagnostic{
		Severity: sev, Provider: a.api.Provider, Pointer: strings.TrimPrefix(pointer, "#"), Code: code, Message: message, Remedy: remedy,
	})
}

// number makes a name unique with a number, and says so: a number tells a reader
// nothing, so a person should choose a word.
func (a *assigner) number(base, pointer string, free func(string) bool) string {
	for i := 2; ; i++ {
		name := base + strconv.Itoa(i)
		if free(name) {
			a.report(diag.Warning, pointer, "numbered-name", fmt.Sprintf("two things are called %s; this one becomes %s", base, name),
				"give it a name of its own in the names list")
			return name
		}
	}
}

func (a *assigner) operations() {
	for _, g := range a.api.Groups {
		taken := map[string]bool{}
		free := func(n string) bool { return n != "" && !taken[strings.ToLower(n)] }
		// Pinned names first, so that a newcomer can't take one.
		for _, pinned := range []bool{true, false} {
			for _, op := range g.Ops {
				pin := a.pin(op)
				if (pin != "") != pinned {
					continue
				}
				op.Name = a.method(op, pin, free)
				taken[strings.ToLower(op.Name)] = true
				if op.Paging.Kind != model.PagingNone {
					taken[strings.ToLower(op.Name+"All")] = true
				}
			}
		}
	}
	a.own()
}

// own finds the word in front of everything that belongs to an operation. Group and
// method may read like those of another: Calendar.ViewDelta and CalendarView.Delta.
func (a *assigner) own() {
	taken := map[string]bool{}
	for _, pinned := range []bool{true, false} {
		for _, op := range a.api.Ops {
			if (a.pin(op) != "") != pinned {
				continue
			}
			full := op.Group.Name + op.Name
			owner := full
			// An ID that is the method's name is like no other of the document.
			if op.Group.Name == op.Name || op.Name == a.spell.Exported(op.ID) && says(op.ID, op.Group.Key) {
				owner = op.Name
			}
			if taken[strings.ToLower(full)] {
				full = op.Group.Deco + op.Name
				owner = full
			}
			taken[strings.ToLower(full)] = true
			a.owners[op.ID], op.Var = owner, "op"+full
		}
	}
}

// says tells whether a method's name holds the words of its group, one as good as
// many: GetComments in Comments.
func says(method, group string) bool {
	of := func(text string) []string {
		words := Words(text)
		for i, w := range words {
			words[i] = normalize.Singular(strings.ToLower(w))
		}
		return words
	}
	all, wanted := of(method), of(group)
	for i := range len(all) - len(wanted) + 1 {
		if len(wanted) > 0 && slices.Equal(all[i:i+len(wanted)], wanted) {
			return true
		}
	}
	return false
}

func (a *assigner) pin(op *model.Operation) string {
	full := cmp.Or(a.opts.Operations[op.ID], a.lock.ops[op.Method+" "+op.Path])
	_, method, _ := strings.Cut(full, ".")
	return method
}

func (a *assigner) method(op *model.Operation, pin string, free func(string) bool) string {
	if pin != "" && free(pin) {
		return pin
	}
	var candidates []string
	if a.opts.Routes || strings.Contains(op.Name, "/") && strings.Contains(op.Name, " ") || op.Name == op.ID && saysRoute(op) {
		candidates = a.routeNames(op)
	}
	base := a.methodName(op)
	for _, c := range append(candidates, base, base+a.spell.Exported(lastVariable(op.Path)), a.spell.Exported(strings.ToLower(op.Method))+base, base+"By"+a.pathName(op.Path)) {
		if free(c) && free(c+"All") {
			return c
		}
	}
	return a.number(base, op.Pointer, free)
}

// methodName is the operation's own word, without the group in front of it.
func (a *assigner) methodName(op *model.Operation) string {
	words, group := Words(cmp.Or(a.spoken[op], op.Name)), Words(a.stripped(op.Group.Key))
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	var trimmed []string
	for i, w := range words {
		if i == len(words)-1 || !isArticle(w) { // an article stands in front of something
			trimmed = append(trimmed, w)
		}
	}
	if n := len(group); len(trimmed) > n && (slices.EqualFunc(trimmed[:n], group, strings.EqualFold) || a.subject(trimmed, group)) {
		trimmed = trimmed[n:]
	}
	name := a.spell.Exported(trimmed...)
	if strings.Contains(op.Name, "/") && strings.Contains(op.Name, " ") {
		name = a.derived(op)
	}
	return cmp.Or(name, a.spell.Exported(strings.ToLower(op.Method), a.pathName(op.Path)), "Call")
}

// isArticle recognises words that say nothing in a name ("get-an-album").
func isArticle(word string) bool { return word == "a" || word == "an" || word == "the" }

func lastVariable(path string) string {
	v := normalize.Variables(path)
	if len(v) == 0 {
		return ""
	}
	return "for-" + v[len(v)-1]
}

// derived makes a name of method and path for an operation that has no ID: in the
// group Things, GET /v1/things/{id} is GetByID.
func (a *assigner) derived(op *model.Operation) string {
	segs := strings.Split(strings.Trim(unversioned(op.Path), "/"), "/")
	if strings.EqualFold(a.spell.Exported(segs[0]), op.Group.Name) {
		segs = segs[1:]
	}
	words := []string{strings.ToLower(op.Method)}
	for i, seg := range segs {
		variable := strings.HasPrefix(seg, "{")
		if variable && i == len(segs)-1 && (i == 0 || !strings.HasPrefix(segs[i-1], "{")) {
			words = append(words, "by")
		}
		words = append(words, strings.Trim(seg, "{}"))
	}
	return a.spell.Exported(words...)
}

// unversioned is a path without the segments in front that all paths have.
func unversioned(path string) string {
	rest := strings.TrimPrefix(path, "/")
	for {
		seg, after, more := strings.Cut(rest, "/")
		if !more || !normalize.IsVersion(seg) {
			return rest
		}
		rest = after
	}
}

func (a *assigner) pathName(path string) string {
	var out strings.Builder
	for seg := range strings.SplitSeq(path, "/") {
		out.WriteString(a.spell.Exported(strings.Trim(seg, "{}")))
	}
	return out.String()
}

func (a *assigner) params() {
	for _, op := range a.api.Ops {
		if len(op.Params) > 0 {
			base := a.owners[op.ID] + "Params"
			name, ok := a.table.take("params "+op.Pointer, base, a.owners[op.ID]+"QueryParams")
			if !ok {
				name = a.number(base, op.Pointer, a.table.free)
				a.table.take("params "+op.Pointer, name)
			}
			op.ParamsType = name
		}
		args := map[string]bool{}
		for _, p := range op.PathParams {
			p.GoName = a.spell.Unexported(p.Name)
			for args[p.GoName] || a.packages[p.GoName] {
				p.GoName += "Value"
			}
			args[p.GoName] = true
		}
		fields := map[string]bool{}
		free := func(n string) bool { return n != "" && !fields[strings.ToLower(n)] }
		for _, p := range op.Params {
			name := cmp.Or(a.spell.Exported(unmarked(p.Name)), "Value")
			if !free(name) {
				name = a.spell.Exported(p.Name, p.In)
			}
			if !free(name) {
				name = a.number(a.spell.Exported(p.Name), op.Pointer, free)
			}
			p.GoName = name
			fields[strings.ToLower(name)] = true
		}
	}
}

// unmarked is a name without the dollar sign that some protocols put in front of
// their own options: $select.
func unmarked(name string) string {
	if rest, ok := strings.CutPrefix(name, "$"); ok && len(rest) > 0 && unicode.IsLetter(rune(rest[0])) {
		return rest
	}
	return name
}

func (a *assigner) flat() {
	for _, f := range a.api.Flat {
		if slices.ContainsFunc(a.api.Groups, func(g *model.Group) bool { return g.Name == f.Name }) {
			a.report(diag.Error, "", "name-taken", "the name "+f.Name+" of a flat method is a service's, too", "choose another one in provider.yaml")
		}
		if f.Op.ParamsType != "" {
			a.table.take("flat", f.Name+"Params")
		}
	}
}

// members names the fields of structs and the variants of unions.
func (a *assigner) members(t *model.Type) {
	taken := map[string]bool{}
	free := func(n string) bool { return n != "" && !taken[strings.ToLower(n)] }
	pick := func(candidates ...string) string {
		i := slices.IndexFunc(candidates, free)
		var name string
		if i >= 0 {
			name = candidates[i]
		} else {
			name = a.number(cmp.Or(candidates...), pointer(t), free)
		}
		taken[strings.ToLower(name)] = true
		return name
	}
	taken["extra"] = true // what holds the members without a field
	if t.Kind == model.Union {
		taken["raw"] = true
	}
	for _, f := range t.Fields {
		word := cmp.Or(a.spell.Exported(f.JSON), "Value")
		f.Name = pick(word, word+caseWord(f.JSON))
	}
	hints := map[string]int{}
	for _, v := range t.Variants {
		hints[a.spell.Exported(v.Word)]++
	}
	for _, v := range t.Variants {
		word := variantWord(t, v)
		// A hint that several variants have tells none of them, and a number tells
		// nothing; their types may have names of their own from the list.
		hint := a.spell.Exported(v.Word)
		if v.Ref.Kind == model.Named && isInline(v.Ref.Type) && hints[hint] == 1 && !renumbered(hint, v.Ref.Type.Name) {
			word = cmp.Or(hint, word)
		}
		v.Name = pick(word, word+"Value")
	}
}

// renumbered says whether a hint is not the document's, but "object", with a number
// or without, or a member, and the type's name does not end in it.
func renumbered(hint, name string) bool {
	made := strings.TrimRight(hint, "0123456789") == "Object" || strings.HasPrefix(hint, "With")
	return made && !strings.HasSuffix(name, hint)
}

// variantWord names a variant by its type, or by what it is on the wire.
func variantWord(t *model.Type, v *model.Variant) string {
	switch v.Ref.Kind {
	case model.Named:
		name := v.Ref.Type.Name
		if short, ok := strings.CutPrefix(name, t.Name); ok && short != "" && short[0] >= 'A' && short[0] <= 'Z' {
			return short
		}
		return name
	case model.Array:
		if v.Ref.Elem.Kind == model.Named {
			return v.Ref.Elem.Type.Name + "List"
		}
		return scalarWord(v.Ref.Elem) + "List"
	case model.Map:
		return "Map"
	default:
		return scalarWord(v.Ref)
	}
}

func scalarWord(r *model.Ref) string {
	switch r.Kind {
	case model.String, model.Binary:
		return "String"
	case model.File:
		return "File"
	case model.Int:
		return "Int"
	case model.Float:
		return "Float"
	case model.Bool:
		return "Bool"
	case model.Time:
		return "Time"
	case model.Date:
		return "Date"
	case model.Array:
		return "List"
	case model.Map:
		return "Map"
	default:
		return "Any"
	}
}

// caseWord tells apart two texts that differ only in case or sign.
func caseWord(s string) string {
	switch {
	case s == strings.ToUpper(s) && s != strings.ToLower(s):
		return "Upper"
	case s == strings.ToLower(s) && s != strings.ToUpper(s):
		return "Lower"
	case strings.HasPrefix(s, "-"):
		return "Minus"
	default:
		return "Mixed"
	}
}

// values names the constants of enums; they share the table with the types.
func (a *assigner) values() {
	for _, t := range a.api.Types {
		if t.Kind != model.Enum {
			continue
		}
		for _, v := range t.Values {
			word := a.spell.Exported(v.Text)
			if len(word) > 1 && word[0] == 'N' && v.Text != "" && v.Text[0] >= '0' && v.Text[0] <= '9' {
				word = word[1:] // the type name stands in front of the digit
			}
			if v.Text == "" {
				word = "Empty"
			}
			base := t.Name + cmp.Or(word, "Value")
			owner := "value " + t.Name + " " + v.Text
			name, ok := a.table.take(owner, base, base+caseWord(v.Text), base+"Value")
			if !ok {
				name = a.number(base, pointer(t), a.table.free)
				a.table.take(owner, name)
			}
			v.Name = name
		}
	}
}
