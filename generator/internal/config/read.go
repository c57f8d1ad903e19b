package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/yamlfault"
)

// maxBytes limits provider.yaml; the largest has some hundred lines.
const maxBytes = 1 << 20

// File reads a provider.yaml. The result is nil when the list has errors.
func File(path string) (*Provider, diag.List) {
	text, err := os.ReadFile(path)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
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
			p, diags = nil, diag.List{syntax(name, "the text confuses the YAML reader")}
		}
	}()
	if len(text) > maxBytes {
		return nil, diag.List{syntax(name, fmt.Sprintf("more than %d bytes", maxBytes))}
	}
	p = new(Provider)
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		return nil, decodeFaults(name, text, err)
	}
	if diags = p.check(name); diags.HasErrors() {
		return nil, diags.Sort()
	}
	return p, diags.Sort()
}

// unknown matches what the YAML reader says of a key that does not exist.
var unknown = regexp.MustCompile(`^field (\S+) not found in type `)

// decodeFaults words what the YAML reader says, with the line.
func decodeFaults(name string, text []byte, err error) diag.List {
	var diags diag.List
	for _, f := range yamlfault.Of(text, err) {
		d := syntax(name, f.Message)
		d.Line, d.Column = f.Line, f.Column
		if key := unknown.FindStringSubmatch(f.Message); key != nil {
			d.Code = diag.CodeConfigUnknown
			d.Message, d.Remedy = fmt.Sprintf("there is no key %q here", key[1]), "correct the spelling; specs/README.md explains every key"
		}
		diags = append(diags, d)
	}
	return diags.Sort()
}

func syntax(name, message string) diag.Diagnostic {
	return diag.Diagnostic{File: name, Code: diag.CodeConfigSyntax, Message: message, Remedy: "correct the text there"}
}
