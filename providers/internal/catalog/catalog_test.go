package catalog_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/catalog"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// TestComplete: every committed provider is here, and says what tests need.
func TestComplete(t *testing.T) {
	root, err := subject.Root()
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(root, "specs", "*", "provider.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]string, 0, len(folders))
	for _, file := range folders {
		want = append(want, filepath.Base(filepath.Dir(file)))
	}
	var got []string
	for _, p := range catalog.All() {
		got = append(got, p.Name)
		check(t, p)
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed are %q, specs has %q", got, want)
	}
}

func check(t *testing.T, p subject.Provider) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "..", p.Name, "wire_test.go")); err != nil {
		t.Errorf("%s has no wire test: %v", p.Name, err)
	}
	if len(p.Operations) != p.Count || p.Count == 0 {
		t.Errorf("%s has %d operations, not %d", p.Name, len(p.Operations), p.Count)
	}
	for _, op := range p.Operations {
		if op.Provider.Name != p.Name || op.Provider.BaseURL != p.Base {
			t.Fatalf("%s: %s is an operation of %s at %s, not at %s", p.Name, op.ID, op.Provider.Name, op.Provider.BaseURL, p.Base)
		}
	}
	if p.Error.Status == 0 || p.Error.Body == "" || p.Error.Own == nil {
		t.Errorf("%s shows no error answer with a type of its own", p.Name)
	}
}

// TestTable: what people read is what the tests check.
func TestTable(t *testing.T) {
	root, err := subject.Root()
	if err != nil {
		t.Fatal(err)
	}
	file, want := filepath.Join(root, "providers", "CONFORMANCE.md"), catalog.Table()
	if os.Getenv("GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was written; review it", file)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: GOLDEN=1 go test ./providers/internal/catalog", file)
	}
}
