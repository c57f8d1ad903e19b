package local

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
)

// operationTable names calls by method and URL. It is filled while the vault
// opens and read-only afterwards.
type operationTable struct {
	templates map[string][]*template // by origin and method
}

// template is one operation's path, base path included.
type template struct {
	op       *api.Operation
	segments []segment
	literal  int // bytes of literal text: the longer match wins
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

func (t *operationTable) add(base string, op *api.Operation) error {
	d, err := parseDestination(base)
	if err != nil {
		return errors.New("its base URL does not fit: " + err.Error())
	}
	if op.Method == "" || !strings.HasPrefix(op.Path, "/") {
		return errors.New("it needs a method and a path that begins with a slash")
	}
	tpl := &template{op: op}
	for part := range strings.SplitSeq(strings.TrimSuffix(d.path, "/")+op.Path, "/") {
		seg, err := parseSegment(part)
		if err != nil {
			return err
		}
		seg.spans = slices.ContainsFunc(op.Segments, func(name string) bool { return strings.Contains(part, "{"+name+"}") })
		tpl.segments = append(tpl.segments, seg)
		for _, text := range seg.texts {
			tpl.literal += len(text)
		}
	}
	if t.templates == nil {
		t.templates = map[string][]*template{}
	}
	key := d.origin + " " + strings.ToUpper(op.Method)
	// The best match stands first, so that matching stops at the first one. Equal
	// ones are ordered by ID: the order of the tables must not decide.
	at, _ := slices.BinarySearchFunc(t.templates[key], tpl, func(a, b *template) int {
		return cmp.Or(cmp.Compare(b.literal, a.literal), cmp.Compare(len(b.segments), len(a.segments)), cmp.Compare(a.op.ID, b.op.ID))
	})
	t.templates[key] = slices.Insert(t.templates[key], at, tpl)
	return nil
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
func (t *operationTable) match(method string, d destination) *api.Operation {
	op, _ := t.explain(method, d)
	return op
}

// explain is match with the values of the path parameters, decoded.
func (t *operationTable) explain(method string, d destination) (*api.Operation, map[string]string) {
	candidates := t.templates[d.origin+" "+method]
	if len(candidates) == 0 {
		return nil, nil
	}
	parts := strings.Split(d.path, "/")
	if len(parts) > maxParts {
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
	values := map[string]string{}
	for _, c := range candidates {
		clear(values)
		if fits(c.segments, parts, values) {
			return c.op, values
		}
	}
	return nil, nil
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
