//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// maxRestarts is how often one Prism is started again in a test. A machine that
// is short of memory kills it now and then; one that ends more often has a cause
// that somebody should read.
const maxRestarts = 3

// Prism is a running `prism proxy` for one document. It forwards what it
// validated to an upstream that answers 204 to everything. When the process ends,
// it is started again, and the test's log says why it ended.
type Prism struct {
	t         *testing.T
	file      string
	upstream  *httptest.Server
	transport *http.Transport

	mu       sync.Mutex
	process  *process
	restarts int
}

// Violation is one way in which Prism found a request to contradict the
// document.
type Violation struct {
	Location []string `json:"location"` // "request", then "query", a name, …
	Severity string   `json:"severity"`
	Code     any      `json:"code"` // a word, or an HTTP status
	Message  string   `json:"message"`
}

// String returns the place and Prism's message.
func (v Violation) String() string {
	return strings.Join(v.Location, ".") + ": " + v.Message
}

// StartPrism starts Prism on loopback for the document in file and stops it
// when the test ends.
func StartPrism(t *testing.T, file string) *Prism {
	t.Helper()
	p, err := newPrism(t, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// newPrism starts Prism; the caller stops it.
func newPrism(t *testing.T, file string) (*Prism, error) {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	p := &Prism{t: t, file: file, upstream: upstream, transport: &http.Transport{}}
	var err error
	if p.process, err = startProcess(t.Context(), file, upstream.URL); err != nil {
		upstream.Close()
		return nil, fmt.Errorf("prism for %s: %w", file, err)
	}
	return p, nil
}

// stop ends the process.
func (p *Prism) stop() {
	p.process.stop()
	p.transport.CloseIdleConnections()
	p.upstream.Close()
}

// running returns the process to send to. One that has ended is replaced.
func (p *Prism) running() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.process.ended() {
		return p.process, nil
	}
	if p.restarts == maxRestarts {
		return nil, fmt.Errorf("prism ended %d times and is not started again: %w", maxRestarts+1, p.process.lastWords())
	}
	p.restarts++
	p.t.Logf("prism for %s is started again: %v", p.file, p.process.lastWords())
	fresh, err := startProcess(p.t.Context(), p.file, p.upstream.URL)
	if err != nil {
		return nil, fmt.Errorf("prism does not start again: %w", err)
	}
	p.process = fresh
	return fresh, nil
}

// Check sends req through Prism and returns what it found wrong with it. The
// document's paths start after server, the path of its server URL ("/api" for
// Slack, "" for GitHub). The request's body is read.
func (p *Prism) Check(req *http.Request, server string) ([]Violation, error) {
	path, ok := strings.CutPrefix(req.URL.EscapedPath(), server)
	if !ok {
		return nil, fmt.Errorf("the path does not start with %q", server)
	}
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	for again := false; ; again = true {
		process, err := p.running()
		if err != nil {
			return nil, err
		}
		resp, err := p.send(req, process.base, path, body)
		if err == nil {
			return requestViolations(resp)
		}
		if again || !process.endsSoon() {
			return nil, fmt.Errorf("prism does not answer: %w%s", err, process.note())
		}
	}
}

// send makes the request to a Prism.
func (p *Prism) send(req *http.Request, base *url.URL, path string, body []byte) (*http.Response, error) {
	target, err := base.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("the path does not parse: %w", err)
	}
	target.RawQuery = req.URL.RawQuery
	out := req.Clone(req.Context())
	out.URL, out.Host, out.RequestURI = target, "", ""
	if body != nil { // so that the transport may repeat it on another connection
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.Body, _ = out.GetBody()
	}
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp, err
}

// readBody reads a body, nil when there is none.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	return body, req.Body.Close()
}

// requestViolations reads Prism's header. Violations by the response are
// dropped: the upstream is ours and answers 204 to everything.
func requestViolations(resp *http.Response) ([]Violation, error) {
	if resp.StatusCode != http.StatusNoContent {
		return nil, fmt.Errorf("prism answered %d itself", resp.StatusCode)
	}
	text := resp.Header.Get("Sl-Violations")
	if text == "" {
		return nil, nil
	}
	all, err := violations(text)
	if err != nil {
		return nil, fmt.Errorf("prism's sl-violations header: %w", err)
	}
	var found []Violation
	for _, v := range all {
		if len(v.Location) == 0 || v.Location[0] != "response" {
			found = append(found, v)
		}
	}
	return found, nil
}

// violations reads the value of Prism's header. A long one is cut off: what is whole
// is read, and the rest is a violation, too.
func violations(text string) ([]Violation, error) {
	cut, short := strings.CutPrefix(text, "Too many violations! ")
	var all []Violation
	if !short {
		err := json.Unmarshal([]byte(text), &all)
		return all, err
	}
	d := json.NewDecoder(strings.NewReader(cut))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		var v Violation
		if d.Decode(&v) != nil {
			break
		}
		all = append(all, v)
	}
	return append(all, Violation{Location: []string{"request"}, Message: "too many violations: the rest is cut off"}), nil //nolint:nilerr // the list is known to be cut
}

// prismProgram is the program that `make conformance` installed.
func prismProgram() (string, error) {
	if prism := os.Getenv("GRANTWIRE_PRISM"); prism != "" {
		return prism, nil
	}
	return "", errors.New("GRANTWIRE_PRISM is not set; run `make conformance`, which installs Prism and names it")
}
