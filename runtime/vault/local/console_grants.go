package local

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

// grantLine is a grant with the names of whom it belongs to.
type grantLine struct {
	Grant
	rowID                int64
	accountName, policy  string
	app, agent, userName string
	delegations          int64
	used, deleted        time.Time
	reconnect            bool
}

const selectGrantLines = `SELECT g.rowid, g.id, coalesce(g.app_id, ''), coalesce(g.agent_id, ''), coalesce(g.user_id, ''), coalesce(g.group_id, ''), coalesce(g.group_idp, ''), g.provider, g.account, g.account_name, g.label, g.hosts, g.scopes,
  g.proxy_only, g.delegable, g.policy, g.created_at, g.expires_at, g.revoked_at, g.deleted_at, g.last_used_at, coalesce(c.needs_reconnect, 0), coalesce(p.name, ''), coalesce(a.name, ''),
  coalesce(nullif(u.display_name, ''), nullif(u.email, ''), u.subject, ''), (SELECT count(*) FROM delegations d WHERE d.grant_id = g.id)
FROM grants g LEFT JOIN connections c ON c.id = g.connection_id LEFT JOIN apps p ON p.id = g.app_id LEFT JOIN agents a ON a.id = g.agent_id LEFT JOIN app_users u ON u.id = g.user_id WHERE `

func readGrantLines(ctx context.Context, q *statements, where string, args ...any) (list []grantLine, err error) {
	err = q.each(ctx, selectGrantLines+where, args, func(rows *sql.Rows) error {
		var g grantLine
		var hosts, scopes []byte
		var at [5]sql.NullInt64
		err := rows.Scan(&g.rowID, &g.ID, &g.AppID, &g.AgentID, &g.UserID, &g.GroupID, &g.GroupProvider, &g.Provider, &g.Account, &g.accountName, &g.Label, &hosts, &scopes, &g.ProxyOnly, &g.Delegable, &g.policy,
			&at[0], &at[1], &at[2], &at[3], &at[4], &g.reconnect, &g.app, &g.agent, &g.userName, &g.delegations)
		if err != nil {
			return err
		}
		for i, dst := range []*time.Time{&g.CreatedAt, &g.ExpiresAt, &g.RevokedAt, &g.deleted, &g.used} {
			*dst = fromMicros(at[i])
		}
		if err = json.Unmarshal(hosts, &g.Hosts); err == nil {
			err = json.Unmarshal(scopes, &g.Scopes)
		}
		list = append(list, g)
		return err
	})
	return list, err
}

func (g *grantLine) name() string { return g.Provider + " " + g.ID[:8] }

func (g *grantLine) owner() string {
	switch {
	case g.UserID != "":
		return "the user “" + shortName(g.userName) + "” of “" + shortName(g.app) + "”"
	case g.AgentID != "":
		return "the agent “" + shortName(g.agent) + "”"
	case g.GroupID != "":
		return "the group “" + shortName(g.GroupID) + "” at " + shortName(g.GroupProvider) + ", in “" + shortName(g.app) + "”"
	}
	return "the application “" + shortName(g.app) + "”"
}

func (g *grantLine) account() string {
	account := cmp.Or(g.accountName, g.Account)
	if g.Label != "" {
		account += " (" + g.Label + ")"
	}
	return strings.TrimSpace(account)
}

func (g *grantLine) status(now time.Time) (console.Text, console.Class) {
	switch {
	case !g.deleted.IsZero():
		return "deleted", "refused"
	case !g.RevokedAt.IsZero():
		return "revoked", "refused"
	case !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(now):
		return "expired", "refused"
	case g.reconnect:
		return "has to be connected again", "failed"
	}
	return "works", "ok"
}

// grants lists grants, the newest first.
func (c *consolePage) grants() {
	provider, agent := c.query("provider"), c.query("agent")
	where, args := "g.rowid < ? AND g.deleted_at IS NULL", []any{c.cursor()}
	if provider != "" {
		where, args = where+" AND g.provider = ?", append(args, provider)
	}
	if agent != "" {
		where += " AND (g.agent_id IN (SELECT id FROM agents WHERE id = ? OR name = ?) OR g.id IN (SELECT d.grant_id FROM delegations d JOIN agents x ON x.id = d.agent_id WHERE x.id = ? OR x.name = ?))"
		args = append(args, agent, agent, agent, agent)
	}
	view := &console.Grants{Fields: []console.Field{{Name: "provider", Label: "Provider", Value: console.Text(provider)}, {Name: "agent", Label: "Agent in whose reach (ID or name)", Value: console.Text(agent)}}}
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		list, err := readGrantLines(ctx, q, where+" ORDER BY g.rowid DESC LIMIT ?", append(args, consoleRows)...)
		for i := range list {
			g := &list[i]
			row := console.GrantRow{
				Grant: console.Link{Href: c.link("grants/" + g.ID), Text: console.Text(g.name())}, Account: console.Text(g.account()), Owner: console.Block(g.owner()),
				Delegates: console.Text(strconv.FormatInt(g.delegations, 10)), Expires: g.ExpiresAt, Used: g.used,
			}
			row.Status, row.State = g.status(c.v.now())
			view.Rows = append(view.Rows, row)
		}
		if len(list) == consoleRows {
			view.Older = c.link("grants", "provider", provider, "agent", agent, "before", strconv.FormatInt(list[len(list)-1].rowID, 10))
		}
		return err
	})
	if err != nil {
		c.broken(err)
		return
	}
	c.show(http.StatusOK, "grants", "Grants", view)
}

// delegationLine is a path to a grant with the name of its agent.
type delegationLine struct {
	delegation
	agentName string
	status    AgentStatus
}

func readDelegations(ctx context.Context, q *statements, grantID string) (list []delegationLine, err error) {
	const query = `SELECT d.agent_id, a.name, a.status, coalesce(d.parent_agent_id, ''), d.delegable, coalesce(d.scope_constraint, 'null'), d.created_at, d.expires_at
FROM delegations d JOIN agents a ON a.id = d.agent_id WHERE d.grant_id = ? ORDER BY d.created_at, d.agent_id LIMIT 1000`
	err = q.each(ctx, query, []any{grantID}, func(rows *sql.Rows) error {
		var d delegationLine
		var scopes []byte
		var created, expires sql.NullInt64
		if err := rows.Scan(&d.agentID, &d.agentName, &d.status, &d.parentAgent, &d.delegable, &scopes, &created, &expires); err != nil {
			return err
		}
		d.grantID, d.created, d.expires = grantID, fromMicros(created), fromMicros(expires)
		err := json.Unmarshal(scopes, &d.scopeConstraint)
		list = append(list, d)
		return err
	})
	return list, err
}

// delegationTree hangs each path under the agent that handed it on; what was
// handed on by an agent without a path stands on its own.
func (c *consolePage) delegationTree(list []delegationLine, revocable bool) []console.Delegation {
	children := map[string][]int{}
	known := map[string]bool{}
	for i := range list {
		known[list[i].agentID] = true
	}
	for i := range list {
		parent := list[i].parentAgent
		if !known[parent] {
			parent = ""
		}
		children[parent] = append(children[parent], i)
	}
	var hang func(parent string, depth int) []console.Delegation
	hang = func(parent string, depth int) (out []console.Delegation) {
		if depth > maxDelegationDepth {
			return nil
		}
		for _, i := range children[parent] {
			d := &list[i]
			node := console.Delegation{
				Agent: console.Link{Href: c.link("agents/" + d.agentID), Text: console.Text(d.agentName)}, Scopes: "all of the grant's", Expires: d.expires, Children: hang(d.agentID, depth+1),
			}
			if d.scopeConstraint != nil {
				node.Scopes = console.Text(cmp.Or(strings.Join(d.scopeConstraint, " "), "none"))
			}
			if d.delegable {
				node.Notes = append(node.Notes, "may hand it on")
			}
			if d.status != AgentActive {
				node.Notes = append(node.Notes, console.Text("the agent is "+string(d.status)))
			}
			if !d.expires.IsZero() && !d.expires.After(c.v.now()) {
				node.Notes = append(node.Notes, "over")
			}
			if revocable {
				node.Revoke = c.link("grants/" + d.grantID + "/delegations/" + d.agentID + "/revoke")
			}
			out = append(out, node)
		}
		return out
	}
	return hang("", 0)
}

// readGrant reads the grant of the page's address with its paths.
func (c *consolePage) readGrant() (g grantLine, paths []delegationLine, err error) {
	err = c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		list, err := readGrantLines(ctx, q, "g.id = ?", strings.ToLower(c.params[0]))
		if err == nil && len(list) == 0 {
			err = sql.ErrNoRows
		}
		if err != nil {
			return err
		}
		g = list[0]
		paths, err = readDelegations(ctx, q, g.ID)
		return err
	})
	return g, paths, err
}

func (c *consolePage) grant() {
	g, paths, err := c.readGrant()
	if err != nil {
		c.failed(err)
		return
	}
	view := &console.Grant{Owner: console.Block(g.owner()), Facts: grantFacts(&g), Calls: c.link("audit", "grant", g.ID), Changes: c.link("changes", "of", g.ID)}
	view.Status, view.State = g.status(c.v.now())
	alive := g.RevokedAt.IsZero()
	view.Delegations = c.delegationTree(paths, alive)
	if alive {
		view.Revoke = c.link("grants/" + g.ID + "/revoke")
	}
	c.show(http.StatusOK, "grants", "Grant "+g.name(), view)
}

func grantFacts(g *grantLine) []console.Fact {
	yes := func(b bool, word console.Block) console.Block {
		if b {
			return word
		}
		return ""
	}
	policy := g.policy
	if policy == "{}" {
		policy = ""
	}
	return facts(
		console.Fact{Name: "ID", Value: console.Block(g.ID)}, console.Fact{Name: "Application", Value: console.Block(g.app)}, console.Fact{Name: "Account", Value: console.Block(g.account())},
		console.Fact{Name: "Hosts", Value: console.Block(strings.Join(g.Hosts, "\n"))}, console.Fact{Name: "Scopes", Value: console.Block(strings.Join(g.Scopes, "\n"))},
		console.Fact{Name: "Credential", Value: yes(g.ProxyOnly, "never leaves the vault")}, console.Fact{Name: "Delegation", Value: yes(g.Delegable, "agents may hand it on")},
		console.Fact{Name: "Policy", Value: console.Block(policy)}, console.Fact{Name: "Made", At: g.CreatedAt}, console.Fact{Name: "Expires", At: g.ExpiresAt}, console.Fact{Name: "Revoked", At: g.RevokedAt},
		console.Fact{Name: "Last used", At: g.used},
	)
}

func (c *consolePage) revokeGrant() (*consoleAction, error) {
	g, paths, err := c.readGrant()
	if err != nil {
		return nil, err
	}
	a := &consoleAction{
		title: "Revoke the grant " + g.name() + "?", button: "Revoke the grant", section: "grants", danger: true, back: c.link("grants/" + g.ID), done: "grant-revoked", facts: grantFacts(&g),
		lines: []string{"It ends for " + g.owner() + " and everybody else, at once and for good. Its credential is erased, unless another grant shares it."},
		do:    func(ctx context.Context) error { return c.v.RevokeGrant(ctx, g.ID) },
	}
	if len(paths) > 0 {
		a.lines = append(a.lines, fmt.Sprintf("%d delegations end with it.", len(paths)))
	}
	return a, nil
}

func (c *consolePage) revokeDelegation() (*consoleAction, error) {
	g, paths, err := c.readGrant()
	if err != nil {
		return nil, err
	}
	for i := range paths {
		if !strings.EqualFold(paths[i].agentID, c.params[1]) {
			continue
		}
		agentID := paths[i].agentID
		return &consoleAction{
			title: "Take the grant " + g.name() + " away from “" + paths[i].agentName + "”?", button: "Revoke the delegation", section: "grants", danger: true, back: c.link("grants/" + g.ID), done: "delegation-revoked",
			lines: []string{"The agent loses its path to the grant, and so do the agents that it handed the grant on to. The grant and its other paths stay."},
			do:    func(ctx context.Context) error { return c.v.RevokeDelegation(ctx, g.ID, agentID) },
		}, nil
	}
	return nil, sql.ErrNoRows
}
