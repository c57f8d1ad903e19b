package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/yamlfault"
)

// maxYAMLBytes limits YAML text: its parser keeps some dozen bytes for each.
const maxYAMLBytes = 64 << 20

// yamlReader turns YAML text into a raw tree.
type yamlReader struct {
	file    string
	opts    Options
	open    map[*yaml.Node]bool // anchors being expanded
	stack   []string
	nodes   int
	aliased int // values made while expanding aliases
	inAlias int
	diags   diag.List
}

func readYAML(file string, text []byte, opts Options) (any, diag.List) {
	r := &yamlReader{file: file, opts: opts, open: map[*yaml.Node]bool{}}
	if len(text) > maxYAMLBytes {
		r.report(nil, diag.CodeTooLarge, fmt.Sprintf("YAML of more than %d bytes", maxYAMLBytes), "convert the document to JSON")
		return nil, r.diags
	}
	body, err := r.parse(text)
	if err != nil {
		r.syntax(text, err)
		return nil, r.diags
	}
	if body == nil {
		r.report(nil, diag.CodeEmptyFile, "the file holds no document", "name a file with an OpenAPI document")
		return nil, r.diags
	}
	v, err := r.value(body, 0)
	if err != nil {
		return nil, r.diags
	}
	return v, r.diags
}

// parse returns the first document that is not empty, nil without one.
func (r *yamlReader) parse(text []byte) (body *yaml.Node, err error) {
	// The parser is not ours, and its input is anybody's.
	defer func() {
		if p := recover(); p != nil {
			body, err = nil, errors.New("the text confuses the YAML parser")
		}
	}()
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if err := documents.Decode(&doc); errors.Is(err, io.EOF) {
			return body, nil
		} else if err != nil {
			return nil, err
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue
		}
		if body != nil {
			r.warn(doc.Content[0], diag.CodeMultipleDocuments,
				"the file holds more than one YAML document; the first is read", "keep one document in the file")
			return body, nil
		}
		body = doc.Content[0]
	}
}

func (r *yamlReader) value(n *yaml.Node, depth int) (any, error) {
	if err := r.count(n, depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n, depth+1)
	case yaml.SequenceNode:
		return r.sequence(n, depth+1)
	case yaml.AliasNode:
		return r.alias(n, depth+1)
	case yaml.ScalarNode:
		return scalar(n), nil
	}
	return nil, nil
}

func (r *yamlReader) count(n *yaml.Node, depth int) error {
	r.nodes++
	if r.inAlias > 0 {
		r.aliased++
	}
	switch {
	case depth > r.opts.MaxDepth:
		r.report(n, diag.CodeTooDeep, fmt.Sprintf("nested more than %d levels deep", r.opts.MaxDepth), "split the document")
	case r.nodes > r.opts.MaxNodes:
		r.report(n, diag.CodeTooLarge, fmt.Sprintf("more than %d values", r.opts.MaxNodes), "split the document, or generate from a part of it")
	case r.aliased > r.opts.MaxAliasNodes:
		r.report(n, diag.CodeTooLarge, fmt.Sprintf("aliases stand for more than %d values", r.opts.MaxAliasNodes), "write the values out, or use references")
	default:
		return nil
	}
	return errLimit
}

func (r *yamlReader) sequence(n *yaml.Node, depth int) (any, error) {
	list := make([]any, 0, len(n.Content))
	for i, e := range n.Content {
		r.stack = append(r.stack, strconv.Itoa(i))
		v, err := r.value(e, depth)
		r.stack = r.stack[:len(r.stack)-1]
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		if key.Kind == yaml.AliasNode && key.Alias != nil {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			r.report(n.Content[i], diag.CodeNonStringKey, "a mapping has a key that is no text", "write the key as text")
			return nil, errLimit
		}
		// A key keeps the spelling of the document, so that the status 200 is the
		// member "200".
		name := key.Value
		r.stack = append(r.stack, name)
		if _, dup := m[name]; dup {
			r.diags = append(r.diags, duplicate(r.file, diag.Pointer(r.stack...), n.Content[i].Line, n.Content[i].Column))
		}
		v, err := r.value(value, depth)
		r.stack = r.stack[:len(r.stack)-1]
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	for _, source := range merges {
		if err := r.merge(m, source, depth); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// merge adds the members of a "<<" value that m does not have.
func (r *yamlReader) merge(m map[string]any, source *yaml.Node, depth int) error {
	v, err := r.value(source, depth)
	if err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		from, ok := e.(map[string]any)
		if !ok {
			r.report(source, diag.CodeSyntax, "the merge key << needs a mapping", "write the members out")
			return errLimit
		}
		for name, v := range from {
			if _, has := m[name]; !has {
				m[name] = v
			}
		}
	}
	return nil
}

func (r *yamlReader) alias(n *yaml.Node, depth int) (any, error) {
	if n.Alias == nil || r.open[n.Alias] {
		r.report(n, diag.CodeSyntax, fmt.Sprintf("the alias *%s stands inside its own anchor", n.Value), "write the value out, or use a reference")
		return nil, errLimit
	}
	r.open[n.Alias] = true
	r.inAlias++
	v, err := r.value(n.Alias, depth)
	r.inAlias--
	delete(r.open, n.Alias)
	return v, err
}

// scalar gives the value that YAML 1.2's core schema gives, except that 017 is
// octal, as in 1.1 and in most readers.
func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		return integer(n.Value)
	case "!!float":
		if isNumber(n.Value) {
			return json.Number(n.Value)
		}
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && !strings.Contains(n.Value, "_") {
			if b, err := json.Marshal(f); err == nil { // not the infinities
				return json.Number(b)
			}
		}
	}
	return n.Value
}

func integer(s string) any {
	if isNumber(s) {
		return json.Number(s)
	}
	plain := strings.TrimPrefix(s, "+")
	if isNumber(plain) {
		return json.Number(plain)
	}
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil && !strings.Contains(s, "_") {
		return json.Number(strconv.FormatInt(i, 10))
	}
	return s // 1_000 is a number in YAML 1.1 only
}

// isNumber reports whether s is a number in JSON's grammar.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits := func() (n int) {
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	}
	n := digits()
	if n == 0 || (n > 1 && s[0] == '0') {
		return false
	}
	s = s[n:]
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if n = digits(); n == 0 {
			return false
		}
		s = s[n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if n = digits(); n == 0 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

func (r *yamlReader) report(n *yaml.Node, code, message, remedy string) {
	d := diag.Diagnostic{File: r.file, Pointer: diag.Pointer(r.stack...), Code: code, Message: message, Remedy: remedy}
	if n != nil {
		d.Line, d.Column = n.Line, n.Column
	}
	r.diags = append(r.diags, d)
}

func (r *yamlReader) warn(n *yaml.Node, code, message, remedy string) {
	r.report(n, code, message, remedy)
	r.diags[len(r.diags)-1].Severity = diag.Warning
}

func (r *yamlReader) syntax(text []byte, err error) {
	for _, f := range yamlfault.Of(text, err) {
		d := diag.Diagnostic{
			File: r.file, Line: f.Line, Column: f.Column, Code: diag.CodeSyntax,
			Message: "not valid YAML: " + f.Message, Remedy: "correct the text there, or fetch the file again if it was cut short",
		}
		if strings.Contains(f.Message, "exceeded max depth") {
			d.Code, d.Remedy = diag.CodeTooDeep, "split the document"
		}
		r.diags = append(r.diags, d)
	}
}
