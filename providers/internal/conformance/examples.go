//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Example is one example of a JSON answer, as the upstream document has it.
type Example struct {
	Method, Path string
	Operation    string // the operation's ID
	Status       string // "200", "default"
	Media, Name  string
	Value        any
}

func (e Example) String() string {
	return fmt.Sprintf("%s %s %s %s", e.Method, e.Path, e.Status, e.Name)
}

// upstream is an OpenAPI 3 document as a raw tree. Numbers keep their text.
type upstream struct{ root map[string]any }

// parseUpstream reads a document, JSON or YAML.
func parseUpstream(b []byte) (*upstream, error) {
	if !json.Valid(b) {
		var err error
		if b, err = jsonOf(b); err != nil {
			return nil, err
		}
	}
	root, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	m, ok := root.(map[string]any)
	if !ok {
		return nil, errors.New("the document is no object")
	}
	return &upstream{root: m}, nil
}

// jsonOf writes YAML as JSON.
func jsonOf(b []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	plainTimes(&doc)
	var v any
	if err := doc.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// plainTimes makes text of what YAML takes for a time: JSON has no times.
func plainTimes(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, below := range n.Content {
		plainTimes(below)
	}
}

func parseJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// examples lists every example of a JSON answer, sorted. Examples that are null
// stand for "no body" in both documents and are left out.
func (u *upstream) examples() []Example {
	var all []Example
	paths := u.object(u.root["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := u.object(paths[path])
		for _, method := range slices.Sorted(maps.Keys(item)) {
			operation := u.object(item[method])
			id, _ := operation["operationId"].(string)
			responses := u.object(operation["responses"])
			for _, status := range slices.Sorted(maps.Keys(responses)) {
				for _, e := range u.answer(u.object(responses[status])) {
					e.Method, e.Path, e.Operation, e.Status = strings.ToUpper(method), path, id, status
					all = append(all, e)
				}
			}
		}
	}
	return all
}

// answer lists the examples of one response object, and those that its schemas
// have of the whole answer.
func (u *upstream) answer(response map[string]any) []Example {
	var all []Example
	content := u.object(response["content"])
	for _, media := range slices.Sorted(maps.Keys(content)) {
		if !isJSON(media) {
			continue
		}
		m := u.object(content[media])
		add := func(name string, value any) {
			if value != nil {
				all = append(all, Example{Media: media, Name: name, Value: value})
			}
		}
		add("example", m["example"])
		named := u.object(m["examples"])
		for _, name := range slices.Sorted(maps.Keys(named)) {
			add(name, u.object(named[name])["value"])
		}
		schema := u.object(m["schema"])
		add("schema", schema["example"])
		if several, ok := schema["examples"].([]any); ok { // OpenAPI 3.1
			for i, value := range several {
				add(fmt.Sprintf("schema %d", i), value)
			}
		}
		if item := u.object(schema["items"])["example"]; item != nil && schema["example"] == nil {
			add("items", []any{item})
		}
	}
	return all
}

func isJSON(media string) bool {
	t, _, err := mime.ParseMediaType(media)
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json"))
}

// object returns v as an object after following its references, or nil.
func (u *upstream) object(v any) map[string]any {
	for range 32 { // no honest document nests references deeper
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		v = u.at(ref)
	}
	return nil
}

// at returns what a local reference points at, or nil.
func (u *upstream) at(ref string) any {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	var v any = u.root
	for step := range strings.SplitSeq(path, "/") {
		if v, ok = child(v, unescape(step)); !ok {
			return nil
		}
	}
	return v
}

// child is the member or item of that name.
func child(tree any, step string) (any, bool) {
	switch v := tree.(type) {
	case map[string]any:
		below, ok := v[step]
		return below, ok
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v) {
			return v[i], true
		}
	}
	return nil, false
}
