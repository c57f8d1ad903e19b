package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/output"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
	"github.com/grantwire/grantwire/generator/internal/tables"
)

type tablesCommand struct {
	Check bool `help:"Write nothing; fail when files are not up to date."`
}

// tableFile is one file under providers.
type tableFile struct {
	path    string
	content []byte
}

// Run writes providers/README.md and the PAGING.md of every provider.
func (c *tablesCommand) Run(t tool) error {
	root, err := findSpecs()
	if err != nil {
		return err
	}
	files, diags := renderTables(root)
	if diags.HasErrors() {
		return t.report(diags, false)
	}
	for _, f := range files {
		have, err := os.ReadFile(f.path)
		if err == nil && bytes.Equal(have, f.content) {
			continue
		}
		if !c.Check {
			if err := replace(f); err != nil {
				return err
			}
			continue
		}
		code := diag.CodeStale
		if errors.Is(err, fs.ErrNotExist) {
			code = diag.CodeMissing
		}
		diags = append(diags, diag.Diagnostic{File: shown(f.path), Code: code, Message: diag.Meaning(code), Remedy: "run grantgen tables"})
	}
	return t.report(diags, false)
}

func replace(f tableFile) error {
	commit, drop, err := output.Prepare(f.path, f.content)
	if err != nil {
		return err
	}
	defer drop()
	return commit()
}

// findSpecs finds the folder with specs, here or above.
func findSpecs() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if found, err := filepath.Glob(filepath.Join(at, "specs", "*", "provider.yaml")); err == nil && len(found) > 0 {
			return at, nil
		}
		if filepath.Dir(at) == at {
			return "", usageError("there is no specs/NAME/provider.yaml here or above")
		}
	}
}

func renderTables(root string) ([]tableFile, diag.List) {
	paths, err := filepath.Glob(filepath.Join(root, "specs", "*", "provider.yaml"))
	if err != nil {
		return nil, diag.List{{File: "specs", Code: diag.CodeReadFailed, Message: err.Error()}}
	}
	slices.Sort(paths)
	var all []tables.Provider
	var files []tableFile
	var diags diag.List
	for _, path := range paths {
		p, more := described(root, filepath.Base(filepath.Dir(path)))
		if diags = append(diags, more.Errors()...); more.HasErrors() {
			continue
		}
		files = append(files, tableFile{filepath.Join(root, "providers", p.Config.Name, "PAGING.md"), tables.Paging(p)})
		p.Doc = map[string]any{"components": p.Doc["components"], "securityDefinitions": p.Doc["securityDefinitions"]}
		all = append(all, p)
	}
	measured, more := readMeasured(filepath.Join(root, "providers", "measured.json"))
	diags = append(diags, more...)
	files = append(files, tableFile{filepath.Join(root, "providers", "README.md"), tables.Providers(all, measured)})
	return files, diags
}

// described reads a provider and runs the generator up to the named model.
func described(root, name string) (tables.Provider, diag.List) {
	specs := filepath.Join(root, "specs", name)
	conf, diags := config.File(shown(filepath.Join(specs, "provider.yaml")))
	if diags.HasErrors() {
		return tables.Provider{}, diags
	}
	doc, diags := load.File(shown(filepath.Join(specs, "openapi.json")), load.Options{})
	if diags.HasErrors() {
		return tables.Provider{}, diags
	}
	list, err := os.ReadFile(filepath.Join(specs, "names.txt"))
	if err != nil {
		return tables.Provider{}, diag.List{{Provider: name, File: shown(filepath.Join(specs, "names.txt")), Code: diag.CodeReadFailed, Message: "cannot read the list of names", Remedy: "run grantgen --provider " + name}}
	}
	api, diags := pipeline.Model(pipeline.Input{Doc: doc, Config: conf, Package: conf.Package, ImportPath: conf.ImportPath, Names: list})
	if diags.HasErrors() {
		return tables.Provider{}, diags
	}
	p := tables.Provider{Config: conf, API: api, Doc: doc.Root}
	files := os.DirFS(filepath.Join(root, "providers", name))
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".gen.go") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		p.Bytes += len(text)
		p.Lines += bytes.Count(text, []byte("\n"))
		return err
	})
	if err != nil {
		return p, diag.List{{Provider: name, File: "providers/" + name, Code: diag.CodeReadFailed, Message: "cannot read the generated package", Remedy: "run grantgen --provider " + name}}
	}
	return p, nil
}

func readMeasured(path string) (m tables.Measured, diags diag.List) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return m, diag.List{{File: shown(path), Code: diag.CodeReadFailed, Message: fmt.Sprintf("cannot read what was measured: %v", err), Remedy: "run make sizes"}}
	}
	return m, nil
}
