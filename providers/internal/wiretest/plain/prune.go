package plain

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Requests gives the document reduced to what requests need: answers are
// emptied, parameters that carry a credential are left out, and components
// that nothing refers to are dropped. A typed loader reads it in a fraction of
// the time, and faults of the answers can't stop it.
func (d *Document) Requests(credentials []string) ([]byte, error) {
	paths := Node{}
	for path, raw := range object(d.root["paths"]) {
		item, err := d.resolve(object(raw))
		if err != nil {
			return nil, err
		}
		kept := Node{}
		for word, v := range item {
			switch {
			case word == "parameters":
				kept[word] = d.without(list(v), credentials)
			case slices.Contains(methods, word):
				kept[word] = d.request(object(v), credentials)
			}
		}
		paths[path] = d.inline(kept)
	}
	out := Node{
		"openapi": d.root["openapi"],
		"info":    Node{"title": "requests", "version": "0"},
		"paths":   paths,
	}
	out["components"] = d.reachable(paths)
	return json.Marshal(out)
}

// inline puts what references into paths lead to in their place: a typed loader
// does not follow them everywhere, and the answers that some lead to are gone.
func (d *Document) inline(v any) any {
	switch v := v.(type) {
	case Node:
		if strings.HasPrefix(text(v["$ref"]), "#/paths/") {
			if n, err := d.resolve(v); err == nil {
				return d.inline(n)
			}
		}
		out := make(Node, len(v))
		for name, member := range v {
			out[name] = d.inline(member)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, d.inline(item))
		}
		return out
	}
	return v
}

func (d *Document) request(op Node, credentials []string) Node {
	out := Node{"responses": Node{"default": Node{"description": ""}}}
	for _, word := range []string{"operationId", "requestBody", "parameters"} {
		if op[word] != nil {
			out[word] = op[word]
		}
	}
	if op["parameters"] != nil {
		out["parameters"] = d.without(list(op["parameters"]), credentials)
	}
	body, err := d.resolve(object(op["requestBody"]))
	if err != nil || len(credentials) == 0 {
		return out
	}
	if body = withoutMembers(body, credentials); body != nil {
		out["requestBody"] = body
	}
	return out
}

func (d *Document) without(params []any, names []string) []any {
	return slices.DeleteFunc(slices.Clone(params), func(p any) bool {
		n, err := d.resolve(object(p))
		return err == nil && slices.Contains(names, text(n["name"]))
	})
}

// withoutMembers drops top-level members of an inline body schema.
func withoutMembers(body Node, members []string) Node {
	if body == nil {
		return nil
	}
	body = maps.Clone(body)
	content := maps.Clone(object(body["content"]))
	for name, media := range content {
		schema := object(object(media)["schema"])
		if !hasMember(schema, members) {
			continue
		}
		schema = withoutMember(schema, members)
		content[name] = Node{"schema": schema}
		body["required"] = schema["required"] != nil
	}
	body["content"] = content
	return body
}

func hasMember(schema Node, members []string) bool {
	return slices.ContainsFunc(members, func(m string) bool { return object(schema["properties"])[m] != nil })
}

// withoutMember is an object schema without the named members.
func withoutMember(schema Node, members []string) Node {
	out := maps.Clone(schema)
	properties := maps.Clone(object(schema["properties"]))
	maps.DeleteFunc(properties, func(name string, _ any) bool { return slices.Contains(members, name) })
	out["properties"] = properties
	required := slices.DeleteFunc(slices.Clone(list(schema["required"])), func(v any) bool {
		return slices.Contains(members, text(v))
	})
	if delete(out, "required"); len(required) > 0 {
		out["required"] = required
	}
	return out
}

// Strip takes parameters and body members out of an operation that carry a
// credential. A body that held nothing else is no body any more.
func (op *Operation) Strip(credentials []string) {
	op.Params = slices.DeleteFunc(op.Params, func(p Param) bool {
		return p.In != Path && slices.Contains(credentials, p.Name) // a path needs its values
	})
	if op.Body == nil {
		return
	}
	for media, schema := range op.Body.Media {
		if !hasMember(schema, credentials) {
			continue
		}
		schema = withoutMember(schema, credentials)
		op.Body.Media[media] = schema
		op.Body.Required = schema["required"] != nil
		if len(object(schema["properties"])) == 0 {
			delete(op.Body.Media, media)
		}
	}
	if len(op.Body.Media) == 0 {
		op.Body = nil
	}
}

// reachable collects the components that paths refer to, directly or not.
func (d *Document) reachable(paths Node) Node {
	out := Node{}
	todo := []any{paths}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch x := v.(type) {
		case []any:
			todo = append(todo, x...)
		case Node:
			for _, member := range x {
				todo = append(todo, member)
			}
			parts := strings.Split(text(x["$ref"]), "/")
			if len(parts) != 4 || parts[1] != "components" {
				continue
			}
			group := object(out[parts[2]])
			if group == nil {
				group = Node{}
				out[parts[2]] = group
			}
			name := strings.ReplaceAll(strings.ReplaceAll(parts[3], "~1", "/"), "~0", "~")
			if target, err := d.lookup(text(x["$ref"])); err == nil && group[name] == nil {
				group[name] = target
				todo = append(todo, target)
			}
		}
	}
	return out
}
