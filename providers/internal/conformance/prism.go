//go:build conformance

package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// startLimit is how long Prism may take to read a document: GitHub's takes
// about ten seconds on two cores.
const startLimit = 2 * time.Minute

// Prism is a running `prism proxy` for one document. It forwards what it
// validated to an upstream that answers 204 to everything.
type Prism struct {
	base      *url.URL
	transport *http.Transport
	exited    <-chan struct{}
	output    *bytes.Buffer // to be read after exited only
}

// Violation is one way in which Prism found a request to contradict the
// document.
type Violation struct {
	Location []string `json:"location"` // "request", then "query", a name, …
	Severity string   `json:"severity"`
	Code     string   `json:"code"`
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
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(upstream.Close)

	prism := os.Getenv("GRANTWIRE_PRISM")
	if prism == "" {
		t.Fatal("GRANTWIRE_PRISM is not set; run `make conformance`, which installs Prism and names it")
	}
	port := freePort(t)
	output := &bytes.Buffer{}
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "node", prism, "proxy", //nolint:gosec // the path is make's
		"--host", "127.0.0.1", "--port", port, "--verboseLevel", "error", file, upstream.URL)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatalf("start prism: %v (is node installed?)", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // ends by being killed; output says why it ended otherwise
	}()
	end := func() { stop(); <-exited }
	t.Cleanup(end)

	p := &Prism{
		base:      &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)},
		transport: &http.Transport{},
		exited:    exited, output: output,
	}
	t.Cleanup(p.transport.CloseIdleConnections)
	if err := p.wait(ctx, exited); err != nil {
		end() // output is complete once the process is gone
		t.Fatalf("prism for %s: %v\n%s", file, err, output.String())
	}
	return p
}

// wait returns when Prism answers, whatever it answers.
func (p *Prism) wait(ctx context.Context, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base.String()+"/", nil); err != nil {
			return err
		} else if resp, err := p.transport.RoundTrip(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-tick.C:
		case <-exited:
			return errors.New("ended before it listened")
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %w", ctx.Err())
		}
	}
}

// Check sends req through Prism and returns what it found wrong with it. The
// document's paths start after server, the path of its server URL ("/api" for
// Slack, "" for GitHub). The request's body is read.
func (p *Prism) Check(req *http.Request, server string) ([]Violation, error) {
	path, ok := strings.CutPrefix(req.URL.EscapedPath(), server)
	if !ok {
		return nil, fmt.Errorf("the path does not start with %q", server)
	}
	target, err := p.base.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("the path does not parse: %w", err)
	}
	target.RawQuery = req.URL.RawQuery
	out := req.Clone(req.Context())
	out.URL, out.Host, out.RequestURI = target, "", ""
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil, p.why(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return nil, err
	}
	return requestViolations(resp)
}

// why adds Prism's last words when a request failed because Prism is gone.
func (p *Prism) why(err error) error {
	select {
	case <-p.exited:
		text := p.output.Bytes()
		const last = 2000
		return fmt.Errorf("prism ended: %w\n%s", err, text[max(0, len(text)-last):])
	case <-time.After(100 * time.Millisecond):
		return err
	}
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
	var all []Violation
	if err := json.Unmarshal([]byte(text), &all); err != nil {
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

// freePort returns a loopback port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
