package api

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// pick returns the value at a dotted path of member names, or of an item's number
// in a list, in a JSON body; nil if there is none. What follows the value is not
// looked at.
func pick(body []byte, path string) RawJSON {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), decodeOptions)
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
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
