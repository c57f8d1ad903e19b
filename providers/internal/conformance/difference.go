//go:build conformance

package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// difference is one place where two JSON trees differ.
type difference struct {
	Pointer string
	What    string
	Whole   bool // the value there did not decode at all
}

func (d difference) String() string { return d.Pointer + " " + d.What }

// differences compares two JSON trees; numbers by value, so 80.0 equals 80.
func differences(want, got any) []difference {
	var found []difference
	compare("", want, got, &found)
	return found
}

func compare(at string, want, got any, found *[]difference) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			compareObjects(at, w, g, found)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			for i := range w {
				compare(fmt.Sprintf("%s/%d", at, i), w[i], g[i], found)
			}
			return
		}
	default:
		if sameScalar(want, got) {
			return
		}
	}
	*found = append(*found, difference{Pointer: at, What: fmt.Sprintf("%s became %s", brief(want), brief(got))})
}

func compareObjects(at string, want, got map[string]any, found *[]difference) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if g, ok := got[name]; ok {
			compare(at+"/"+name, want[name], g, found)
		} else {
			*found = append(*found, difference{Pointer: at + "/" + name, What: "was lost"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			*found = append(*found, difference{Pointer: at + "/" + name, What: "was added"})
		}
	}
}

func sameScalar(a, b any) bool {
	x, ok := a.(json.Number)
	if !ok {
		return a == b
	}
	y, ok := b.(json.Number)
	if !ok {
		return false
	}
	p, ok := new(big.Rat).SetString(x.String())
	q, okq := new(big.Rat).SetString(y.String())
	return ok && okq && p.Cmp(q) == 0
}

// brief shows the start of a value.
func brief(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v)
	}
	const limit = 60
	if len(b) > limit {
		return strings.ToValidUTF8(string(b[:limit]), "") + "…"
	}
	return string(b)
}
