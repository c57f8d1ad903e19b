package api

import (
	"log/slog"
	"time"
)

// EventKind says what an [Event] tells.
type EventKind uint8

// The kinds of events.
const (
	EventAttempt EventKind = iota + 1 // one request was answered or failed
	EventCall                         // the call is over
)

// String returns "attempt" or "call".
func (k EventKind) String() string {
	switch k {
	case EventAttempt:
		return "attempt"
	case EventCall:
		return "call"
	}
	return "unknown"
}

// Event is one fact about a call, for logs, metrics and spans. It holds no
// argument, header or body; names are of low cardinality.
type Event struct {
	Kind      EventKind
	Operation *Operation
	CallID    string
	Attempt   int           // attempts so far
	Status    int           // of the answer, 0 = none
	Err       error         // nil on success; one of this package's errors
	Start     time.Time     // of the attempt or call
	Duration  time.Duration // until the result was decoded, or a download began
	Wait      time.Duration // attempt: the pause before the next one, 0 = it was the last
}

// LogValue makes an Event an attribute group for slog.
func (e Event) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("event", e.Kind.String()))
	if e.Operation != nil {
		attrs = append(attrs,
			slog.String("operation", e.Operation.ID),
			slog.String("method", e.Operation.Method),
			slog.String("path", e.Operation.Path))
	}
	attrs = append(attrs, slog.String("call", e.CallID), slog.Int("attempt", e.Attempt),
		slog.Int("status", e.Status), slog.Duration("duration", e.Duration))
	if e.Wait > 0 {
		attrs = append(attrs, slog.Duration("wait", e.Wait))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

func (k *call) tell(kind EventKind, start time.Time, wait time.Duration, err error) {
	if k.config.observe == nil {
		return
	}
	k.config.observe(k.ctx, Event{
		Kind: kind, Operation: k.op, CallID: k.id, Attempt: k.attempt, Status: k.status,
		Err: err, Start: start, Duration: time.Since(start), Wait: wait,
	})
}
