//go:build conformance

package conformance

import (
	"fmt"
	"testing"
)

// judge explains the examples that did not come back as they were. Each has to
// contradict its schema there, or to be allowed by name.
type judge struct {
	schemas *schemas
	loose   map[string]string // Example.String() and why its schema lets it pass
	used    map[string]bool

	contradict, allowed, faults int
}

// explain reports one example. failed is set when it did not decode at all.
func (j *judge) explain(t *testing.T, e Example, lost []difference, failed error) {
	t.Helper()
	what := describe(lost, failed)
	found, err := j.schemas.contradictions(e)
	cause, ok := causeOf(found, lost)
	reason, loose := j.loose[e.String()]
	switch {
	case err != nil:
		j.faults++
		t.Errorf("%s %s; %v", e, what, err)
	case ok:
		j.contradict++
		t.Logf("%s %s; contradicts its schema: %s", e, what, cause)
	case loose && len(found) == 0:
		j.allowed++
		j.used[e.String()] = true
		t.Logf("%s %s; allowed: %s", e, what, reason)
	default:
		j.faults++
		t.Errorf("%s %s; %s", e, what, cause)
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

// causeOf names the contradiction behind the first difference; ok is false when
// one of the differences has none. An example that did not decode, and so has no
// differences, needs any contradiction.
func causeOf(found []contradiction, lost []difference) (cause string, ok bool) {
	if len(found) == 0 {
		return "its schema allows the example", false
	}
	if len(lost) == 0 {
		return found[0].String(), true
	}
	for i, d := range lost {
		c, ok := behind(found, d)
		if !ok {
			return "its schema does not contradict that " + d.String(), false
		}
		if i == 0 {
			cause = c.String()
		}
	}
	return cause, true
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
	return fmt.Sprintf("not exact: %d contradict their schema, %d allowed by name, %d faults of ours", j.contradict, j.allowed, j.faults)
}
