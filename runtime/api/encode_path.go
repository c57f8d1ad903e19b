package api

import (
	"fmt"
	"reflect"
	"strings"
)

// Segments is a path value whose slashes separate segments and are sent as they
// are: the path of a file in a repository.
type Segments string

// appendPath fills the placeholders of a template with escaped values. It refuses
// values that would name another resource than the template does.
func appendPath(dst []byte, template string, values []any) ([]byte, error) {
	used := 0
	for {
		open := strings.IndexByte(template, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(template[open:], '}')
		if end < 0 {
			break
		}
		dst = append(dst, template[:open]...)
		name := template[open+1 : open+end]
		template = template[open+end+1:]
		if used == len(values) {
			return nil, &fieldError{field: "path " + name, reason: "has no value; generate the package again"}
		}
		var err error
		if dst, err = appendPathValue(dst, values[used]); err != nil {
			if f, ok := err.(*fieldError); ok { //nolint:errorlint // made three lines below
				f.field = "path " + name
			}
			return nil, err
		}
		used++
	}
	if used != len(values) {
		return nil, &fieldError{field: "path",
			reason: fmt.Sprintf("the template takes %d values and the call has %d; generate the package again", used, len(values))}
	}
	return append(dst, template...), nil
}

func appendPathValue(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return appendSegment(dst, v)
	case Segments:
		return appendSegments(dst, string(v))
	}
	v, state, err := resolve(reflect.ValueOf(value))
	if err != nil {
		return nil, &fieldError{reason: err.Error()}
	}
	if state != present {
		return nil, &fieldError{reason: "is empty"}
	}
	if s, ok := reflect.TypeAssert[Segments](v); ok {
		return appendSegments(dst, string(s))
	}
	if text, ok := appendScalar(nil, v); ok {
		return appendSegment(dst, string(text))
	}
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Array) && v.Len() > 0 {
		return appendPathList(dst, v)
	}
	return nil, &fieldError{reason: fmt.Sprintf("a Go %s cannot be a path value", v.Type())}
}

func appendPathList(dst []byte, list reflect.Value) ([]byte, error) {
	for i := range list.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		v, state, err := resolve(list.Index(i))
		if err != nil {
			return nil, &fieldError{reason: err.Error()}
		}
		text, ok := appendScalar(nil, v)
		if state != present || !ok {
			return nil, &fieldError{reason: fmt.Sprintf("element %d is empty or no scalar", i)}
		}
		if dst, err = appendSegment(dst, string(text)); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendSegment(dst []byte, s string) ([]byte, error) {
	switch s {
	case "":
		return nil, &fieldError{reason: "is empty"}
	case ".", "..":
		return nil, &fieldError{reason: `is "." or "..", which would name another resource`}
	}
	return appendEscaped(dst, s), nil
}

func appendSegments(dst []byte, s string) ([]byte, error) {
	if s == "" {
		return nil, &fieldError{reason: "is empty"}
	}
	for i, part := range strings.Split(s, "/") {
		if i > 0 {
			dst = append(dst, '/')
		}
		if part == "." || part == ".." {
			return nil, &fieldError{reason: `has a segment "." or "..", which would name another resource`}
		}
		dst = appendEscaped(dst, part)
	}
	return dst, nil
}
