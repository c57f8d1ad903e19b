package emit

import (
	"github.com/grantwire/grantwire/generator/internal/model"
)

// schema is the part of JSON Schema (2020-12) that operation tables use.
type schema struct {
	Ref        string            `json:"$ref,omitempty"`
	Type       any               `json:"type,omitempty"` // a name, or two with "null"
	Format     string            `json:"format,omitempty"`
	Enum       []string          `json:"enum,omitempty"`
	Items      *schema           `json:"items,omitempty"`
	Properties map[string]schema `json:"properties,omitempty"`
	Required   []string          `json:"required,omitempty"`
	// Additional is false for an object without further members, or their schema.
	Additional any      `json:"additionalProperties,omitempty"`
	AnyOf      []schema `json:"anyOf,omitempty"`
	ReadOnly   bool     `json:"readOnly,omitempty"`
	Deprecated bool     `json:"deprecated,omitempty"`
}

const schemaPrefix = "#/schemas/"

var refTypes = [...]schema{
	model.String: {Type: "string"}, model.Int: {Type: "integer"}, model.Float: {Type: "number"}, model.Bool: {Type: "boolean"},
	model.Time: {Type: "string", Format: "date-time"}, model.Date: {Type: "string", Format: "date"},
	model.Binary: {Type: "string", Format: "byte"}, model.File: {Type: "string", Format: "binary"},
	model.Array: {Type: "array"}, model.Map: {Type: "object"}, model.Named: {},
}

// refSchema describes a position; a named type is only referred to.
func refSchema(r *model.Ref) schema {
	if r == nil {
		return schema{}
	}
	s := refTypes[r.Kind]
	switch r.Kind {
	case model.Named:
		s.Ref = schemaPrefix + schemaName(r.Type)
	case model.Array:
		s.Items = elemSchema(r.Elem)
	case model.Map:
		if elem := elemSchema(r.Elem); elem != nil {
			s.Additional = elem
		}
	}
	s.Enum = r.Const
	switch {
	case !r.Null || r.Kind == model.Any:
		return s
	case s.Ref != "":
		return schema{AnyOf: []schema{s, {Type: "null"}}}
	}
	s.Type = []any{s.Type, "null"}
	return s
}

// elemSchema is nil when the elements may be anything.
func elemSchema(r *model.Ref) *schema {
	if r == nil || r.Kind == model.Any {
		return nil
	}
	s := refSchema(r)
	return &s
}

// typeSchema describes a named type.
func typeSchema(t *model.Type) schema {
	var s schema
	switch t.Kind {
	case model.Struct:
		s = objectSchema(t)
	case model.Enum:
		s.Type = "string"
		for _, v := range t.Values {
			s.Enum = append(s.Enum, v.Text)
		}
	case model.Union:
		for _, v := range t.Variants {
			s.AnyOf = append(s.AnyOf, refSchema(v.Ref))
		}
	case model.Alias:
		s = refSchema(t.Elem)
	}
	s.Deprecated = t.Deprecated
	return s
}

func objectSchema(t *model.Type) schema {
	s := schema{Type: "object"}
	if len(t.Fields) > 0 {
		s.Properties = make(map[string]schema, len(t.Fields))
	}
	for _, f := range t.Fields {
		member := refSchema(f.Ref)
		member.ReadOnly, member.Deprecated = f.ReadOnly, f.Deprecated
		s.Properties[f.JSON] = member
		if f.Required {
			s.Required = append(s.Required, f.JSON)
		}
	}
	switch extra := elemSchema(t.Extra); {
	case t.Closed:
		s.Additional = false
	case extra != nil:
		s.Additional = extra
	}
	return s
}
