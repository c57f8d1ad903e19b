package pipeline_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

const golden = "../../testdata/cases"

// TestGolden runs the whole generator over one small document per idea and compares
// every byte, diagnostics included. The packages stand in a module of their own
// that `make test` compiles. GOLDEN=1 rewrites them, and fails so that nobody
// overlooks it.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(golden, "*", "spec.*"))
	if err != nil || len(cases) < 12 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, spec := range cases {
		dir := filepath.Dir(spec)
		t.Run(filepath.Base(dir), func(t *testing.T) { goldenCase(t, spec, dir) })
	}
}

func goldenCase(t *testing.T, spec, dir string) {
	name := filepath.Base(dir)
	text, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	doc, diags := load.Bytes(filepath.Base(spec), text, load.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	in := pipeline.Input{Doc: doc, Package: name, ImportPath: "github.com/grantwire/grantwire/generator/testdata/cases/" + name}
	if y, err := os.ReadFile(filepath.Join(dir, "provider.yaml")); err == nil {
		var more diag.List
		in.Config, more = config.Bytes("provider.yaml", y)
		diags = append(diags, more...)
	}
	out, more := pipeline.Generate(in)
	diags = append(diags, more...)
	files := append(slices.Clone(out.Files),
		output.File{Name: "diagnostics.txt", Content: printed(diags)},
		output.File{Name: "names.txt", Content: out.Names})
	if diags.HasErrors() {
		t.Fatal(diags.Errors())
	}
	if os.Getenv("GOLDEN") != "" {
		refresh(t, dir, files)
		t.Error("rewritten: read the difference, then run without GOLDEN")
		return
	}
	for _, f := range files {
		want, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Errorf("%v; run make golden", err)
			continue
		}
		if diff := cmp.Diff(string(want), string(f.Content)); diff != "" {
			t.Errorf("%s differs (-want +got); run make golden if that is meant:\n%s", f.Name, diff)
		}
	}
	for _, name := range generated(t, dir) {
		if !slices.ContainsFunc(files, func(f output.File) bool { return f.Name == name }) {
			t.Errorf("%s is no longer generated; run make golden", name)
		}
	}
}

// generated lists the generated files in a folder and below.
func generated(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".gen.go") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func refresh(t *testing.T, dir string, files []output.File) {
	t.Helper()
	for _, name := range generated(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f.Name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func printed(diags diag.List) []byte {
	var lines []string
	for _, d := range diags {
		lines = append(lines, fmt.Sprintln(d))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

// A names list that was edited wins, and one that can't be read is refused.
func TestNamesListIsObeyed(t *testing.T) {
	doc := func() *load.Document {
		text, err := os.ReadFile(filepath.Join(golden, "minimal", "spec.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		d, diags := load.Bytes("spec.yaml", text, load.Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return d
	}
	first := generate(t, pipeline.Input{Doc: doc(), Package: "p"})
	edited := bytes.ReplaceAll(first.Names, []byte("type\tPet\t"), []byte("type\tAnimal\t"))
	edited = bytes.ReplaceAll(edited, []byte("Pets.ListPets"), []byte("Pets.All"))
	second := generate(t, pipeline.Input{Doc: doc(), Package: "p", Names: edited})
	if !bytes.Equal(second.Names, sortedNames(edited)) {
		t.Errorf("the edited list came back as\n%s\nwant\n%s", second.Names, edited)
	}
	if all := contents(second.Files); !strings.Contains(all["types.gen.go"], "type Animal struct") || !strings.Contains(all["pets.gen.go"], "func (s *PetsService) All(") {
		t.Error("the edited names are not in the package")
	}
	if _, diags := pipeline.Generate(pipeline.Input{Doc: doc(), Package: "p", Names: []byte("type\tonly\n")}); !diags.HasErrors() || diags.Errors()[0].Code != "names-list" {
		t.Errorf("a broken list gave %v", diags)
	}
}

// sortedNames brings an edited list into the order in which lists are written.
func sortedNames(list []byte) []byte {
	lines := strings.SplitAfter(string(list), "\n")
	rest := lines[1:]
	slices.SortStableFunc(rest, func(a, b string) int {
		if a == "" || b == "" {
			return strings.Compare(b, a)
		}
		return strings.Compare(a, b)
	})
	return []byte(lines[0] + strings.Join(rest, ""))
}
