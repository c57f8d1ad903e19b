// Package diag is the one form in which the generator reports refusals and
// lenient steps.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a diagnostic means for the run.
type Severity uint8

const (
	// Error stops the run: nothing is written.
	Error Severity = iota
	// Warning reports a lenient step: the document was repaired or a part of it
	// was read in an assumed way. With --strict a warning counts as an error.
	Warning
	// Note reports a decision that loses nothing.
	Note
)

// String returns "error", "warning" or "note".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Note:
		return "note"
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// Diagnostic is one finding. Code is stable, [Meaning] explains it; Message
// may change between releases.
type Diagnostic struct {
	Severity Severity
	// Provider is the provider's name, empty for a document without one.
	Provider string
	// File is the file as the user named it.
	File string
	// Pointer is the JSON pointer (RFC 6901) of the faulty value inside File,
	// "" for the whole file.
	Pointer string
	// Line and Column are 1-based, 0 when the place is known by pointer only.
	Line, Column int
	Code         string
	Message      string
	// Remedy tells the reader what to do; it may be empty on notes.
	Remedy string
}

// String returns the diagnostic as one line:
//
//	github: error: specs/github/openapi.json#/paths/~1x/get: dangling-ref: message (remedy)
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Provider != "" {
		b.WriteString(oneLine(d.Provider) + ": ")
	}
	b.WriteString(d.Severity.String() + ": ")
	if place := d.place(); place != "" {
		b.WriteString(place + ": ")
	}
	b.WriteString(d.Code + ": " + oneLine(d.Message))
	if d.Remedy != "" {
		b.WriteString(" (" + oneLine(d.Remedy) + ")")
	}
	return b.String()
}

// place joins file, line, column and pointer.
func (d Diagnostic) place() string {
	place := oneLine(d.File)
	if d.Line > 0 {
		place += fmt.Sprintf(":%d", d.Line)
		if d.Column > 0 {
			place += fmt.Sprintf(":%d", d.Column)
		}
	}
	if d.Pointer != "" {
		place += "#" + oneLine(d.Pointer)
	}
	return place
}

// oneLine keeps text of a foreign document from breaking the line or the
// terminal.
func oneLine(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.ToValidUTF8(clean, "\uFFFD")
}

// List is a set of diagnostics in any order; [List.Sort] gives the printed one.
type List []Diagnostic

// Errors returns the diagnostics of severity [Error], in the order of the list.
func (l List) Errors() List {
	var out List
	for _, d := range l {
		if d.Severity == Error {
			out = append(out, d)
		}
	}
	return out
}

// HasErrors reports whether a diagnostic of severity [Error] is present.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders the list by severity, provider, file, place, code and message and
// drops exact repetitions. It sorts in place and returns the shortened list.
func (l List) Sort() List {
	slices.SortFunc(l, compare)
	return slices.Compact(l)
}

func compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.File, b.File),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Pointer, b.Pointer),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Remedy, b.Remedy),
	)
}

// Strict returns a copy in which every warning is an error. Notes stay notes.
func (l List) Strict() List {
	out := slices.Clone(l)
	for i := range out {
		if out[i].Severity == Warning {
			out[i].Severity = Error
		}
	}
	return out
}

// WithProvider returns a copy in which every diagnostic without a provider has
// the given one.
func (l List) WithProvider(name string) List {
	out := slices.Clone(l)
	for i := range out {
		if out[i].Provider == "" {
			out[i].Provider = name
		}
	}
	return out
}

// Counts returns how many diagnostics of each severity the list holds.
func (l List) Counts() (errs, warnings, notes int) {
	for _, d := range l {
		switch d.Severity {
		case Error:
			errs++
		case Warning:
			warnings++
		case Note:
			notes++
		}
	}
	return errs, warnings, notes
}

// Err returns nil when the list holds no error, otherwise an error whose text
// has one line per diagnostic of severity [Error].
func (l List) Err() error {
	errs := l.Errors()
	if len(errs) == 0 {
		return nil
	}
	lines := make([]error, len(errs))
	for i, d := range errs {
		lines[i] = errors.New(d.String())
	}
	return errors.Join(lines...)
}

// Pointer builds a JSON pointer from unescaped member names and array indexes.
// Without tokens it is "", the whole document.
func Pointer(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(Escape(t))
	}
	return b.String()
}

// Escape escapes one token of a JSON pointer.
func Escape(token string) string {
	if !strings.ContainsAny(token, "~/") {
		return token
	}
	return escaper.Replace(token)
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")
