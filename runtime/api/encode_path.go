package api

import (
	"fmt"
	"reflect"
	"strings"
)

// Segments is a path value whose slashes separate segments and are sent as they
// are: the path of a file in a repository.
type Segments string

// Styled is a path value in another style than the usual, which joins lists and
// objects by commas.
type Styled struct {
	Style string // "label" (".a"), "matrix" (";name=a"), "json" or ""; all but "json" with ",explode" take lists and objects apart
	Value any
}

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
		if dst, err = appendPathValue(dst, name, values[used]); err != nil {
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

func appendPathValue(dst []byte, name string, value any) ([]byte, error) {
	how := pathStyle{name: name, separator: ","}
	switch v := value.(type) {
	case string:
		return appendSegment(dst, v)
	case Segments:
		return appendSegments(dst, string(v))
	case Styled:
		if v.Style == "json" {
			text, err := marshalJSON(v.Value)
			if err != nil {
				reason, cause := marshalReason(err)
				return nil, &fieldError{reason: reason, cause: cause}
			}
			return appendSegment(dst, string(text))
		}
		how, value = v.path(name), v.Value
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
		return how.append(dst, []string{string(text)}, false)
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		texts, ok := new(encoder).texts(v)
		if !ok || len(texts) == 0 {
			return nil, &fieldError{reason: "is empty, or an element is empty or no scalar"}
		}
		return how.append(dst, texts, v.Kind() == reflect.Map || v.Kind() == reflect.Struct)
	}
	return nil, &fieldError{reason: fmt.Sprintf("a Go %s cannot be a path value", v.Type())}
}

// pathStyle is a style as RFC 6570 expands it.
type pathStyle struct {
	name      string // of the parameter
	start     string // in front of the value
	named     bool   // the name stands in front of each value
	separator string
	explode   bool
}

func (s Styled) path(name string) pathStyle {
	style, option, _ := strings.Cut(s.Style, ",")
	how := pathStyle{name: name, separator: ",", explode: option == "explode"}
	switch style {
	case "label":
		how.start = "."
	case "matrix":
		how.start, how.named = ";", true
	}
	if how.explode && how.start != "" {
		how.separator = how.start
	}
	return how
}

// append writes the elements of a list, or names and values in turn.
func (p pathStyle) append(dst []byte, texts []string, object bool) ([]byte, error) {
	dst = append(dst, p.start...)
	if p.named && !(p.explode && object) {
		dst = append(appendEscaped(dst, p.name), '=')
	}
	for i, text := range texts {
		switch {
		case i == 0:
		case p.explode && object && i%2 == 1:
			dst = append(dst, '=')
		default:
			dst = append(dst, p.separator...)
			if p.named && p.explode && !object {
				dst = append(appendEscaped(dst, p.name), '=')
			}
		}
		var err error
		if dst, err = appendSegment(dst, text); err != nil {
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
