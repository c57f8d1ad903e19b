package tables

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// Parameters that say where a page starts, and how large it is.
var (
	starts = []string{"page", "pagenumber", "pageindex", "offset", "start", "startat", "startindex", "startposition", "skip", "cursor", "marker", "nextmarker",
		"pagetoken", "nextpagetoken", "nexttoken", "paginationtoken", "nextcursor", "startcursor", "startingafter", "continuationtoken", "skiptoken"}
	sizes = []string{"limit", "perpage", "pagesize", "maxresults", "maxitems", "count", "top"}
	nexts = []string{"next", "nextpage", "nextpagetoken", "nexttoken", "nextcursor", "nextmarker", "nextpageuri", "nexturl", "nexturi", "odatanextlink", "nextlink", "hasmore"}
)

// Why says why an operation that looks like a list which pages has no iterator; ""
// when it pages, or does not look like it.
func Why(op *model.Operation) string {
	if op.Paging.Kind != model.PagingNone || op.Result.Kind == model.ResultNone {
		return ""
	}
	start, size := asked(op, starts), asked(op, sizes)
	next := tells(op)
	if op.Method != http.MethodGet && (start == "" || next == "") || start == "" && size == "" && next == "" {
		return ""
	}
	if op.Result.Kind != model.ResultJSON {
		return "the answer is no JSON"
	}
	found, lists := answer(op.Result.Ref)
	switch {
	case found != "":
		return found
	case len(lists) == 0 && next == "":
		return notAList(start)
	case len(lists) == 0:
		return "the answer has no list, as far as the document tells"
	case start == "" && next == "":
		return code(size) + " limits the list, and nothing says where another page starts"
	case start == "":
		return fmt.Sprintf("the answer has %s, and no rule reads it", code(next))
	case len(lists) > 1:
		return "the answer has several lists: " + strings.Join(lists, ", ")
	}
	return "no rule fits " + code(start)
}

func notAList(start string) string {
	if start == "" {
		return "" // a limit of something else
	}
	return "the answer has no list, although there is " + code(start)
}

// answer tells the lists of an answer, or why it cannot be looked into.
func answer(r *model.Ref) (fault string, lists []string) {
	switch r = r.Base(); {
	case r.Kind == model.Array:
		return "", []string{"the answer"}
	case r.Kind == model.Any:
		return "the document does not describe the answer", nil
	case r.Kind == model.Map:
		return "the answer is a map", nil
	case r.Kind == model.Named && r.Type.Kind == model.Union:
		return "the answer is one of several types", nil
	}
	for _, f := range fields(r) {
		if f.Ref.Base().Kind == model.Array {
			lists = append(lists, code(f.JSON))
			continue
		}
		for _, inner := range fields(f.Ref) {
			if inner.Ref.Base().Kind == model.Array {
				lists = append(lists, code(f.JSON+"."+inner.JSON))
			}
		}
	}
	return "", lists
}

func fields(r *model.Ref) []*model.Field {
	if r = r.Base(); r.Kind == model.Named && r.Type.Kind == model.Struct {
		return r.Type.Fields
	}
	return nil
}

// plain is a name without its manner of writing.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "", "$", "", "@", "", "[", "", "]", "").Replace(name))
}

func asked(op *model.Operation, names []string) string {
	for _, p := range op.Params {
		if p.In == "query" && slices.Contains(names, plain(p.Name)) {
			return p.Name
		}
	}
	if op.Body != nil && op.Body.Ref != nil {
		for _, f := range fields(op.Body.Ref) {
			if slices.Contains(names, plain(f.JSON)) {
				return f.JSON
			}
		}
	}
	return ""
}

// tells finds a member of the answer, or one level below, that speaks of a next page.
func tells(op *model.Operation) string {
	if op.Result.Ref == nil {
		return ""
	}
	for _, f := range fields(op.Result.Ref) {
		if slices.Contains(nexts, plain(f.JSON)) && f.Ref.Base().Kind != model.Array {
			return f.JSON
		}
		for _, inner := range fields(f.Ref) {
			if slices.Contains(nexts, plain(inner.JSON)) && inner.Ref.Base().Kind == model.String {
				return f.JSON + "." + inner.JSON
			}
		}
	}
	return ""
}
