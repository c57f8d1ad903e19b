package apitest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
)

func (r *Reply) response(op *api.Operation, req *http.Request) (*http.Response, error) {
	body, media, err := r.encode(op)
	if err != nil {
		return nil, err
	}
	status := r.Status
	if status == 0 {
		if status = http.StatusOK; body == nil {
			status = http.StatusNoContent
		}
	}
	header := http.Header{}
	if media != "" {
		header.Set("Content-Type", media)
	}
	for name, values := range r.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header.Clone(), Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: req,
	}, nil
}

// encode returns the bytes of the body and their media type.
func (r *Reply) encode(op *api.Operation) ([]byte, string, error) {
	const jsonType = "application/json"
	switch body := r.Body.(type) {
	case []byte:
		return body, "application/octet-stream", nil
	case api.RawJSON:
		return body, jsonType, nil
	case io.Reader:
		return nil, "", errors.New("a reader can be read once; give bytes")
	case string:
		if r.fail {
			return faultBody(op, Fault{Message: body}), jsonType, nil
		}
		if op.Result == api.Text || op.Result == api.Stream {
			return []byte(body), "text/plain; charset=utf-8", nil
		}
	case Fault:
		return faultBody(op, body), jsonType, nil
	case nil:
		if r.fail {
			return faultBody(op, Fault{}), jsonType, nil
		}
		if ok := okMember(op); ok != "" {
			return []byte(`{"` + ok + `":true}`), jsonType, nil
		}
		return nil, "", nil
	}
	text, err := json.Marshal(r.Body, encodeOptions)
	if err == nil && okMember(op) != "" {
		text, err = setMember(text, okMember(op), !r.fail)
	}
	return text, jsonType, err
}

func okMember(op *api.Operation) string {
	if op.Provider == nil {
		return ""
	}
	return op.Provider.Errors.OK
}

func faultBody(op *api.Operation, f Fault) []byte {
	shape := api.ErrorShape{}
	if op.Provider != nil {
		shape = op.Provider.Errors
	}
	body := map[string]any{}
	if shape.OK != "" {
		body[shape.OK] = false
	}
	if f.Code != "" && shape.Code != "" {
		put(body, first(shape.Code), f.Code)
	}
	if f.Message != "" {
		put(body, cmp.Or(first(shape.Message), "message"), f.Message)
	}
	text, err := json.Marshal(body, encodeOptions)
	if err != nil { // strings and booleans encode, unless a string is no UTF-8
		return []byte("{}")
	}
	return text
}

// first is the path that a client looks at first.
func first(paths string) string {
	path, _, _ := strings.Cut(paths, "|")
	return path
}

// put sets the value at a path of member names; a number is the place in a
// list, which gets this one entry.
func put(body map[string]any, path string, value any) {
	names := steps(path)
	for i := len(names) - 1; i > 0; i-- {
		if strings.Trim(names[i], "0123456789") == "" {
			value = []any{value}
			continue
		}
		value = map[string]any{names[i]: value}
	}
	merge(body, map[string]any{names[0]: value})
}

// merge keeps what an earlier put has set beside the new value.
func merge(into, from map[string]any) {
	for name, value := range from {
		old, put := into[name], value
		if a, ok := old.([]any); ok {
			if b, ok := put.([]any); ok && len(a) == 1 && len(b) == 1 {
				old, put = a[0], b[0]
			}
		}
		a, oldIsObject := old.(map[string]any)
		b, newIsObject := put.(map[string]any)
		if oldIsObject && newIsObject {
			merge(a, b)
			continue
		}
		into[name] = value
	}
}

// steps are the names of a path: a dotted one, or a JSON pointer where it starts
// with a slash.
func steps(path string) []string {
	pointer, ok := strings.CutPrefix(path, "/")
	if !ok {
		return strings.Split(path, ".")
	}
	names := strings.Split(pointer, "/")
	for i, name := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	}
	return names
}

// setMember sets a boolean of a JSON object; other values stay as they are.
func setMember(text []byte, name string, value bool) ([]byte, error) {
	if len(text) == 0 || text[0] != '{' {
		return text, nil
	}
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal(text, &members, decodeOptions); err != nil {
		return nil, err
	}
	members[name] = jsontext.Value(strconv.FormatBool(value))
	return json.Marshal(members, encodeOptions)
}

var encodeOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true),
	json.WithMarshalers(json.MarshalToFunc(emptyUnion)))

// emptyUnion writes null for a union that holds no variant: a test fills in what
// it cares about, and a required member is there all the same.
func emptyUnion(enc *jsontext.Encoder, value any) error {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || !v.IsZero() {
		return errors.ErrUnsupported
	}
	raw, ok := v.Type().FieldByName("Raw")
	if _, custom := value.(json.Marshaler); !ok || !custom || raw.Type != reflect.TypeFor[api.RawJSON]() {
		return errors.ErrUnsupported
	}
	return enc.WriteToken(jsontext.Null)
}
