package main

import (
	"fmt"
	"path/filepath"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/fetch"
)

type fetchCommand struct {
	Names        []string `arg:"" name:"name" help:"Providers, folders of specs."`
	KeepUpstream string   `help:"Store the untouched upstream documents in this folder, too." placeholder:"DIR"`
	Verbose      bool     `short:"v" help:"Print notes, too."`
}

// Run fetches one provider after the other and goes on after a failure.
func (c *fetchCommand) Run(t tool) error {
	var all diag.List
	for _, name := range c.Names {
		root, err := findRoot(name)
		if err != nil {
			return err
		}
		dir := filepath.Join(root, "specs", name)
		conf, diags := config.File(shown(filepath.Join(dir, "provider.yaml")))
		all = append(all, diags.WithProvider(name)...)
		if conf == nil {
			continue
		}
		result, diags := fetch.Run(t.ctx, conf, shown(dir), fetch.Options{Environment: t.env, KeepUpstream: c.KeepUpstream})
		all = append(all, diags...)
		if diags.HasErrors() {
			continue
		}
		state := "unchanged"
		if result.Changed {
			state = "written"
		}
		fmt.Fprintf(t.stdout, "%s: %s, %d KB of facts from %d KB\n", result.Path, state, result.Bytes/1024, result.Upstream/1024)
	}
	return t.report(all, c.Verbose)
}
