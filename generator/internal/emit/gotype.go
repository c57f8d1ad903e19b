package emit

import (
	"github.com/grantwire/grantwire/generator/internal/model"
)

// value is the Go type of a position that is present and not null.
func (e *emitter) value(r *model.Ref) string {
	switch r.Kind {
	case model.String, model.Binary:
		return "string"
	case model.Int:
		return "int64"
	case model.Float:
		return "float64"
	case model.Bool:
		return "bool"
	case model.Time:
		return "api.Time"
	case model.Date:
		return "api.Date"
	case model.File:
		return "api.File"
	case model.Named:
		if home := r.Type.Home; home != e.home {
			return home.Name + "." + r.Type.Name
		}
		return r.Type.Name
	case model.Array:
		return "[]" + e.element(r.Elem)
	case model.Map:
		return "map[string]" + e.element(r.Elem)
	default:
		return "any"
	}
}

// GoType is the Go type of a position, as it reads inside the package; a type of
// another package has that one's name in front.
func GoType(r *model.Ref) string { return (&emitter{}).element(r) }

// element is the type of a list item or map value; null makes it a pointer.
func (e *emitter) element(r *model.Ref) string {
	if r.Null && !container(r) && r.Kind != model.Any {
		return "*" + e.value(r)
	}
	return e.value(r)
}

// container says whether nil is a value of the type itself.
func container(r *model.Ref) bool {
	b := r.Base()
	return b.Kind == model.Array || b.Kind == model.Map
}

// fieldType is the type of a struct field and whether it is left out when zero.
func (e *emitter) fieldType(t *model.Type, f *model.Field) (typ string, omit bool) {
	v := e.value(f.Ref)
	null := f.Ref.Null || f.Ref.Base().Null
	plain := container(f.Ref) || f.Ref.Kind == model.Any
	switch {
	case null && (!f.Required || container(f.Ref)):
		return "api.Nullable[" + v + "]", !f.Required
	case f.Required && null && f.Ref.Kind != model.Any, e.byValue[f]:
		return "*" + v, false
	case f.Required:
		// In an answer, nil tells a list that is missing from an empty one.
		return v, container(f.Ref) && !e.sent[t]
	case plain:
		return v, true
	default:
		return "*" + v, true
	}
}

// valueCycles finds required struct fields through which a struct would contain
// itself by value.
func valueCycles(a *model.API) map[*model.Field]bool {
	out := map[*model.Field]bool{}
	state := map[*model.Type]int{} // 1 on the way down, 2 done
	var visit func(t *model.Type)
	visit = func(t *model.Type) {
		state[t] = 1
		for _, f := range t.Fields {
			b := f.Ref.Base()
			if !f.Required || b.Null || f.Ref.Null || b.Kind != model.Named || b.Type.Kind != model.Struct {
				continue
			}
			switch state[b.Type] {
			case 1:
				out[f] = true
			case 0:
				visit(b.Type)
			}
		}
		state[t] = 2
	}
	for _, t := range a.Types {
		if state[t] == 0 {
			visit(t)
		}
	}
	return out
}

// paramType is the type of a params field: strings and enums plain, because their
// zero value means absent; numbers and booleans behind a pointer.
func (e *emitter) paramType(p *model.Param) string {
	v := e.value(p.Ref)
	switch b := p.Ref.Base(); b.Kind {
	case model.String, model.Binary, model.Array, model.Map, model.Any, model.Date:
		return v
	case model.Time:
		return "time.Time"
	case model.Named:
		if b.Type.Kind == model.Enum {
			return v
		}
	}
	if p.Required {
		return v
	}
	return "*" + v
}

// itemType is what an iterator yields: structs behind a pointer, as calls return
// them. All pointers share one instance of the generic iterator; a struct each
// would be an instance of its own.
func (e *emitter) itemType(r *model.Ref) string {
	if b := r.Base(); b.Kind == model.Named && (b.Type.Kind == model.Struct || b.Type.Kind == model.Union) {
		return "*" + e.value(r)
	}
	return e.element(r)
}

// pathType is the type of a positional argument.
func (e *emitter) pathType(p *model.Param) string {
	switch p.Ref.Base().Kind {
	case model.Time:
		return "time.Time"
	case model.Any:
		return "string"
	default:
		return e.value(p.Ref)
	}
}

// resultType is what a call returns beside the error. Structs and unions come
// behind a pointer, nil when there is none.
func (e *emitter) resultType(r model.Result) string {
	switch r.Kind {
	case model.ResultText:
		return "string"
	case model.ResultStream:
		return "*api.Download"
	case model.ResultJSON:
		b := r.Ref.Base()
		if b.Kind == model.Named && b.Type.Kind != model.Enum || b.Kind == model.Time || b.Kind == model.Date {
			return "*" + e.value(r.Ref)
		}
		return e.value(r.Ref)
	default:
		return ""
	}
}

// body describes the body argument.
type body struct {
	typ     string
	address bool // pass a pointer to the argument
}

func (e *emitter) bodyType(b *model.Body) body {
	switch b.Kind {
	case model.BodyText:
		return body{typ: "string"}
	case model.BodyStream:
		return body{typ: "io.Reader"}
	}
	v := e.value(b.Ref)
	base := b.Ref.Base()
	if base.Kind != model.Named || base.Type.Kind == model.Enum {
		return body{typ: v, address: base.Kind != model.Array && base.Kind != model.Map && base.Kind != model.Any}
	}
	if b.Required || requires(base.Type) {
		return body{typ: v, address: true}
	}
	return body{typ: "*" + v}
}

func requires(t *model.Type) bool {
	if t.Kind == model.Union {
		return false
	}
	for _, f := range t.Fields {
		if f.Required {
			return true
		}
	}
	return false
}
