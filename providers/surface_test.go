// Package providers_test reads the emitted packages as a reviewer would: over
// their syntax trees.
package providers_test

import (
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/catalog"
	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/runtime/api"
)

// parse reads the generated files of every provider, below its folder, too.
func parse(t *testing.T, visit func(provider, file string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".gen.go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d generated files: %v", len(files), err)
	}
	for _, file := range files {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		provider, _, _ := strings.Cut(file, "/")
		visit(provider, file, fset, f)
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

// Generated code needs the runtime, the standard library and the provider's own
// packages, nothing else, and only the client knows net/http.
func TestImports(t *testing.T) {
	parse(t, func(provider, file string, _ *token.FileSet, f *ast.File) {
		for _, i := range f.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			own := "github.com/grantwire/grantwire/providers/" + provider
			if strings.Contains(path, ".") && path != "github.com/grantwire/grantwire/runtime/api" && path != own && !strings.HasPrefix(path, own+"/models/") {
				t.Errorf("%s imports %s", file, path)
			}
			if path == "net/http" && filepath.Base(file) != "client.gen.go" {
				t.Errorf("%s imports net/http", file)
			}
		}
		if f.Name.Name != path.Base(path.Dir(file)) {
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
	for _, p := range catalog.All() {
		want := documented(t, p)
		for _, op := range p.Operations {
			key := keyOf(op.Method, op.Path, op.ID)
			if _, ok := want[key]; !ok {
				t.Errorf("%s: %s is not in the document, or twice in the table", p.Name, key)
			}
			delete(want, key)
			if !methods[p.Name+"."+op.Service+"Service."+op.Name] {
				t.Errorf("%s: %s has no method %s.%s", p.Name, op.ID, op.Service, op.Name)
			}
			if op.Paging.Kind != api.PagingNone && !methods[p.Name+"."+op.Service+"Service."+op.Name+"All"] {
				t.Errorf("%s: %s pages and has no iterator", p.Name, op.ID)
			}
		}
		for key := range want {
			t.Errorf("%s: %s is not emitted", p.Name, key)
		}
	}
}

// described is what a document says about an operation, as far as it is compared.
type described struct {
	ID           string `json:"operationId"`
	ExternalDocs struct {
		URL string `json:"url"`
	} `json:"externalDocs"`
	Security   []map[string][]string `json:"security"`
	Deprecated bool                  `json:"deprecated"`
}

// keyOf tells operations apart by what is sent and by their IDs: fragments, which
// Box tells paths apart by, never leave a client.
func keyOf(method, path, id string) string {
	id = cmp.Or(id, strings.ToLower(method)+" "+path)
	path, _, _ = strings.Cut(path, "#")
	return strings.ToUpper(method) + " " + path + " " + id
}

// documented reads the operations of a provider's document; see keyOf.
func documented(t *testing.T, p subject.Provider) map[string]described {
	t.Helper()
	text, err := p.Spec()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			SecuritySchemes map[string]struct {
				Type string `json:"type"`
			} `json:"securitySchemes"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]described{}
	for path, item := range doc.Paths {
		for method, raw := range item {
			if !slices.Contains([]string{"get", "put", "post", "delete", "patch", "head", "options", "trace"}, method) {
				continue
			}
			var d described
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			for _, alternative := range d.Security {
				maps.DeleteFunc(alternative, func(name string, _ []string) bool { return doc.Components.SecuritySchemes[name].Type != "oauth2" })
			}
			out[keyOf(method, path, d.ID)] = d
		}
	}
	return out
}

// The curated methods are there, as many as each provider promises.
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
	for _, p := range catalog.All() {
		if flat[p.Name] < p.Flat || p.Flat == 0 {
			t.Errorf("%s: %d flat methods, want at least %d", p.Name, flat[p.Name], p.Flat)
		}
	}
}

// Scopes, documentation links and deprecations of the documents reach the table.
func TestDescriptors(t *testing.T) {
	for _, p := range catalog.All() {
		linked, scoped, deprecated := 0, 0, 0
		docs := documented(t, p)
		for _, op := range p.Operations {
			d := docs[keyOf(op.Method, op.Path, op.ID)]
			if d.ExternalDocs.URL != "" {
				if linked++; op.Doc == "" {
					t.Errorf("%s: %s has lost its link", p.Name, op.ID)
				}
			}
			for _, s := range slices.Concat(scopes(d.Security)...) {
				if scoped++; !slices.Contains(op.Scopes, s) {
					t.Errorf("%s: %s has lost scope %s", p.Name, op.ID, s)
				}
			}
			if d.Deprecated {
				deprecated++
			}
			if op.Deprecated != d.Deprecated {
				t.Errorf("%s: %s: deprecated is %v, not %v", p.Name, op.ID, op.Deprecated, d.Deprecated)
			}
			if reads := op.Method == http.MethodGet || op.Method == http.MethodHead || op.Method == http.MethodOptions; op.Access == api.Read != reads {
				t.Errorf("%s: %s %s is %s", p.Name, op.Method, op.ID, op.Access)
			}
		}
		t.Logf("%s: %d links, %d scopes, %d deprecated", p.Name, linked, scoped, deprecated)
		if p.Name == "slack" && scoped < 100 || p.Name == "github" && (deprecated < 30 || linked != p.Count) {
			t.Errorf("%s: %d links, %d scopes, %d deprecated: too few", p.Name, linked, scoped, deprecated)
		}
	}
}

func scopes(security []map[string][]string) [][]string {
	var all [][]string
	for _, alternative := range security {
		for _, s := range alternative {
			all = append(all, s)
		}
	}
	return all
}
