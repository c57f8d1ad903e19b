package vault

import (
	"context"
	"sync"
)

// lifecycle counts what is under way, so that Close can wait for it.
type lifecycle struct {
	parent *lifecycle // of the app that made this agent, or nil; counts too
	mu     sync.Mutex
	closed bool
	active int
	quiet  chan struct{} // closed when active falls to 0 after close
}

func newLifecycle() *lifecycle { return &lifecycle{quiet: make(chan struct{})} }

// begin counts a call in; it fails after close.
func (l *lifecycle) begin() bool {
	if l.parent != nil && !l.parent.begin() {
		return false
	}
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.active++
	}
	l.mu.Unlock()
	if closed && l.parent != nil {
		l.parent.end()
	}
	return !closed
}

// extend counts in what a call under way leaves behind.
func (l *lifecycle) extend() {
	if l.parent != nil {
		l.parent.extend()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active++
}

func (l *lifecycle) end() {
	if l.parent != nil {
		defer l.parent.end()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active--; l.active == 0 && l.closed {
		close(l.quiet)
	}
}

func (l *lifecycle) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		if l.active == 0 {
			close(l.quiet)
		}
	}
}

// wait returns nil once nothing is under way, or the context's error.
func (l *lifecycle) wait(ctx context.Context) error {
	select {
	case <-l.quiet:
		return nil
	default:
	}
	select {
	case <-l.quiet:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
