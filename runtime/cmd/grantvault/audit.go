package main

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type auditCommand struct {
	List auditList `cmd:"" help:"Print the trail, oldest first. Works beside a running vault."`
}

type auditList struct {
	JSON  bool   `name:"json" help:"One JSON object a line."`
	RunID string `name:"run" help:"Only this run."`
	Agent string `help:"Only the agent with this ID."`
	Grant string `help:"Only the grant with this ID."`
}

// oneLine escapes the characters that JSON leaves alone and that some readers
// take for the end of a line (Python's splitlines, for one). In JSON they occur
// in strings only.
var oneLine = strings.NewReplacer("\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`)

// Run prints every row that fits, one a line.
func (c *auditList) Run(t *tool) error {
	if err := t.needDir(); err != nil {
		return err
	}
	filter := local.AuditFilter{RunID: c.RunID, AgentID: c.Agent, GrantID: c.Grant}
	rows := [][]string{{"TIME", "AGENT", "OPERATION", "GRANT", "RUN", "OUTCOME", "STATUS"}}
	for e, err := range local.ReadAudit(t.ctx, t.dir, filter) {
		if err != nil {
			return err
		}
		if c.JSON {
			line, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if err := t.print("%s\n", oneLine.Replace(string(line))); err != nil {
				return err
			}
			continue
		}
		status := "-"
		if e.Status != 0 {
			status = strconv.Itoa(e.Status)
		}
		rows = append(rows, []string{
			e.Time.UTC().Format(time.RFC3339), dash(e.AgentName), cmp.Or(e.Operation, e.Method+" "+e.URL()), dash(e.Provider) + " " + dash(e.GrantID),
			dash(e.RunID), string(e.Outcome), status,
		})
	}
	if c.JSON {
		return nil
	}
	return t.table(rows...)
}
