package apitest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/api/apitest"
)

type item struct {
	ID string `json:"id"`
}

// TestPagesOfEveryPaging walks scripted pages of each kind, one of them empty, from
// the start and again.
func TestPagesOfEveryPaging(t *testing.T) {
	for name, p := range map[string]api.Paging{
		"link":          {Kind: api.PagingLink},
		"page":          {Kind: api.PagingPage, Param: "page", First: 1, Pages: "meta.pages", Items: "data"},
		"page from 0":   {Kind: api.PagingPage, Param: "page", More: "more", Items: "data"},
		"explicit":      {Kind: api.PagingPage, Param: "page", Explicit: true, Final: "last", Items: "data"},
		"total":         {Kind: api.PagingOffset, Param: "offset", Total: "total", Items: "data"},
		"total from 1":  {Kind: api.PagingOffset, Param: "offset", First: 1, Explicit: true, Total: "total", Items: "data"},
		"offset body":   {Kind: api.PagingOffset, Param: "page.offset", InBody: true, Total: "total", Items: "data"},
		"cursor":        {Kind: api.PagingCursor, Param: "cursor", Next: "next", Items: "data"},
		"cursor header": {Kind: api.PagingCursor, Param: "cursor", Header: "X-Next"},
		"cursor body":   {Kind: api.PagingCursor, Param: "page.cursor", InBody: true, Next: "next", More: "more", Items: "data"},
		"url":           {Kind: api.PagingURL, Next: "/@odata.nextLink", Items: "value"},
		"last":          {Kind: api.PagingLast, Param: "after", ID: "id", More: "more", Items: "data"},
		"greatest":      {Kind: api.PagingLast, Param: "after", ID: "id", Greatest: true},
	} {
		t.Run(name, func(t *testing.T) {
			op := api.Operation{Provider: &api.Provider{Name: "p", BaseURL: "https://p.example"}, ID: "list", Method: "GET", Path: "/list", Access: api.Read, Result: api.JSON, Paging: p}
			if p.InBody {
				op.Method, op.Request = "POST", "application/json"
			}
			rt := apitest.New(t, []api.Operation{op})
			rt.Pages("list", []item{{"a"}, {"b"}}, []item{{"c"}}, []item{{"d"}, {"e"}})
			c := api.NewClient(rt.Client(), op.Provider)
			for range 2 {
				var ids []string
				for it, err := range api.Pages[item](t.Context(), c, &op, api.Args{}) {
					if err != nil {
						t.Fatal(err)
					}
					ids = append(ids, it.ID)
				}
				if d := cmp.Diff([]string{"a", "b", "c", "d", "e"}, ids); d != "" {
					t.Error(d)
				}
			}
		})
	}
}
