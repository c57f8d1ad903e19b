package load

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

type loader struct {
	opts  Options
	name  string // the document as the user named it
	files *folder
	diags diag.List
}

// document reads the main file and everything that it refers to.
func (l *loader) document(text []byte) (*Document, diag.List) {
	doc := l.read(text)
	l.diags = l.diags.Sort()
	if l.diags.HasErrors() {
		return nil, l.diags
	}
	return doc, l.diags
}

func (l *loader) read(text []byte) *Document {
	tree, ok := l.tree(l.name, text)
	if !ok {
		return nil
	}
	root, ok := tree.(map[string]any)
	if !ok {
		l.fail("", diag.CodeNotAnObject, "the document is "+kindOf(tree)+", not an object", "name a file with an OpenAPI document")
		return nil
	}
	version, ok := l.version(root)
	if !ok {
		return nil
	}
	doc := &Document{File: l.name, Root: root, Version: version}
	if version == "2.0" {
		l.walk(grammar.Swagger, root, true)
		if l.diags.HasErrors() {
			return nil
		}
		if doc.Root, ok = l.convert(root); !ok {
			return nil
		}
		// The conversion's result is walked like any other document, without
		// looking for files again.
		l.files = nil
		l.walk(grammar.Document, doc.Root, true)
		return doc
	}
	l.walk(grammar.Document, root, strings.HasPrefix(version, "3.0"))
	return doc
}

// walk repairs the tree and merges other files into it.
func (l *loader) walk(rules *grammar.Node, root map[string]any, v30 bool) {
	w := &walker{
		loader: l, rules: rules, root: root, v30: v30,
		file: l.base(), imported: map[string]string{}, budget: l.opts.MaxNodes,
	}
	w.object(rules, root)
	w.imports()
	w.checkRefs()
	w.operations()
}

// version finds out which specification the document follows.
func (l *loader) version(root map[string]any) (string, bool) {
	for _, member := range []string{"openapi", "swagger"} {
		v, ok := root[member]
		if !ok {
			continue
		}
		text, ok := versionText(v)
		if !ok {
			l.fail(diag.Pointer(member), diag.CodeUnsupportedVersion, "the version is "+kindOf(v)+", not text", "write it as text, \"3.0.3\"")
			return "", false
		}
		if _, isText := v.(string); !isText {
			l.warn(diag.Pointer(member), diag.CodeWrongType, "the version is a number; it was read as text", "put the version into quotes")
		}
		if version, ok := supported(member, text); ok {
			root[member] = version
			return version, true
		}
		l.fail(diag.Pointer(member), diag.CodeUnsupportedVersion, fmt.Sprintf("version %q is not supported", bounded(text)), "convert the document to OpenAPI 3.0, 3.1 or 3.2 (Swagger 2.0 is read too)")
		return "", false
	}
	if v, ok := root["swaggerVersion"]; ok {
		text, _ := versionText(v)
		l.fail(diag.Pointer("swaggerVersion"), diag.CodeUnsupportedVersion, fmt.Sprintf("Swagger %s is not supported", bounded(text)), "convert the document to OpenAPI 3 first")
		return "", false
	}
	l.fail("", diag.CodeNoVersion, "the document has neither an openapi nor a swagger member"+looksLike(root), "name a file with an OpenAPI document, or add \"openapi\": \"3.0.3\"")
	return "", false
}

func versionText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// supported completes a version and tells whether it can be read.
func supported(member, text string) (string, bool) {
	if member == "swagger" {
		return "2.0", text == "2.0" || text == "2"
	}
	for _, minor := range []string{"3.0", "3.1", "3.2"} {
		if text == minor || text == "3" && minor == "3.0" {
			return minor + ".0", true
		}
		if strings.HasPrefix(text, minor+".") {
			return text, true
		}
	}
	return text, false
}

// looksLike names well-known formats that are mistaken for OpenAPI.
func looksLike(root map[string]any) string {
	kind, _ := root["kind"].(string)
	info, _ := root["info"].(map[string]any)
	schema, _ := info["schema"].(string)
	switch {
	case strings.HasPrefix(kind, "discovery#"):
		return "; it is a Google discovery document"
	case strings.Contains(schema, "postman"):
		return "; it is a Postman collection"
	case root["asyncapi"] != nil:
		return "; it is an AsyncAPI document"
	case root["log"] != nil && len(root) == 1:
		return "; it is an HTTP archive"
	case root["paths"] != nil:
		return ", although it has paths"
	}
	return ""
}

func (l *loader) fail(pointer, code, message, remedy string) {
	l.diags = append(l.diags, diag.Diagnostic{File: l.name, Pointer: pointer, Code: code, Message: message, Remedy: remedy})
}

func (l *loader) warn(pointer, code, message, remedy string) {
	l.fail(pointer, code, message, remedy)
	l.diags[len(l.diags)-1].Severity = diag.Warning
}
