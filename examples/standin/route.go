package standin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// route is one operation of the document.
type route struct {
	id, method, path string
	parts            []part
	raw              json.RawMessage // the operation
	shared           json.RawMessage // parameters of its path item

	once  sync.Once
	valid *validator
	err   error
}

// part is one segment of a path template: a literal, or text around one or
// more placeholders.
type part struct {
	literal  string
	names    []string
	texts    []string // around the names; one more than they are
	segments bool     // the value may span segments
}

// routes finds operations by method and path. kin-openapi's routers refuse
// documents in which templates conflict, such as GitHub's.
type routes struct {
	byMethod map[string][]*route // the most literal first
	byID     map[string]*route
}

var httpMethods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func newRoutes(d *document, wanted []string) (*routes, error) {
	rs := &routes{byMethod: map[string][]*route{}, byID: map[string]*route{}}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		item := d.Paths[path]
		for _, method := range httpMethods {
			raw, ok := item[method]
			if !ok {
				continue
			}
			r, err := newRoute(d, path, method, raw, item["parameters"])
			if err != nil {
				return nil, err
			}
			if len(wanted) == 0 || slices.Contains(wanted, r.id) {
				rs.byID[r.id] = r
				rs.byMethod[r.method] = append(rs.byMethod[r.method], r)
			}
		}
	}
	for _, id := range wanted {
		if rs.byID[id] == nil {
			return nil, fmt.Errorf("standin: the document has no operation %q", id)
		}
	}
	for _, all := range rs.byMethod {
		slices.SortStableFunc(all, moreLiteral)
	}
	return rs, nil
}

func newRoute(d *document, path, method string, raw, shared json.RawMessage) (*route, error) {
	var op struct {
		ID         string `json:"operationId"`
		Parameters []any  `json:"parameters"`
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		return nil, fmt.Errorf("standin: %s %s: %w", method, path, err)
	}
	if shared != nil {
		var more []any
		if err := json.Unmarshal(shared, &more); err != nil {
			return nil, fmt.Errorf("standin: %s: parameters: %w", path, err)
		}
		op.Parameters = slices.Concat(more, op.Parameters)
	}
	r := &route{id: op.ID, method: strings.ToUpper(method), path: path, raw: raw, shared: shared}
	spanning := map[string]bool{}
	if strings.Contains(path, "{") {
		params, err := d.resolveAll(op.Parameters)
		if err != nil {
			return nil, fmt.Errorf("%w (%s %s)", err, method, path)
		}
		for _, p := range params {
			spanning[text(p["name"])] = p["in"] == "path" && p["x-multi-segment"] == true
		}
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		r.parts = append(r.parts, newPart(segment, spanning))
	}
	return r, nil
}

func newPart(segment string, spanning map[string]bool) part {
	p := part{literal: segment}
	for rest := segment; ; {
		before, after, ok := strings.Cut(rest, "{")
		p.texts = append(p.texts, before)
		if !ok {
			return p
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		p.names = append(p.names, name)
		p.segments = p.segments || spanning[name]
	}
}

// moreLiteral orders templates so that the first match is the closest: a
// literal before a placeholder, one segment before many, from the left.
func moreLiteral(a, b *route) int {
	for i := range min(len(a.parts), len(b.parts)) {
		if d := a.parts[i].rank() - b.parts[i].rank(); d != 0 {
			return d
		}
	}
	return len(b.parts) - len(a.parts)
}

func (p part) rank() int {
	switch {
	case len(p.names) == 0:
		return 0
	case p.segments:
		return 2
	}
	return 1
}

// match finds the operation of a request and the decoded values in its path.
// The base path of the document's server may be there or not.
func (rs *routes) match(method, base, escaped string) (*route, map[string]string) {
	for _, path := range []string{escaped, strings.TrimPrefix(escaped, base)} {
		raw := strings.Split(strings.TrimPrefix(path, "/"), "/")
		for _, r := range rs.byMethod[method] {
			values := map[string]string{}
			if take(r.parts, raw, values) {
				return r, values
			}
		}
	}
	return nil, nil
}

// take matches the rest of a template with the rest of a path. A value that
// spans segments takes as many as leave a match for what follows.
func take(parts []part, raw []string, values map[string]string) bool {
	if len(parts) == 0 || len(raw) == 0 {
		return len(parts) == len(raw)
	}
	most := 1
	if parts[0].segments {
		most = len(raw) - len(parts) + 1
	}
	for n := 1; n <= most; n++ {
		if parts[0].match(raw[:n], values) && take(parts[1:], raw[n:], values) {
			return true
		}
	}
	return false
}

func (p part) match(raw []string, values map[string]string) bool {
	decoded := make([]string, len(raw))
	for i, segment := range raw {
		s, err := url.PathUnescape(segment)
		if err != nil {
			return false
		}
		decoded[i] = s
	}
	rest := strings.Join(decoded, "/")
	if len(p.names) == 0 {
		return rest == p.literal
	}
	rest, ok := strings.CutPrefix(rest, p.texts[0])
	for i, name := range p.names {
		after := p.texts[i+1]
		value := rest
		if after != "" {
			var found bool
			value, rest, found = strings.Cut(rest, after)
			ok = ok && found
		}
		ok = ok && value != ""
		values[name] = value
	}
	return ok
}
