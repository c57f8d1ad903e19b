//go:build conformance

package conformance

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/runtime/api"
)

// witness is a round tripper that shows every request to Prism before it hands
// it on.
type witness struct {
	prism   *Prism
	server  string // path of the document's server URL
	next    http.RoundTripper
	allowed []subject.Allowance

	mu       sync.Mutex
	requests int
	used     map[int]bool
	seen     map[string]bool // operation IDs
	found    []string
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
	escapeSegments(shown)
	violations, err := w.prism.Check(shown, w.server)
	w.record(req, violations, err)
	return w.next.RoundTrip(handed)
}

// escapeSegments makes one segment of a path value that spans several, for
// Prism knows no such values. The wire test has seen that the slashes are kept.
func escapeSegments(req *http.Request) {
	info, ok := api.CallFromContext(req.Context())
	if !ok {
		return
	}
	path := req.URL.EscapedPath()
	template := info.Operation.Path
	if strings.Count(path, "/") <= strings.Count(template, "/") {
		return
	}
	pieces := parameter.Split(template, -1)
	for wide := range len(pieces) - 1 {
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
		escaped := path[:at[2]] + strings.ReplaceAll(path[at[2]:at[3]], "/", "%2F") + path[at[3]:]
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
		w.found = append(w.found, fmt.Sprintf("%s: %v", id, err))
	}
	for _, v := range violations {
		if !w.allow(id, v) {
			w.found = append(w.found, fmt.Sprintf("%s: %s", id, v))
		}
	}
}

func (w *witness) allow(id string, v Violation) bool {
	for i, a := range w.allowed {
		if (a.Operation == "" || a.Operation == id) && (a.Place == "" || a.Place == strings.Join(v.Location, ".")) && strings.Contains(v.Message, a.Text) {
			w.used[i] = true
			return true
		}
	}
	return false
}
