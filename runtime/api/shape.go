package api

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// shape is what the json tags of a struct type say; forms and unions read it.
type shape struct {
	fields []shapeField
	known  map[string]bool // member name -> required
	open   bool            // takes any member
}

type shapeField struct {
	name      string
	index     []int
	omitZero  bool
	omitEmpty bool
	fallback  bool // a map or raw JSON whose members belong to the struct
	style     style
}

// shapes caches what shapeOf reads; the tags of a type never change.
var shapes sync.Map // reflect.Type -> *shape

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape) //nolint:forcetypeassert // only shapes are stored
	}
	s := &shape{known: make(map[string]bool)}
	s.add(t, nil, nil)
	shapes.Store(t, s)
	return s
}

// add reads the fields of t. outer are the structs that t is embedded in: one that
// embeds itself through others adds nothing the second time.
func (s *shape) add(t reflect.Type, index []int, outer []reflect.Type) {
	outer = append(slices.Clip(outer), t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		at := append(slices.Clip(index), i)
		embed := has(options, "embed") || f.Anonymous && name == ""
		if base := deref(f.Type); embed && base.Kind() == reflect.Struct {
			if !slices.Contains(outer, base) {
				s.add(base, at, outer)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if embed {
			s.open = true
			s.fields = append(s.fields, shapeField{index: at, omitZero: true, fallback: true})
			continue
		}
		if !tagged || name == "" {
			name = f.Name
		}
		field := shapeField{
			name: name, index: at, omitZero: has(options, "omitzero"), omitEmpty: has(options, "omitempty"),
			style: styleOf(f.Tag.Get("form")),
		}
		s.fields = append(s.fields, field)
		s.known[name] = !field.omitZero && !field.omitEmpty
	}
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func has(options, option string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if o == option {
			return true
		}
	}
	return false
}

func styleOf(options string) style {
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "comma":
			return comma
		case "space":
			return space
		case "pipe":
			return pipe
		case "deep":
			return deep
		case "json":
			return asJSON
		}
	}
	return explode
}

// omit reports whether JSON would leave the member out too.
func (f *shapeField) omit(v reflect.Value) bool {
	if f.omitZero {
		if v.Kind() == reflect.Struct {
			if z, ok := reflect.TypeAssert[interface{ IsZero() bool }](v); ok {
				return z.IsZero()
			}
		}
		return v.IsZero()
	}
	if f.omitEmpty {
		text, err := marshalJSON(v.Interface())
		return err == nil && empty(text)
	}
	return false
}

func empty(text jsontext.Value) bool {
	switch string(text) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// formStyle is the style of the member in a form: the tag's, or the usual one.
func (f *shapeField) formStyle() style {
	if f.style == explode {
		return formStyle
	}
	return f.style
}
