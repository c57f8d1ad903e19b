package api

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// class says how a type that is no plain string, number or boolean is sent
// outside JSON.
type class uint8

const (
	plain class = iota
	classTime
	classWireTime
	classWireDate
	classNullable
	classUnion
	classRaw
	classBytes
	classText
	classStringer
	classFile
)

// nullable is what every Nullable[T] is.
type nullable interface {
	IsZero() bool
	pointer() any
}

var (
	typeTime     = reflect.TypeFor[time.Time]()
	typeWireTime = reflect.TypeFor[Time]()
	typeWireDate = reflect.TypeFor[Date]()
	typeRaw      = reflect.TypeFor[RawJSON]()
	typeFile     = reflect.TypeFor[File]()
	typeNullable = reflect.TypeFor[nullable]()
	typeText     = reflect.TypeFor[encoding.TextMarshaler]()
	typeStringer = reflect.TypeFor[fmt.Stringer]()
)

// classes caches classify; a type's class never changes.
var classes sync.Map // reflect.Type -> class

func classOf(t reflect.Type) class {
	if c, ok := classes.Load(t); ok {
		return c.(class) //nolint:forcetypeassert // only classes are stored
	}
	c := classify(t)
	classes.Store(t, c)
	return c
}

func classify(t reflect.Type) class {
	switch t {
	case typeTime:
		return classTime
	case typeWireTime:
		return classWireTime
	case typeWireDate:
		return classWireDate
	case typeRaw:
		return classRaw
	case typeFile:
		return classFile
	}
	switch {
	case t.Implements(typeNullable):
		return classNullable
	case unionOf(t) != nil:
		return classUnion
	case t.Implements(typeText):
		return classText
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return classBytes
	case t.Implements(typeStringer) && t.Kind() == reflect.Struct:
		return classStringer
	}
	return plain
}

// presence of a value on the wire.
type presence uint8

const (
	absent presence = iota
	null
	present
)

// resolve takes pointers, interfaces, Nullable and unions off v until a value
// that has a form on the wire is left.
func resolve(v reflect.Value) (reflect.Value, presence, error) {
	for {
		switch v.Kind() {
		case reflect.Invalid:
			return v, absent, nil
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() {
				return v, absent, nil
			}
			v = v.Elem()
		case reflect.Struct:
			switch classOf(v.Type()) {
			case classNullable:
				n := v.Interface().(nullable) //nolint:forcetypeassert // its class
				if n.IsZero() {
					return v, absent, nil
				}
				v = reflect.ValueOf(n.pointer())
				if v.IsNil() {
					return v, null, nil
				}
			case classUnion:
				variant, err := unionOf(v.Type()).variant(v)
				if err != nil {
					return v, absent, err
				}
				v = variant
			default:
				return v, present, nil
			}
		case reflect.Slice, reflect.Map:
			if v.IsNil() {
				return v, absent, nil
			}
			return v, present, nil
		default:
			return v, present, nil
		}
	}
}

// appendScalar appends the text of a resolved scalar; false when v is none.
func appendScalar(dst []byte, v reflect.Value) ([]byte, bool) {
	switch kind := v.Kind(); {
	case kind == reflect.String:
		return append(dst, v.String()...), true
	case kind == reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), true
	case isInt(kind):
		return strconv.AppendInt(dst, v.Int(), 10), true
	case isUint(kind):
		return strconv.AppendUint(dst, v.Uint(), 10), true
	case isFloat(kind):
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return dst, false
		}
		return jsontext.AppendFloat(dst, f, v.Type().Bits()), true
	case kind == reflect.Invalid:
		return dst, false
	}
	return appendTyped(dst, v)
}

func appendTyped(dst []byte, v reflect.Value) ([]byte, bool) {
	switch classOf(v.Type()) {
	case classTime:
		t, _ := reflect.TypeAssert[time.Time](v)
		return t.AppendFormat(dst, time.RFC3339Nano), true
	case classWireTime:
		t, _ := reflect.TypeAssert[Time](v)
		return append(dst, t.text()...), true
	case classWireDate:
		d, _ := reflect.TypeAssert[Date](v)
		return append(dst, d.text()...), true
	case classRaw:
		return appendRaw(dst, RawJSON(v.Bytes()))
	case classBytes:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes()), true
	case classText:
		m, _ := reflect.TypeAssert[encoding.TextMarshaler](v)
		text, err := m.MarshalText()
		return append(dst, text...), err == nil
	case classStringer:
		s, _ := reflect.TypeAssert[fmt.Stringer](v)
		return append(dst, s.String()...), true
	}
	return dst, false
}

// appendRaw sends a JSON string as its text and everything else as JSON.
func appendRaw(dst []byte, raw RawJSON) ([]byte, bool) {
	if raw.Kind() == '"' {
		return append(dst, unquote(raw)...), true
	}
	return append(dst, raw...), len(raw) > 0
}

func marshalJSON(v any) ([]byte, error) { return json.Marshal(v, encodeOptions) }
