package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/fetch"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

type generateCommand struct {
	Spec      string `help:"The document: a FILE (JSON or YAML), an https address, or npm:PACKAGE@VERSION/PATH." placeholder:"DOC" group:"What to read"`
	Integrity string `help:"Hash (sha512-…) that a downloaded document or npm package must have." placeholder:"HASH" group:"What to read"`
	Config    string `help:"What is special about the API: the keys that specs/README.md of grantwire explains. Its source is read when --spec is left out." placeholder:"FILE" group:"What to read"`
	Names     string `help:"Go names to keep from run to run; written when it does not exist. Commit it." placeholder:"FILE" group:"What to read"`
	Provider  string `help:"Instead of all these: a provider of grantwire's own repository; reads specs/NAME, writes providers/NAME." placeholder:"NAME" group:"What to read"`

	Output     string   `short:"o" help:"Folder of the package. Its *.gen.go files are replaced, other files stay." placeholder:"DIR" group:"What to write"`
	Package    string   `help:"Name of the package; left out: package in --config." placeholder:"NAME" group:"What to write"`
	ImportPath string   `help:"Import path of the package; left out: taken from the go.mod above DIR." placeholder:"PATH" group:"What to write"`
	Tags       []string `help:"Only operations with one of these tags." placeholder:"TAG" group:"What to write"`
	Operations []string `help:"Only operations with one of these IDs." placeholder:"ID" group:"What to write"`
	Docs       string   `enum:"facts,full" default:"facts" help:"Comments: facts (default), or full for the document's own descriptions." placeholder:"KIND" group:"What to write"`

	Check        bool `help:"Write nothing; exit with 1 when files are not up to date. For CI." group:"How"`
	Strict       bool `help:"Refuse what would otherwise be repaired and reported as a warning." group:"How"`
	AllowOutside bool `help:"Follow references to files outside the document's folder. The network is never followed." group:"How"`
	Verbose      bool `short:"v" help:"Print notes, too." group:"How"`
}

// codeNamesList is what package names says of a line that it cannot read.
const codeNamesList = "names-list"

// Run generates one package.
func (c *generateCommand) Run(t tool) error {
	j, diags, err := c.job()
	if err != nil {
		return err
	}
	if diags.HasErrors() {
		return t.report(diags, c.Verbose)
	}
	in, diags := c.input(t, j, diags)
	if diags.HasErrors() {
		return t.report(diags, c.Verbose)
	}
	result, more := pipeline.Generate(in)
	for _, d := range more.WithProvider(j.conf.Name) {
		if d.Code == codeNamesList { // the pipeline reads no files and knows no name
			d.File = shown(j.names)
		}
		diags = append(diags, d)
	}
	if diags.HasErrors() {
		return t.report(diags, c.Verbose)
	}
	if c.Check {
		return t.report(append(diags, check(j, result)...), c.Verbose)
	}
	diags = append(diags, write(j, result)...)
	if err := t.report(diags, c.Verbose); err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "%s: %s\n", shown(j.dir), result.Describe())
	return nil
}

// input reads the document and the names list.
func (c *generateCommand) input(t tool, j job, diags diag.List) (pipeline.Input, diag.List) {
	doc, more := t.open(j.src, j.at, c.AllowOutside)
	if c.Strict {
		more = more.Strict()
	}
	diags = append(diags, more.WithProvider(j.conf.Name)...)
	in := pipeline.Input{
		Doc: doc, Config: j.conf, Package: j.conf.Package, ImportPath: j.conf.ImportPath, Source: j.source,
		DocsFull: c.Docs == "full", Tags: c.Tags, Operations: c.Operations, Strict: c.Strict,
	}
	if j.names == "" {
		return in, diags
	}
	text, err := os.ReadFile(j.names)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		diags = append(diags, diag.Diagnostic{File: shown(j.names), Code: diag.CodeReadFailed, Message: "cannot read the list of names", Remedy: "check its permissions"})
	}
	in.Names = text
	return in, diags
}

// open reads a document from wherever it is.
func (t tool) open(src config.Source, at string, outside bool) (*load.Document, diag.List) {
	if src.File != "" && at == "" { // as the user named it
		return load.File(src.File, load.Options{AllowOutside: outside})
	}
	up, diags := fetch.Get(t.ctx, src, at, fetch.Options{Environment: t.env})
	if diags.HasErrors() {
		return nil, diags
	}
	doc, more := up.Load(load.Options{AllowOutside: outside})
	if doc != nil && up.Integrity != "" && src.Integrity == "" {
		more = append(more, diag.Diagnostic{
			Severity: diag.Warning, File: src.String(), Code: diag.CodeNotPinned,
			Message: "nothing pins what was downloaded; its hash is " + up.Integrity,
			Remedy:  "add --integrity with that hash, or a source with it to the file of --config",
		})
	}
	return doc, more
}
