// Package corpus runs the generator over many documents and says what became of
// each: whether a package came out, whether it compiles, and whether everything
// that the document describes is in it.
//
// [Examine] looks at one document inside the calling process. [Runner] starts one
// process per document, so that a crash, a hang or a blow-up is one [Row] and not
// the end, and appends every row to a [Results] file, so that a run that was
// interrupted goes on where it stopped.
package corpus

// Outcome is what became of one document.
type Outcome string

// The outcomes.
const (
	Generated Outcome = "generated" // the package compiles and nothing is missing in it
	Refused   Outcome = "refused"   // diagnostics say where and why
	Lossy     Outcome = "lossy"     // something of the document is missing and no diagnostic says so
	Broken    Outcome = "broken"    // the package does not compile
	Crashed   Outcome = "crashed"   // the process died
	TimedOut  Outcome = "timed-out" // the limit of time was passed
	TooBig    Outcome = "too-big"   // the limit of memory was passed
)

// Outcomes lists all of them, in the order of the report.
var Outcomes = []Outcome{Generated, Refused, Lossy, Broken, Crashed, TimedOut, TooBig}

// Row is the result for one document.
type Row struct {
	File    string  `json:"file"`  // relative to the folder, with slashes
	Build   string  `json:"build"` // the program that made the row, see [Runner]
	Outcome Outcome `json:"outcome"`

	Operations int `json:"operations,omitempty"`
	Types      int `json:"types,omitempty"`
	Lines      int `json:"lines,omitempty"`

	Seconds float64 `json:"seconds"` // wall time of the process
	MB      int     `json:"mb"`      // memory that the process held at most

	// Findings are the errors of a refused document, what the compiler says of a
	// broken package, what is missing from a lossy one, or how a process ended.
	Findings []Finding `json:"findings,omitempty"`
	// Diagnostics counts warnings and notes by "severity code".
	Diagnostics map[string]int `json:"diagnostics,omitempty"`
}

// Finding is one reason for an outcome.
type Finding struct {
	Code    string `json:"code"`
	Pointer string `json:"pointer,omitempty"`
	Message string `json:"message"`
}

// maxFindings bounds what one row holds.
const maxFindings = 20

func (r *Row) find(code, pointer, message string) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, Finding{code, pointer, message})
	}
}
