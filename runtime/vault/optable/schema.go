package optable

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Detail is what goes into and comes out of an operation.
type Detail struct {
	Params []Param `json:"params"` // path parameters in the path's order, then the others by name
	Body   *Body   `json:"body"`   // nil = none
	Accept string  `json:"accept"` // media type of a success that is no JSON, or ""
	// Answers are the documented JSON answers, by status: "200", "4XX", "default".
	Answers map[string]*Schema `json:"answers"`
}

// Param is a parameter outside the body.
type Param struct {
	Name       string  `json:"name"`
	In         string  `json:"in"` // path, query, header or cookie
	Required   bool    `json:"required"`
	Deprecated bool    `json:"deprecated"`
	Segments   bool    `json:"segments"` // the value may hold slashes
	Style      string  `json:"style"`    // comma, space, pipe, deep, json, … ; "" is the usual way
	Schema     *Schema `json:"schema"`
}

// Body is a request's body.
type Body struct {
	Media    string   `json:"media"`
	Others   []string `json:"others"` // media types that the operation takes too
	Required bool     `json:"required"`
	Schema   *Schema  `json:"schema"` // nil for a stream or text
}

// Schema describes a JSON value in a part of JSON Schema (2020-12).
type Schema struct {
	Ref        string             `json:"$ref"` // "#/schemas/NAME": see [Table.Schema]
	Type       Types              `json:"type"`
	Format     string             `json:"format"`
	Enum       []string           `json:"enum"`
	Items      *Schema            `json:"items"`
	Properties map[string]*Schema `json:"properties"`
	Required   []string           `json:"required"`
	Additional *Additional        `json:"additionalProperties"`
	AnyOf      []*Schema          `json:"anyOf"`
	ReadOnly   bool               `json:"readOnly"`
	Deprecated bool               `json:"deprecated"`
}

// Types are the names of JSON types that a value may have; none means any.
type Types []string

// UnmarshalJSON reads one name or a list.
func (t *Types) UnmarshalJSON(b []byte) error {
	if jsontext.Value(b).Kind() == '"' {
		*t = make(Types, 1)
		return json.Unmarshal(b, &(*t)[0])
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Additional says which members an object may have beside its properties.
type Additional struct {
	None   bool
	Schema *Schema // nil = any
}

// UnmarshalJSON reads false, true or a schema.
func (a *Additional) UnmarshalJSON(b []byte) error {
	switch jsontext.Value(b).Kind() {
	case 'f':
		a.None = true
		return nil
	case 't':
		return nil
	}
	return json.Unmarshal(b, &a.Schema)
}

const (
	refPrefix = "#/schemas/"
	maxDepth  = 64 // of a schema, without following references
)

var typeNames = []string{"string", "integer", "number", "boolean", "array", "object", "null"}

func (s *Schema) check(t *Table, depth int) error {
	if s == nil {
		return nil
	}
	if depth > maxDepth {
		return errors.New("has a schema that is too deep")
	}
	if s.Ref != "" {
		name, ok := strings.CutPrefix(s.Ref, refPrefix)
		if _, known := t.schemas[name]; !ok || !known {
			return errors.New("refers to a schema that is not there")
		}
	}
	if slices.ContainsFunc(s.Type, func(n string) bool { return !slices.Contains(typeNames, n) }) {
		return errors.New("has a type that JSON does not have")
	}
	for _, inner := range s.inner() {
		if err := inner.check(t, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) inner() []*Schema {
	list := append([]*Schema{s.Items}, s.AnyOf...)
	if s.Additional != nil {
		list = append(list, s.Additional.Schema)
	}
	for _, p := range s.Properties {
		list = append(list, p)
	}
	return list
}

var places = []string{"path", "query", "header", "cookie"}

func (d *Detail) check(t *Table) error {
	if len(d.Params) > 1000 {
		return errors.New("has too many parameters")
	}
	for _, p := range d.Params {
		if p.Name == "" || !line(p.Name, 500) || !slices.Contains(places, p.In) || !line(p.Style, 50) {
			return errors.New("has a parameter without a name, or at no place that HTTP has")
		}
		if err := p.Schema.check(t, 0); err != nil {
			return err
		}
	}
	if b := d.Body; b != nil {
		if !line(b.Media, 300) {
			return errors.New("has a body whose media type is too long")
		}
		if err := b.Schema.check(t, 0); err != nil {
			return err
		}
	}
	for status, s := range d.Answers {
		if !line(status, 20) {
			return errors.New("has an answer whose status is none")
		}
		if err := s.check(t, 0); err != nil {
			return err
		}
	}
	return nil
}

// Detail returns what goes into and comes out of the operation. The caller owns
// it.
func (o *Operation) Detail() Detail {
	var op operation
	_ = json.Unmarshal(o.raw, &op) // Parse has read it before
	return op.Detail
}

// Schema follows a schema's reference, and through a union with null, to what
// describes the value. It is never nil: what is not known may be anything.
func (t *Table) Schema(s *Schema) *Schema {
	for range maxDepth {
		switch {
		case s == nil:
			return &Schema{}
		case s.Ref != "":
			var target Schema
			if raw, ok := t.schemas[strings.TrimPrefix(s.Ref, refPrefix)]; !ok || json.Unmarshal(raw, &target) != nil {
				return &Schema{}
			}
			s = &target
		case len(s.AnyOf) == 2 && s.AnyOf[1] != nil && slices.Equal(s.AnyOf[1].Type, Types{"null"}):
			s = s.AnyOf[0]
		default:
			return s
		}
	}
	return &Schema{}
}
