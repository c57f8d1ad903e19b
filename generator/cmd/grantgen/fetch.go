package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/fetch"
)

type fetchCommand struct {
	Names        []string `arg:"" name:"provider" help:"Folders of specs, or FILE.yaml of your own with a source in it."`
	Output       string   `short:"o" help:"Where the document goes; left out: openapi.json beside the file that names its source." placeholder:"FILE"`
	KeepUpstream string   `help:"Store the untouched upstream documents in this folder, too." placeholder:"DIR"`
	Verbose      bool     `short:"v" help:"Print notes, too."`
}

// Run fetches one document after the other and goes on after a failure.
func (c *fetchCommand) Run(t tool) error {
	if c.Output != "" && len(c.Names) > 1 {
		return usageError("-o names one file, so fetch one document at a time")
	}
	var all diag.List
	for _, name := range c.Names {
		file, err := configFile(name)
		if err != nil {
			return err
		}
		conf, diags := config.File(file)
		if conf != nil && conf.Name == "" && isFile(name) {
			conf.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		}
		all = append(all, diags...)
		if conf == nil {
			continue
		}
		result, diags := fetch.Run(t.ctx, conf, file, fetch.Options{Environment: t.env, Output: c.Output, KeepUpstream: c.KeepUpstream})
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

func isFile(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// configFile finds the configuration of a provider of this repository, or takes
// the user's own.
func configFile(name string) (string, error) {
	if isFile(name) {
		return name, nil
	}
	root, err := findRoot(name)
	if err != nil {
		return "", err
	}
	return shown(filepath.Join(root, "specs", name, "provider.yaml")), nil
}
