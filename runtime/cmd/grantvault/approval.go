package main

import (
	"errors"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type approvalCommand struct {
	List approvalList `cmd:"" help:"List calls that wait for a person."`
	Show approvalShow `cmd:"" help:"Print the whole request of a call, field by field."`
}

type approvalList struct {
	All bool `help:"Those that were decided, too."`
}

// Run lists the approvals.
func (c *approvalList) Run(t *tool) error {
	return t.withKnown(func(v *local.Vault) error {
		list, err := v.Approvals(t.ctx, c.All)
		rows := [][]string{{"ID", "STATUS", "AGENT", "PROVIDER", "OPERATION", "EXPIRES"}}
		for _, a := range list {
			rows = append(rows, []string{a.ID, a.Status, dash(a.AgentName), a.Provider, dash(a.Operation), day(a.ExpiresAt)})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type approvalShow struct {
	ID string `arg:"" help:"ID of the call or of one of its gates."`
}

// Run prints one approval. What would act upon the terminal is spelled out.
func (c *approvalShow) Run(t *tool) error {
	return t.withKnown(func(v *local.Vault) error {
		a, err := v.Approval(t.ctx, c.ID)
		if err != nil {
			return err
		}
		rows := [][]string{
			{"status", a.Status}, {"agent", dash(a.AgentName)}, {"provider", strings.TrimSpace(a.Provider + " " + a.Account)}, {"operation", dash(a.Operation)},
			{"reason", dash(a.Reason)}, {"expires", day(a.ExpiresAt)},
		}
		for _, g := range a.Gates {
			rows = append(rows, []string{"gate " + g.ID, g.Status + " (" + dash(g.Rule) + ")"})
		}
		for _, f := range a.Fields {
			rows = append(rows, []string{strings.TrimSpace(f.Place + " " + f.Name), withNote(strings.ReplaceAll(f.Value, "\n", "\n\t"), f.Note())})
		}
		for _, row := range rows {
			row[0], row[1] = local.Visible(row[0]), local.Visible(row[1])
		}
		return t.table(rows...)
	})
}

// withNote puts what the operation says of a field behind its value.
func withNote(value, note string) string {
	if note == "" {
		return value
	}
	return strings.TrimSpace(value + "  (" + note + ")")
}

type decision struct {
	ID     string `arg:"" help:"ID of the call or of one of its gates."`
	Reason string `help:"Told to the caller."`
}

type (
	approveCommand decision
	denyCommand    decision
)

// Run approves, and executes the call when it was the last approval.
func (c *approveCommand) Run(t *tool) error {
	return t.withKnown(func(v *local.Vault) error {
		a, err := v.Approve(t.ctx, c.ID, local.ApprovalDecision{By: "operator", Reason: c.Reason})
		return t.printStatus(a, err)
	})
}

// Run denies.
func (c *denyCommand) Run(t *tool) error {
	return t.withKnown(func(v *local.Vault) error {
		a, err := v.Deny(t.ctx, c.ID, local.ApprovalDecision{By: "operator", Reason: c.Reason})
		return t.printStatus(a, err)
	})
}

func (t *tool) printStatus(a *local.Approval, err error) error {
	if err != nil {
		return err
	}
	return t.print("%s %s\n", a.ID, local.Visible(strings.TrimSpace(a.Status+" "+a.Fault)))
}
