// Package providers_test reads the emitted packages as a reviewer would: over
// their syntax trees.
package providers_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
)

var operations = map[string][]api.Operation{"github": github.Operations(), "slack": slack.Operations()}

// parse reads the generated files of every provider.
func parse(t *testing.T, visit func(provider, file string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	files, err := filepath.Glob("*/*.gen.go")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d generated files: %v", len(files), err)
	}
	for _, file := range files {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		visit(filepath.Dir(file), file, fset, f)
	}
}

// An emitted method has at most twelve lines and no branch: the runtime decides.
func TestMethodsAreThin(t *testing.T) {
	methods := 0
	parse(t, func(_, file string, fset *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			methods++
			lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			if lines > 12 {
				t.Errorf("%s: %s has %d lines", file, fn.Name.Name, lines)
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt,
					*ast.GoStmt, *ast.DeferStmt, *ast.FuncLit, *ast.BranchStmt:
					t.Errorf("%s: %s holds a %T", file, fn.Name.Name, n)
				case *ast.BinaryExpr:
					if n.Op == token.LAND || n.Op == token.LOR {
						t.Errorf("%s: %s holds a condition", file, fn.Name.Name)
					}
				}
				return true
			})
		}
	})
	if methods < 1500 {
		t.Errorf("only %d methods seen", methods)
	}
	t.Logf("%d methods", methods)
}

// Every exported declaration has a comment that begins with its name, and every file
// says that it is generated.
func TestComments(t *testing.T) {
	parse(t, func(_, file string, _ *token.FileSet, f *ast.File) {
		if !ast.IsGenerated(f) {
			t.Errorf("%s does not say that it is generated", file)
		}
		check := func(name string, doc *ast.CommentGroup) {
			if ast.IsExported(name) && !strings.HasPrefix(doc.Text(), name+" ") {
				t.Errorf("%s: %s has no comment that begins with its name: %q", file, name, doc.Text())
			}
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				check(d.Name.Name, d.Doc)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if ts, ok := s.(*ast.TypeSpec); ok {
						check(ts.Name.Name, d.Doc)
					}
				}
			}
		}
	})
}

// Generated code needs the runtime and the standard library, nothing else, and only
// the client knows net/http.
func TestImports(t *testing.T) {
	parse(t, func(provider, file string, _ *token.FileSet, f *ast.File) {
		for _, i := range f.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if strings.Contains(path, ".") && path != "github.com/grantwire/grantwire/runtime/api" {
				t.Errorf("%s imports %s", file, path)
			}
			if path == "net/http" && filepath.Base(file) != "client.gen.go" {
				t.Errorf("%s imports net/http", file)
			}
		}
		if f.Name.Name != provider {
			t.Errorf("%s is in package %s", file, f.Name.Name)
		}
	})
}

// Every operation of the documents is emitted: one descriptor each, one method each.
func TestEveryOperation(t *testing.T) {
	methods := map[string]bool{}
	parse(t, func(provider, _ string, _ *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
					methods[provider+"."+star.X.(*ast.Ident).Name+"."+fn.Name.Name] = true
				}
			}
		}
	})
	total := 0
	for provider, ops := range operations {
		want := documented(t, provider)
		for _, op := range ops {
			key := op.Method + " " + op.Path
			if !want[key] {
				t.Errorf("%s: %s is not in the document, or twice in the table", provider, key)
			}
			delete(want, key)
			if !methods[provider+"."+op.Service+"Service."+op.Name] {
				t.Errorf("%s: %s has no method %s.%s", provider, op.ID, op.Service, op.Name)
			}
			if op.Paging.Kind != api.PagingNone && !methods[provider+"."+op.Service+"Service."+op.Name+"All"] {
				t.Errorf("%s: %s pages and has no iterator", provider, op.ID)
			}
		}
		for key := range want {
			t.Errorf("%s: %s is not emitted", provider, key)
		}
		total += len(ops)
	}
	if total != 1397 {
		t.Errorf("%d operations, want 1,397", total)
	}
}

func documented(t *testing.T, provider string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../specs", provider, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for path, item := range doc.Paths {
		for method := range item {
			if slices.Contains([]string{"get", "put", "post", "delete", "patch", "head", "options", "trace"}, method) {
				out[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	return out
}

// The curated methods are there: thirty for GitHub, twenty for Slack, at least.
func TestFlatMethods(t *testing.T) {
	flat := map[string]int{}
	parse(t, func(provider, _ string, _ *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok && star.X.(*ast.Ident).Name == "Client" {
					flat[provider]++
				}
			}
		}
	})
	if flat["github"] < 30 || flat["slack"] < 20 {
		t.Errorf("flat methods: %v", flat)
	}
}

// Scopes, documentation links and deprecations of the documents reach the table.
func TestDescriptors(t *testing.T) {
	for provider, ops := range operations {
		linked, scoped, deprecated := 0, 0, 0
		for _, op := range ops {
			if strings.HasPrefix(op.Doc, "https://") {
				linked++
			}
			if len(op.Scopes) > 0 {
				scoped++
			}
			if op.Deprecated {
				deprecated++
			}
			if op.Access == api.Read != (op.Method == http.MethodGet) {
				t.Errorf("%s: %s %s is %s", provider, op.Method, op.ID, op.Access)
			}
		}
		if linked != len(ops) {
			t.Errorf("%s: %d of %d operations have a link", provider, linked, len(ops))
		}
		if provider == "slack" && scoped < 100 {
			t.Errorf("slack: only %d operations have scopes", scoped)
		}
		if provider == "github" && deprecated < 30 {
			t.Errorf("github: only %d operations are deprecated", deprecated)
		}
	}
}
