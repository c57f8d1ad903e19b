package tables

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/model"
)

func list(of *model.Ref) *model.Ref { return &model.Ref{Kind: model.Array, Elem: of} }

var text = &model.Ref{Kind: model.String}

func object(fields ...*model.Field) *model.Ref {
	return &model.Ref{Kind: model.Named, Type: &model.Type{Kind: model.Struct, Fields: fields}}
}

func field(name string, r *model.Ref) *model.Field { return &model.Field{JSON: name, Ref: r} }

func get(name string, answer *model.Ref, params ...string) *model.Operation {
	op := &model.Operation{
		Method: "GET", Path: "/" + strings.ToLower(name), Name: name, Group: &model.Group{Name: "Things"},
		Result: model.Result{Kind: model.ResultJSON, Ref: answer},
	}
	for _, p := range params {
		op.Params = append(op.Params, &model.Param{Name: p, In: "query", Ref: text})
	}
	return op
}

func TestWhy(t *testing.T) {
	union := &model.Ref{Kind: model.Named, Type: &model.Type{Kind: model.Union}}
	post := get("Post", object(field("ids", list(text))), "page")
	post.Method = "POST"
	download := get("Download", nil, "page")
	download.Result.Kind = model.ResultStream
	nothing := get("Nothing", nil, "page")
	nothing.Result.Kind = model.ResultNone
	paged := get("Paged", list(text), "page")
	paged.Paging.Kind = model.PagingPage
	for _, test := range []struct {
		op   *model.Operation
		want string
	}{
		{paged, ""},
		{get("One", object(field("id", text)), "id"), ""},
		{get("One", object(field("id", text)), "limit"), ""},
		{get("One", object(field("id", text)), "page"), "the answer has no list, although there is `page`"},
		{get("List", list(text)), ""},
		{get("List", list(text), "page_token"), "no rule fits `page_token`"},
		{get("List", list(text), "per_page"), "`per_page` limits the list, and nothing says where another page starts"},
		{get("List", object(field("a", list(text)), field("data", object(field("b", list(text))))), "offset"), "the answer has several lists: `a`, `data.b`"},
		{get("List", object(field("a", list(text)), field("next_cursor", text))), "the answer has `next_cursor`, and no rule reads it"},
		{get("List", object(field("a", text), field("meta", object(field("next", text))))), "the answer has no list, as far as the document tells"},
		{get("List", union, "page"), "the answer is one of several types"},
		{get("List", &model.Ref{Kind: model.Any}, "page"), "the document does not describe the answer"},
		{get("List", &model.Ref{Kind: model.Map, Elem: text}, "page"), "the answer is a map"},
		{post, ""},
		{download, "the answer is no JSON"},
		{nothing, ""},
	} {
		if got := Why(test.op); got != test.want {
			t.Errorf("%s: %q, want %q", test.op.Name, got, test.want)
		}
	}
}

func TestPaging(t *testing.T) {
	with := func(op *model.Operation, p model.Paging) *model.Operation { op.Paging = p; return op }
	p := Provider{Config: &config.Provider{Name: "p"}, API: &model.API{Title: "An <API>", Ops: []*model.Operation{
		with(get("Offset", list(text)), model.Paging{Kind: model.PagingOffset, Param: "offset", Total: "total", Items: "data"}),
		with(get("Cursor", list(text)), model.Paging{Kind: model.PagingCursor, Param: "page.after", InBody: true, Next: "next", More: "has_more"}),
		with(get("URL", list(text)), model.Paging{Kind: model.PagingURL, Next: "/@odata.nextLink", Items: "value", Values: true}),
		with(get("Last", list(text)), model.Paging{Kind: model.PagingLast, Param: "after", ID: "id", Greatest: true}),
		get("Odd", list(text), "page"),
	}}}
	want := written + "# How An &lt;API> pages\n\n" +
		"4 iterators (cursor 1, last 1, offset 1, url 1). Each has an iterator, whose name ends in `All`.\n" +
		"[specs/README.md](../../specs/README.md#paging) explains the kinds.\n\n" +
		"| method | operation | kind | parameter | the next page | the walk ends with | items |\n|---|---|---|---|---|---|---|\n" +
		"| `Things.CursorAll` | `GET /cursor` | cursor | `page.after` in the body | `next` | no `has_more`, no cursor | the answer |\n" +
		"| `Things.LastAll` | `GET /last` | last | `after` | the greatest `id` | an empty page | the answer |\n" +
		"| `Things.OffsetAll` | `GET /offset` | offset | `offset` | grows by the items received | `total`, an empty page | `data` |\n" +
		"| `Things.URLAll` | `GET /url` | url |  | the URL in `/@odata.nextLink` | no link | values of `value` |\n" +
		"\n## Lists without an iterator\n\n1 operation has parameters or answers like those of lists that page.\n\n" +
		"| method | operation | why |\n|---|---|---|\n| `Things.Odd` | `GET /odd` | no rule fits `page` |\n"
	if d := cmp.Diff(want, string(Paging(p))); d != "" {
		t.Error(d)
	}
}

func TestProviders(t *testing.T) {
	p := Provider{
		Config: &config.Provider{Name: "p", Source: config.Source{Npm: "a", Version: "1.0.0", Path: "b.json", Date: "2026-01-02", Licence: "MIT"}},
		API:    &model.API{Title: "An API", Version: "v3", Ops: []*model.Operation{get("A", list(text))}}, Lines: 1234, Bytes: 56789,
	}
	m := Measured{Command: "make sizes", Date: "2026-01-03", Machine: "m", Go: "go1", Packages: map[string]Build{"p": {WallMS: 1240, UserMS: 800, PeakMB: 90}}}
	got := string(Providers([]Provider{p}, m))
	for _, want := range []string{
		"| [p](p) | 1 | 0 | does not say | [none](p/PAGING.md) | 1,234 | 57 | 1.2 s, 0.8 s CPU, 90 MB |\n",
		"`make sizes` on 2026-01-03 (m, go1)",
		"| p | An API | npm `a@1.0.0`, `b.json` | `v3` | 2026-01-02 | MIT |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := string(Providers([]Provider{p}, Measured{})); !strings.Contains(got, "| not measured |") || strings.Contains(got, "processor time") {
		t.Error(got)
	}
}

func TestAuth(t *testing.T) {
	schemes := func(all map[string]any) map[string]any {
		return map[string]any{"components": map[string]any{"securitySchemes": all}}
	}
	for want, doc := range map[string]map[string]any{
		"does not say": {},
		"OAuth 2.0, bearer, key in the header X-Key": schemes(map[string]any{
			"a": map[string]any{"type": "oauth2"}, "b": map[string]any{"type": "oauth2"},
			"c": map[string]any{"type": "http", "scheme": "Bearer"}, "d": map[string]any{"type": "apiKey", "in": "header", "name": "X-Key"},
		}),
		"basic": {"securityDefinitions": map[string]any{"a": map[string]any{"type": "basic"}}},
	} {
		if got := Auth(doc); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
