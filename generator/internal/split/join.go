package split

import (
	"cmp"
	"slices"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// cluster is a package of types.
type cluster struct {
	name   string // "" for a new one
	types  []*model.Type
	users  set
	weight int
	uses   map[*cluster]bool
}

// weight is what a type costs to compile, in fields.
func weight(t *model.Type) int { return 3 + len(t.Fields) + len(t.Variants) + len(t.Values)/4 }

// allowance is the part of its types that programs may compile without reaching them,
// for fewer packages: a tenth.
const allowance = 10

// join sorts the shared types into packages. New types join the packages of an
// earlier run; without any, types with the same users make one each, and those that
// cost least together are joined until programs compile a tenth more than they
// reach.
func (s *splitter) join() {
	home := s.classes()
	total, old := 0, 0
	for t, users := range s.users {
		total += weight(t) * users.len()
	}
	for _, c := range s.types {
		if c.name != "" {
			old++
		}
	}
	link(home)
	for spent := 0; ; {
		a, b, cost := s.cheapest(old > 0)
		if a == nil || old == 0 && spent+cost > total/allowance {
			break
		}
		spent += cost
		s.merge(a, b)
	}
	if old == 0 {
		s.types = ordered(s.types)
	}
	s.baptize()
}

// classes makes the packages of an earlier run, and one for every set of users.
func (s *splitter) classes() map[*model.Type]*cluster {
	home := map[*model.Type]*cluster{}
	byKey := map[string]*cluster{}
	at := func(key, name string) *cluster {
		if byKey[key] == nil {
			byKey[key] = &cluster{name: name, users: newSet(len(s.clients)), uses: map[*cluster]bool{}}
			s.types = append(s.types, byKey[key])
		}
		return byKey[key]
	}
	for _, path := range s.opts.Packages {
		if name, ok := cutPrefix(path); ok {
			at("old "+name, name)
			s.taken[name] = true
		}
	}
	for _, t := range s.api.Types {
		var c *cluster
		if name, ok := cutPrefix(s.kept[t]); ok {
			c = at("old "+name, name)
		} else if s.users[t].len() > 1 {
			c = at("new "+s.users[t].key(), "")
		} else {
			continue
		}
		c.types = append(c.types, t)
		c.users = c.users.with(s.users[t])
		c.weight += weight(t)
		home[t] = c
	}
	return home
}

// link notes which clusters use which.
func link(home map[*model.Type]*cluster) {
	for t, c := range home {
		model.Walk(t, func(r *model.Ref) {
			for ; r != nil; r = r.Elem {
				if to := home[r.Type]; to != nil && to != c {
					c.uses[to] = true
				}
			}
		})
	}
}

// cheapest finds the two clusters whose union makes programs compile least in
// addition. With packages of an earlier run, a new cluster goes to one of those.
func (s *splitter) cheapest(old bool) (a, b *cluster, cost int) {
	for i, x := range s.types {
		for _, y := range s.types[i+1:] {
			if x.name != "" && y.name != "" || old && x.name == "" && y.name == "" {
				continue
			}
			c := x.weight*y.users.less(x.users) + y.weight*x.users.less(y.users)
			if a != nil && c >= cost || !old && !x.users.meets(y.users) || !old && (detour(x, y) || detour(y, x)) {
				continue
			}
			a, b, cost = x, y, c
		}
	}
	return a, b, cost
}

// detour says whether a leads to b through a third cluster: as one package, a and b
// would then import each other's user.
func detour(a, b *cluster) bool {
	seen := map[*cluster]bool{a: true, b: true}
	var visit func(c *cluster) bool
	visit = func(c *cluster) bool {
		for to := range c.uses {
			if to == b && c != a {
				return true
			}
			if !seen[to] {
				seen[to] = true
				if visit(to) {
					return true
				}
			}
		}
		return false
	}
	return visit(a)
}

// merge puts b into a, which keeps its place, or into the one with a name.
func (s *splitter) merge(a, b *cluster) {
	if b.name != "" {
		a, b = b, a
	}
	a.types = append(a.types, b.types...)
	a.users = a.users.with(b.users)
	a.weight += b.weight
	for to := range b.uses {
		a.uses[to] = true
	}
	for _, c := range s.types {
		if c.uses[b] {
			delete(c.uses, b)
			c.uses[a] = true
		}
	}
	delete(a.uses, a)
	s.types = slices.DeleteFunc(s.types, func(c *cluster) bool { return c == b })
}

// ordered puts what is used before what uses it.
func ordered(clusters []*cluster) []*cluster {
	var out []*cluster
	seen := map[*cluster]bool{}
	var visit func(c *cluster)
	visit = func(c *cluster) {
		seen[c] = true
		for _, to := range clusters { // in their order, not the map's
			if c.uses[to] && !seen[to] {
				visit(to)
			}
		}
		out = append(out, c)
	}
	for _, c := range clusters {
		if !seen[c] {
			visit(c)
		}
	}
	return out
}

// place gives every type its package. Packages have an order, and what a type
// refers to never stands later than the type itself.
func (s *splitter) place() {
	at := map[*model.Type]int{}
	for i, c := range s.types {
		for _, t := range c.types {
			at[t] = i
		}
	}
	var work []*model.Type
	for _, t := range s.api.Types {
		if _, ok := at[t]; !ok {
			at[t] = len(s.types) + s.users[t].only()
		}
		work = append(work, t)
	}
	for len(work) > 0 {
		t := work[len(work)-1]
		work = work[:len(work)-1]
		model.Walk(t, func(r *model.Ref) {
			for ; r != nil; r = r.Elem {
				if r.Type != nil && at[r.Type] > at[t] {
					at[r.Type] = at[t]
					work = append(work, r.Type)
				}
			}
		})
	}
	for _, c := range s.types {
		c.types = nil
	}
	for _, t := range s.api.Types {
		i := at[t]
		var path string
		if i < len(s.types) {
			c := s.types[i]
			c.types, path = append(c.types, t), shared+c.name
		} else {
			part := s.clients[i-len(s.types)]
			part.Types, path = append(part.Types, t), part.Home.Path
		}
		if had := s.kept[t]; had != "" && had != path {
			s.moved(t, had)
		}
	}
}

// biggest finds the type that a package is called after: a component from which half
// as much can be reached as from any other, the one with the shortest name.
func biggest(c *cluster) *model.Type {
	in := map[*model.Type]bool{}
	for _, t := range c.types {
		in[t] = true
	}
	size := func(t *model.Type) int {
		seen := map[*model.Type]bool{}
		var visit func(t *model.Type)
		visit = func(t *model.Type) {
			seen[t] = true
			model.Walk(t, func(r *model.Ref) {
				for ; r != nil; r = r.Elem {
					if in[r.Type] && !seen[r.Type] {
						visit(r.Type)
					}
				}
			})
		}
		visit(t)
		return len(seen)
	}
	sizes := map[*model.Type]int{}
	most := 0
	for _, t := range c.types {
		if !isInline(t) {
			sizes[t] = size(t)
			most = max(most, sizes[t])
		}
	}
	rest := slices.DeleteFunc(slices.Clone(c.types), func(t *model.Type) bool { return sizes[t]*2 < most })
	return slices.MinFunc(rest, func(a, b *model.Type) int {
		return cmp.Or(cmp.Compare(len(a.Key), len(b.Key)), cmp.Compare(a.Key, b.Key))
	})
}
