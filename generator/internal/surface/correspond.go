package surface

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
)

// samePlaces pairs a type that is gone with the new one that stands in its place,
// if it is the same one everywhere.
func (c *comparer) samePlaces() map[string]string {
	found := map[string]map[string]bool{}
	note := func(from, to string) {
		if found[from] == nil {
			found[from] = map[string]bool{}
		}
		found[from][to] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.old)) {
		old, to := c.old[name], c.now(name)
		if owner := old.owner; owner != "" && c.names[owner] != "" {
			to = c.names[owner] + strings.TrimPrefix(name, owner)
		}
		now := c.new[to]
		if now == nil || now.kind != old.kind {
			continue
		}
		if old.fn != nil {
			c.pairLists(old, now, old.fn.Params, now.fn.Params, note)
			c.pairLists(old, now, old.fn.Results, now.fn.Results, note)
			continue
		}
		c.pair(old, now, old.typ, now.typ, note)
	}
	out := map[string]string{}
	taken := map[string]string{}
	for _, from := range slices.Sorted(maps.Keys(found)) {
		if len(found[from]) != 1 || c.names[from] != "" {
			continue
		}
		for to := range found[from] {
			if taken[to] == "" {
				out[from], taken[to] = to, from
			}
		}
	}
	return out
}

func (c *comparer) pairLists(old, now *decl, a, b *ast.FieldList, note func(from, to string)) {
	if a == nil || b == nil || a.NumFields() != b.NumFields() {
		return
	}
	x, y := flat(a), flat(b)
	for i := range x {
		c.pair(old, now, x[i], y[i], note)
	}
}

func flat(list *ast.FieldList) []ast.Expr {
	var out []ast.Expr
	for _, f := range list.List {
		for range max(1, len(f.Names)) {
			out = append(out, f.Type)
		}
	}
	return out
}

// pair walks two types at once, to where they name two types of one kind.
func (c *comparer) pair(old, now *decl, a, b ast.Expr, note func(from, to string)) {
	switch x := a.(type) {
	case *ast.StarExpr:
		if y, ok := b.(*ast.StarExpr); ok {
			c.pair(old, now, x.X, y.X, note)
		}
	case *ast.ArrayType:
		if y, ok := b.(*ast.ArrayType); ok {
			c.pair(old, now, x.Elt, y.Elt, note)
		}
	case *ast.MapType:
		if y, ok := b.(*ast.MapType); ok {
			c.pair(old, now, x.Value, y.Value, note)
		}
	case *ast.IndexExpr:
		if y, ok := b.(*ast.IndexExpr); ok {
			c.pair(old, now, x.Index, y.Index, note)
		}
	case *ast.Ident:
		y, ok := b.(*ast.Ident)
		if !ok {
			return
		}
		from, to := old.place.full(x.Name), now.place.full(y.Name)
		was, is := c.old[from], c.new[to]
		if was == nil || is == nil || c.new[from] != nil || c.old[to] != nil {
			return
		}
		if was.kind == typeDecl && is.kind == typeDecl && was.alias == is.alias && (was.node == nil) == (is.node == nil) {
			note(from, to)
		}
	}
}
