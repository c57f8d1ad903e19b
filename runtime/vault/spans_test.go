package vault

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestSpanInput refuses what the official client refuses, before anything is
// sent.
func TestSpanInput(t *testing.T) {
	vault := newFakeVault(t)
	good := Span{TraceID: "t", Name: "n", Start: time.Now()}
	with := func(edit func(*Span)) []Span {
		s := good
		edit(&s)
		return []Span{good, s}
	}
	for name, spans := range map[string][]Span{
		"none": nil, "51": make([]Span, 51), "no trace": with(func(s *Span) { s.TraceID = "" }), "no name": with(func(s *Span) { s.Name = "" }),
		"no start": with(func(s *Span) { s.Start = time.Time{} }), "long trace": with(func(s *Span) { s.TraceID = strings.Repeat("é", 256) }),
		"long name": with(func(s *Span) { s.Name = strings.Repeat("x", 256) }), "long ID": with(func(s *Span) { s.SpanID = strings.Repeat("x", 33) }),
		"long parent": with(func(s *Span) { s.ParentSpanID = strings.Repeat("x", 33) }),
	} {
		if _, err := vault.app().Spans().Emit(t.Context(), spans); !errors.Is(err, ErrInvalidInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sent := vault.all(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
}
