package vault

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Spans tells the vault what the program does beside its calls; the Spans
// method of an [App] or [Agent] makes one.
type Spans struct{ c *client }

// Spans returns the namespace that takes spans.
func (c *client) Spans() Spans { return Spans{c} }

// Span is one piece of work in a trace: a step of a run, a model's turn. What
// it says stands in the vault beside the audit trail as the program's own word.
type Span struct {
	TraceID      string // 1 to 255 characters; a traceparent's second part joins the span with calls
	Name         string // 1 to 255 characters
	Start        time.Time
	End          time.Time // zero: not over
	SpanID       string    // at most 32 characters, as the next; both may be empty
	ParentSpanID string
	Attributes   map[string]string // nothing secret: the operator reads them
}

// Emit sends 1 to 50 spans and returns how many the vault took.
func (s Spans) Emit(ctx context.Context, spans []Span) (accepted int64, err error) {
	if len(spans) < 1 || len(spans) > wire.MaxSpans {
		return 0, invalid("spans", "are not 1 to 50")
	}
	list := make([]wire.Span, 0, len(spans))
	for i, p := range spans {
		w := wire.Span{
			TraceID: p.TraceID, Name: p.Name, Start: p.Start, SpanID: p.SpanID, ParentSpanID: p.ParentSpanID, Attributes: wire.SortedPairs(p.Attributes),
		}
		if !p.End.IsZero() {
			w.End = &p.End
		}
		if err := w.Check(); err != nil {
			return 0, invalid("span "+strconv.Itoa(i), err.Error())
		}
		list = append(list, w)
	}
	return send(ctx, s.c, ask{method: http.MethodPost, path: wire.PathSpans, body: wire.MarshalSpans(list), traced: true}, wire.ParseSpansAccepted)
}
