package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// place says which part of the request a parameter belongs to.
type place uint8

const (
	inQuery place = iota
	inHeader
	inCookie
)

// paramPlan is what the tags of a params struct say, read once per type.
type paramPlan struct{ fields []paramField }

type paramField struct {
	name     string
	label    string // for errors: "query per_page"
	index    []int
	place    place
	style    style
	required bool
	explode  bool // of an object in a header: name=value
	reserved bool // reserved characters stay as they are
}

// paramPlans caches what paramPlanOf reads; the tags of a type never change.
var paramPlans sync.Map // reflect.Type -> *paramPlan

func paramPlanOf(t reflect.Type) *paramPlan {
	if p, ok := paramPlans.Load(t); ok {
		return p.(*paramPlan) //nolint:forcetypeassert // only plans are stored
	}
	p := &paramPlan{}
	p.add(t, nil)
	paramPlans.Store(t, p)
	return p
}

func (p *paramPlan) add(t reflect.Type, index []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(slices.Clip(index), i)
		tagged := false
		for where, key := range []string{inQuery: "query", inHeader: "header", inCookie: "cookie"} {
			tag, ok := f.Tag.Lookup(key)
			if !ok || !f.IsExported() {
				continue
			}
			tagged = true
			name, options, _ := strings.Cut(tag, ",")
			p.fields = append(p.fields, paramField{
				name: name, label: key + " " + name, index: at, place: place(where),
				style: styleOf(options), required: has(options, "required"),
				explode: has(options, "explode"), reserved: has(options, "reserved"),
			})
		}
		if !tagged && f.Anonymous && f.Type.Kind() == reflect.Struct {
			p.add(f.Type, at)
		}
	}
}

// paramStruct returns the struct that args.Params points to; false for none.
func paramStruct(params any) (reflect.Value, bool) {
	v := reflect.ValueOf(params)
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v, v.Kind() == reflect.Struct
}

// params encodes a params struct: query pairs into e, the others into h.
func (e *encoder) params(params any, h http.Header) error {
	v, ok := paramStruct(params)
	if !ok {
		return nil
	}
	plan := paramPlanOf(v.Type())
	for i := range plan.fields {
		f := &plan.fields[i]
		field := v.FieldByIndex(f.index)
		if field.IsZero() {
			if !f.required {
				continue
			}
			if k := field.Kind(); k != reflect.String && k != reflect.Bool && !isNumber(k) {
				return &fieldError{field: f.label, reason: "is required"}
			}
		}
		var err error
		switch {
		case f.place == inHeader:
			err = e.headerParam(h, f, field)
		case f.place == inCookie:
			err = e.cookieParam(h, f, field)
		case f.name == e.skip:
		default:
			e.name = append(e.name[:0], f.name...)
			e.reserved = f.reserved
			err = e.value(e.name, field, f.style)
			e.reserved = false
		}
		if err != nil {
			return labelled(err, f.label)
		}
	}
	return nil
}

func labelled(err error, label string) error {
	f, ok := err.(*fieldError) //nolint:errorlint // made by this package just now
	if !ok {
		return &fieldError{field: label, reason: err.Error()}
	}
	if where, _, _ := strings.Cut(label, " "); f.field != "" && !strings.HasPrefix(f.field, where+" ") {
		f.field = where + " " + f.field
	}
	return f
}

func (e *encoder) headerParam(h http.Header, f *paramField, v reflect.Value) error {
	text, ok, err := e.headerText(f, v)
	if err != nil || !ok {
		return err
	}
	for _, c := range []byte(text) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return &fieldError{field: f.label, reason: "holds a control character"}
		}
	}
	h.Set(f.name, text)
	return nil
}

// cookieParam adds a cookie, or several for a list or object that is exploded.
func (e *encoder) cookieParam(h http.Header, f *paramField, v reflect.Value) error {
	v, state, err := resolve(v)
	if err != nil {
		return &fieldError{field: f.label, reason: err.Error()}
	}
	if state != present {
		return nil
	}
	kind := v.Kind()
	several := f.style == explode && (kind == reflect.Slice || kind == reflect.Array || kind == reflect.Map || kind == reflect.Struct)
	if _, scalar := appendScalar(nil, v); !several || scalar {
		text, _, err := e.headerText(f, v)
		if err == nil {
			addCookie(h, f.name, text)
		}
		return err
	}
	texts, ok := e.texts(v)
	if !ok {
		return &fieldError{field: f.label, reason: "an element is empty or no scalar"}
	}
	if kind == reflect.Slice || kind == reflect.Array {
		for _, text := range texts {
			addCookie(h, f.name, text)
		}
		return nil
	}
	for pair := range slices.Chunk(texts, 2) {
		addCookie(h, pair[0], pair[1])
	}
	return nil
}

// addCookie escapes what no cookie can carry, as style form does in a query.
func addCookie(h http.Header, name, text string) {
	cookie := []byte(h.Get("Cookie"))
	if len(cookie) > 0 {
		cookie = append(cookie, "; "...)
	}
	cookie = append(cookie, name...)
	cookie = append(cookie, '=')
	for i, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`";\%`, c) >= 0 {
			cookie = appendEscaped(cookie, text[i:i+1])
		} else {
			cookie = append(cookie, c)
		}
	}
	h.Set("Cookie", string(cookie))
}

// headerText is the text of a header or cookie; lists and objects are joined by
// commas.
func (e *encoder) headerText(f *paramField, v reflect.Value) (string, bool, error) {
	v, state, err := resolve(v)
	if err != nil {
		return "", false, &fieldError{field: f.label, reason: err.Error()}
	}
	if state != present {
		return "", false, nil
	}
	if f.style == asJSON {
		text, err := marshalJSON(v.Interface())
		if err != nil {
			reason, cause := marshalReason(err)
			return "", false, &fieldError{field: f.label, reason: reason, cause: cause}
		}
		return string(text), true, nil
	}
	if text, ok := appendScalar(nil, v); ok {
		return string(text), true, nil
	}
	texts, ok := []string(nil), false
	switch v.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		texts, ok = e.texts(v)
	}
	if !ok {
		return "", false, &fieldError{field: f.label, reason: "a Go " + v.Type().String() + " cannot be sent here: an element is empty or no scalar"}
	}
	if f.explode && v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		texts = joinPairs(texts)
	}
	return strings.Join(texts, ","), true, nil
}

// joinPairs turns names and values into name=value.
func joinPairs(texts []string) []string {
	var all []string
	for pair := range slices.Chunk(texts, 2) {
		all = append(all, pair[0]+"="+pair[1])
	}
	return all
}

// paramNumber returns the value of an integer query parameter; 0 when it is not
// set or no integer.
func paramNumber(params any, name string) int64 {
	v, ok := paramStruct(params)
	if !ok || name == "" {
		return 0
	}
	for _, f := range paramPlanOf(v.Type()).fields {
		if f.name != name || f.place != inQuery {
			continue
		}
		return integer(v.FieldByIndex(f.index))
	}
	return 0
}

func integer(v reflect.Value) int64 {
	v, state, err := resolve(v)
	if err != nil || state != present {
		return 0
	}
	text, _ := appendScalar(nil, v)
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
