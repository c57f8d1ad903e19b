package local

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// RequestField is one part of a request. When the vault has a table of the
// operation, a body is taken apart as far as the table describes it, and the last
// four members say what the table says; without one they are zero.
type RequestField struct {
	Place string // "method", "url", "path", "query", "header" or "body"
	Name  string // of a member in a member: "a.b", in a list: "a[0]"
	Value string // as it is sent; may hold anything: escape it, or use [Visible]

	Type     string // such as "integer", "list of string", "open, closed"
	Required bool   // by the operation
	Missing  bool   // the operation requires it, and the request does not have it
	Unknown  bool   // the operation has nothing of that name
}

// Note says in words what the operation's table says of the field, "" when there
// is nothing to say.
func (f *RequestField) Note() string {
	switch {
	case f.Missing && f.Type != "":
		return "required (" + f.Type + "), and missing"
	case f.Missing:
		return "required, and missing"
	case f.Unknown:
		return "the operation has nothing of this name"
	case f.Required && f.Type != "":
		return f.Type + ", required"
	case f.Required:
		return "required"
	}
	return f.Type
}

// Bounds of what is taken apart; what lies beyond is one field.
const (
	maxFieldDepth = 8
	maxFieldItems = 50
	maxFields     = 2000
	maxNameDepth  = 3 // of a type's name
)

// fieldReader takes a request apart in the terms of an operation.
type fieldReader struct {
	fields []RequestField
	table  *optable.Table // nil = none
	detail optable.Detail
}

// requestFields takes a request apart.
func (v *Vault) requestFields(r *heldRequest) (operation string, fields []RequestField) {
	x := &fieldReader{}
	x.add(RequestField{Place: "method", Value: r.Method})
	x.add(RequestField{Place: "url", Value: r.URL})
	query := url.Values{}
	if dest, err := parseDestination(r.URL); err == nil {
		op, path := v.book.current.Load().explain(r.Method, dest)
		if op != nil {
			operation = op.ID
			if op.entry != nil {
				x.table, x.detail = op.set.table, op.entry.Detail()
			}
		}
		for _, name := range sortedKeys(path) {
			x.param("path", name, path[name])
		}
		if query, err = url.ParseQuery(dest.query); err != nil {
			query = nil // the URL shows it
		}
	}
	x.query(query, r.Query)
	if r.Body != nil {
		x.add(RequestField{Place: "header", Name: "Content-Type", Value: r.ContentType})
	}
	for _, pair := range r.Headers {
		if !strings.EqualFold(pair[0], "Content-Type") {
			x.add(RequestField{Place: "header", Name: pair[0], Value: pair[1]})
		}
	}
	x.body(r.Body)
	return operation, x.fields
}

func (x *fieldReader) add(f RequestField) { x.fields = append(x.fields, f) }

// param adds a parameter outside the body.
func (x *fieldReader) param(place, name, value string) {
	f := RequestField{Place: place, Name: name, Value: value}
	if p := x.declared(place, name); p != nil {
		f.Type, f.Required = x.typeName(p.Schema), p.Required
	} else {
		f.Unknown = x.table != nil && place == "query"
	}
	x.add(f)
}

// declared finds a parameter by the name that it is sent with: an object's and a
// list's members are written filter[name] and ids[].
func (x *fieldReader) declared(place, name string) *optable.Param {
	plain, _, nested := strings.Cut(name, "[")
	for i := range x.detail.Params {
		p := &x.detail.Params[i]
		if p.In != place {
			continue
		}
		if declared, _, _ := strings.Cut(p.Name, "["); p.Name == name || nested && declared == plain {
			return p
		}
		if _, member := x.members(p.Schema)[name]; member && place == "query" {
			return p // an object that is sent as its members
		}
	}
	return nil
}

// query adds the parameters of the URL and those beside it.
func (x *fieldReader) query(inURL url.Values, beside jsontext.Value) {
	seen := map[string]bool{}
	for _, name := range sortedKeys(inURL) {
		for _, value := range inURL[name] {
			x.param("query", name, value)
		}
		seen[name] = true
	}
	var members map[string]jsontext.Value
	if beside != nil && (beside.Kind() != '{' || json.Unmarshal(beside, &members) != nil) {
		x.add(RequestField{Place: "query", Value: fieldText(beside)})
	}
	for _, name := range sortedKeys(members) {
		x.param("query", name, fieldText(members[name]))
		seen[name] = true
	}
	for i := range x.detail.Params {
		p := &x.detail.Params[i]
		if p.In == "query" && p.Required && !x.sent(p, seen) {
			x.add(RequestField{Place: "query", Name: p.Name, Type: x.typeName(p.Schema), Required: true, Missing: true})
		}
	}
}

func (x *fieldReader) sent(p *optable.Param, seen map[string]bool) bool {
	for name := range seen {
		if x.declared("query", name) == p {
			return true
		}
	}
	return false
}

func (x *fieldReader) body(v jsontext.Value) {
	b := x.detail.Body
	switch {
	case x.table == nil:
		x.fields = append(x.fields, memberFields("body", v)...)
	case v == nil && b != nil && b.Required:
		x.add(RequestField{Place: "body", Type: b.Media, Required: true, Missing: true})
	case v == nil:
	case b == nil:
		for _, f := range memberFields("body", v) {
			f.Unknown = true
			x.add(f)
		}
	default:
		x.value(RequestField{Place: "body", Required: b.Required}, v, b.Schema, 0)
	}
}

// value adds a value of the body: its members one by one where the schema tells
// them, or else as one field.
func (x *fieldReader) value(f RequestField, v jsontext.Value, s *optable.Schema, depth int) {
	members := x.members(s)
	deep := depth < maxFieldDepth && len(x.fields) < maxFields
	switch {
	case deep && v.Kind() == '{' && (len(members) > 0 || depth == 0) && x.object(f, v, s, members, depth):
	case deep && v.Kind() == '[' && x.list(f, v, s, depth):
	default:
		f.Value, f.Type = fieldText(v), cmp.Or(f.Type, x.typeName(s))
		x.add(f)
	}
}

// object reports whether it could take the value apart.
func (x *fieldReader) object(f RequestField, v jsontext.Value, s *optable.Schema, known map[string]*optable.Schema, depth int) bool {
	var sent map[string]jsontext.Value
	if json.Unmarshal(v, &sent) != nil || len(sent) == 0 {
		return false
	}
	base := x.table.Schema(s)
	closed := base.Additional != nil && base.Additional.None
	for _, name := range sortedKeys(sent) {
		schema, declared := known[name]
		inner := RequestField{Place: f.Place, Name: memberName(f.Name, name), Required: slices.Contains(base.Required, name)}
		if !declared {
			inner.Unknown = closed || len(known) > 0 && (base.Additional == nil || base.Additional.Schema == nil)
			if base.Additional != nil {
				schema = base.Additional.Schema
			}
		}
		x.value(inner, sent[name], schema, depth+1)
	}
	for _, name := range base.Required {
		if _, has := sent[name]; !has {
			x.add(RequestField{Place: f.Place, Name: memberName(f.Name, name), Type: x.typeName(known[name]), Required: true, Missing: true})
		}
	}
	return true
}

func memberName(outer, name string) string {
	if outer == "" {
		return name
	}
	return outer + "." + name
}

// list takes a list of objects apart.
func (x *fieldReader) list(f RequestField, v jsontext.Value, s *optable.Schema, depth int) bool {
	item := x.table.Schema(s).Items
	var items []jsontext.Value
	if len(x.members(item)) == 0 || json.Unmarshal(v, &items) != nil || len(items) > maxFieldItems ||
		!slices.ContainsFunc(items, func(v jsontext.Value) bool { return v.Kind() == '{' }) {
		return false
	}
	for i, v := range items {
		x.value(RequestField{Place: f.Place, Name: f.Name + "[" + strconv.Itoa(i) + "]"}, v, item, depth+1)
	}
	return true
}

// members are the properties that an object may have by a schema, those of all
// variants of a union.
func (x *fieldReader) members(s *optable.Schema) map[string]*optable.Schema {
	if x.table == nil || s == nil {
		return nil
	}
	s = x.table.Schema(s)
	if len(s.AnyOf) == 0 {
		return s.Properties
	}
	all := map[string]*optable.Schema{}
	for _, variant := range s.AnyOf {
		for name, p := range x.table.Schema(variant).Properties {
			if _, known := all[name]; !known {
				all[name] = p
			}
		}
	}
	return all
}

// maxChoices is how many values of an enumeration are named.
const maxChoices = 12

// typeName says in a few words what a schema allows.
func (x *fieldReader) typeName(s *optable.Schema) string { return x.typeNameIn(s, 0) }

func (x *fieldReader) typeNameIn(s *optable.Schema, depth int) string {
	if x.table == nil || s == nil || depth > maxNameDepth { // a type can hold itself
		return ""
	}
	s = x.table.Schema(s)
	types := slices.DeleteFunc(slices.Clone(s.Type), func(t string) bool { return t == "null" })
	switch {
	case len(s.Enum) > maxChoices:
		return "one of " + strconv.Itoa(len(s.Enum)) + " values"
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, ", ")
	case len(s.AnyOf) > 0:
		return x.anyOf(s.AnyOf, depth)
	case len(types) == 0:
		return ""
	case types[0] == "array":
		return strings.TrimSuffix("list of "+x.typeNameIn(s.Items, depth+1), " of ")
	case s.Format != "":
		return types[0] + " (" + s.Format + ")"
	}
	return strings.Join(types, " or ")
}

// anyOf names the variants of a union, unless they are many or one may be anything.
func (x *fieldReader) anyOf(variants []*optable.Schema, depth int) string {
	if len(variants) > maxChoices {
		return ""
	}
	var names []string
	for _, v := range variants {
		name := x.typeNameIn(v, depth+1)
		if name == "" {
			return ""
		}
		if name != "null" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// memberFields lists the members of an object, each on its own; anything else as
// one field.
func memberFields(place string, v jsontext.Value) []RequestField {
	if v == nil {
		return nil
	}
	var members map[string]jsontext.Value
	if v.Kind() != '{' || json.Unmarshal(v, &members) != nil {
		return []RequestField{{Place: place, Value: fieldText(v)}}
	}
	fields := make([]RequestField, 0, len(members))
	for _, name := range sortedKeys(members) {
		fields = append(fields, RequestField{Place: place, Name: name, Value: fieldText(members[name])})
	}
	return fields
}

// fieldText is the text of a JSON text, and the JSON of everything else, over
// several lines where it has members.
func fieldText(v jsontext.Value) string {
	if v.Kind() == '"' {
		var s string
		if json.Unmarshal(v, &s, jsontext.AllowInvalidUTF8(true)) == nil {
			return s
		}
	}
	c := slices.Clone(v)
	if c.Indent(jsontext.WithIndent("  ")) != nil {
		return string(v)
	}
	return string(c)
}
