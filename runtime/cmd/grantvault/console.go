package main

import (
	"os/user"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type consoleCommand struct {
	As string `placeholder:"NAME" help:"Who signs in, for the record (default the user of this machine)."`
}

// Run prints a link.
func (c *consoleCommand) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		link, err := v.ConsoleURL(t.ctx, operatorName(c.As))
		if err != nil {
			return err
		}
		return t.print("%s\n", link)
	})
}

// operatorName is the name of who runs the command.
func operatorName(given string) string {
	if given != "" {
		return given
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "operator"
}
