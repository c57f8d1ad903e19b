package load

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// imports copies what other files hold into the document's own sections, wave
// by wave, because a copied value may refer to further files. Names are given
// in the order of the references' targets, so that they do not depend on the
// order of the walk.
func (w *walker) imports() {
	for len(w.pending) > 0 {
		wave := w.pending
		w.pending = nil
		slices.SortStableFunc(wave, func(a, b pending) int {
			return cmp.Or(
				cmp.Compare(a.key(), b.key()),
				cmp.Compare(cmp.Compare(b.own, ""), cmp.Compare(a.own, "")), // own names first
				cmp.Compare(a.own, b.own),
				cmp.Compare(a.from.file, b.from.file),
				cmp.Compare(a.from.pointer, b.from.pointer),
			)
		})
		for _, p := range wave {
			w.importOne(p)
		}
	}
}

func (p pending) key() string {
	return p.section + "\x00" + p.file + "\x00" + diag.Pointer(p.tokens...)
}

func (w *walker) importOne(p pending) {
	name, done := w.imported[p.key()]
	if !done {
		value, ok := w.fetch(p)
		if !ok {
			return
		}
		section := w.section(p.section)
		name = p.own
		if name == "" {
			name = w.freeName(section, p)
		}
		w.imported[p.key()] = name
		at := append(w.sectionPath(p.section), name)
		section[name] = value
		w.enter(p.file, p.tokens, func() {
			if out, keep := w.value(w.rules.At(at), value); keep {
				section[name] = out
			} else {
				section[name] = map[string]any{}
			}
		})
		if p.own != "" {
			return // the reference itself was replaced by its target
		}
	}
	p.holder["$ref"] = "#" + diag.Pointer(append(w.sectionPath(p.section), name)...)
}

// enter walks with another file as the current one.
func (w *walker) enter(file string, tokens []string, walk func()) {
	oldFile, oldStack := w.file, w.stack
	w.file, w.stack = file, slices.Clone(tokens)
	walk()
	w.file, w.stack = oldFile, oldStack
}

// fetch returns a copy of a value in another file.
func (w *walker) fetch(p pending) (any, bool) {
	w.lenient = p.lenient
	defer func() { w.lenient = false }()
	tree, ok := w.open(p.file, p.from)
	if !ok {
		return nil, false
	}
	v, found := lookup(tree, p.tokens)
	if !found {
		w.fault(p.from, diag.CodeDanglingRef, fmt.Sprintf("the file %q has nothing at %q", bounded(p.file), bounded(diag.Pointer(p.tokens...))), "correct the reference, or add the value")
		return nil, false
	}
	_, isBool := v.(bool)
	if _, isObject := v.(map[string]any); !isObject && !(isBool && p.section == "schemas") {
		w.fault(p.from, diag.CodeRefWrongKind, fmt.Sprintf("the reference leads to %s in %q, where an object is needed", kindOf(v), bounded(p.file)), "refer to an object")
		return nil, false
	}
	out := w.copy(v)
	if w.budget < 0 {
		w.fail(p.from, diag.CodeTooLarge, fmt.Sprintf("the files refer to more than %d values", w.loader.opts.MaxNodes), "split the document")
		return nil, false
	}
	return out, true
}

// copy returns a deep copy; it stops early when the budget is spent.
func (w *walker) copy(v any) any {
	w.budget--
	if w.budget < 0 {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = w.copy(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = w.copy(e)
		}
		return out
	}
	return v
}

// section returns the map that holds the shared values of one kind.
func (w *walker) section(name string) map[string]any {
	m := w.root
	for _, t := range w.sectionPath(name) {
		next, ok := m[t].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[t] = next
		}
		m = next
	}
	return m
}

// freeName names a copied value after its pointer or its file. When the name
// is taken, the folders and the file are put in front.
func (w *walker) freeName(section map[string]any, p pending) string {
	stem := strings.TrimSuffix(p.file, path.Ext(p.file))
	parts := strings.Split(stem, "/")
	if len(p.tokens) > 0 {
		parts = append(parts, p.tokens[len(p.tokens)-1])
	}
	for i, part := range parts {
		parts[i] = plainName(part)
	}
	for n := 1; n <= len(parts); n++ {
		name := strings.Join(parts[len(parts)-n:], "_")
		if _, taken := section[name]; !taken && strings.Trim(name, "_.-") != "" {
			return name
		}
	}
	base := strings.Join(parts, "_")
	for _, t := range p.tokens {
		base += "_" + plainName(t)
		if _, taken := section[base]; !taken {
			return base
		}
	}
	for { // two pointers that differ in odd characters only
		base += "_"
		if _, taken := section[base]; !taken {
			return base
		}
	}
}

// plainName keeps the characters that names of shared values may have.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
}

// inline copies a path item of another file into its place: 3.0 has no section
// for path items. Members of the place itself win.
func (w *walker) inline(n *grammar.Node, p *pending) (keep bool) {
	if slices.Contains(w.inlining, p.key()) {
		w.warn(p.from, diag.CodeCircularRef, "the path item refers back to itself; it was left out", "remove the reference")
		return false
	}
	v, ok := w.fetch(*p)
	if !ok {
		return false
	}
	w.inlining = append(w.inlining, p.key())
	w.enter(p.file, p.tokens, func() { v, keep = w.value(n, v) })
	w.inlining = w.inlining[:len(w.inlining)-1]
	item, _ := v.(map[string]any)
	if !keep || item == nil {
		return false
	}
	delete(p.holder, "$ref")
	for name, e := range item {
		if _, own := p.holder[name]; !own {
			p.holder[name] = e
		}
	}
	return true
}

// mapping makes the values of a discriminator's mapping references like any
// other. One that leads nowhere is left out later: the union still decodes by
// its members.
func (w *walker) mapping(d map[string]any) {
	m, _ := d["mapping"].(map[string]any)
	schema := w.rules.At([]string{"components", "schemas", ""})
	if schema == nil {
		return
	}
	w.lenient = true
	for _, name := range slices.Sorted(maps.Keys(m)) {
		text, _ := m[name].(string)
		if !strings.ContainsAny(text, "#/") && path.Ext(text) == "" {
			text = "#" + diag.Pointer("components", "schemas", text)
		}
		holder := map[string]any{"$ref": text}
		w.stack = append(w.stack, "mapping", name)
		w.reference(schema, holder)
		w.stack = w.stack[:len(w.stack)-2]
		w.mappings = append(w.mappings, mapped{m, name, holder, w.here("mapping", name)})
	}
	w.lenient = false
}

// mapped is one value of a discriminator's mapping.
type mapped struct {
	in     map[string]any
	name   string
	holder map[string]any
	at     place
}
