package corpus

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

// packageName is what every generated package is called.
const packageName = "client"

// Generate runs the generator on one document as grantgen does on a user's.
func Generate(file string) (pipeline.Result, diag.List) {
	doc, diags := load.File(file, load.Options{})
	if diags.HasErrors() {
		return pipeline.Result{}, diags
	}
	out, more := pipeline.Generate(pipeline.Input{Doc: doc, Package: packageName, Source: "document"})
	return out, append(diags, more...)
}

// Examine generates a package from a document, compiles it in memory and compares
// it with the document.
func Examine(file string, c *Checker) Row {
	out, diags := Generate(file)
	row := Row{Outcome: Generated, Operations: out.Operations, Types: out.Types, Diagnostics: count(diags)}
	for _, f := range out.Files {
		row.Lines += bytes.Count(f.Content, []byte("\n"))
	}
	if diags.HasErrors() {
		row.Outcome = Refused
		for _, d := range diags.Errors() {
			row.find(d.Code, d.Pointer, d.Message)
		}
		return row
	}
	for _, m := range missing(file, out, diags) {
		row.Outcome = Lossy
		row.find(m.Code, m.Pointer, m.Message)
	}
	for _, err := range c.Check(out.Files) {
		row.Outcome = Broken
		row.find("type-error", "", err)
	}
	return row
}

func count(diags diag.List) map[string]int {
	out := map[string]int{}
	for _, d := range diags {
		if d.Severity != diag.Error {
			out[d.Severity.String()+" "+d.Code]++
		}
	}
	return out
}

// missing compares the document as it was written with what was made of it.
func missing(file string, out pipeline.Result, diags diag.List) []Finding {
	text, err := os.ReadFile(file) //nolint:gosec // G703: the caller's file
	if err != nil {
		return []Finding{{Code: "unreadable", Message: err.Error()}}
	}
	var root map[string]any
	if json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &root) != nil {
		return nil // YAML: the census reads JSON only
	}
	return census(root, out.API, func(pointer string) bool { return told(pointer, diags) })
}

// told says whether a diagnostic speaks of the place, or of one around it.
func told(pointer string, diags diag.List) bool {
	for _, d := range diags {
		if d.Severity == diag.Note && d.Code != "query-in-path" || d.Pointer == "" {
			continue // a note loses nothing, but may rename
		}
		if d.Pointer == pointer || strings.HasPrefix(pointer, d.Pointer+"/") {
			return true
		}
	}
	return false
}
