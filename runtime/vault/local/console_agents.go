package local

import (
	"cmp"
	"context"
	"database/sql"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

func agentState(status string) (console.Text, console.Class) {
	switch AgentStatus(status) {
	case AgentActive:
		return "active", "ok"
	case AgentInactive:
		return "suspended", "waiting"
	}
	return console.Text(status), "refused"
}

// agents lists agents, the newest first.
func (c *consolePage) agents() {
	view := &console.Agents{}
	const query = `SELECT a.rowid, a.id, a.name, coalesce(a.display_name, ''), a.status, coalesce(p.name, ''), a.last_used_at,
  (SELECT count(*) FROM api_keys k WHERE k.agent_id = a.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?2) AND (k.grace_ends_at IS NULL OR k.grace_ends_at > ?2))
FROM agents a LEFT JOIN apps p ON p.id = a.app_id WHERE a.rowid < ?1 ORDER BY a.rowid DESC LIMIT ?3`
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		var last int64
		err := q.each(ctx, query, []any{c.cursor(), micros(c.v.now()), consoleRows}, func(rows *sql.Rows) error {
			var id, name, display, status, app string
			var used sql.NullInt64
			var keys int64
			err := rows.Scan(&last, &id, &name, &display, &status, &app, &used, &keys)
			row := console.AgentRow{Agent: console.Link{Href: c.link("agents/" + id), Text: console.Text(name)}, Name: console.Text(display), App: console.Text(app), Keys: console.Text(strconv.FormatInt(keys, 10)), Used: fromMicros(used)}
			row.Status, row.State = agentState(status)
			view.Rows = append(view.Rows, row)
			return err
		})
		if len(view.Rows) == consoleRows {
			view.Older = c.link("agents", "before", strconv.FormatInt(last, 10))
		}
		return err
	})
	if err != nil {
		c.broken(err)
		return
	}
	c.show(http.StatusOK, "agents", "Agents", view)
}

func (c *consolePage) readAgent() (a Agent, policy string, err error) {
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		list, err := c.v.readAgents(ctx, q, " WHERE a.id = ?2", strings.ToLower(c.params[0]))
		if err == nil && len(list) == 0 {
			err = sql.ErrNoRows
		}
		if err == nil {
			a, policy = list[0].operator(), string(list[0].policy)
		}
		return err
	})
	return a, policy, err
}

func (c *consolePage) agent() {
	a, policy, err := c.readAgent()
	if err != nil {
		c.failed(err)
		return
	}
	view := &console.Agent{Grants: c.link("grants", "agent", a.ID), Calls: c.link("audit", "agent", a.ID), Changes: c.link("changes", "of", a.ID), Facts: agentFacts(&a, policy)}
	view.Status, view.State = agentState(string(a.Status))
	switch a.Status {
	case AgentActive:
		view.Suspend = c.link("agents/" + a.ID + "/suspend")
	case AgentInactive:
		view.Resume = c.link("agents/" + a.ID + "/resume")
	}
	if view.Keys, _, err = c.keyRows("k.agent_id = ?2", fromNewest, a.ID); err != nil {
		c.broken(err)
		return
	}
	c.show(http.StatusOK, "agents", "Agent “"+a.Name+"”", view)
}

func agentFacts(a *Agent, policy string) []console.Fact {
	scopes := console.Block("every provider")
	if a.Scopes != nil {
		var lines []string
		for _, provider := range sortedKeys(a.Scopes) {
			lines = append(lines, provider+": "+strings.Join(a.Scopes[provider], " "))
		}
		scopes = console.Block(cmp.Or(strings.Join(lines, "\n"), "none"))
	}
	if policy == "{}" {
		policy = ""
	}
	list := []console.Fact{
		{Name: "ID", Value: console.Block(a.ID)}, {Name: "Display name", Value: console.Block(a.DisplayName)}, {Name: "Type", Value: console.Block(a.Type)}, {Name: "Allowlist", Value: scopes},
		{Name: "Policy", Value: console.Block(policy)}, {Name: "Made", At: a.CreatedAt}, {Name: "Last used", At: a.LastUsedAt},
	}
	for _, name := range sortedKeys(a.Metadata) {
		list = append(list, console.Fact{Name: console.Text(name), Value: console.Block(a.Metadata[name])})
	}
	return facts(list...)
}

func (c *consolePage) suspendAgent() (*consoleAction, error) {
	a, _, err := c.readAgent()
	return &consoleAction{
		title: "Suspend the agent “" + a.Name + "”?", button: "Suspend the agent", section: "agents", danger: true, back: c.link("agents/" + a.ID), done: "agent-suspended",
		lines: []string{"Its keys are refused until it is resumed. Its grants and keys stay as they are."},
		do:    func(ctx context.Context) error { return c.v.PauseAgent(ctx, a.ID) },
	}, err
}

func (c *consolePage) resumeAgent() (*consoleAction, error) {
	a, _, err := c.readAgent()
	return &consoleAction{
		title: "Resume the agent “" + a.Name + "”?", button: "Resume the agent", section: "agents", back: c.link("agents/" + a.ID), done: "agent-resumed",
		lines: []string{"Its keys work again, and reach what they reached before."},
		do:    func(ctx context.Context) error { return c.v.ResumeAgent(ctx, a.ID) },
	}, err
}

const selectKeyLines = `SELECT k.rowid, k.id, k.name, k.prefix, k.kind, k.scopes, coalesce(k.agent_id, ''), coalesce(a.name, p.name, ''), k.created_at, k.expires_at, k.deprecated_at, k.grace_ends_at, k.revoked_at, k.last_used_at
FROM api_keys k LEFT JOIN agents a ON a.id = k.agent_id LEFT JOIN apps p ON p.id = k.app_id WHERE k.rowid < ?1 AND `

// keyRows lists keys, the newest first, and where the list goes on, 0 = nowhere.
// The condition's parameters begin at ?2.
func (c *consolePage) keyRows(condition string, before int64, args ...any) (list []console.KeyRow, next int64, err error) {
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		err := q.each(ctx, selectKeyLines+condition+" ORDER BY k.rowid DESC LIMIT 50", append([]any{before}, args...), func(rows *sql.Rows) error {
			var id, name, prefix, kind, scopes, agentID, owner string
			var at [6]sql.NullInt64
			if err := rows.Scan(&next, &id, &name, &prefix, &kind, &scopes, &agentID, &owner, &at[0], &at[1], &at[2], &at[3], &at[4], &at[5]); err != nil {
				return err
			}
			row := console.KeyRow{
				Name: console.Text(name), Prefix: console.Text(prefix), Owner: console.Link{Href: c.agentLink(agentID), Text: console.Text(owner)}, Kind: keyKind(kind),
				Scopes: keyScopes(scopes), Made: fromMicros(at[0]), Used: fromMicros(at[5]),
			}
			row.Status, row.State = keyStatus(c.v.now(), fromMicros(at[1]), fromMicros(at[2]), fromMicros(at[3]), fromMicros(at[4]))
			if !at[4].Valid {
				row.Revoke = c.link("keys/" + id + "/revoke")
				if !at[2].Valid {
					row.Deprecate = c.link("keys/" + id + "/deprecate")
				}
			}
			list = append(list, row)
			return nil
		})
		return err
	})
	if len(list) < consoleRows {
		next = 0
	}
	return list, next, err
}

func keyKind(kind string) console.Text {
	switch kind {
	case "rk":
		return "of an application"
	case "dk":
		return "derived"
	}
	return "of an agent"
}

func keyScopes(stored string) console.Text {
	var list []string
	if stored == "" {
		return "an agent's usual ones"
	}
	if json.Unmarshal([]byte(stored), &list) != nil { // it was written by the vault
		return ""
	}
	return console.Text(strings.Join(list, " "))
}

func keyStatus(now, expires, deprecated, grace, revoked time.Time) (console.Text, console.Class) {
	past := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	switch {
	case !revoked.IsZero():
		return "revoked", "refused"
	case past(expires):
		return "expired", "refused"
	case past(grace):
		return "rotated, overlap over", "refused"
	case !deprecated.IsZero():
		return "deprecated", "waiting"
	}
	return "works", "ok"
}

func (c *consolePage) keys() {
	list, next, err := c.keyRows("?2 = ''", c.cursor(), "")
	if err != nil {
		c.broken(err)
		return
	}
	view := &console.Keys{Rows: list}
	if next > 0 {
		view.Older = c.link("keys", "before", strconv.FormatInt(next, 10))
	}
	c.show(http.StatusOK, "keys", "Keys", view)
}

// keyOf reads the key of the page's address, and where its list is.
func (c *consolePage) keyOf() (id, name string, back console.Href, err error) {
	var agentID string
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, "SELECT id, name, coalesce(agent_id, '') FROM api_keys WHERE id = ? AND revoked_at IS NULL", []any{strings.ToLower(c.params[0])}, []any{&id, &name, &agentID})
	})
	back = c.agentLink(agentID)
	if back == "" {
		back = c.link("keys")
	}
	return id, name, back, err
}

func (c *consolePage) deprecateKey() (*consoleAction, error) {
	id, name, back, err := c.keyOf()
	return &consoleAction{
		title: "Deprecate the key “" + name + "”?", button: "Deprecate the key", section: "keys", back: back, done: "key-deprecated",
		lines: []string{"It goes on working. Every answer to it tells the client that it should be replaced."},
		do:    func(ctx context.Context) error { return c.v.DeprecateKey(ctx, id) },
	}, err
}

func (c *consolePage) revokeKey() (*consoleAction, error) {
	id, name, back, err := c.keyOf()
	return &consoleAction{
		title: "Revoke the key “" + name + "”?", button: "Revoke the key", section: "keys", danger: true, back: back, done: "key-revoked",
		lines: []string{"It ends at once and for good, and so do the keys that were derived from it."},
		do:    func(ctx context.Context) error { return c.v.RevokeKey(ctx, id) },
	}, err
}
