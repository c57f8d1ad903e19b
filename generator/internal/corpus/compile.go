package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/output"
)

// Compiler builds generated packages with the go command, in a module of its own:
// the proof that [Checker] tells the truth.
type Compiler struct {
	// Module is the folder of a module that requires the runtime; its go.mod and
	// go.sum are taken over.
	Module string
	// Dir is the folder to work in. What it holds is removed.
	Dir string
}

// Compile generates from a document, builds and vets the package, and returns
// what the go command says, "" when it is content.
func (c *Compiler) Compile(ctx context.Context, file string) (string, error) {
	out, diags := Generate(file)
	if diags.HasErrors() {
		return "", diags.Err()
	}
	if err := c.module(); err != nil {
		return "", err
	}
	if err := output.Write(filepath.Join(c.Dir, packageName), out.Files); err != nil {
		return "", err
	}
	for _, verb := range []string{"build", "vet"} {
		cmd := exec.CommandContext(ctx, "go", verb, "./"+packageName) //nolint:gosec // G204: one program, two constant verbs
		cmd.Dir = c.Dir
		said, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.As(err, &exit):
			return "go " + verb + ": " + strings.TrimSpace(string(said)), nil
		case err != nil:
			return "", err
		}
	}
	return "", nil
}

// module makes the folder anew.
func (c *Compiler) module() error {
	if err := errors.Join(os.RemoveAll(c.Dir), os.MkdirAll(c.Dir, 0o755)); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(c.Module, "go.mod"))
	if err != nil {
		return err
	}
	_, replaced, ok := strings.Cut(string(mod), "replace github.com/grantwire/grantwire => ")
	if !ok {
		return fmt.Errorf("%s does not replace the runtime", c.Module)
	}
	replaced = strings.TrimSpace(replaced)
	root, err := filepath.Abs(filepath.Join(c.Module, filepath.FromSlash(replaced)))
	if err != nil {
		return err
	}
	mod = []byte(strings.Replace(string(mod), "=> "+replaced, "=> "+filepath.ToSlash(root), 1))
	sum, err := os.ReadFile(filepath.Join(c.Module, "go.sum"))
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(c.Dir, "go.mod"), mod, 0o644), //nolint:gosec // G703: the caller's folder
		os.WriteFile(filepath.Join(c.Dir, "go.sum"), sum, 0o644), //nolint:gosec // G703: the caller's folder
	)
}
