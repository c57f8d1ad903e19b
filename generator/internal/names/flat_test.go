package names

import (
	"testing"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// A method and a field of the client can't have one name.
func TestFlatNameOfAService(t *testing.T) {
	for flat, want := range map[string]int{"Search": 1, "Find": 0} {
		g := &model.Group{Key: "search"}
		op := &model.Operation{ID: "search.list", Method: "GET", Path: "/search", Name: "list", Group: g}
		g.Ops = []*model.Operation{op}
		diags := Assign(&model.API{Provider: "p", Ops: g.Ops, Groups: []*model.Group{g}, Flat: []model.Flat{{Name: flat, Op: op}}}, Options{})
		if len(diags) != want || want == 1 && (diags[0].Code != "name-taken" || !diags.HasErrors()) {
			t.Errorf("%s: %v", flat, diags)
		}
	}
}
