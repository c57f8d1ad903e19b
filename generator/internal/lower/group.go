package lower

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// Grouping says how operations are sorted into services.
type Grouping string

// The groupings.
const (
	GroupAuto   Grouping = ""       // slash, dotted or ids where every operation fits, tags otherwise
	GroupSlash  Grouping = "slash"  // operation IDs of the form group/method
	GroupDotted Grouping = "dotted" // paths of the form /group.sub.method
	GroupIDs    Grouping = "ids"    // operation IDs of the form api.group.sub.method
	GroupTags   Grouping = "tags"   // the first tag, or the first word of the path
	GroupFirst  Grouping = "first"  // the path's first segment that says something
	GroupPath   Grouping = "path"   // the path's first segment that says something, or the one after it
)

// Split gives the group and the method of an operation, as words of the document.
func (g Grouping) Split(op *model.Operation) (group, method string, ok bool) {
	switch g {
	case GroupSlash:
		group, method, ok = strings.Cut(op.ID, "/")
		return group, method, ok && group != "" && method != "" && !strings.Contains(group, " ") // "get /a" is no ID of the document
	case GroupDotted:
		path := strings.TrimPrefix(op.Template, "/")
		i := strings.LastIndexByte(path, '.')
		if i <= 0 || strings.ContainsAny(path, "/{?") || isFormat(path[i+1:]) {
			return "", "", false
		}
		return path[:i], path[i+1:], true
	case GroupIDs:
		_, rest, _ := strings.Cut(op.ID, ".")
		i := strings.LastIndexByte(rest, '.')
		if i <= 0 || i == len(rest)-1 || strings.ContainsAny(op.ID, "/ ") {
			return "", "", false
		}
		return rest[:i], rest[i+1:], true
	case GroupFirst:
		return pathGroup(op.Path), op.ID, true
	case GroupPath:
		group, method = byPath(op)
		return group, method, true
	default:
		return op.Tag, op.ID, true
	}
}

// apiWord is the first word of a dotted operation ID.
func apiWord(op *model.Operation) string {
	word, _, _ := strings.Cut(op.ID, ".")
	return word
}

func (l *lowerer) grouping(ops []*model.Operation) Grouping {
	if l.opts.Grouping != GroupAuto {
		return l.opts.Grouping
	}
	for _, g := range []Grouping{GroupSlash, GroupDotted, GroupIDs} {
		if !slices.ContainsFunc(ops, func(op *model.Operation) bool {
			_, _, ok := g.Split(op)
			// The word in front of the group says nothing only where all have it.
			return !ok || g == GroupIDs && apiWord(op) != apiWord(ops[0])
		}) {
			return g
		}
	}
	return GroupTags
}

// group sorts the operations into services. Method words stay on the operation
// until package names turns them into Go.
func (l *lowerer) group(api *model.API) {
	g := l.grouping(api.Ops)
	alone := rootless(api.Ops)
	groups := map[string]*model.Group{}
	moved := map[string]bool{}
	for _, op := range api.Ops {
		key, method, ok := g.Split(op)
		if !ok {
			key, method, _ = GroupTags.Split(op)
		}
		if key == "" && alone {
			key = noGroup
		} else if key == "" {
			key = pathGroup(op.Template)
		}
		if to := l.opts.Moves[op.ID]; to != "" {
			key = to
			moved[op.ID] = true
		}
		if groups[key] == nil {
			groups[key] = &model.Group{Key: key}
		}
		op.Group, op.Name = groups[key], method
		groups[key].Ops = append(groups[key].Ops, op)
	}
	for _, id := range slices.Sorted(maps.Keys(l.opts.Moves)) {
		if !moved[id] && !l.opts.Partial {
			l.report(diag.Error, "", "group-unknown-operation",
				fmt.Sprintf("groups.operations names operation %q, which the document does not have", id), "correct the operation ID in provider.yaml")
		}
	}
	api.Groups = slices.SortedFunc(maps.Values(groups), func(a, b *model.Group) int { return cmp.Compare(a.Key, b.Key) })
}

// noGroup holds the operations that nothing sorts.
const noGroup = "default"

// rootless recognises documents whose paths start with the name of a call
// (/createPlan, /deletePlan) and not of a thing: most first words have one operation.
// A service each would say everything twice.
func rootless(ops []*model.Operation) bool {
	count := map[string]int{}
	for _, op := range ops {
		if op.Tag != "" {
			return false
		}
		count[pathGroup(op.Template)]++
	}
	single := 0
	for _, n := range count {
		if n == 1 {
			single++
		}
	}
	return single*2 > len(count)
}

// pathGroup is the first segment of a path that says something.
func pathGroup(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "" || strings.HasPrefix(seg, "{") || normalize.IsVersion(seg) {
			continue
		}
		return seg
	}
	return noGroup
}

// isFormat recognises the end of a path that says how the answer is written.
func isFormat(word string) bool {
	return slices.Contains([]string{"json", "xml", "csv", "html", "php", "txt", "yaml", "yml", "rss", "aspx", "svc"}, strings.ToLower(word))
}

func (l *lowerer) flatten(api *model.API) {
	byID := map[string]*model.Operation{}
	for _, op := range api.Ops {
		byID[op.ID] = op
	}
	for _, name := range slices.Sorted(maps.Keys(l.opts.Flat)) {
		part, method, ok := strings.Cut(name, ".")
		if !ok {
			part, method = "", name
		}
		op := byID[l.opts.Flat[name]]
		if op == nil && l.opts.Partial {
			continue
		}
		if op == nil {
			l.report(diag.Error, "", "flat-unknown-operation",
				fmt.Sprintf("flat method %s names operation %q, which the document does not have", name, l.opts.Flat[name]),
				"correct the operation ID in provider.yaml")
			continue
		}
		api.Flat = append(api.Flat, model.Flat{Name: method, Part: part, Op: op})
	}
}
