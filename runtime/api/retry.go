package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// RetryPolicy says how calls that are safe to repeat are repeated: operations
// that only read or are idempotent, and calls with [WithIdempotencyKey], when
// their body can be sent again. They are repeated after a connection fault, the
// statuses 429, 500, 502, 503 and 504, and an answer that says "rate limited".
//
// Retries of a client share a budget: each spends one unit, each success earns a
// tenth, so that an outage is not multiplied.
type RetryPolicy struct {
	Attempts int           // requests per call in all; 0 = 3, 1 = no retry
	MaxWait  time.Duration // longest Retry-After or rate-limit reset to wait for; 0 = 30 s. A longer one ends the call
	Backoff  time.Duration // upper bound of the first random pause, doubled for each further one up to 10 s; 0 = 200 ms
	Budget   int           // units in reserve; 0 = 20. Only a client's policy sets it
}

const (
	defaultAttempts = 3
	defaultMaxWait  = 30 * time.Second
	defaultBackoff  = 200 * time.Millisecond
	maxBackoff      = 10 * time.Second
	defaultBudget   = 20
	tenths          = 10 // the budget counts in tenths of a retry
)

// over fills what p leaves open from the client's policy, then from the defaults.
func (p RetryPolicy) over(client RetryPolicy) RetryPolicy {
	pick := func(a, b, c time.Duration) time.Duration {
		for _, d := range []time.Duration{a, b} {
			if d > 0 {
				return d
			}
		}
		return c
	}
	for _, n := range []int{client.Attempts, defaultAttempts} {
		if p.Attempts <= 0 {
			p.Attempts = n
		}
	}
	p.MaxWait = pick(p.MaxWait, client.MaxWait, defaultMaxWait)
	p.Backoff = pick(p.Backoff, client.Backoff, defaultBackoff)
	return p
}

type budget struct {
	mu         sync.Mutex
	left, size int
}

func newBudget(retries int) *budget {
	if retries <= 0 {
		retries = defaultBudget
	}
	return &budget{left: retries * tenths, size: retries * tenths}
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < tenths {
		return false
	}
	b.left -= tenths
	return true
}

func (b *budget) earn() {
	b.mu.Lock()
	b.left = min(b.left+1, b.size)
	b.mu.Unlock()
}

// again decides whether the call is tried once more after err, and when.
func (k *call) again(err error) (time.Duration, bool) {
	if k.attempt >= k.retry.Attempts || !k.safe() || !k.body.replay || k.ctx.Err() != nil {
		return 0, false
	}
	wait, ok := k.pause(err)
	if !ok {
		return 0, false
	}
	// An answer in hand is worth more than "deadline exceeded" after a wait.
	if end, has := k.ctx.Deadline(); has && time.Until(end) <= wait {
		return 0, false
	}
	return wait, k.config.budget.spend()
}

func (k *call) safe() bool {
	if k.op.Idempotent || k.option.key != "" {
		return true
	}
	switch k.op.Access {
	case Read:
		return true
	case 0:
		return k.op.Method == http.MethodGet || k.op.Method == http.MethodHead || k.op.Method == http.MethodOptions
	}
	return false
}

func (k *call) pause(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		hint := e.RetryAfter
		switch {
		case e.rateLimited():
			if r := e.RateLimit; hint == 0 && r != nil && r.Remaining == 0 && !r.Reset.IsZero() {
				hint = time.Until(r.Reset)
			}
		case !slices.Contains([]int{500, 502, 503, 504}, e.Status):
			return 0, false
		}
		if hint > 0 {
			return hint, hint <= k.retry.MaxWait
		}
		return k.backoff(), true
	}
	if e, ok := errors.AsType[*TransportError](err); ok && connectionFault(e.Unwrap()) {
		return k.backoff(), true
	}
	return 0, false
}

func (k *call) backoff() time.Duration {
	limit := k.retry.Backoff
	for range k.attempt - 1 {
		limit = min(limit*2, maxBackoff)
	}
	return rand.N(limit) + 1 //nolint:gosec // G404: a pause that spreads retries, not a secret
}

// sleep waits; the end of ctx ends it at once.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// interrupted is the cause of a call whose context ended between two attempts;
// both the end and the last failure can be found in it.
func interrupted(end, last error) error {
	return fmt.Errorf("%w while waiting to repeat after: %w", end, last)
}
