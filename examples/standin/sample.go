package standin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// sample makes the body of the lowest documented success. Its status comes
// with it; a success without JSON has a nil body.
func (s *Server) sample(r *route) (int, any, error) {
	v, err := decode(r.raw)
	if err != nil {
		return 0, nil, err
	}
	responses := object(object(v)["responses"])
	for _, code := range slices.Sorted(maps.Keys(responses)) {
		status, err := strconv.Atoi(code)
		if err != nil || status < 200 || status > 299 {
			continue
		}
		response, err := s.doc.resolve(object(responses[code]))
		if err != nil {
			return 0, nil, err
		}
		media := object(object(response["content"])["application/json"])
		if media == nil {
			return status, nil, nil
		}
		m := sampler{doc: s.doc}
		body, _, err := m.value(object(media["schema"]), r.id, nil)
		return status, body, err
	}
	return http.StatusOK, nil, nil
}

// chosenVariant keeps the discriminator's member of the variant taken in a
// flattened schema.
const chosenVariant = "x-standin-variant"

// sampler makes one value of a schema: required members only, one item per
// array, no recursion.
type sampler struct {
	doc *document
	n   int
}

// value reports false for a schema that can only be filled without an end.
func (m *sampler) value(schema node, name string, refs []string) (any, bool, error) {
	schema, refs, err := m.flatten(schema, refs)
	if err != nil {
		return nil, false, err
	}
	if schema == nil {
		return nil, false, nil
	}
	for _, v := range list(schema["enum"]) {
		if v != nil {
			return v, true, nil
		}
	}
	switch kind(schema) {
	case objectType:
		return m.object(schema, refs)
	case "array":
		return m.array(schema, name, refs)
	case "integer", "number":
		m.n++
		if low, ok := schema["minimum"].(json.Number); ok {
			return low, true, nil
		}
		if high, ok := schema["maximum"].(json.Number); ok {
			return high, true, nil
		}
		return m.n, true, nil
	case "boolean":
		return false, true, nil
	case "string":
		m.n++
		return m.string(schema, name), true, nil
	}
	return node{}, true, nil
}

func (m *sampler) array(schema node, name string, refs []string) (any, bool, error) {
	items := []any{}
	for range max(1, whole(schema["minItems"])) {
		item, ok, err := m.value(object(schema["items"]), name, refs)
		if err != nil || !ok {
			return []any{}, true, err
		}
		items = append(items, item)
	}
	return items, true, nil
}

func (m *sampler) object(schema node, refs []string) (any, bool, error) {
	out := node{}
	if chosen := object(schema[chosenVariant]); chosen != nil {
		maps.Copy(out, chosen)
	}
	properties := object(schema["properties"])
	for _, member := range list(schema["required"]) {
		name := text(member)
		property := object(properties[name])
		v, ok, err := m.value(property, name, refs)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		if !ok && property["nullable"] != true {
			return nil, false, nil
		}
		out[name] = v
	}
	return out, true, nil
}

func (m *sampler) string(schema node, name string) string {
	switch text(schema["format"]) {
	case "date-time":
		return "2031-02-03T04:05:06Z"
	case "date":
		return "2031-02-03"
	case "uri", "uri-template", "url":
		return "https://standin.example/" + name
	case "email":
		return name + "@standin.example"
	case "uuid":
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", m.n)
	}
	s := name + "-" + strconv.Itoa(m.n)
	if most := whole(schema["maxLength"]); most > 0 && most < len(s) {
		s = s[:most]
	}
	if least := whole(schema["minLength"]); len(s) < least {
		return fmt.Sprintf("%0*d", least, m.n) // hexadecimal too, as a commit's hash must be
	}
	return s
}

// whole is a bound of a schema, 0 when it is not there.
func whole(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return int(i)
}

// flatten resolves references and takes the first variant of every union. A
// schema that leads back to itself is nil.
func (m *sampler) flatten(schema node, refs []string) (node, []string, error) {
	if ref, ok := schema["$ref"].(string); ok {
		if slices.Contains(refs, ref) {
			return nil, refs, nil
		}
		refs = append(slices.Clone(refs), ref)
		_, _, raw, err := m.doc.component(ref)
		if err != nil {
			return nil, refs, err
		}
		v, err := decode(raw)
		if err != nil {
			return nil, refs, err
		}
		return m.flatten(object(v), refs)
	}
	parts := list(schema["allOf"])
	for _, word := range []string{"oneOf", "anyOf"} {
		if variants := list(schema[word]); len(variants) > 0 {
			parts = append(slices.Clone(parts), variants[0])
		}
	}
	out := node{}
	maps.Copy(out, schema)
	if d := object(schema["discriminator"]); d != nil && len(parts) > 0 {
		first := object(parts[len(parts)-1])["$ref"]
		for value, ref := range object(d["mapping"]) {
			if ref == first {
				out[chosenVariant] = node{text(d["propertyName"]): value}
			}
		}
	}
	for _, p := range parts {
		part, more, err := m.flatten(object(p), refs)
		if err != nil || part == nil {
			return nil, refs, err
		}
		refs = more
		merge(out, part)
	}
	return out, refs, nil
}

func merge(into, from node) {
	for word, v := range from {
		switch word {
		case "properties":
			all := node{}
			maps.Copy(all, object(into[word]))
			maps.Copy(all, object(v))
			into[word] = all
		case "required":
			into[word] = append(slices.Clone(list(into[word])), list(v)...)
		default:
			into[word] = v
		}
	}
}

func kind(schema node) string {
	if t := text(schema["type"]); t != "" {
		return t
	}
	for _, t := range list(schema["type"]) {
		if s := text(t); s != "null" {
			return s
		}
	}
	switch {
	case schema["items"] != nil:
		return "array"
	case schema["properties"] != nil:
		return objectType
	}
	return ""
}

// With copies a made-up object, or the first item of a made-up list, and sets
// members of it.
func With(sample any, members map[string]any) map[string]any {
	if items := list(sample); len(items) > 0 {
		sample = items[0]
	}
	out := maps.Clone(object(sample))
	if out == nil {
		out = node{}
	}
	maps.Copy(out, members)
	return out
}
