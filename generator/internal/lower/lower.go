package lower

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
)

// Options are the facts about a provider that its document does not state.
type Options struct {
	Provider string
	BaseURL  string // replaces the document's first server; "" keeps it
	Grouping Grouping
	Moves    map[string]string // operation ID -> the group that it is put into
	Paging   []PagingRule
	Flat     map[string]string // method on the client -> operation ID
	Optional []string          // members that are not required although the document says so
	Partial  bool              // only some operations are wanted: flat methods may miss theirs
}

// PagingRule finds operations that page in one way.
type PagingRule struct {
	model.Paging // how their pages follow each other; Items, Elem and InBody are found out

	Auto       bool     // in place of all else: what the shape of the operation proves
	Lists      []string // paths to look for the list at; empty: the only list of the answer
	ImpliedBy  []string // parameters that show link paging where no Link header is declared
	Operations []string // limits the rule to these operation IDs; empty means all
	Except     []string // operation IDs that the rule leaves out
}

// Run lowers the document.
func Run(doc *openapi3.T, origins map[string][]normalize.Origin, opts Options) (*model.API, diag.List) {
	l := &lowerer{doc: doc, opts: opts, origins: origins, types: map[string]*model.Type{}}
	api := &model.API{Provider: opts.Provider, BaseURL: cmp.Or(strings.TrimRight(opts.BaseURL, "/"), l.server(doc.Servers, "", "/servers"))}
	if l.base = api.BaseURL; l.base == "" {
		l.report(diag.Note, "/servers", "no-base-url", "the document names no server with an address; every call needs one", "pass api.WithBaseURL to New, or set base_url in provider.yaml")
	}
	if doc.Info != nil {
		api.Title, api.Version = doc.Info.Title, doc.Info.Version
	}
	l.declare()
	l.define()
	l.silent = l.isSilent()
	api.Ops = l.operations()
	l.files(api.Ops)
	l.group(api)
	l.flatten(api)
	for _, t := range l.types {
		api.Types = append(api.Types, t)
	}
	slices.SortFunc(api.Types, func(a, b *model.Type) int { return cmp.Compare(a.Key, b.Key) })
	return api, l.diags
}

type lowerer struct {
	doc     *openapi3.T
	opts    Options
	base    string // the API's base URL, "" when it is not known
	origins map[string][]normalize.Origin
	types   map[string]*model.Type
	silent  bool // the document describes no successful answer
	diags   diag.List
}

func (l *lowerer) report(sev diag.Severity, pointer, code, message, remedy string) {
	l.diags = append(l.diags, diag.Diagnostic{
		Severity: sev, Provider: l.opts.Provider, Pointer: pointer, Code: code, Message: message, Remedy: remedy,
	})
}

// declare makes a type for every component that needs a name, so that references
// can point at types not yet filled in.
func (l *lowerer) declare() {
	for key, ref := range l.doc.Components.Schemas {
		s := ref.Value
		if s == nil {
			continue
		}
		t := &model.Type{Key: key, Title: s.Title, Deprecated: s.Deprecated, Doc: s.Description, IsError: s.Extensions[normalize.ErrorKey] == true}
		switch {
		case ref.Ref != "":
			t.Kind = model.Alias
		case len(s.OneOf) > 0:
			t.Kind = model.Union
		case s.Type.Is("object") && len(s.Properties) > 0:
			t.Kind = model.Struct
		case s.Type.Is("string") && len(s.Enum) > 1:
			t.Kind = model.Enum
		default:
			t.Kind = model.Alias
		}
		for _, o := range l.origins[key] {
			t.Origins = append(t.Origins, model.Origin{Pointer: o.Pointer, Owner: o.Owner, Path: o.Path, Role: string(o.Role)})
		}
		l.types[key] = t
	}
}

func (l *lowerer) define() {
	keys := slices.Sorted(maps.Keys(l.types))
	for _, key := range keys { // first what others look through
		if t := l.types[key]; t.Kind == model.Alias {
			t.Elem = l.ref(l.doc.Components.Schemas[key])
		}
	}
	for _, key := range keys {
		t, s := l.types[key], l.doc.Components.Schemas[key].Value
		switch t.Kind {
		case model.Struct:
			l.fields(t, s)
		case model.Enum:
			for _, v := range s.Enum {
				if text := fmt.Sprint(v); taggable(text) || text == "" {
					t.Values = append(t.Values, &model.Value{Text: text})
				} else {
					l.report(diag.Warning, pointer(t), "value-without-constant", "an enum value holds a character that Go can't quote plainly; it has no constant, but is accepted", "")
				}
			}
		case model.Union:
			l.variants(t, s)
		}
	}
	for _, key := range keys {
		if t := l.types[key]; t.Kind == model.Union {
			l.tag(t, l.doc.Components.Schemas[key].Value)
		}
	}
	// A name for a string or a number adds nothing: such components disappear.
	for key, t := range l.types {
		if t.Kind == model.Alias && t.Elem.Kind != model.Array && t.Elem.Kind != model.Map {
			delete(l.types, key)
		}
	}
}

func (l *lowerer) fields(t *model.Type, s *openapi3.Schema) {
	readOnly, _ := s.Extensions[normalize.ReadOnlyKey].([]any)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if !taggable(name) || strings.ContainsRune(name, ',') || name == "-" {
			l.report(diag.Warning, pointer(t)+"/properties/"+escaper.Replace(name), "member-without-field", "no struct tag can hold the name of this member; it is left out", "")
			continue
		}
		f := &model.Field{
			JSON: name, Ref: l.ref(p), ReadOnly: slices.Contains(readOnly, any(name)),
			Required: slices.Contains(s.Required, name) && !slices.Contains(l.opts.Optional, name),
		}
		f.Deprecated = p.Extensions["x-deprecated"] == true
		if p.Ref == "" {
			f.Deprecated = f.Deprecated || p.Value.Deprecated
			f.Default = literal(p.Value.Default)
			f.Doc = p.Value.Description
		}
		t.Fields = append(t.Fields, f)
	}
	if extra := s.AdditionalProperties.Schema; extra != nil {
		t.Extra = l.ref(extra)
	} else if has := s.AdditionalProperties.Has; has != nil {
		t.Closed = !*has
		if *has {
			t.Extra = &model.Ref{Kind: model.Any}
		}
	}
}

// taggable says whether a text can stand in a struct tag and in a plain literal.
func taggable(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '"' || r == '`' || r == '\\' || unicode.IsControl(r) || r == unicode.ReplacementChar
	})
}

func pointer(t *model.Type) string {
	if len(t.Origins) == 0 {
		return ""
	}
	return strings.TrimPrefix(t.Origins[0].Pointer, "#")
}

// literal renders a default for a comment, or "" when it is not worth a line.
func literal(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		if len(v) > 40 || strings.ContainsAny(v, "\n\r") {
			return ""
		}
		return v
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
}

func (l *lowerer) variants(t *model.Type, s *openapi3.Schema) {
	hints, _ := s.Extensions[normalize.VariantsKey].([]any)
	for i, v := range s.OneOf {
		variant := &model.Variant{Ref: l.ref(v)}
		if variant.Ref.Base().Kind == model.Any {
			continue // what fits no other variant is kept as it is anyway
		}
		if i < len(hints) {
			hint, _ := hints[i].(map[string]any)
			variant.Word, _ = hint["name"].(string)
			if values := texts(hint["when"]); len(values) > 0 {
				d, _ := s.Extensions["x-discriminator"].(string)
				variant.When = d + "=" + strings.Join(values, "|")
			}
		}
		t.Variants = append(t.Variants, variant)
	}
}

func texts(v any) []string {
	var out []string
	l, _ := v.([]any)
	for _, e := range l {
		if s, ok := e.(string); ok && !strings.ContainsAny(s, "|\"`=") {
			out = append(out, s)
		}
	}
	return out
}

// ref lowers a schema position.
func (l *lowerer) ref(r *openapi3.SchemaRef) *model.Ref {
	out := l.bare(r)
	if r != nil && (r.Extensions[normalize.NullKey] == true || r.Ref == "" && r.Value != nil && r.Value.Extensions[normalize.NullKey] == true) {
		c := *out
		c.Null = true
		out = &c
	}
	return out
}

func (l *lowerer) bare(r *openapi3.SchemaRef) *model.Ref {
	if r == nil || r.Value == nil {
		return &model.Ref{Kind: model.Any}
	}
	if key, ok := normalize.ReferredKey(r.Ref); ok {
		if alias := l.doc.Components.Schemas[key]; alias != nil && alias.Ref != "" && alias.Ref != r.Ref {
			return l.ref(alias) // a component that is another one
		}
		t := l.types[key]
		if t != nil && (t.Kind != model.Alias || r.Value.Type.Is("array") || r.Value.Type.Is("object")) {
			return &model.Ref{Kind: model.Named, Type: t}
		}
		return l.bare(&openapi3.SchemaRef{Value: r.Value})
	}
	s := r.Value
	switch {
	case s.Type == nil:
		return &model.Ref{Kind: model.Any}
	case s.Type.Is("array"):
		return &model.Ref{Kind: model.Array, Elem: l.ref(s.Items)}
	case s.Type.Is("object"):
		elem := &model.Ref{Kind: model.Any}
		if s.AdditionalProperties.Schema != nil {
			elem = l.ref(s.AdditionalProperties.Schema)
		}
		return &model.Ref{Kind: model.Map, Elem: elem}
	default:
		return l.primitive(s)
	}
}

func (l *lowerer) primitive(s *openapi3.Schema) *model.Ref {
	switch {
	case s.Type.Is("integer"):
		return &model.Ref{Kind: model.Int}
	case s.Type.Is("number"):
		return &model.Ref{Kind: model.Float}
	case s.Type.Is("boolean"):
		return &model.Ref{Kind: model.Bool}
	case s.Format == "date-time":
		return &model.Ref{Kind: model.Time}
	case s.Format == "date":
		return &model.Ref{Kind: model.Date}
	case s.Format == "binary":
		return &model.Ref{Kind: model.Binary}
	}
	r := &model.Ref{Kind: model.String, URL: s.Format == "uri" || s.Format == "url" || s.Format == "uri-reference"}
	for _, v := range s.Enum {
		r.Const = append(r.Const, fmt.Sprint(v))
	}
	return r
}
