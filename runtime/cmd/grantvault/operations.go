package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/optable"
)

type tablesCommand struct {
	Load   operationsLoad   `cmd:"" help:"Keep an operation table in the vault; a running daemon goes by it within a second."`
	List   operationsList   `cmd:"" help:"List the operation tables that name calls."`
	Remove operationsRemove `cmd:"" help:"Take a loaded table out of the vault."`
}

// known lets a vault name calls: those of the providers that this command holds
// the tables of, and of those in the folder of tables, which go first.
func (t *tool) known() []local.Option {
	opts := []local.Option{local.WithOperationTable(github.OperationTable()), local.WithOperationTable(slack.OperationTable())}
	if t.operations != "" {
		opts = append(opts, local.WithOperationFolder(t.operations))
	}
	return opts
}

// standin does so for the stand-in, which is at another address; whatever a folder
// of tables says of GitHub, the stand-in's calls keep their names.
func (t *tool) standin(base string) []local.Option {
	opts := append(t.known(), local.WithOperationTable(github.OperationTable(), base))
	return append(opts, local.WithOperations(base, github.Operations()))
}

type operationsLoad struct {
	File    string   `arg:"" help:"An operations.json that grantgen wrote."`
	Kind    string   `enum:"oauth,managed" default:"oauth" help:"What the provider is to clients: oauth or managed."`
	BaseURL []string `name:"base-url" placeholder:"URL" help:"Where the API is, instead of where the table says; may be repeated."`
}

// Run loads a table.
func (c *operationsLoad) Run(t *tool) error {
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	if info.Size() > optable.MaxSize {
		return fmt.Errorf("%s has more than %d bytes: it is no operations.json that grantgen wrote", c.File, optable.MaxSize)
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return t.with(func(v *local.Vault) error {
		set, err := v.LoadOperations(t.ctx, local.OperationTableSpec{Table: data, Kind: c.Kind, BaseURLs: c.BaseURL})
		if err != nil {
			return err
		}
		if len(set.BaseURLs) == 0 {
			return t.print("%s: %d operations, version %d; it says no address that this vault calls, so it names no calls: load it with --base-url\n",
				set.Provider, set.Operations, set.Version)
		}
		return t.print("%s: %d operations at %s, version %d\n", set.Provider, set.Operations, strings.Join(set.BaseURLs, ", "), set.Version)
	})
}

type operationsList struct{}

// Run lists the tables.
func (c *operationsList) Run(t *tool) error {
	return t.withKnown(func(v *local.Vault) error {
		list, err := v.Operations(t.ctx)
		rows := [][]string{{"PROVIDER", "KIND", "FROM", "OPERATIONS", "VERSION", "CHANGED", "SPEC", "AT"}}
		for _, s := range list {
			rows = append(rows, []string{s.Provider, s.Kind, s.From, strconv.Itoa(s.Operations), strconv.FormatInt(s.Version, 10), day(s.ChangedAt),
				dash(s.SpecVersion), dash(strings.Join(s.BaseURLs, " "))})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type operationsRemove struct {
	Provider string `arg:"" help:"The provider's name, as list shows it."`
	Kind     string `enum:"oauth,managed" default:"oauth" help:"As for load."`
}

// Run removes a table.
func (c *operationsRemove) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.RemoveOperations(t.ctx, c.Kind, c.Provider) })
}
