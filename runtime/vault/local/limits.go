package local

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// RateLimits bound how often a vault is asked. Zero is no limit. Each counts
// the requests of the last 60 seconds that were let through; requests that are
// refused for a limit are logged and leave no audit row.
//
// The counts of a minute are kept in memory: they begin anew when the vault is
// opened, and are not shared by processes on one folder. Those of quotas are
// saved once a second, with what is written anyway, and by Close; a process that
// is killed forgets the last second, and processes on one folder know of each
// other's requests a second later.
type RateLimits struct {
	PerAddress int // of a client, by its IP address (an IPv6 network of 64 bits)
	PerKey     int // of an API key
	PerApp     int // of all keys of an app and its agents together

	Quotas []Quota // of an app as well
}

// Quota bounds the requests of an app in a calendar window, in UTC.
type Quota struct {
	Window   string // "minute", "hour", "day" or "month"
	Requests int
}

// WithRateLimits refuses clients that ask too often with 429
// rate_limit_exceeded or quota_exceeded and a Retry-After header. Answers then
// carry X-RateLimit-Limit, -Remaining and -Reset of the tightest limit. Without
// the option nothing is limited.
func WithRateLimits(r RateLimits) Option {
	return option(func(c *config) error {
		if min(r.PerAddress, r.PerKey, r.PerApp) < 0 {
			return errors.New("local: WithRateLimits: a limit is negative")
		}
		for _, q := range r.Quotas {
			if _, _, ok := quotaWindow(q.Window, time.Time{}); !ok || q.Requests <= 0 {
				return fmt.Errorf("local: WithRateLimits: the quota of window %q: the window must be minute, hour, day or month, the requests positive", q.Window)
			}
		}
		c.limits = &r
		return nil
	})
}

// windowSeconds is the length of the sliding window. One more second is
// counted, because the oldest one is counted whole.
const windowSeconds = 60

// window counts by seconds.
type window struct {
	counts [windowSeconds + 1]int
	total  int
	newest int64 // Unix second
}

func (w *window) advance(now int64) {
	if d := now - w.newest; d > windowSeconds || d < -windowSeconds { // or the clock was set back
		*w = window{newest: now}
	}
	for ; w.newest < now; w.newest++ {
		slot := (w.newest + 1) % (windowSeconds + 1)
		w.total -= w.counts[slot]
		w.counts[slot] = 0
	}
}

// leaves is when the first counted request leaves the window.
func (w *window) leaves(now int64) int64 {
	for s := w.newest - windowSeconds; s <= w.newest; s++ {
		if s >= 0 && w.counts[s%(windowSeconds+1)] > 0 {
			return s + windowSeconds + 1
		}
	}
	return now + windowSeconds + 1
}

// budget is what is left of the tightest limit that a request met.
type budget struct {
	limit, remaining int
	reset            int64 // Unix second
	retry            int64 // seconds; set when the limit refuses
	scope            string
}

// limiter counts. The nil limiter lets everything through.
type limiter struct {
	limits RateLimits

	mu      sync.Mutex
	windows map[string]*window // scope and subject
	quotas  map[quotaID]*quotaCount
	purged  int64
	saved   int64 // Unix second
}

func newLimiter(r *RateLimits) *limiter {
	if r == nil {
		return nil
	}
	return &limiter{limits: *r, windows: map[string]*window{}, quotas: map[quotaID]*quotaCount{}}
}

// address counts a request before anything of it was read.
func (l *limiter) address(rq *request, now time.Time) *fault {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.slide(rq, "ip", peer(rq.http.RemoteAddr), l.limits.PerAddress, now)
}

// principal counts a request of a known key, before its signature is checked.
func (l *limiter) principal(rq *request, now time.Time) *fault {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.slide(rq, "api_key", rq.who.keyID, l.limits.PerKey, now); f != nil {
		return f
	}
	if f := l.slide(rq, "organization", rq.who.appID, l.limits.PerApp, now); f != nil {
		return f
	}
	return l.quota(rq, now)
}

func (l *limiter) slide(rq *request, scope, subject string, limit int, now time.Time) *fault {
	if limit == 0 {
		return nil
	}
	second := now.Unix()
	l.purge(second)
	w := l.windows[scope+" "+subject]
	if w == nil {
		w = &window{newest: second}
		l.windows[scope+" "+subject] = w
	}
	w.advance(second)
	if w.total >= limit {
		reset := w.leaves(second)
		rq.budget = &budget{limit: limit, reset: reset, retry: max(reset-second, 1), scope: scope}
		return refuse(http.StatusTooManyRequests, "rate_limit_exceeded", "too many requests in a minute").withHint("wait, and send fewer").
			with("scope", scope).with("limit", limit).with("window_seconds", windowSeconds).with("retry_after", rq.budget.retry)
	}
	w.total++
	w.counts[w.newest%(windowSeconds+1)]++ // newest is ahead of a clock that was set back
	rq.meet(budget{limit: limit, remaining: limit - w.total, reset: w.leaves(second), scope: scope})
	return nil
}

// meet keeps the tightest budget.
func (rq *request) meet(b budget) {
	if rq.budget == nil || b.remaining < rq.budget.remaining {
		rq.budget = &b
	}
}

// purge forgets who has not asked for a minute.
func (l *limiter) purge(now int64) {
	if now-l.purged <= windowSeconds {
		return
	}
	l.purged = now
	for name, w := range l.windows {
		if now-w.newest > windowSeconds {
			delete(l.windows, name)
		}
	}
}

// peer names a client's address. In memory and over a unix socket there is
// none: all of these are one.
func peer(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return "local"
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// write puts the budget into an answer's headers, spelled as the protocol does.
func (b *budget) write(h http.Header) {
	if b == nil {
		return
	}
	h["X-RateLimit-Limit"] = []string{strconv.Itoa(b.limit)}
	h["X-RateLimit-Remaining"] = []string{strconv.Itoa(b.remaining)}
	h["X-RateLimit-Reset"] = []string{strconv.FormatInt(b.reset, 10)}
	if b.retry > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(b.retry, 10)}
		h["X-Alter-Rate-Limited-Scope"] = []string{b.scope}
	}
}
