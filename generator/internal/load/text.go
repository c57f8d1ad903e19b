package load

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
)

// tree parses one file. name is shown in diagnostics.
func (l *loader) tree(name string, text []byte) (any, bool) {
	text, ok := l.clean(name, text)
	if !ok {
		return nil, false
	}
	if first := bytes.TrimLeft(text, " \t\r\n"); first[0] == '{' || first[0] == '[' {
		v, diags := readJSON(name, text, l.opts)
		ext := strings.ToLower(filepath.Ext(name))
		asYAML := diags.HasErrors() && diags.Errors()[0].Code == diag.CodeSyntax && (ext == ".yaml" || ext == ".yml")
		if !asYAML {
			return l.parsed(v, diags)
		}
	}
	return l.parsed(readYAML(name, text, l.opts))
}

func (l *loader) parsed(v any, diags diag.List) (any, bool) {
	l.diags = append(l.diags, diags...)
	// A repeated operation is an error, but the rest of the tree can be checked.
	for _, d := range diags.Errors() {
		if d.Code != diag.CodeDuplicateOperation {
			return nil, false
		}
	}
	return v, true
}

// clean refuses what is no text and repairs what is nearly UTF-8.
func (l *loader) clean(name string, text []byte) ([]byte, bool) {
	report := func(sev diag.Severity, code, message, remedy string) {
		l.diags = append(l.diags, diag.Diagnostic{Severity: sev, File: name, Code: code, Message: message, Remedy: remedy})
	}
	if len(text) > l.opts.MaxBytes {
		report(diag.Error, diag.CodeTooLarge, fmt.Sprintf("the file has more than %d bytes", l.opts.MaxBytes), "split the document")
		return nil, false
	}
	if what := binary(text); what != "" {
		report(diag.Error, diag.CodeNotText, "the file is "+what+", not UTF-8 text", "name a JSON or YAML file in UTF-8")
		return nil, false
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		report(diag.Error, diag.CodeEmptyFile, "the file is empty", "name a file with an OpenAPI document")
		return nil, false
	}
	if markup.Match(text) { // often the page that shows a document, in its place
		report(diag.Error, diag.CodeSyntax, "it is a web page or XML, neither JSON nor YAML", "name the document itself, not a page that shows it")
		return nil, false
	}
	if utf8.Valid(text) {
		return text, true
	}
	at, bad := invalidBytes(text)
	if bad > 8+len(text)/100 {
		report(diag.Error, diag.CodeNotText, "the file is binary data, not UTF-8 text", "name a JSON or YAML file in UTF-8")
		return nil, false
	}
	report(diag.Warning, diag.CodeNotText, fmt.Sprintf("bytes that are not UTF-8 (%d) were replaced by U+FFFD", bad), "save the file as UTF-8")
	l.diags[len(l.diags)-1].Line, l.diags[len(l.diags)-1].Column = position(text, at)
	return bytes.ToValidUTF8(text, []byte("\ufffd")), true
}

var markup = regexp.MustCompile(`^\s*<[!?a-zA-Z]`)

// invalidBytes counts the bytes that are not UTF-8 and finds the first.
func invalidBytes(text []byte) (first, n int) {
	first = -1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			if n++; first < 0 {
				first = i
			}
		}
		i += size
	}
	return first, n
}

// binary names well-known formats and finds bytes that no text has.
func binary(text []byte) string {
	for magic, what := range map[string]string{
		"\x1f\x8b": "gzip data", "PK\x03\x04": "a zip archive", "%PDF": "a PDF file", "\x89PNG": "an image",
		"\xff\xfe": "UTF-16", "\xfe\xff": "UTF-16",
	} {
		if bytes.HasPrefix(text, []byte(magic)) {
			return what
		}
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return "binary data"
	}
	return ""
}

// duplicate reports a member that is there twice. Under paths it means that an
// operation would be lost, which nobody wants; elsewhere the last one counts.
func duplicate(file, pointer string, line, col int) diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Warning, File: file, Pointer: pointer, Line: line, Column: col, Code: diag.CodeDuplicateKey,
		Message: "the member is there twice; the last one was read", Remedy: "remove one of the two"}
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	if tokens[0] != "paths" {
		return d
	}
	switch {
	case len(tokens) == 2:
		d.Message = "the path is there twice"
	case len(tokens) == 3 && isMethod(tokens[2]):
		d.Message = "the path has the method " + strings.ToUpper(tokens[2]) + " twice"
	default:
		return d
	}
	d.Severity, d.Code, d.Remedy = diag.Error, diag.CodeDuplicateOperation, "join the two, or remove one"
	return d
}

func isMethod(s string) bool {
	for _, m := range grammar.Methods() {
		if strings.EqualFold(m, s) {
			return true
		}
	}
	return false
}
