//go:build conformance

package conformance

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/runtime/api"
)

// witness is a round tripper that shows every request to Prism before it hands
// it on.
type witness struct {
	t       *testing.T
	prisms  *prisms
	base    string // the document's server URL
	next    http.RoundTripper
	allowed []subject.Allowance

	mu       sync.Mutex
	requests int
	used     map[int]bool
	seen     map[string]bool // operation IDs
	found    int
}

func (w *witness) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
	}
	shown, handed := req.Clone(req.Context()), req.Clone(req.Context())
	if req.Body != nil {
		shown.Body = io.NopCloser(bytes.NewReader(body))
		handed.Body = io.NopCloser(bytes.NewReader(body))
	}
	violations, err := w.check(shown)
	w.record(req, violations, err)
	return w.next.RoundTrip(handed)
}

// check shows a request to the Prism that has its operation.
func (w *witness) check(req *http.Request) ([]Violation, error) {
	info, ok := api.CallFromContext(req.Context())
	if !ok {
		return nil, errors.New("a request of no operation")
	}
	prism, err := w.prisms.of(info.Operation)
	if err != nil {
		return nil, err
	}
	server, err := url.Parse(cmp.Or(info.Operation.Server, w.base))
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimSuffix(server.Path, "/")
	escapeSegments(req, prefix, info.Operation.Path)
	return prism.Check(req, prefix)
}

// prisms validate the requests of a provider's operations, some operations after the
// other: each Prism knows a part of them, and only one of them runs.
type prisms struct {
	t     *testing.T
	doc   *upstream
	depth int
	parts [][]api.Operation

	at      int // of parts
	running *Prism
	failed  error // of the part: it is not tried again for each of its requests
}

// partSize is how many operations one Prism gets. It takes one some seconds to read
// so many; the memory is that of a small program.
const partSize = 400

func newPrisms(t *testing.T, doc *upstream, p subject.Provider) *prisms {
	t.Helper()
	all := &prisms{t: t, doc: doc, depth: p.PrismDepth, parts: slices.Collect(slices.Chunk(p.Operations, partSize))}
	t.Cleanup(func() {
		if all.running != nil {
			all.running.stop()
		}
	})
	return all
}

// of returns the Prism for an operation, started when the one that runs is of another
// part. Operations come in their order.
func (p *prisms) of(op *api.Operation) (*Prism, error) {
	part := slices.IndexFunc(p.parts, func(some []api.Operation) bool {
		return slices.ContainsFunc(some, func(o api.Operation) bool { return o.ID == op.ID && o.Method == op.Method && o.Path == op.Path })
	})
	switch {
	case part < 0:
		return nil, errors.New("the provider has no such operation")
	case (p.running != nil || p.failed != nil) && p.at == part:
		return p.running, p.failed
	case p.running != nil:
		p.running.stop()
	}
	p.at = part
	p.running, p.failed = p.start(p.parts[part])
	return p.running, p.failed
}

func (p *prisms) start(operations []api.Operation) (*Prism, error) {
	text, err := p.doc.requestsOf(operations, p.depth)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(p.t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	began := time.Now()
	prism, err := newPrism(p.t, file)
	if err != nil {
		return nil, err
	}
	p.t.Logf("prism reads %d operations, %d KB, in %.1f s", len(operations), len(text)/1024, time.Since(began).Seconds())
	return prism, nil
}

// escapeSegments makes one segment of a path value that spans several, for
// Prism knows no such values. The wire test has seen that the slashes are kept.
func escapeSegments(req *http.Request, prefix, template string) {
	path, ok := strings.CutPrefix(req.URL.EscapedPath(), prefix)
	if !ok || strings.Count(path, "/") <= strings.Count(template, "/") {
		return
	}
	pieces := parameter.Split(template, -1)
	for wide := len(pieces) - 2; wide >= 0; wide-- { // where two could be it, the last one is
		var pattern strings.Builder
		pattern.WriteString("^")
		for i, piece := range pieces {
			pattern.WriteString(regexp.QuoteMeta(piece))
			switch {
			case i == wide:
				pattern.WriteString("(.+)")
			case i < len(pieces)-1:
				pattern.WriteString("[^/]+")
			}
		}
		at := regexp.MustCompile(pattern.String() + "$").FindStringSubmatchIndex(path)
		if at == nil {
			continue
		}
		escaped := prefix + path[:at[2]] + strings.ReplaceAll(path[at[2]:at[3]], "/", "%2F") + path[at[3]:]
		req.URL.RawPath = escaped
		return
	}
}

// parameter matches a parameter in a path template.
var parameter = regexp.MustCompile(`\{[^}]*\}`)

func (w *witness) record(req *http.Request, violations []Violation, err error) {
	id := req.Method + " " + req.URL.Path
	if info, ok := api.CallFromContext(req.Context()); ok {
		id = info.Operation.ID
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	w.seen[id] = true
	if err != nil {
		w.report(id, err)
	}
	for _, v := range violations {
		if !w.allow(id, v) {
			w.report(id, v)
		}
	}
}

// report tells of a contradiction at once: some documents take hours.
func (w *witness) report(id string, what any) {
	w.found++
	w.t.Errorf("%s: %v", id, what)
}

// remarks are no contradictions, and no provider has to allow them.
var remarks = []subject.Allowance{{Text: "is deprecated", Reason: "the document says so, and the request is right"}}

func fits(a subject.Allowance, id string, v Violation) bool {
	return (a.Operation == "" || a.Operation == id) && (a.Place == "" || a.Place == strings.Join(v.Location, ".")) && strings.Contains(v.Message, a.Text)
}

func (w *witness) allow(id string, v Violation) bool {
	if slices.ContainsFunc(remarks, func(a subject.Allowance) bool { return fits(a, id, v) }) {
		return true
	}
	for i, a := range w.allowed {
		if fits(a, id, v) {
			w.used[i] = true
			return true
		}
	}
	return false
}
