package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// Pages walks all items of an operation that pages. It fetches a page when the
// items of the one before are used up and fetches nothing after the loop is
// left. An error ends the walk: it comes last, with a zero item. Ranging over
// the result again starts anew; each page is a call of its own, with its retries.
//
//go:noinline
func Pages[T any](ctx context.Context, c *Client, op *Operation, args Args, opts ...CallOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for p := newPager(op, args); p.more; {
			var items []T
			if err := p.fetch(ctx, c, &items, opts); err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// pager is the state of one walk. Its methods take a nil pager, which is a call
// that fetches no page.
type pager struct {
	op    *Operation
	args  Args
	more  bool
	link  *url.URL // of the next page, nil = by parameter
	value string   // of the parameter, "" = as the caller gave it
	page  int64
	size  int64
	seen  map[string]bool // cursors and links that were followed
}

func newPager(op *Operation, args Args) *pager {
	p := &pager{op: op, args: args, more: true, seen: make(map[string]bool)}
	if op.Paging.Kind == PagingPage {
		p.page = max(paramNumber(args.Params, op.Paging.Param), 1)
		p.size = paramNumber(args.Params, op.Paging.Size)
	}
	return p
}

func (p *pager) fetch(ctx context.Context, c *Client, items any, opts []CallOption) error {
	p.more = false
	return c.do(ctx, p.op, p.args, items, p, opts)
}

// param is the parameter that the pager sets, "" = none.
func (p *pager) param() string {
	if p == nil || p.value == "" {
		return ""
	}
	return p.op.Paging.Param
}

func (p *pager) linkURL() *url.URL {
	if p == nil {
		return nil
	}
	return p.link
}

// inForm reports whether the paging parameter is a member of a form body.
func (p *pager) inForm(params any) bool {
	return p != nil && strings.HasPrefix(string(p.op.Request), "application/x-www-form-urlencoded") &&
		!hasQueryParam(params, p.op.Paging.Param)
}

// receive decodes the items of one page and finds out where the next one is.
func (p *pager) receive(k *call, resp *http.Response, body []byte) error {
	items := RawJSON(body)
	if path := p.op.Paging.Items; path != "" {
		items = pick(body, path)
	}
	if items != nil {
		if err := decodeValue(items, k.out); err != nil {
			fault := k.decodeFault("")
			fault.explain(err)
			if path := p.op.Paging.Items; path != "" {
				fault.Pointer = "/" + strings.ReplaceAll(path, ".", "/") + fault.Pointer
			}
			return fault
		}
	}
	return p.advance(k, resp, body, int64(reflect.ValueOf(k.out).Elem().Len()))
}

func (p *pager) advance(k *call, resp *http.Response, body []byte, count int64) error {
	p.link, p.value = nil, ""
	paging := &p.op.Paging
	switch paging.Kind {
	case PagingLink, PagingPage:
		links := resp.Header.Values("Link")
		if next := nextLink(links); next != "" {
			return p.followLink(k, next)
		}
		if paging.Kind == PagingLink || hasRelations(links) {
			return nil
		}
		return p.nextPage(body, count)
	case PagingCursor:
		if next := textAt(body, paging.Next); next != "" {
			p.value = next
			return p.visit(k, next)
		}
	}
	return nil
}

func (p *pager) nextPage(body []byte, count int64) error {
	switch total := integerAt(body, p.op.Paging.Pages); {
	case total > 0:
		p.more = p.page < total
	case p.size > 0:
		p.more = count >= p.size
	default:
		p.more = count > 0
	}
	p.page++
	p.value = strconv.FormatInt(p.page, 10)
	return nil
}

func (p *pager) followLink(k *call, next string) error {
	u, err := k.url.Parse(next)
	if err != nil || u.User != nil || !sameOrigin(u, k.url) {
		return k.decodeFault("the link to the next page leads to another host or is no URL")
	}
	p.link = u
	return p.visit(k, u.String())
}

// visit refuses a page that was fetched before: the walk would never end.
func (p *pager) visit(k *call, key string) error {
	if p.seen[key] {
		return k.decodeFault("the next page is one that was fetched before")
	}
	p.seen[key] = true
	p.more = true
	return nil
}

func integerAt(body []byte, path string) int64 {
	if path == "" {
		return 0
	}
	n, err := strconv.ParseInt(textAt(body, path), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
