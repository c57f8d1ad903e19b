package load

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// slashes gives every path its leading slash.
func (w *walker) slashes(paths map[string]any) {
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if strings.HasPrefix(path, "/") || strings.HasPrefix(path, "x-") || path == "$ref" {
			continue
		}
		w.respell(paths, path, "/"+strings.TrimSpace(path), diag.CodePathNoSlash, "a path starts with a slash", "write the path with a leading slash")
	}
}

// colons rewrites the variables of Express and its kin, /users/:id, where it is clear
// that they are meant: a parameter of that name is declared, or no path of the
// document has a variable as OpenAPI writes it.
func (w *walker) colons(paths map[string]any) {
	braces := false
	for path := range paths {
		braces = braces || strings.Contains(path, "{")
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if strings.HasPrefix(path, "x-") || !strings.Contains(path, "/:") {
			continue
		}
		item, _ := paths[path].(map[string]any)
		fixed := colonVariable.ReplaceAllStringFunc(path, func(m string) string {
			name := m[2:]
			if braces && !w.declares(item, name) {
				return m
			}
			return "/{" + name + "}"
		})
		if fixed != path {
			w.respell(paths, path, fixed, diag.CodePathColon, "variables stand in braces", "write the path with braces")
		}
	}
}

// respell writes a path as it is meant. One that stands there both ways is refused:
// either could be the right one.
func (w *walker) respell(paths map[string]any, path, fixed, code, rule, remedy string) {
	if _, taken := paths[fixed]; taken {
		w.fail(w.here(path), diag.CodeDuplicateOperation,
			fmt.Sprintf("the path means %q, which is there too", fixed), "keep one of the two paths")
		return
	}
	w.warn(w.here(path), code, fmt.Sprintf("%s; it was read as %q", rule, fixed), remedy)
	paths[fixed] = paths[path]
	delete(paths, path)
}

var colonVariable = regexp.MustCompile(`/:[A-Za-z_][A-Za-z0-9_]*`)

// declares says whether a path item, or one of its operations, has the path parameter.
func (w *walker) declares(item map[string]any, name string) bool {
	lists := []any{item["parameters"]}
	for _, method := range grammar.Methods() {
		if op, ok := item[method].(map[string]any); ok {
			lists = append(lists, op["parameters"])
		}
	}
	for _, v := range lists {
		list, _ := v.([]any)
		for _, p := range list {
			m, _ := p.(map[string]any)
			if ref, isRef := m["$ref"].(string); isRef {
				tokens, _ := localTokens(ref)
				target, _ := lookup(w.root, tokens)
				m, _ = target.(map[string]any)
			}
			if m["in"] == "path" && m["name"] == name {
				return true
			}
		}
	}
	return false
}

// methods puts methods into lower case and removes what is neither a method nor
// another member of a path item.
func (w *walker) methods(n *grammar.Node, item map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(item)) {
		if _, known := n.Fields[name]; known || n.IsExtension(name) || name == "$ref" {
			continue
		}
		lower := strings.ToLower(strings.TrimSpace(name))
		if _, known := n.Fields[lower]; !known {
			w.warn(w.here(name), diag.CodeUnknownMethod, fmt.Sprintf("%q is no method; the member was left out", name),
				"use one of "+strings.Join(grammar.Methods(), ", "))
			delete(item, name)
			continue
		}
		if _, taken := item[lower]; taken {
			w.fail(w.here(name), diag.CodeDuplicateOperation, fmt.Sprintf("the path has the method %s twice", strings.ToUpper(lower)), "keep one of the two operations")
			continue
		}
		w.warn(w.here(name), diag.CodeUnknownMethod, fmt.Sprintf("methods are in lower case; %q was read as %q", name, lower), "write the method in lower case")
		item[lower] = item[name]
		delete(item, name)
	}
}

// parameter reports whether a parameter can be used.
func (w *walker) parameter(m map[string]any) bool {
	if _, isRef := m["$ref"]; isRef {
		return true
	}
	name, _ := m["name"].(string)
	in, _ := m["in"].(string)
	if in == "querystring" && name == "" {
		name = in
		m["name"] = name
	}
	if strings.TrimSpace(name) == "" {
		w.warn(w.here(), diag.CodeInvalidParameter, "the parameter has no name; it was left out", "give it a name, or remove it")
		return false
	}
	places := []string{"query", "path", "header", "cookie", "querystring"}
	if w.rules == grammar.Swagger {
		places = []string{"query", "path", "header", "formData", "body"}
	}
	if !slices.Contains(places, in) {
		i := slices.IndexFunc(places, func(p string) bool { return strings.EqualFold(p, strings.TrimSpace(in)) })
		if i < 0 {
			w.warn(w.here(), diag.CodeInvalidParameter, fmt.Sprintf("the parameter's place %q is unknown; it was left out", in), "set \"in\" to one of "+strings.Join(places, ", "))
			return false
		}
		w.warn(w.here("in"), diag.CodeInvalidParameter, fmt.Sprintf("the place %q was read as %q", in, places[i]), "write it that way")
		m["in"] = places[i]
	}
	return true
}

// dynamic reads a dynamic reference (JSON Schema 2020-12), whose target a schema around
// it may replace, as the plain one that it is without such a schema.
func (w *walker) dynamic(schema map[string]any) {
	ref, ok := schema["$dynamicRef"].(string)
	if _, plain := schema["$ref"]; !ok || plain {
		return
	}
	schema["$ref"] = ref
	delete(schema, "$dynamicRef")
	w.report(w.here("$dynamicRef"), diag.Diagnostic{
		Severity: diag.Note, Code: diag.CodeDynamicRef, Message: fmt.Sprintf("the dynamic reference %q is read as a plain one", bounded(ref)),
	})
}

// tuple turns the list form of items, which OpenAPI never had, into alternatives.
func (w *walker) tuple(schema map[string]any) {
	list, ok := schema["items"].([]any)
	if !ok || len(list) == 0 {
		return
	}
	w.warn(w.here("items"), diag.CodeWrongType, "items is one schema, not a list; its elements were read as alternatives", "use oneOf inside items")
	if len(list) == 1 {
		schema["items"] = list[0]
		return
	}
	schema["items"] = map[string]any{"anyOf": list}
}

// operations reports a document without anything to generate, and paths that
// differ in the names of their parameters only.
func (w *walker) operations() {
	paths, ok := w.root["paths"].(map[string]any)
	if !ok {
		if w.v30 || w.rules == grammar.Swagger {
			w.fail(place{w.loader.base(), ""}, diag.CodeNoPaths, "the document has no paths object", "check that this is the file that describes the operations")
			return
		}
		paths = map[string]any{}
		w.root["paths"] = paths
	}
	count := 0
	shapes := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, ok := paths[path].(map[string]any)
		if !ok || strings.HasPrefix(path, "x-") {
			continue
		}
		for name := range item {
			if name == "$ref" || name == "additionalOperations" || slices.Contains(grammar.Methods(), name) {
				count++
				w.sameShape(shapes, path, name)
			}
		}
	}
	if count == 0 {
		w.warn(place{w.loader.base(), diag.Pointer("paths")}, diag.CodeNoOperations, "the document describes no operation; the package will have no methods", "check that this is the file that describes the operations")
	}
}

func (w *walker) sameShape(shapes map[string]string, path, method string) {
	key := method + " " + shape(path)
	if first, ok := shapes[key]; ok {
		w.report(place{w.loader.base(), diag.Pointer("paths", path, method)}, diag.Diagnostic{
			Severity: diag.Note, Code: diag.CodeDuplicatePath,
			Message: fmt.Sprintf("the path differs from %q in the names of its parameters only; both are kept", first),
		})
		return
	}
	shapes[key] = path
}

// shape is a path without the names of its parameters.
func shape(path string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(path, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("{}")
		if _, path, ok = strings.Cut(rest, "}"); !ok {
			return b.String()
		}
	}
}
