package normalize

import (
	"fmt"
	"maps"
	"slices"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// surface is what the configuration says about parameters by name, and which of
// its names the document has.
type surface struct {
	dropped, segments map[string]bool
	kept              map[string]bool // operation ID and name
	met               map[string]bool // of dropped, segments and kept
}

func newSurface(opts Options) *surface {
	s := &surface{dropped: set(opts.Dropped), segments: set(opts.Segmented), kept: map[string]bool{}, met: map[string]bool{}}
	for id, names := range opts.Kept {
		for _, name := range names {
			s.kept[id+" "+name] = true
		}
	}
	return s
}

// drops says whether a parameter leaves the surface. One without which the call
// can't be made stays.
func (n *normalizer) drops(p tree, id, pointer string) bool {
	name := text(p, "name")
	if !n.surface.dropped[name] {
		return false
	}
	n.surface.met[name] = true
	if key := id + " " + name; n.surface.kept[key] {
		n.surface.met[key] = true
		return false
	}
	if flag(p, "required") {
		n.report(diag.Error, pointer, "dropped-parameter-required",
			fmt.Sprintf("parameter %q is required and can't be dropped", name), "take it out of drop_parameters, or name the operation in keep_parameters")
		return false
	}
	return true
}

// segmented says whether the configuration lets a path parameter hold slashes.
func (s *surface) segmented(p tree) bool {
	name := text(p, "name")
	if text(p, "in") != "path" || !s.segments[name] {
		return false
	}
	s.met[name] = true
	return true
}

// unknownParameters reports names in the configuration that the document lacks,
// most likely misspelt. Part of a document may lack any.
func (n *normalizer) unknownParameters() {
	if len(n.opts.Tags)+len(n.opts.Operations) > 0 {
		return
	}
	s := n.surface
	for _, list := range []struct {
		key   string
		names map[string]bool
	}{{"drop_parameters", s.dropped}, {"keep_parameters", s.kept}, {"multi_segment_parameters", s.segments}} {
		for _, name := range slices.Sorted(maps.Keys(list.names)) {
			if !s.met[name] {
				n.report(diag.Error, "", "config-unknown-parameter",
					fmt.Sprintf("%s names %q, which the document does not have", list.key, name), "correct the name in provider.yaml")
			}
		}
	}
}
