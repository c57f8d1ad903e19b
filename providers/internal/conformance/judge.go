//go:build conformance

package conformance

import (
	"errors"
	"fmt"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
)

// judge explains the examples that did not come back as they were. Each has to
// contradict its schema there, or to be allowed by name.
type judge struct {
	schemas *schemas
	loose   map[string]string // Example.String() and why its schema lets it pass
	used    map[string]bool

	causes          map[string]int // keyword of the schema: how many contradict that
	allowed, faults int
}

// explain reports one example. failed is set when it did not decode at all.
func (j *judge) explain(t *testing.T, e Example, lost []difference, failed error) {
	t.Helper()
	what := describe(lost, failed)
	if failed != nil {
		lost = []difference{undecoded(failed)}
	}
	found, err := j.schemas.contradictions(e)
	cause, why, ok := causeOf(found, lost)
	reason, loose := j.loose[e.String()]
	switch {
	case ok:
		j.causes[cause.Keyword]++
		t.Logf("%s %s; contradicts its schema: %s", e, what, cause)
	case loose && err == nil && len(found) == 0:
		j.allowed++
		j.used[e.String()] = true
		t.Logf("%s %s; allowed: %s", e, what, reason)
	case err != nil:
		j.faults++
		t.Errorf("%s %s; %v", e, what, err)
	default:
		j.faults++
		t.Errorf("%s %s; %s", e, what, why)
	}
}

// describe says what became of an example.
func describe(lost []difference, failed error) string {
	if failed != nil {
		return "does not decode: " + failed.Error()
	}
	what := "is not exact: " + lost[0].String()
	if n := len(lost) - 1; n > 0 {
		what += fmt.Sprintf(" (and %d more)", n)
	}
	return what
}

// undecoded is the place where decoding ended.
func undecoded(failed error) difference {
	d := difference{What: "does not decode", Whole: true}
	if e, ok := errors.AsType[*api.DecodeError](failed); ok {
		d.Pointer = e.Pointer
	}
	return d
}

// causeOf returns the contradiction behind the first difference, or says why
// nothing excuses the example: one of the differences has none.
func causeOf(found []contradiction, lost []difference) (cause contradiction, why string, ok bool) {
	if len(found) == 0 {
		return cause, "its schema allows the example", false
	}
	for i, d := range lost {
		c, ok := behind(found, d)
		if !ok {
			return cause, "its schema does not contradict that " + d.String(), false
		}
		if i == 0 {
			cause = c
		}
	}
	return cause, "", true
}

// finish reports the allowances that nothing needed.
func (j *judge) finish(t *testing.T) {
	t.Helper()
	for name := range j.loose {
		if !j.used[name] {
			t.Errorf("nothing needs the allowance for %s any more", name)
		}
	}
}

func (j *judge) String() string {
	n := 0
	for _, of := range j.causes {
		n += of
	}
	return fmt.Sprintf("not exact: %d contradict their schema %v, %d allowed by name, %d faults of ours", n, j.causes, j.allowed, j.faults)
}
