package local

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/optable"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// operationTable names calls by method and URL. It does not change once it is
// built: another one takes its place.
type operationTable struct {
	templates map[templateKey][]*shape
	sets      []*operationSet // what it was built of, by kind and provider
}

// templateKey is what a call and its template have in common without a look at
// the path's text.
type templateKey struct {
	origin, method string
	segments       int // 0 = a parameter takes as many as there are
}

// shape is the templates that have plain text at the same places of the path. A
// call can only fit those that have its own text there: one lookup a shape, of
// which there are few, instead of a walk through all templates of a length.
type shape struct {
	plain  []int                  // the places: a segment each
	byText map[string][]*template // by the text there, the best match first
}

// knownOperation is what the vault needs to know about an operation.
type knownOperation struct {
	ID, Path string
	Access   api.Access
	Scopes   []string
	families []rule.Family      // what the table says; nil = nothing
	entry    *optable.Operation // nil when the program gave the operation without a table
	set      *operationSet      // nil likewise
}

// Families are the kinds that the operation's table names beside that of its
// access. Without such a table its words tell.
func (o *knownOperation) Families() []rule.Family {
	if o.families == nil {
		return policy.Families(&api.Operation{ID: o.ID, Path: o.Path, Access: o.Access})
	}
	return mergeFamilies(o.families, policy.Families(&api.Operation{Access: o.Access})) // by access alone
}

func mergeFamilies(a, b []rule.Family) []rule.Family {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// template is one operation's path, base path included.
type template struct {
	op       *knownOperation
	key      templateKey
	segments []segment
	query    url.Values // what the path's own query fixes; nil = nothing
	literal  int        // bytes of literal text: the longer match wins
}

// segment is one path segment: literal texts with a parameter between each two
// of them. A plain literal has one text, "{id}" has two empty ones.
type segment struct {
	texts []string
	names []string // of the parameters between the texts
	spans bool     // a parameter takes one or more segments of a path
}

// maxParts bounds the work of matching a path; longer ones stay unknown.
const maxParts = 512

// newTemplate takes an operation apart. spanning are the path parameters whose
// value may hold slashes.
func newTemplate(base, method string, spanning []string, op *knownOperation) (*template, error) {
	d, err := parseDestination(base)
	if err != nil {
		return nil, errors.New("its base URL does not fit: " + err.Error())
	}
	if method == "" || !strings.HasPrefix(op.Path, "/") {
		return nil, errors.New("it needs a method and a path that begins with a slash")
	}
	path, query, _ := strings.Cut(op.Path, "?")
	t := &template{op: op, key: templateKey{origin: d.origin, method: strings.ToUpper(method)}}
	if query != "" {
		if t.query, err = url.ParseQuery(query); err != nil {
			return nil, errors.New("its path has a query that cannot be read")
		}
		t.literal = len(query)
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(d.path, "/")+path, "/") {
		seg, err := parseSegment(part)
		if err != nil {
			return nil, err
		}
		seg.spans = slices.ContainsFunc(spanning, func(name string) bool { return strings.Contains(part, "{"+name+"}") })
		t.segments = append(t.segments, seg)
		for _, text := range seg.texts {
			t.literal += len(text)
		}
	}
	if !slices.ContainsFunc(t.segments, func(s segment) bool { return s.spans }) {
		t.key.segments = len(t.segments)
	}
	return t, nil
}

// compareTemplates puts the better match first. Equal ones are ordered by their
// text, so that neither the order of tables nor of files decides.
func compareTemplates(a, b *template) int {
	return cmp.Or(cmp.Compare(b.literal, a.literal), cmp.Compare(len(b.segments), len(a.segments)),
		cmp.Compare(a.op.ID, b.op.ID), cmp.Compare(a.op.Path, b.op.Path), cmp.Compare(a.op.rank(), b.op.rank()))
}

// rank puts what says more first.
func (o *knownOperation) rank() int {
	if o.entry != nil {
		return 0
	}
	return 1
}

// newOperationTable builds the table of operations that stand alone and those of
// sets.
func newOperationTable(own []*template, sets []*operationSet) *operationTable {
	t := &operationTable{templates: map[templateKey][]*shape{}, sets: sets}
	for _, tpl := range own {
		t.add(tpl)
	}
	for _, s := range sets {
		for _, tpl := range s.templates {
			t.add(tpl)
		}
	}
	for _, shapes := range t.templates {
		for _, s := range shapes {
			for _, list := range s.byText {
				slices.SortStableFunc(list, compareTemplates)
			}
		}
	}
	return t
}

func (t *operationTable) add(tpl *template) {
	var s *shape
	plain, text := tpl.plain()
	shapes := t.templates[tpl.key]
	if at := slices.IndexFunc(shapes, func(s *shape) bool { return slices.Equal(s.plain, plain) }); at >= 0 {
		s = shapes[at]
	} else {
		s = &shape{plain: plain, byText: map[string][]*template{}}
		t.templates[tpl.key] = append(shapes, s)
	}
	s.byText[text] = append(s.byText[text], tpl)
}

// plain returns the places that hold plain text in every call that fits, and
// their text: behind a parameter that takes several segments no place is sure.
func (t *template) plain() (places []int, text string) {
	var b []byte
	for i, seg := range t.segments {
		if seg.spans {
			break
		}
		if len(seg.texts) == 1 {
			places = append(places, i)
			b = appendPlain(b, seg.texts[0])
		}
	}
	return places, string(b)
}

// appendPlain adds a segment to the text that templates are found by.
func appendPlain(b []byte, segment string) []byte { return append(append(b, segment...), '/') }

// candidates are the templates that a call with these parts may fit.
func (s *shape) candidates(parts []string) []*template {
	var buf [128]byte // most texts are shorter, and need no memory of their own then
	text := buf[:0]
	for _, i := range s.plain {
		if i >= len(parts) {
			return nil
		}
		text = appendPlain(text, parts[i])
	}
	return s.byText[string(text)]
}

func parseSegment(part string) (segment, error) {
	var seg segment
	for {
		open := strings.IndexByte(part, '{')
		if open < 0 {
			seg.texts = append(seg.texts, part)
			return seg, nil
		}
		end := strings.IndexByte(part[open:], '}')
		if end < 0 {
			return seg, errors.New("its path has an unclosed brace")
		}
		seg.texts = append(seg.texts, part[:open])
		seg.names = append(seg.names, part[open+1:open+end])
		part = part[open+end+1:]
	}
}

// match returns the operation whose template has the most literal text among
// those that fit, or nil: a call that fits none stays unknown. A parameter
// takes one segment, or several when the operation lists it in Segments;
// guessing that for others would give calls names that are not theirs.
func (t *operationTable) match(method string, d destination) *knownOperation {
	op, _ := t.explain(method, d)
	return op
}

// explain is match with the values of the path parameters, decoded.
func (t *operationTable) explain(method string, d destination) (*knownOperation, map[string]string) {
	parts := strings.Split(d.path, "/")
	if len(parts) > maxParts {
		return nil, nil
	}
	key := templateKey{d.origin, method, len(parts)}
	shapes := t.templates[key]
	key.segments = 0
	if shapes = slices.Concat(shapes, t.templates[key]); len(shapes) == 0 {
		return nil, nil
	}
	for i, p := range parts {
		decoded, err := url.PathUnescape(p)
		// Dot segments are resolved differently from client to client: no name is
		// better than a wrong one.
		if err != nil || decoded == "." || decoded == ".." {
			return nil, nil
		}
		parts[i] = decoded
	}
	var best *template
	var values map[string]string
	for _, s := range shapes {
		if fit, found := firstFit(s.candidates(parts), parts, d.query); fit != nil && (best == nil || compareTemplates(fit, best) < 0) {
			best, values = fit, found
		}
	}
	if best == nil {
		return nil, nil
	}
	return best.op, values
}

func firstFit(candidates []*template, parts []string, query string) (*template, map[string]string) {
	values := map[string]string{}
	for _, c := range candidates {
		clear(values)
		if fits(c.segments, parts, values) && c.queryFits(query) {
			return c, values
		}
	}
	return nil, nil
}

// queryFits reports whether a call has what the template's own query fixes.
func (t *template) queryFits(raw string) bool {
	if t.query == nil {
		return true
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for name, want := range t.query {
		if !slices.Equal(query[name], want) {
			return false
		}
	}
	return true
}

// fits reports whether the segments match the parts one to one, where a spanning
// segment takes as few parts as the rest of the template leaves it. It puts the
// parameters into values.
func fits(segments []segment, parts []string, values map[string]string) bool {
	for len(segments) > 0 {
		if len(parts) < len(segments) {
			return false
		}
		if segments[0].spans && len(parts) > len(segments) {
			return fitsSpan(segments, parts, values)
		}
		if !segments[0].fits(parts[0], values) {
			return false
		}
		segments, parts = segments[1:], parts[1:]
	}
	return len(parts) == 0
}

// fitsSpan is fits where the first segment may take several parts.
func fitsSpan(segments []segment, parts []string, values map[string]string) bool {
	for n := 1; n <= len(parts)-len(segments)+1; n++ {
		if parts[n-1] == "" {
			return false
		}
		if taken := strings.Join(parts[:n], "/"); segments[0].fits(taken, values) && fits(segments[1:], parts[n:], values) {
			return true
		}
	}
	return false
}

// fits reports whether each parameter can take at least one character.
func (s segment) fits(part string, values map[string]string) bool {
	texts := s.texts
	if len(texts) == 1 {
		return part == texts[0]
	}
	part, ok := strings.CutPrefix(part, texts[0])
	if !ok {
		return false
	}
	for k, text := range texts[1 : len(texts)-1] {
		if part == "" {
			return false
		}
		i := strings.Index(part[1:], text)
		if i < 0 {
			return false
		}
		values[s.names[k]] = part[:1+i]
		part = part[1+i+len(text):]
	}
	last := texts[len(texts)-1]
	values[s.names[len(s.names)-1]] = strings.TrimSuffix(part, last)
	return len(part) > len(last) && strings.HasSuffix(part, last)
}
