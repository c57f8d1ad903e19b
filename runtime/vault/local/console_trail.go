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
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	consoleRows = 50
	// searchWindow is how many rows of the trail one page looks at, so that a
	// search for what is rare ends, too; the next page goes on from there.
	searchWindow = 50_000
	// fromNewest is the cursor of a list that begins with the newest.
	fromNewest = 1<<62 - 1
	// runCounted is how many calls of a run are counted for a list.
	runCounted = 1000
)

// trailRow is a row with its place.
type trailRow struct {
	AuditEntry
	seq int64
}

func readTrail(ctx context.Context, q *statements, where string, args ...any) (list []trailRow, err error) {
	err = q.each(ctx, "SELECT "+auditColumns+", seq FROM audit WHERE "+where, args, func(rows *sql.Rows) error {
		var r trailRow
		var err error
		r.AuditEntry, err = scanAudit(rows, &r.seq)
		list = append(list, r)
		return err
	})
	return list, err
}

// cursor is the number that a list goes on before; without one it begins with the
// newest.
func (c *consolePage) cursor() int64 {
	n, err := strconv.ParseInt(c.query("before"), 10, 64)
	if err != nil || n <= 0 {
		return fromNewest
	}
	return n
}

// callRow is how a call looks in a list.
func (c *consolePage) callRow(e *AuditEntry) console.CallRow {
	row := console.CallRow{
		At: e.Time, Call: console.Link{Href: c.link("calls/" + e.ID), Text: console.Text(callName(e))}, Agent: console.Text(cmp.Or(e.AgentName, e.AgentID)),
		Run: console.Link{Href: c.link("timeline", "by", "run", "id", e.RunID), Text: console.Text(e.RunID)}, Rule: console.Text(c.ruleText(e)),
	}
	if e.GrantID != "" {
		row.Grant = console.Link{Href: c.link("grants/" + e.GrantID), Text: console.Text(strings.TrimSpace(e.Provider + " " + e.GrantID[:8]))}
	}
	row.Outcome, row.State = outcomeText(e)
	return row
}

func callName(e *AuditEntry) string {
	switch {
	case e.Operation != "":
		return e.Operation
	case e.Method+e.Path == "":
		return "a request that was not read"
	}
	return strings.TrimSpace(e.Method + " " + e.URL())
}

func outcomeText(e *AuditEntry) (console.Text, console.Class) {
	code := func(word string) console.Text {
		if e.ReasonCode != "" {
			return console.Text(word + ": " + e.ReasonCode)
		}
		return console.Text(word)
	}
	switch e.Outcome {
	case OutcomeDenied:
		return code("refused"), "refused"
	case OutcomeFailed:
		return code("failed"), "failed"
	case OutcomePending:
		return "waits for a person", "waiting"
	case OutcomeIntent:
		return "no report yet", "open"
	}
	state := console.Class("ok")
	if e.Status >= 400 {
		state = "failed"
	}
	return console.Text(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))), state
}

// ruleText names the rule that decided, and what it said.
func (c *consolePage) ruleText(e *AuditEntry) string {
	if e.RuleOutcome == "" && e.RuleID == "" {
		return ""
	}
	name := "the client's own rule"
	if e.RuleID != "" {
		name = "“" + cmp.Or(c.ruleName(e.RuleID), e.RuleID) + "” of the " + e.RuleLayer
	}
	return name + ": " + e.RuleOutcome
}

// ruleName is "" for a rule that is gone.
func (c *consolePage) ruleName(id string) string {
	if name, ok := c.ruleNames[id]; ok {
		return name
	}
	var name string
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, "SELECT name FROM rules WHERE id = ?", []any{id}, []any{&name})
	})
	if err != nil { // removed, or not to be read: the ID has to do
		name = ""
	}
	if c.ruleNames == nil {
		c.ruleNames = map[string]string{}
	}
	c.ruleNames[id] = name
	return name
}

// runs lists the runs whose newest calls come before the cursor.
func (c *consolePage) runs() {
	view := &console.Runs{}
	rows, next, err := c.listRuns(c.cursor(), consoleRows)
	if err != nil {
		c.broken(err)
		return
	}
	view.Rows = rows
	if next > 0 {
		view.Older = c.link("runs", "before", strconv.FormatInt(next, 10))
	}
	c.show(http.StatusOK, "runs", "Runs", view)
}

// Conditions of the calls of a run, thread or trace, up to the parameter. Each
// repeats the condition of its partial index: SQLite does not use such an index
// for a parameter otherwise.
const (
	ofRun    = "run_id <> '' AND run_id = "
	ofThread = "thread_id <> '' AND thread_id = "
	ofTrace  = "traceparent <> '' AND substr(traceparent, 4, 32) = "
)

// selectRuns finds the newest call of each run: a call that no later one of its
// run follows. It walks a window of the trail.
const selectRuns = `SELECT a.seq, a.run_id FROM audit a WHERE a.seq < ?1 AND a.seq >= ?2 AND a.run_id <> ''
  AND NOT EXISTS (SELECT 1 FROM audit b WHERE b.run_id <> '' AND b.run_id = a.run_id AND b.seq > a.seq) ORDER BY a.seq DESC LIMIT ?3`

// listRuns returns runs, and where the list goes on, 0 = nowhere.
func (c *consolePage) listRuns(before int64, limit int) (rows []console.RunRow, next int64, err error) {
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		from, first, err := windowBefore(ctx, q, before)
		if err != nil {
			return err
		}
		var ids []string
		var last int64
		err = q.each(ctx, selectRuns, []any{before, from, limit}, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&last, &id)
			ids = append(ids, id)
			return err
		})
		for _, id := range ids {
			if err != nil {
				return err
			}
			var row console.RunRow
			row, err = c.runRow(ctx, q, id)
			rows = append(rows, row)
		}
		switch {
		case len(ids) == limit:
			next = last
		case from > first:
			next = from
		}
		return err
	})
	return rows, next, err
}

// windowBefore is the part of the trail that a page looks at: rows before the
// cursor, down to from. first is the oldest of all.
func windowBefore(ctx context.Context, q *statements, before int64) (from, first int64, err error) {
	var newest int64
	err = q.scan(ctx, "SELECT coalesce((SELECT min(seq) FROM audit), 0), coalesce((SELECT max(seq) FROM audit), 0)", nil, []any{&first, &newest})
	return max(min(before, newest+1)-searchWindow, first), first, err
}

const selectRun = `SELECT count(*), coalesce(sum(outcome = 'denied'), 0), coalesce(sum(outcome = 'failed' OR outcome = 'completed' AND status >= 400), 0), coalesce(sum(outcome = 'pending'), 0),
  coalesce(sum(outcome = 'intent'), 0), coalesce(max(max(created_at, coalesce(completed_at, 0))), 0), coalesce((SELECT created_at FROM audit WHERE ` + ofRun + `?1 ORDER BY seq LIMIT 1), 0)
FROM (SELECT outcome, status, created_at, completed_at FROM audit WHERE ` + ofRun + `?1 ORDER BY seq DESC LIMIT ?2)`

const selectRunAgents = `SELECT DISTINCT agent_name FROM (SELECT agent_name FROM audit WHERE ` + ofRun + `?1 ORDER BY seq DESC LIMIT ?2) WHERE agent_name <> '' LIMIT 4`

func (c *consolePage) runRow(ctx context.Context, q *statements, id string) (console.RunRow, error) {
	row := console.RunRow{Run: console.Link{Href: c.link("timeline", "by", "run", "id", id), Text: console.Text(id)}}
	var n [5]int64
	var first, last int64
	err := q.scan(ctx, selectRun, []any{id, runCounted}, []any{&n[0], &n[1], &n[2], &n[3], &n[4], &last, &first})
	if err != nil {
		return row, err
	}
	for i, dst := range []*console.Text{&row.Calls, &row.Refused, &row.Failed, &row.Waiting, &row.Intent} {
		if n[i] > 0 {
			*dst = console.Text(strconv.FormatInt(n[i], 10))
		}
	}
	if n[0] == runCounted {
		row.Calls = console.Text(strconv.Itoa(runCounted) + " and more")
	}
	row.First, row.Last = time.UnixMicro(first), time.UnixMicro(last)
	row.Took = console.Took(row.Last.Sub(row.First))
	return row, q.each(ctx, selectRunAgents, []any{id, runCounted}, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		row.Agents = append(row.Agents, console.Text(name))
		return err
	})
}

// auditSearch is what the search form asks for.
type auditSearch struct {
	where []string
	args  []any
	since time.Time
	until time.Time
	fault string
}

// auditFields are the form's fields with their conditions. The agent is given by
// ID or name.
func auditFields() []struct{ name, label, where string } {
	return []struct{ name, label, where string }{
		{"run", "Run", ofRun + "?"}, {"thread", "Thread", ofThread + "?"}, {"trace", "Trace", ofTrace + "?"},
		{"agent", "Agent (ID or name)", "agent_name = ?"}, {"grant", "Grant (ID)", "grant_id = ?"}, {"provider", "Provider", "provider = ?"}, {"operation", "Operation", "operation = ?"},
	}
}

const htmlTime = "2006-01-02T15:04"

func (c *consolePage) readSearch(view *console.Audit) auditSearch {
	var s auditSearch
	add := func(where string, arg any) { s.where, s.args = append(s.where, where), append(s.args, arg) }
	for _, f := range auditFields() {
		value := c.query(f.name)
		view.Fields = append(view.Fields, console.Field{Name: console.Text(f.name), Label: console.Text(f.label), Value: console.Text(value)})
		switch {
		case value == "":
		case f.name == "agent" && wire.IsUUID(value):
			add("agent_id = ?", strings.ToLower(value))
		case f.name == "grant" || f.name == "trace":
			add(f.where, strings.ToLower(value))
		default:
			add(f.where, value)
		}
	}
	chosen := c.query("outcome")
	for _, o := range [][2]string{
		{"", "any"}, {string(OutcomeCompleted), "completed"}, {string(OutcomeDenied), "refused"}, {string(OutcomeFailed), "failed"},
		{string(OutcomePending), "waits for a person"}, {string(OutcomeIntent), "no report yet"},
	} {
		view.Outcomes = append(view.Outcomes, console.Choice{Value: console.Text(o[0]), Label: console.Text(o[1]), Chosen: o[0] == chosen})
		if chosen != "" && o[0] == chosen {
			add("outcome = ?", chosen)
		}
	}
	for _, t := range []struct {
		field *console.Field
		name  string
		label console.Text
		at    *time.Time
		where string
	}{{&view.Since, "since", "From (UTC)", &s.since, "created_at >= ?"}, {&view.Until, "until", "Before (UTC)", &s.until, "created_at < ?"}} {
		value := c.query(t.name)
		*t.field = console.Field{Name: console.Text(t.name), Label: t.label, Value: console.Text(value)}
		if value == "" {
			continue
		}
		at, err := time.Parse(htmlTime, value[:min(len(value), len(htmlTime))])
		if err != nil {
			s.fault = "A time is not of the form 2026-12-31T23:59."
			continue
		}
		*t.at = at
		add(t.where, micros(at))
	}
	return s
}

func (c *consolePage) audit() {
	view := &console.Audit{}
	s := c.readSearch(view)
	if s.fault != "" {
		view.Fault = console.Text(s.fault)
		c.show(http.StatusBadRequest, "audit", "Audit trail", view)
		return
	}
	rows, next, stopped, err := c.searchTrail(s, c.cursor(), consoleRows)
	if err != nil {
		c.broken(err)
		return
	}
	for i := range rows {
		view.Rows = append(view.Rows, c.callRow(&rows[i].AuditEntry))
	}
	if next > 0 {
		values := c.r.URL.Query()
		pairs := []string{"before", strconv.FormatInt(next, 10), "outcome", values.Get("outcome"), "since", values.Get("since"), "until", values.Get("until")}
		for _, f := range auditFields() {
			pairs = append(pairs, f.name, values.Get(f.name))
		}
		view.Older, view.Stopped = c.link("audit", pairs...), stopped
	}
	c.show(http.StatusOK, "audit", "Audit trail", view)
}

// searchTrail returns rows that fit, the newest first, from a window of the trail,
// and where the search goes on, 0 = nowhere. stopped is set when the window ended
// before the page was full.
func (c *consolePage) searchTrail(s auditSearch, before int64, limit int) (list []trailRow, next int64, stopped time.Time, err error) {
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		if err := narrow(ctx, q, s.until, "SELECT seq FROM audit WHERE created_at >= ? ORDER BY created_at, seq LIMIT 1", func(seq int64) { before = min(before, seq+orderSlack) }); err != nil {
			return err
		}
		from, first, err := windowBefore(ctx, q, before)
		if err != nil {
			return err
		}
		if err := narrow(ctx, q, s.since, "SELECT seq FROM audit WHERE created_at < ? ORDER BY created_at DESC, seq DESC LIMIT 1", func(seq int64) {
			first = max(first, seq-orderSlack)
			from = max(from, first)
		}); err != nil {
			return err
		}
		where := append([]string{"seq < ?", "seq >= ?"}, s.where...)
		args := append(append([]any{before, from}, s.args...), limit)
		list, err = readTrail(ctx, q, strings.Join(where, " AND ")+" ORDER BY seq DESC LIMIT ?", args...)
		switch {
		case err != nil:
			return err
		case len(list) == limit:
			next = list[limit-1].seq
		case from > first:
			next = from
			var at int64
			err = q.scan(ctx, "SELECT created_at FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1", []any{from}, []any{&at})
			stopped = time.UnixMicro(at)
		}
		return err
	})
	return list, next, stopped, err
}

// orderSlack is how many rows the order of the trail may differ from that of its
// times: calls side by side, and a clock that was set.
const orderSlack = 2000

// narrow runs found with the row at the edge of a time, if there is one.
func narrow(ctx context.Context, q *statements, at time.Time, query string, found func(int64)) error {
	if at.IsZero() {
		return nil
	}
	var seq int64
	err := q.scan(ctx, query, []any{micros(at)}, []any{&seq})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		found(seq)
	}
	return err
}

// call shows one row whole.
func (c *consolePage) call() {
	var e AuditEntry
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		list, err := readTrail(ctx, q, "id = ?", strings.ToLower(c.params[0]))
		if err == nil && len(list) == 0 {
			err = sql.ErrNoRows
		}
		if err == nil {
			e = list[0].AuditEntry
		}
		return err
	})
	if err != nil {
		c.failed(err)
		return
	}
	view := &console.Call{Decided: c.decidedFacts(&e), Claimed: c.claimedFacts(&e)}
	view.Outcome, view.State = outcomeText(&e)
	c.show(http.StatusOK, "audit", callName(&e), view)
}

// facts leaves out what is empty.
func facts(list ...console.Fact) []console.Fact {
	return slices.DeleteFunc(list, func(f console.Fact) bool { return f.Value == "" && f.At.IsZero() })
}

func (c *consolePage) decidedFacts(e *AuditEntry) []console.Fact {
	agent, grant := console.Fact{Name: "Agent", Value: console.Block(cmp.Or(e.AgentName, e.AgentID))}, console.Fact{Name: "Grant", Value: console.Block(strings.TrimSpace(e.Provider + " " + e.GrantID))}
	if e.AgentID != "" {
		agent.Href = c.link("agents/" + e.AgentID)
	}
	if e.GrantID != "" {
		grant.Href = c.link("grants/" + e.GrantID)
	}
	return facts(
		console.Fact{Name: "Row", Value: console.Block(e.ID)}, console.Fact{Name: "Began", At: e.Time}, console.Fact{Name: "Completed", At: e.CompletedAt},
		agent, grant, console.Fact{Name: "Request", Value: console.Block(strings.TrimSpace(e.Method + " " + e.URL()))},
		console.Fact{Name: "Operation", Value: console.Block(strings.TrimSpace(e.Operation + " " + e.PathTemplate))}, console.Fact{Name: "Mode", Value: console.Block(e.Mode)},
		console.Fact{Name: "Decision", Value: console.Block(strings.TrimSpace(string(e.Decision) + " " + e.ReasonCode))}, console.Fact{Name: "Deciding rule", Value: console.Block(c.ruleText(e))},
		console.Fact{Name: "Time in the vault", Value: console.Block(console.Took(e.VaultTime))}, console.Fact{Name: "User", Value: console.Block(e.UserID)},
	)
}

func (c *consolePage) claimedFacts(e *AuditEntry) []console.Fact {
	list := []console.Fact{
		{Name: "Run", Value: console.Block(e.RunID), Href: c.link("timeline", "by", "run", "id", e.RunID)}, {Name: "Thread", Value: console.Block(e.ThreadID), Href: c.link("timeline", "by", "thread", "id", e.ThreadID)},
		{Name: "Trace", Value: console.Block(e.TraceID), Href: c.link("timeline", "by", "trace", "id", e.TraceID)}, {Name: "Span", Value: console.Block(e.SpanID)},
		{Name: "Tool", Value: console.Block(e.Tool)}, {Name: "Reason", Value: console.Block(e.Reason)}, {Name: "Caller", Value: console.Block(e.Caller)}, {Name: "Parent agent", Value: console.Block(e.ParentAgent)},
		{Name: "Operation", Value: console.Block(e.ClaimedOperation)}, {Name: "Provider", Value: console.Block(e.ClaimedProvider)},
	}
	if e.CallID != "" {
		list = append(list, console.Fact{Name: "Call and attempt", Value: console.Block(e.CallID + " " + strconv.Itoa(e.Attempt))})
	}
	if e.ProviderTime > 0 {
		list = append(list, console.Fact{Name: "Time at the provider", Value: console.Block(console.Took(e.ProviderTime))})
	}
	for _, name := range sortedKeys(e.Metadata) {
		list = append(list, console.Fact{Name: console.Text(name), Value: console.Block(e.Metadata[name])})
	}
	return facts(list...)
}
