//go:build conformance

package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// startLimit is how long Prism may take to read a document: GitHub's takes about ten
// seconds on two cores, Stripe's, whose schemas all refer to each other, minutes.
const startLimit = 10 * time.Minute

// process is one run of Prism.
type process struct {
	base   *url.URL
	cancel context.CancelFunc
	exited chan struct{}
	err    error // of the run; to be read after exited
	output *tail
}

// listening is what Prism says when it does, with the address that the system
// chose: a port that was merely free a moment ago may be somebody else's by the
// time that a large document is read.
var listening = regexp.MustCompile(`Prism is listening on (http://[0-9.]+:[0-9]+)\s`)

// startProcess starts Prism and returns when it listens.
func startProcess(ctx context.Context, file, upstream string) (*process, error) {
	prism, err := prismProgram()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &process{cancel: cancel, exited: make(chan struct{}), output: &tail{address: make(chan string, 1)}}
	cmd := exec.CommandContext(ctx, "node", prism, "proxy", //nolint:gosec // the path is make's
		"--host", "127.0.0.1", "--port", "0", "--verboseLevel", "info", file, upstream)
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("%w (is node installed?)", err)
	}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
	}()
	select {
	case address := <-p.output.address:
		p.base, err = url.Parse(address)
	case <-p.exited:
		err = p.lastWords()
	case <-time.After(startLimit):
		err = fmt.Errorf("does not listen after %s%s", startLimit, p.note())
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// stop kills the process and waits for its end.
func (p *process) stop() {
	p.cancel()
	<-p.exited
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// endsSoon tells whether the process has ended, or does in the moment that the
// system takes to tell: its connections break first.
func (p *process) endsSoon() bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(time.Second):
		return false
	}
}

// lastWords says why an ended process ended.
func (p *process) lastWords() error {
	why := "exit status 0"
	if p.err != nil {
		why = p.err.Error() // also the signal that killed it
	}
	return errors.New("it ended (" + why + ")" + p.note())
}

// note is the end of what the process printed, on lines of its own.
func (p *process) note() string {
	if text := strings.TrimSpace(p.output.String()); text != "" {
		return "; it printed last:\n" + text
	}
	return "; it printed nothing"
}

// tail keeps the end of what is written to it, and hands out the address.
type tail struct {
	address chan string

	mu    sync.Mutex
	text  []byte
	known bool
}

// Write never fails.
func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, b...)
	if !w.known {
		if m := listening.FindSubmatch(w.text); m != nil {
			w.known = true
			w.address <- string(m[1])
		}
	}
	const last = 4000
	if w.known && len(w.text) > last {
		w.text = append([]byte(nil), w.text[len(w.text)-last:]...)
	}
	return len(b), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	const last = 2000
	return strings.ToValidUTF8(string(w.text[max(0, len(w.text)-last):]), "")
}
