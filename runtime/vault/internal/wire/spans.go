package wire

import (
	"errors"
	"time"
)

// PathSpans takes what a program tells about its own work.
const PathSpans = "/sdk/spans"

// Limits of POST /sdk/spans.
const (
	MaxSpans    = 50
	MaxSpanText = 255 // characters of a trace ID and a name
	MaxSpanID   = 32  // characters of a span ID
)

// Span is one piece of work in a trace.
type Span struct {
	TraceID, Name        string // required
	Start                time.Time
	SpanID, ParentSpanID string     // left out when empty
	End                  *time.Time // left out when nil
	Attributes           []Pair
}

// Check applies the protocol's limits.
func (s Span) Check() error {
	switch {
	case s.TraceID == "" || runes(s.TraceID) > MaxSpanText:
		return errors.New("needs a trace ID of 1 to 255 characters")
	case s.Name == "" || runes(s.Name) > MaxSpanText:
		return errors.New("needs a name of 1 to 255 characters")
	case runes(s.SpanID) > MaxSpanID || runes(s.ParentSpanID) > MaxSpanID:
		return errors.New("has a span ID of more than 32 characters")
	case s.Start.IsZero():
		return errors.New("needs a start time")
	}
	return nil
}

func appendSpan(dst []byte, s Span) []byte {
	var o object
	o.str("trace_id", s.TraceID)
	o.str("name", s.Name)
	o.str("start_time", spanTime(s.Start))
	o.optStr("span_id", s.SpanID)
	o.optStr("parent_span_id", s.ParentSpanID)
	if s.End != nil {
		o.str("end_time", spanTime(*s.End))
	}
	attributes := s.Attributes
	if attributes == nil {
		attributes = []Pair{}
	}
	o.raw("attributes", pairsJSON(attributes))
	return append(dst, o.bytes()...)
}

// spanTime writes a fraction only when there is one, then to the microsecond.
func spanTime(t time.Time) string {
	t = t.Truncate(time.Microsecond)
	if t.Nanosecond() == 0 {
		return t.Format(time.RFC3339)
	}
	return t.Format("2006-01-02T15:04:05.000000Z07:00")
}

// MarshalSpans returns the body of POST /sdk/spans.
func MarshalSpans(spans []Span) []byte {
	var o object
	o.raw("spans", arrayJSON(spans, appendSpan))
	return o.bytes()
}

// ParseSpans reads the body on the vault's side. A time without a zone is in
// UTC.
func ParseSpans(body []byte) ([]Span, error) {
	r := newReader("", body)
	spans := each(r, "spans", func(r *reader) Span {
		s := Span{
			TraceID: r.text("trace_id"), Name: r.text("name"), Start: r.isoTime("start_time"),
			SpanID: r.optStr("span_id"), ParentSpanID: r.optStr("parent_span_id"),
		}
		if r.given("end_time") {
			s.End = new(r.isoTime("end_time"))
		}
		if r.given("attributes") {
			pairs, err := parsePairs(r.m["attributes"])
			r.check(err == nil, "attributes")
			s.Attributes = pairs
		}
		r.check(s.Check() == nil, "trace_id")
		return s
	})
	r.check(len(spans) >= 1 && len(spans) <= MaxSpans, "spans")
	return spans, r.requestErr()
}

func (r *reader) isoTime(name string) time.Time {
	t, ok := ParseISOTime(r.str(name))
	r.check(ok, name)
	return t
}

// MarshalSpansAccepted returns the answer of POST /sdk/spans.
func MarshalSpansAccepted(n int64) []byte {
	var o object
	o.num("accepted", n)
	return o.bytes()
}

// ParseSpansAccepted reads the answer.
func ParseSpansAccepted(body []byte) (int64, error) {
	r := newReader("the spans", body)
	return r.num("accepted"), r.err()
}
