package surface

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// Compare lists what a caller of the old package meets in the new one.
func Compare(old, now Side) (Report, error) {
	c := &comparer{was: newIndex(old), is: newIndex(now), names: map[string]string{}}
	var err error
	var places map[string]*place
	if c.old, places, err = read(old.Files); err != nil {
		return nil, err
	}
	if c.new, _, err = read(now.Files); err != nil {
		return nil, err
	}
	c.renames(places)
	c.declarations()
	c.wire()
	return c.report.sort(), nil
}

type comparer struct {
	was, is  *index
	old, new map[string]*decl
	names    map[string]string // old full name -> new one, of what was renamed
	report   Report
}

// now is the name that an old one has today.
func (c *comparer) now(name string) string {
	if n, ok := c.names[name]; ok {
		return n
	}
	return name
}

// renames finds operations and types that are the same under another name. A name
// that means something else today is no rename: its users would not be told.
func (c *comparer) renames(places map[string]*place) {
	rename := func(from, to string) bool {
		if from == to || c.old[from] == nil || c.new[to] == nil || c.new[from] != nil || c.old[to] != nil {
			return false
		}
		c.names[from] = to
		return true
	}
	for from, to := range c.sameOperations() {
		rename(from, to)
		rename(from+"All", to+"All")
		before, after := c.was.ops[from], c.is.ops[to]
		if before.ParamsType != "" && after.ParamsType != "" {
			rename(folder(from)+before.ParamsType, folder(to)+after.ParamsType)
		}
		rename(folder(from)+"Client."+before.Group.Name, folder(to)+"Client."+after.Group.Name)
		rename(folder(from)+before.Group.Deco, folder(to)+after.Group.Deco)
	}
	for from, to := range c.sameTypes() {
		rename(from, to)
	}
	c.say(places)
	// What stands at the same place may be named another way there: each round
	// follows the types that the one before found.
	for more := true; more; {
		more = false
		for from, to := range c.samePlaces() {
			more = rename(from, to) || more
		}
		c.say(places)
	}
	for from, to := range c.names {
		if d := c.old[from]; d.owner == "" || c.names[d.owner] == "" {
			c.add(Change{Group: Breaks, Kind: Renamed, Name: from, New: to}, c.is, to, "")
		}
	}
}

// say lets the old side write the types that are called otherwise now.
func (c *comparer) say(places map[string]*place) {
	written := map[string]string{}
	for from, to := range c.names {
		if c.old[from].kind == typeDecl {
			written[asWritten(from)] = asWritten(to)
		}
	}
	for _, p := range places {
		p.renamed = written
	}
}

// sameOperations pairs operations by method and path, or by an ID that moved.
func (c *comparer) sameOperations() map[string]string {
	type key struct{ a, b string }
	byPath, byID := map[key]string{}, map[string]string{}
	for name, op := range c.is.ops {
		byPath[key{op.Method, op.Path}], byID[op.ID] = name, name
	}
	out, left := map[string]string{}, map[string]bool{}
	for name, op := range c.was.ops {
		if to, ok := byPath[key{op.Method, op.Path}]; ok {
			out[name] = to
		} else {
			left[name] = true
		}
	}
	for name := range left {
		if to, ok := byID[c.was.ops[name].ID]; ok {
			out[name] = to
		}
	}
	return out
}

// sameTypes pairs types by their component, or by the place where they stand.
func (c *comparer) sameTypes() map[string]string {
	byKey, byPointer := map[string]string{}, map[string]string{}
	for name, t := range c.is.types {
		byKey[t.Key] = name
		for _, o := range t.Origins {
			byPointer[o.Pointer] = name
		}
	}
	out := map[string]string{}
	for name, t := range c.was.types {
		if to, ok := byKey[t.Key]; ok {
			out[name] = to
		} else if len(t.Origins) > 0 {
			if to, ok := byPointer[t.Origins[0].Pointer]; ok {
				out[name] = to
			}
		}
	}
	return out
}

// folder is the part in front of a full name, with its dot.
func folder(full string) string {
	i := strings.LastIndexByte(full, '/')
	if dot := strings.IndexByte(full[i+1:], '.'); dot >= 0 && strings.Count(full[i+1:], ".") > 1 {
		return full[:i+1+dot+1]
	}
	return ""
}

func (c *comparer) add(ch Change, x *index, name, owner string) {
	c.report = append(c.report, x.locate(ch, name, owner))
}

// declarations compares name by name.
func (c *comparer) declarations() {
	met := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.old)) {
		d, to := c.old[name], c.now(name)
		if owner := d.owner; owner != "" && c.names[owner] != "" {
			to = c.names[owner] + strings.TrimPrefix(name, owner)
		}
		now := c.new[to]
		if now == nil {
			c.gone(d)
			continue
		}
		met[to] = true
		c.same(d, now)
	}
	for _, name := range slices.Sorted(maps.Keys(c.new)) {
		if !met[name] {
			c.added(c.new[name])
		}
	}
}

// gone reports a name that is no longer there. Members go with their type.
func (c *comparer) gone(d *decl) {
	if d.owner != "" && c.new[c.now(d.owner)] == nil {
		return
	}
	ch := Change{Group: Breaks, Kind: Removed, Name: d.name, Old: d.describe()}
	if base, ok := strings.CutSuffix(d.name, "All"); ok && d.kind == methodDecl && c.new[c.now(base)] != nil {
		ch.Kind, ch.Detail = PagingLost, "the operation no longer pages"
	}
	c.add(ch, c.was, d.name, d.owner)
}

// added reports a new name, but for members of a new type.
func (c *comparer) added(d *decl) {
	if d.owner != "" && c.old[d.owner] == nil && !slices.Contains(slices.Collect(maps.Values(c.names)), d.owner) {
		return
	}
	ch := Change{Group: Adds, Kind: Added, Name: d.name, New: d.describe()}
	if c.required(nil, d) {
		ch.Group, ch.Kind, ch.Detail = Breaks, Required, "a new member that calls must send"
	}
	c.add(ch, c.is, d.name, d.owner)
}

// same compares two declarations of one name.
func (c *comparer) same(old, now *decl) {
	ch := Change{Group: Breaks, Name: old.name}
	report := func(kind, detail string) {
		ch.Kind, ch.Old, ch.New, ch.Detail = kind, old.describe(), now.describe(), detail
		c.add(ch, c.is, now.name, now.owner)
	}
	needed := ""
	if c.required(old, now) {
		needed = "calls must send it now"
	}
	switch {
	case old.kind != now.kind:
		report(Retyped, "")
	case old.fn != nil:
		if kind, detail := signatures(old, now); kind != "" {
			report(kind, detail)
		}
	case old.kind == constDecl && old.place.text(old.typ) == now.place.text(now.typ):
		if old.value != now.value {
			report(Value, "")
		}
	case old.describe() != now.describe():
		report(Retyped, needed)
	case needed != "":
		report(Required, needed)
	case old.node != nil && old.place.comparable(old.node, 0) && !now.place.comparable(now.node, 0):
		ch.Kind, ch.Detail = Comparable, "== no longer works on it"
		c.add(ch, c.is, now.name, now.owner)
	}
}

// required says that a field must be sent today, and need not be before.
func (c *comparer) required(old, now *decl) bool {
	if now.kind != fieldDecl {
		return false
	}
	if op := c.is.about[now.owner]; op != nil && strings.Contains(now.tag, ",required") {
		return old == nil || !strings.Contains(old.tag, ",required")
	}
	t := c.is.types[now.owner]
	before := c.was.types[now.owner]
	if old != nil {
		before = c.was.types[old.owner]
	}
	if t == nil || before == nil || !c.is.sent[t] || !c.was.sent[before] {
		return false
	}
	name := now.name[strings.LastIndexByte(now.name, '.')+1:]
	is, was := member(t, name), member(before, name)
	return is != nil && is.Required && (was == nil || !was.Required)
}

func member(t *model.Type, name string) *model.Field {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// signatures says what kind of change turns one function into the other, "" if
// calls of the one are calls of the other.
func signatures(old, now *decl) (kind, detail string) {
	a, b := old.place.arguments(old.fn.Params), now.place.arguments(now.fn.Params)
	switch {
	case !slices.Equal(types(a), types(b)):
		return Signature, arguments(a, b)
	case old.describe() != now.describe() && !slices.Equal(types(old.place.arguments(old.fn.Results)), types(now.place.arguments(now.fn.Results))):
		return Result, ""
	case swapped(a, b):
		return Reordered, "the arguments have the same types in another order"
	}
	return "", ""
}

// arguments says which arguments came and went.
func arguments(old, now []argument) string {
	find := func(list []argument, name string) *argument {
		for i := range list {
			if list[i].name == name {
				return &list[i]
			}
		}
		return nil
	}
	var words []string
	for _, a := range now {
		switch before := find(old, a.name); {
		case before == nil:
			words = append(words, "gains "+a.name+" "+a.typ)
		case before.typ != a.typ:
			words = append(words, fmt.Sprintf("%s is %s, was %s", a.name, a.typ, before.typ))
		}
	}
	for _, a := range old {
		if find(now, a.name) == nil {
			words = append(words, "loses "+a.name+" "+a.typ)
		}
	}
	return strings.Join(words, ", ")
}

// swapped says that the names of the arguments are the same in another order.
func swapped(a, b []argument) bool {
	names := func(list []argument) []string {
		var out []string
		for _, a := range list {
			out = append(out, a.name)
		}
		return out
	}
	x, y := names(a), names(b)
	if slices.Equal(x, y) {
		return false
	}
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
