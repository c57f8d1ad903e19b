package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// jsonReader turns JSON text into a raw tree. Member names repeat thousands of
// times in a document, so each is kept once.
type jsonReader struct {
	dec   *jsontext.Decoder
	text  []byte
	file  string
	names map[string]string
	nodes int
	opts  Options
	diags diag.List
}

// errLimit stops the reading after its diagnostic was reported.
var errLimit = errors.New("limit passed")

func readJSON(file string, text []byte, opts Options) (any, diag.List) {
	r := &jsonReader{
		dec:   jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		text:  text,
		file:  file,
		names: make(map[string]string),
		opts:  opts,
	}
	v, err := r.value(0)
	if err == nil {
		_, err = r.dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return v, r.diags
		case err == nil:
			err = errors.New("more text after the end of the document")
		}
	}
	if !errors.Is(err, errLimit) {
		r.syntax(err)
	}
	return nil, r.diags
}

func (r *jsonReader) value(depth int) (any, error) {
	if r.nodes++; r.nodes > r.opts.MaxNodes {
		return nil, r.limit(diag.CodeTooLarge, fmt.Sprintf("more than %d values", r.opts.MaxNodes))
	}
	switch r.dec.PeekKind() {
	case '{':
		return r.object(depth + 1)
	case '[':
		return r.array(depth + 1)
	case '"':
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		return unquote(raw)
	}
	tok, err := r.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 't', 'f':
		return tok.Bool(), nil
	case 'n':
		return nil, nil
	case '0':
		return json.Number(tok.String()), nil
	}
	return nil, fmt.Errorf("unexpected %q", tok.Kind())
}

func (r *jsonReader) object(depth int) (any, error) {
	if depth > r.opts.MaxDepth {
		return nil, r.limit(diag.CodeTooDeep, fmt.Sprintf("nested more than %d levels deep", r.opts.MaxDepth))
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	m := make(map[string]any)
	for r.dec.PeekKind() != '}' {
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		name, err := r.name(raw)
		if err != nil {
			return nil, err
		}
		if _, dup := m[name]; dup {
			line, col := r.position(r.dec.InputOffset() - int64(len(raw)))
			r.diags = append(r.diags, duplicate(r.file, string(r.dec.StackPointer()), line, col))
		}
		if m[name], err = r.value(depth); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.ReadToken()
	return m, err
}

func (r *jsonReader) array(depth int) (any, error) {
	if depth > r.opts.MaxDepth {
		return nil, r.limit(diag.CodeTooDeep, fmt.Sprintf("nested more than %d levels deep", r.opts.MaxDepth))
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for r.dec.PeekKind() != ']' {
		v, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.dec.ReadToken()
	return list, err
}

// name returns a member's name, shared with earlier members of the same name.
func (r *jsonReader) name(raw jsontext.Value) (string, error) {
	if raw.Kind() != '"' {
		return "", errors.New("member name is not a string")
	}
	if name, ok := r.names[string(raw)]; ok {
		return name, nil
	}
	name, err := unquote(raw)
	if err == nil {
		r.names[string(raw)] = name
	}
	return name, err
}

func unquote(raw jsontext.Value) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	out, err := jsontext.AppendUnquote(nil, raw)
	return string(out), err
}

func (r *jsonReader) limit(code, message string) error {
	line, col := r.position(r.dec.InputOffset())
	r.diags = append(r.diags, diag.Diagnostic{
		File: r.file, Line: line, Column: col, Code: code, Message: message,
		Remedy: "split the document, or generate from a part of it",
	})
	return errLimit
}

func (r *jsonReader) syntax(err error) {
	offset := r.dec.InputOffset()
	message := err.Error()
	if syn, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset = syn.ByteOffset
		message = syn.Err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		offset = int64(len(r.text))
		message = "the text ends in the middle of a value"
	}
	line, col := r.position(offset)
	pointer := string(r.dec.StackPointer())
	r.diags = append(r.diags, diag.Diagnostic{
		File: r.file, Pointer: pointer, Line: line, Column: col, Code: diag.CodeSyntax,
		Message: "not valid JSON: " + message,
		Remedy:  "correct the text there, or fetch the file again if it was cut short",
	})
}

// position converts an offset into line and column (in bytes), both from 1.
func (r *jsonReader) position(offset int64) (line, col int) {
	return position(r.text, int(offset))
}

func position(text []byte, offset int) (line, col int) {
	offset = min(max(offset, 0), len(text))
	before := text[:offset]
	return bytes.Count(before, []byte{'\n'}) + 1, offset - bytes.LastIndexByte(before, '\n')
}
