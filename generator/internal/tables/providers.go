package tables

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Measured is the content of providers/measured.json: what building each package
// took where that was measured.
type Measured struct {
	Command  string           `json:"command"`
	Date     string           `json:"date"`
	Machine  string           `json:"machine"`
	Go       string           `json:"go"`
	Packages map[string]Build `json:"packages"`
}

// Build is one go build of one package, its imports compiled before.
type Build struct {
	WallMS int `json:"wall_ms"`
	UserMS int `json:"user_ms"`
	PeakMB int `json:"peak_mb"`
	Lines  int `json:"lines"` // of the package when it was measured
}

// Providers renders the table of all providers.
func Providers(all []Provider, m Measured) []byte {
	var b strings.Builder
	b.WriteString(written + "# The providers\n\n")
	fmt.Fprintf(&b, "%d packages, each with every operation of its document.\n\n", len(all))
	rows := make([][]string, 0, len(all)+1)
	var ops, types, lines, bytes int
	for _, p := range all {
		name := p.Config.Name
		rows = append(rows, []string{
			fmt.Sprintf("[%s](%s)", name, name), thousands(len(p.API.Ops)), thousands(len(p.API.Types)), cell(Auth(p.Doc)),
			fmt.Sprintf("[%s](%s/PAGING.md)", Summary(p.API), name), thousands(p.Lines), kilobytes(p.Bytes), build(m, p),
		})
		ops, types, lines, bytes = ops+len(p.API.Ops), types+len(p.API.Types), lines+p.Lines, bytes+p.Bytes
	}
	rows = append(rows, []string{"all", thousands(ops), thousands(types), "", "", thousands(lines), kilobytes(bytes), ""})
	table(&b, []string{"package", "operations", "types", "auth, as the document has it", "iterators", "lines", "KB", "build"},
		map[int]bool{1: true, 2: true, 5: true, 6: true}, rows)
	b.WriteString(legend(m))
	b.WriteString("\n## Where the documents come from\n\n")
	rows = rows[:0]
	for _, p := range all {
		rows = append(rows, []string{p.Config.Name, cell(title(p)), source(p), code(p.API.Version), p.Config.Source.Date, cell(p.Config.Source.Licence)})
	}
	table(&b, []string{"package", "API", "document", "its own version", "published", "licence"}, nil, rows)
	b.WriteString("\n\"Its own version\" is `info.version` of the document; providers count in dates or numbers. \"Published\" is the day on\nwhich the document, or the package that carries it, came out; a directory of copies does not say how old\neach copy is, so that a document may be older than that. `grantgen --spec` makes a client of a newer document, or of\none that is not here, in a module of your own.\n")
	return []byte(b.String())
}

func title(p Provider) string {
	if p.Config.Docs == "" {
		return p.API.Title
	}
	return fmt.Sprintf("[%s](%s)", p.API.Title, p.Config.Docs)
}

func source(p Provider) string {
	s := p.Config.Source
	switch {
	case s.Npm != "":
		return fmt.Sprintf("npm %s, %s", code(s.Npm+"@"+s.Version), code(s.Path))
	case s.URL != "":
		return code(s.URL)
	}
	return code(s.File)
}

func kilobytes(n int) string { return thousands((n + 500) / 1000) }

func build(m Measured, p Provider) string {
	b, ok := m.Packages[p.Config.Name]
	if !ok {
		return "not measured"
	}
	return fmt.Sprintf("%.1f s, %.1f s CPU, %d MB", float64(b.WallMS)/1000, float64(b.UserMS)/1000, b.PeakMB)
}

func legend(m Measured) string {
	text := "\nLines and KB are those of the `.gen.go` files. Iterators lead to a page with every operation that pages, and with the\nlists that do not and why."
	if m.Date != "" {
		text += fmt.Sprintf("\n\n\"Build\" is one `go build` of the package with its imports compiled before: wall time, processor time, and the memory of\nthe largest process; `%s` on %s (%s, %s).", m.Command, m.Date, cell(m.Machine), cell(m.Go))
	}
	return text + "\n\n[PEERS.md](PEERS.md) has times and sizes beside other generators on the same documents.\n"
}

// Auth says how the document's security schemes sign in.
func Auth(doc map[string]any) string {
	components, _ := doc["components"].(map[string]any)
	schemes, _ := components["securitySchemes"].(map[string]any)
	if schemes == nil {
		schemes, _ = doc["securityDefinitions"].(map[string]any)
	}
	var ways []string
	for _, name := range slices.Sorted(maps.Keys(schemes)) {
		scheme, _ := schemes[name].(map[string]any)
		if way := signIn(scheme); way != "" && !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	if len(ways) == 0 {
		return "does not say"
	}
	slices.Sort(ways)
	return strings.Join(ways, ", ")
}

func signIn(scheme map[string]any) string {
	text := func(key string) string { s, _ := scheme[key].(string); return s }
	switch text("type") {
	case "oauth2":
		return "OAuth 2.0"
	case "openIdConnect":
		return "OpenID Connect"
	case "basic":
		return "basic"
	case "http":
		return strings.ToLower(text("scheme"))
	case "apiKey":
		return "key in the " + text("in") + " " + text("name")
	}
	return text("type")
}
