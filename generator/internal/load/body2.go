package load

import (
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// Media types that a form of 2.0 can have, and what a body is without one.
const (
	mediaForm      = "application/x-www-form-urlencoded"
	mediaMultipart = "multipart/form-data"
	mediaJSON      = "application/json"
)

// bodies2 makes the request bodies of a Swagger 2.0 document unambiguous: the
// converter loses a body without a media type, sends a form as JSON where the
// document consumes nothing else, and refuses several bodies.
func (l *loader) bodies2(root map[string]any) {
	paths, _ := root["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, method := range grammar.Methods() {
			if op, ok := item[method].(map[string]any); ok {
				b := body2{loader: l, root: root, item: item, op: op, pointer: diag.Pointer("paths", path, method)}
				b.fix()
			}
		}
	}
}

type body2 struct {
	loader         *loader
	root, item, op map[string]any
	pointer        string
}

func (b body2) fix() {
	bodies, forms := b.in("body"), b.in("formData")
	switch {
	case len(bodies) > 0 && len(forms) > 0:
		b.loader.fail(b.pointer+"/parameters", diag.CodeSeveralBodies, "the operation has a body and form fields", "describe one of the two")
	case len(bodies) > 1:
		b.loader.warn(b.pointer+"/parameters", diag.CodeSeveralBodies, "the operation has several bodies; they were read as members of one object", "describe one body with a schema that has these members")
		b.join(bodies)
	case len(bodies) == 1:
		plainBody(bodies[0])
	}
	consumes := texts(b.op["consumes"])
	if b.op["consumes"] == nil {
		consumes = texts(b.root["consumes"])
	}
	switch {
	case len(forms) > 0:
		b.form(forms, consumes)
	case len(bodies) > 0 && len(consumes) == 0:
		b.op["consumes"] = []any{mediaJSON}
	}
}

// form leaves the media types that a form can have.
func (b body2) form(fields []map[string]any, consumes []string) {
	file := slices.ContainsFunc(fields, func(p map[string]any) bool { return p["type"] == "file" })
	kept := slices.DeleteFunc(slices.Clone(consumes), func(m string) bool {
		m, _, _ = strings.Cut(strings.ToLower(m), ";")
		return m != mediaMultipart && (m != mediaForm || file)
	})
	if len(kept) == 0 {
		kept = []string{mediaForm}
		if file {
			kept = []string{mediaMultipart}
		}
		if len(consumes) > 0 {
			b.loader.warn(b.pointer, diag.CodeFormMediaType, "no form has the media type "+bounded(consumes[0])+"; it is sent as "+kept[0], "add \"consumes\" with the form's media type")
		}
	}
	out := make([]any, len(kept))
	for i, m := range kept {
		out[i] = m
	}
	b.op["consumes"] = out
}

// in lists the operation's parameters in one place; its own replace the path's.
func (b body2) in(place string) []map[string]any {
	own := b.resolved(b.op)
	var out []map[string]any
	for _, p := range b.resolved(b.item) {
		again := func(o map[string]any) bool { return o["in"] == p["in"] && (o["name"] == p["name"] || place == "body") }
		if p["in"] == place && !slices.ContainsFunc(own, again) {
			out = append(out, p)
		}
	}
	for _, p := range own {
		if p["in"] == place {
			out = append(out, p)
		}
	}
	return out
}

func (b body2) resolved(holder map[string]any) []map[string]any {
	list, _ := holder["parameters"].([]any)
	var out []map[string]any
	for _, v := range list {
		p, _ := v.(map[string]any)
		if ref, ok := refOf(p); ok {
			tokens, _ := localTokens(ref)
			v, _ = lookup(b.root, tokens)
			p, _ = v.(map[string]any)
		}
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

// join makes one body of several.
func (b body2) join(bodies []map[string]any) {
	members, required := map[string]any{}, []any{}
	for _, p := range bodies {
		plainBody(p)
		name, _ := p["name"].(string)
		members[name] = p["schema"]
		if p["required"] == true {
			required = append(required, name)
		}
	}
	schema := map[string]any{"type": "object", "properties": members}
	if len(required) > 0 {
		schema["required"] = required
	}
	keep := []any{map[string]any{"name": "body", "in": "body", "required": len(required) > 0, "schema": schema}}
	own, _ := b.op["parameters"].([]any)
	for i, v := range b.resolved(b.op) {
		if v["in"] != "body" {
			keep = append(keep, own[i])
		}
	}
	b.op["parameters"] = keep
}

// plainBody gives a body that is described like any other parameter the schema
// that it means.
func plainBody(p map[string]any) {
	if p["schema"] != nil {
		return
	}
	schema := map[string]any{}
	for _, name := range []string{"type", "format", "items", "enum", "default", "properties"} {
		if v, ok := p[name]; ok {
			schema[name] = v
			delete(p, name)
		}
	}
	p["schema"] = schema
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
