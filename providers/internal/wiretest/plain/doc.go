// Package plain reads an OpenAPI document, makes values for its operations and
// judges captured requests, with the standard library alone. It shares no code
// with the encoders it judges; a test holds it to that.
package plain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Node is an object of the raw document: map[string]any, []any, string,
// json.Number, bool and nil.
type Node = map[string]any

// Document is an OpenAPI 3 document as it was written. It is only read.
type Document struct {
	root Node
}

// Operation is one method of one path, with its references resolved.
type Operation struct {
	ID, Method, Path string
	Base             string // absolute base URL, no trailing slash
	Own              bool   // Base is the operation's or path's own server
	Params           []Param
	Body             *Body
	Accepts          []string // media types of the documented answers
}

// Sent is the path without the fragment by which some documents tell operations
// of one path apart.
func (op *Operation) Sent() string {
	path, _, _ := strings.Cut(op.Path, "#")
	return path
}

// Words of OpenAPI that are asked for in several places.
const (
	Path       = "path" // Param.In
	form       = "form"
	deepObject = "deepObject"
	null       = "null"
	anyOf      = "anyOf"
)

// Param is one declared parameter.
type Param struct {
	Name, In string
	Required bool
	Style    string // form, simple, spaceDelimited, pipeDelimited, deepObject
	Explode  bool
	JSON     bool // the value is JSON text (declared by content)
	Segments bool // a path value that keeps its slashes
	Schema   Node
}

// Body is a declared request body: one schema per media type.
type Body struct {
	Required bool
	Media    map[string]Node
	Encoding map[string]Node // of the same media types: what it says of members
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Parse reads a document. Numbers keep their text.
func Parse(spec []byte) (*Document, error) {
	v, err := decode(spec)
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	root, ok := v.(Node)
	if !ok {
		return nil, fmt.Errorf("openapi document: the top level is %s, not an object", kind(v))
	}
	return &Document{root: root}, nil
}

// decode reads one JSON value, keeping the text of numbers.
func decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// Operations lists every operation, sorted by path and method.
func (d *Document) Operations() ([]*Operation, error) {
	var all []*Operation
	paths := object(d.root["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, err := d.resolve(object(paths[path]))
		if err != nil {
			return nil, err
		}
		for _, method := range methods {
			raw, ok := item[method].(Node)
			if !ok {
				continue
			}
			op, err := d.operation(path, method, item, raw)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			all = append(all, op)
		}
	}
	return all, nil
}

func (d *Document) operation(path, method string, item, raw Node) (*Operation, error) {
	op := &Operation{
		ID:     text(raw["operationId"]),
		Method: strings.ToUpper(method),
		Path:   path,
		Base:   base(raw["servers"], item["servers"]),
	}
	op.Own = op.Base != ""
	if !op.Own {
		op.Base = base(d.root["servers"])
	}
	var err error
	if op.Params, err = d.params(list(item["parameters"]), list(raw["parameters"])); err != nil {
		return nil, err
	}
	if op.Body, err = d.body(raw["requestBody"]); err != nil {
		return nil, err
	}
	if op.Accepts, err = d.accepts(object(raw["responses"])); err != nil {
		return nil, err
	}
	return op, nil
}

// params joins the parameters of the path and of the operation; the
// operation's own replace those of the same name and place.
func (d *Document) params(shared, own []any) ([]Param, error) {
	var all []Param
	for _, raw := range append(slices.Clone(shared), own...) {
		node, err := d.resolve(object(raw))
		if err != nil {
			return nil, err
		}
		p := param(node)
		all = slices.DeleteFunc(all, func(q Param) bool { return q.Name == p.Name && q.In == p.In })
		all = append(all, p)
	}
	return all, nil
}

func param(node Node) Param {
	p := Param{
		Name:     text(node["name"]),
		In:       text(node["in"]),
		Required: node["required"] == true,
		Style:    text(node["style"]),
		Segments: node["x-multi-segment"] == true,
		Schema:   object(node["schema"]),
	}
	if p.Style == "" {
		p.Style = "simple"
		if p.In == "query" || p.In == "cookie" {
			p.Style = form
		}
	}
	p.Explode = p.Style == form
	if explode, ok := node["explode"].(bool); ok {
		p.Explode = explode
	}
	for name, media := range object(node["content"]) {
		p.JSON = IsJSON(name)
		p.Schema = object(object(media)["schema"])
	}
	return p
}

func (d *Document) body(raw any) (*Body, error) {
	if raw == nil {
		return nil, nil // an operation without a body
	}
	node, err := d.resolve(object(raw))
	if err != nil {
		return nil, err
	}
	b := &Body{Required: node["required"] == true, Media: map[string]Node{}, Encoding: map[string]Node{}}
	for name, media := range object(node["content"]) {
		schema := object(object(media)["schema"])
		more := schema["additionalProperties"]
		if name == "application/x-www-form-urlencoded" && text(schema["type"]) == "object" && len(object(schema["properties"])) == 0 && (more == nil || more == false) {
			continue // a form without members is no body
		}
		b.Media[name] = schema
		b.Encoding[name] = object(object(media)["encoding"])
	}
	if len(b.Media) == 0 {
		return nil, nil
	}
	return b, nil
}

func (d *Document) accepts(responses Node) ([]string, error) {
	seen := map[string]bool{}
	for _, raw := range responses {
		node, err := d.resolve(object(raw))
		if err != nil {
			return nil, err
		}
		for media := range object(node["content"]) {
			seen[media] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// base is the first absolute server of the innermost list that has one.
func base(levels ...any) string {
	for _, level := range levels {
		for _, server := range list(level) {
			url := text(object(server)["url"])
			for name, variable := range object(object(server)["variables"]) {
				url = strings.ReplaceAll(url, "{"+name+"}", text(object(variable)["default"]))
			}
			if strings.Contains(url, "://") {
				return strings.TrimSuffix(url, "/")
			}
		}
	}
	return ""
}

// resolve follows references inside the document.
func (d *Document) resolve(n Node) (Node, error) {
	for range 64 {
		ref, ok := n["$ref"].(string)
		if !ok {
			return n, nil
		}
		next, err := d.lookup(ref)
		if err != nil {
			return nil, err
		}
		n = next
	}
	return nil, fmt.Errorf("reference chain without an end at %v", n["$ref"])
}

func (d *Document) lookup(ref string) (Node, error) {
	rest, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, fmt.Errorf("reference %q leaves the document", ref)
	}
	var v any = d.root
	for part := range strings.SplitSeq(rest, "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		items := list(v)
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(items) {
			v = items[i] // "#/paths/…/parameters/0"
			continue
		}
		v = object(v)[part]
	}
	n, ok := v.(Node)
	if !ok {
		return nil, fmt.Errorf("reference %q points at nothing", ref)
	}
	return n, nil
}

// IsJSON tells whether a media type is JSON.
func IsJSON(media string) bool {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	media = strings.TrimSpace(media)
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

func object(v any) Node { n, _ := v.(Node); return n }
func list(v any) []any  { l, _ := v.([]any); return l }
func text(v any) string { s, _ := v.(string); return s }

func kind(v any) string {
	switch v.(type) {
	case nil:
		return null
	case Node:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	default:
		return "a number"
	}
}
