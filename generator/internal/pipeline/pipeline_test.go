package pipeline_test

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/output"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

const specs = "../../../specs"

// providers are those that the repository holds.
func providers(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(specs, "*", "provider.yaml"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no providers found: %v", err)
	}
	var names []string
	for _, d := range dirs {
		names = append(names, filepath.Base(filepath.Dir(d)))
	}
	return names
}

// input reads a committed provider.
func input(t *testing.T, provider string) pipeline.Input {
	t.Helper()
	conf, diags := config.File(filepath.Join(specs, provider, "provider.yaml"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	doc, diags := load.File(filepath.Join(specs, provider, "openapi.json"), load.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	names, err := os.ReadFile(filepath.Join(specs, provider, "names.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Input{Doc: doc, Config: conf, Package: conf.Package, ImportPath: conf.ImportPath, Source: "specs/" + provider + "/openapi.json", Names: names}
}

func generate(t *testing.T, in pipeline.Input) pipeline.Result {
	t.Helper()
	out, diags := pipeline.Generate(in)
	if diags.HasErrors() {
		t.Fatal(diags.Errors())
	}
	return out
}

// An API in several packages comes out of its own names list as it was, and is
// refused where its packages could not import each other.
func TestPackagesAreKept(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(golden, "split", "spec.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	conf, diags := config.File(filepath.Join(golden, "split", "provider.yaml"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	in := func(names []byte, importPath string) pipeline.Input {
		doc, diags := load.Bytes("spec.yaml", text, load.Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return pipeline.Input{Doc: doc, Config: conf, Package: "split", ImportPath: importPath, Names: names}
	}
	first := generate(t, in(nil, "example.com/split"))
	second := generate(t, in(first.Names, "example.com/split"))
	if diff := cmp.Diff(contents(first.Files), contents(second.Files)); diff != "" || !bytes.Equal(first.Names, second.Names) {
		t.Errorf("a run with its own list differs:\n%.2000s", diff)
	}
	// A name from the list is the package's, also where the rule would choose another.
	renamed := generate(t, in(bytes.ReplaceAll(first.Names, []byte("models/team"), []byte("models/people")), "example.com/split"))
	if _, ok := contents(renamed.Files)["models/people/types.gen.go"]; !ok {
		t.Error("the package that the list names is not there")
	}
	if _, diags := pipeline.Generate(in(nil, "")); !diags.HasErrors() || diags.Errors()[0].Code != "import-path-unknown" {
		t.Errorf("without an import path: %v", diags)
	}
}

func contents(files []output.File) map[string]string {
	m := map[string]string{}
	for _, f := range files {
		m[f.Name] = string(f.Content)
	}
	return m
}

// Two runs over the same input give the same bytes, and both give what is
// committed.
func TestDeterministic(t *testing.T) {
	for _, provider := range providers(t) {
		t.Run(provider, func(t *testing.T) {
			in := input(t, provider)
			committed := in.Names
			first := generate(t, in)
			if len(committed) < 1<<20 { // what is committed is a run, too; of a huge document, one more is enough
				second := generate(t, input(t, provider))
				if diff := cmp.Diff(contents(first.Files), contents(second.Files)); diff != "" {
					t.Errorf("two runs differ:\n%.2000s", diff)
				}
			}
			if !bytes.Equal(first.Names, committed) {
				t.Errorf("specs/%s/names.txt is stale: run make generate", provider)
			}
			for _, f := range first.Files {
				have, err := os.ReadFile(filepath.Join("../../../providers", provider, f.Name))
				if err != nil || !bytes.Equal(have, f.Content) {
					t.Errorf("providers/%s/%s is stale: run make generate (%v)", provider, f.Name, err)
				}
			}
		})
	}
}

// An operation that the provider adds renames nothing, wherever it sorts and
// whatever types it shares with those that were there.
func TestAddingAnOperationRenamesNothing(t *testing.T) {
	for _, provider := range providers(t) {
		t.Run(provider, func(t *testing.T) {
			in := input(t, provider)
			before := names(in.Names)
			paths := in.Doc.Root["paths"].(map[string]any)
			added := 0
			every := max(1, min(40, len(paths)/8)) // a small document shows less than one in 40
			for i, path := range slices.Sorted(maps.Keys(paths)) {
				if i%every != 0 {
					continue
				}
				item := clone(t, paths[path]).(map[string]any)
				for _, op := range item {
					if o, ok := op.(map[string]any); ok && o["operationId"] != nil {
						o["operationId"] = o["operationId"].(string) + "-a0"
						added++
					}
				}
				// "/!" sorts before every path, so that the newcomer is met first.
				paths["/!"+strings.TrimPrefix(strings.ReplaceAll(path, ".", "0.")+extension(path), "/")] = item
			}
			if added == 0 {
				t.Fatal("the test added nothing")
			}
			after := names(generate(t, in).Names)
			for what, name := range before {
				if after[what] != name {
					t.Errorf("%s was %q and is now %q", what, name, after[what])
				}
			}
			if len(after) <= len(before) {
				t.Errorf("%d names before, %d after: the new operations are missing", len(before), len(after))
			}
		})
	}
}

func extension(path string) string {
	if strings.Contains(path, ".") {
		return "New" // a dotted method name
	}
	return ""
}

func clone(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// names maps each thing of a names list to its name.
func names(list []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(list)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		switch f[0] {
		case "op":
			out[f[2]] = f[1]
		case "type":
			out[f[2]] = f[1]
		}
	}
	return out
}

// A filter keeps only what it names, and what that needs.
func TestFilter(t *testing.T) {
	in := input(t, "github")
	in.Operations = []string{"repos/list-for-authenticated-user"}
	out := generate(t, in)
	if out.Operations != 1 {
		t.Errorf("%d operations, want 1", out.Operations)
	}
	if out.Types == 0 || out.Types > 60 {
		t.Errorf("%d types for one list of repositories", out.Types)
	}
}

// A list of paging rules replaces the guesses, and an empty one is a list.
func TestGuessesCanBeSwitchedOff(t *testing.T) {
	for rules, want := range map[string]int{"": 15, "paging: [{kind: auto}]": 15, "paging: []": 0, "paging: [{kind: link}]": 2} {
		doc, diags := load.File(filepath.Join(golden, "pagingauto", "spec.yaml"), load.Options{})
		conf, more := config.Bytes("provider.yaml", []byte("name: a\npackage: a\n"+rules+"\n"))
		if diags = append(diags, more...); diags.HasErrors() {
			t.Fatal(diags)
		}
		out, diags := pipeline.Generate(pipeline.Input{Doc: doc, Config: conf, Package: "a"})
		iterators := 0
		for _, f := range out.Files {
			iterators += strings.Count(string(f.Content), "api.Pages[")
		}
		guesses := 0
		for _, d := range diags {
			if d.Code == "paging-guessed" {
				guesses++
			}
		}
		if iterators != want || guesses != want && !strings.Contains(rules, "link") {
			t.Errorf("%q: %d iterators, %d guesses reported, want %d", rules, iterators, guesses, want)
		}
	}
}

// Each of the three libraries does its part: kin-openapi owns the typed document
// (see TestTyped), oapi-codegen writes every schema type, jennifer everything else.
func TestLibrariesDoTheirPart(t *testing.T) {
	imports := map[string][]string{}
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			if !strings.HasSuffix(file, "_test.go") {
				imports[p] = append(imports[p], filepath.ToSlash(strings.TrimPrefix(file, "../")))
			}
		}
	}
	if got := imports["github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"]; !slices.Equal(got, []string{"emit/types.go"}) {
		t.Errorf("oapi-codegen is imported by %v, want emit/types.go alone", got)
	}
	if got := imports["github.com/dave/jennifer/jen"]; !slices.Equal(got, []string{"emit/client.go", "emit/emit.go", "emit/operations.go", "emit/parts.go"}) {
		t.Errorf("jennifer is imported by %v", got)
	}
	for _, stage := range []string{"lower/lower.go", "pipeline/pipeline.go"} {
		if !slices.Contains(imports["github.com/getkin/kin-openapi/openapi3"], stage) {
			t.Errorf("%s does not use kin-openapi", stage)
		}
	}
}

// The generator knows classes of documents, not providers.
func TestNoProviderNamesInTheGenerator(t *testing.T) {
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	cmds, err := filepath.Glob("../../cmd/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, cmds...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(src), "\n") {
			code, _, _ := strings.Cut(line, "//") // comments may give an example
			code = strings.ReplaceAll(strings.ToLower(code), "github.com/", "")
			for _, provider := range providers(t) {
				if strings.Contains(code, provider) {
					t.Errorf("%s:%d names the provider %s: %s", file, i+1, provider, strings.TrimSpace(line))
				}
			}
		}
	}
}

// Every code that a stage reports has a meaning, and every meaning a stage.
func TestCodesAreListed(t *testing.T) {
	code := regexp.MustCompile(`"([a-z]+(?:-[a-z]+)+)"`)
	used := map[string]bool{}
	for _, stage := range []string{"normalize", "lower", "names", "pipeline"} {
		files, err := filepath.Glob("../" + stage + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(src)) {
				if !strings.Contains(line, "report(") && !strings.Contains(line, "assume(") && !strings.Contains(line, "Code:") {
					continue
				}
				for _, m := range code.FindAllStringSubmatch(line, -1) {
					used[m[1]] = true
				}
			}
		}
	}
	for c := range used {
		if diag.Meaning(c) == "" {
			t.Errorf("the code %s has no meaning in package diag", c)
		}
	}
	if len(used) < 20 {
		t.Errorf("only %d codes found", len(used))
	}
}
