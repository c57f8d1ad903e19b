package lower

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

func (l *lowerer) operations() []*model.Operation {
	var out []*model.Operation
	for _, path := range slices.Sorted(maps.Keys(l.doc.Paths.Map())) {
		ops := l.doc.Paths.Value(path).Operations()
		more := l.doc.Paths.Value(path).AdditionalOperations
		for _, method := range slices.Sorted(maps.Keys(ops)) {
			member := strings.ToLower(method)
			if more[method] != nil {
				member = "additionalOperations/" + method
			}
			out = append(out, l.operation(path, method, member, ops[method]))
		}
	}
	return out
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

func (l *lowerer) operation(path, method, member string, o *openapi3.Operation) *model.Operation {
	op := &model.Operation{
		Pointer: "/paths/" + escaper.Replace(path) + "/" + member,
		ID:      o.OperationID, Method: method, Path: path,
		Deprecated: o.Deprecated, Summary: o.Summary,
		Scopes: l.scopes(o),
	}
	op.Template = path
	if sent, ok := o.Extensions[normalize.TemplateKey].(string); ok {
		op.Template = sent
	}
	if op.ID == "" {
		op.ID = strings.ToLower(method) + " " + path
	}
	if len(o.Tags) > 0 {
		op.Tag = o.Tags[0]
	}
	if o.ExternalDocs != nil {
		op.Link = o.ExternalDocs.URL
	}
	if o.Servers != nil {
		op.Server = l.server(*o.Servers, l.base, op.Pointer+"/servers")
	}
	op.Resource, _ = segments(path)
	op.Access, op.Idempotent = access(method)
	l.params(op, o)
	l.body(op, o)
	l.result(op, o)
	l.page(op, o)
	return op
}

func access(method string) (model.Access, bool) {
	switch method {
	case "GET", "HEAD", "OPTIONS", openapi3.MethodQuery:
		return model.Read, true
	case "DELETE":
		return model.Delete, true
	case "PUT":
		return model.Write, true
	default:
		return model.Write, false
	}
}

func (l *lowerer) scopes(o *openapi3.Operation) []string {
	if o.Security == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, req := range *o.Security {
		for name, scopes := range req {
			if scheme := l.doc.Components.SecuritySchemes[name]; scheme == nil || scheme.Value == nil || scheme.Value.Type != "oauth2" {
				continue
			}
			for _, s := range scopes {
				seen[s] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (l *lowerer) params(op *model.Operation, o *openapi3.Operation) {
	byName := map[string]*model.Param{}
	for _, ref := range o.Parameters {
		v := ref.Value
		if v == nil {
			continue
		}
		if v.In != "path" && (v.Name == "" || strings.ContainsFunc(v.Name, func(r rune) bool { return r == ',' || unicode.IsControl(r) || r == unicode.ReplacementChar })) {
			l.report(diag.Warning, op.Pointer, "parameter-without-field", fmt.Sprintf("no struct tag can hold the name of the %s parameter %q; it is left out", v.In, v.Name), "")
			continue
		}
		p := &model.Param{
			Name: v.Name, In: v.In, Required: v.Required, Deprecated: v.Deprecated,
			Segments: v.Extensions[normalize.SegmentsKey] == true,
			Ref:      l.ref(v.Schema), Reserved: v.AllowReserved && v.In == "query",
		}
		p.Style = style(v, p.Ref)
		if v.Schema != nil && v.Schema.Value != nil {
			p.Default, p.Least = literal(v.Schema.Value.Default), v.Schema.Value.Min
		}
		if v.In == "path" {
			byName[v.Name] = p
		} else {
			op.Params = append(op.Params, p)
		}
	}
	for _, name := range normalize.Variables(op.Template) {
		p := byName[name]
		if p == nil {
			continue
		}
		op.PathValues = append(op.PathValues, p)
		if !slices.Contains(op.PathParams, p) {
			op.PathParams = append(op.PathParams, p)
		}
	}
	slices.SortFunc(op.Params, func(a, b *model.Param) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.In, b.In))
	})
}

func (l *lowerer) body(op *model.Operation, o *openapi3.Operation) {
	if o.RequestBody == nil || o.RequestBody.Value == nil {
		return
	}
	for media, entry := range o.RequestBody.Value.Content {
		b := &model.Body{Media: media, Required: o.RequestBody.Value.Required, Others: extension(o.RequestBody.Value.Extensions["x-media"])}
		base, _, _ := strings.Cut(strings.ToLower(media), ";")
		switch {
		case normalize.IsJSON(media):
			b.Kind, b.Ref = model.BodyJSON, l.ref(entry.Schema)
		case base == "application/x-www-form-urlencoded":
			b.Kind, b.Ref = model.BodyForm, l.ref(entry.Schema)
			b.Parts = parts(entry.Encoding, false)
		case base == "multipart/form-data":
			b.Kind, b.Ref = model.BodyMultipart, l.ref(entry.Schema)
			b.Parts = parts(entry.Encoding, true)
		case strings.HasPrefix(base, "text/"):
			b.Kind = model.BodyText
		default:
			b.Kind = model.BodyStream
			if strings.Contains(base, "*") {
				b.Media = "application/octet-stream"
			}
		}
		op.Body = b
	}
}

// extension reads an extension of package normalize that lists texts.
func extension(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// answer is one documented response.
type answer struct {
	status int // 0 for default
	media  string
	ref    *model.Ref
	empty  bool
	link   bool
	others []string // media types that the answer can have beside media
	items  []model.Items
}

func (l *lowerer) answers(o *openapi3.Operation) (success []answer, redirect, download bool) {
	all := o.Responses.Map()
	for _, code := range slices.Sorted(maps.Keys(all)) {
		r := all[code].Value
		status, _ := strconv.Atoi(strings.ReplaceAll(strings.ToUpper(code), "XX", "00"))
		switch {
		case status >= 300 && status < 400 && status != 304:
			redirect = true
			download = download || status == 302
		case status >= 200 && status < 300, code == "default" && len(all) == 1:
			success = append(success, l.answer(status, r))
		}
	}
	return success, redirect, download
}

func (l *lowerer) answer(status int, r *openapi3.Response) answer {
	a := answer{status: status, empty: true}
	if r == nil || status == http.StatusNoContent || status == http.StatusResetContent { // no body, whatever the document says
		return a
	}
	for media, entry := range r.Content {
		if status == http.StatusNoContent || status == http.StatusResetContent {
			break // whatever the document says: HTTP has no body there
		}
		a.media, a.empty = media, false
		if normalize.IsJSON(media) {
			a.ref = l.ref(entry.Schema)
			a.empty = nothing(entry.Schema)
		}
	}
	a.others = extension(r.Extensions["x-media"])
	a.items = l.items(r.Extensions[normalize.ItemsKey])
	a.link = slices.ContainsFunc(extension(r.Extensions["x-headers"]), func(h string) bool { return strings.EqualFold(h, "link") })
	return a
}

// items reads what package normalize says of streams.
func (l *lowerer) items(v any) []model.Items {
	var out []model.Items
	list, _ := v.([]any)
	for _, one := range list {
		entry, _ := one.(map[string]any)
		media, _ := entry["media"].(string)
		schema, _ := entry["schema"].(map[string]any)
		ref, _ := schema["$ref"].(string)
		key, _ := normalize.ReferredKey(ref)
		if t := l.types[key]; t != nil {
			out = append(out, model.Items{Media: media, Ref: &model.Ref{Kind: model.Named, Type: t}})
		}
	}
	return out
}

// documented lists the answers with a JSON body.
func (l *lowerer) documented(o *openapi3.Operation) []model.Answer {
	var out []model.Answer
	all := o.Responses.Map()
	for _, code := range slices.Sorted(maps.Keys(all)) {
		if all[code].Value == nil {
			continue
		}
		for media, entry := range all[code].Value.Content {
			if normalize.IsJSON(media) && entry.Schema != nil {
				out = append(out, model.Answer{Status: code, Ref: l.ref(entry.Schema)})
			}
		}
	}
	return out
}

// nothing says whether a schema admits only the empty object, which tells a caller
// no more than the status does.
func nothing(s *openapi3.SchemaRef) bool {
	return s != nil && s.Value != nil && s.Value.Extensions[normalize.EmptyKey] == true
}

func (l *lowerer) result(op *model.Operation, o *openapi3.Operation) {
	success, redirect, download := l.answers(o)
	op.Answers = l.documented(o)
	op.Redirect = redirect && (op.Method == http.MethodGet || op.Method == http.MethodHead)
	i := slices.IndexFunc(success, func(a answer) bool { return !a.empty })
	if i < 0 {
		switch {
		case len(success) == 0 && download && op.Method == http.MethodGet:
			op.Result = model.Result{Kind: model.ResultStream}
		case l.undescribed(success):
			op.Result = model.Result{Kind: model.ResultJSON, Ref: &model.Ref{Kind: model.Any}, Accept: "application/json"}
			l.report(diag.Note, op.Pointer+"/responses", "answer-undescribed", "no answer has content; what comes is returned as any JSON", "")
		}
		return
	}
	first := success[i]
	switch base, _, _ := strings.Cut(strings.ToLower(first.media), ";"); {
	case normalize.IsJSON(first.media):
		op.Result = model.Result{Kind: model.ResultJSON, Ref: first.ref, Accept: first.media}
	case strings.HasPrefix(base, "text/") && !normalize.IsEventStream(base):
		op.Result = model.Result{Kind: model.ResultText, Accept: first.media}
	default:
		op.Result = model.Result{Kind: model.ResultStream, Accept: first.media}
	}
	op.Result.Others, op.Result.Items = first.others, first.items
	for j, a := range success {
		if j == i || a.empty || sameRef(a.ref, first.ref) && a.media == first.media {
			continue
		}
		op.Alternates = append(op.Alternates, a.status)
		l.report(diag.Note, op.Pointer+"/responses/"+strconv.Itoa(a.status), "other-success",
			fmt.Sprintf("status %d has another body than status %d; the call returns it as an error that can be decoded", a.status, first.status), "")
	}
}

// undescribed says whether an answer has a body that the document is silent about,
// as Trello's is about every answer. Where it describes others, an operation
// without content has none, or sends a file. 204 says that there is none.
func (l *lowerer) undescribed(success []answer) bool {
	return l.silent && slices.ContainsFunc(success, func(a answer) bool {
		return a.status == http.StatusOK || a.status == http.StatusCreated
	})
}

// isSilent says whether no success of the document has content.
func (l *lowerer) isSilent() bool {
	for _, item := range l.doc.Paths.Map() {
		for _, o := range item.Operations() {
			success, _, _ := l.answers(o)
			if slices.ContainsFunc(success, func(a answer) bool { return a.media != "" }) {
				return false
			}
		}
	}
	return true
}

func sameRef(a, b *model.Ref) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Type != b.Type {
		return false
	}
	return a.Elem == nil && b.Elem == nil || sameRef(a.Elem, b.Elem)
}
