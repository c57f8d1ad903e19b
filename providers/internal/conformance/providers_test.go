//go:build conformance

package conformance

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/grantwire/grantwire/providers/internal/catalog"
	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// upstreamFile is the document that `grantgen fetch --keep-upstream` left.
func upstreamFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("GRANTWIRE_UPSTREAM")
	if dir == "" {
		t.Fatal("GRANTWIRE_UPSTREAM is not set; run `make conformance`, which fetches the documents and names their folder")
	}
	for _, kind := range []string{".json", ".yaml"} {
		file := filepath.Join(dir, name+kind)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	t.Fatalf("%s holds no document of %s; `make conformance` fetches it", dir, name)
	return ""
}

func readUpstream(t *testing.T, name string) *upstream {
	t.Helper()
	text, err := os.ReadFile(upstreamFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseUpstream(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestConformanceRequests sends every request of the wire test through Prism,
// which validates it against the upstream document.
func TestConformanceRequests(t *testing.T) { //nolint:tparallel // providers run beside each other, the two tests do not
	for _, p := range catalog.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			requests(t, p)
		})
	}
}

func requests(t *testing.T, p subject.Provider) {
	w := &witness{
		t: t, prisms: newPrisms(t, readUpstream(t, p.Name), p), base: p.Base,
		allowed: p.Prism, used: map[int]bool{}, seen: map[string]bool{},
	}
	cfg := wiretest.Of(t, p) // its own judges speak in the wire test
	cfg.Context, cfg.Small = t.Context(), true
	cfg.Modes = []plain.Mode{{}, {Variant: 1}, {Minimal: true}}
	inject := cfg.Transport
	cfg.Transport = func(capture http.RoundTripper) http.RoundTripper {
		w.next = capture
		return inject(w)
	}
	if _, err := wiretest.Drive(cfg); err != nil {
		t.Fatal(err)
	}
	for i, a := range w.allowed {
		if !w.used[i] {
			t.Errorf("nothing needs the allowance for %s %q any more", a.Place, a.Text)
		}
	}
	for _, op := range p.Operations {
		if !w.seen[op.ID] {
			t.Errorf("%s: Prism saw no request", op.ID)
		}
	}
	t.Logf("%s: Prism saw %d requests of %d operations, %d contradictions", p.Name, w.requests, len(w.seen), w.found)
}

// TestConformanceExamples decodes every example of an answer in the upstream
// documents by the client and encodes it again.
func TestConformanceExamples(t *testing.T) { //nolint:tparallel // as above
	for _, p := range catalog.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			examples(t, p)
		})
	}
}

func examples(t *testing.T, p subject.Provider) {
	all := readUpstream(t, p.Name).examples()
	if len(all) == 0 {
		t.Logf("%s: the document has no example of an answer", p.Name)
		compareCounts(t, p.Examples, tally{}, &judge{})
		return
	}
	committed, err := p.SpecFile()
	if err != nil {
		t.Fatal(err)
	}
	judge := &judge{
		schemas: newSchemas(t, upstreamFile(t, p.Name), committed), loose: p.Examples.Loose,
		used: map[string]bool{}, causes: map[string]int{},
	}
	count := replayAll(t, p, all, judge)
	judge.finish(t)
	t.Logf("%s: %s; %s", p.Name, count, judge)
	compareCounts(t, p.Examples, count, judge)
}

// replayAll decodes and encodes all examples.
func replayAll(t *testing.T, p subject.Provider, all []Example, judge *judge) tally {
	t.Helper()
	byID, byRoute := map[string]*api.Operation{}, map[string]*api.Operation{}
	for i := range p.Operations {
		op := &p.Operations[i]
		byID[op.ID], byRoute[op.Method+" "+op.Path] = op, op
	}
	client := p.New(http.DefaultClient)
	var count tally
	for _, e := range all {
		// Some documents have several operations under one path that is sent.
		op := cmp.Or(byID[e.Operation], byRoute[e.Method+" "+e.Path])
		if op == nil {
			t.Errorf("%s: no such operation in the package", e)
			continue
		}
		if why := leftOut(op, e); why != "" {
			count.leftOut++
			t.Logf("left out: %s: %s", e, why)
			continue
		}
		if inner, ok := judge.schemas.text(e); ok {
			count.texts++
			e.Value = inner
		}
		result, err := subject.ResultType(client, op)
		if err != nil {
			t.Error(err)
			continue
		}
		outcome, err := replay(t, *op, result, e)
		var diff []difference
		if err == nil {
			diff = differences(e.Value, outcome.Value)
		}
		exact := err == nil && len(diff) == 0
		count.add(outcome.Failed, err == nil, exact)
		if !exact {
			judge.explain(t, e, diff, err)
		}
	}
	return count
}

// compareCounts compares what came out with what the catalog says.
func compareCounts(t *testing.T, want subject.Examples, count tally, judge *judge) {
	t.Helper()
	all := count.all()
	got := subject.Examples{
		Total: all.total, Decoded: all.decoded, Exact: all.exact, LeftOut: count.leftOut,
		Contradict: judge.causes, Loose: want.Loose,
		PeerDecoded: want.PeerDecoded, PeerExact: want.PeerExact,
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the catalog (-) says otherwise than the document (+):\n%s", diff)
	}
	if all.total > 0 && (all.decoded <= want.PeerDecoded || all.exact <= want.PeerExact) {
		t.Errorf("peers: %d decoded, %d exact; we have to do better", want.PeerDecoded, want.PeerExact)
	}
}

// counts are numbers of examples.
type counts struct{ total, decoded, exact int }

func (c counts) String() string {
	return fmt.Sprintf("%d examples, %d decoded, %d exact", c.total, c.decoded, c.exact)
}

// tally counts the examples of results and of failures apart.
type tally struct {
	results, failures counts

	leftOut int // not in results and failures
	texts   int // JSON that was written as text
}

func (c *tally) add(failed, decoded, exact bool) {
	to := &c.results
	if failed {
		to = &c.failures
	}
	to.total++
	if decoded {
		to.decoded++
	}
	if exact {
		to.exact++
	}
}

func (c tally) all() counts {
	return counts{c.results.total + c.failures.total, c.results.decoded + c.failures.decoded, c.results.exact + c.failures.exact}
}

func (c tally) String() string {
	return fmt.Sprintf("%s (results: %s; failures: %s; %d JSON written as text), %d left out", c.all(), c.results, c.failures, c.texts, c.leftOut)
}
