package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
)

// body is an encoded request body. The zero value but for replay is no body.
type body struct {
	contentType string
	length      int64 // -1 = unknown
	open        func() io.Reader
	replay      bool // open can be called more than once
}

var noBody = body{replay: true}

// encodeBody picks the encoder for a media type. A reader is streamed whatever
// the media type is.
func encodeBody(media Media, v any, parts []Part, e *encoder) (body, error) {
	if media == "" || isNil(v) && e.skip == "" {
		return noBody, nil
	}
	if r, ok := v.(io.Reader); ok {
		b, err := streamBody(r)
		b.contentType = string(media)
		return b, err
	}
	var text []byte
	var err error
	switch base := media.base(); {
	case isJSON(base):
		if isNil(v) {
			return noBody, nil
		}
		text, err = marshalJSON(v)
	case base == formMedia:
		err = e.form(v, parts)
		text = bytes.Clone(e.buf)
	case base == "multipart/form-data":
		return encodeMultipart(v, parts)
	default:
		text, err = rawBody(v)
	}
	if err != nil {
		return body{}, err
	}
	b := bytesBody(text)
	b.contentType = string(media)
	return b, nil
}

const formMedia = "application/x-www-form-urlencoded"

// base is the media type without its parameters.
func (m Media) base() string {
	base, _, err := mime.ParseMediaType(string(m))
	if err != nil {
		return string(m)
	}
	return base
}

func isJSON(base string) bool {
	return base == "application/json" || strings.HasSuffix(base, "+json")
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func, reflect.Chan:
		return rv.IsNil()
	}
	return false
}

// form encodes a body by the json tags of its type; parts say what is special.
func (e *encoder) form(v any, parts []Part) error {
	rv, state, err := resolve(reflect.ValueOf(v))
	if err != nil {
		return &fieldError{field: "body", reason: err.Error()}
	}
	if state != present {
		return nil
	}
	if k := rv.Kind(); k != reflect.Struct && k != reflect.Map {
		return &fieldError{field: "body", reason: fmt.Sprintf("a Go %s has no members to send as a form", rv.Type())}
	}
	if err := e.formMembers(rv, parts); err != nil {
		return labelled(err, "body")
	}
	return nil
}

func (e *encoder) formMembers(v reflect.Value, parts []Part) error {
	further := func(name string, m reflect.Value) error { return e.formMember(name, m, formStyle, parts) }
	if v.Kind() == reflect.Map {
		return mapMembers(v, further)
	}
	fields := shapeOf(v.Type()).fields
	for i := range fields {
		f := &fields[i]
		m, err := v.FieldByIndexErr(f.index)
		if err != nil || f.omit(m) {
			continue
		}
		if f.fallback {
			err = mapMembers(m, further)
		} else {
			err = e.formMember(f.name, m, f.formStyle(), parts)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) formMember(name string, m reflect.Value, s style, parts []Part) error {
	if name == e.skip {
		return nil
	}
	e.partType = ""
	if i := slices.IndexFunc(parts, func(p Part) bool { return p.Name == name }); i >= 0 {
		e.partType = parts[i].Type
		if own := styleOf(parts[i].Style); own != explode {
			s = own
		}
	}
	e.name = append(e.name[:0], name...)
	return e.value(e.name, m, s)
}

func rawBody(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case *string:
		return []byte(*v), nil
	case []byte:
		return v, nil
	}
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.String {
		return []byte(rv.String()), nil
	}
	return nil, &fieldError{field: "body", reason: fmt.Sprintf("a Go %T cannot be sent; give a string, bytes or an io.Reader", v)}
}

func bytesBody(text []byte) body {
	return body{
		length: int64(len(text)), replay: true,
		open: func() io.Reader { return bytes.NewReader(text) },
	}
}

// streamBody sends a reader without reading it first. The length is known for
// files and for the readers of bytes and strings, and those can be sent again
// from where they stood; their own position does not move.
func streamBody(r io.Reader) (body, error) {
	switch r := r.(type) {
	case *bytes.Buffer:
		return bytesBody(r.Bytes()), nil
	case *bytes.Reader:
		from := *r
		return body{length: int64(r.Len()), replay: true, open: func() io.Reader { again := from; return &again }}, nil
	case *strings.Reader:
		from := *r
		return body{length: int64(r.Len()), replay: true, open: func() io.Reader { again := from; return &again }}, nil
	case *os.File:
		return fileBody(r)
	}
	used := false
	return body{length: -1, open: func() io.Reader {
		if used {
			return failingReader{}
		}
		used = true
		return r
	}}, nil
}

func fileBody(f *os.File) (body, error) {
	if f == nil {
		return body{}, &fieldError{field: "body", reason: "the file is nil"}
	}
	info, err := f.Stat()
	if err != nil {
		return body{}, &fieldError{field: "body", reason: "the file cannot be read", cause: err}
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil || !info.Mode().IsRegular() {
		// A pipe or a device: its length is unknown, and it can be read once.
		return streamBody(struct{ io.Reader }{f})
	}
	size := max(info.Size()-at, 0)
	return body{length: size, replay: true, open: func() io.Reader { return io.NewSectionReader(f, at, size) }}, nil
}

var errReplay = errors.New("the request body is a stream that cannot be sent twice")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errReplay }

// attach gives req the body. The caller's reader is never closed.
func (b *body) attach(req *http.Request) {
	if b.open == nil {
		return
	}
	req.ContentLength = b.length
	if b.length == 0 {
		req.Body = http.NoBody // a length of 0 with another body means "unknown"
		req.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
		return
	}
	req.Body = io.NopCloser(b.open())
	if b.replay {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(b.open()), nil }
	}
}
