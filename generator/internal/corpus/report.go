package corpus

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Report prints what became of the documents: counts by outcome and by code, the
// rows that are not [Generated] with their reasons, time and memory.
func Report(w io.Writer, rows []Row) {
	fmt.Fprintf(w, "%d documents\n\n", len(rows))
	byOutcome := map[Outcome][]Row{}
	for _, r := range rows {
		byOutcome[r.Outcome] = append(byOutcome[r.Outcome], r)
	}
	for _, o := range Outcomes {
		if n := len(byOutcome[o]); n > 0 {
			fmt.Fprintf(w, "%-10s %6d  %6.2f %%\n", o, n, 100*float64(n)/float64(len(rows)))
		}
	}
	for _, o := range Outcomes[1:] {
		for _, r := range byOutcome[o] {
			for _, f := range r.Findings {
				fmt.Fprintf(w, "%s: %s#%s: %s: %s\n", o, r.File, f.Pointer, f.Code, f.Message)
			}
		}
	}
	reportCodes(w, rows)
	reportCosts(w, rows)
}

func reportCodes(w io.Writer, rows []Row) {
	documents, total := map[string]int{}, map[string]int{}
	for _, r := range rows {
		for code, n := range r.Diagnostics {
			documents[code]++
			total[code] += n
		}
		seen := map[string]bool{}
		for _, f := range r.Findings {
			code := string(r.Outcome) + " " + f.Code
			total[code]++
			if !seen[code] {
				documents[code]++
			}
			seen[code] = true
		}
	}
	fmt.Fprintf(w, "\n%9s %9s  diagnostic\n", "documents", "in all")
	for _, code := range slices.SortedFunc(maps.Keys(documents), func(a, b string) int {
		return cmp.Or(cmp.Compare(documents[b], documents[a]), strings.Compare(a, b))
	}) {
		fmt.Fprintf(w, "%9d %9d  %s\n", documents[code], total[code], code)
	}
}

func reportCosts(w io.Writer, rows []Row) {
	if len(rows) == 0 {
		return
	}
	operations, lines, seconds := 0, 0, 0.0
	for _, r := range rows {
		operations, lines, seconds = operations+r.Operations, lines+r.Lines, seconds+r.Seconds
	}
	slowest := slices.SortedFunc(slices.Values(rows), func(a, b Row) int { return cmp.Compare(b.Seconds, a.Seconds) })
	biggest := slices.SortedFunc(slices.Values(rows), func(a, b Row) int { return cmp.Compare(b.MB, a.MB) })
	middle := len(rows) / 2
	fmt.Fprintf(w, "\n%d operations, %d lines of Go, %.0f s of processes\n", operations, lines, seconds)
	fmt.Fprintf(w, "time per document: median %.2f s, at most %.1f s (%s)\n", slowest[middle].Seconds, slowest[0].Seconds, slowest[0].File)
	fmt.Fprintf(w, "memory per document: median %d MB, at most %d MB (%s)\n", biggest[middle].MB, biggest[0].MB, biggest[0].File)
}

// wanted is the share of documents, in thousandths, that must give a package.
const wanted = 995

// Verdict returns an error unless enough documents gave a package that compiles
// and each of the others was refused with a code and a place.
func Verdict(rows []Row) error {
	good, vague := 0, 0
	for _, r := range rows {
		switch {
		case r.Outcome == Generated:
			good++
		case r.Outcome != Refused || !explained(r):
			vague++
		}
	}
	switch {
	case vague > 0:
		return fmt.Errorf("%d documents were neither generated nor refused with a code and a pointer", vague)
	case good*1000 < len(rows)*wanted:
		return fmt.Errorf("only %d of %d documents were generated", good, len(rows))
	}
	return nil
}

func explained(r Row) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code != "" && f.Pointer != "" })
}

// Sample returns n of the generated rows, spread evenly over their order.
func Sample(rows []Row, n int) []Row {
	var good, out []Row
	for _, r := range rows {
		if r.Outcome == Generated {
			good = append(good, r)
		}
	}
	for i := range min(n, len(good)) {
		out = append(out, good[i*len(good)/min(n, len(good))])
	}
	return out
}
