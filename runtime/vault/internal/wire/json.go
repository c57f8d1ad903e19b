package wire

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string in which everything outside
// printable ASCII is escaped, as the protocol wants it: \uXXXX in lower case,
// surrogate pairs above U+FFFF, short forms where JSON has them, and / < > & '
// as they are. Invalid UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		dst = appendRune(dst, r)
	}
	return append(dst, '"')
}

func appendRune(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if r >= 0x20 && r < 0x7F {
		return append(dst, byte(r))
	}
	if r > 0xFFFF {
		r -= 0x10000
		dst = appendEscape(dst, 0xD800+r>>10)
		r = 0xDC00 + r&0x3FF
	}
	return appendEscape(dst, r)
}

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// appendASCII appends JSON text with every character outside ASCII escaped.
// They occur in strings only, so the text's structure does not matter.
func appendASCII(dst []byte, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < 0x7F {
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		dst = appendRune(dst, r)
		i += n
	}
	return dst
}

// object builds a compact JSON object with its members in the order of the
// calls.
type object struct{ b []byte }

func (o *object) key(name string) {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(appendString(o.b, name), ':')
}

func (o *object) str(name, value string) {
	o.key(name)
	o.b = appendString(o.b, value)
}

// optStr writes nothing for an empty value.
func (o *object) optStr(name, value string) {
	if value != "" {
		o.str(name, value)
	}
}

// nullStr writes null for nil.
func (o *object) nullStr(name string, value *string) {
	if value == nil {
		o.raw(name, []byte("null"))
		return
	}
	o.str(name, *value)
}

func (o *object) num(name string, value int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// raw writes JSON text that is known to be compact and valid; nil is null.
func (o *object) raw(name string, text []byte) {
	o.key(name)
	if text == nil {
		text = []byte("null")
	}
	o.b = appendASCII(o.b, text)
}

func (o *object) bytes() []byte {
	if len(o.b) == 0 {
		return []byte("{}")
	}
	return append(o.b, '}')
}

// pairs returns an ordered string map as a JSON object; nil is null.
func pairsJSON(pairs []Pair) []byte {
	if pairs == nil {
		return nil
	}
	var o object
	for _, p := range pairs {
		o.str(p.Key, p.Value)
	}
	return o.bytes()
}

// compact returns a JSON value without white space, as Marshal writes it.
func compact(text []byte) ([]byte, error) {
	v := jsontext.Value(text).Clone()
	if err := v.Compact(lenient...); err != nil {
		return nil, errNotJSON
	}
	return v, nil
}

// members is a decoded JSON object whose members are looked at one by one,
// because the protocol distinguishes an absent member, null and a wrong type.
type members map[string]jsontext.Value

var errNotJSON = errors.New("not a JSON object")

// lenient is how JSON from the other side is read: what counts is whether its
// values are right, not how it was written.
var lenient = []json.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func parseObject(body []byte) (members, error) {
	if jsontext.Value(body).Kind() != '{' {
		return nil, errNotJSON
	}
	var m members
	if err := json.Unmarshal(body, &m, lenient...); err != nil {
		return nil, errNotJSON
	}
	return m, nil
}

// str reads a member that holds a string; ok is false when it is absent or
// anything else.
func (m members) str(name string) (s string, ok bool) {
	v, found := m[name]
	if !found {
		return "", false
	}
	return stringOf(v)
}

func stringOf(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(v, &s, lenient...)
	return s, err == nil
}

func (m members) isNull(name string) bool { return m[name].Kind() == 'n' }

// integer reads a member that is written as an integer: 1 is one, 1.0 is not.
func (m members) integer(name string) (int64, bool) { return integerOf(m[name]) }

func integerOf(v jsontext.Value) (int64, bool) {
	if v.Kind() != '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(trim(v)), 10, 64)
	return n, err == nil
}

func (m members) isTrue(name string) bool { return m[name].Kind() == 't' }

// stringsOf returns the strings of an array and drops every other item.
func (m members) stringsOf(name string) []string {
	out := []string{}
	for _, v := range m.array(name) {
		if s, ok := stringOf(v); ok {
			out = append(out, s)
		}
	}
	return out
}

func (m members) array(name string) []jsontext.Value {
	if m[name].Kind() != '[' {
		return nil
	}
	var items []jsontext.Value
	if err := json.Unmarshal(m[name], &items, lenient...); err != nil {
		return nil
	}
	return items
}

func (m members) object(name string) (members, bool) {
	sub, err := parseObject(m[name])
	return sub, err == nil
}

func trim(v jsontext.Value) jsontext.Value {
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\n' || v[0] == '\t' || v[0] == '\r') {
		v = v[1:]
	}
	for len(v) > 0 && (v[len(v)-1] == ' ' || v[len(v)-1] == '\n' || v[len(v)-1] == '\t' || v[len(v)-1] == '\r') {
		v = v[:len(v)-1]
	}
	return v
}

func arrayJSON[T any](items []T, item func([]byte, T) []byte) []byte {
	out := []byte{'['}
	for i, it := range items {
		if i > 0 {
			out = append(out, ',')
		}
		out = item(out, it)
	}
	return append(out, ']')
}

// SortedPairs returns a map in the order of its keys; never nil.
func SortedPairs(m map[string]string) []Pair {
	pairs := make([]Pair, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, Pair{k, m[k]})
	}
	return pairs
}
