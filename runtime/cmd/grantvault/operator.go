package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

func exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "vault.db"))
	return err == nil
}

type initCommand struct{}

// Run makes a vault. Doing it again changes nothing.
func (initCommand) Run(t *tool) error {
	if err := t.needDir(); err != nil {
		return err
	}
	verb := "made"
	if exists(t.dir) {
		verb = "found"
	}
	v, err := local.Open(t.dir)
	if err != nil {
		return err
	}
	if err := v.Close(); err != nil {
		return err
	}
	return t.print("%s a vault in %s; keep its master.key out of backups of vault.db\n", verb, t.dir)
}

// table prints rows of columns, the head first.
func (t *tool) table(rows ...[]string) error {
	w := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// secret reads one line from standard input.
func (t *tool) secret(what string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(t.stdin, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading %s from standard input: %w", what, err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fmt.Errorf("standard input holds no %s", what)
	}
	return line, nil
}

func day(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

func dash(s string) string { return cmp.Or(s, "-") }

type appCommand struct {
	Create appCreate `cmd:"" help:"Add an application; prints its key, once."`
	List   appList   `cmd:"" help:"List the applications."`
	Mint   appMint   `cmd:"" help:"Give an application a further key; prints it, once."`
}

type appCreate struct {
	Name   string   `arg:"" help:"Unique in the vault."`
	Scopes []string `help:"What its key may do; everything when left out."`
}

// Run adds the app.
func (c *appCreate) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		app, err := v.CreateApp(t.ctx, local.AppSpec{Name: c.Name, Scopes: c.Scopes})
		if err != nil {
			return err
		}
		return t.print("ALTER_APP_ID=%s\nALTER_APP_KEY_ID=%s\nALTER_APP_KEY=%s\n", app.ID, app.KeyID, app.Key)
	})
}

type appList struct{}

// Run lists the apps.
func (appList) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		apps, err := v.Apps(t.ctx)
		rows := [][]string{{"ID", "NAME", "CREATED"}}
		for _, a := range apps {
			rows = append(rows, []string{a.ID, a.Name, day(a.CreatedAt)})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type appMint struct {
	App    string   `arg:"" help:"ID of the application."`
	Scopes []string `help:"What the key may do; everything when left out."`
}

// Run mints a key.
func (c *appMint) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		app, err := v.MintAppKey(t.ctx, c.App, c.Scopes)
		if err != nil {
			return err
		}
		return t.print("ALTER_APP_KEY_ID=%s\nALTER_APP_KEY=%s\n", app.KeyID, app.Key)
	})
}

type agentCommand struct {
	Create agentCreate `cmd:"" help:"Add an agent; prints its key, once."`
	List   agentList   `cmd:"" help:"List the agents."`
	Pause  agentPause  `cmd:"" help:"Suspend an agent."`
	Resume agentResume `cmd:"" help:"End a suspension."`
	Revoke agentRevoke `cmd:"" help:"End an agent and its keys for good."`
}

type agentCreate struct {
	Name        string `arg:"" help:"Unique among the application's agents."`
	App         string `help:"ID of the application; may be left out while there is one."`
	DisplayName string `help:"What users read."`
}

// Run adds the agent.
func (c *agentCreate) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		a, err := v.CreateAgent(t.ctx, local.AgentSpec{AppID: c.App, Name: c.Name, DisplayName: c.DisplayName})
		if err != nil {
			return err
		}
		return t.print("ALTER_AGENT_ID=%s\nALTER_AGENT_KEY_ID=%s\nALTER_AGENT_KEY=%s\n", a.ID, a.KeyID, a.Key)
	})
}

type agentList struct{}

// Run lists the agents.
func (agentList) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		agents, err := v.Agents(t.ctx)
		rows := [][]string{{"ID", "NAME", "APP", "STATUS", "CREATED", "LAST USED"}}
		for _, a := range agents {
			rows = append(rows, []string{a.ID, a.Name, dash(a.AppID), string(a.Status), day(a.CreatedAt), day(a.LastUsedAt)})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type oneAgent struct {
	Agent string `arg:"" help:"ID of the agent."`
}

type (
	agentPause  oneAgent
	agentResume oneAgent
	agentRevoke oneAgent
)

// Run pauses.
func (c *agentPause) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.PauseAgent(t.ctx, c.Agent) })
}

// Run resumes.
func (c *agentResume) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.ResumeAgent(t.ctx, c.Agent) })
}

// Run revokes.
func (c *agentRevoke) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.RevokeAgent(t.ctx, c.Agent) })
}

type keyCommand struct {
	Mint   keyMint   `cmd:"" help:"Give an agent a further key; prints it, once."`
	Revoke keyRevoke `cmd:"" help:"End a key at once."`
}

type keyMint struct {
	Agent string `arg:"" help:"ID of the agent."`
}

// Run mints a key.
func (c *keyMint) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		k, err := v.MintKey(t.ctx, c.Agent)
		if err != nil {
			return err
		}
		return t.print("ALTER_AGENT_KEY_ID=%s\nALTER_AGENT_KEY=%s\n", k.KeyID, k.Key)
	})
}

type keyRevoke struct {
	Key string `arg:"" help:"ID of the key, not the key."`
}

// Run revokes a key.
func (c *keyRevoke) Run(t *tool) error {
	if strings.HasPrefix(c.Key, "alter_") {
		return usageError("key revoke takes the ID of a key, not the key; if that was one, revoke it by its ID now: it is in your shell's history")
	}
	return t.with(func(v *local.Vault) error { return v.RevokeKey(t.ctx, c.Key) })
}
