package local

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func (a *appFixture) emit(s send, spans ...wire.Span) result {
	a.t.Helper()
	s.method, s.path, s.body = "POST", wire.PathSpans, wire.MarshalSpans(spans)
	return a.ask(s)
}

func (a *appFixture) spans(f SpanFilter) []Span {
	a.t.Helper()
	spans, err := a.Spans(a.t.Context(), f)
	a.must(err)
	return spans
}

func TestSpans(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		end := testTime.Add(1500 * time.Millisecond)
		full := wire.Span{
			TraceID: "trace", Name: "plan\nnext", Start: testTime.In(time.FixedZone("", 7200)), SpanID: "s1", ParentSpanID: "s0", End: &end,
			Attributes: []wire.Pair{{Key: "model", Value: "a\n<b>\u202e"}},
		}
		r := a.want(a.emit(send{key: a.other.Key, caller: "worker", callerType: "agent"}, full, wire.Span{TraceID: "trace", Name: "open", Start: testTime}), 200, "")
		if n, err := wire.ParseSpansAccepted(r.raw); n != 2 || err != nil {
			t.Errorf("%s %v", r.raw, err)
		}
		a.clock.add(time.Second)
		a.want(a.emit(send{key: a.foreign.Key}, wire.Span{TraceID: "trace", Name: "foreign", Start: testTime}), 200, "")
		want := []Span{
			{
				ReceivedAt: testTime, AppID: a.app.ID, AgentID: a.other.ID, Caller: "worker", TraceID: "trace", SpanID: "s1", ParentSpanID: "s0",
				Name: "plan next", Start: testTime, End: end, Attributes: map[string]string{"model": "a\n<b>\u202e"},
			},
			{ReceivedAt: testTime, AppID: a.app.ID, AgentID: a.other.ID, Caller: "worker", TraceID: "trace", Name: "open", Start: testTime, Attributes: map[string]string{}},
			{ReceivedAt: a.clock.now(), AppID: a.foreign.ID, TraceID: "trace", Name: "foreign", Start: testTime, Attributes: map[string]string{}},
		}
		for name, c := range map[string]struct {
			filter SpanFilter
			want   []Span
		}{
			"all": {SpanFilter{}, want}, "app": {SpanFilter{AppID: a.app.ID}, want[:2]}, "agent": {SpanFilter{AgentID: a.other.ID}, want[:2]},
			"trace": {SpanFilter{TraceID: "x"}, nil}, "since": {SpanFilter{Since: a.clock.now()}, want[2:]}, "newest": {SpanFilter{Limit: 2}, want[1:]},
		} {
			if diff := cmp.Diff(c.want, a.spans(c.filter)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		// An agent that is suspended still tells what it does; a revoked key does not.
		a.must(a.PauseAgent(t.Context(), a.other.ID))
		a.want(a.emit(send{key: a.other.Key}, full), 200, "")
		a.must(a.RevokeKey(t.Context(), a.other.KeyID))
		a.want(a.emit(send{key: a.other.Key}, full), 401, codeKeyRevoked)
		a.want(a.emit(send{scopes: "grants:read"}, full), 403, codeInsufficientScope)
	})
}

func TestSpanLimits(t *testing.T) {
	a := newAppFixture(t, InMemory())
	good := wire.Span{TraceID: "t", Name: "n", Start: testTime}
	for name, edit := range map[string]func(*wire.Span){
		"no trace": func(s *wire.Span) { s.TraceID = "" }, "long name": func(s *wire.Span) { s.Name = strings.Repeat("x", 256) },
		"long ID":        func(s *wire.Span) { s.SpanID = strings.Repeat("x", 33) },
		"long attribute": func(s *wire.Span) { s.Attributes = []wire.Pair{{Key: "k", Value: strings.Repeat("x", 4097)}} },
		"many attributes": func(s *wire.Span) {
			for i := range 65 {
				s.Attributes = append(s.Attributes, wire.Pair{Key: strings.Repeat("k", i+1)})
			}
		},
	} {
		bad := good
		edit(&bad)
		a.want(a.emit(send{}, good, bad), 422, codeInvalidRequest)
		if n := len(a.spans(SpanFilter{})); n != 0 {
			t.Errorf("%s: %d spans were kept", name, n)
		}
	}
	for _, body := range []string{
		`{"spans":[]}`, `{}`, `[]`, `{"spans":[1]}`, `{"spans":[{"trace_id":"t","name":"n","start_time":"soon"}]}`,
		`{"spans":[{"trace_id":"t","name":"n","start_time":"2026-01-01T00:00:00Z","attributes":{"a":1}}]}`,
	} {
		a.want(a.ask(send{method: "POST", path: wire.PathSpans, body: []byte(body)}), 422, codeInvalidRequest)
	}
	many := make([]wire.Span, 51)
	for i := range many {
		many[i] = good
	}
	a.want(a.emit(send{}, many...), 422, codeInvalidRequest)
	a.want(a.emit(send{}, many[:50]...), 200, "")
	a.want(a.ask(send{method: "POST", path: wire.PathSpans, body: []byte(`{"spans":[{"trace_id":"t","name":"n","start_time":"2026-01-01T00:00:00"}]}`)}), 200, "")
}

// TestOldSpansGo: an app keeps its newest spans, and others' are left alone.
func TestOldSpansGo(t *testing.T) {
	a := newAppFixture(t, InMemory())
	a.want(a.emit(send{key: a.foreign.Key}, wire.Span{TraceID: "t", Name: "foreign", Start: testTime}), 200, "")
	const fill = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
INSERT INTO spans (received_at, app_id, agent_id, caller, trace_id, span_id, parent_span_id, name, started_at, attributes) SELECT 0, ?2, '', '', 't', '', '', i, 0, '{}' FROM n`
	a.must(a.store.write(t.Context(), func(ctx context.Context, q *statements) error {
		return q.exec(ctx, fill, spansKept+spanTrim-2, a.app.ID)
	}))
	a.want(a.emit(send{}, wire.Span{TraceID: "t", Name: "last", Start: testTime}), 200, "") // its number is a multiple of spanTrim
	spans := a.spans(SpanFilter{AppID: a.app.ID})
	if n := len(spans); n != spansKept || spans[n-1].Name != "last" || len(a.spans(SpanFilter{AppID: a.foreign.ID})) != 1 {
		t.Errorf("%d spans", n)
	}
}
