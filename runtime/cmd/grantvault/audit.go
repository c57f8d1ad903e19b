package main

import (
	"cmp"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type auditCommand struct {
	List auditList `cmd:"" help:"Print the trail, oldest first: calls, and changes of who may do what. Works beside a running vault."`
}

type auditList struct {
	JSON  bool   `name:"json" help:"One JSON object a line; its kind is call or event."`
	Kind  string `enum:"all,call,event" default:"all" help:"Only calls, or only changes: one of ${enum}."`
	RunID string `name:"run" help:"Only this run."`
	Agent string `help:"Only the agent with this ID; changes by it, or of it."`
	Grant string `help:"Only the grant with this ID."`
}

// oneLine escapes the characters that JSON leaves alone and that some readers
// take for the end of a line (Python's splitlines, for one). In JSON they occur
// in strings only.
var oneLine = strings.NewReplacer("\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`)

// auditLine is one row of the trail: a call or a change.
type auditLine struct {
	at    time.Time
	json  any
	table []string
}

// Run prints every row that fits, one a line.
func (c *auditList) Run(t *tool) error {
	if err := t.needDir(); err != nil {
		return err
	}
	rows := [][]string{{"TIME", "AGENT", "OPERATION", "GRANT", "RUN", "OUTCOME", "STATUS"}}
	for line, err := range c.lines(t) {
		switch {
		case err != nil:
			return err
		case !c.JSON:
			rows = append(rows, line.table)
			continue
		}
		raw, err := json.Marshal(line.json)
		if err != nil {
			return err
		}
		if err := t.print("%s\n", oneLine.Replace(string(raw))); err != nil {
			return err
		}
	}
	if c.JSON {
		return nil
	}
	return t.table(rows...)
}

// lines merges both trails by time, without holding either in memory.
func (c *auditList) lines(t *tool) iter.Seq2[auditLine, error] {
	calls := mapped(local.ReadAudit(t.ctx, t.dir, local.AuditFilter{RunID: c.RunID, AgentID: c.Agent, GrantID: c.Grant}), callLine)
	events := mapped(local.ReadEvents(t.ctx, t.dir, local.EventFilter{RunID: c.RunID, AgentID: c.Agent, GrantID: c.Grant}), eventLine)
	switch c.Kind {
	case "call":
		return calls
	case "event":
		return events
	}
	return func(yield func(auditLine, error) bool) {
		next, stop := iter.Pull2(events)
		defer stop()
		event, eventErr, more := next()
		for call, err := range calls {
			for ; more && err == nil && (eventErr != nil || !event.at.After(call.at)); event, eventErr, more = next() {
				if !yield(event, eventErr) {
					return
				}
			}
			if !yield(call, err) {
				return
			}
		}
		for more && yield(event, eventErr) {
			event, eventErr, more = next()
		}
	}
}

func mapped[T any](rows iter.Seq2[T, error], line func(T) auditLine) iter.Seq2[auditLine, error] {
	return func(yield func(auditLine, error) bool) {
		for row, err := range rows {
			if !yield(line(row), err) {
				return
			}
		}
	}
}

func callLine(e local.AuditEntry) auditLine {
	status := "-"
	if e.Status != 0 {
		status = strconv.Itoa(e.Status)
	}
	return auditLine{e.Time, e, []string{
		e.Time.UTC().Format(time.RFC3339), dash(e.AgentName), cmp.Or(e.Operation, e.Method+" "+e.URL()), dash(e.Provider) + " " + dash(e.GrantID),
		dash(e.RunID), string(e.Outcome), status,
	}}
}

func eventLine(e local.Event) auditLine {
	who := strings.TrimSpace(string(e.Actor) + " " + cmp.Or(e.ActorName, e.AgentID, e.UserID, e.AppID))
	return auditLine{e.Time, e, []string{
		e.Time.UTC().Format(time.RFC3339), who, strings.TrimSpace(e.Action + " " + e.TargetID), dash(e.GrantID), dash(e.RunID), "-", "-",
	}}
}
