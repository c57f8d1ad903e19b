package load

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// checkRefs resolves every reference of the merged tree. References are
// rewritten to the plain pointer of their target, so that later stages need no
// percent-decoding and never meet a pointer that runs through a reference.
func (w *walker) checkRefs() {
	c := checker{walker: w, seen: map[string]resolved{}}
	for _, l := range w.locals {
		c.local(l)
	}
	for _, m := range w.mappings {
		ref, _ := m.holder["$ref"].(string)
		if r := c.resolve(ref); r.fault != "" {
			delete(m.in, m.name)
			w.warn(m.at, diag.CodeDanglingRef, "the mapping leads nowhere; it was left out", "correct the name of the schema")
			continue
		}
		m.in[m.name] = ref
	}
}

type checker struct {
	*walker
	seen    map[string]resolved
	anchors map[string][]string
}

// resolved is what a reference leads to.
type resolved struct {
	tokens []string // the target's plain pointer
	value  any
	fault  string // code of the fault, "" when it resolves
}

func (c *checker) local(l local) {
	ref, _ := l.holder["$ref"].(string)
	r := c.resolve(ref)
	if l.lenient && r.fault != "" {
		return // reported with the mapping
	}
	switch r.fault {
	case "":
	case diag.CodeCircularRef:
		c.fail(l.from, r.fault, fmt.Sprintf("the reference %q leads back to itself", bounded(ref)), "let one of the references lead to a real "+l.kind.Name)
		return
	case diag.CodeInvalidRef:
		c.nothing(l, r.fault, fmt.Sprintf("%q is neither a pointer nor a known anchor", bounded(ref)), "write it as \"#/components/"+l.kind.Section+"/NAME\"")
		return
	default:
		c.nothing(l, r.fault, fmt.Sprintf("the reference %q leads nowhere", bounded(ref)), "correct the name, or add what it should lead to")
		return
	}
	if kind := c.rules.At(r.tokens); kind != nil && kind.Section != l.kind.Section {
		c.wrongKind(l, r, kind)
		return
	}
	_, isObject := r.value.(map[string]any)
	if _, isBool := r.value.(bool); !isObject && !(isBool && l.kind.OrBool) {
		c.fail(l.from, diag.CodeRefWrongKind, fmt.Sprintf("the reference %q leads to %s, where %s is needed", bounded(ref), kindOf(r.value), expected(l.kind)), "refer to "+expected(l.kind))
		return
	}
	l.holder["$ref"] = "#" + diag.Pointer(r.tokens...)
}

// nothing takes a reference that leads nowhere out of the document: a schema
// admits any value then, and what else is missing is not there.
func (c *checker) nothing(l local, code, message, remedy string) {
	clear(l.holder)
	what := "the " + l.kind.Name + " is left out"
	if l.kind.OrBool {
		what = "any value is accepted"
	}
	c.warn(l.from, code, message+"; "+what, remedy)
}

// wrongKind repairs a reference into the wrong section when it is clear what
// was meant. A schema that cannot be guessed admits any value.
func (c *checker) wrongKind(l local, r resolved, kind *grammar.Node) {
	ref := l.holder["$ref"]
	guess := c.meant(l, r)
	switch {
	case len(guess) > 0 && c.isObject(guess):
	case l.kind.Section == "schemas":
		delete(l.holder, "$ref")
		c.warn(l.from, diag.CodeRefWrongKind, fmt.Sprintf("the reference %q leads to %s; any value is accepted", ref, expected(kind)), "refer to "+expected(l.kind))
		return
	default:
		if c.wrap(l, kind) {
			return
		}
		what := expected(kind)
		c.fail(l.from, diag.CodeRefWrongKind, fmt.Sprintf("the reference %q leads to %s, where %s is needed", ref, what, expected(l.kind)), "refer to "+expected(l.kind))
		return
	}
	l.holder["$ref"] = "#" + diag.Pointer(guess...)
	c.warn(l.from, diag.CodeRefWrongKind, fmt.Sprintf("the reference %q leads to %s; it was read as %q", ref, expected(kind), l.holder["$ref"]), "correct the reference")
}

// wrap reads a schema in place of an answer, a body or a header as theirs.
func (c *checker) wrap(l local, kind *grammar.Node) bool {
	schema := map[string]any{"$ref": l.holder["$ref"]}
	content := map[string]any{"application/json": map[string]any{"schema": schema}}
	var out map[string]any
	switch place := l.kind.Section; {
	case kind.Section != "schemas" && kind.Section != "definitions":
	case place == "responses" && c.rules == grammar.Swagger:
		out = map[string]any{"description": "", "schema": schema}
	case place == "responses":
		out = map[string]any{"description": "", "content": content}
	case place == "requestBodies":
		out = map[string]any{"content": content}
	case place == "headers" || place == "mediaTypes":
		out = map[string]any{"schema": schema}
	}
	if out == nil {
		return false
	}
	c.warn(l.from, diag.CodeRefWrongKind, fmt.Sprintf("the reference %q leads to %s; it was read as the schema of %s", bounded(fmt.Sprint(l.holder["$ref"])), expected(kind), expected(l.kind)), "refer to "+expected(l.kind))
	delete(l.holder, "$ref")
	maps.Copy(l.holder, out)
	return true
}

// meant guesses what a reference into the wrong section should lead to.
func (c *checker) meant(l local, r resolved) []string {
	if len(r.tokens) == 0 {
		return nil
	}
	named := append(c.sectionPath(l.kind.Section), r.tokens[len(r.tokens)-1])
	if l.kind.Section != "schemas" {
		return named
	}
	if inside := append(slices.Clone(r.tokens), "schema"); c.isObject(inside) {
		return inside
	}
	// A body or an answer has its schema under a media type.
	content := append(slices.Clone(r.tokens), "content")
	media, _ := lookup(c.root, content)
	if m, ok := media.(map[string]any); ok && len(m) == 1 && !c.isObject(named) {
		return append(content, slices.Collect(maps.Keys(m))[0], "schema")
	}
	return named
}

func (c *checker) isObject(tokens []string) bool {
	v, _ := lookup(c.root, tokens)
	_, ok := v.(map[string]any)
	return ok
}

func (c *checker) resolve(ref string) resolved {
	if r, ok := c.seen[ref]; ok {
		return r
	}
	c.seen[ref] = resolved{fault: diag.CodeCircularRef} // stands while the reference is being followed
	r := c.follow(ref)
	c.seen[ref] = r
	return r
}

func (c *checker) follow(ref string) resolved {
	tokens, ok := localTokens(ref)
	if !ok {
		if tokens, ok = c.anchor(strings.TrimPrefix(ref, "#")); !ok {
			return resolved{fault: diag.CodeInvalidRef}
		}
	}
	var at []string
	var v any = c.root
	for _, t := range tokens {
		next, found := lookup(v, []string{t})
		if !found {
			through, isRef := refOf(v)
			if !isRef {
				return resolved{fault: diag.CodeDanglingRef}
			}
			r := c.resolve(through)
			if r.fault != "" {
				return r
			}
			if next, found = lookup(r.value, []string{t}); !found {
				return resolved{fault: diag.CodeDanglingRef}
			}
			at = slices.Clone(r.tokens)
		}
		at, v = append(at, t), next
	}
	if onward, isRef := refOf(v); isRef && c.mayRefer(at) {
		if r := c.resolve(onward); r.fault != "" {
			return resolved{fault: r.fault}
		}
	}
	return resolved{tokens: at, value: v}
}

// mayRefer tells a reference from a property that is called "$ref".
func (c *checker) mayRefer(at []string) bool {
	kind := c.rules.At(at)
	return kind == nil || kind.Section != ""
}

func refOf(v any) (string, bool) {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	return ref, ok && strings.HasPrefix(ref, "#")
}

// anchor finds a schema by its $anchor.
func (c *checker) anchor(name string) ([]string, bool) {
	if c.anchors == nil {
		c.anchors = map[string][]string{}
		c.collect(c.root, nil)
	}
	at, ok := c.anchors[name]
	return at, ok
}

func (c *checker) collect(v any, at []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"$anchor", "$dynamicAnchor"} {
			if name, ok := v[key].(string); ok {
				if old, taken := c.anchors[name]; !taken || slices.Compare(at, old) < 0 {
					c.anchors[name] = slices.Clone(at)
				}
			}
		}
		for name, e := range v {
			c.collect(e, append(at, name))
		}
	case []any:
		for i, e := range v {
			c.collect(e, append(at, strconv.Itoa(i)))
		}
	}
}
