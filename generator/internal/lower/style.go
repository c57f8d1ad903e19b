package lower

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// style says how a parameter becomes text where that is not the usual way of its
// place; see model.Param.
func style(p *openapi3.Parameter, r *model.Ref) string {
	if media, ok := p.Extensions["x-content"].(string); ok {
		// A text in a path stays a text: nobody wants its quotes in an address.
		if normalize.IsJSON(media) && (p.In != "path" || !r.Scalar()) {
			return "json"
		}
		return ""
	}
	explode := p.Style == "form" || p.Style == "" && (p.In == "query" || p.In == "cookie")
	if p.Explode != nil {
		explode = *p.Explode
	}
	switch p.In {
	case "path":
		return pathStyle(p.Style, explode)
	case "header":
		switch array := r.Base().Kind == model.Array; {
		case array:
			return "comma"
		case explode && !r.Scalar():
			return "explode"
		}
		return ""
	}
	return formStyle(p.Style, explode)
}

func pathStyle(name string, explode bool) string {
	if name != "label" && name != "matrix" {
		name = ""
	}
	if explode {
		name += ",explode"
	}
	return name
}

// formStyle is the word of package api for a style of queries and forms.
func formStyle(name string, explode bool) string {
	switch {
	case name == "deepObject":
		return "deep"
	case explode:
		return ""
	case name == "spaceDelimited":
		return "space"
	case name == "pipeDelimited":
		return "pipe"
	}
	return "comma"
}

// parts reads the encoding of a form or multipart body: what it says beyond the
// usual.
func parts(encoding map[string]*openapi3.Encoding, multipart bool) []model.Part {
	var out []model.Part
	for _, name := range slices.Sorted(maps.Keys(encoding)) {
		e := encoding[name]
		if e == nil {
			continue
		}
		p := model.Part{Name: name}
		if e.Style != "" || e.Explode != nil {
			p.Style = formStyle(e.Style, e.Explode != nil && *e.Explode || e.Explode == nil && e.Style == "form")
		}
		// A style makes the media type of no account; of several types, or of a pattern,
		// the caller chooses.
		media := strings.TrimSpace(e.ContentType)
		if p.Style == "" && media != "" && !strings.ContainsAny(media, "*,") {
			if normalize.IsJSON(media) {
				p.Style = "json"
			}
			if multipart {
				p.Type = media
			}
		}
		if p.Style != "" || p.Type != "" {
			out = append(out, p)
		}
	}
	return out
}

// files makes files of the binary members of multipart bodies. A type that is used
// elsewhere too keeps texts there, for JSON holds no files.
func (l *lowerer) files(ops []*model.Operation) {
	elsewhere := map[*model.Type]bool{}
	for _, op := range ops {
		for _, p := range slices.Concat(op.PathParams, op.Params) {
			visit(p.Ref, elsewhere, nil)
		}
		for _, a := range op.Answers {
			visit(a.Ref, elsewhere, nil)
		}
		for _, items := range op.Result.Items {
			visit(items.Ref, elsewhere, nil)
		}
		visit(op.Result.Ref, elsewhere, nil)
		if op.Body != nil && op.Body.Kind != model.BodyMultipart {
			visit(op.Body.Ref, elsewhere, nil)
		}
	}
	for _, op := range ops {
		if op.Body == nil || op.Body.Kind != model.BodyMultipart {
			continue
		}
		visit(op.Body.Ref, map[*model.Type]bool{}, func(t *model.Type, r *model.Ref) {
			switch {
			case r.Kind != model.Binary:
			case t != nil && elsewhere[t]:
				l.report(diag.Warning, op.Pointer+"/requestBody", "file-as-text",
					"the schema "+t.Key+" is used for JSON too, so its file is a text; send another body with api.WithBody", "")
			default:
				r.Kind = model.File
			}
		})
	}
}

// visit calls f for every position below r with the type that it belongs to, nil
// for none, and notes the types.
func visit(r *model.Ref, seen map[*model.Type]bool, f func(owner *model.Type, r *model.Ref)) {
	var walk func(owner *model.Type, r *model.Ref)
	walk = func(owner *model.Type, r *model.Ref) {
		if r == nil {
			return
		}
		if f != nil {
			f(owner, r)
		}
		walk(owner, r.Elem)
		t := r.Type
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		for _, field := range t.Fields {
			walk(t, field.Ref)
		}
		for _, v := range t.Variants {
			walk(t, v.Ref)
		}
		walk(t, t.Elem)
		walk(t, t.Extra)
	}
	walk(nil, r)
}
