package names

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// groups names the services and decides which operation stands in which.
func (a *assigner) groups() {
	natural := a.groupWords()
	for _, g := range a.api.Groups {
		g.Name = cmp.Or(a.opts.Groups[g.Key], a.kept(g), natural[g.Key])
	}
	a.joinGroups()
	a.keepGroups()
	for _, g := range a.api.Groups {
		if word := natural[g.Key]; a.opts.Groups[g.Key] == "" && word != "" && word != g.Name {
			a.report(diag.Note, "", "group-kept", fmt.Sprintf("the document's %q is the service %s, as the names list has it", g.Key, g.Name),
				"edit the operations' lines in the names list to rename it")
		}
		deco, ok := a.table.take("group "+g.Key, g.Name+"Service", g.Name+"APIService")
		if !ok {
			deco = a.number(g.Name+"Service", "", a.table.free)
			a.table.take("group "+g.Key, deco)
		}
		g.Deco = deco
	}
}

// layer is what frameworks add to the name of a class that serves routes, in a tag
// that they make of it: user-controller, UserService.
var layer = regexp.MustCompile(`^(.*[A-Za-z0-9])([ _-]?[cC]ontroller)$|^([A-Z][A-Za-z0-9]*[a-z0-9])(Service)$`)

// groupWords are the names of the groups that their keys give. A class's layer is
// left out where the rest is no other group's name.
func (a *assigner) groupWords() map[string]string {
	full, count := map[string]string{}, map[string]int{}
	short := map[string]string{}
	lead := a.lead()
	for _, g := range a.api.Groups {
		key := a.stripped(g.Key)
		full[g.Key] = cmp.Or(a.spell.Exported(key), "Default")
		short[g.Key] = full[g.Key]
		if m := layer.FindStringSubmatch(key); m != nil {
			short[g.Key] = cmp.Or(a.spell.Exported(m[1]+m[3]), full[g.Key])
		}
		if words := Words(key); lead > 0 && len(words) > lead {
			short[g.Key] = a.spell.Exported(words[lead:]...)
		}
		count[strings.ToLower(short[g.Key])]++
	}
	for key, word := range short {
		if count[strings.ToLower(word)] > 1 {
			short[key] = full[key]
		}
	}
	return short
}

// lead counts the words with which the keys of all groups start, of three or more: the
// name of the API, which the package has already (ConversationsV1Message). One word
// may be the thing that all are about.
func (a *assigner) lead() int {
	if len(a.api.Groups) < 3 {
		return 0
	}
	common := Words(a.stripped(a.api.Groups[0].Key))
	for _, g := range a.api.Groups[1:] {
		words := Words(a.stripped(g.Key))
		n := 0
		for n < min(len(words), len(common)) && strings.EqualFold(words[n], common[n]) {
			n++
		}
		common = common[:n]
	}
	if len(common) < 2 {
		return 0
	}
	return len(common)
}

// kept is the service in which the names list has most of a group's operations, ""
// when it knows none.
func (a *assigner) kept(g *model.Group) string {
	count := map[string]int{}
	for _, op := range g.Ops {
		if name := a.lockedGroup(op); name != "" {
			count[name]++
		}
	}
	if len(count) == 0 {
		return ""
	}
	return slices.MaxFunc(slices.Sorted(maps.Keys(count)), func(x, y string) int { return cmp.Compare(count[x], count[y]) })
}

// lockedGroup is the service of an operation in the names list, unless the
// configuration says where it belongs.
func (a *assigner) lockedGroup(op *model.Operation) string {
	if a.opts.Moved[op.ID] != "" || op.Group != nil && a.opts.Groups[op.Group.Key] != "" {
		return ""
	}
	name, _, _ := strings.Cut(a.lock.ops[op.Method+" "+op.Path], ".")
	return name
}

// keepGroups puts each operation back into the service where the names list has it.
func (a *assigner) keepGroups() {
	byName := map[string]*model.Group{}
	for _, g := range a.api.Groups {
		byName[strings.ToLower(g.Name)] = g
	}
	moved := false
	for _, op := range a.api.Ops {
		name := a.lockedGroup(op)
		if name == "" || strings.EqualFold(name, op.Group.Name) {
			continue
		}
		to := byName[strings.ToLower(name)]
		if to == nil {
			to = &model.Group{Key: name, Name: name}
			byName[strings.ToLower(name)] = to
			a.api.Groups = append(a.api.Groups, to)
		}
		from := op.Group
		from.Ops = slices.DeleteFunc(from.Ops, func(o *model.Operation) bool { return o == op })
		op.Group, to.Ops, moved = to, append(to.Ops, op), true
		a.report(diag.Note, op.Pointer, "group-kept", fmt.Sprintf("the document moves the operation to %q; it stays in the service %s, where the names list has it", from.Key, to.Name),
			"edit its line in the names list to move it")
	}
	if !moved {
		return
	}
	a.api.Groups = slices.DeleteFunc(a.api.Groups, func(g *model.Group) bool { return len(g.Ops) == 0 })
	slices.SortFunc(a.api.Groups, func(x, y *model.Group) int { return cmp.Compare(x.Key, y.Key) })
	for _, g := range a.api.Groups {
		slices.SortStableFunc(g.Ops, byRoute)
	}
}

func byRoute(x, y *model.Operation) int {
	return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
}

// joinGroups makes one of the groups that a document writes in two ways, such as
// the tags "Responses" and "responses".
func (a *assigner) joinGroups() {
	first := map[string]*model.Group{}
	a.api.Groups = slices.DeleteFunc(a.api.Groups, func(g *model.Group) bool {
		same := first[strings.ToLower(g.Name)]
		if same == nil {
			first[strings.ToLower(g.Name)] = g
			return false
		}
		a.report(diag.Note, "", "groups-joined", fmt.Sprintf("the groups %q and %q have one name in Go; they are one service", same.Key, g.Key), "")
		for _, op := range g.Ops {
			op.Group = same
		}
		same.Ops = append(same.Ops, g.Ops...)
		slices.SortStableFunc(same.Ops, byRoute)
		return true
	})
}
