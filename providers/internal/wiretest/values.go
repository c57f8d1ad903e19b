package wiretest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// expect makes a value for every parameter and body member of the mode. absent
// tells that the method can be called without a body.
func (r *runner) expect(desc *api.Operation, op *plain.Operation, mode plain.Mode, absent bool) (plain.Expect, error) {
	want := plain.Expect{Operation: op, Headers: http.Header{}}
	for name, value := range r.cfg.Headers {
		want.Headers.Set(name, value)
	}
	for name, value := range r.cfg.Query {
		want.Injected = append(want.Injected, plain.Value{Param: plain.Param{Name: name, In: "query", Style: "form"}, JSON: value})
	}
	m := plain.NewMaker(r.doc, mode)
	m.Tame, m.Small = r.cfg.Tame, r.cfg.Small
	for _, p := range op.Params {
		if !p.Required && (mode.Minimal || slices.Contains(r.cfg.Omit, p.Name)) {
			continue
		}
		v, err := m.Value(p.Schema, p.Name, place(p))
		if err != nil {
			return want, fmt.Errorf("%s parameter %s: %w", p.In, p.Name, err)
		}
		want.Values = append(want.Values, plain.Value{Param: p, JSON: v})
	}
	return want, r.expectBody(&want, desc, m, absent && mode.Minimal)
}

func place(p plain.Param) plain.Place {
	switch p.In {
	case plain.Path:
		if p.Segments {
			return plain.InSegments
		}
		return plain.InPath
	case "header", "cookie":
		return plain.InHeader
	}
	return plain.InQuery
}

func (r *runner) expectBody(want *plain.Expect, desc *api.Operation, m *plain.Maker, absent bool) error {
	op := want.Operation
	if op.Body == nil {
		return nil
	}
	declared, ok := declaredMedia(op.Body, string(desc.Request))
	if !ok {
		return fmt.Errorf("the descriptor says body %q, the document %q", desc.Request, slices.Sorted(maps.Keys(op.Body.Media)))
	}
	media, _, _ := strings.Cut(string(desc.Request), ";")
	if absent && !op.Body.Required {
		return nil
	}
	want.Media = media
	switch schema := op.Body.Media[declared]; {
	case strings.HasPrefix(media, "text/") && !plain.IsJSON(media):
		want.Body = "w0 text of " + op.ID + " ü&=+%"
	case !plain.IsJSON(media) && media != "application/x-www-form-urlencoded" && media != "multipart/form-data":
		want.Body = []byte("w0 \x00\xff\r\n bytes of " + op.ID)
	default:
		v, err := m.Body(schema, media)
		if err != nil {
			return fmt.Errorf("body: %w", err)
		}
		if members, ok := v.(plain.Node); ok {
			maps.DeleteFunc(members, func(name string, _ any) bool { return slices.Contains(r.cfg.Omit, name) })
		}
		want.Body = v
	}
	return nil
}

// within tells whether a media type is in a range such as image/*; bytes of no known
// type are in each.
func within(media, span string) bool {
	family, ok := strings.CutSuffix(span, "*")
	return ok && (family == "*/" || strings.HasPrefix(media, family) || media == "application/octet-stream")
}

// declaredMedia is the document's spelling of a body's media type.
func declaredMedia(b *plain.Body, media string) (string, bool) {
	short, _, _ := strings.Cut(media, ";")
	for _, try := range []string{media, short} {
		if _, ok := b.Media[try]; ok {
			return try, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Media)) {
		if base, _, _ := strings.Cut(name, ";"); strings.EqualFold(base, short) || within(short, name) {
			return name, true
		}
	}
	return "", false
}
