package main

import (
	"fmt"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// report prints the findings and a line that sums them up. It returns errFailed
// when the list has errors.
func (t tool) report(diags diag.List, verbose bool) error {
	diags = diags.Sort()
	for _, d := range diags {
		if d.Severity != diag.Note || verbose {
			fmt.Fprintln(t.stderr, d)
		}
	}
	errs, warnings, notes := diags.Counts()
	if errs+warnings+notes > 0 {
		hint := ""
		if notes > 0 && !verbose {
			hint = " (--verbose prints notes)"
		}
		fmt.Fprintf(t.stderr, "grantgen: %s, %s, %s%s\n", count(errs, "error"), count(warnings, "warning"), count(notes, "note"), hint)
	}
	if errs > 0 {
		return errFailed
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
