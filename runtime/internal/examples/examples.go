// Package examples checks that a package shows its users what they can call.
package examples

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// implicit are the methods that fmt, errors, net, net/http, slog, the JSON packages
// and our api call; a program has no reason to.
var implicit = map[string]bool{
	"Error": true, "Is": true, "Unwrap": true, "Format": true, "GoString": true, "String": true, "LogValue": true,
	"MarshalJSON": true, "MarshalJSONTo": true, "MarshalText": true,
	"Timeout": true, "Temporary": true, "RoundTrip": true, "CloseIdleConnections": true, "PlainTransport": true, "Response": true,
	"UnmarshalJSON": true, "UnmarshalJSONFrom": true, "UnmarshalText": true,
}

// Complete fails t for each exported function and method of the package in the
// current folder that none of its files example_*_test.go mentions. A function
// is mentioned as package.Name; of a method the name counts, not the type. The
// methods of types count, too: those that they have from a type that is not
// exported stand nowhere else.
func Complete(t *testing.T, types ...reflect.Type) {
	t.Helper()
	called := calls(t)
	for _, typ := range types {
		for m := range typ.Methods() {
			if !implicit[m.Name] && !called[m.Name] {
				t.Errorf("%s.%s is in no example", typ, m.Name)
			}
		}
	}
	for _, file := range parsed(t, func(name string) bool { return !strings.HasSuffix(name, "_test.go") }) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			if f.Recv == nil {
				if !called[file.Name.Name+"."+name] {
					t.Errorf("%s.%s is in no example", file.Name.Name, name)
				}
				continue
			}
			if typ := receiver(f.Recv.List[0].Type); ast.IsExported(typ) && !implicit[name] && !called[name] {
				t.Errorf("%s.%s is in no example", typ, name)
			}
		}
	}
}

// calls returns what the example files mention: "package.Func", and "Method".
func calls(t *testing.T) map[string]bool {
	t.Helper()
	called := map[string]bool{}
	for _, file := range parsed(t, func(name string) bool { return strings.HasPrefix(name, "example_") }) {
		imported := map[string]bool{}
		for _, spec := range file.Imports {
			if p, err := strconv.Unquote(spec.Path.Value); err == nil {
				imported[path.Base(p)] = true
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && imported[x.Name] {
					called[x.Name+"."+s.Sel.Name] = true
				} else {
					// Handed over counts as called. That a field may have the name of a
					// method is not told apart.
					called[s.Sel.Name] = true
				}
			}
			return true
		})
	}
	return called
}

// receiver returns the name of a method's type, without pointer and parameters.
func receiver(typ ast.Expr) string {
	switch x := typ.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// parsed returns the package's files with a certain name.
func parsed(t *testing.T, wanted func(name string) bool) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if wanted(name) {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	return files
}
