package split

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// Options steer the cut.
type Options struct {
	Names map[string]string // resource, or component that heads a package of types -> package name
	// Packages and Home are the assignment of an earlier run: its packages, what is
	// used before what uses it, and the path of a type's package, "" when it is new.
	Packages []string
	Home     func(*model.Type) string
}

// shared is the folder of the packages that hold types alone.
const shared = "models/"

// Run sets the parts of the API and the home of each type.
func Run(api *model.API, opts Options) diag.List {
	s := &splitter{api: api, opts: opts, kept: map[*model.Type]string{}, taken: map[string]bool{}}
	s.resources()
	s.reach()
	s.keep()
	s.join()
	s.place()
	s.parts()
	return s.diags
}

type splitter struct {
	api   *model.API
	opts  Options
	diags diag.List

	clients []*model.API             // one for each package of operations, sorted by name
	of      map[*model.Operation]int // the operation's package
	users   map[*model.Type]set      // packages whose operations reach the type
	kept    map[*model.Type]string   // path of the package of an earlier run
	taken   map[string]bool          // package names
	types   []*cluster               // packages of types, what is used before what uses it
}

func (s *splitter) warn(pointer, code, message, remedy string) {
	s.diags = append(s.diags, diag.Diagnostic{
		Severity: diag.Warning, Provider: s.api.Provider, Pointer: strings.TrimPrefix(pointer, "#"), Code: code, Message: message, Remedy: remedy,
	})
}

// resources makes a package for the operations of each resource.
func (s *splitter) resources() {
	byName, types := map[string]*model.API{}, map[string]bool{}
	for _, path := range s.opts.Packages {
		if name, ok := cutPrefix(path); ok {
			types[name] = true
		}
	}
	for _, op := range s.api.Ops {
		name := cmp.Or(s.opts.Names[op.Resource], packageName(op.Resource, "api"))
		if types[name] { // a package of types had the name first
			name += "api"
		}
		if byName[name] == nil {
			byName[name] = s.part(name, name)
		}
		byName[name].Ops = append(byName[name].Ops, op)
	}
	s.of = map[*model.Operation]int{}
	for i, name := range slices.Sorted(maps.Keys(byName)) {
		part := byName[name]
		for _, op := range part.Ops {
			s.of[op] = i
		}
		part.Groups = groups(part.Ops)
		s.clients = append(s.clients, part)
		s.taken[name] = true
	}
}

func (s *splitter) part(path, name string) *model.API {
	return &model.API{
		Provider: s.api.Provider, Title: s.api.Title, Version: s.api.Version, BaseURL: s.api.BaseURL,
		Home: &model.Package{Path: path, Name: name},
	}
}

// groups sorts the operations of one package into services again: two packages may
// have one of the same name.
func groups(ops []*model.Operation) []*model.Group {
	byKey := map[string]*model.Group{}
	for _, op := range ops {
		key := op.Group.Key
		if byKey[key] == nil {
			byKey[key] = &model.Group{Key: key}
		}
		op.Group = byKey[key]
		op.Group.Ops = append(op.Group.Ops, op)
	}
	return slices.SortedFunc(maps.Values(byKey), func(a, b *model.Group) int { return cmp.Compare(a.Key, b.Key) })
}

// reach finds out which packages' operations reach a type. What none reaches counts
// as reached by all.
func (s *splitter) reach() {
	s.users = map[*model.Type]set{}
	for _, t := range s.api.Types {
		s.users[t] = newSet(len(s.clients))
	}
	from := func(i int) (visit func(r *model.Ref)) {
		visit = func(r *model.Ref) {
			for ; r != nil; r = r.Elem {
				if t := r.Type; t != nil && !s.users[t].has(i) {
					s.users[t].add(i)
					model.Walk(t, visit)
				}
			}
		}
		return visit
	}
	for _, op := range s.api.Ops {
		model.Roots(op, from(s.of[op]))
	}
	for _, t := range s.api.Types {
		if s.users[t].len() > 0 {
			continue
		}
		for i := range s.clients {
			from(i)(&model.Ref{Type: t})
		}
	}
}

// keep takes over the assignment of an earlier run, but for types that stood with
// the operations of one resource and are reached by another's now.
func (s *splitter) keep() {
	if s.opts.Home == nil {
		return
	}
	for _, t := range s.api.Types {
		path := s.opts.Home(t)
		client := s.users[t].only()
		if path == "" || strings.HasPrefix(path, shared) || client >= 0 && s.clients[client].Home.Path == path {
			s.kept[t] = path
			continue
		}
		s.moved(t, path)
	}
}

func (s *splitter) moved(t *model.Type, from string) {
	pointer := ""
	if len(t.Origins) > 0 {
		pointer = t.Origins[0].Pointer
	}
	s.warn(pointer, "type-moved", fmt.Sprintf("the type %s can't stay in the package %s", t.Key, from), "programs that name it import another package from now on; say so in the release")
}

// parts sets the result: packages of types, then those of operations.
func (s *splitter) parts() {
	for _, c := range s.types {
		if len(c.types) > 0 {
			part := s.part(shared+c.name, c.name)
			part.Types = c.types
			s.api.Parts = append(s.api.Parts, part)
		}
	}
	s.api.Parts = append(s.api.Parts, s.clients...)
	s.api.Groups = nil
	for _, part := range s.api.Parts {
		slices.SortFunc(part.Types, func(a, b *model.Type) int { return cmp.Compare(a.Key, b.Key) })
		for _, t := range part.Types {
			t.Home = part.Home
		}
		s.api.Groups = append(s.api.Groups, part.Groups...)
	}
	for _, flat := range s.api.Flat {
		part := s.clients[s.of[flat.Op]]
		if part.Home.Path != flat.Part {
			s.diags = append(s.diags, diag.Diagnostic{
				Severity: diag.Error, Provider: s.api.Provider, Pointer: flat.Op.Pointer, Code: "flat-unknown-operation",
				Message: fmt.Sprintf("flat method %s.%s names an operation of the package %s", flat.Part, flat.Name, part.Home.Path),
				Remedy:  "write " + part.Home.Path + "." + flat.Name + " in provider.yaml",
			})
			continue
		}
		part.Flat = append(part.Flat, flat)
	}
}
