package wire

import (
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Further writers of object. opt leaves a member out, null writes null.

func (o *object) flag(name string, value bool) { o.raw(name, boolJSON(value)) }

func (o *object) optFlag(name string, value *bool) {
	if value != nil {
		o.flag(name, *value)
	}
}

func (o *object) optNum(name string, value *int64) {
	if value != nil {
		o.num(name, *value)
	}
}

func (o *object) nullNum(name string, value *int64) {
	if value == nil {
		o.raw(name, nil)
		return
	}
	o.num(name, *value)
}

func (o *object) list(name string, items []string) { o.raw(name, arrayJSON(items, appendString)) }

// optList leaves out nil; an empty list is written.
func (o *object) optList(name string, items []string) {
	if items != nil {
		o.list(name, items)
	}
}

// nullList writes null for nil.
func (o *object) nullList(name string, items []string) {
	if items == nil {
		o.raw(name, nil)
		return
	}
	o.list(name, items)
}

func (o *object) optRaw(name string, text []byte) {
	if text != nil {
		o.raw(name, text)
	}
}

func (o *object) time(name string, t time.Time) { o.str(name, *timeJSON(&t)) }

func (o *object) nullTime(name string, t *time.Time) { o.nullStr(name, timeJSON(t)) }

// orNull writes null for "".
func (o *object) orNull(name, value string) { o.nullStr(name, nilIfEmpty(value)) }

// merge appends the members of another object.
func (o *object) merge(members []byte) {
	if len(members) <= 2 {
		return
	}
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, members[1:len(members)-1]...)
}

// scopeMapJSON writes a map of string lists in the order of its keys; nil is an
// empty object.
func scopeMapJSON(m map[string][]string) []byte {
	var o object
	for _, key := range slices.Sorted(maps.Keys(m)) {
		o.list(key, m[key])
	}
	return o.bytes()
}

// Object returns v as compact JSON text if it is a JSON object with finite
// numbers; nil gives nil. Map keys are in order.
func Object(v any) (jsontext.Value, error) {
	if v == nil {
		return nil, nil
	}
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil || jsontext.Value(text).Kind() != '{' && string(text) != "null" {
		return nil, errNotJSON
	}
	if string(text) == "null" {
		return nil, nil
	}
	return text, nil
}
