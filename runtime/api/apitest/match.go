package apitest

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
)

// table finds operations by request and by name. It does not change after New.
type table struct {
	byMethod map[string][]*template
	byName   map[string][]*api.Operation
}

// template is the path of one operation as an expression over escaped paths.
type template struct {
	op      *api.Operation
	host    string // lower-cased, with its port
	base    string // path of the base URL
	prefix  string // of path, without a parameter: most templates end here
	path    *regexp.Regexp
	names   []string
	query   url.Values // fixed part of the template
	literal int        // bytes of literal text: the longer match wins
	spans   int
}

func (t *table) add(op *api.Operation) error {
	if t.byMethod == nil {
		t.byMethod, t.byName = map[string][]*template{}, map[string][]*api.Operation{}
	}
	tpl, err := newTemplate(op)
	if err != nil {
		return err
	}
	method := strings.ToUpper(op.Method)
	list := t.byMethod[method]
	// Equal matches are ordered by ID: the order of the tables must not decide.
	at, _ := slices.BinarySearchFunc(list, tpl, func(a, b *template) int {
		return cmp.Or(cmp.Compare(len(b.query), len(a.query)), cmp.Compare(b.literal, a.literal),
			cmp.Compare(a.spans, b.spans), cmp.Compare(a.op.ID, b.op.ID))
	})
	t.byMethod[method] = slices.Insert(list, at, tpl)
	for _, name := range spellings(op) {
		t.byName[name] = append(t.byName[name], op)
	}
	return nil
}

// spellings are the names by which a test may ask for op.
func spellings(op *api.Operation) []string {
	names := []string{op.ID}
	if op.Service != "" && op.Name != "" && op.Service+"."+op.Name != op.ID {
		names = append(names, op.Service+"."+op.Name)
	}
	if op.Provider != nil {
		names = append(names, op.Provider.Name+":"+op.ID)
	}
	return names
}

func newTemplate(op *api.Operation) (*template, error) {
	base := op.Server
	if base == "" && op.Provider != nil {
		base = op.Provider.BaseURL
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, errors.New("its base URL is no URL")
	}
	path, query, _ := strings.Cut(op.Path, "?")
	if op.Method == "" || !strings.HasPrefix(path, "/") {
		return nil, errors.New("it needs a method and a path that begins with a slash")
	}
	tpl := &template{op: op, host: strings.ToLower(u.Host), base: strings.TrimRight(u.EscapedPath(), "/")}
	if tpl.query, err = url.ParseQuery(query); err != nil {
		return nil, errors.New("the query of its path is malformed")
	}
	tpl.prefix, _, _ = strings.Cut(path, "{")
	var expr strings.Builder
	expr.WriteString("^")
	for path != "" {
		before, rest, found := strings.Cut(path, "{")
		expr.WriteString(regexp.QuoteMeta(before))
		tpl.literal += len(before)
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errors.New("its path has an unclosed brace")
		}
		tpl.names = append(tpl.names, name)
		if slices.Contains(op.Segments, name) {
			tpl.spans++
			expr.WriteString("([^/]+?(?:/[^/]+?)*?)")
		} else {
			expr.WriteString("([^/]+?)")
		}
		path = after
	}
	expr.WriteString("$")
	tpl.path, err = regexp.Compile(expr.String())
	return tpl, err
}

// match returns the operation of a request and its path values. An operation that
// the request's context names wins over others that fit as well.
func (t *table) match(req *http.Request) (*api.Operation, map[string]string) {
	info, _ := api.CallFromContext(req.Context())
	candidates := t.byMethod[strings.ToUpper(req.Method)]
	var best *template
	var values []string
	// A client may have been pointed to a test host: then the host says nothing.
	for _, strict := range []bool{true, false} {
		for _, c := range candidates {
			found := c.fits(req.URL, strict)
			if found == nil {
				continue
			}
			named := info.Operation != nil && info.Operation.ID == c.op.ID
			if best == nil || named {
				best, values = c, found
			}
			if named || info.Operation == nil {
				return best.op, best.named(values)
			}
		}
		if best != nil {
			return best.op, best.named(values)
		}
	}
	return nil, nil
}

// fits returns the escaped path values, nil when the template does not fit.
func (t *template) fits(u *url.URL, strict bool) []string {
	path := u.EscapedPath()
	if strict && t.host != "" && t.host != strings.ToLower(u.Host) {
		return nil
	}
	rest, ok := strings.CutPrefix(path, t.base)
	if !ok {
		if strict {
			return nil
		}
		rest = path
	}
	if !strings.HasPrefix(rest, t.prefix) {
		return nil
	}
	if len(t.query) > 0 {
		sent := u.Query()
		for name, want := range t.query {
			if !slices.Equal(sent[name], want) {
				return nil
			}
		}
	}
	return t.path.FindStringSubmatch(rest)
}

func (t *template) named(values []string) map[string]string {
	named := make(map[string]string, len(t.names))
	for i, name := range t.names {
		value, err := url.PathUnescape(values[i+1])
		if err != nil {
			value = values[i+1]
		}
		named[name] = value
	}
	return named
}
