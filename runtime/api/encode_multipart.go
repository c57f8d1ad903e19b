package api

import (
	"bytes"
	"cmp"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// File is one file of a multipart body. Content is streamed, never held in
// memory as a whole, and not closed.
type File struct {
	Name        string // file name; "" = the name of the field
	ContentType string // "" = what the operation says, or application/octet-stream
	Content     io.Reader
}

// multipartBody is a body under construction: text that is there already, and
// files that are read when the body is sent.
type multipartBody struct {
	text   bytes.Buffer
	writer *multipart.Writer
	pieces []body
}

func encodeMultipart(v any, parts []Part) (body, error) {
	m := &multipartBody{}
	m.writer = multipart.NewWriter(&m.text)
	e := &encoder{part: m}
	if err := e.form(v, parts); err != nil {
		return body{}, err
	}
	if err := m.writer.Close(); err != nil {
		return body{}, &fieldError{field: "body", reason: "cannot be encoded", cause: err}
	}
	m.flush()
	return m.body(), nil
}

// flush makes what was written so far a piece of its own.
func (m *multipartBody) flush() {
	if m.text.Len() > 0 {
		m.pieces = append(m.pieces, bytesBody(bytes.Clone(m.text.Bytes())))
		m.text.Reset()
	}
}

func (m *multipartBody) body() body {
	whole := body{contentType: m.writer.FormDataContentType(), replay: true}
	for _, p := range m.pieces {
		whole.replay = whole.replay && p.replay
		if p.length < 0 || whole.length < 0 {
			whole.length = -1
		} else {
			whole.length += p.length
		}
	}
	whole.open = func() io.Reader {
		readers := make([]io.Reader, len(m.pieces))
		for i, p := range m.pieces {
			readers[i] = p.open()
		}
		return io.MultiReader(readers...)
	}
	return whole
}

func (m *multipartBody) field(name, contentType string, text []byte) error {
	h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + quoteParam(name) + `"`}}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	w, err := m.writer.CreatePart(h)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

func (m *multipartBody) file(name, usual string, f File) error {
	if f.Content == nil || isNil(f.Content) {
		return &fieldError{field: name, reason: "the file has no Content"}
	}
	if strings.ContainsAny(f.ContentType, "\r\n") {
		return &fieldError{field: name, reason: "the ContentType has a line break"}
	}
	fileName := cmp.Or(f.Name, name)
	contentType := cmp.Or(f.ContentType, usual, "application/octet-stream")
	_, err := m.writer.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + quoteParam(name) + `"; filename="` + quoteParam(fileName) + `"`},
		"Content-Type":        {contentType},
	})
	if err != nil {
		return err
	}
	m.flush()
	piece, err := streamBody(f.Content)
	if err != nil {
		return &fieldError{field: name, reason: "the file cannot be read", cause: err}
	}
	m.pieces = append(m.pieces, piece)
	return nil
}

// quoteParam escapes as browsers do; a line break must not end the header.
func quoteParam(s string) string {
	return strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(s)
}
