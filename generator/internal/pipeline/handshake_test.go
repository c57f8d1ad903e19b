package pipeline_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/corpus"
	"github.com/grantwire/grantwire/generator/internal/output"
)

const (
	handshake = "const _ = api.GeneratedV1\n"
	advice    = "// If api.GeneratedV1 is undefined, this package was generated for another version of\n"
	module    = "../../.."
)

// TestHandshake: every generated package that calls the runtime shakes hands with it
// once, with the comment that says what to do when that fails.
func TestHandshake(t *testing.T) {
	packages := map[string]string{}
	for _, root := range []string{filepath.Join(module, "providers"), golden, filepath.Join(module, "examples")} {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".gen.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), "api.Operation{") || strings.Contains(string(text), handshake) {
				packages[filepath.Dir(path)] += string(text)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(packages) < 14 {
		t.Fatalf("%d packages", len(packages))
	}
	for dir, text := range packages {
		before, _, _ := strings.Cut(text, handshake)
		if strings.Count(text, handshake) != 1 || !strings.Contains(before[max(0, len(before)-400):], advice) {
			t.Errorf("%s: %d handshakes, or one without its comment", dir, strings.Count(text, handshake))
		}
	}
}

// TestStalePair: code and runtime that do not fit fail to compile at the handshake
// and nowhere else, whichever of the two is the older one.
func TestStalePair(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	files, line := caseFiles(t, "unions")
	check := func(exports corpus.Exports, files []output.File) []string {
		return corpus.NewChecker(exports).Check(files)
	}
	exports, err := corpus.BuildExports(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	if faults := check(exports, files); len(faults) > 0 {
		t.Fatalf("a pair that fits: %v", faults)
	}
	newer := slices.Clone(files)
	for i, f := range newer {
		newer[i].Content = []byte(strings.ReplaceAll(string(f.Content), "api.GeneratedV1\n", "api.GeneratedV2\n"))
	}
	want := []string{fmt.Sprintf("operations.gen.go:%d:15: undefined: api.GeneratedV2", line)}
	if diff := cmp.Diff(want, check(exports, newer)); diff != "" {
		t.Errorf("newer code, older runtime:\n%s", diff)
	}

	// A runtime that no longer serves the first generation.
	operation, err := filepath.Abs(filepath.Join(module, "runtime/api/operation.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(operation)
	if err != nil || strings.Count(string(text), "\nconst GeneratedV1 = 1\n") != 1 {
		t.Fatalf("the runtime's constant was not found: %v", err)
	}
	changed := filepath.Join(t.TempDir(), "operation.go")
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {operation: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		changed: []byte(strings.Replace(string(text), "\nconst GeneratedV1 = 1\n", "\nconst GeneratedV2 = 2\n", 1)), overlay: replace,
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -overlay="+overlay)
	if exports, err = corpus.BuildExports(t.Context(), module); err != nil {
		t.Fatal(err)
	}
	want = []string{fmt.Sprintf("operations.gen.go:%d:15: undefined: api.GeneratedV1", line)}
	if diff := cmp.Diff(want, check(exports, files)); diff != "" {
		t.Errorf("older code, newer runtime:\n%s", diff)
	}
	if faults := check(exports, newer); len(faults) > 0 {
		t.Errorf("two of the next generation: %v", faults)
	}
}

// caseFiles reads a golden package, and tells the line of its handshake.
func caseFiles(t *testing.T, name string) (files []output.File, line int) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(golden, name, "*.gen.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, output.File{Name: filepath.Base(path), Content: text})
		if before, _, ok := strings.Cut(string(text), handshake); ok {
			line = strings.Count(before, "\n") + 1
		}
	}
	return files, line
}
