package standin

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Page answers with one page of items, chosen by the query parameters page and
// per_page (30 when absent), and with a Link header to the other pages.
func (c *Call) Page(items []any) Answer {
	page, size := c.number("page", 1), c.number("per_page", 30)
	last := max(1, (len(items)+size-1)/size)
	from := min((page-1)*size, len(items))
	answer := Answer{Header: http.Header{}, Body: items[from:min(from+size, len(items))]}
	var links []string
	add := func(rel string, number int) {
		links = append(links, fmt.Sprintf("<%s>; rel=%q", c.link(number), rel))
	}
	if page > 1 {
		add("prev", page-1)
		add("first", 1)
	}
	if page < last {
		add("next", page+1)
		add("last", last)
	}
	if links != nil {
		answer.Header.Set("Link", strings.Join(links, ", "))
	}
	return answer
}

// number reads a positive query parameter.
func (c *Call) number(name string, otherwise int) int {
	n, err := strconv.Atoi(c.Query.Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

func (c *Call) link(page int) *url.URL {
	u := *c.URL
	q := u.Query()
	q.Set("page", strconv.Itoa(page))
	u.RawQuery = q.Encode()
	return &u
}
