package names

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// lock is the reviewed list of names, read back so that a later document renames
// nothing.
type lock struct {
	ops       map[string]string // "GET /path" -> Group.Method
	byKey     map[string]string // component key -> type name
	byPointer map[string]string // first pointer -> type name

	packages      []string          // paths, in the order of the list
	homeByKey     map[string]string // component key -> path of its package
	homeByPointer map[string]string // first pointer -> path of its package
}

const listHeader = "# Go names of this provider, kept from run to run; edit a name here to rename it.\n"

// readLock parses a names list. An unreadable line is reported and skipped.
func readLock(text []byte, provider string) (lock, diag.List) {
	l := lock{
		ops: map[string]string{}, byKey: map[string]string{}, byPointer: map[string]string{},
		homeByKey: map[string]string{}, homeByPointer: map[string]string{},
	}
	home := ""
	var diags diag.List
	scan := bufio.NewScanner(bytes.NewReader(text))
	scan.Buffer(nil, 1<<20)
	for n := 1; scan.Scan(); n++ {
		f := strings.Split(scan.Text(), "\t")
		switch {
		case strings.HasPrefix(scan.Text(), "#") || scan.Text() == "":
		case len(f) == 3 && f[0] == "op":
			l.ops[f[2]] = f[1]
		case len(f) == 4 && f[0] == "type":
			l.byKey[f[2]], l.byPointer[f[3]] = f[1], f[1]
			l.homeByKey[f[2]], l.homeByPointer[f[3]] = home, home
		case len(f) == 2 && f[0] == "package":
			home = f[1]
			l.packages = append(l.packages, home)
		default:
			diags = append(diags, diag.Diagnostic{
				Severity: diag.Error, Provider: provider, Line: n, Code: "names-list",
				Message: "a line of the names list can't be read", Remedy: "restore the line or delete it",
			})
		}
	}
	return l, diags
}

// List renders the names of an API in the form that [Assign] reads.
func List(api *model.API) []byte {
	var b strings.Builder
	b.WriteString(listHeader)
	if len(api.Parts) == 0 {
		list(&b, api)
	}
	for _, part := range api.Parts {
		fmt.Fprintf(&b, "package\t%s\n", part.Home.Path)
		list(&b, part)
	}
	return []byte(b.String())
}

func list(b *strings.Builder, api *model.API) {
	var lines []string
	for _, op := range api.Ops {
		lines = append(lines, fmt.Sprintf("op\t%s.%s\t%s %s\n", op.Group.Name, op.Name, op.Method, op.Path))
	}
	slices.Sort(lines)
	types := slices.Clone(api.Types)
	slices.SortFunc(types, func(a, b *model.Type) int { return cmp.Compare(a.Name, b.Name) })
	for _, line := range lines {
		b.WriteString(line)
	}
	for _, t := range types {
		fmt.Fprintf(b, "type\t%s\t%s\t%s\n", t.Name, t.Key, pointer(t))
	}
}

// Homes reads where the list of an earlier run has the packages of an API: their
// paths in order, and a function that finds the one of a type, "" when it is new.
// What can't be read is reported by [Assign].
func Homes(text []byte) (packages []string, home func(*model.Type) string) {
	l, _ := readLock(text, "")
	return l.packages, func(t *model.Type) string {
		if path := l.homeByKey[t.Key]; path != "" {
			return path
		}
		for _, o := range t.Origins {
			if path := l.homeByPointer[o.Pointer]; path != "" {
				return path
			}
		}
		return ""
	}
}

func pointer(t *model.Type) string {
	if len(t.Origins) == 0 {
		return "-"
	}
	return t.Origins[0].Pointer
}

// find gives the locked name of a type: by its structure, else by the place
// where it stood when the list was written.
func (l lock) find(t *model.Type) string {
	if name := l.byKey[t.Key]; name != "" {
		return name
	}
	for _, o := range t.Origins {
		if name := l.byPointer[o.Pointer]; name != "" {
			return name
		}
	}
	return ""
}
