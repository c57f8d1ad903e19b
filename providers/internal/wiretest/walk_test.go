package wiretest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// TestDiffers: the second request may differ from the first in one thing only.
func TestDiffers(t *testing.T) {
	get := func(url string) plain.Captured {
		return plain.Captured{Method: "GET", URL: "https://h.example/l" + url}
	}
	post := func(body string) plain.Captured {
		return plain.Captured{Method: "POST", URL: "https://h.example/l", Body: []byte(body)}
	}
	marked := get("?n=2")
	marked.Header = http.Header{"X": {"1"}}
	page := api.Paging{Kind: api.PagingPage, Param: "n", First: 1}
	offset := api.Paging{Kind: api.PagingOffset, Param: "n", Limit: "limit", Items: "data"}
	cursor := api.Paging{Kind: api.PagingCursor, Param: "n"}
	last := api.Paging{Kind: api.PagingLast, Param: "n", ID: "id"}
	url := api.Paging{Kind: api.PagingURL, Next: "next"}
	deep := api.Paging{Kind: api.PagingCursor, Param: "page.n", InBody: true}
	form := api.Paging{Kind: api.PagingCursor, Param: "n", InBody: true}
	for _, test := range []struct {
		paging        api.Paging
		first, second plain.Captured
		want          string // part of the reason, "" = right
	}{
		{page, get(""), get("?n=2"), ""},
		{page, get("?a=1&n=4"), get("?n=5&a=1"), ""},
		{page, get("?a=1"), get("?n=2"), "parameters are others"},
		{page, get(""), get(""), `n is "", not "2"`},
		{page, get("?n=4"), get("?n=4"), `n is "4", not "5"`},
		{page, get(""), marked, "headers are others"},
		{page, get(""), get("/x?n=2"), "path is another"},
		{page, get(""), post(""), "method is POST"},
		{offset, get("?n=3"), get("?n=50003"), ""},
		{offset, get("?n=3"), get("?n=4"), "not \"50003\""},
		{cursor, get(""), get("?n=" + nextCursor), ""},
		{last, get(""), get("?n=" + nextID), ""},
		{last, get(""), get("?n=" + nextCursor), "not \"" + nextID},
		{url, get("?a=1"), get("?a=1&" + linkParam + "=2"), ""},
		{url, get("?a=1"), get("?" + linkParam + "=2"), "not followed as it is"},
		{url, get("?a=1"), get("?a=1&a=1&" + linkParam + "=2"), "not followed as it is"},
		{deep, post(`{"a":1}`), post(`{"a":1,"page":{"n":"` + nextCursor + `"}}`), ""},
		{deep, post(``), post(`{"page":{"n":"` + nextCursor + `"}}`), ""},
		{deep, post(`{"a":1}`), post(`{"page":{"n":"` + nextCursor + `"}}`), "body is another"},
		{deep, post(`{"page":{"n":"x","m":1}}`), post(`{"page":{"n":"x","m":1}}`), `page.n is "x"`},
		{form, post(`a=1&n=x`), post(`n=` + nextCursor + `&a=1`), ""},
		{form, post(`a=1`), post(`n=` + nextCursor), "body is another"},
	} {
		got := differs(test.paging, test.first, test.second, nextCursor)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s %s %s -> %s %s: %q, want %q", test.paging.Param, test.first.URL, test.first.Body, test.second.URL, test.second.Body, got, test.want)
		}
	}
}
