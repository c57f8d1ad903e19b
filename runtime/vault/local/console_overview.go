package local

import (
	"context"
	"database/sql"
	"net/http"
	"strconv"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

const (
	overviewRows = 8
	soon         = 7 * 24 * time.Hour
)

// overview is what an operator looks at first: what waits, what needs care, what
// went on lately.
func (c *consolePage) overview() {
	view := &console.Overview{}
	var err error
	for _, part := range []func(*console.Overview) error{c.overviewCounts, c.overviewWaiting, c.overviewAttention, c.overviewRuns} {
		if err == nil {
			err = part(view)
		}
	}
	if err != nil {
		c.broken(err)
		return
	}
	c.show(http.StatusOK, "overview", "Overview", view)
}

func (c *consolePage) overviewCounts(view *console.Overview) error {
	return c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		now := micros(c.v.now())
		for _, n := range []struct {
			one, more console.Text
			href      console.Href
			query     string
		}{
			{"call waits for a person", "calls wait for a person", c.link("approvals"), "SELECT count(*) FROM held_calls WHERE state = 'pending' AND expires_at > ?1"},
			{"agent at work", "agents at work", c.link("agents"), "SELECT count(*) FROM agents WHERE status = 'active' AND ?1 > 0"},
			{"grant that works", "grants that work", c.link("grants"), "SELECT count(*) FROM grants WHERE revoked_at IS NULL AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)"},
			{"key that works", "keys that work", c.link("keys"), "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1) AND (grace_ends_at IS NULL OR grace_ends_at > ?1)"},
			{"call in the audit trail", "calls in the audit trail", c.link("audit"), "SELECT coalesce(max(seq), 0) FROM audit WHERE ?1 > 0"},
		} {
			var count int64
			if err := q.scan(ctx, n.query, []any{now}, []any{&count}); err != nil {
				return err
			}
			what := n.more
			if count == 1 {
				what = n.one
			}
			view.Counts = append(view.Counts, console.Count{N: console.Text(strconv.FormatInt(count, 10)), What: what, Href: n.href})
		}
		return nil
	})
}

func (c *consolePage) overviewWaiting(view *console.Overview) (err error) {
	view.Waiting, _, err = c.heldRows("state = 'pending' AND expires_at > ?1 AND rowid < ?2", fromNewest, overviewRows)
	return err
}

func (c *consolePage) overviewRuns(view *console.Overview) error {
	var err error
	if view.Runs, _, err = c.listRuns(fromNewest, overviewRows); err != nil {
		return err
	}
	rows, _, _, err := c.searchTrail(auditSearch{where: []string{"outcome IN ('denied','failed')"}}, fromNewest, overviewRows)
	for i := range rows {
		view.Refused = append(view.Refused, c.callRow(&rows[i].AuditEntry))
	}
	return err
}

// overviewAttention is what ends soon or does not work any more.
func (c *consolePage) overviewAttention(view *console.Overview) error {
	now := c.v.now()
	return c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		for _, n := range []struct {
			what, path console.Text
			query      string
		}{
			{"the provider no longer accepts its credential: the user has to connect the account again.", "grants/", `SELECT g.id, g.provider || ' ' || substr(g.id, 1, 8), NULL FROM grants g JOIN connections c ON c.id = g.connection_id
  WHERE c.needs_reconnect = 1 AND g.revoked_at IS NULL AND ?1 < ?2 LIMIT 8`},
			{"ends", "grants/", `SELECT id, provider || ' ' || substr(id, 1, 8), expires_at FROM grants WHERE revoked_at IS NULL AND expires_at > ?1 AND expires_at < ?2 ORDER BY expires_at LIMIT 8`},
			{"is suspended.", "agents/", `SELECT id, name, NULL FROM agents WHERE status = 'inactive' AND ?1 < ?2 LIMIT 8`},
			{"was rotated, and is in use until", "agents/", `SELECT agent_id, name, grace_ends_at FROM api_keys WHERE agent_id IS NOT NULL AND revoked_at IS NULL AND grace_ends_at > ?1 AND grace_ends_at < ?2 ORDER BY grace_ends_at LIMIT 8`},
		} {
			err := q.each(ctx, n.query, []any{micros(now), micros(now.Add(soon))}, func(rows *sql.Rows) error {
				var id, name string
				var at sql.NullInt64
				err := rows.Scan(&id, &name, &at)
				view.Attention = append(view.Attention, console.Notice{
					Link: console.Link{Href: c.link(string(n.path) + id), Text: console.Text(name)}, What: n.what, At: fromMicros(at),
				})
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
