package local

import (
	"context"
	"database/sql"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	maxSpanAttributes    = 64
	maxSpanAttributeText = 4096 // bytes of a key or value

	// spansKept of an app are kept, the newest; looked at every spanTrim spans,
	// because to find the oldest one costs a walk over all of them.
	spansKept = 100_000
	spanTrim  = 1000
)

// Span is what a client told about its own work. Decided by the vault: who sent
// it (AppID, AgentID) and when it came. All else is the client's word.
type Span struct {
	ReceivedAt                    time.Time
	AppID, AgentID, Caller        string
	TraceID, SpanID, ParentSpanID string
	Name                          string
	Start, End                    time.Time // End is zero for one that was not over
	Attributes                    map[string]string
}

// SpanFilter picks spans. Zero fields do not restrict.
type SpanFilter struct {
	TraceID, AppID, AgentID string
	Since                   time.Time // of receiving
	Limit                   int       // newest spans kept; 0 = all
}

func spanEndpoint() endpoint {
	return endpoint{method: http.MethodPost, path: wire.PathSpans, limit: smallBody, scope: "spans:emit", suspended: true, serve: (*Vault).serveSpans}
}

// serveSpans answers POST /sdk/spans: all spans of a request are kept, or none.
func (v *Vault) serveSpans(ctx context.Context, rq *request) answer {
	spans, parseErr := wire.ParseSpans(rq.body)
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return unprocessable(parseErr.Error()), nil
		}
		for i := range spans {
			if !boundedAttributes(spans[i].Attributes) {
				return unprocessable("a span may have 64 attributes, each key and value of at most 4096 bytes"), nil
			}
		}
		return nil, v.insertSpans(ctx, q, rq, spans)
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: wire.MarshalSpansAccepted(int64(len(spans)))}
}

func boundedAttributes(pairs []wire.Pair) bool {
	for _, p := range pairs {
		if len(p.Key) > maxSpanAttributeText || len(p.Value) > maxSpanAttributeText {
			return false
		}
	}
	return len(pairs) <= maxSpanAttributes
}

const insertSpan = `INSERT INTO spans (received_at, app_id, agent_id, caller, trace_id, span_id, parent_span_id, name, started_at, ended_at, attributes)
VALUES (?,?,?,?,?,?,?,?,?,?,?) RETURNING seq`

func (v *Vault) insertSpans(ctx context.Context, q *statements, rq *request, spans []wire.Span) error {
	trim := false
	for i := range spans {
		s := &spans[i]
		attributes := map[string]string{}
		for _, p := range s.Attributes {
			attributes[p.Key] = p.Value
		}
		raw, err := json.Marshal(attributes, json.Deterministic(true))
		if err != nil {
			return err
		}
		var end any
		if s.End != nil {
			end = micros(*s.End)
		}
		var seq int64
		err = q.scan(ctx, insertSpan, []any{
			micros(v.now()), rq.who.appID, rq.who.agentID, rq.signed.Caller, oneLine(s.TraceID), oneLine(s.SpanID), oneLine(s.ParentSpanID),
			oneLine(s.Name), micros(s.Start), end, string(raw),
		}, []any{&seq})
		if err != nil {
			return err
		}
		trim = trim || seq%spanTrim == 0
	}
	if !trim {
		return nil
	}
	return q.exec(ctx, "DELETE FROM spans WHERE app_id = ?1 AND seq <= (SELECT seq FROM spans WHERE app_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
		rq.who.appID, spansKept)
}

const selectSpans = `SELECT received_at, app_id, agent_id, caller, trace_id, span_id, parent_span_id, name, started_at, ended_at, attributes
FROM spans WHERE seq IN (SELECT seq FROM spans WHERE (?1 = '' OR trace_id = ?1) AND (?2 = '' OR app_id = ?2) AND (?3 = '' OR agent_id = ?3) AND received_at >= ?4
  ORDER BY seq DESC LIMIT ?5) ORDER BY seq`

// Spans returns the spans that fit the filter, in the order of their coming.
func (v *Vault) Spans(ctx context.Context, filter SpanFilter) ([]Span, error) {
	since, limit := int64(-1<<63), -1
	if !filter.Since.IsZero() {
		since = micros(filter.Since)
	}
	if filter.Limit > 0 {
		limit = filter.Limit
	}
	var spans []Span
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, selectSpans, []any{filter.TraceID, filter.AppID, filter.AgentID, since, limit}, func(rows *sql.Rows) error {
			s, err := scanSpan(rows)
			spans = append(spans, s)
			return err
		})
	})
	return spans, operatorError("listing spans", err)
}

func scanSpan(rows *sql.Rows) (Span, error) {
	var s Span
	var received, started, ended sql.NullInt64
	var attributes string
	err := rows.Scan(&received, &s.AppID, &s.AgentID, &s.Caller, &s.TraceID, &s.SpanID, &s.ParentSpanID, &s.Name, &started, &ended, &attributes)
	if err != nil {
		return s, err
	}
	s.ReceivedAt, s.Start, s.End = fromMicros(received), fromMicros(started), fromMicros(ended)
	return s, json.Unmarshal([]byte(attributes), &s.Attributes)
}
