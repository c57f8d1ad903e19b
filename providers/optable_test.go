package providers_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/providers/internal/catalog"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// row is what a table and a package both say of an operation.
type row struct {
	ID, Method, Path, Server string
	Access                   api.Access
	Segments, Scopes         []string
	Deprecated, Body         bool
}

// TestTables: the operation table of a provider says what its package does, no
// operation more and none less.
func TestTables(t *testing.T) {
	for _, p := range catalog.All() {
		t.Run(p.Name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(p.Name, "operations.json"))
			if err != nil {
				t.Fatal(err)
			}
			table, err := optable.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []row
			for op := range table.Operations() {
				got = append(got, row{op.ID, op.Method, op.Path, op.Server, op.Access, op.Segments, op.Scopes, op.Deprecated, op.Detail().Body != nil})
			}
			for i := range p.Operations {
				op := &p.Operations[i]
				want = append(want, row{op.ID, op.Method, op.Path, op.Server, op.Access, op.Segments, op.Scopes, op.Deprecated, op.Request != ""})
			}
			byID := func(a, b row) int { return strings.Compare(a.ID, b.ID) }
			slices.SortFunc(got, byID)
			slices.SortFunc(want, byID)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the package (-) and its table (+) differ:\n%.4000s", diff)
			}
			base := ""
			if len(p.Operations) > 0 {
				base = p.Operations[0].Provider.BaseURL
			}
			if table.Provider != p.Name || table.BaseURL != base || len(got) != p.Count {
				t.Errorf("%s at %s with %d operations, want %s at %s with %d", table.Provider, table.BaseURL, len(got), p.Name, base, p.Count)
			}
		})
	}
}
