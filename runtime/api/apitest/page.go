package apitest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
)

// pageParam carries the page where the operation names no parameter.
const pageParam = "apitest_page"

// page answers the call for one of pages.
func page(op *api.Operation, c *Call, pages []any) Reply {
	b := book{paging: &op.Paging, pages: pages, param: cmp.Or(op.Paging.Param, pageParam)}
	if op.Paging.Kind == api.PagingURL || op.Paging.Kind == api.PagingLink && op.Paging.Param == "" {
		b.param = pageParam // a link carries what it likes
	}
	i, err := b.asked(asText(c, b.param, op.Paging.InBody))
	if err != nil {
		return Reply{Err: fmt.Errorf("apitest: %s: %w", label(op), err)}
	}
	return b.reply(c.url, i)
}

// asText is the parameter as the call sent it, "" = not at all.
func asText(c *Call, param string, inBody bool) string {
	if text := c.Query.Get(param) + c.Form.Get(param); text != "" || !inBody {
		return text
	}
	var value jsontext.Value = c.Body
	for _, name := range steps(param) {
		var members map[string]jsontext.Value
		if json.Unmarshal(value, &members, decodeOptions) != nil {
			return ""
		}
		value = members[name]
	}
	return strings.Trim(string(value), `"`)
}

// book is all pages of a list.
type book struct {
	paging *api.Paging
	pages  []any
	param  string
}

// asked finds the page that a value of the parameter stands for, from 0; -1 is one
// behind the last.
func (b *book) asked(value string) (int, error) {
	if value == "" {
		return 0, nil
	}
	for i := range b.pages {
		if b.start(i) == value {
			return i, nil
		}
	}
	n, err := strconv.Atoi(strings.TrimPrefix(value, "page-"))
	if err != nil && b.paging.Kind != api.PagingLast {
		return 0, fmt.Errorf("parameter %s names no page", b.param)
	}
	if b.paging.Kind == api.PagingOffset && n == int(b.paging.First) {
		return 0, nil
	}
	return -1, nil
}

// start is the value of the parameter that page i starts at.
func (b *book) start(i int) string {
	switch b.paging.Kind {
	case api.PagingPage:
		return strconv.Itoa(int(b.paging.First) + i)
	case api.PagingOffset:
		return strconv.Itoa(int(b.paging.First) + b.items(i))
	case api.PagingCursor:
		return fmt.Sprintf("page-%d", i+1)
	case api.PagingLast:
		if i == 0 {
			return ""
		}
		return b.lastID(i - 1)
	}
	return strconv.Itoa(i + 1)
}

// items counts the items before page i.
func (b *book) items(i int) int {
	n := 0
	for _, p := range b.pages[:i] {
		if v := reflect.ValueOf(p); v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
			n += v.Len()
		}
	}
	return n
}

// lastID is what the page after page i starts after.
func (b *book) lastID(i int) string {
	text, err := json.Marshal(b.pages[i], encodeOptions)
	if err != nil {
		return ""
	}
	var items []jsontext.Value
	if json.Unmarshal(text, &items, decodeOptions) != nil {
		return ""
	}
	greatest := ""
	for _, item := range items {
		id := asText(&Call{Body: item}, b.paging.ID, true)
		if !b.paging.Greatest || len(id) > len(greatest) || len(id) == len(greatest) && id > greatest {
			greatest = id
		}
	}
	return greatest
}

func (b *book) reply(u *url.URL, i int) Reply {
	reply := Reply{Header: http.Header{}}
	more := i >= 0 && i+1 < len(b.pages)
	body := map[string]any{}
	set := func(path string, value any) {
		if path != "" {
			put(body, path, value)
		}
	}
	set(b.paging.More, more)
	set(b.paging.Final, !more)
	set(b.paging.Pages, len(b.pages))
	set(b.paging.Total, b.items(len(b.pages)))
	next := ""
	switch kind := b.paging.Kind; {
	case kind == api.PagingURL && more:
		next = linkTo(u, b.param, b.start(i+1))
	case kind == api.PagingCursor && more:
		next = b.start(i + 1)
	case kind == api.PagingLink, kind == api.PagingPage && b.paging.Pages == "" && !b.paging.InBody:
		reply.Header.Set("Link", b.links(u, i, more))
	}
	set(b.paging.Next, next)
	if b.paging.Header != "" {
		reply.Header.Set(b.paging.Header, next)
	}
	var items any = []any{}
	if b.paging.Values {
		items = map[string]any{}
	}
	if i >= 0 && i < len(b.pages) && b.pages[i] != nil {
		items = b.pages[i]
	}
	reply.Body = items
	if b.paging.Items != "" {
		put(body, b.paging.Items, items)
		reply.Body = body
	}
	return reply
}

func (b *book) links(u *url.URL, i int, more bool) string {
	text := fmt.Sprintf("<%s>; rel=%q", linkTo(u, b.param, b.start(0)), "first")
	if more {
		text = fmt.Sprintf("<%s>; rel=%q, ", linkTo(u, b.param, b.start(i+1)), "next") + text
	}
	return text
}

func linkTo(u *url.URL, param, value string) string {
	next := *u
	q := next.Query()
	q.Set(param, value)
	next.RawQuery = q.Encode()
	return next.String()
}
