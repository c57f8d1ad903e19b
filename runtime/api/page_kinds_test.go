package api_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

type kindParams struct {
	Start *int64 `query:"start"`
	After string `query:"after"`
	Sort  string `query:"sort"`
}

type kindBody struct {
	Start *int64    `json:"start,omitzero"`
	After *string   `json:"after,omitzero"`
	Sort  string    `json:"sort,omitzero"`
	Page  *kindPage `json:"page,omitzero"`
}

type kindPage struct {
	Size  int64   `json:"size"`
	Token *string `json:"token,omitzero"`
}

// kind is an operation with this paging; a request media type makes it a POST.
func kind(p api.Paging, request api.Media) *api.Operation {
	op := &api.Operation{Provider: hub, ID: "kind", Method: "GET", Path: "/kind", Access: api.Read, Result: api.JSON, Paging: p}
	if request != "" {
		op.Method, op.Request, op.Access, op.Paging.InBody = "POST", request, api.Write, true
	}
	return op
}

const jsonMedia, formMedia = api.Media("application/json"), api.Media("application/x-www-form-urlencoded")

// TestPagingKinds walks scripted answers of a loopback server. Each kind is told
// what it must ask for, and what comes out; a fault is part of its text.
func TestPagingKinds(t *testing.T) {
	page := func(p api.Paging) api.Paging { p.Kind, p.Param = api.PagingPage, "start"; return p }
	offset := func(p api.Paging) api.Paging { p.Kind, p.Param = api.PagingOffset, "start"; return p }
	cursor := func(p api.Paging) api.Paging { p.Kind, p.Param = api.PagingCursor, "after"; return p }
	last := func(p api.Paging) api.Paging { p.Kind, p.Param, p.Items = api.PagingLast, "after", "data"; return p }
	next := func(p api.Paging) api.Paging { p.Kind = api.PagingURL; return p }
	const again, nowhere, elsewhere = "fetched before", "more follows, but not where", "leads to another host"

	for _, test := range []struct {
		name    string
		op      *api.Operation
		args    api.Args
		answers []string // body, or header: value|body
		asked   []string // query and body of each request
		ids     []int64
		fault   string
	}{
		// A page number.
		{"page from 1", kind(page(api.Paging{First: 1, Pages: "meta.pages", Items: "data"}), ""), api.Args{Params: &kindParams{Sort: "s"}},
			[]string{`{"data":[{"id":1}],"meta":{"pages":2}}`, `{"data":[{"id":2}],"meta":{"pages":2}}`},
			[]string{"sort=s", "sort=s&start=2"}, []int64{1, 2}, ""},
		{"page from 0", kind(page(api.Paging{Pages: "pages", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"pages":2}`, `{"data":[{"id":2}],"pages":2}`},
			[]string{"", "start=1"}, []int64{1, 2}, ""},
		{"page named from the start", kind(page(api.Paging{First: 1, Explicit: true}), ""), api.Args{},
			[]string{`[{"id":1}]`, `[]`}, []string{"start=1", "start=2"}, []int64{1}, ""},
		{"page by more", kind(page(api.Paging{First: 1, More: "has_more", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[],"has_more":true}`, `{"data":[{"id":2}],"has_more":false}`},
			[]string{"", "start=2"}, []int64{2}, ""},
		{"page by final", kind(page(api.Paging{Final: "last", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"last":false}`, `{"data":[{"id":2}],"last":true}`},
			[]string{"", "start=1"}, []int64{1, 2}, ""},
		{"page by total", kind(page(api.Paging{First: 1, Total: "total", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"total":2}`, `{"data":[{"id":2}],"total":2}`},
			[]string{"", "start=2"}, []int64{1, 2}, ""},
		{"page by total from the middle", kind(page(api.Paging{First: 1, Total: "total", Items: "data"}), ""), api.Args{Params: &kindParams{Start: new(int64(2))}},
			[]string{`{"data":[{"id":2}],"total":2}`, `{"data":[],"total":2}`},
			[]string{"start=2", "start=3"}, []int64{2}, ""},
		{"page in a JSON body", kind(page(api.Paging{First: 1, Pages: "pages", Items: "data"}), jsonMedia), api.Args{Body: &kindBody{Sort: "s", Start: new(int64(2))}},
			[]string{`{"data":[{"id":2}],"pages":3}`, `{"data":[{"id":3}],"pages":3}`},
			[]string{`{"start":2,"sort":"s"}`, `{"start":3,"sort":"s"}`}, []int64{2, 3}, ""},

		// An offset.
		{"offset by items and total", kind(offset(api.Paging{Total: "total", Items: "data"}), ""), api.Args{Params: &kindParams{Sort: "s"}},
			[]string{`{"data":[{"id":1},{"id":2}],"total":3}`, `{"data":[{"id":3}],"total":3}`},
			[]string{"sort=s", "sort=s&start=2"}, []int64{1, 2, 3}, ""},
		{"offset by limit", kind(offset(api.Paging{Total: "total", Limit: "limit", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"limit":10,"total":15}`, `{"data":[{"id":2}],"limit":10,"total":15}`},
			[]string{"", "start=10"}, []int64{1, 2}, ""},
		{"offset without total", kind(offset(api.Paging{}), ""), api.Args{Params: &kindParams{Start: new(int64(5))}},
			[]string{`[{"id":1},{"id":2}]`, `[]`}, []string{"start=5", "start=7"}, []int64{1, 2}, ""},
		{"offset from 1", kind(offset(api.Paging{First: 1, Total: "total", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1},{"id":2}],"total":3}`, `{"data":[{"id":3}],"total":3}`},
			[]string{"", "start=3"}, []int64{1, 2, 3}, ""},
		{"offset, isLast", kind(offset(api.Paging{Final: "isLast", Total: "total", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"isLast":false}`, `{"data":[{"id":2}],"isLast":true,"total":9}`},
			[]string{"", "start=1"}, []int64{1, 2}, ""},
		{"offset, a link that is null at the end", kind(offset(api.Paging{More: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":"https://other.example/"}`, `{"data":[{"id":2}],"next":null}`},
			[]string{"", "start=1"}, []int64{1, 2}, ""},
		{"offset in a form", kind(offset(api.Paging{Total: "total", Items: "data"}), formMedia), api.Args{Body: &kindBody{Start: new(int64(1)), Sort: "s"}},
			[]string{`{"data":[{"id":2}],"total":3}`, `{"data":[{"id":3}],"total":3}`},
			[]string{"start=1&sort=s", "start=2&sort=s"}, []int64{2, 3}, ""},
		{"negative total", kind(offset(api.Paging{Total: "total", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"total":-4}`, `{"data":[],"total":-4}`}, []string{"", "start=1"}, []int64{1}, ""},
		{"total too large", kind(offset(api.Paging{Total: "total", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"total":9}`, `{"data":[],"total":9}`}, []string{"", "start=1"}, []int64{1}, ""},
		{"limit that overflows", kind(offset(api.Paging{More: "more", Limit: "limit", Items: "data"}), ""), api.Args{Params: &kindParams{Start: new(int64(9))}},
			[]string{`{"data":[{"id":1}],"limit":9223372036854775807,"more":true}`}, []string{"start=9"}, nil, nowhere},
		{"more without items", kind(offset(api.Paging{More: "more", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[],"more":true}`}, []string{""}, nil, nowhere},

		// A cursor.
		{"cursor and more", kind(cursor(api.Paging{Next: "meta.next", More: "more", Items: "data"}), ""), api.Args{Params: &kindParams{Sort: "s"}},
			[]string{`{"data":[{"id":1}],"meta":{"next":"b"},"more":true}`, `{"data":[{"id":2}],"meta":{"next":"c"},"more":false}`},
			[]string{"sort=s", "sort=s&after=b"}, []int64{1, 2}, ""},
		{"cursor that is a number", kind(cursor(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":1555072968396}`, `{"data":[],"next":0}`}, []string{"", "after=1555072968396"}, []int64{1}, ""},
		{"cursor in a header", kind(cursor(api.Paging{Header: "X-Next"}), ""), api.Args{},
			[]string{`X-Next: b|[{"id":1}]`, `[{"id":2}]`}, []string{"", "after=b"}, []int64{1, 2}, ""},
		{"cursor in a JSON body", kind(cursor(api.Paging{Next: "cursor", Items: "data"}), jsonMedia), api.Args{Body: &kindBody{Sort: "s", After: new("a")}},
			[]string{`{"data":[{"id":1}],"cursor":"\"b"}`, `{"data":[{"id":2}]}`},
			[]string{`{"after":"a","sort":"s"}`, `{"after":"\"b","sort":"s"}`}, []int64{1, 2}, ""},
		{"cursor in no body yet", kind(cursor(api.Paging{Next: "cursor", Items: "data"}), jsonMedia), api.Args{Body: (*kindBody)(nil)},
			[]string{`{"data":[{"id":1}],"cursor":"b"}`, `{"data":[{"id":2}],"cursor":null}`}, []string{"", `{"after":"b"}`}, []int64{1, 2}, ""},
		{"cursor deep in a JSON body", kind(api.Paging{Kind: api.PagingCursor, Param: "page.token", Next: "cursor", Items: "data"}, jsonMedia), api.Args{Body: &kindBody{Page: &kindPage{Size: 2}}},
			[]string{`{"data":[{"id":1}],"cursor":"b"}`, `{"data":[{"id":2}]}`},
			[]string{`{"page":{"size":2}}`, `{"page":{"size":2,"token":"b"}}`}, []int64{1, 2}, ""},
		{"items missing and null", kind(cursor(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"next":"b"}`, `{"data":null,"next":"c"}`, `{"data":[{"id":3}]}`}, []string{"", "after=b", "after=c"}, []int64{3}, ""},
		{"same cursor again", kind(cursor(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":"b"}`, `{"data":[{"id":2}],"next":"b"}`}, []string{"", "after=b"}, []int64{1}, again},
		{"more without cursor", kind(cursor(api.Paging{Next: "next", More: "more", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":"","more":true}`}, []string{""}, nil, nowhere},

		// A URL in the body.
		{"URLs", kind(next(api.Paging{Next: "links.next", Items: "data"}), ""), api.Args{Params: &kindParams{Sort: "s"}},
			[]string{`{"data":[{"id":1}],"links":{"next":"HOST/kind?p=2"}}`, `{"data":[{"id":2}],"links":{"next":"/kind?p=3"}}`, `{"data":[{"id":3}],"links":{"next":"?p=4"}}`, `{"data":[],"links":{}}`},
			[]string{"sort=s", "p=2", "p=3", "p=4"}, []int64{1, 2, 3}, ""},
		{"a name with dots", kind(next(api.Paging{Next: "/@odata.nextLink", Items: "value"}), ""), api.Args{},
			[]string{`{"value":[{"id":1}],"@odata.nextLink":"HOST/kind?$skiptoken=x"}`, `{"value":[{"id":2}]}`}, []string{"", "$skiptoken=x"}, []int64{1, 2}, ""},
		{"another host", kind(next(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":"https://evil.example/kind"}`}, []string{""}, nil, elsewhere},
		{"another host without scheme", kind(next(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":"//evil.example/kind"}`}, []string{""}, nil, elsewhere},
		{"itself", kind(next(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}],"next":"HOST/kind"}`}, []string{""}, nil, again},

		// The last item's ID.
		{"after the last", kind(last(api.Paging{ID: "id", More: "has_more"}), ""), api.Args{Params: &kindParams{Sort: "s"}},
			[]string{`{"data":[{"id":5},{"id":3}],"has_more":true}`, `{"data":[{"id":2}],"has_more":false}`},
			[]string{"sort=s", "sort=s&after=3"}, []int64{5, 3, 2}, ""},
		{"after the greatest", kind(last(api.Paging{ID: "id", Greatest: true}), ""), api.Args{},
			[]string{`{"data":[{"id":9},{"id":10},{"id":7}]}`, `{"data":[]}`}, []string{"", "after=10"}, []int64{9, 10, 7}, ""},
		{"by an ID inside", kind(last(api.Paging{ID: "user.key"}), ""), api.Args{},
			[]string{`{"data":[{"id":1,"user":{"key":"u1"}}]}`, `{"data":null}`}, []string{"", "after=u1"}, []int64{1}, ""},
		{"no ID", kind(last(api.Paging{ID: "user.key"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}]}`}, []string{""}, nil, "no ID"},
		{"more without an item", kind(last(api.Paging{ID: "id", More: "has_more"}), ""), api.Args{},
			[]string{`{"data":[],"has_more":true}`}, []string{""}, nil, nowhere},
		{"same page again", kind(last(api.Paging{ID: "id"}), ""), api.Args{},
			[]string{`{"data":[{"id":1}]}`, `{"data":[{"id":1}]}`}, []string{"", "after=1"}, []int64{1}, again},

		// A map of items, in the order of the body.
		{"values", kind(cursor(api.Paging{Next: "next", Items: "data", Values: true}), ""), api.Args{},
			[]string{`{"data":{"z":{"id":1},"a":{"id":2}},"next":"b"}`, `{"data":{}}`}, []string{"", "after=b"}, []int64{1, 2}, ""},
		{"items that are no list", kind(cursor(api.Paging{Next: "next", Items: "data"}), ""), api.Args{},
			[]string{`{"data":{"z":{"id":1}}}`}, []string{""}, nil, "/data"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				text, _ := io.ReadAll(r.Body)
				asked = append(asked, r.URL.RawQuery+string(text))
				if len(asked) > len(test.answers) {
					http.Error(w, "one page too many", http.StatusTeapot)
					return
				}
				answer := test.answers[len(asked)-1]
				if head, body, ok := strings.Cut(answer, "|"); ok {
					name, value, _ := strings.Cut(head, ": ")
					w.Header().Set(name, value)
					answer = body
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, strings.ReplaceAll(answer, "HOST", "http://"+r.Host))
			})
			c := api.NewClient(nil, hub, api.WithBaseURL(base))
			ids, err := walk(t.Context(), c, test.op, test.args)
			if d := cmp.Diff(test.asked, asked); d != "" {
				t.Errorf("asked -want +got:\n%s", d)
			}
			if d := cmp.Diff(test.ids, ids); d != "" {
				t.Errorf("items -want +got:\n%s", d)
			}
			switch {
			case test.fault == "" && err != nil:
				t.Error(err)
			case test.fault != "":
				e, ok := errors.AsType[*api.DecodeError](err)
				if !ok || !strings.Contains(e.Reason+e.Pointer, test.fault) || strings.Contains(e.Error(), "evil") {
					t.Errorf("fault %v, want %q", err, test.fault)
				}
			}
		})
	}
}

// TestPagesWithoutItems: a walk whose pages stay empty gives its caller no turn to
// leave, so it ends by itself.
func TestPagesWithoutItems(t *testing.T) {
	n := 0
	c := client(t, hub, func(*http.Request) (*http.Response, error) {
		n++
		return answer(200, jsonType, fmt.Sprintf(`{"next":"c%d"}`, n)), nil
	})
	_, err := walk(t.Context(), c, kind(api.Paging{Kind: api.PagingCursor, Param: "after", Next: "next", Items: "data"}, ""), api.Args{})
	if e, ok := errors.AsType[*api.DecodeError](err); !ok || !strings.Contains(e.Reason, "too many pages") || n != 1001 {
		t.Error(err, n)
	}
}

// TestPagesKeepTheCallersBody: the walk changes nothing that is the caller's.
func TestPagesKeepTheCallersBody(t *testing.T) {
	n := 0
	c := client(t, hub, flaky(&n, always(200, jsonType, `{"data":[{"id":1}],"next":"b"}`), always(200, jsonType, `{}`)))
	body := &kindBody{Sort: "s"}
	op := kind(api.Paging{Kind: api.PagingCursor, Param: "after", Next: "next", Items: "data"}, jsonMedia)
	if _, err := walk(t.Context(), c, op, api.Args{Body: body}); err != nil || n != 2 {
		t.Error(err, n)
	}
	if d := cmp.Diff(&kindBody{Sort: "s"}, body); d != "" {
		t.Error(d)
	}
}

// TestPagesInABodyThatHoldsNone: a list as a body has no place for the cursor.
func TestPagesInABodyThatHoldsNone(t *testing.T) {
	n := 0
	c := client(t, hub, flaky(&n, always(200, jsonType, `{"data":[{"id":1}],"next":"b"}`)))
	op := kind(api.Paging{Kind: api.PagingCursor, Param: "after", Next: "next", Items: "data"}, jsonMedia)
	got, err := walk(t.Context(), c, op, api.Args{Body: []string{"x"}})
	if _, ok := errors.AsType[*api.EncodeError](err); !ok || n != 1 || len(got) != 1 {
		t.Error(err, n, got)
	}
}
