package surface

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Group says what a change means for a caller.
type Group string

// The groups.
const (
	Breaks Group = "breaks" // code that calls the old package no longer compiles, or its calls are refused
	Adds   Group = "adds"   // code that calls the old package does not notice
	Wire   Group = "wire"   // the Go side is the same, what is sent or read is not
)

// Kinds of changes. They are stable: scripts may look for them.
const (
	Removed    = "removed"    // the name is gone
	Renamed    = "renamed"    // the same operation or schema has another name
	Retyped    = "retyped"    // a field, constant or type has another type
	Signature  = "signature"  // a method takes other arguments
	Result     = "result"     // a method returns another type
	Reordered  = "reordered"  // arguments of one type changed places
	Required   = "required"   // what could be left out must be sent
	Value      = "value"      // a constant has another value
	Comparable = "comparable" // == no longer works on the type
	PagingLost = "paging-lost"
	Added      = "added"

	Deprecated = "deprecated"
	BaseURL    = "base-url"
	Method     = "method"
	Path       = "path"
	Server     = "server"
	Request    = "request" // the media type of the body
	Answer     = "answer"  // the media types that are accepted
	ParamName  = "parameter-name"
	ParamPlace = "parameter-place" // query, header, cookie
	ParamStyle = "parameter-style"
	Default    = "default" // what the provider takes when the parameter is left out
	Member     = "member"  // a JSON member's name
	Variant    = "variant" // what tells a union's variant
	Scopes     = "scopes"
	Paging     = "paging"
)

// Change is one difference.
type Change struct {
	Group Group `json:"group"`
	// Kind is one of the constants above.
	Kind string `json:"kind"`
	// Name is the Go name, "Repos.Get": the old one where it has two.
	Name string `json:"name"`
	// Old and New are what it was and is: a Go type, a signature, a value.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// Detail says in words what is hard to see in Old and New.
	Detail string `json:"detail,omitempty"`
	// Operation is the ID of the operation that the name belongs to, or of one
	// that uses it.
	Operation string `json:"operation,omitempty"`
	// Document and Pointer are where it stands: in the old document for what is
	// gone, otherwise in the new one.
	Document string `json:"document,omitempty"`
	Pointer  string `json:"pointer,omitempty"`
}

// String writes the change as one line.
func (c Change) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", c.Group, c.Kind, c.Name)
	switch {
	case c.Kind == Renamed:
		fmt.Fprintf(&b, " -> %s", c.New)
	case c.Old != "" && c.New != "" && c.Old != c.New:
		fmt.Fprintf(&b, ": %s -> %s", c.Old, c.New)
	case c.Old+c.New != "":
		fmt.Fprintf(&b, ": %s", cmp.Or(c.Old, c.New))
	}
	if c.Detail != "" {
		fmt.Fprintf(&b, ": %s", c.Detail)
	}
	place := c.Document
	if c.Pointer != "" {
		place += "#" + c.Pointer
	}
	if c.Operation != "" || place != "" {
		fmt.Fprintf(&b, " (%s)", strings.TrimPrefix(strings.TrimSuffix(c.Operation+", "+place, ", "), ", "))
	}
	return clean(b.String())
}

// clean keeps text of a foreign document from breaking the line.
func clean(s string) string {
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s), "\uFFFD")
}

// Report is the sorted list of all differences.
type Report []Change

// Breaks says whether a caller of the old package must change something.
func (r Report) Breaks() bool {
	return slices.ContainsFunc(r, func(c Change) bool { return c.Group == Breaks })
}

// Count returns the number of changes of one group.
func (r Report) Count(g Group) int {
	n := 0
	for _, c := range r {
		if c.Group == g {
			n++
		}
	}
	return n
}

func (r Report) sort() Report {
	order := []Group{Breaks, Adds, Wire}
	slices.SortFunc(r, func(a, b Change) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Group), slices.Index(order, b.Group)),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New),
			cmp.Compare(a.Detail, b.Detail), cmp.Compare(a.Pointer, b.Pointer),
		)
	})
	return slices.Compact(r)
}

// Text prints one line for each change, the groups in order, and a sum.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	for _, c := range r {
		b.WriteString(c.String() + "\n")
	}
	fmt.Fprintf(&b, "breaks %d, adds %d, wire only %d\n", r.Count(Breaks), r.Count(Adds), r.Count(Wire))
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON prints {"breaks": N, "adds": N, "wire": N, "changes": […]}.
func (r Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	changes := r
	if changes == nil {
		changes = Report{}
	}
	return e.Encode(struct {
		Breaks  int    `json:"breaks"`
		Adds    int    `json:"adds"`
		Wire    int    `json:"wire"`
		Changes Report `json:"changes"`
	}{r.Count(Breaks), r.Count(Adds), r.Count(Wire), changes})
}
