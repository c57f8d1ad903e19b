package main

import (
	"errors"
	"io"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

type ruleCommand struct {
	Create  ruleCreate  `cmd:"" help:"Add a rule. Its JSON body comes by standard input."`
	List    ruleList    `cmd:"" help:"List the rules, in the order in which they apply."`
	Enable  ruleEnable  `cmd:"" help:"Apply a rule again."`
	Disable ruleDisable `cmd:"" help:"Keep a rule without applying it."`
	Remove  ruleRemove  `cmd:"" help:"Remove a rule."`
}

type ruleCreate struct {
	Name        string `arg:"" help:"What refusals and audit rows call it."`
	Kind        string `required:"" enum:"json_match,ip_allowlist,time_window,require_approval,content_match" help:"One of ${enum}."`
	Description string `help:"For people."`
	App         string `xor:"target" help:"For the calls of the application with this ID, its agents included."`
	Agent       string `xor:"target" help:"For the calls of the agent with this ID."`
	Grant       string `xor:"target" help:"For the calls under the grant with this ID."`
	Provider    string `xor:"target" help:"For the calls to this provider; no target at all: for every call."`
}

func (c *ruleCreate) target() (kind local.RuleTarget, id string) {
	switch {
	case c.App != "":
		return local.TargetApp, c.App
	case c.Agent != "":
		return local.TargetAgent, c.Agent
	case c.Grant != "":
		return local.TargetGrant, c.Grant
	case c.Provider != "":
		return local.TargetProvider, c.Provider
	}
	return local.TargetVault, ""
}

// Run stores the rule and prints its ID.
func (c *ruleCreate) Run(t *tool) error {
	body, err := io.ReadAll(io.LimitReader(t.stdin, rule.MaxBody+1))
	if err != nil {
		return errors.New("the rule's body could not be read from standard input")
	}
	r, err := rule.Parse(rule.Kind(c.Kind), body)
	if err != nil {
		return err
	}
	target, id := c.target()
	return t.with(func(v *local.Vault) error {
		made, err := v.CreateRule(t.ctx, local.RuleSpec{Name: c.Name, Description: c.Description, Target: target, TargetID: id, Rule: r})
		if err != nil {
			return err
		}
		return t.print("RULE_ID=%s\n", made.ID)
	})
}

type ruleList struct{}

// Run lists the rules.
func (ruleList) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		rules, err := v.Rules(t.ctx)
		rows := [][]string{{"ID", "NAME", "KIND", "FOR", "STATE"}}
		for _, r := range rules {
			kind, state := "cannot be read: refuses every call", "on"
			if r.RuleSpec.Rule != nil {
				kind = string(r.RuleSpec.Rule.Kind())
			}
			if r.Disabled {
				state = "off"
			}
			rows = append(rows, []string{r.ID, r.Name, kind, strings.TrimSpace(string(r.Target) + " " + r.TargetID), state})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type oneRule struct {
	Rule string `arg:"" help:"ID of the rule."`
}

type (
	ruleEnable  oneRule
	ruleDisable oneRule
	ruleRemove  oneRule
)

// Run enables.
func (c *ruleEnable) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.EnableRule(t.ctx, c.Rule, true) })
}

// Run disables.
func (c *ruleDisable) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.EnableRule(t.ctx, c.Rule, false) })
}

// Run removes.
func (c *ruleRemove) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.RemoveRule(t.ctx, c.Rule) })
}
