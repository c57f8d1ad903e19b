// Package surface compares what two runs of the generator offer to a caller: what
// the second takes away or alters, what it adds, and what differs on the wire only.
//
// The Go side is read from the emitted files, so that what is compared is what
// compiles; what stands behind a name comes from the model.
package surface

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/output"
)

// Side is one of the two runs.
type Side struct {
	File  string // the document, as the reader named it
	Files []output.File
	API   *model.API
}

// kind is the kind of a declaration.
type kind uint8

const (
	typeDecl kind = iota
	fieldDecl
	methodDecl
	funcDecl
	constDecl
)

// decl is one exported name.
type decl struct {
	name  string // "Repos.Get", "Repo.FullName", "RepoVisibilityPublic"; a part's folder stands in front
	kind  kind
	owner string // the name of the type that it goes away with, or ""
	place *place
	typ   ast.Expr // of types, fields and constants; nil for a struct
	alias bool
	value string // of constants
	fn    *ast.FuncType
	tag   string
	node  *ast.StructType // of struct types
}

// place is one folder's package: what its identifiers mean.
type place struct {
	folder  string
	aliases map[string]ast.Expr
	structs map[string]*ast.StructType
	defined map[string]ast.Expr // types that are neither
	fields  map[string]string   // service type -> field of the client
	renamed map[string]string   // types that are called otherwise now, as text writes them
}

// read lists the exported declarations of the files, by name.
func read(files []output.File) (map[string]*decl, map[string]*place, error) {
	parsed := map[string][]*ast.File{}
	fset := token.NewFileSet()
	for _, f := range files {
		if path.Ext(f.Name) != ".go" {
			continue
		}
		file, err := parser.ParseFile(fset, f.Name, f.Content, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, fmt.Errorf("an emitted file cannot be read: %w", err)
		}
		folder := path.Dir(f.Name)
		parsed[folder] = append(parsed[folder], file)
	}
	decls, places := map[string]*decl{}, map[string]*place{}
	for folder, list := range parsed {
		p := newPlace(folder, list)
		places[folder] = p
		for _, file := range list {
			for _, d := range file.Decls {
				for _, found := range p.declarations(d) {
					found.place, found.name = p, p.full(found.name)
					if found.owner != "" {
						found.owner = p.full(found.owner)
					}
					decls[found.name] = found
				}
			}
		}
	}
	return decls, places, nil
}

func newPlace(folder string, files []*ast.File) *place {
	p := &place{
		folder: folder, aliases: map[string]ast.Expr{}, structs: map[string]*ast.StructType{},
		defined: map[string]ast.Expr{}, fields: map[string]string{},
	}
	for _, file := range files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				if t, ok := s.(*ast.TypeSpec); ok {
					p.note(t)
				}
			}
		}
	}
	return p
}

func (p *place) note(t *ast.TypeSpec) {
	st, isStruct := t.Type.(*ast.StructType)
	switch {
	case t.Assign.IsValid():
		p.aliases[t.Name.Name] = t.Type
	case !isStruct:
		p.defined[t.Name.Name] = t.Type
	default:
		p.structs[t.Name.Name] = st
	}
	if t.Name.Name != "Client" || !isStruct {
		return
	}
	for _, f := range st.Fields.List {
		if star, ok := f.Type.(*ast.StarExpr); ok && len(f.Names) == 1 {
			if id, ok := star.X.(*ast.Ident); ok {
				p.fields[id.Name] = f.Names[0].Name
			}
		}
	}
}

// full puts a part's folder before a name.
func (p *place) full(name string) string {
	if p.folder == "." {
		return name
	}
	return p.folder + "." + name
}

func (p *place) declarations(d ast.Decl) []*decl {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return p.function(d)
	case *ast.GenDecl:
		var out []*decl
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				out = append(out, p.typeSpec(s)...)
			case *ast.ValueSpec:
				if d.Tok == token.CONST {
					out = append(out, constants(s)...)
				}
			}
		}
		return out
	}
	return nil
}

// function names a service's method by the client's field: Repos.Get.
func (p *place) function(d *ast.FuncDecl) []*decl {
	if !d.Name.IsExported() {
		return nil
	}
	if d.Recv == nil {
		return []*decl{{name: d.Name.Name, kind: funcDecl, fn: d.Type}}
	}
	recv := d.Recv.List[0].Type
	if star, ok := recv.(*ast.StarExpr); ok {
		recv = star.X
	}
	id, ok := recv.(*ast.Ident)
	if !ok {
		return nil
	}
	if field := p.fields[id.Name]; field != "" {
		return []*decl{{name: field + "." + d.Name.Name, kind: methodDecl, fn: d.Type}}
	}
	out := &decl{name: id.Name + "." + d.Name.Name, kind: methodDecl, fn: d.Type}
	if id.Name != "Client" {
		out.owner = id.Name
	}
	return []*decl{out}
}

func (p *place) typeSpec(s *ast.TypeSpec) []*decl {
	if !s.Name.IsExported() {
		return nil
	}
	st, isStruct := s.Type.(*ast.StructType)
	self := &decl{name: s.Name.Name, kind: typeDecl, typ: s.Type, alias: s.Assign.IsValid()}
	out := []*decl{self}
	if !isStruct {
		return out
	}
	self.typ, self.node = nil, st
	for _, f := range st.Fields.List {
		names := f.Names
		if len(names) == 0 { // embedded: known by its type's name
			names = []*ast.Ident{ast.NewIdent(embeddedName(f.Type))}
		}
		for _, n := range names {
			if !n.IsExported() {
				continue
			}
			d := &decl{name: s.Name.Name + "." + n.Name, kind: fieldDecl, typ: f.Type}
			if s.Name.Name != "Client" {
				d.owner = s.Name.Name
			}
			if f.Tag != nil {
				d.tag = strings.Trim(f.Tag.Value, "`")
			}
			out = append(out, d)
		}
	}
	return out
}

func embeddedName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embeddedName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func constants(s *ast.ValueSpec) []*decl {
	var out []*decl
	for i, n := range s.Names {
		if !n.IsExported() || i >= len(s.Values) {
			continue
		}
		d := &decl{name: n.Name, kind: constDecl, typ: s.Type}
		if lit, ok := s.Values[i].(*ast.BasicLit); ok {
			d.value = lit.Value
		}
		if id, ok := s.Type.(*ast.Ident); ok {
			d.owner = id.Name
		}
		out = append(out, d)
	}
	return out
}

// text writes a type as the other side would: aliases stand for what they mean,
// and a type that was renamed has its new name.
func (p *place) text(e ast.Expr) string { return p.write(e, 0) }

func (p *place) write(e ast.Expr, depth int) string {
	in := func(e ast.Expr) string { return p.write(e, depth) }
	switch e := e.(type) {
	case nil:
		return "struct"
	case *ast.Ident:
		if target := p.aliases[e.Name]; target != nil && depth < 16 {
			return p.write(target, depth+1)
		}
		return p.now(p.qualified(e.Name))
	case *ast.StarExpr:
		return "*" + in(e.X)
	case *ast.ArrayType:
		return "[]" + in(e.Elt)
	case *ast.MapType:
		return "map[" + in(e.Key) + "]" + in(e.Value)
	case *ast.Ellipsis:
		return "..." + in(e.Elt)
	case *ast.SelectorExpr:
		return p.now(in(e.X) + "." + e.Sel.Name)
	case *ast.IndexExpr:
		return in(e.X) + "[" + in(e.Index) + "]"
	case *ast.IndexListExpr:
		var args []string
		for _, a := range e.Indices {
			args = append(args, in(a))
		}
		return in(e.X) + "[" + strings.Join(args, ", ") + "]"
	case *ast.StructType:
		return "struct"
	}
	return fmt.Sprintf("%T", e)
}

// qualified writes a type's name as other parts write it: with the name of its
// package in front, which no two parts share.
func (p *place) qualified(name string) string {
	if p.folder == "." || p.structs[name] == nil && p.defined[name] == nil {
		return name
	}
	return path.Base(p.folder) + "." + name
}

func (p *place) now(name string) string { return cmp.Or(p.renamed[name], name) }

// argument is one parameter of a function.
type argument struct{ name, typ string }

func (p *place) arguments(list *ast.FieldList) []argument {
	var out []argument
	if list == nil {
		return nil
	}
	for _, f := range list.List {
		typ := p.text(f.Type)
		if len(f.Names) == 0 {
			out = append(out, argument{"", typ})
		}
		for _, n := range f.Names {
			out = append(out, argument{n.Name, typ})
		}
	}
	return out
}

// signature writes a function's type without its name.
func (p *place) signature(fn *ast.FuncType) string {
	var args []string
	for _, a := range p.arguments(fn.Params) {
		args = append(args, strings.TrimSpace(a.name+" "+a.typ))
	}
	text := "func(" + strings.Join(args, ", ") + ")"
	switch results := p.arguments(fn.Results); len(results) {
	case 0:
	case 1:
		text += " " + results[0].typ
	default:
		text += " (" + strings.Join(types(results), ", ") + ")"
	}
	return text
}

func types(args []argument) []string {
	var out []string
	for _, a := range args {
		out = append(out, a.typ)
	}
	return out
}

// describe writes what a declaration is.
func (d *decl) describe() string {
	switch {
	case d.fn != nil:
		return d.place.signature(d.fn)
	case d.kind == constDecl:
		return d.place.text(d.typ) + " = " + d.value
	case d.alias:
		return "type = " + d.place.text(d.typ)
	case d.kind == typeDecl:
		return "type " + d.place.text(d.typ)
	}
	return d.place.text(d.typ)
}

// incomparable are the runtime's types that == refuses. A test compares the list
// with the runtime.
var incomparable = []string{"api.Date", "api.Nullable", "api.RawJSON", "api.Time"}

// comparable says whether == works on a type.
func (p *place) comparable(e ast.Expr, depth int) bool {
	if depth > 100 { // by value, so only an invalid type gets there
		return true
	}
	switch e := e.(type) {
	case *ast.ArrayType, *ast.MapType:
		return false
	case *ast.IndexExpr:
		return p.comparable(e.X, depth)
	case *ast.SelectorExpr:
		return !slices.Contains(incomparable, p.text(e))
	case *ast.StructType:
		for _, f := range e.Fields.List {
			if !p.comparable(f.Type, depth+1) {
				return false
			}
		}
	case *ast.Ident:
		for _, known := range []map[string]ast.Expr{p.aliases, p.defined} {
			if t := known[e.Name]; t != nil {
				return p.comparable(t, depth+1)
			}
		}
		if st := p.structs[e.Name]; st != nil {
			return p.comparable(st, depth+1)
		}
	}
	return true
}
