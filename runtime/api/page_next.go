package api

import (
	"bytes"
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// answered is one page as it arrived.
type answered struct {
	body  []byte
	items RawJSON // an array, null or nil
	count int64
}

// claim is what an answer says itself about a next page.
type claim uint8

const (
	silent claim = iota
	saysMore
	saysEnd
)

// advance finds the next page in the answer; without one the walk is over.
func (p *pager) advance(k *call, resp *http.Response, a answered) error {
	p.link, p.text, p.number = nil, "", false
	paging := &p.op.Paging
	said := p.claimOf(a.body)
	if said == saysEnd {
		return nil
	}
	switch paging.Kind {
	case PagingLink, PagingPage:
		links := resp.Header.Values("Link")
		if next := nextLink(links); next != "" {
			return p.followLink(k, next)
		}
		if paging.Kind == PagingLink || hasRelations(links) {
			return nil
		}
		p.nextPage(a, said)
		return nil
	case PagingOffset:
		return p.nextOffset(k, a, said)
	case PagingCursor:
		next := cursorAt(a.body, paging.Next)
		if paging.Header != "" {
			next = resp.Header.Get(paging.Header)
		}
		return p.nextStart(k, next, said)
	case PagingURL:
		if next := cursorAt(a.body, paging.Next); next != "" {
			return p.followLink(k, next)
		}
		return p.unlessMore(k, said)
	case PagingLast:
		if a.count == 0 {
			return p.unlessMore(k, said)
		}
		id := p.edge(a.items)
		if id == "" {
			return k.decodeFault("the item that the next page starts after has no ID")
		}
		return p.nextStart(k, id, said)
	}
	return nil
}

func (p *pager) claimOf(body []byte) claim {
	if path := p.op.Paging.Final; path != "" {
		switch pick(body, path).Kind() {
		case 't':
			return saysEnd
		case 'f':
			return saysMore
		}
	}
	if path := p.op.Paging.More; path != "" {
		switch value := pick(body, path); {
		case len(value) == 0:
		case value.Kind() == 'f', value.Kind() == 'n', string(value) == `""`, string(value) == "0":
			return saysEnd
		default:
			return saysMore
		}
	}
	return silent
}

// unlessMore ends the walk. An answer that promises more and tells no way there
// would make it end too early.
func (p *pager) unlessMore(k *call, said claim) error {
	if said == saysMore {
		return k.decodeFault("the answer says that more follows, but not where")
	}
	return nil
}

func (p *pager) nextPage(a answered, said claim) {
	paging := &p.op.Paging
	pages, total := integerAt(a.body, paging.Pages), integerAt(a.body, paging.Total)
	switch {
	case said == saysMore:
		p.more = true
	case pages > 0:
		p.more = p.at-paging.First+1 < pages
	case total > 0 && p.start == paging.First:
		p.more = a.count > 0 && p.received < total
	default: // a short page proves nothing: the provider may cap its size
		p.more = a.count > 0
	}
	p.at++
	p.setNumber(p.at)
}

func (p *pager) nextOffset(k *call, a answered, said claim) error {
	paging := &p.op.Paging
	step := a.count
	if limit := integerAt(a.body, paging.Limit); limit > 0 {
		step = limit
	}
	next := p.at + step
	if next <= p.at {
		return p.unlessMore(k, said)
	}
	total := integerAt(a.body, paging.Total)
	switch {
	case said == saysMore:
		p.more = true
	case total > 0:
		p.more = next-paging.First < total
	default:
		p.more = a.count > 0
	}
	p.at = next
	p.setNumber(next)
	return nil
}

func (p *pager) setNumber(n int64) { p.text, p.number = strconv.FormatInt(n, 10), true }

// nextStart continues at a cursor or after an ID.
func (p *pager) nextStart(k *call, next string, said claim) error {
	if next == "" {
		return p.unlessMore(k, said)
	}
	p.text = next
	return p.visit(k, next)
}

// cursorAt returns a string or a number other than 0; "" for all else.
func cursorAt(body []byte, path string) string {
	switch value := pick(body, path); value.Kind() {
	case '"':
		return unquote(value)
	case '0':
		if string(value) != "0" {
			return string(value)
		}
	}
	return ""
}

// edge is the ID that the next page starts after: of the last item, or the
// greatest one.
func (p *pager) edge(items RawJSON) string {
	dec := jsontext.NewDecoder(bytes.NewBuffer(items), decodeOptions)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
		return ""
	}
	found := ""
	for dec.PeekKind() != ']' {
		item, err := dec.ReadValue()
		if err != nil {
			return ""
		}
		id := cursorAt(item, p.op.Paging.ID)
		if !p.op.Paging.Greatest || laterID(id, found) {
			found = id
		}
	}
	return found
}

// laterID compares two IDs, numbers by their value.
func laterID(a, b string) bool {
	if digits(a) && digits(b) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) > 0
	}
	return a > b
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (p *pager) followLink(k *call, next string) error {
	u, err := k.url.Parse(next)
	if err != nil || u.User != nil || !sameOrigin(u, k.url) {
		return k.decodeFault("the link to the next page leads to another host or is no URL")
	}
	p.seen[k.url.String()] = true
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
