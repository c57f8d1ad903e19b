package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTables writes the tables of a small repository, from a folder inside it,
// and finds them stale when one is changed.
func TestTables(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "specs/pets/provider.yaml", "name: pets\npackage: pets\n")
	put(t, "specs/pets/openapi.json", goodSpec)
	put(t, "go.mod", "module example.com/repo\n\ngo 1.26\n")
	put(t, "providers/pets/hand.go", "package pets\n")
	if code, _, stderr := grantgen(t, "--provider", "pets"); code != 0 {
		t.Fatal(stderr)
	}
	if code, _, stderr := grantgen(t, "tables", "--check"); code != 1 || strings.Count(stderr, "error: ") != 2 || !strings.Contains(stderr, "missing") {
		t.Errorf("exit %d before the first run\n%s", code, stderr)
	}
	t.Chdir("providers/pets")
	if code, _, stderr := grantgen(t, "tables"); code != 0 {
		t.Fatal(stderr)
	}
	t.Chdir("../..")
	first := snapshot(t)
	for path, want := range map[string]string{
		"providers/README.md":      "| [pets](pets) | 2 | 1 | does not say | [none](pets/PAGING.md) |",
		"providers/pets/PAGING.md": "`limit` limits the list, and nothing says where another page starts",
	} {
		if !strings.Contains(first[path], want) {
			t.Errorf("%s has no %q:\n%s", path, want, first[path])
		}
	}
	if code, _, stderr := grantgen(t, "tables", "--check"); code != 0 || stderr != "" {
		t.Errorf("exit %d right after\n%s", code, stderr)
	}
	put(t, "providers/measured.json", `{"date": "2026-01-02", "packages": {"pets": {"wall_ms": 500}}}`)
	if code, _, stderr := grantgen(t, "tables", "--check"); code != 1 || !strings.Contains(stderr, "README.md: stale") {
		t.Errorf("exit %d with another measurement\n%s", code, stderr)
	}
	put(t, "providers/measured.json", `{`)
	if code, _, stderr := grantgen(t, "tables"); code != 1 || !strings.Contains(stderr, "measured.json: read-failed") {
		t.Errorf("exit %d with a broken measurement\n%s", code, stderr)
	}
	if err := os.Remove("providers/measured.json"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, snapshot(t)); diff != "" {
		t.Errorf("a refused run or a check wrote:\n%s", diff)
	}
}
