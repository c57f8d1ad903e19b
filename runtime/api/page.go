package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"reflect"
)

// Pages walks all items of an operation that pages. It fetches a page when the
// items of the one before are used up and fetches nothing after the loop is
// left. An error ends the walk: it comes last, with a zero item. Ranging over
// the result again starts anew; each page is a call of its own, with its retries.
//
// The caller's parameters go with every page, but for the one that says where the
// page starts: the walk begins there. Where no answer tells how many pages there
// are, the first one without an item is the last.
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

// maxEmptyPages is how many pages without an item may follow each other: a walk
// gives its caller no turn to leave while there is none.
const maxEmptyPages = 1000

// pager is the state of one walk. Its methods take a nil pager, which is a call
// that fetches no page.
type pager struct {
	op     *Operation
	args   Args
	more   bool
	link   *url.URL // of the next page, nil = by parameter
	text   string   // of the parameter, "" = as the caller gave it
	number bool     // text is a number where the body is JSON

	at       int64 // number of the page, or of its first item
	start    int64 // of the walk
	received int64 // items so far
	empty    int   // pages without an item since the last that had one
	seen     map[string]bool
}

func newPager(op *Operation, args Args) *pager {
	p := &pager{op: op, args: args, more: true, seen: make(map[string]bool)}
	if k := op.Paging.Kind; k == PagingPage || k == PagingOffset {
		p.start = max(p.given(), op.Paging.First)
		p.at = p.start
		if op.Paging.Explicit {
			p.setNumber(p.at)
		}
	}
	return p
}

// given is the number that the caller put into the parameter, 0 = none.
func (p *pager) given() int64 {
	if !p.inBody() {
		return paramNumber(p.args.Params, p.op.Paging.Param)
	}
	if isNil(p.args.Body) {
		return 0
	}
	text, err := marshalJSON(p.args.Body)
	if err != nil {
		return 0 // the call itself reports what cannot be encoded
	}
	return integerAt(text, p.op.Paging.Param)
}

func (p *pager) fetch(ctx context.Context, c *Client, items any, opts []CallOption) error {
	p.more = false
	return c.do(ctx, p.op, p.args, items, p, opts)
}

// param is the parameter that the pager sets, "" = none.
func (p *pager) param() string {
	if p == nil || p.text == "" {
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

func (p *pager) inBody() bool { return p != nil && p.op.Paging.InBody }

// place puts the parameter into a request body. A form gets it through the encoder,
// which leaves the caller's own out.
func (p *pager) place(body any, e *encoder) (any, error) {
	name := p.param()
	switch base := p.op.Request.base(); {
	case name == "":
	case base == formMedia:
		e.skip = name
		return body, e.pair([]byte(name), []byte(p.text))
	case isJSON(base):
		object := RawJSON("{}")
		if !isNil(body) {
			var err error
			if object, err = marshalJSON(body); err != nil {
				return nil, err
			}
		}
		value := RawJSON(p.text)
		if !p.number {
			var err error
			if value, err = marshalJSON(p.text); err != nil {
				return nil, err
			}
		}
		return withMember(object, name, value)
	}
	return body, nil
}

// receive decodes the items of one page and finds out where the next one is.
func (p *pager) receive(k *call, resp *http.Response, body []byte) error {
	items := RawJSON(body)
	if path := p.op.Paging.Items; path != "" {
		items = pick(body, path)
	}
	if p.op.Paging.Values {
		items = memberValues(items)
	}
	if items != nil {
		if err := decodeValue(items, k.out); err != nil {
			fault := k.decodeFault("")
			fault.explain(err)
			fault.Pointer = pointerTo(p.op.Paging.Items) + fault.Pointer
			return fault
		}
	}
	count := int64(reflect.ValueOf(k.out).Elem().Len())
	p.received += count
	if p.empty++; count > 0 {
		p.empty = 0
	}
	if p.empty > maxEmptyPages {
		return k.decodeFault("too many pages without an item follow each other")
	}
	return p.advance(k, resp, answered{body: body, items: items, count: count})
}
