package local

import (
	"cmp"
	"context"
	"database/sql"
	"net/http"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

// changes lists events, the newest first: all, or those of one agent or grant.
func (c *consolePage) changes() {
	of := strings.ToLower(c.query("of"))
	where, args := "seq < ?", []any{c.cursor()}
	if of != "" {
		// Each branch has an index of its own.
		where = "seq < ? AND seq IN (SELECT seq FROM events WHERE target_id = ? UNION SELECT seq FROM events WHERE grant_id = ? AND grant_id <> '')"
		args = append(args, of, of)
	}
	view := &console.Changes{}
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		var last int64
		err := q.each(ctx, "SELECT "+eventColumns+", seq FROM events WHERE "+where+" ORDER BY seq DESC LIMIT ?", append(args, consoleRows), func(rows *sql.Rows) error {
			e, err := scanEvent(rows, &last)
			if err == nil {
				view.Rows = append(view.Rows, c.changeRow(&e))
			}
			return err
		})
		if len(view.Rows) == consoleRows {
			view.Older = c.link("changes", "of", of, "before", strconv.FormatInt(last, 10))
		}
		return err
	})
	if err != nil {
		c.broken(err)
		return
	}
	title := "Changes"
	if of != "" {
		title += " of " + of
	}
	c.show(http.StatusOK, "changes", title, view)
}

func (c *consolePage) changeRow(e *Event) console.ChangeRow {
	row := console.ChangeRow{At: e.Time, Action: console.Text(e.Action), By: console.Text(strings.TrimSpace(string(e.Actor) + " " + cmp.Or(e.ActorName, e.AgentID, e.AppID)))}
	row.Of.Text = console.Text(e.TargetID)
	switch {
	case e.GrantID != "":
		row.Of = console.Link{Href: c.link("grants/" + e.GrantID), Text: console.Text("grant " + e.GrantID[:min(8, len(e.GrantID))])}
	case e.Target == "agent" && e.TargetID != "":
		row.Of = console.Link{Href: c.link("agents/" + e.TargetID), Text: console.Text("agent " + cmp.Or(e.Details["name"], e.TargetID))}
	}
	var details []string
	for _, name := range sortedKeys(e.Details) {
		details = append(details, name+": "+e.Details[name])
	}
	row.Details = console.Text(strings.Join(details, ", "))
	return row
}
