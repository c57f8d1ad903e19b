package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Response holds the facts of an answer; see [WithResponse].
type Response struct {
	Status    int
	Header    http.Header // the provider's response headers
	RequestID string      // "" = the provider sent none
	RateLimit *RateLimit  // nil = the provider did not say
	Attempts  int         // requests that the call took
}

// RateLimit holds what the provider said about its limit.
type RateLimit struct {
	Limit     int       // calls per window, 0 = not said
	Remaining int       // calls left in the window
	Reset     time.Time // when the window ends, zero = not said
	Resource  string    // what the limit counts, or ""
}

// String tells the facts except the headers.
func (r Response) String() string {
	return fmt.Sprintf("status %d, request %q, attempts %d", r.Status, r.RequestID, r.Attempts)
}

// Format prints String for every verb: headers may hold secrets.
func (r Response) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(r.String())) }

// LogValue leaves the headers out.
func (r Response) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("status", r.Status), slog.String("request", r.RequestID),
		slog.Int("attempts", r.Attempts))
}

// MarshalJSON leaves the headers out.
func (r Response) MarshalJSON() ([]byte, error) {
	return marshalJSON(struct {
		Status    int
		RequestID string
		RateLimit *RateLimit
		Attempts  int
	}{r.Status, r.RequestID, r.RateLimit, r.Attempts})
}

func (k *call) note(resp *http.Response) {
	k.status = resp.StatusCode
	if r := k.option.response; r != nil {
		*r = Response{
			Status: resp.StatusCode, Header: resp.Header, RequestID: k.requestID(resp.Header),
			RateLimit: rateLimit(resp.Header, time.Now()), Attempts: k.attempt,
		}
	}
}

func (k *call) requestID(h http.Header) string {
	name := k.provider.Errors.RequestID
	if name == "" {
		name = "X-Request-Id"
	}
	return clean(h.Get(name), 128)
}

// rateLimit reads the two common spellings: X-RateLimit-* with the end of the
// window in seconds since 1970, and RateLimit-* with the seconds until then.
func rateLimit(h http.Header, now time.Time) *RateLimit {
	prefix := "X-Ratelimit-"
	if h.Get(prefix+"Limit") == "" && h.Get(prefix+"Remaining") == "" {
		prefix = "Ratelimit-"
	}
	limit, okLimit := number(h.Get(prefix + "Limit"))
	remaining, okRemaining := number(h.Get(prefix + "Remaining"))
	if !okLimit && !okRemaining {
		return nil
	}
	r := &RateLimit{Limit: limit, Remaining: remaining, Resource: clean(h.Get(prefix+"Resource"), 64)}
	if !okRemaining {
		r.Remaining = limit // unknown must not read as "none left"
	}
	if reset, err := strconv.ParseInt(strings.TrimSpace(h.Get(prefix+"Reset")), 10, 64); err == nil && reset >= 0 {
		if reset < 1_000_000_000 { // no clock shows a time before 2001
			r.Reset = now.Add(time.Duration(min(reset, int64(maxHint/time.Second))) * time.Second)
		} else {
			r.Reset = time.Unix(reset, 0)
		}
	}
	return r
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil && n >= 0
}

// maxHint bounds what a header can make a caller believe; it also keeps the
// arithmetic from overflowing.
const maxHint = 365 * 24 * time.Hour

// retryAfter reads seconds or an HTTP date. A date is compared with the
// answer's own Date, so that a wrong local clock does not matter.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if s == "" {
		return 0
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if !(f > 0) { // also not a number
			return 0
		}
		return time.Duration(min(f, maxHint.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), 0), maxHint)
}
