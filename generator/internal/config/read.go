package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
	"github.com/grantwire/grantwire/generator/internal/diag"
)

// maxBytes limits provider.yaml; the largest has some hundred lines.
const maxBytes = 1 << 20

// File reads a provider.yaml. The result is nil when the list has errors.
func File(path string) (*Provider, diag.List) {
	text, err := os.ReadFile(path)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, diag.List{{File: path, Code: diag.CodeReadFailed, Message: "cannot read the configuration: " + err.Error(), Remedy: "check the path and its permissions"}}
	}
	return Bytes(path, text)
}

// Bytes reads a provider.yaml from memory; name stands for it in diagnostics.
// Keys that do not exist and values of the wrong type are errors with a line.
func Bytes(name string, text []byte) (p *Provider, diags diag.List) {
	// The YAML reader is not ours, and its input is.
	defer func() {
		if r := recover(); r != nil {
			p, diags = nil, diag.List{syntax(name, "the text confuses the YAML reader", nil)}
		}
	}()
	if len(text) > maxBytes {
		return nil, diag.List{syntax(name, fmt.Sprintf("more than %d bytes", maxBytes), nil)}
	}
	p = new(Provider)
	if len(bytes.TrimSpace(text)) > 0 {
		if err := yaml.UnmarshalWithOptions(text, p, yaml.Strict()); err != nil {
			return nil, diag.List{decodeFault(name, err)}
		}
	}
	if diags = p.check(name); diags.HasErrors() {
		return nil, diags.Sort()
	}
	return p, diags.Sort()
}

// decodeFault words what the YAML reader says, with the line.
func decodeFault(name string, err error) diag.Diagnostic {
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		d := syntax(name, unknown.GetMessage(), unknown.GetToken())
		d.Code, d.Remedy = diag.CodeConfigUnknown, "correct the spelling; CONTRIBUTING lists the keys"
		return d
	}
	var placed yaml.Error
	if errors.As(err, &placed) {
		return syntax(name, placed.GetMessage(), placed.GetToken())
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return syntax(name, first, nil)
}

func syntax(name, message string, at *token.Token) diag.Diagnostic {
	d := diag.Diagnostic{File: name, Code: diag.CodeConfigSyntax, Message: message, Remedy: "correct the text there"}
	if at != nil && at.Position != nil {
		d.Line, d.Column = at.Position.Line, at.Position.Column
	}
	return d
}
