// Package wiretest proves that every operation of a generated package sends
// what its caller gave, where the document says, and nothing else.
//
// It calls each method by reflection with values made from the document, and
// judges the captured request twice: by kin-openapi's openapi3filter, and by
// package plain, which shares no code with the encoders under test.
package wiretest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// Config says what to drive. Spec, New and Operations are required.
type Config struct {
	Spec       []byte
	New        func(hc *http.Client) any // a client of the package under test
	Operations []api.Operation
	// Base is what URLs begin with where operations name no server of their own;
	// "" means the document's first server.
	Base string

	// Transport stands between the client and the capture; it adds the
	// credential. nil adds nothing.
	Transport func(capture http.RoundTripper) http.RoundTripper
	// Context and Options go to every call, for a Transport that wants a grant.
	Context context.Context // of the test run
	Options []api.CallOption

	// Answer gives the answers; nil answers 204 to everything. With it, iterators are
	// driven to their first page only.
	Answer http.RoundTripper
	// Tame keeps characters that need escaping out of paths, for an Answer that
	// refuses them there.
	Tame bool
	// Small keeps integers within what JavaScript holds, for a judge that is written in it.
	Small bool
	// Omit names optional parameters and body members that get no value, because an
	// Answer takes only certain ones.
	Omit []string
	// Bodies gives a body to every operation that takes one, if only an empty one.
	Bodies bool

	// Headers are sent on every request with exactly these values: the
	// provider's fixed headers and the injected credential.
	Headers map[string]string
	// Query are parameters that every request has with exactly these values: a
	// credential that goes there.
	Query map[string]string
	// Credentials names parameters and body members that the document lists but
	// the surface leaves out: the injected credential stands for them.
	Credentials []string
	// Surface is what the package has otherwise than the document.
	Surface subject.Surface
	// FirstPage drives iterators no further than their first request.
	FirstPage bool
	// Judge, when not nil, judges every request too (Prism does).
	Judge func(op *plain.Operation, got plain.Captured) error
	// Modes are the rounds; nil means Modes().
	Modes []plain.Mode
	// Skip gives a reason per operation ID, or per operation ID and mode as
	// "id mode", that is not driven. An unused reason is an error.
	Skip map[string]string
	// Ignore lists verdicts that are not counted. An unused one is an error.
	Ignore []subject.Exception
	// Partial is set where the modes are not all that Skip and Ignore are meant for:
	// unused ones are no errors then.
	Partial bool
}

// Report counts what a run saw.
type Report struct {
	Operations int // operations driven at least once
	Requests   int // requests judged
	Iterators  int // iterators driven
	Walks      int // iterators driven to a second page
	Params     int // parameters found in their place
	Members    int // body members found in their place
	Skipped    int // operations and modes skipped for a listed reason
	Faults     []Fault
}

// Fault is one finding about one operation in one mode.
type Fault struct {
	Operation string
	Mode      string
	Judge     string // "drive", "walk", "config", "filter", "plain" or "own" (Config.Judge)
	Reason    string
}

func (f Fault) String() string {
	return fmt.Sprintf("%s (%s) %s: %s", f.Operation, f.Mode, f.Judge, f.Reason)
}

func (r Report) String() string {
	return fmt.Sprintf("%d operations, %d requests, %d iterators, %d second pages, %d parameters and %d body members found, %d skipped, %d faults",
		r.Operations, r.Requests, r.Iterators, r.Walks, r.Params, r.Members, r.Skipped, len(r.Faults))
}

// Modes are the rounds of a full run: three with everything set, so that other
// variants of unions and other enumeration values come up, then the edges.
func Modes() []plain.Mode {
	return []plain.Mode{{}, {Variant: 1}, {Variant: 2}, {Nulls: true}, {Zero: true}, {Minimal: true}}
}

// shown is how many faults a test prints: one mistake in an encoder makes
// thousands.
const shown = 40

// Run drives cfg and fails tb for every fault. It returns the counts.
func Run(tb testing.TB, cfg Config) Report {
	tb.Helper()
	report, err := Drive(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	for i, f := range report.Faults {
		if i == shown {
			tb.Errorf("and %d faults more", len(report.Faults)-shown)
			break
		}
		tb.Error(f)
	}
	tb.Log(report)
	return report
}

// Drive calls every operation in every mode and judges the requests. It
// returns an error when the run could not begin.
func Drive(cfg Config) (Report, error) {
	r, err := newRunner(cfg)
	if err != nil {
		return Report{}, err
	}
	for i := range cfg.Operations {
		r.operation(&cfg.Operations[i])
	}
	r.coverage()
	r.report.Faults = merged(r.report.Faults)
	return r.report, nil
}

// merged sorts faults by operation and joins those that only differ in mode.
func merged(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Judge, b.Judge), cmp.Compare(a.Reason, b.Reason))
	})
	var out []Fault
	for _, f := range faults {
		if n := len(out); n > 0 && out[n-1].Operation == f.Operation && out[n-1].Judge == f.Judge && out[n-1].Reason == f.Reason {
			out[n-1].Mode += " " + f.Mode
			continue
		}
		out = append(out, f)
	}
	return out
}
