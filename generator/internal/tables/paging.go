package tables

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

var kinds = [...]string{"", "link", "page", "cursor", "offset", "url", "last"}

// Paging renders a provider's operations that page, and the lists that look as if
// they did.
func Paging(p Provider) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# How %s pages\n\n", written, cell(p.API.Title))
	ops := inOrder(p.API.Ops)
	var pages, open [][]string
	for _, op := range ops {
		if op.Paging.Kind != model.PagingNone {
			pages = append(pages, pagingRow(op))
		} else if why := Why(op); why != "" {
			open = append(open, []string{code(method(op)), code(op.Method + " " + op.Path), why})
		}
	}
	if len(pages) == 0 {
		b.WriteString("No operation pages.\n")
	} else {
		fmt.Fprintf(&b, "%s. Each has an iterator, whose name ends in `All`.\n[specs/README.md](../../specs/README.md#paging) explains the kinds.\n\n", Summary(p.API))
		table(&b, []string{"method", "operation", "kind", "parameter", "the next page", "the walk ends with", "items"}, nil, pages)
	}
	if len(open) > 0 {
		fmt.Fprintf(&b, "\n## Lists without an iterator\n\n%s or answers like those of lists that page.\n\n", count(len(open), "operation has parameters", "operations have parameters"))
		table(&b, []string{"method", "operation", "why"}, nil, open)
	}
	return []byte(b.String())
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// Summary counts the iterators by kind: "288 iterators (link 280, page 8)".
func Summary(api *model.API) string {
	by := map[string]int{}
	total := 0
	for _, op := range api.Ops {
		if op.Paging.Kind != model.PagingNone {
			by[kinds[op.Paging.Kind]]++
			total++
		}
	}
	if total == 0 {
		return "none"
	}
	var parts []string
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(by[b]-by[a], strings.Compare(a, b)) })
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %s", name, thousands(by[name])))
	}
	return fmt.Sprintf("%s (%s)", count(total, "iterator", "iterators"), strings.Join(parts, ", "))
}

func inOrder(ops []*model.Operation) []*model.Operation {
	return slices.SortedFunc(slices.Values(ops), func(a, b *model.Operation) int { return strings.Compare(method(a), method(b)) })
}

func method(op *model.Operation) string {
	if op.Group == nil {
		return op.Name
	}
	return op.Group.Name + "." + op.Name
}

func pagingRow(op *model.Operation) []string {
	p := op.Paging
	param := code(p.Param)
	if p.InBody {
		param += " in the body"
	}
	items := code(p.Items)
	switch {
	case p.Items == "":
		items = "the answer"
	case p.Values:
		items = "values of " + items
	}
	return []string{code(method(op) + "All"), code(op.Method + " " + op.Path), kinds[p.Kind], param, next(p), ends(p), items}
}

// next says where the next page comes from.
func next(p model.Paging) string {
	switch p.Kind {
	case model.PagingLink:
		return "`Link` header"
	case model.PagingPage:
		return fmt.Sprintf("the number after it, from %d", p.First)
	case model.PagingOffset:
		if p.Limit != "" {
			return "grows by " + code(p.Limit)
		}
		return "grows by the items received"
	case model.PagingCursor:
		if p.Header != "" {
			return code(p.Header) + " header"
		}
		return code(p.Next)
	case model.PagingURL:
		return "the URL in " + code(p.Next)
	case model.PagingLast:
		if p.Greatest {
			return "the greatest " + code(p.ID)
		}
		return code(p.ID) + " of the last item"
	}
	return ""
}

// ends says what stops the walk, beside an error.
func ends(p model.Paging) string {
	var parts []string
	if p.More != "" {
		parts = append(parts, "no "+code(p.More))
	}
	if p.Final != "" {
		parts = append(parts, code(p.Final))
	}
	switch p.Kind {
	case model.PagingLink, model.PagingURL:
		parts = append(parts, "no link")
	case model.PagingCursor:
		parts = append(parts, "no cursor")
	default:
		for _, path := range []string{p.Pages, p.Total} {
			if path != "" {
				parts = append(parts, code(path))
			}
		}
		parts = append(parts, "an empty page")
	}
	return strings.Join(parts, ", ")
}
