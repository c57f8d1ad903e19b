package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// secondPage lets an iterator ask for one page more: the answer of the first says
// that there is one, and the request for it must be the first one again but for
// where the page starts.
func (r *runner) secondPage(desc *api.Operation, op *plain.Operation, all reflect.Value, want plain.Expect) {
	item := all.Type().Out(0).In(0).In(0) // iter.Seq2 is func(yield func(T, error) bool)
	r.record.reset()
	cursor := r.cursor(desc, op)
	r.record.first = func(req *http.Request) (*http.Response, error) {
		return onePage(desc, req, item, cursor, r.nextLink(req))
	}
	_, err := walk(r.cfg.Context, all, want, r.cfg.Options)
	r.record.first = nil
	seen := r.record.take()
	switch {
	case err != nil:
		r.faultf(op.ID, "", "walk", "%v", err)
	case len(seen) != 2:
		r.faultf(op.ID, "", "walk", "%d requests for two pages", len(seen))
	default:
		if reason := differs(desc.Paging, r.bare(seen[0]), r.bare(seen[1]), fmt.Sprint(cursor)); reason != "" {
			r.faultf(op.ID, "", "walk", "the request for the second page: %s", reason)
		}
		r.report.Walks++
	}
}

// bare is a request without what the transport adds to every query.
func (r *runner) bare(c plain.Captured) plain.Captured {
	if len(r.cfg.Query) == 0 {
		return c
	}
	at := splitURL(c.URL)
	for name := range r.cfg.Query {
		at.query.Del(name)
	}
	c.URL = at.where + "?" + at.query.Encode()
	return c
}

// Where the answer of the first page sends the walk. Numbers are long enough to be
// nobody's page size.
const (
	nextCursor = "w0-cursor-page-2" // as long as the shortest that a document wants
	nextID     = "700000001"
	pageLimit  = 50000
	linkParam  = "w0-page"
)

// cursor is where the next page of an operation is: a number where its parameter is
// one, so that the request for it is one that the document allows.
func (r *runner) cursor(desc *api.Operation, op *plain.Operation) any {
	for _, p := range op.Params {
		if p.In == inQuery && p.Name == desc.Paging.Param && r.doc.Numeric(p.Schema) {
			return json.Number(nextID)
		}
	}
	return nextCursor
}

// nextLink is a link to the page behind the one that req asks for: the caller's
// parameters are in it, as in most providers' links, and no credential is.
func (r *runner) nextLink(req *http.Request) string {
	next := *req.URL
	query := next.Query()
	for name := range r.cfg.Query {
		query.Del(name)
	}
	query.Set(linkParam, "2")
	next.RawQuery = query.Encode()
	return next.String()
}

// onePage is the answer that a page with one item and another page behind it has.
func onePage(desc *api.Operation, req *http.Request, item reflect.Type, cursor any, next string) (*http.Response, error) {
	p, body, header := desc.Paging, object{}, http.Header{"Content-Type": {"application/json"}}
	one := sample(item)
	if p.Kind == api.PagingLast && p.ID != "" {
		one = object{}.put(p.ID, json.Number(nextID))
	} else if p.Kind == api.PagingLast {
		one = nextID
	}
	body.put(p.More, true).put(p.Final, false).put(p.Pages, int64(math.MaxInt64)).put(p.Total, int64(math.MaxInt64)).put(p.Limit, pageLimit)
	switch p.Kind {
	case api.PagingLink:
		header.Set("Link", "<"+next+`>; rel="next"`)
	case api.PagingURL:
		body.put(p.Next, next)
	case api.PagingCursor:
		body.put(p.Next, cursor)
		if p.Header != "" {
			header.Set(p.Header, fmt.Sprint(cursor))
		}
	}
	if desc.Provider != nil {
		body.put(desc.Provider.Errors.OK, true)
	}
	var answer any = []any{one}
	if p.Values {
		answer = object{"one": one}
	}
	if p.Items != "" {
		answer = body.put(p.Items, answer)
	}
	text, err := json.Marshal(answer)
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)), Request: req,
	}, err
}

// sample is a value that decodes into an item of this type.
func sample(item reflect.Type) any {
	for item.Kind() == reflect.Pointer {
		item = item.Elem()
	}
	switch item.Kind() {
	case reflect.String:
		return "w0"
	case reflect.Bool:
		return true
	case reflect.Slice:
		if item.Elem().Kind() == reflect.Uint8 {
			return object{} // raw JSON
		}
		return []any{}
	case reflect.Struct, reflect.Map, reflect.Interface:
		switch item {
		case reflect.TypeFor[api.Time]():
			return "2020-01-02T03:04:05Z"
		case reflect.TypeFor[api.Date]():
			return "2020-01-02"
		}
		return object{}
	default:
		return 7
	}
}

// object is a JSON object that is built by paths.
type object map[string]any

// put sets the value at a path as api.Paging has them; "" sets nothing.
func (t object) put(path string, value any) object {
	if path == "" {
		return t
	}
	names := steps(path)
	at := t
	for _, name := range names[:len(names)-1] {
		inner, ok := at[name].(object)
		if !ok {
			inner = object{}
			at[name] = inner
		}
		at = inner
	}
	at[names[len(names)-1]] = value
	return t
}

func steps(path string) []string {
	pointer, ok := strings.CutPrefix(path, "/")
	if !ok {
		return strings.Split(path, ".")
	}
	names := strings.Split(pointer, "/")
	for i, name := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	return names
}

// headers are those of a request that the other one has to have, too: where only one
// has a body, because the cursor goes into it, only that one has its media type.
func headers(of, other plain.Captured) http.Header {
	h := of.Header
	if len(of.Body) > 0 && len(other.Body) == 0 {
		h = h.Clone()
		h.Del("Content-Type")
	}
	return h
}

// differs says what is wrong with the second request, or "".
func differs(p api.Paging, first, second plain.Captured, cursor string) string {
	a, b := splitURL(first.URL), splitURL(second.URL)
	switch {
	case first.Method != second.Method:
		return "the method is " + second.Method
	case !maps.EqualFunc(headers(first, second), headers(second, first), slices.Equal):
		return "the headers are others"
	case a.where != b.where:
		return "the path is another"
	case p.Kind == api.PagingLink || p.Kind == api.PagingURL:
		a.query.Set(linkParam, "2")
		if b.query.Encode() != a.query.Encode() {
			return "the link was not followed as it is"
		}
		return otherBody(first.Body, second.Body)
	case p.InBody:
		if first.URL != second.URL {
			return "the query is another"
		}
		return inBody(p, first, second, cursor)
	}
	given, got := a.query.Get(p.Param), b.query.Get(p.Param)
	a.query.Del(p.Param)
	b.query.Del(p.Param)
	if !maps.EqualFunc(a.query, b.query, slices.Equal) {
		return "the caller's parameters are others"
	}
	if want := start(p, given, cursor); got != want {
		return fmt.Sprintf("%s is %q, not %q", p.Param, got, want)
	}
	return otherBody(first.Body, second.Body)
}

func otherBody(first, second []byte) string {
	if !bytes.Equal(first, second) {
		return "the body is another"
	}
	return ""
}

type target struct {
	where string
	query url.Values
}

func splitURL(text string) target {
	where, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return target{text, url.Values{}}
	}
	return target{where, values}
}

// start is what the parameter of the second page must hold.
func start(p api.Paging, given, cursor string) string {
	switch p.Kind {
	case api.PagingCursor:
		return cursor
	case api.PagingLast:
		return nextID
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		n = 0
	}
	n = max(n, p.First)
	if p.Kind == api.PagingOffset && p.Limit != "" && p.Items != "" {
		return strconv.FormatInt(n+pageLimit, 10)
	}
	return strconv.FormatInt(n+1, 10)
}

// inBody compares two bodies, forms or JSON, but for the parameter.
func inBody(p api.Paging, first, second plain.Captured, cursor string) string {
	a, given := without(first.Body, p.Param)
	b, got := without(second.Body, p.Param)
	if !reflect.DeepEqual(a, b) {
		return "the body is another"
	}
	if want := start(p, given, cursor); got != want {
		return fmt.Sprintf("%s is %q, not %q", p.Param, got, want)
	}
	return ""
}

// without takes the parameter out of a body. Objects that it leaves empty go, too:
// the first request may have lacked them.
func without(body []byte, param string) (any, string) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	members := map[string]any{}
	if len(body) > 0 && decoder.Decode(&members) != nil {
		values := splitURL("?" + string(body)).query
		value := values.Get(param)
		values.Del(param)
		return values, value
	}
	value := cut(members, steps(param))
	if value == nil {
		return members, ""
	}
	return members, fmt.Sprint(value)
}

func cut(members map[string]any, names []string) any {
	inner, ok := members[names[0]].(map[string]any)
	if len(names) == 1 || !ok {
		value := members[names[0]]
		delete(members, names[0])
		return value
	}
	value := cut(inner, names[1:])
	if len(inner) == 0 {
		delete(members, names[0])
	}
	return value
}
