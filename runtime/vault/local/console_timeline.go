package local

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

const (
	timelineCalls = 200
	timelineSpans = 500
	timelineDepth = 6
	followEvery   = 3 // seconds
)

// timeline shows the calls of a run, a thread or a trace in the order in which
// they began, with the spans that clients told of beside them.
func (c *consolePage) timeline() {
	by, id := c.query("by"), c.query("id")
	where := map[string]string{"run": ofRun, "thread": ofThread, "trace": ofTrace}[by]
	if where == "" || id == "" {
		c.message(http.StatusBadRequest, "Which timeline?", "The address has to name a run, a thread or a trace.")
		return
	}
	if by == "trace" {
		id = strings.ToLower(id)
	}
	t := &timelineData{by: by, id: id}
	if err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		return t.read(ctx, q, where, c.query("after"), c.cursor())
	}); err != nil {
		c.broken(err)
		return
	}
	follow := c.query("follow") != ""
	view := c.timelineView(t)
	p := &console.Page{Title: console.Text(strings.ToUpper(by[:1]) + by[1:] + " " + id), Section: "runs", View: view}
	here := []string{"by", by, "id", id}
	if t.earlier {
		view.Earlier = c.link("timeline", append(here, "before", strconv.FormatInt(t.calls[0].seq, 10))...)
	}
	if t.later {
		view.Later = c.link("timeline", append(here, "after", strconv.FormatInt(t.calls[len(t.calls)-1].seq, 10))...)
	}
	view.Newest = !t.later
	view.Search = c.link("audit", by, id)
	switch {
	case follow:
		p.Refresh, p.Self, view.Stop = followEvery, c.link("timeline", append(here, "follow", "1")...), c.link("timeline", here...)
	case !t.later:
		view.Follow = c.link("timeline", append(here, "follow", "1")...)
	}
	c.send(http.StatusOK, p)
}

// timelineData is a part of a timeline as the vault holds it.
type timelineData struct {
	by, id         string
	calls          []trailRow
	spans          []Span
	agents         map[string]string // names of who sent the spans
	earlier, later bool              // there are more calls
}

func (t *timelineData) read(ctx context.Context, q *statements, where, after string, before int64) (err error) {
	if from, parseErr := strconv.ParseInt(after, 10, 64); parseErr == nil && from > 0 {
		t.calls, err = readTrail(ctx, q, where+"? AND seq > ? ORDER BY seq LIMIT ?", t.id, from, timelineCalls+1)
		t.earlier, t.later = true, len(t.calls) > timelineCalls
		t.calls = t.calls[:min(len(t.calls), timelineCalls)]
	} else {
		t.calls, err = readTrail(ctx, q, where+"? AND seq < ? ORDER BY seq DESC LIMIT ?", t.id, before, timelineCalls+1)
		t.earlier, t.later = len(t.calls) > timelineCalls, before < fromNewest
		t.calls = t.calls[:min(len(t.calls), timelineCalls)]
		slices.Reverse(t.calls)
	}
	if err != nil {
		return err
	}
	t.earlier, t.later = t.earlier && len(t.calls) > 0, t.later && len(t.calls) > 0
	return t.readSpans(ctx, q)
}

// readSpans reads the spans of the calls' traces, each from the app whose calls
// are in that trace: what another app says about it does not belong here.
func (t *timelineData) readSpans(ctx context.Context, q *statements) error {
	type source struct{ trace, app string }
	var sources []source
	for i := range t.calls {
		if s := (source{t.calls[i].TraceID, t.calls[i].AppID}); s.trace != "" && !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	const one = "SELECT received_at, app_id, agent_id, caller, trace_id, span_id, parent_span_id, name, started_at, ended_at, attributes FROM spans WHERE trace_id = ?1 AND (?2 IS NULL OR app_id = ?2) ORDER BY seq DESC LIMIT ?3"
	read := func(trace string, app any) error {
		return q.each(ctx, one, []any{trace, app, timelineSpans - len(t.spans)}, func(rows *sql.Rows) error {
			s, err := scanSpan(rows)
			t.spans = append(t.spans, s)
			return err
		})
	}
	if len(t.calls) == 0 && t.by == "trace" {
		if err := read(t.id, nil); err != nil {
			return err
		}
	}
	for _, s := range sources {
		if err := read(s.trace, s.app); err != nil {
			return err
		}
	}
	return t.readAgents(ctx, q)
}

// readAgents finds the names of the agents that sent the spans.
func (t *timelineData) readAgents(ctx context.Context, q *statements) error {
	t.agents = map[string]string{}
	for i := range t.spans {
		id := t.spans[i].AgentID
		if _, known := t.agents[id]; known || id == "" {
			continue
		}
		var name string
		err := q.scan(ctx, "SELECT name FROM agents WHERE id = ?", []any{id}, []any{&name})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		t.agents[id] = name
	}
	return nil
}

// timelineItem is a call or a span on its way to the page.
type timelineItem struct {
	start, end time.Time
	parent     string // trace and ID of the span that it hangs under
	id         string // of a span, the same way
	row        console.TimelineRow
	parts      []timelinePart
}

// timelinePart is a stretch of time.
type timelinePart struct {
	kind     console.Class
	from, to time.Time
}

func (c *consolePage) timelineView(t *timelineData) *console.Timeline {
	view := &console.Timeline{By: console.Text(t.by), ID: console.Text(t.id), Calls: len(t.calls), Spans: len(t.spans)}
	var items []timelineItem
	for i := range t.calls {
		items = append(items, c.callItem(&t.calls[i].AuditEntry))
	}
	for i := range t.spans {
		items = append(items, spanItem(&t.spans[i], cmp.Or(t.agents[t.spans[i].AgentID], t.spans[i].Caller), c.v.now()))
	}
	if len(items) == 0 {
		return view
	}
	slices.SortStableFunc(items, func(a, b timelineItem) int {
		// A span begins before what hangs under it, also when both say the same time.
		return cmp.Or(a.start.Compare(b.start), b.end.Compare(a.end))
	})
	first, last := items[0].start, items[0].end
	for _, it := range items {
		if it.end.After(last) {
			last = it.end
		}
	}
	depths := spanDepths(items)
	for _, it := range items {
		it.row.Depth = depths[it.parent]
		it.row.Offset, it.row.Took = "+"+console.Took(it.start.Sub(first)), console.Took(it.end.Sub(it.start))
		var words []string
		for _, p := range it.parts {
			it.row.Bar = append(it.row.Bar, barSegment(p, first, last))
			words = append(words, fmt.Sprintf("%s %s", console.Took(p.to.Sub(p.from)), barWords(p.kind)))
		}
		it.row.Description = console.Text(fmt.Sprintf("Begins %s after the first, takes %s: %s", console.Took(it.start.Sub(first)), it.row.Took, strings.Join(words, ", ")))
		view.Rows = append(view.Rows, it.row)
	}
	view.Began, view.Took = first, console.Took(last.Sub(first))
	return view
}

func barWords(kind console.Class) string {
	return map[console.Class]string{"wait": "waiting for a person", "vault": "in the vault", "provider": "at the provider", "span": "as the client says"}[kind]
}

// barSegment places a part between the first and the last moment of the page. What
// is too short to be seen is drawn all the same.
func barSegment(p timelinePart, first, last time.Time) console.Segment {
	const width, least = 1000, 4
	total := max(float64(last.Sub(first)), 1)
	x := int(float64(p.from.Sub(first)) / total * width)
	w := max(int(float64(p.to.Sub(p.from))/total*width), least)
	x = min(max(x, 0), width-least)
	return console.Segment{Kind: p.kind, X: x, W: min(w, width-x)}
}

// spanDepths tells for each span how deep what hangs under it is; 0 for no span.
func spanDepths(items []timelineItem) map[string]int {
	parents := map[string]string{}
	for _, it := range items {
		if it.id != "" {
			parents[it.id] = it.parent
		}
	}
	depths := map[string]int{}
	for id := range parents {
		n := 0
		for at := id; n < timelineDepth; n++ { // bounded: spans may name each other in a circle
			if _, known := parents[at]; !known {
				break
			}
			at = parents[at]
		}
		depths[id] = n
	}
	return depths
}

func (c *consolePage) callItem(e *AuditEntry) timelineItem {
	it := timelineItem{start: e.Time, row: console.TimelineRow{
		Call: true, Name: console.Link{Href: c.link("calls/" + e.ID), Text: console.Text(callName(e))}, Tool: console.Text(e.Tool), Agent: console.Text(cmp.Or(e.AgentName, e.AgentID)),
		Rule: console.Text(c.ruleText(e)),
	}}
	if e.Operation != "" {
		it.row.Detail = console.Text(strings.TrimSpace(e.Method + " " + e.Path))
	}
	if e.TraceID != "" {
		it.parent = e.TraceID + " " + e.SpanID
	}
	it.row.Outcome, it.row.State = outcomeText(e)
	decided := e.Time.Add(e.VaultTime)
	switch {
	case e.Outcome == OutcomePending:
		it.end = later(c.v.now(), decided)
		it.parts = []timelinePart{{"wait", e.Time, it.end}}
		return it
	case e.Decision == DecisionPending && e.CompletedAt.After(decided.Add(e.ProviderTime)):
		// The row was completed when the call was made, after a person had decided.
		decided = e.CompletedAt.Add(-e.ProviderTime)
		it.parts = []timelinePart{{"wait", e.Time, decided}}
	default:
		it.parts = []timelinePart{{"vault", e.Time, decided}}
	}
	it.end = decided.Add(e.ProviderTime)
	if e.ProviderTime > 0 {
		it.parts = append(it.parts, timelinePart{"provider", decided, it.end})
	}
	return it
}

func spanItem(s *Span, agent string, now time.Time) timelineItem {
	it := timelineItem{start: s.Start, end: s.End, id: s.TraceID + " " + s.SpanID, row: console.TimelineRow{
		Name: console.Link{Text: console.Text(s.Name)}, Agent: console.Text(agent), Outcome: "client's span",
	}}
	if s.ParentSpanID != "" {
		it.parent = s.TraceID + " " + s.ParentSpanID
	}
	var notes []string
	for _, name := range sortedKeys(s.Attributes) {
		notes = append(notes, name+"="+s.Attributes[name])
	}
	it.row.Detail = console.Text(strings.Join(notes, " "))
	if s.End.IsZero() {
		it.end, it.row.Outcome = later(now, s.Start), "client's span, not over"
	}
	it.end = later(it.end, it.start)
	it.parts = []timelinePart{{"span", it.start, it.end}}
	return it
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
