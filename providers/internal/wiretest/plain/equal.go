package plain

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Equal tells whether two JSON values are the same tree. Numbers are compared
// by value, not by their text.
func Equal(a, b any) bool { return Differ(a, b) == "" }

// Differ says where two JSON values first differ, "" when they do not.
func Differ(want, got any) string {
	var d differ
	d.compare("", want, got)
	return strings.Join(d.found, "; ")
}

type differ struct{ found []string }

func (d *differ) notef(at, format string, args ...any) {
	if at == "" {
		at = "/"
	}
	d.found = append(d.found, at+": "+fmt.Sprintf(format, args...))
}

func (d *differ) compare(at string, want, got any) {
	switch w := want.(type) {
	case Node:
		g, ok := got.(Node)
		if !ok {
			d.notef(at, "is %s, not an object", kind(got))
			return
		}
		d.objects(at, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok {
			d.notef(at, "is %s, not an array", kind(got))
			return
		}
		if len(w) != len(g) {
			d.notef(at, "has %d items, not %d", len(g), len(w))
		}
		for i := range min(len(w), len(g)) {
			d.compare(fmt.Sprintf("%s/%d", at, i), w[i], g[i])
		}
	default:
		if !equalScalars(want, got) {
			d.notef(at, "is %s, not %s", show(got), show(want))
		}
	}
}

func (d *differ) objects(at string, want, got Node) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if g, ok := got[name]; ok {
			d.compare(at+"/"+name, want[name], g)
		} else {
			d.notef(at+"/"+name, "is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			d.notef(at+"/"+name, "is not one of the values given")
		}
	}
}

func equalScalars(a, b any) bool {
	if ra, ok := ratOf(a); ok {
		rb, ok := ratOf(b)
		return ok && ra.Cmp(rb) == 0
	}
	switch b.(type) {
	case nil, bool, string:
		return a == b
	}
	return false
}

func ratOf(v any) (*big.Rat, bool) {
	switch n := v.(type) {
	case json.Number:
		return new(big.Rat).SetString(n.String())
	case float64:
		r := new(big.Rat).SetFloat64(n)
		return r, r != nil
	}
	return nil, false
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return kind(v)
	}
	if len(b) > 80 {
		return string(b[:80]) + "…"
	}
	return string(b)
}

// Leaves counts the members and items of a JSON value that hold no others.
func Leaves(v any) int {
	switch x := v.(type) {
	case Node:
		n := 0
		for _, m := range x {
			n += Leaves(m)
		}
		return max(n, 1)
	case []any:
		n := 0
		for _, m := range x {
			n += Leaves(m)
		}
		return max(n, 1)
	}
	return 1
}
