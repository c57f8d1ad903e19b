package emit

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/normalize"
	"github.com/grantwire/grantwire/generator/internal/output"
)

// oapiCodegen guards oapi-codegen, which keeps the state of a run in package
// variables and crashes when two runs overlap.
var oapiCodegen sync.Mutex

// types renders the schema types. oapi-codegen gets a document of its own that
// holds nothing but the named types, under their Go names.
func (e *emitter) types() (output.File, error) {
	doc := &openapi3.T{
		OpenAPI:    "3.0.3",
		Info:       &openapi3.Info{Title: e.api.Title, Version: e.api.Version},
		Paths:      openapi3.NewPaths(),
		Components: &openapi3.Components{Schemas: openapi3.Schemas{}},
	}
	for _, t := range e.api.Types {
		doc.Components.Schemas[t.Name] = &openapi3.SchemaRef{Value: e.schema(t)}
	}
	src, err := generate(doc, e.opts.Package)
	if err != nil {
		return output.File{}, err
	}
	return e.formatted("types.gen.go", e.reheader(src))
}

// generate calls oapi-codegen. Every option is set: it keeps some from call to call.
func generate(doc *openapi3.T, pkg string) (string, error) {
	conf := codegen.Configuration{
		PackageName: pkg,
		Generate:    codegen.GenerateOptions{Models: true},
		OutputOptions: codegen.OutputOptions{
			SkipFmt: true, SkipPrune: true, SkipEnumValidate: true, SkipEnumViaOneOf: true,
			NameNormalizer: string(codegen.NameNormalizerFunctionUnset),
			// A list may hold itself, which an alias can't.
			DisableTypeAliasesForType: []string{"array"},
			ResponseTypeSuffix:        "Response", ClientTypeName: "Client",
			PreferSkipOptionalPointerOnContainerTypes: true,
			TypeMapping: &codegen.TypeMapping{
				Integer: codegen.FormatMapping{Default: codegen.SimpleTypeSpec{Type: "int64"}},
				Number:  codegen.FormatMapping{Default: codegen.SimpleTypeSpec{Type: "float64"}},
				Boolean: codegen.FormatMapping{Default: codegen.SimpleTypeSpec{Type: "bool"}},
				String: codegen.FormatMapping{
					Default: codegen.SimpleTypeSpec{Type: "string"},
					Formats: map[string]codegen.SimpleTypeSpec{
						"date-time": {Type: "api.Time"}, "date": {Type: "api.Date"},
					},
				},
			},
		},
	}.UpdateDefaults()
	oapiCodegen.Lock()
	defer oapiCodegen.Unlock()
	src, err := codegen.Generate(doc, conf)
	if err != nil {
		return "", fmt.Errorf("oapi-codegen: %w", firstLine(err))
	}
	return src, nil
}

// reheader replaces what oapi-codegen writes above the first declaration: its
// package comment, and imports that it leaves unused.
func (e *emitter) reheader(src string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s\n\npackage %s\n\n", e.header(), e.opts.Package)
	decls := embedding.ReplaceAllString(afterImports(src), "$1"+embedded)
	var imports []string
	if strings.Contains(decls, "api.") {
		imports = append(imports, apiPath)
	}
	writeImports(&b, append(imports, e.foreign()...))
	b.WriteString(decls)
	return b.Bytes()
}

// foreign lists the packages whose types the package's own types name.
func (e *emitter) foreign() []string {
	found := map[string]bool{}
	add := func(r *model.Ref) {
		for ; r != nil; r = r.Elem {
			if r.Type != nil && r.Type.Home != e.home {
				found[e.imports[r.Type.Home.Name]] = true
			}
		}
	}
	for _, t := range e.api.Types {
		model.Walk(t, add)
	}
	return slices.Sorted(maps.Keys(found))
}

func writeImports(b *bytes.Buffer, paths []string) {
	slices.Sort(paths)
	switch len(paths) {
	case 0:
	case 1:
		fmt.Fprintf(b, "import %q\n\n", paths[0])
	default:
		b.WriteString("import (\n")
		for _, p := range paths {
			fmt.Fprintf(b, "\t%q\n", p)
		}
		b.WriteString(")\n\n")
	}
}

// embedded is the type that keeps what an answer holds beyond its fields.
// oapi-codegen has no word for an embedded field, so it writes a named one and
// reheader takes the name away.
const embedded = "*api.Extra"

var embedding = regexp.MustCompile("(?m)^(\\s*)Extra \\*api\\.Extra`json:\",embed\"`$")

func afterImports(src string) string {
	if _, rest, ok := strings.Cut(src, "\nimport ("); ok {
		if _, rest, ok = strings.Cut(rest, "\n)\n"); ok {
			return rest
		}
	}
	_, rest, _ := strings.Cut(src, "\npackage ")
	_, rest, _ = strings.Cut(rest, "\n")
	return rest
}

// schema describes a type to oapi-codegen.
func (e *emitter) schema(t *model.Type) *openapi3.Schema {
	s := &openapi3.Schema{Description: typeDoc(t), Deprecated: t.Deprecated}
	switch t.Kind {
	case model.Enum:
		s.Type = &openapi3.Types{"string"}
		var names []any
		for _, v := range t.Values {
			s.Enum = append(s.Enum, v.Text)
			names = append(names, v.Name)
		}
		s.Extensions = map[string]any{"x-enum-varnames": names}
	case model.Alias:
		a := e.position(t.Elem).Value
		a.Description = s.Description
		return a
	case model.Union:
		e.unionSchema(t, s)
	default:
		e.structSchema(t, s)
	}
	return s
}

func (e *emitter) structSchema(t *model.Type, s *openapi3.Schema) {
	s.Type = &openapi3.Types{"object"}
	s.Properties = openapi3.Schemas{}
	for i, f := range t.Fields {
		typ, omit := e.fieldType(t, f)
		omit = omit || f.ReadOnly && e.sent[t] // "required" speaks of answers alone then
		p := e.position(f.Ref)
		doc := e.fieldDoc(t, f)
		if typ != e.value(f.Ref) && typ != "*"+e.value(f.Ref) || e.byValue[f] || f.Required && typ[0] == '*' {
			p = &openapi3.SchemaRef{Value: &openapi3.Schema{Extensions: map[string]any{"x-go-type": typ}}}
		}
		if doc != "" || f.Deprecated {
			if p.Ref != "" { // a reference has no comment of its own
				p = &openapi3.SchemaRef{Value: &openapi3.Schema{Extensions: map[string]any{"x-go-type": e.value(f.Ref)}}}
			}
			p.Value.Description, p.Value.Deprecated = doc, f.Deprecated
			extend(p, map[string]any{"x-deprecated-reason": "the provider marks this member as deprecated."})
		}
		extend(p, map[string]any{
			"x-go-name": f.Name, "x-omitempty": false, "x-omitzero": omit, "x-order": float64(i),
			"x-go-type-skip-optional-pointer": f.Required || typ[0] != '*',
		})
		s.Properties[f.JSON] = p
		if f.Required {
			s.Required = append(s.Required, f.JSON)
		}
	}
	if t.Extra == nil && !t.Closed && e.read[t] {
		s.Properties["~extra"] = &openapi3.SchemaRef{Value: &openapi3.Schema{Extensions: map[string]any{
			"x-go-type": embedded, "x-go-name": "Extra", "x-order": float64(-1),
			"x-go-type-skip-optional-pointer": true, "x-oapi-codegen-extra-tags": map[string]any{"json": ",embed"},
		}}}
	}
	if t.Extra != nil {
		s.Properties["~extra"] = &openapi3.SchemaRef{Value: &openapi3.Schema{
			Description: "holds the members that have no field.",
			Extensions: map[string]any{
				"x-go-type": "map[string]" + e.element(t.Extra), "x-go-name": "Extra", "x-order": float64(len(t.Fields)),
				"x-go-type-skip-optional-pointer": true, "x-oapi-codegen-extra-tags": map[string]any{"json": ",embed"},
			},
		}}
	}
}

func (e *emitter) unionSchema(t *model.Type, s *openapi3.Schema) {
	s.Type = &openapi3.Types{"object"}
	s.Properties = openapi3.Schemas{}
	for i, v := range t.Variants {
		typ := e.value(v.Ref)
		if !container(v.Ref) && v.Ref.Kind != model.Any {
			typ = "*" + typ
		}
		tags := map[string]any{"json": "-"}
		if v.When != "" {
			tags["union"] = v.When
		}
		s.Properties[v.Name] = &openapi3.SchemaRef{Value: &openapi3.Schema{Extensions: map[string]any{
			"x-go-type": typ, "x-go-name": v.Name, "x-order": float64(i),
			"x-go-type-skip-optional-pointer": true, "x-oapi-codegen-extra-tags": tags,
		}}}
	}
	s.Properties["Raw"] = &openapi3.SchemaRef{Value: &openapi3.Schema{
		Description: "is the JSON when it fits none of the above; it is sent as it is.",
		Extensions: map[string]any{
			"x-go-type": "api.RawJSON", "x-go-name": "Raw", "x-order": float64(len(t.Variants)),
			"x-go-type-skip-optional-pointer": true, "x-oapi-codegen-extra-tags": map[string]any{"json": "-"},
		},
	}}
}

// position describes a type to oapi-codegen where its own mapping says it, and by
// name where only the runtime has it.
func (e *emitter) position(r *model.Ref) *openapi3.SchemaRef {
	s := &openapi3.Schema{}
	switch r.Kind {
	case model.String, model.Binary:
		s.Type = &openapi3.Types{"string"}
	case model.Int:
		s.Type = &openapi3.Types{"integer"}
	case model.Float:
		s.Type = &openapi3.Types{"number"}
	case model.Bool:
		s.Type = &openapi3.Types{"boolean"}
	case model.Time:
		s.Type, s.Format = &openapi3.Types{"string"}, "date-time"
	case model.Date:
		s.Type, s.Format = &openapi3.Types{"string"}, "date"
	case model.Named:
		if r.Type.Home != e.home { // oapi-codegen knows the types of this package alone
			s.Extensions = map[string]any{"x-go-type": e.value(r)}
			return &openapi3.SchemaRef{Value: s}
		}
		return &openapi3.SchemaRef{Ref: "#/components/schemas/" + r.Type.Name, Value: s}
	case model.Array:
		s.Type, s.Items = &openapi3.Types{"array"}, e.elementPosition(r.Elem)
	case model.Map:
		s.Type = &openapi3.Types{"object"}
		s.AdditionalProperties = openapi3.AdditionalProperties{Schema: e.elementPosition(r.Elem)}
	case model.File:
		s.Extensions = map[string]any{"x-go-type": "api.File"}
	default:
		s.Extensions = map[string]any{"x-go-type": "any"}
	}
	return &openapi3.SchemaRef{Value: s}
}

func (e *emitter) elementPosition(r *model.Ref) *openapi3.SchemaRef {
	if typ := e.element(r); typ != e.value(r) {
		return &openapi3.SchemaRef{Value: &openapi3.Schema{Extensions: map[string]any{"x-go-type": typ}}}
	}
	return e.position(r)
}

func extend(p *openapi3.SchemaRef, ext map[string]any) {
	target := &p.Extensions
	if p.Ref == "" {
		target = &p.Value.Extensions
	}
	if *target == nil {
		*target = map[string]any{}
	}
	maps.Copy(*target, ext)
}

// typeDoc says where the type comes from; oapi-codegen puts the name in front.
func typeDoc(t *model.Type) string {
	if t.Doc != "" {
		return comment(t.Doc)
	}
	where := oneLine(place(t))
	switch t.Kind {
	case model.Union:
		return "is " + where + ": one of several types. Set exactly one field."
	case model.Enum:
		return "is " + where + ". A value that is not listed is kept as it is."
	default:
		return "is " + where + "."
	}
}

// place says in words where the document has a type.
func place(t *model.Type) string {
	if !strings.HasPrefix(t.Key, "inline.") || len(t.Origins) == 0 {
		return "the schema " + t.Key
	}
	o := t.Origins[0]
	var member []string
	for _, p := range o.Path {
		if p != "item" && p != "value" && !strings.HasPrefix(p, normalize.VariantMark) {
			member = append(member, p)
		}
	}
	where := map[string]string{
		"component": "the schema ", "property": "the schema ", "body": "the body of ", "result": "the answer of ",
		"inner": "", "error": "the error answer of ", "param": "a parameter of ",
	}[o.Role] + o.Owner
	if len(member) == 0 && o.Role == "inner" {
		where = "a part of " + o.Owner
	}
	if len(member) > 0 {
		where = "the member " + strings.Join(member, ".") + " of " + where
		if o.Role == "param" {
			where = "the parameter " + strings.Join(member, ".") + " of " + o.Owner
		}
	}
	if n := len(t.Origins) - 1; n > 0 {
		where += fmt.Sprintf(", and of %d more", n)
	}
	return where
}

func (e *emitter) fieldDoc(t *model.Type, f *model.Field) string {
	var facts []string
	if f.Default != "" && e.sent[t] {
		facts = append(facts, "defaults to "+oneLine(f.Default)+".")
	}
	if len(f.Ref.Const) == 1 {
		facts = append(facts, "is always "+strconv.Quote(f.Ref.Const[0])+".")
	}
	doc := strings.Join(facts, " It ")
	if f.Doc != "" {
		doc = comment(f.Doc)
	}
	if doc != "" && f.Deprecated {
		doc += "\n" // a paragraph of its own for "Deprecated:"
	}
	return doc
}

// reached finds the types below the given positions of all operations.
func reached(a *model.API, roots func(*model.Operation) []*model.Ref) map[*model.Type]bool {
	out := map[*model.Type]bool{}
	var visit func(r *model.Ref)
	visit = func(r *model.Ref) {
		switch {
		case r == nil:
		case r.Elem != nil:
			visit(r.Elem)
		case r.Type != nil && !out[r.Type]:
			out[r.Type] = true
			model.Walk(r.Type, visit)
		}
	}
	for _, op := range a.Ops {
		for _, r := range roots(op) {
			visit(r)
		}
	}
	return out
}

func bodies(op *model.Operation) []*model.Ref {
	if op.Body == nil {
		return nil
	}
	return []*model.Ref{op.Body.Ref}
}

func answers(op *model.Operation) []*model.Ref {
	refs := []*model.Ref{op.Result.Ref}
	for _, a := range op.Answers {
		refs = append(refs, a.Ref)
	}
	for _, items := range op.Result.Items {
		refs = append(refs, items.Ref)
	}
	return refs
}

// comment keeps text of a document from ending or breaking a comment.
func comment(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "*/", "* /")
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// oneLine is a comment that must not break.
func oneLine(s string) string { return strings.Join(strings.Fields(comment(s)), " ") }
