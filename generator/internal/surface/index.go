package surface

import (
	"path"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// index finds what stands behind a Go name.
type index struct {
	file  string
	api   *model.API
	ops   map[string]*model.Operation // by full name: "Repos.Get"
	about map[string]*model.Operation // by every name that belongs to an operation
	types map[string]*model.Type      // by full name
	sent  map[*model.Type]bool        // types that a request can hold
	users map[*model.Type][]*model.Type
	roots map[*model.Type]*model.Operation // the first operation that names the type
}

func newIndex(side Side) *index {
	x := &index{
		file: side.File, api: side.API, ops: map[string]*model.Operation{}, about: map[string]*model.Operation{},
		types: map[string]*model.Type{}, sent: map[*model.Type]bool{},
		users: map[*model.Type][]*model.Type{}, roots: map[*model.Type]*model.Operation{},
	}
	parts := side.API.Parts
	if len(parts) == 0 {
		parts = []*model.API{side.API}
	}
	for _, part := range parts {
		for _, op := range part.Ops {
			x.operation(prefix(part.Home), op)
		}
	}
	for _, t := range side.API.Types {
		x.types[prefix(t.Home)+t.Name] = t
		model.Walk(t, named(func(inner *model.Type) { x.users[inner] = append(x.users[inner], t) }))
	}
	for _, f := range side.API.Flat {
		pre := ""
		if f.Part != "" {
			pre = f.Part + "."
		}
		for _, name := range []string{"Client." + f.Name, "Client." + f.Name + "All", f.Name + "Params", f.Name + "Request"} {
			if x.about[pre+name] == nil {
				x.about[pre+name] = f.Op
			}
		}
	}
	return x
}

// prefix is what stands in front of the names of a part.
func prefix(home *model.Package) string {
	if home == nil {
		return ""
	}
	return home.Path + "."
}

func (x *index) operation(pre string, op *model.Operation) {
	name := pre + op.Group.Name + "." + op.Name
	x.ops[name], x.about[name] = op, op
	if op.Paging.Kind != model.PagingNone {
		x.about[name+"All"] = op
	}
	if op.ParamsType != "" {
		x.about[pre+op.ParamsType] = op
	}
	for _, service := range []string{pre + "Client." + op.Group.Name, pre + op.Group.Deco} {
		if x.about[service] == nil {
			x.about[service] = op
		}
	}
	model.Roots(op, named(func(t *model.Type) {
		if x.roots[t] == nil {
			x.roots[t] = op
		}
	}))
	var send func(*model.Type)
	send = func(t *model.Type) {
		if !x.sent[t] {
			x.sent[t] = true
			model.Walk(t, named(send))
		}
	}
	for _, p := range slices.Concat(op.PathParams, op.Params) {
		named(send)(p.Ref)
	}
	if op.Body != nil {
		named(send)(op.Body.Ref)
	}
}

// named calls f with the type at the bottom of a position, if it has a name.
func named(f func(*model.Type)) func(*model.Ref) {
	return func(r *model.Ref) {
		for r != nil && r.Elem != nil {
			r = r.Elem
		}
		if r != nil && r.Type != nil {
			f(r.Type)
		}
	}
}

// user is an operation that the type belongs to or is used by, the nearest one.
func (x *index) user(t *model.Type) *model.Operation {
	seen := map[*model.Type]bool{t: true}
	for wave := []*model.Type{t}; len(wave) > 0; {
		var next []*model.Type
		for _, t := range wave {
			if op := x.roots[t]; op != nil {
				return op
			}
			for _, u := range x.users[t] {
				if !seen[u] {
					seen[u] = true
					next = append(next, u)
				}
			}
		}
		wave = next
	}
	return nil
}

// locate fills in where a name comes from.
func (x *index) locate(c Change, name, owner string) Change {
	c.Document = x.file
	for _, n := range []string{name, owner} {
		if op := x.about[n]; op != nil && n != "" {
			c.Operation, c.Pointer = op.ID, op.Pointer
			return c
		}
		if t := x.types[n]; t != nil && n != "" {
			if op := x.user(t); op != nil {
				c.Operation = op.ID
			}
			if len(t.Origins) > 0 {
				c.Pointer = strings.TrimPrefix(t.Origins[0].Pointer, "#")
			}
			return c
		}
	}
	return c
}

// asWritten is a type's full name as it is written in code.
func asWritten(full string) string {
	dir, name := path.Split(strings.ReplaceAll(full, ".", "/"))
	if dir == "" {
		return full
	}
	return path.Base(dir) + "." + name
}
