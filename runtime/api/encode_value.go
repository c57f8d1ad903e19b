package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// style says how a value that is more than a scalar becomes pairs.
type style uint8

const (
	explode   style = iota // name=a&name=b; members of an object become names
	comma                  // name=a,b
	space                  // name=a%20b
	pipe                   // name=a|b
	deep                   // name[0]=a&name[key]=b
	asJSON                 // name=["a","b"]
	formStyle              // lists as explode, members as deep
)

// encoder turns Go values into name-value pairs of a query or a form, or into
// the parts of a multipart body.
type encoder struct {
	buf  []byte // escaped pairs
	name []byte // of the pair at hand
	text []byte
	skip string         // parameter that the pager sets itself
	part *multipartBody // not nil: pairs become parts
	// Of the member or parameter at hand:
	partType string // media type of its part
	reserved bool   // reserved characters stay as they are
}

func (e *encoder) pair(name, text []byte) error {
	if e.part != nil {
		return e.part.field(string(name), e.partType, text)
	}
	if len(e.buf) > 0 {
		e.buf = append(e.buf, '&')
	}
	e.buf = append(appendEscaped(e.buf, name), '=')
	if e.reserved {
		e.buf = appendReserved(e.buf, text)
	} else {
		e.buf = appendEscaped(e.buf, text)
	}
	return nil
}

// value encodes v under name. name is a prefix of e.name.
func (e *encoder) value(name []byte, v reflect.Value, s style) error {
	v, state, err := resolve(v)
	switch {
	case err != nil:
		return &fieldError{field: string(name), reason: err.Error()}
	case state == absent:
		return nil
	case state == null:
		return e.pair(name, nil)
	}
	if s == asJSON {
		return e.json(name, v)
	}
	if v.Type() == typeFile {
		if e.part == nil {
			return &fieldError{field: string(name), reason: "a file can be sent in a multipart body only"}
		}
		return e.part.file(string(name), e.partType, v.Interface().(File)) //nolint:forcetypeassert // just compared
	}
	if text, ok := appendScalar(e.text[:0], v); ok {
		e.text = text
		return e.pair(name, text)
	}
	switch kind := v.Kind(); {
	case e.part != nil && s != deep && kind != reflect.Slice:
		return e.json(name, v)
	case kind == reflect.Slice || kind == reflect.Array:
		return e.list(name, v, s)
	case kind == reflect.Map || kind == reflect.Struct:
		return e.object(name, v, s)
	}
	return &fieldError{field: string(name), reason: fmt.Sprintf("a Go %s cannot be sent here", v.Type())}
}

func (e *encoder) json(name []byte, v reflect.Value) error {
	text, err := marshalJSON(v.Interface())
	if err != nil {
		reason, cause := marshalReason(err)
		return &fieldError{field: string(name) + pointerOf(err), reason: reason, cause: cause}
	}
	if e.part != nil {
		return e.part.field(string(name), cmp.Or(e.partType, "application/json"), text)
	}
	return e.pair(name, text)
}

func (e *encoder) list(name []byte, v reflect.Value, s style) error {
	if s == comma || s == space || s == pipe {
		return e.joined(name, v, s)
	}
	for i := range v.Len() {
		element := name
		if s == deep || e.part == nil && nested(v.Index(i)) {
			element = append(strconv.AppendInt(append(name, '['), int64(i), 10), ']')
		}
		inner := s
		if len(element) > len(name) {
			inner = deep
		}
		if err := e.value(element, v.Index(i), inner); err != nil {
			return err
		}
	}
	return nil
}

// nested reports whether an element of a list needs an index to keep its members
// together.
func nested(v reflect.Value) bool {
	v, state, err := resolve(v)
	if err != nil || state != present {
		return false
	}
	_, scalar := appendScalar(nil, v)
	return !scalar
}

// joined writes a list, or the names and values of an object, into one pair. The
// separator is sent so that it differs from one inside a value.
func (e *encoder) joined(name []byte, v reflect.Value, s style) error {
	separator := map[style]string{comma: ",", space: "%20", pipe: "%7C"}[s]
	texts, ok := e.texts(v)
	if !ok {
		return &fieldError{field: string(name), reason: "an element is empty or no scalar"}
	}
	if e.part != nil {
		separator, _ = url.PathUnescape(separator) // cannot fail: one of the three above
		return e.part.field(string(name), e.partType, []byte(strings.Join(texts, separator)))
	}
	if len(e.buf) > 0 {
		e.buf = append(e.buf, '&')
	}
	e.buf = append(appendEscaped(e.buf, name), '=')
	for i, text := range texts {
		if i > 0 {
			e.buf = append(e.buf, separator...)
		}
		e.buf = appendEscaped(e.buf, text)
	}
	return nil
}

// texts lists the elements of a list, or the names and values of an object; false
// when one of them is no scalar.
func (e *encoder) texts(v reflect.Value) ([]string, bool) {
	var all []string
	whole := true
	add := func(v reflect.Value) {
		text, ok := e.scalar(v)
		whole = whole && ok
		all = append(all, string(text))
	}
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
		for i := range v.Len() {
			add(v.Index(i))
		}
		return all, whole
	}
	err := members(v, func(key string, m reflect.Value) error {
		all = append(all, key)
		add(m)
		return nil
	})
	return all, whole && err == nil
}

func (e *encoder) scalar(v reflect.Value) ([]byte, bool) {
	v, state, err := resolve(v)
	if err != nil || state != present {
		return nil, false
	}
	text, ok := appendScalar(e.text[:0], v)
	e.text = text[:0]
	return text, ok
}

func (e *encoder) object(name []byte, v reflect.Value, s style) error {
	if s == comma || s == space || s == pipe {
		return e.joined(name, v, s)
	}
	return members(v, func(key string, m reflect.Value) error {
		if s == explode {
			return e.value([]byte(key), m, deep)
		}
		return e.value(append(append(append(name, '['), key...), ']'), m, deep)
	})
}

// members calls f for the members of a struct or map that are on the wire: of a
// struct in order, of a map sorted.
func members(v reflect.Value, f func(name string, m reflect.Value) error) error {
	if v.Kind() == reflect.Map {
		return mapMembers(v, f)
	}
	for _, field := range shapeOf(v.Type()).fields {
		m, err := v.FieldByIndexErr(field.index)
		if err != nil || field.omit(m) {
			continue // inside a nil embedded struct, or left out
		}
		if field.fallback {
			err = mapMembers(m, f)
		} else {
			err = f(field.name, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errMapKey = errors.New("the keys of a map must be strings")

func mapMembers(v reflect.Value, f func(string, reflect.Value) error) error {
	if v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
		return errMapKey
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch {
		case a.String() < b.String():
			return -1
		case a.String() > b.String():
			return 1
		}
		return 0
	})
	for _, key := range keys {
		if err := f(key.String(), v.MapIndex(key)); err != nil {
			return err
		}
	}
	return nil
}
