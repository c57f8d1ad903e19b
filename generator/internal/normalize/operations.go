package normalize

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", methodQuery}

// What 3.2 adds: the method query, and methods of any name.
const (
	methodQuery          = "query"
	additionalOperations = "additionalOperations"
)

// paths brings every wanted operation into normal form.
func (n *normalizer) paths() tree {
	out := tree{}
	n.unsent(n.root, "#", "webhooks")
	raw := object(n.root, "paths")
	for _, path := range sortedKeys(raw) {
		item, _ := n.deref(raw[path], child("#/paths", path))
		if item == nil {
			continue
		}
		ops := tree{}
		for _, method := range methods {
			op, ok := item[method].(tree)
			if !ok || !n.wanted(op) {
				continue
			}
			ops[method] = n.operation(op, item, path, method)
			n.unsent(op, child("#/paths", path, method), "callbacks")
		}
		more := tree{}
		for _, method := range sortedKeys(object(item, additionalOperations)) {
			if op, ok := object(item, additionalOperations)[method].(tree); ok && n.wanted(op) {
				more[method] = n.operation(op, item, path, additionalOperations, method)
			}
		}
		if len(more) > 0 {
			ops[additionalOperations] = more
		}
		if len(ops) > 0 {
			out[path] = ops
		}
	}
	return out
}

// unsent tells of requests that the provider sends, not the client.
func (n *normalizer) unsent(m tree, pointer, member string) {
	if all := object(m, member); len(all) > 0 {
		n.report(diag.Note, child(pointer, member), "webhooks-left-out", fmt.Sprintf("%d %s describe requests that the provider sends; nothing is generated for them", len(all), member), "")
	}
}

func (n *normalizer) wanted(op tree) bool {
	if len(n.opts.Operations) > 0 && !slices.Contains(n.opts.Operations, text(op, "operationId")) {
		return false
	}
	return len(n.opts.Tags) == 0 || slices.ContainsFunc(strs(list(op, "tags")), func(t string) bool {
		return slices.Contains(n.opts.Tags, t)
	})
}

// operation brings one operation into normal form; where are the members of the
// path item that lead to it.
func (n *normalizer) operation(op, item tree, path string, where ...string) tree {
	pointer := child(child("#/paths", path), where...)
	method := where[len(where)-1]
	id := text(op, "operationId")
	owner := id
	if owner == "" {
		owner = method + " " + path
	}
	out := keep(op, "operationId", "tags", "deprecated", "externalDocs", "servers", "security")
	if _, ok := out["servers"]; !ok {
		copyMembers(out, item, "servers")
	}
	if _, ok := out["security"]; !ok {
		copyMembers(out, n.root, "security")
	}
	if n.opts.Docs {
		copyMembers(out, op, "summary", "description")
	}
	at := place{pointer: pointer, owner: owner}
	params, template := n.parameters(op, item, path, at)
	if len(params) > 0 {
		out["parameters"] = params
	}
	if template != path {
		out[TemplateKey] = template
	}
	if body := n.body(op, at); body != nil {
		out["requestBody"] = body
	}
	out["responses"] = n.responses(op, at)
	return out
}

// parameters resolves the parameters of the path item and of the operation, which
// wins where both name one, and leaves credentials out. It returns the path as it
// is sent, too.
func (n *normalizer) parameters(op, item tree, path string, at place) (params []any, template string) {
	var order []string
	found := map[string]tree{}
	add := func(raw []any, pointer string) {
		for i, v := range raw {
			here := index(pointer, "parameters", i)
			p, _ := n.deref(v, here)
			name, in := text(p, "name"), text(p, "in")
			if name == "" || in == "" {
				n.assume(here, "parameter-without-name", "a parameter without name or place is left out")
				continue
			}
			if in == "header" && reservedHeader(name) {
				n.report(diag.Note, here, "header-left-out", fmt.Sprintf("the header %s is no parameter: the transport or the vault sets it", name), "")
				continue
			}
			if n.credentials[name] && in != "path" || n.drops(p, text(op, "operationId"), here) {
				continue
			}
			all := []tree{p}
			if in == "querystring" {
				all = n.queryString(p, at.same(here))
			}
			for _, p := range all {
				key := text(p, "in") + " " + text(p, "name")
				if _, known := found[key]; !known {
					order = append(order, key)
				}
				found[key] = n.parameter(p, at.same(here))
			}
		}
	}
	add(list(item, "parameters"), child("#/paths", path))
	add(list(op, "parameters"), at.pointer)
	template = n.template(path, found, &order, at)
	n.undeclared(template, found, &order, at)
	order = slices.DeleteFunc(order, func(key string) bool {
		name, ok := strings.CutPrefix(key, "path ")
		unused := ok && !slices.Contains(Variables(template), name)
		if unused {
			n.assume(at.pointer, "path-parameter-unused", fmt.Sprintf("the path has no place for the parameter %q; it is left out", name))
		}
		return unused
	})
	for _, key := range order {
		params = append(params, found[key])
	}
	return params, template
}

// reservedHeader names the headers that OpenAPI says a parameter can't describe.
func reservedHeader(name string) bool {
	switch strings.ToLower(name) {
	case "accept", "content-type", "authorization", // ignored, says OpenAPI
		"content-length": // the transport's own (two of Vercel's uploads)
		return true
	}
	return false
}

// undeclared adds a string parameter for each variable of the template that no
// parameter declares.
func (n *normalizer) undeclared(path string, found map[string]tree, order *[]string, at place) {
	for _, name := range Variables(path) {
		key := "path " + name
		if _, ok := found[key]; ok {
			continue
		}
		n.assume(at.pointer, "undeclared-path-parameter", fmt.Sprintf("path variable {%s} is not declared; it is taken as a string", name))
		found[key] = tree{"name": name, "in": "path", "required": true, "schema": tree{"type": "string"}}
		*order = append(*order, key)
	}
}

// Variables lists the variables of a path template in order.
func Variables(path string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(path, "{")
		if !ok {
			return out
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return out
		}
		out, path = append(out, name), after
	}
}

func (n *normalizer) parameter(p tree, at place) tree {
	out := keep(p, "name", "in", "required", "deprecated", "style", "explode", "allowReserved")
	if n.opts.Docs {
		copyMembers(out, p, "description")
	}
	name := text(p, "name")
	if n.opts.Segments != "" && flag(p, n.opts.Segments) || n.surface.segmented(p) {
		out[SegmentsKey] = true
	}
	at.role = RoleParam
	schema := p["schema"]
	below := at.down(name, "schema")
	if schema == nil {
		if content := object(p, "content"); len(content) > 0 {
			media := sortedKeys(content)[0]
			schema = object(content, media)["schema"]
			below = at.down(name, "content", media, "schema")
			out["x-content"] = media
		}
	}
	out["schema"] = n.use(n.looseParam(schema, p), below)
	return out
}

// looseParam simplifies unions in parameters: on the wire a string carries every
// scalar, and a list of one is the scalar where items repeat the name.
func (n *normalizer) looseParam(v any, p tree) any {
	m, ok := v.(tree)
	if !ok || text(p, "in") == "body" {
		return v
	}
	variants := trees(slices.Concat(list(m, "oneOf"), list(m, "anyOf")))
	if len(variants) < 2 {
		return v
	}
	var arrays, scalars []tree
	for _, v := range variants {
		s := n.peek(v, place{})
		switch kind(s) {
		case "string", "integer", "number", "boolean", "enum":
			scalars = append(scalars, s)
		case "array":
			arrays = append(arrays, s)
		default:
			return m
		}
	}
	if len(arrays) == 1 {
		switch kind(n.peek(orEmpty(arrays[0]["items"]), place{})) {
		case "struct", "map", "array", "union":
			return v
		}
		if text(p, "style") == "deepObject" {
			return v
		}
		return arrays[0]
	}
	if slices.ContainsFunc(scalars, allowsEmpty) {
		return v // an empty text that is sent differs from none
	}
	if len(arrays) == 0 && len(scalars) > 1 && n.mergePlain(variants, place{}) == nil {
		return tree{"type": "string"}
	}
	return v
}

// otherMedia lists the media types beside the chosen one, without patterns and
// without other spellings of the same.
func otherMedia(content tree, chosen string) []string {
	plainJSON := func(m string) bool { return base(m) == "application/json" || base(m) == "text/json" }
	return slices.DeleteFunc(sortedKeys(content), func(m string) bool {
		return base(m) == base(chosen) || plainJSON(m) && plainJSON(chosen) || strings.Contains(m, "*") || !strings.Contains(m, "/")
	})
}

// allowsEmpty says whether the empty text is one of the values that a schema lists.
func allowsEmpty(s tree) bool { return slices.Contains(list(s, "enum"), any("")) }

func (n *normalizer) body(op tree, at place) tree {
	raw, pointer := n.deref(op["requestBody"], child(at.pointer, "requestBody"))
	content := object(raw, "content")
	media, as := n.chooseMedia(n.withoutOpenForms(content, at), at.same(pointer), false)
	if as == "" {
		return nil
	}
	at.pointer = child(pointer, "content", media, "schema")
	at.role = RoleBody
	entry := tree{}
	schema := object(content, media)["schema"]
	sent := as
	if as == media {
		sent = n.metadata(content, media, at)
	}
	if base(media) == "application/x-www-form-urlencoded" || base(media) == "multipart/form-data" {
		schema = n.dropCredentials(n.wholeForm(schema, media, at), at)
		if n.emptyForm(schema, at) {
			return nil
		}
		if n.openForm(schema, at) {
			n.report(diag.Note, at.pointer, "open-form", "the form lists no fields; any are accepted", "describe the fields")
			schema = tree{"type": "object"}
		}
	}
	if schema != nil {
		entry["schema"] = n.use(schema, at)
	}
	copyMembers(entry, object(content, media), "encoding")
	out := tree{"content": tree{sent: entry}}
	if others := otherMedia(content, media); len(others) > 0 && sent == media {
		out["x-media"] = toAny(others)
	}
	if flag(raw, "required") {
		out["required"] = true
	}
	return out
}

// emptyForm recognises a form that is said to have no fields. Tools write one for
// every GET.
func (n *normalizer) emptyForm(schema any, at place) bool {
	s := n.peek(orEmpty(schema), at)
	return kind(s) == "map" && s["additionalProperties"] == nil && s["properties"] != nil || kind(s) == "map" && s["additionalProperties"] == false
}

// openForm recognises a form that says nothing of its fields.
func (n *normalizer) openForm(schema any, at place) bool {
	s := n.peek(orEmpty(schema), at)
	return kind(s) == "" || kind(s) == "map" && s["additionalProperties"] == nil && s["properties"] == nil
}

// withoutOpenForms leaves out the forms that say nothing of their fields where the
// body can be sent in another way.
func (n *normalizer) withoutOpenForms(content tree, at place) tree {
	out := tree{}
	for media, entry := range content {
		m, _ := entry.(tree)
		if b := base(media); b != "application/x-www-form-urlencoded" && b != "multipart/form-data" || !n.openForm(m["schema"], at) {
			out[media] = entry
		}
	}
	if len(out) == 0 {
		return content
	}
	return out
}

func orEmpty(v any) tree {
	if m, ok := v.(tree); ok {
		return m
	}
	return tree{}
}

// dropCredentials removes credential members from a form.
func (n *normalizer) dropCredentials(v any, at place) any {
	m, ok := v.(tree)
	if !ok || len(n.credentials) == 0 {
		return v
	}
	if m["$ref"] != nil {
		if m = n.peek(m, at); m == nil {
			return v
		}
	}
	props := object(m, "properties")
	if !slices.ContainsFunc(sortedKeys(props), func(k string) bool { return n.credentials[k] }) {
		return v
	}
	m = without(m)
	m["properties"] = without(props, sortedKeys(setTree(n.credentials))...)
	m["required"] = slices.DeleteFunc(slices.Clone(list(m, "required")), func(r any) bool {
		s, _ := r.(string)
		return n.credentials[s]
	})
	return m
}

func setTree(s map[string]bool) tree {
	out := tree{}
	for k := range s {
		out[k] = true
	}
	return out
}

func (n *normalizer) responses(op tree, at place) tree {
	out := tree{}
	raw := object(op, "responses")
	for _, status := range sortedKeys(raw) {
		r, pointer := n.deref(raw[status], child(at.pointer, "responses", status))
		if r == nil {
			n.report(diag.Warning, child(at.pointer, "responses", status), "response-missing", "the response can't be read and is left out", "")
			continue
		}
		success := strings.HasPrefix(status, "2")
		here := at
		here.role = RoleResult
		if !success {
			here.role = RoleError
		}
		out[status] = n.response(r, here.same(pointer), success)
	}
	if len(out) == 0 {
		out["default"] = tree{"description": ""}
	}
	return out
}

func (n *normalizer) response(r tree, at place, success bool) tree {
	out := tree{"description": ""}
	content := object(r, "content")
	if media, as := n.chooseMedia(content, at, true); as != "" {
		entry := tree{}
		if schema := object(content, media)["schema"]; schema != nil && IsJSON(as) {
			entry["schema"] = n.use(schema, at.same(child(at.pointer, "content", media, "schema")))
		}
		out["content"] = tree{as: entry}
		if others := otherMedia(content, media); len(others) > 0 && success {
			out["x-media"] = toAny(others)
		}
	}
	if success {
		if items := n.streamItems(content, at); len(items) > 0 {
			out[ItemsKey] = items
		}
	}
	if headers := object(r, "headers"); len(headers) > 0 {
		out["x-headers"] = toAny(sortedKeys(headers))
	}
	return out
}

// IsVersion recognises the segments of a path that say nothing about its operations:
// "v1", "v2.1", "v1beta1", "v20210603", "2015-03-31", "api".
func IsVersion(seg string) bool { return seg == "api" || version.MatchString(seg) }

var version = regexp.MustCompile(`^[vV]?[0-9][0-9._-]*((alpha|beta)[0-9]*)?$`)
