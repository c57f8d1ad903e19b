package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/output"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

type generateCommand struct {
	Provider string `help:"Provider of this repository: reads specs/NAME, writes providers/NAME." placeholder:"NAME"`
	Spec     string `help:"OpenAPI document, JSON or YAML." placeholder:"FILE"`

	Output     string `short:"o" help:"Folder of the package." placeholder:"DIR"`
	Package    string `help:"Name of the package." placeholder:"NAME"`
	ImportPath string `help:"Import path of the package, for its examples. Taken from go.mod when left out." placeholder:"PATH"`
	Config     string `help:"File like provider.yaml with what is special about the API." placeholder:"FILE"`
	Names      string `help:"List of Go names to keep stable; read when it exists, then written." placeholder:"FILE"`

	Tags       []string `help:"Only operations with one of these tags." placeholder:"TAG,..."`
	Operations []string `help:"Only operations with one of these IDs." placeholder:"ID,..."`
	Docs       string   `enum:"facts,full" default:"facts" help:"Comments: facts, or full for the document's own descriptions."`

	Check        bool `help:"Write nothing; fail when files are not up to date."`
	Strict       bool `help:"Refuse what would otherwise be repaired."`
	AllowOutside bool `help:"Follow references to files outside the document's folder."`
	Verbose      bool `short:"v" help:"Print notes, too."`
}

// codeNamesList is what package names says of a line that it cannot read.
const codeNamesList = "names-list"

// job is a generate command with everything found out.
type job struct {
	doc    string // the document as it is opened
	source string // the document as files name it, the same on every machine
	dir    string
	names  string // "" keeps none
	conf   *config.Provider
}

// Run generates one package.
func (c *generateCommand) Run(t tool) error {
	j, diags, err := c.job()
	if err != nil {
		return err
	}
	if diags.HasErrors() {
		return t.report(diags, c.Verbose)
	}
	in, diags := c.input(j, diags)
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
func (c *generateCommand) input(j job, diags diag.List) (pipeline.Input, diag.List) {
	doc, more := load.File(j.doc, load.Options{AllowOutside: c.AllowOutside})
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

func (c *generateCommand) job() (job, diag.List, error) {
	switch {
	case (c.Provider == "") == (c.Spec == ""):
		return job{}, nil, usageError("name either --provider or --spec")
	case c.Provider != "":
		return c.providerJob()
	}
	return c.specJob()
}

// providerJob finds specs/NAME in this folder or one above: go generate runs in
// the provider's own folder.
func (c *generateCommand) providerJob() (job, diag.List, error) {
	if c.Package != "" || c.Config != "" || c.ImportPath != "" {
		return job{}, nil, usageError("--package, --config and --import-path belong to --spec; a provider has them in provider.yaml")
	}
	root, err := findRoot(c.Provider)
	if err != nil {
		return job{}, nil, err
	}
	specs := filepath.Join(root, "specs", c.Provider)
	conf, diags := config.File(shown(filepath.Join(specs, "provider.yaml")))
	if diags.HasErrors() {
		return job{}, diags.WithProvider(c.Provider), nil
	}
	j := job{
		doc:    shown(filepath.Join(specs, "openapi.json")),
		source: "specs/" + c.Provider + "/openapi.json",
		dir:    c.Output,
		names:  c.Names,
		conf:   conf,
	}
	if conf.Package == "" {
		conf.Package = conf.Name
	}
	if conf.Name != c.Provider || conf.Package == "" {
		return job{}, nil, usageError(fmt.Sprintf("specs/%s/provider.yaml is about %q", c.Provider, conf.Name))
	}
	if j.dir == "" {
		j.dir = filepath.Join(root, "providers", conf.Package)
	}
	if partial := len(c.Tags)+len(c.Operations) > 0; partial && c.Output == "" {
		return job{}, nil, usageError("a part of a provider needs a folder of its own: add -o DIR")
	} else if j.names == "" && !partial {
		j.names = filepath.Join(specs, "names.txt")
	}
	return j, diags, nil
}

func findRoot(provider string) (string, error) {
	if provider != filepath.Base(provider) || strings.HasPrefix(provider, ".") {
		return "", usageError(fmt.Sprintf("%q is no name of a provider", provider))
	}
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "specs", provider, "provider.yaml")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", usageError(fmt.Sprintf("there is no specs/%s/provider.yaml here or above", provider))
		}
	}
}

func (c *generateCommand) specJob() (job, diag.List, error) {
	if c.Output == "" || c.Package == "" {
		return job{}, nil, usageError("--spec needs -o DIR and --package NAME")
	}
	if scheme, _, ok := strings.Cut(c.Spec, ":"); ok && len(scheme) > 1 && !strings.Contains(scheme, string(filepath.Separator)) {
		if _, err := os.Stat(c.Spec); err != nil {
			return job{}, nil, usageError("--spec names a file; download the document first")
		}
	}
	conf := &config.Provider{}
	var diags diag.List
	if c.Config != "" {
		if conf, diags = config.File(c.Config); diags.HasErrors() {
			return job{}, diags, nil
		}
	}
	conf.Package = c.Package
	if conf.Name == "" {
		conf.Name = c.Package
	}
	if c.ImportPath != "" {
		conf.ImportPath = c.ImportPath
	} else if conf.ImportPath == "" {
		conf.ImportPath = importPath(c.Output)
	}
	checked, more := config.Bytes("--package", []byte("package: "+quoted(c.Package)+"\n"))
	if checked == nil {
		return job{}, nil, usageError("--package: " + more.Errors()[0].Message)
	}
	return job{doc: c.Spec, source: filepath.Base(c.Spec), dir: c.Output, names: c.Names, conf: conf}, diags, nil
}

// quoted writes a YAML string.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// importPath derives the package's import path from the go.mod above dir, "" if
// there is none.
func importPath(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for at := abs; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil {
			rel, err := filepath.Rel(at, abs)
			module := modulePath(text)
			if err != nil || module == "" {
				return ""
			}
			if rel == "." {
				return module
			}
			return module + "/" + filepath.ToSlash(rel)
		}
		if filepath.Dir(at) == at {
			return ""
		}
	}
}

func modulePath(gomod []byte) string {
	for line := range bytes.Lines(gomod) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "module "); ok {
			rest, _, _ = strings.Cut(rest, "//")
			return strings.Trim(strings.TrimSpace(rest), `"`+"`")
		}
	}
	return ""
}

// shown is a path as messages should name it: relative to here when possible.
func shown(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, abs); err == nil && !strings.HasPrefix(rel, filepath.Join("..", "..", "..")) {
		return rel
	}
	return path
}

// check compares the folder and the names list with the result.
func check(j job, r pipeline.Result) diag.List {
	diffs, err := output.Check(j.dir, r.Files)
	if err != nil {
		return diag.List{writeFault(j.dir, err)}
	}
	var diags diag.List
	add := func(file, code string) {
		diags = append(diags, diag.Diagnostic{
			Provider: j.conf.Name, File: shown(file), Code: code, Message: diag.Meaning(code), Remedy: "run grantgen without --check",
		})
	}
	for _, d := range diffs {
		code := map[output.State]string{output.Missing: diag.CodeMissing, output.Stale: diag.CodeStale, output.Extra: diag.CodeExtra}[d.State]
		add(filepath.Join(j.dir, d.Name), code)
	}
	if j.names == "" {
		return diags
	}
	switch have, err := os.ReadFile(j.names); {
	case errors.Is(err, fs.ErrNotExist):
		add(j.names, diag.CodeMissing)
	case err != nil || !bytes.Equal(have, r.Names):
		add(j.names, diag.CodeStale)
	}
	return diags
}

// write puts the package and the names list in place.
func write(j job, r pipeline.Result) diag.List {
	commit := func() error { return nil }
	if j.names != "" {
		var err error
		var drop func()
		if commit, drop, err = output.Prepare(j.names, r.Names); err != nil {
			return diag.List{writeFault(j.names, err)}
		}
		defer drop()
	}
	if err := output.Write(j.dir, r.Files); err != nil {
		return diag.List{writeFault(j.dir, err)}
	}
	if err := commit(); err != nil {
		return diag.List{writeFault(j.names, err)}
	}
	return nil
}

func writeFault(path string, err error) diag.Diagnostic {
	d := diag.Diagnostic{File: shown(path), Code: diag.CodeWriteFailed, Message: err.Error(), Remedy: "check the folder and its permissions"}
	var hand *output.HandWrittenError
	var name *output.NameError
	switch {
	case errors.As(err, &hand):
		d.Code, d.Remedy = diag.CodeHandWritten, "rename or remove the file"
	case errors.As(err, &name):
		d.Code, d.Remedy = diag.CodeInvalidFileName, "rename the group or the package"
	}
	return d
}
