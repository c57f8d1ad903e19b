package lower

import (
	"net/http"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// guessed is the paging that the shape of an operation proves, and by what.
type guessed struct {
	model.Paging
	reason string
}

// guess asks each shape for all of its marks: a wrong iterator is worse than none.
// A list that is not the answer's only one is never taken.
func guess(op *model.Operation, link bool) *guessed {
	list, elem := items(op.Result.Ref, nil, false)
	if elem == nil {
		return guessOData(op)
	}
	for _, shape := range []func(*model.Operation, *model.Ref) *guessed{
		guessToken, guessAfterLast, guessURL, guessOffset, guessNumber,
	} {
		if g := shape(op, elem); g != nil {
			g.Items, g.Elem = list, elem
			return g
		}
	}
	if g := guessOData(op); g != nil {
		return g
	}
	if link && op.Method == http.MethodGet {
		return guessLink(op, list, elem)
	}
	return nil
}

// plain is a name without its manner of writing: "next_page-Token" is nextpagetoken.
func plain(name string) string {
	return strings.ToLower(signs.Replace(name))
}

var signs = strings.NewReplacer("_", "", "-", "", ".", "", "$", "")

// seen is a member of an answer, or one level below it.
type seen struct {
	path string
	name string // plain
	in   string // plain name of the member around it, or ""
	ref  *model.Ref
}

// wrappers are members that tell about the page and hold nothing else.
var wrappers = []string{"meta", "metadata", "pagination", "paging", "page", "pageinfo", "paginginfo", "links", "responsemetadata", "cursors", "cursor"}

func membersOf(op *model.Operation) []seen {
	var out []seen
	for _, f := range fieldsOf(op.Result.Ref) {
		out = append(out, seen{pathTo(f.JSON), plain(f.JSON), "", f.Ref.Base()})
		if !slices.Contains(wrappers, plain(f.JSON)) {
			continue
		}
		for _, inner := range fieldsOf(f.Ref) {
			out = append(out, seen{pathTo(f.JSON, inner.JSON), plain(inner.JSON), plain(f.JSON), inner.Ref.Base()})
		}
	}
	return out
}

func fieldsOf(r *model.Ref) []*model.Field {
	if r = r.Base(); r.Kind == model.Named && r.Type.Kind == model.Struct {
		return r.Type.Fields
	}
	return nil
}

// only gives the path of the one member that has one of the names and the kind.
func only(op *model.Operation, kind model.RefKind, names ...string) string {
	found := ""
	for _, m := range membersOf(op) {
		if m.ref.Kind != kind || !slices.Contains(names, m.name) {
			continue
		}
		if found != "" {
			return ""
		}
		found = m.path
	}
	return found
}

// asked finds a parameter of the kind by its plain name: in the query of a read,
// or in a JSON or form body.
func asked(op *model.Operation, kind model.RefKind, names ...string) (name string, inBody bool) {
	for _, want := range names {
		if op.Method == http.MethodGet {
			for _, p := range op.Params {
				if p.In == "query" && plain(p.Name) == want && p.Ref.Base().Kind == kind {
					return p.Name, false
				}
			}
			continue
		}
		if b := op.Body; op.Method == http.MethodPost && b != nil && b.Ref != nil && (b.Kind == model.BodyJSON || b.Kind == model.BodyForm) {
			for _, f := range fieldsOf(b.Ref) {
				if plain(f.JSON) == want && f.Ref.Base().Kind == kind && !strings.ContainsAny(f.JSON, "./") {
					return f.JSON, true
				}
			}
		}
	}
	return "", false
}

var sizes = []string{"limit", "pagesize", "perpage", "maxresults", "count", "maxitems"}

func size(op *model.Operation) string {
	name, _ := asked(op, model.Int, sizes...)
	return name
}

// tokens maps a parameter to what the answer calls the next page's value of it. A
// member of the same name could be this page's own, unless it says "next".
var tokens = [][2]string{
	{"pagetoken", "nextpagetoken"}, {"nextpagetoken", "nextpagetoken"}, {"nexttoken", "nexttoken"},
	{"paginationtoken", "nexttoken"}, {"paginationtoken", "nextpaginationtoken"}, {"cursor", "nextcursor"},
	{"nextcursor", "nextcursor"}, {"startcursor", "nextcursor"}, {"pagecursor", "nextpagecursor"}, {"pagecursor", "nextcursor"},
	{"marker", "nextmarker"}, {"nextmarker", "nextmarker"}, {"continuationtoken", "nextcontinuationtoken"},
}

func guessToken(op *model.Operation, _ *model.Ref) *guessed {
	for _, pair := range tokens {
		param, inBody := asked(op, model.String, pair[0])
		next := only(op, model.String, pair[1])
		if param == "" || next == "" {
			continue
		}
		return &guessed{model.Paging{
			Kind: model.PagingCursor, Param: param, InBody: inBody, Size: size(op), Next: next, More: only(op, model.Bool, "hasmore"),
		}, "the cursor " + next}
	}
	return nil
}

// guessAfterLast is starting_after with has_more, over items that have an ID.
func guessAfterLast(op *model.Operation, elem *model.Ref) *guessed {
	param, _ := asked(op, model.String, "startingafter")
	more := only(op, model.Bool, "hasmore")
	id := slices.ContainsFunc(fieldsOf(elem), func(f *model.Field) bool { return f.JSON == "id" && f.Ref.Base().Kind == model.String })
	if op.Method != http.MethodGet || param == "" || more == "" || !id {
		return nil
	}
	return &guessed{model.Paging{Kind: model.PagingLast, Param: param, Size: size(op), More: more, ID: "id"}, "the last item's ID"}
}

// guessURL is a member for the next page whose name or format says that it is a URL.
func guessURL(op *model.Operation, _ *model.Ref) *guessed {
	if op.Method != http.MethodGet {
		return nil
	}
	found := ""
	for _, m := range membersOf(op) {
		if m.ref.Kind != model.String || m.in != "" && m.in != "links" && m.in != "pagination" && m.in != "paging" {
			continue
		}
		named := slices.Contains([]string{"nexturl", "nexturi", "nextpageurl", "nextpageuri", "nexthref"}, m.name)
		if !named && !(m.name == "next" && m.ref.URL) {
			continue
		}
		if found != "" {
			return nil
		}
		found = m.path
	}
	if found == "" {
		return nil
	}
	return &guessed{model.Paging{Kind: model.PagingURL, Size: size(op), Next: found}, "the URL in " + found}
}

// guessOData is a list "value" beside a link to the next page.
func guessOData(op *model.Operation) *guessed {
	if op.Method != http.MethodGet {
		return nil
	}
	var elem, next *model.Ref
	path := ""
	for _, f := range fieldsOf(op.Result.Ref) {
		switch r := f.Ref.Base(); {
		case f.JSON == "value" && r.Kind == model.Array:
			elem = r.Elem
		case (f.JSON == "@odata.nextLink" || f.JSON == "nextLink" || f.JSON == "odata.nextLink") && r.Kind == model.String && next == nil:
			next, path = r, pathTo(f.JSON)
		}
	}
	if elem == nil || next == nil {
		return nil
	}
	return &guessed{model.Paging{Kind: model.PagingURL, Next: path, Items: "value", Elem: elem}, "the URL in " + path}
}

// guessOffset is an offset and a limit, both numbers, and the number of all items.
func guessOffset(op *model.Operation, _ *model.Ref) *guessed {
	for _, pair := range [][2]string{{"offset", "limit"}, {"startat", "maxresults"}, {"skip", "limit"}, {"skip", "take"}} {
		param, inBody := asked(op, model.Int, pair[0])
		limit, _ := asked(op, model.Int, pair[1])
		total := only(op, model.Int, "total", "totalcount", "totalitems", "totalresults")
		if param == "" || limit == "" || total == "" {
			continue
		}
		return &guessed{model.Paging{
			Kind: model.PagingOffset, Param: param, InBody: inBody, Size: limit, Total: total,
			Final: only(op, model.Bool, "islast"), More: only(op, model.Bool, "hasmore"),
		}, "an offset up to " + total}
	}
	return nil
}

// guessNumber is a page number, whose first value the document tells, and the
// number of pages.
func guessNumber(op *model.Operation, _ *model.Ref) *guessed {
	if op.Method != http.MethodGet {
		return nil
	}
	name, _ := asked(op, model.Int, "page", "pagenumber")
	pages := only(op, model.Int, "totalpages", "pagecount", "lastpage")
	if name == "" || pages == "" {
		return nil
	}
	p := queryParam(op, name)
	least := func(n float64) bool { return p.Least != nil && *p.Least == n }
	first := int64(0)
	switch {
	case p.Default == "1" && !least(0), p.Default == "" && least(1):
		first = 1
	case p.Default == "0" && !least(1):
	default:
		return nil // 0 and 1 are both common
	}
	return &guessed{model.Paging{Kind: model.PagingPage, Param: name, Size: size(op), First: first, Pages: pages}, "a page number up to " + pages}
}

// guessLink is a documented Link header beside a parameter that asks for a page.
func guessLink(op *model.Operation, list string, elem *model.Ref) *guessed {
	for _, p := range op.Params {
		if p.In == "query" && slices.Contains([]string{"page", "perpage", "pagesize", "cursor", "after", "before", "limit", "pageinfo"}, plain(p.Name)) {
			return &guessed{model.Paging{Kind: model.PagingLink, Size: size(op), Items: list, Elem: elem}, "the Link header"}
		}
	}
	return nil
}
