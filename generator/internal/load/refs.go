package load

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// reference handles one "$ref" while the tree is walked. References to other
// files are noted for copying, those inside the document for the check on the
// merged tree; refused ones are reported. later is set for a path item, whose
// target is copied in when its own members were walked. keep is false when the
// value that holds the reference must be left out.
func (w *walker) reference(n *grammar.Node, holder map[string]any) (later *pending, keep bool) {
	text, ok := holder["$ref"].(string)
	text = strings.TrimSpace(text)
	if !ok || text == "" {
		w.fail(w.here("$ref"), diag.CodeInvalidRef, "a reference is text, not "+kindOf(holder["$ref"]), "write it as \"#/components/"+n.Section+"/NAME\"")
		return nil, true
	}
	file, fragment, ok := w.target(n, text)
	if !ok {
		return nil, !isSample(n)
	}
	tokens, isPointer := localTokens("#" + fragment)
	switch {
	case file == w.loader.base() && (isPointer || w.file == file):
		if isPointer {
			holder["$ref"] = "#" + diag.Pointer(tokens...)
		}
		if _, found := lookup(w.root, tokens); !found && isSample(n) {
			w.warn(w.here("$ref"), diag.CodeDanglingRef, "the reference leads nowhere; the "+n.Name+" was left out", "correct the reference")
			return nil, false
		}
		w.locals = append(w.locals, local{n, holder, w.here("$ref"), w.lenient})
		return nil, true
	case !isPointer:
		w.fault(w.here("$ref"), diag.CodeInvalidRef, fmt.Sprintf("%q: a reference to a part of another file is a pointer that starts with a slash", bounded(text)), "write FILE#/POINTER")
		return nil, true
	}
	p := pending{holder: holder, section: n.Section, file: file, tokens: tokens, own: w.ownName(n.Section), from: w.here("$ref"), lenient: w.lenient}
	if n.Section == "pathItems" {
		return &p, true
	}
	w.pending = append(w.pending, p)
	return nil, true
}

// isSample tells kinds from which nothing is generated, so that a fault in them
// costs nothing.
func isSample(n *grammar.Node) bool { return n.Section == "examples" || n.Section == "links" }

// ownName is the name of the shared value of the document that the walk is at,
// or "".
func (w *walker) ownName(section string) string {
	at := append(w.sectionPath(section), "")
	if w.file != w.loader.base() || len(w.stack) != len(at) || !slices.Equal(w.stack[:len(at)-1], at[:len(at)-1]) {
		return ""
	}
	return w.stack[len(w.stack)-1]
}

func (w *walker) sectionPath(section string) []string {
	if w.rules == grammar.Swagger {
		return []string{section}
	}
	return []string{"components", section}
}

// target splits a reference into the file, relative to the document's folder,
// and the rest. ok is false when the reference was refused.
func (w *walker) target(n *grammar.Node, ref string) (file, fragment string, ok bool) {
	name, fragment, _ := strings.Cut(ref, "#")
	if name == "" {
		return w.file, fragment, true
	}
	if self, ok := w.root["$self"].(string); ok && self != "" && name == strings.TrimSuffix(self, "#") {
		return w.loader.base(), fragment, true // the document's own address (OpenAPI 3.2)
	}
	refuse := w.fault
	if isSample(n) {
		refuse = w.note
	}
	if isRemote(name) {
		refuse(w.here("$ref"), diag.CodeRemoteRef, fmt.Sprintf("the reference to %q leads to the network, which is never followed", bounded(name)),
			"download the file into the document's folder and refer to it there")
		return "", "", false
	}
	if bare, ok := w.bareName(n, name); ok && fragment == "" {
		w.warn(w.here("$ref"), diag.CodeInvalidRef, fmt.Sprintf("the bare name %q was read as %q", name, "#"+bare), "write the whole pointer")
		return w.loader.base(), bare, true
	}
	if w.loader.files == nil {
		refuse(w.here("$ref"), diag.CodeExternalRef, fmt.Sprintf("the reference to the file %q needs the document's folder, which is not known here", bounded(name)), "name the document as a file, or put everything into one file")
		return "", "", false
	}
	file, outside := w.relative(name)
	if fromRoot, ok := w.fromRoot(name, file); ok {
		w.warn(w.here("$ref"), diag.CodeInvalidRef, fmt.Sprintf("there is no file %q; the reference was read from the document's folder, as %q", bounded(file), bounded(fromRoot)), "write references relative to the file that they stand in")
		return fromRoot, fragment, true
	}
	if outside && !w.loader.opts.AllowOutside {
		refuse(w.here("$ref"), diag.CodeExternalRef, fmt.Sprintf("the reference to %q leaves the document's folder", bounded(name)),
			"move the file into the folder, or allow references outside")
		return "", "", false
	}
	return file, fragment, true
}

// relative gives a file's name relative to the document's folder, and whether
// it lies outside.
func (w *walker) relative(name string) (file string, outside bool) {
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if path.IsAbs(name) || hasDrive(name) {
		return path.Clean(name), true
	}
	name = path.Join(path.Dir(w.file), name)
	return name, name == ".." || strings.HasPrefix(name, "../")
}

// fromRoot finds the file of a reference that its author wrote relative to the
// document's folder, although it stands in a file of another one.
func (w *walker) fromRoot(name, file string) (string, bool) {
	alt := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	if alt == file || path.Dir(w.file) == "." || path.IsAbs(alt) || hasDrive(alt) || strings.HasPrefix(alt, "..") {
		return "", false
	}
	if w.loader.files.has(file) {
		return "", false
	}
	return alt, w.loader.files.has(alt)
}

// bareName reads the old spelling {"$ref": "Pet"}.
func (w *walker) bareName(n *grammar.Node, name string) (string, bool) {
	if strings.ContainsAny(name, "/\\") {
		return "", false
	}
	at := append(w.sectionPath(n.Section), name)
	if _, found := lookup(w.root, at); !found || w.file != w.loader.base() {
		return "", false
	}
	return diag.Pointer(at...), true
}

func isRemote(name string) bool {
	if strings.HasPrefix(name, "//") {
		return true
	}
	scheme, _, ok := strings.Cut(name, ":")
	if !ok || len(scheme) < 2 || strings.ContainsAny(scheme, "/.\\") {
		return false
	}
	return !strings.EqualFold(scheme, "file")
}

func hasDrive(name string) bool {
	return len(name) > 1 && name[1] == ':' || strings.HasPrefix(strings.ToLower(name), "file:")
}

// bounded keeps foreign text in messages short.
func bounded(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}

// localTokens splits "#/a/b" into unescaped tokens; ok is false for anything
// that is no pointer.
func localTokens(ref string) (tokens []string, ok bool) {
	p, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, false
	}
	if p == "" {
		return nil, true
	}
	if decoded, err := url.PathUnescape(p); err == nil { // "%" is rare
		p = decoded
	}
	rest, ok := strings.CutPrefix(p, "/")
	if !ok {
		return nil, false
	}
	tokens = strings.Split(rest, "/")
	for i, t := range tokens {
		if strings.Contains(t, "~") {
			tokens[i] = unescaper.Replace(t)
		}
	}
	return tokens, true
}

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

// lookup finds the value at tokens.
func lookup(tree any, tokens []string) (any, bool) {
	for _, t := range tokens {
		switch v := tree.(type) {
		case map[string]any:
			next, ok := v[t]
			if !ok {
				return nil, false
			}
			tree = next
		case []any:
			i, err := strconv.Atoi(t)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			tree = v[i]
		default:
			return nil, false
		}
	}
	return tree, true
}
