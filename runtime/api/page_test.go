package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

type pageParams struct {
	PerPage *int64 `query:"per_page"`
	Page    *int64 `query:"page"`
	Cursor  string `query:"cursor"`
	Sort    string `query:"sort"`
}

var (
	opLinks = api.Operation{Provider: hub, ID: "list", Method: "GET", Path: "/list", Access: api.Read, Result: api.JSON,
		Paging: api.Paging{Kind: api.PagingLink, Param: "page", Size: "per_page"}}
	opNumbers = api.Operation{Provider: hub, ID: "search", Method: "GET", Path: "/search", Access: api.Read, Result: api.JSON,
		Paging: api.Paging{Kind: api.PagingPage, Param: "page", Size: "per_page", First: 1, Items: "result.items", Pages: "result.pages"}}
	opCursors = api.Operation{Provider: chat, ID: "users.list", Method: "GET", Path: "/users.list", Access: api.Read, Result: api.JSON,
		Paging: api.Paging{Kind: api.PagingCursor, Param: "cursor", Size: "limit", Next: "meta.next_cursor", Items: "members"}}
)

// walk collects the IDs of all items and the error that ended the walk.
func walk(ctx context.Context, c *api.Client, op *api.Operation, args api.Args, opts ...api.CallOption) (ids []int64, err error) {
	for item, fault := range api.Pages[repository](ctx, c, op, args, opts...) {
		if fault != nil {
			return ids, fault
		}
		ids = append(ids, item.ID)
	}
	return ids, nil
}

func TestPagesByLink(t *testing.T) {
	var asked []string
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.RequestURI()+" "+r.Header.Get("X-Own"))
		switch r.URL.Query().Get("page") {
		case "":
			return answer(200, jsonType, `[{"id":1},{"id":2}]`, "Link",
				`<https://api.hub.example/list?page=1>; rel="prev first", <https://API.hub.example:443/list?page=2&x=a,b>; title="a, b"; rel="next"`), nil
		case "2":
			return answer(200, jsonType, `[]`, "Link", `</list?page=3>; rel=next`), nil
		}
		return answer(200, jsonType, `[{"id":3}]`, "Link", `</list?page=1>; rel="first"`), nil
	})
	got, err := walk(t.Context(), c, &opLinks, api.Args{Params: &pageParams{Sort: "s"}}, api.WithHeader("X-Own", "1"))
	if d := cmp.Diff([]int64{1, 2, 3}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if d := cmp.Diff([]string{"/list?sort=s 1", "/list?page=2&x=a,b 1", "/list?page=3 1"}, asked); d != "" {
		t.Error(d)
	}
}

func TestPagesStayOnTheHost(t *testing.T) {
	for _, link := range []string{"https://evil.example/list?page=2", "http://api.hub.example/list", "https://api.hub.example:8443/list", "https://u@api.hub.example/list", ":"} {
		n := 0
		got, err := walk(t.Context(), client(t, hub, flaky(&n, always(200, jsonType, `[{"id":1}]`, "Link", "<"+link+`>; rel="next"`))), &opLinks, api.Args{})
		if e, ok := errors.AsType[*api.DecodeError](err); !ok || n != 1 || strings.Contains(e.Error(), "evil") || len(got) != 0 {
			t.Error(link, err, n, got)
		}
	}
}

func TestPagesByNumber(t *testing.T) {
	for name, test := range map[string]struct {
		params *pageParams
		pages  string // total that the body tells
		sizes  []int  // items per page
		asked  []string
	}{
		"until empty":    {nil, "", []int{2, 1, 0}, []string{"", "page=2", "page=3"}},
		"short pages":    {&pageParams{PerPage: new(int64(3))}, "", []int{2, 1, 0}, []string{"per_page=3", "per_page=3&page=2", "per_page=3&page=3"}},
		"negative total": {nil, `,"pages":-7`, []int{1, 0}, []string{"", "page=2"}},
		"total as text":  {nil, `,"pages":"2.0"`, []int{1, 0, 9}, []string{"", "page=2"}},
		"total":          {nil, `,"pages":2`, []int{2, 2, 2}, []string{"", "page=2"}},
		"start at three": {&pageParams{Page: new(int64(3))}, "", []int{9, 9, 1, 0}, []string{"page=3", "page=4"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			c := client(t, hub, func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.RawQuery)
				page, _ := strconv.Atoi(r.URL.Query().Get("page"))
				size := test.sizes[max(page, 1)-1]
				items := strings.TrimSuffix(strings.Repeat(`{"id":1},`, size), ",")
				return answer(200, jsonType, `{"result":{"items":[`+items+`]`+test.pages+`}}`), nil
			})
			if _, err := walk(t.Context(), c, &opNumbers, api.Args{Params: test.params}); err != nil {
				t.Error(err)
			}
			if d := cmp.Diff(test.asked, asked); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPagesLinkWinsOverNumber(t *testing.T) {
	n := 0
	c := client(t, hub, flaky(&n,
		always(200, jsonType, `{"result":{"items":[{"id":1}]}}`, "Link", `</search?page=9>; rel="next"`),
		always(200, jsonType, `{"result":{"items":[{"id":2}]}}`, "Link", `</search?page=1>; rel="first"`)))
	got, err := walk(t.Context(), c, &opNumbers, api.Args{})
	if d := cmp.Diff([]int64{1, 2}, got); d != "" || err != nil || n != 2 {
		t.Error(d, err, n)
	}
}

func TestPagesByCursor(t *testing.T) {
	form := opCursors
	form.Method, form.Request, form.Paging.InBody = "POST", "application/x-www-form-urlencoded", true
	type formBody struct {
		Cursor string `json:"cursor,omitzero"`
		Limit  *int64 `json:"limit,omitzero"`
	}
	for name, test := range map[string]struct {
		op   api.Operation
		args api.Args
		want []string
	}{
		"query":      {opCursors, api.Args{Params: &pageParams{Cursor: "start", Sort: "x"}}, []string{"cursor=start&sort=x", "sort=x&cursor=b%3D%3D", "sort=x&cursor=c"}},
		"none":       {opCursors, api.Args{}, []string{"", "cursor=b%3D%3D", "cursor=c"}},
		"form":       {form, api.Args{Body: &formBody{Cursor: "start", Limit: new(int64(2))}}, []string{"cursor=start&limit=2", "cursor=b%3D%3D&limit=2", "cursor=c&limit=2"}},
		"empty form": {form, api.Args{}, []string{"", "cursor=b%3D%3D", "cursor=c"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			c := client(t, chat, func(r *http.Request) (*http.Response, error) {
				text := r.URL.RawQuery
				if r.Body != nil {
					b, _ := io.ReadAll(r.Body)
					text += string(b)
				}
				asked = append(asked, text)
				values, _ := url.ParseQuery(text)
				switch values.Get("cursor") {
				case "b==":
					return answer(200, jsonType, `{"ok":true,"members":null,"meta":{"next_cursor":"c"}}`), nil
				case "c":
					return answer(200, jsonType, `{"ok":true,"members":[{"id":2}],"meta":{"next_cursor":""}}`), nil
				}
				return answer(200, jsonType, `{"ok":true,"members":[{"id":1}],"meta":{"next_cursor":"b=="}}`), nil
			})
			got, err := walk(t.Context(), c, &test.op, test.args)
			if d := cmp.Diff([]int64{1, 2}, got); d != "" || err != nil {
				t.Error(d, err)
			}
			if d := cmp.Diff(test.want, asked); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPagesGuardAgainstCircles(t *testing.T) {
	for name, test := range map[string]struct {
		op     *api.Operation
		answer transport
	}{
		"cursor": {&opCursors, always(200, jsonType, `{"ok":true,"members":[],"meta":{"next_cursor":"same"}}`)},
		"link":   {&opLinks, always(200, jsonType, `[]`, "Link", `</list?page=2>; rel="next"`)},
	} {
		n := 0
		_, err := walk(t.Context(), client(t, test.op.Provider, flaky(&n, test.answer)), test.op, api.Args{})
		if e, ok := errors.AsType[*api.DecodeError](err); !ok || !strings.Contains(e.Reason, "fetched before") || n != 2 {
			t.Error(name, err, n)
		}
	}
}

func TestPagesStopAfterBreakAndError(t *testing.T) {
	n := 0
	more := always(200, jsonType, `[{"id":1},{"id":2}]`, "Link", `</list?page=2>; rel="next"`)
	c := client(t, hub, flaky(&n, more, always(404, "", "")))
	seq := api.Pages[repository](t.Context(), c, &opLinks, api.Args{})
	for range seq {
		break
	}
	if n != 1 {
		t.Error("fetched after a break", n)
	}
	n = 0
	var seen []string
	for item, err := range seq {
		seen = append(seen, fmt.Sprint(item.ID, errors.Is(err, api.ErrNotFound)))
	}
	if d := cmp.Diff([]string{"1 false", "2 false", "0 true"}, seen); d != "" || n != 2 {
		t.Error(d, n)
	}
}

func TestContextEndsTheIteration(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	c := client(t, hub, flaky(&n, always(200, jsonType, `[{"id":1}]`, "Link", `</list?page=2>; rel="next"`)))
	var last error
	for _, err := range api.Pages[repository](ctx, c, &opLinks, api.Args{}) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) || n != 1 {
		t.Error(last, n)
	}
}

func TestPagesFaultNamesThePlace(t *testing.T) {
	c := client(t, chat, always(200, jsonType, `{"ok":true,"members":[{"id":1},{"id":[]}]}`))
	_, err := walk(t.Context(), c, &opCursors, api.Args{})
	if e, ok := errors.AsType[*api.DecodeError](err); !ok || e.Pointer != "/members/1/id" {
		t.Error(err)
	}
}

func TestPagesRetryAndReport(t *testing.T) {
	n := 0
	var facts api.Response
	c := client(t, hub, flaky(&n, always(503, "", ""), always(200, jsonType, `[{"id":1}]`)), api.WithRetry(api.RetryPolicy{Backoff: 1}))
	got, err := walk(t.Context(), c, &opLinks, api.Args{}, api.WithResponse(&facts))
	if err != nil || len(got) != 1 || facts.Attempts != 2 {
		t.Error(got, err, facts)
	}
}
