package main

import (
	"errors"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type identityCommand struct {
	Keys   identityKeys   `cmd:"" help:"List the keys that sign identity assertions and are published."`
	Rotate identityRotate `cmd:"" help:"Make a new signing key; the old one stays published until nobody needs it."`
}

type identityKeys struct{}

// Run lists the keys.
func (identityKeys) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		keys, err := v.IdentitySigners(t.ctx)
		rows := [][]string{{"ID", "SIGNS FROM", "PUBLISHED UNTIL"}}
		for _, k := range keys {
			rows = append(rows, []string{k.ID, day(k.SignsFrom), day(k.RetiresAt)})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type identityRotate struct {
	AtOnce bool `help:"Sign with it now, and take the old key out of the key set: for a key that somebody else may have."`
}

// Run rotates.
func (c *identityRotate) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		k, err := v.RotateIdentityKey(t.ctx, c.AtOnce)
		if err != nil {
			return err
		}
		return t.print("%s signs from %s\n", k.ID, day(k.SignsFrom))
	})
}
