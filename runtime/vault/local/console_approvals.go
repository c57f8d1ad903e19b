package local

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// heldRows lists calls that wait or waited, the newest first, and where the list
// goes on, 0 = nowhere. The condition's ?1 is now, ?2 the cursor.
func (c *consolePage) heldRows(condition string, before int64, limit int) (list []console.ApprovalRow, next int64, err error) {
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		var ids []string
		var last int64
		err := q.each(ctx, "SELECT id, rowid FROM held_calls WHERE "+condition+" ORDER BY rowid DESC LIMIT ?3", []any{micros(c.v.now()), before, limit}, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id, &last)
			ids = append(ids, id)
			return err
		})
		for _, id := range ids {
			if err != nil {
				return err
			}
			var a *Approval
			if a, err = c.v.viewHeld(ctx, q, id); a != nil {
				list = append(list, c.approvalRow(a))
			}
		}
		if len(ids) == limit {
			next = last
		}
		return err
	})
	return list, next, err
}

func approvalState(status string) console.Class {
	switch status {
	case wire.ApprovalPending:
		return "waiting"
	case wire.ApprovalDenied, wire.ApprovalExpired:
		return "refused"
	case wire.ApprovalFailed:
		return "failed"
	case wire.ApprovalExecuted, wire.ApprovalApproved:
		return "ok"
	}
	return "open"
}

func (c *consolePage) approvalRow(a *Approval) console.ApprovalRow {
	row := console.ApprovalRow{
		Call: console.Link{Href: c.link("approvals/" + a.ID), Text: console.Text(approvalName(a))}, Agent: console.Text(cmp.Or(a.AgentName, a.AgentID)),
		Grant: console.Text(strings.TrimSpace(a.Provider + " " + a.Account)), Status: console.Text(a.Status), State: approvalState(a.Status), Asked: a.CreatedAt, Deadline: a.ExpiresAt,
	}
	var by []string
	for i := range a.Gates {
		if a.Gates[i].DecidedBy != "" {
			by = append(by, a.Gates[i].DecidedBy)
		}
	}
	row.By = console.Text(strings.Join(by, ", "))
	return row
}

func approvalName(a *Approval) string {
	return cmp.Or(a.Operation, "a call that the vault has no name for")
}

func (c *consolePage) approvals() {
	view := &console.Approvals{}
	var err error
	view.Waiting, _, err = c.heldRows("state = 'pending' AND expires_at > ?1 AND rowid < ?2", fromNewest, consoleRows)
	if err == nil {
		var next int64
		view.Decided, next, err = c.heldRows("NOT (state = 'pending' AND expires_at > ?1) AND rowid < ?2", c.cursor(), consoleRows)
		if next > 0 {
			view.Older = c.link("approvals", "before", strconv.FormatInt(next, 10))
		}
	}
	if err != nil {
		c.broken(err)
		return
	}
	c.show(http.StatusOK, "approvals", "Approvals", view)
}

func (c *consolePage) approval() {
	a, err := c.v.Approval(c.ctx, c.params[0])
	if err != nil {
		if _, unknown := errors.AsType[*SpecError](err); unknown {
			err = sql.ErrNoRows
		}
		c.failed(err)
		return
	}
	view := &console.Approval{Status: console.Text(a.Status), State: approvalState(a.Status), Decide: a.Status == wire.ApprovalPending, Gone: len(a.Fields) == 0}
	if a.Reason != "" {
		view.Asks = append(view.Asks, console.Block("The caller says why: “"+a.Reason+"”"))
	}
	if view.Decide {
		view.Asks = append(view.Asks, "What you approve is what is sent, once.")
	}
	view.Facts = facts(
		console.Fact{Name: "Agent", Value: console.Block(cmp.Or(a.AgentName, a.AgentID)), Href: c.agentLink(a.AgentID)},
		console.Fact{Name: "Grant", Value: console.Block(strings.TrimSpace(a.Provider + " " + a.Account + " " + a.GrantID)), Href: c.link("grants/" + a.GrantID)},
		console.Fact{Name: "Asked", At: a.CreatedAt}, console.Fact{Name: "Without a decision it ends", At: a.ExpiresAt}, console.Fact{Name: "Decided", At: a.DecidedAt},
		console.Fact{Name: "Executed", At: a.ExecutedAt}, console.Fact{Name: "Decision's reason", Value: console.Block(a.DecisionReason)}, console.Fact{Name: "What went wrong", Value: console.Block(a.Fault)},
	)
	for _, g := range a.Gates {
		view.Gates = append(view.Gates, console.GateRow{
			Rule: console.Text(cmp.Or(g.Rule, g.RuleID, "the client's own")), Status: console.Text(g.Status), State: approvalState(g.Status), By: console.Text(g.DecidedBy), Deadline: g.ExpiresAt,
		})
	}
	for _, f := range a.Fields {
		view.Fields = append(view.Fields, console.RequestField{Place: console.Text(f.Place), Name: console.Text(f.Name), Value: console.Whole(f.Value), Note: console.Text(f.Note())})
	}
	title := approvalName(a)
	if view.Decide {
		title = "Approve " + title + "?"
	}
	c.show(http.StatusOK, "approvals", title, view)
}

// agentLink is empty for no agent.
func (c *consolePage) agentLink(id string) console.Href {
	if id == "" {
		return ""
	}
	return c.link("agents/" + id)
}

// decide takes what the operator says of a call, for all of its gates.
func (c *consolePage) decide() {
	d := ApprovalDecision{By: c.session.name(), Reason: truncateRunes(c.r.PostForm.Get("reason"), 500)}
	var err error
	done := ""
	switch c.r.PostForm.Get("action") {
	case "approve":
		done = "approved"
		_, err = c.v.Approve(c.ctx, c.params[0], d)
	case "deny":
		done = "denied"
		_, err = c.v.Deny(c.ctx, c.params[0], d)
	}
	if _, second := errors.AsType[*SpecError](err); second {
		done, err = "decided-before", nil
	}
	if err != nil {
		c.broken(err)
		return
	}
	c.redirect(string(c.link("approvals/"+c.params[0], "done", done)))
}
