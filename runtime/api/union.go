package api

import (
	"errors"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
)

// A union is a struct with one pointer, slice or map field for each variant and a
// field Raw of type RawJSON for JSON that no variant fits. Two methods of one
// line make it JSON:
//
//	func (u T) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&u) }
//	func (u *T) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, u) }
//
// A variant that is an object may carry the tag `union:"type=label|tag"`: the
// member and the values of it that identify the variant.

// MarshalUnion encodes the union that u points to: its one variant, or Raw when
// none is set. With none at all, or more than one, it fails and names the fields.
func MarshalUnion(u any) ([]byte, error) {
	v, plan, err := unionValue(u)
	if err != nil {
		return nil, err
	}
	variant, err := plan.variant(v)
	if err != nil {
		return nil, err
	}
	return marshalJSON(variant.Interface())
}

// UnmarshalUnion decodes b into the variant of the union that u points to which
// fits: by the kind of JSON, then by the union tag, then the object variant whose
// required members are there and that knows the most members. A variant that
// fails to decode is passed over. b is copied into Raw when no variant is left.
func UnmarshalUnion(b []byte, u any) error {
	v, plan, err := unionValue(u)
	if err != nil {
		return err
	}
	v.SetZero()
	if !plan.decode(b, v, nil) {
		v.FieldByIndex(plan.raw).SetBytes(RawJSON(b).Clone())
	}
	return nil
}

// decode tries the variants, strictly and then with odd numbers. outer holds the
// unions that this one is a variant of: they are not tried again with the same
// JSON.
func (p *unionPlan) decode(b []byte, v reflect.Value, outer []*unionPlan) bool {
	candidates := p.candidates(b, outer)
	if len(candidates) == 0 {
		return false
	}
	for _, how := range []func([]byte, any) error{decodeStrictly, decodeValue} {
		for _, c := range candidates {
			if c.decode(v, b, how, append(outer, p)) {
				return true
			}
		}
	}
	return false
}

func decodeStrictly(b []byte, out any) error { return json.Unmarshal(b, out, decodeOptions) }

var errNoUnion = errors.New("a union must be a pointer to a struct of variants with a field Raw of type api.RawJSON")

func unionValue(u any) (reflect.Value, *unionPlan, error) {
	v := reflect.ValueOf(u)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return v, nil, errNoUnion
	}
	plan := unionOf(v.Elem().Type())
	if plan == nil {
		return v, nil, errNoUnion
	}
	return v.Elem(), plan, nil
}

type unionPlan struct {
	name     string
	variants []unionVariant
	raw      []int
	kinds    []string // per variant, the JSON kinds it can take: any of n t " 0 { [
	once     sync.Once
}

type unionVariant struct {
	name   string
	index  int
	typ    reflect.Type // of the field
	member string       // union tag
	values []string
}

// unions caches planUnion; nil for types that are no union.
var unions sync.Map // reflect.Type -> *unionPlan

func unionOf(t reflect.Type) *unionPlan {
	if p, ok := unions.Load(t); ok {
		return p.(*unionPlan) //nolint:forcetypeassert // only plans are stored
	}
	p := planUnion(t)
	unions.Store(t, p)
	return p
}

func planUnion(t reflect.Type) *unionPlan {
	if t.Kind() != reflect.Struct || !reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	p := &unionPlan{name: t.String()}
	for i := range t.NumField() {
		f := t.Field(i)
		switch k := f.Type.Kind(); {
		case !f.IsExported() || f.Anonymous:
			return nil
		case f.Name == "Raw" && f.Type == typeRaw:
			p.raw = f.Index
		case k == reflect.Pointer || k == reflect.Slice || k == reflect.Map:
			variant := unionVariant{name: f.Name, index: i, typ: f.Type}
			if member, values, ok := strings.Cut(f.Tag.Get("union"), "="); ok {
				variant.member, variant.values = member, strings.Split(values, "|")
			}
			p.variants = append(p.variants, variant)
		default:
			return nil
		}
	}
	if p.raw == nil {
		return nil
	}
	return p
}

// variant returns what is set in the union v: the value of a variant, or Raw.
func (p *unionPlan) variant(v reflect.Value) (reflect.Value, error) {
	var set reflect.Value
	for _, one := range p.variants {
		f := v.Field(one.index)
		if f.IsNil() {
			continue
		}
		if set.IsValid() {
			return set, p.fault()
		}
		set = f
	}
	if !set.IsValid() {
		if set = v.FieldByIndex(p.raw); set.IsNil() {
			return set, p.fault()
		}
	}
	return set, nil
}

// unionError says that a union has not exactly one variant.
type unionError struct{ name, fields string }

func (e *unionError) Error() string { return e.name + ": set exactly one of " + e.fields }

func (p *unionPlan) fault() error {
	names := make([]string, 0, len(p.variants)+1)
	for _, one := range p.variants {
		names = append(names, one.name)
	}
	return &unionError{name: p.name, fields: strings.Join(append(names, "Raw"), ", ")}
}

func (c unionVariant) decode(union reflect.Value, b []byte, how func([]byte, any) error, outer []*unionPlan) bool {
	target := reflect.New(c.typ)
	if inner := unionOf(deref(c.typ)); inner != nil {
		target.Elem().Set(reflect.New(c.typ.Elem()))
		if !inner.decode(b, target.Elem().Elem(), outer) {
			return false
		}
	} else if err := how(b, target.Interface()); err != nil || target.Elem().IsNil() {
		return false
	}
	union.Field(c.index).Set(target.Elem())
	return true
}
