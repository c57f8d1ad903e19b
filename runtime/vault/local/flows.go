package local

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// flows is what sessions and refreshes of this process share. The zero value is
// ready.
type flows struct {
	mu   sync.Mutex
	wake chan struct{}

	refreshing singleflight.Group
	running    sync.WaitGroup
	closed     bool
	wait       time.Duration // for tests; 0 = refreshWait
}

// changed returns a channel that is closed when a session has moved on.
func (f *flows) changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wake == nil {
		f.wake = make(chan struct{})
	}
	return f.wake
}

func (f *flows) announce() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wake != nil {
		close(f.wake)
		f.wake = nil
	}
}

func (f *flows) refreshWait() time.Duration {
	if f.wait > 0 {
		return f.wait
	}
	return refreshWait
}

// refresh starts the refresh of a connection, or joins the one under way.
func (f *flows) refresh(v *Vault, connectionID string) <-chan singleflight.Result {
	return f.refreshing.DoChan(connectionID, func() (any, error) {
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return nil, ErrClosed
		}
		f.running.Add(1)
		f.mu.Unlock()
		defer f.running.Done()
		ctx, cancel := context.WithTimeout(context.Background(), leaseLife)
		defer cancel()
		return nil, v.refreshConnection(ctx, connectionID)
	})
}

// close waits for refreshes under way: what they received is worth more than
// the seconds.
func (f *flows) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.running.Wait()
}
