package load

import (
	"maps"
	"slices"
	"strconv"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// walker goes once through a tree: it gives every known member the JSON type
// that its place needs and collects the references to other files.
type walker struct {
	loader *loader
	rules  *grammar.Node // the table's root, grammar.Document or grammar.Swagger
	root   map[string]any
	v30    bool // schemas that are booleans are not allowed

	file    string   // the file being walked, relative to the document's folder
	stack   []string // where in it
	lenient bool     // faults are warnings

	pending  []pending
	locals   []local
	mappings []mapped
	imported map[string]string // section, file and pointer -> name in the section
	inlining []string          // path items being copied in
	budget   int               // values that may still be copied in
}

// pending is a reference to another file that waits for its target's name.
type pending struct {
	holder  map[string]any
	section string
	file    string // target
	tokens  []string
	own     string // the name of the shared value that is nothing but this reference
	from    place
	lenient bool
}

// local is a reference inside the document, to be checked on the merged tree.
type local struct {
	kind   *grammar.Node
	holder map[string]any
	from   place
	// lenient: the value of a discriminator's mapping, which may lead nowhere
	lenient bool
}

// place is a file, relative to the document's folder, and a pointer into it.
type place struct {
	file    string
	pointer string
}

func (w *walker) here(tokens ...string) place {
	return place{w.file, diag.Pointer(append(slices.Clone(w.stack), tokens...)...)}
}

// value returns v as its place needs it; keep is false when it must be left out.
func (w *walker) value(n *grammar.Node, v any) (out any, keep bool) {
	switch n.Shape {
	case grammar.Object:
		return w.object(n, v)
	case grammar.Map:
		return w.dict(n, v)
	case grammar.List:
		return w.list(n, v)
	case grammar.Any:
		return v, true
	}
	return w.leaf(n, v)
}

// child walks one member of the value at hand.
func (w *walker) child(n *grammar.Node, token string, v any) (any, bool) {
	w.stack = append(w.stack, token)
	out, keep := w.value(n, v)
	w.stack = w.stack[:len(w.stack)-1]
	return out, keep
}

func (w *walker) object(n *grammar.Node, v any) (any, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return w.notObject(n, v)
	}
	if n.Name == "schema" {
		w.dynamic(m)
	}
	var later *pending
	if _, isRef := m["$ref"]; isRef && n.Section != "" {
		item, keep := w.reference(n, m)
		if !keep {
			return nil, false
		}
		if later = item; n.Section != "schemas" && n.Section != "definitions" && n.Section != "pathItems" {
			onlyReference(m)
			return m, true
		}
	}
	w.before(n, m)
	for name, e := range m {
		f, known := n.Fields[name]
		if !known || name == "$ref" {
			continue
		}
		out, keep := w.child(f.Node, name, e)
		if !keep {
			delete(m, name)
		} else if !same(out, e) {
			m[name] = out
		}
	}
	if later != nil {
		return m, w.inline(n, later)
	}
	return m, w.after(n, m)
}

// onlyReference removes the siblings of a reference, which mean nothing, except
// the two texts that 3.1 allows there.
func onlyReference(m map[string]any) {
	for name, v := range m {
		_, isText := v.(string)
		if name != "$ref" && !(isText && (name == "description" || name == "summary")) {
			delete(m, name)
		}
	}
}

// before repairs what concerns the members of an object as a whole.
func (w *walker) before(n *grammar.Node, m map[string]any) {
	switch n.Name {
	case "path item":
		w.methods(n, m)
	case "schema":
		w.tuple(m)
	}
}

// after checks what needs the members' right types, and reports whether the
// object stays.
func (w *walker) after(n *grammar.Node, m map[string]any) bool {
	switch n.Name {
	case "parameter":
		return w.parameter(m)
	case "discriminator":
		w.mapping(m)
	}
	return true
}

// same tells whether a value needs no storing back. Containers change in place.
func same(a, b any) bool {
	switch a.(type) {
	case map[string]any:
		_, ok := b.(map[string]any)
		return ok
	case []any:
		return false
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

func (w *walker) dict(n *grammar.Node, v any) (any, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return w.notObject(n, v)
	}
	if n.Section != "" { // callbacks are the one map that a reference may replace
		if _, isRef := m["$ref"]; isRef {
			_, keep := w.reference(n, m)
			return m, keep
		}
	}
	if n.Name == "paths" {
		w.slashes(m)
		w.colons(m)
	}
	w.spread(n, m)
	for name, e := range m {
		if n.IsExtension(name) {
			continue
		}
		out, keep := w.child(n.Elem, name, e)
		if !keep {
			delete(m, name)
		} else if !same(out, e) {
			m[name] = out
		}
	}
	return m, true
}

// spread reports a "$ref" that stands for a whole map of objects.
func (w *walker) spread(n *grammar.Node, m map[string]any) {
	if _, isText := m["$ref"].(string); isText && n.Elem.Shape == grammar.Object {
		delete(m, "$ref")
		w.warn(w.here("$ref"), diag.CodeInvalidRef, "a reference cannot stand for a whole map; it was left out", "refer to each member")
	}
}

func (w *walker) list(n *grammar.Node, v any) (any, bool) {
	l, ok := v.([]any)
	if !ok {
		return w.notList(n, v)
	}
	out := l[:0]
	for i, e := range l {
		e, keep := w.child(n.Elem, strconv.Itoa(i), e)
		if keep {
			out = append(out, e)
		}
	}
	return out, true
}

// notList wraps a lone element: "tags: pets" means one tag.
func (w *walker) notList(n *grammar.Node, v any) (any, bool) {
	fits := false
	switch e := v.(type) {
	case nil:
		w.drop(n, v)
		return nil, false
	case string:
		fits = n.Elem.Shape == grammar.String
	case map[string]any:
		fits = n.Elem.Shape == grammar.Object || n.Elem.Shape == grammar.Map
		if named, ok := listOfNamed(n.Elem, e); ok {
			w.warn(w.here(), diag.CodeWrongType, "a list is expected; the values of the object were taken", "write a list")
			return w.list(n, named)
		}
	}
	if !fits {
		w.drop(n, v)
		return nil, false
	}
	w.warn(w.here(), diag.CodeWrongType, "a list is expected; the value was taken as its only element", "write a list")
	return w.list(n, []any{v})
}

// listOfNamed reads {"a": {…}, "b": {…}} where a list of parameters belongs.
func listOfNamed(elem *grammar.Node, m map[string]any) ([]any, bool) {
	if elem.Name != "parameter" || len(m) == 0 || m["name"] != nil || m["$ref"] != nil {
		return nil, false
	}
	var out []any
	for _, name := range slices.Sorted(maps.Keys(m)) {
		p, ok := m[name].(map[string]any)
		if !ok {
			return nil, false
		}
		out = append(out, p)
	}
	return out, true
}

// notObject handles what stands where an object belongs.
func (w *walker) notObject(n *grammar.Node, v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		if !n.OrBool {
			break
		}
		last := ""
		if len(w.stack) > 0 {
			last = w.stack[len(w.stack)-1]
		}
		if !w.v30 || last == "additionalProperties" {
			return v, true
		}
		w.warn(w.here(), diag.CodeWrongType, "a schema that is a boolean needs OpenAPI 3.1; it was read as an object", "write {} or {\"not\": {}}")
		if v {
			return map[string]any{}, true
		}
		return map[string]any{"not": map[string]any{}}, true
	case []any:
		if len(v) == 0 {
			w.warn(w.here(), diag.CodeWrongType, "an object is expected; the empty list was read as an empty object", "write {}")
			return map[string]any{}, true
		}
	}
	w.drop(n, v)
	return nil, false
}

func (w *walker) drop(n *grammar.Node, v any) {
	d := diag.Diagnostic{
		Severity: diag.Warning, Code: diag.CodeWrongType,
		Message: expected(n) + " is expected, not " + kindOf(v) + "; the value was left out",
		Remedy:  "write " + expected(n) + ", or leave the member out",
	}
	if v == nil {
		d.Severity = diag.Note // many tools write null for what is not there
	}
	w.report(w.here(), d)
}

// fault reports an error, or a warning where the walk is lenient.
func (w *walker) fault(at place, code, message, remedy string) {
	d := diag.Diagnostic{Severity: diag.Error, Code: code, Message: message, Remedy: remedy}
	if w.lenient {
		d.Severity = diag.Warning
	}
	w.report(at, d)
}

func (w *walker) fail(at place, code, message, remedy string) {
	w.report(at, diag.Diagnostic{Severity: diag.Error, Code: code, Message: message, Remedy: remedy})
}

func (w *walker) warn(at place, code, message, remedy string) {
	w.report(at, diag.Diagnostic{Severity: diag.Warning, Code: code, Message: message, Remedy: remedy})
}

func (w *walker) note(at place, code, message, remedy string) {
	w.report(at, diag.Diagnostic{Severity: diag.Note, Code: code, Message: message, Remedy: remedy})
}

func (w *walker) report(at place, d diag.Diagnostic) {
	if d.Severity != diag.Note && w.unused(at) {
		d.Severity = diag.Note
	}
	d.File, d.Pointer = w.loader.display(at.file), at.pointer
	w.loader.diags = append(w.loader.diags, d)
}

// unused says whether a place is below a callback or a webhook, from which nothing
// is generated: a fault there costs nothing.
func (w *walker) unused(at place) bool {
	tokens, _ := localTokens("#" + at.pointer)
	n := w.rules
	for _, t := range tokens {
		if n == nil || at.file != w.loader.base() {
			return false
		}
		if (t == "callbacks" || t == "webhooks") && n.Shape == grammar.Object && n.Fields[t].Node != nil {
			return true
		}
		n = n.Step(t)
	}
	return false
}
