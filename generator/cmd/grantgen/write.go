package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/output"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

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
