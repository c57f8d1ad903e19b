package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
	"github.com/grantwire/grantwire/generator/internal/surface"
)

type diffCommand struct {
	Old string `arg:"" help:"The document that callers have: FILE, https address, npm:PACKAGE@VERSION/PATH or git:REVISION:PATH. With --provider: a git revision."`
	New string `arg:"" optional:"" help:"The document that they get. With --provider: a git revision; left out: the working tree."`

	Config    string `help:"What is special about the API, as for generating." placeholder:"FILE"`
	NewConfig string `help:"The same for NEW; left out: as for OLD." placeholder:"FILE"`
	Names     string `help:"List of Go names that callers have, so that nothing is renamed without need." placeholder:"FILE"`
	NewNames  string `help:"The list for NEW; left out: the names that OLD gets." placeholder:"FILE"`
	Provider  string `help:"Compare specs/NAME of two git revisions: document, provider.yaml and names." placeholder:"NAME"`

	JSON         bool `name:"json" help:"Print one JSON object instead of lines."`
	AllowOutside bool `help:"Follow references to files outside the documents' folders."`
	Verbose      bool `short:"v" help:"Print the findings in both documents, too."`
}

// Run compares. Its exit status is that of diff: 0 when nothing breaks, 1 when
// something does, 2 when there was nothing to compare.
func (c *diffCommand) Run(t tool) error {
	if err := c.inputs(); err != nil {
		return err
	}
	old, names, err := c.side(t, c.Old, c.Config, c.Names, nil)
	if err != nil {
		return err
	}
	now, _, err := c.side(t, c.New, c.NewConfig, c.NewNames, names)
	if err != nil {
		return err
	}
	report, err := surface.Compare(old, now)
	if err == nil && c.JSON {
		err = report.JSON(t.stdout)
	} else if err == nil {
		err = report.Text(t.stdout)
	}
	switch {
	case err != nil:
		fmt.Fprintln(t.stderr, "grantgen:", err)
		return errRefused
	case report.Breaks():
		return errFailed
	}
	return nil
}

// inputs fills in what was left out.
func (c *diffCommand) inputs() error {
	if c.Provider == "" {
		if c.New == "" {
			return usageError("name two documents, OLD and NEW")
		}
		if c.NewConfig == "" {
			c.NewConfig = c.Config
		}
		return nil
	}
	if c.Config+c.NewConfig+c.Names+c.NewNames != "" {
		return usageError("--config and --names belong to two documents; a provider has them in specs")
	}
	root, err := findRoot(c.Provider)
	if err != nil {
		return err
	}
	at := func(revision, file string) string {
		name := shown(filepath.Join(root, "specs", c.Provider, file))
		if revision == "" {
			return name
		}
		return gitScheme + revision + ":./" + filepath.ToSlash(name)
	}
	old, now := c.Old, c.New
	c.Old, c.Config, c.Names = at(old, "openapi.json"), at(old, "provider.yaml"), at(old, "names.txt")
	c.New, c.NewConfig, c.NewNames = at(now, "openapi.json"), at(now, "provider.yaml"), at(now, "names.txt")
	return nil
}

// side generates one of the two packages, in memory.
func (c *diffCommand) side(t tool, doc, conf, list string, names []byte) (surface.Side, []byte, error) {
	settings := &config.Provider{}
	var diags diag.List
	if conf != "" {
		text, err := t.text(conf)
		if err != nil {
			return surface.Side{}, nil, t.refuse(diag.List{unreadable(conf, err)})
		}
		if settings, diags = config.Bytes(conf, text); diags.HasErrors() {
			return surface.Side{}, nil, t.refuse(diags)
		}
	}
	if settings.Package == "" {
		settings.Package = "api"
	}
	if list != "" {
		text, err := t.text(list)
		if err != nil {
			return surface.Side{}, nil, t.refuse(diag.List{unreadable(list, err)})
		}
		names = text
	}
	document, more, err := t.document(doc, c.AllowOutside)
	if err != nil {
		return surface.Side{}, nil, err
	}
	if diags = append(diags, more...); diags.HasErrors() {
		return surface.Side{}, nil, t.refuse(diags)
	}
	result, more := pipeline.Generate(pipeline.Input{
		Doc: document, Config: settings, Package: settings.Package, Source: document.File, Names: names,
		ImportPath: cmp.Or(settings.ImportPath, "example.com/compared"), // both sides need one, if they are several packages, and the same
	})
	for _, d := range more {
		if d.Code == codeNamesList {
			d.File = list
		}
		diags = append(diags, d)
	}
	if diags.HasErrors() {
		return surface.Side{}, nil, t.refuse(diags)
	}
	if c.Verbose {
		_ = t.report(diags, true) // it has no errors
	}
	return surface.Side{File: document.File, Files: result.Files, API: result.API}, result.Names, nil
}

func (t tool) refuse(diags diag.List) error {
	_ = t.report(diags.Errors(), false)
	return errRefused
}

func unreadable(name string, err error) diag.Diagnostic {
	return diag.Diagnostic{File: name, Code: diag.CodeReadFailed, Message: err.Error(), Remedy: "check the name and its permissions"}
}

// document opens what diff was told to compare.
func (t tool) document(name string, outside bool) (*load.Document, diag.List, error) {
	if rest, ok := strings.CutPrefix(name, gitScheme); ok {
		text, err := t.text(name)
		if err != nil {
			return nil, diag.List{unreadable(name, err)}, nil
		}
		revision, file, _ := strings.Cut(rest, ":")
		here := "" // git's sign for a path that starts in the current folder
		if strings.HasPrefix(file, "./") || strings.HasPrefix(file, "../") {
			here = "./"
		}
		doc, diags := load.Parts(name, text, func(part string) ([]byte, error) {
			return t.text(gitScheme + revision + ":" + here + path.Join(path.Dir(file), part))
		}, load.Options{AllowOutside: outside})
		return doc, diags, nil
	}
	src, err := config.ParseSource(name)
	if err != nil {
		return nil, nil, usageError(err.Error())
	}
	doc, diags := t.open(src, "", outside)
	return doc, diags, nil
}

// gitScheme starts the name of a file in a revision of the repository around the
// current folder, git:v1.2.0:specs/acme/openapi.json; a path with ./ in front starts
// there.
const gitScheme = "git:"

// text reads a file, or one of a git revision.
func (t tool) text(name string) ([]byte, error) {
	object, ok := strings.CutPrefix(name, gitScheme)
	if !ok {
		text, err := os.ReadFile(name)
		if pe, ok := errors.AsType[*os.PathError](err); ok {
			err = pe.Err
		}
		return text, err
	}
	if revision, file, ok := strings.Cut(object, ":"); !ok || file == "" || revision == "" || strings.HasPrefix(revision, "-") {
		return nil, errors.New("write git:REVISION:PATH")
	}
	cmd := exec.CommandContext(t.ctx, "git", "cat-file", "blob", object) //nolint:gosec // G204: one program; an argument that is no flag
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("git: %s", strings.TrimPrefix(strings.TrimSpace(string(failed.Stderr)), "fatal: "))
	}
	return out, err
}
