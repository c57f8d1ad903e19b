package lower

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// Grouping says how operations are sorted into services.
type Grouping string

// The groupings.
const (
	GroupAuto   Grouping = ""       // slash or dotted where every operation fits, tags otherwise
	GroupSlash  Grouping = "slash"  // operation IDs of the form group/method
	GroupDotted Grouping = "dotted" // paths of the form /group.sub.method
	GroupTags   Grouping = "tags"   // the first tag, or the first word of the path
)

// Split gives the group and the method of an operation, as words of the document.
func (g Grouping) Split(op *model.Operation) (group, method string, ok bool) {
	switch g {
	case GroupSlash:
		group, method, ok = strings.Cut(op.ID, "/")
		return group, method, ok && group != "" && method != ""
	case GroupDotted:
		path := strings.TrimPrefix(op.Path, "/")
		i := strings.LastIndexByte(path, '.')
		if i <= 0 || strings.ContainsAny(path, "/{") {
			return "", "", false
		}
		return path[:i], path[i+1:], true
	default:
		return op.Tag, op.ID, true
	}
}

func (l *lowerer) grouping(ops []*model.Operation) Grouping {
	if l.opts.Grouping != GroupAuto {
		return l.opts.Grouping
	}
	for _, g := range []Grouping{GroupSlash, GroupDotted} {
		if !slices.ContainsFunc(ops, func(op *model.Operation) bool { _, _, ok := g.Split(op); return !ok }) {
			return g
		}
	}
	return GroupTags
}

// group sorts the operations into services. Method words stay on the operation
// until package names turns them into Go.
func (l *lowerer) group(api *model.API) {
	g := l.grouping(api.Ops)
	groups := map[string]*model.Group{}
	for _, op := range api.Ops {
		key, method, ok := g.Split(op)
		if !ok {
			key, method, _ = GroupTags.Split(op)
		}
		if key == "" {
			key = pathGroup(op.Path)
		}
		if groups[key] == nil {
			groups[key] = &model.Group{Key: key}
		}
		op.Group, op.Name = groups[key], method
		groups[key].Ops = append(groups[key].Ops, op)
	}
	api.Groups = slices.SortedFunc(maps.Values(groups), func(a, b *model.Group) int { return cmp.Compare(a.Key, b.Key) })
}

// pathGroup is the first segment of a path that says something.
func pathGroup(path string) string {
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "" || strings.HasPrefix(seg, "{") || isVersion(seg) {
			continue
		}
		return seg
	}
	return "default"
}

func isVersion(seg string) bool {
	return len(seg) >= 2 && len(seg) <= 4 && (seg[0] == 'v' || seg[0] == 'V') && strings.Trim(seg[1:], "0123456789.") == "" || seg == "api"
}

func (l *lowerer) flatten(api *model.API) {
	byID := map[string]*model.Operation{}
	for _, op := range api.Ops {
		byID[op.ID] = op
	}
	for _, name := range slices.Sorted(maps.Keys(l.opts.Flat)) {
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
		api.Flat = append(api.Flat, model.Flat{Name: name, Op: op})
	}
}
