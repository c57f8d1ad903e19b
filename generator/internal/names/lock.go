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
}

const listHeader = "# Go names of this provider, kept from run to run; edit a name here to rename it.\n"

// readLock parses a names list. An unreadable line is reported and skipped.
func readLock(text []byte, provider string) (lock, diag.List) {
	l := lock{ops: map[string]string{}, byKey: map[string]string{}, byPointer: map[string]string{}}
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
	var lines []string
	for _, op := range api.Ops {
		lines = append(lines, fmt.Sprintf("op\t%s.%s\t%s %s\n", op.Group.Name, op.Name, op.Method, op.Path))
	}
	slices.Sort(lines)
	types := slices.Clone(api.Types)
	slices.SortFunc(types, func(a, b *model.Type) int { return cmp.Compare(a.Name, b.Name) })
	var b strings.Builder
	b.WriteString(listHeader)
	for _, line := range lines {
		b.WriteString(line)
	}
	for _, t := range types {
		fmt.Fprintf(&b, "type\t%s\t%s\t%s\n", t.Name, t.Key, pointer(t))
	}
	return []byte(b.String())
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
