package api

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// pick returns the value at a path of member names, or of an item's number
// in a list, in a JSON body; nil if there is none. What follows the value is not
// looked at.
func pick(body []byte, path string) RawJSON {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), decodeOptions)
	for path != "" {
		var name string
		name, path = cutPath(path)
		if !enter(dec, name) {
			return nil
		}
	}
	value, err := dec.ReadValue()
	if err != nil {
		return nil
	}
	return value
}

// cutPath takes the first name off a path: of a dotted one, or of a JSON pointer
// where it starts with a slash.
func cutPath(path string) (name, rest string) {
	pointer, ok := strings.CutPrefix(path, "/")
	if !ok {
		name, rest, _ = strings.Cut(path, ".")
		return name, rest
	}
	if i := strings.IndexByte(pointer, '/'); i >= 0 {
		pointer, rest = pointer[:i], pointer[i:]
	}
	return pointerName.Replace(pointer), rest
}

var pointerName = strings.NewReplacer("~1", "/", "~0", "~")

// pointerTo is the JSON pointer that a path stands for.
func pointerTo(path string) string {
	if path == "" || path[0] == '/' {
		return path
	}
	return "/" + strings.ReplaceAll(path, ".", "/")
}

// enter moves dec to the value of one member of the object, or one item of the
// list, that it stands before.
func enter(dec *jsontext.Decoder, name string) bool {
	switch t, err := dec.ReadToken(); {
	case err != nil:
		return false
	case t.Kind() == '[':
		return skipItems(dec, name)
	case t.Kind() != '{':
		return false
	}
	for {
		t, err := dec.ReadToken()
		if err != nil || t.Kind() != '"' {
			return false
		}
		if t.String() == name {
			return true
		}
		if dec.SkipValue() != nil {
			return false
		}
	}
}

func skipItems(dec *jsontext.Decoder, number string) bool {
	n, err := strconv.ParseUint(number, 10, 31)
	for ; err == nil && n > 0; n-- {
		err = dec.SkipValue()
	}
	return err == nil && dec.PeekKind() != ']'
}

// firstText is textAt for the first of several paths, separated by "|", that
// leads to a text.
func firstText(body []byte, paths string) string {
	for path := range strings.SplitSeq(paths, "|") {
		if text := textAt(body, path); text != "" {
			return text
		}
	}
	return ""
}

// textAt returns a string as it is and a number or boolean as JSON; "" for all else.
func textAt(body []byte, path string) string {
	value := pick(body, path)
	switch value.Kind() {
	case '"':
		return unquote(value)
	case '0', 't', 'f':
		return string(value)
	}
	return ""
}

func unquote(value RawJSON) string {
	text, err := jsontext.AppendUnquote(nil, []byte(value))
	if err != nil && len(text) == 0 { // invalid UTF-8 is replaced and reported
		return ""
	}
	return string(text)
}

// saysNo reports whether the top-level boolean member is false. Providers put it
// first, so this mostly reads a few bytes.
func saysNo(body []byte, member string) bool {
	return pick(body, member).Kind() == 'f'
}

// integerAt returns a whole number, also one that is written as text or as 80.0;
// 0 for all else.
func integerAt(body []byte, path string) int64 {
	if path == "" {
		return 0
	}
	var n int64
	if setNumber(reflect.ValueOf(&n).Elem(), textAt(body, path)) != nil {
		return 0
	}
	return n
}

// withMember returns a JSON object whose member at the path has the value; objects
// on the way are made where they lack.
func withMember(object RawJSON, path string, value RawJSON) (RawJSON, error) {
	name, rest := cutPath(path)
	dec := jsontext.NewDecoder(bytes.NewBuffer(object), decodeOptions)
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errNoObject
	}
	out, found := RawJSON("{"), false
	for dec.PeekKind() == '"' {
		key, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, key...), ':')
		same := unquote(key) == name
		member, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if same {
			found = true
			if member, err = memberInside(member, rest, value); err != nil {
				return nil, err
			}
		}
		out = append(out, member...)
	}
	if !found {
		member, err := memberInside(nil, rest, value)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		if out, err = jsontext.AppendQuote(out, name); err != nil {
			return nil, err
		}
		out = append(append(out, ':'), member...)
	}
	return append(out, '}'), nil
}

func memberInside(member RawJSON, rest string, value RawJSON) (RawJSON, error) {
	if rest == "" {
		return value, nil
	}
	if k := member.Kind(); len(member) == 0 || k == 'n' {
		member = RawJSON("{}")
	}
	return withMember(member, rest, value)
}

var errNoObject = errors.New("the body is no object that could hold the parameter of the page")

// memberValues turns an object into the array of its values, in their order;
// other values stay as they are.
func memberValues(object RawJSON) RawJSON {
	if object.Kind() != '{' {
		return object
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(object), decodeOptions)
	if _, err := dec.ReadToken(); err != nil {
		return object
	}
	out := RawJSON("[")
	for dec.PeekKind() == '"' {
		if dec.SkipValue() != nil {
			return object
		}
		value, err := dec.ReadValue()
		if err != nil {
			return object
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, value...)
	}
	return append(out, ']')
}
