package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed *.gohtml style.css icon.svg
var files embed.FS

// View is what one kind of page shows.
type View interface{ template() string }

// Page is a page with its frame.
type Page struct {
	Title    Text
	Section  Class // of the navigation, "" = none
	Root     Href  // of the console, from this page: "./" or "../"…
	Operator Text  // who is signed in; "" = nobody
	CSRF     Text  // for the forms
	Notice   Text  // what was just done
	Refresh  int   // seconds until the page loads itself again, 0 = never
	Self     Href  // where it loads itself from
	View     View
}

// Link is a link with its words.
type Link struct {
	Href Href
	Text Text
}

// style is the style sheet's name; it changes with its content.
var style = "style-" + digest("style.css") + ".css"

func digest(name string) string {
	raw, err := files.ReadFile(name)
	if err != nil { // it is embedded
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6])
}

// templates never change: for each page the frame, what pages share, and its own
// file.
var templates = parse()

func parse() map[string]*template.Template {
	set := map[string]*template.Template{}
	shared := template.Must(template.New("").Funcs(template.FuncMap{"when": when, "style": func() Href { return Href(style) }, "sections": sections}).ParseFS(files, "frame.gohtml", "parts.gohtml"))
	names, err := fs.Glob(files, "*.gohtml")
	if err != nil { // the pattern is a constant
		return nil
	}
	for _, name := range names {
		if name != "frame.gohtml" && name != "parts.gohtml" {
			set[strings.TrimSuffix(name, ".gohtml")] = template.Must(template.Must(shared.Clone()).ParseFS(files, name))
		}
	}
	return set
}

type section struct {
	Name  Class
	Path  Href
	Title Text
}

// sections is the navigation.
func sections() []section {
	return []section{
		{"overview", "", "Overview"}, {"runs", "runs", "Runs"}, {"approvals", "approvals", "Approvals"}, {"grants", "grants", "Grants"},
		{"agents", "agents", "Agents"}, {"keys", "keys", "Keys"}, {"audit", "audit", "Audit"}, {"changes", "changes", "Changes"},
	}
}

// policy is the pages' content security policy.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Header sets what protects a page, also one that is a redirect.
func Header(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	// With no-referrer browsers send forms with the origin null.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex")
}

// Write sends a page.
func Write(w http.ResponseWriter, status int, p *Page) error {
	t, ok := templates[p.View.template()]
	if !ok {
		return fmt.Errorf("console: there is no page %s", p.View.template())
	}
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, "frame.gohtml", p); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	Header(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the browser has gone
	return nil
}

// WriteFile sends a file that pages refer to, by its name under the console's
// root. It reports whether there is one.
func WriteFile(w http.ResponseWriter, r *http.Request, name string) bool {
	kinds := map[string]string{style: "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
	kind, ok := kinds[name]
	if !ok {
		return false
	}
	if name == style {
		name = "style.css"
	}
	raw, err := files.ReadFile(name)
	if err != nil { // it is embedded
		return false
	}
	Header(w.Header())
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("Content-Type", kind)
	if r.Method != http.MethodHead {
		_, _ = w.Write(raw) // the browser has gone
	}
	return true
}
