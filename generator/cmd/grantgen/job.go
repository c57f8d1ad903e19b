package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
)

// job is a generate command with everything found out.
type job struct {
	src    config.Source // the document, as it is opened
	at     string        // the folder that a source's file is relative to
	source string        // the document as files name it, the same on every machine
	dir    string
	names  string // "" keeps none
	conf   *config.Provider
}

func (c *generateCommand) job() (job, diag.List, error) {
	switch {
	case c.Provider != "" && c.Spec != "":
		return job{}, nil, usageError("name either --provider or --spec, not both")
	case c.Provider != "":
		return c.providerJob()
	case c.Spec == "" && c.Config == "":
		return job{}, nil, usageError("name a document: --spec, or --config with a source in it (or --provider inside this repository)")
	}
	return c.specJob()
}

// providerJob finds specs/NAME in this folder or one above: go generate runs in
// the provider's own folder.
func (c *generateCommand) providerJob() (job, diag.List, error) {
	if c.Package != "" || c.Config != "" || c.ImportPath != "" || c.Integrity != "" {
		return job{}, nil, usageError("--package, --config, --import-path and --integrity belong to --spec; a provider has them in provider.yaml")
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
		src:    config.Source{File: shown(filepath.Join(specs, "openapi.json"))},
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

// specJob runs on anybody's document, in anybody's module.
func (c *generateCommand) specJob() (job, diag.List, error) {
	conf := &config.Provider{}
	var diags diag.List
	if c.Config != "" {
		if conf, diags = config.File(c.Config); diags.HasErrors() {
			return job{}, diags, nil
		}
	}
	j := job{dir: c.Output, names: c.Names, conf: conf}
	if err := c.document(&j); err != nil {
		return job{}, nil, err
	}
	conf.Package = cmp.Or(c.Package, conf.Package)
	switch {
	case conf.Package == "":
		return job{}, nil, usageError("say what the package is called: --package NAME, or package in the file of --config")
	case !config.IsPackage(conf.Package):
		return job{}, nil, usageError(fmt.Sprintf("--package: %q is no package name: use one lower-case word", conf.Package))
	case c.Output == "":
		return job{}, nil, usageError("say where the package goes: -o DIR")
	}
	conf.Name = cmp.Or(conf.Name, conf.Package)
	conf.ImportPath = cmp.Or(c.ImportPath, conf.ImportPath, importPath(c.Output))
	if err := module.CheckImportPath(conf.ImportPath); conf.ImportPath != "" && err != nil {
		return job{}, nil, usageError(fmt.Sprintf("--import-path: %v", err))
	}
	return j, diags, nil
}

// document finds out what is read: what --spec names, else the configuration's
// source. The hash in the configuration pins --spec, too, when both name the same.
func (c *generateCommand) document(j *job) error {
	own := j.conf.Source
	switch {
	case c.Spec != "":
		src, err := config.ParseSource(c.Spec)
		if err != nil {
			return usageError("--spec: " + err.Error())
		}
		if pinned := own; src != (config.Source{}) {
			pinned.Integrity, pinned.Licence = "", ""
			if pinned == src {
				src.Integrity = own.Integrity
			}
		}
		j.src = src
	case own.String() == "":
		return usageError("the file of --config has no source: add one, or name the document with --spec")
	default:
		j.src, j.at = own, filepath.Dir(c.Config)
	}
	j.source = j.src.Base()
	if c.Integrity == "" {
		return nil
	}
	if j.src.File != "" {
		return usageError("--integrity pins what is downloaded; a file is pinned by your repository")
	}
	if !config.IsIntegrity(c.Integrity) {
		return usageError(fmt.Sprintf("--integrity: %q is not of the form sha512-BASE64", c.Integrity))
	}
	j.src.Integrity = c.Integrity
	return nil
}

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
			path := modfile.ModulePath(text)
			if err != nil || path == "" {
				return ""
			}
			if rel == "." {
				return path
			}
			return path + "/" + filepath.ToSlash(rel)
		}
		if filepath.Dir(at) == at {
			return ""
		}
	}
}
