package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/providers/internal/subject"
)

// preface says what the table's columns are.
const preface = `# What the upstream documents say of the clients

Written by ` + "`GOLDEN=1 go test ./providers/internal/catalog`" + `. ` + "`make conformance`" + ` measures it again and fails where it differs.

*Requests*: every operation's requests go through [Prism](https://github.com/stoplightio/prism), which validates them
against the document that the provider publishes. *Allowed* is the number of kinds of contradictions that are right all
the same; the reasons are below. Prism reads the half of a document that describes requests.

*Examples*: every example of a JSON answer in these documents goes through the client and is encoded again; *exact*
means an equal JSON tree. One that is not exact has to contradict its own schema at that place, which kin-openapi
decides. *Too loose*: the schema lets it pass, and the reason is below. *Left out*: examples of a media type that the
client does not ask for, and of answers that have no body. Where there is no number, the document has no example.

| provider | operations | allowed | examples | decoded | exact | contradict their schema | too loose | left out |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
`

// Table is providers/CONFORMANCE.md: what `make conformance` measures, for people.
func Table() string {
	providers := All()
	var b strings.Builder
	b.WriteString(preface)
	sum := subject.Examples{Loose: map[string]string{}}
	operations := 0
	for _, p := range providers {
		e := p.Examples
		fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", p.Name, p.Count, len(p.Prism), cells(e))
		operations += p.Count
		sum.Total, sum.Decoded, sum.Exact, sum.LeftOut = sum.Total+e.Total, sum.Decoded+e.Decoded, sum.Exact+e.Exact, sum.LeftOut+e.LeftOut
		for name := range e.Loose {
			sum.Loose[p.Name+" "+name] = ""
		}
	}
	fmt.Fprintf(&b, "| all | %d | | %s |\n", operations, cells(sum))
	for _, p := range providers {
		reasons(&b, p)
	}
	return b.String()
}

// cells are the columns about examples.
func cells(e subject.Examples) string {
	if e.Total+e.LeftOut == 0 {
		return " | | | | | "
	}
	return fmt.Sprintf("%d | %d | %d | %d | %d | %d", e.Total, e.Decoded, e.Exact, e.Total-e.Exact-len(e.Loose), len(e.Loose), e.LeftOut)
}

// reasons lists why a provider's contradictions and differences are right.
func reasons(b *strings.Builder, p subject.Provider) {
	if len(p.Prism)+len(p.Examples.Contradict)+len(p.Examples.Loose)+p.PrismDepth == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", p.Name)
	for _, a := range p.Prism {
		fmt.Fprintf(b, "- %s: %s: %s.\n", where(a), "`"+cmp.Or(a.Text, "any message")+"`", a.Reason)
	}
	if p.PrismDepth > 0 {
		fmt.Fprintf(b, "- Prism reads %d references in a row; what a deeper one leads to may be anything.\n", p.PrismDepth)
	}
	if len(p.Examples.Contradict) > 0 {
		all := make([]string, 0, len(p.Examples.Contradict))
		for _, keyword := range slices.Sorted(maps.Keys(p.Examples.Contradict)) {
			all = append(all, fmt.Sprintf("`%s` %d", keyword, p.Examples.Contradict[keyword]))
		}
		fmt.Fprintf(b, "- Examples contradict their schema by its %s.\n", strings.Join(all, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Examples.Loose)) {
		fmt.Fprintf(b, "- The example `%s`: %s.\n", name, p.Examples.Loose[name])
	}
}

func where(a subject.Allowance) string {
	switch {
	case a.Operation != "" && a.Place != "":
		return "`" + a.Operation + "`, `" + a.Place + "`"
	case a.Operation+a.Place != "":
		return "`" + a.Operation + a.Place + "`"
	}
	return "any operation"
}
