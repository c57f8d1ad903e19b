// Package fetch obtains the pinned upstream document of a provider and writes
// its facts-only form.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/facts"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/output"
)

// Document is the name of the facts-only document beside provider.yaml.
const Document = "openapi.json"

// Options change where things come from and go. The zero value asks the
// installed npm client for its registry and keeps no upstream document.
type Options struct {
	Environment Environment
	// Client replaces the HTTP client that the npm settings describe.
	Client *http.Client
	// KeepUpstream is a folder for the untouched upstream document, stored as
	// NAME.json (or .yaml); "" keeps none.
	KeepUpstream string
}

type fetcher struct {
	opts Options
	dir  string
}

// Result tells what a run did.
type Result struct {
	// Path is the facts-only document, Bytes its size, Changed whether its
	// content is another than before.
	Path    string
	Bytes   int
	Changed bool
	// Upstream is the size of the upstream document.
	Upstream int
}

// Run fetches the document of p, whose provider.yaml lies in dir, and writes
// dir/openapi.json. Equal sources give equal bytes. When the list has errors
// nothing was written.
func Run(ctx context.Context, p *config.Provider, dir string, opts Options) (Result, diag.List) {
	f := &fetcher{opts, dir}
	file := filepath.Join(dir, "provider.yaml")
	fail := func(err error) (Result, diag.List) {
		d := diag.Diagnostic{Provider: p.Name, File: file, Code: diag.CodeWriteFailed, Message: err.Error(), Remedy: "check the folder's permissions"}
		if ft, ok := errors.AsType[*fault](err); ok {
			d.Pointer, d.Code, d.Remedy = "/source", ft.code, ft.remedy
		}
		return Result{}, diag.List{d}
	}
	upstream, err := f.upstream(ctx, p.Source)
	if err != nil {
		return fail(err)
	}
	doc, diags := load.Bytes(upstreamName(p.Source), upstream, load.Options{})
	diags = diags.WithProvider(p.Name)
	if diags.HasErrors() {
		return Result{}, diags
	}
	text, err := facts.Print(facts.Reduce(doc.Root))
	if err != nil {
		return fail(err)
	}
	if err := f.keep(p, upstream); err != nil {
		return fail(err)
	}
	r := Result{Path: filepath.Join(dir, Document), Bytes: len(text), Upstream: len(upstream)}
	if before, err := os.ReadFile(r.Path); err == nil && bytes.Equal(before, text) {
		return r, diags
	}
	r.Changed = true
	if err := replace(r.Path, text); err != nil {
		return fail(err)
	}
	return r, diags
}

// upstreamName names the document in diagnostics.
func upstreamName(src config.Source) string {
	switch {
	case src.Npm != "":
		return "npm:" + src.Npm + "@" + src.Version + "/" + src.Path
	case src.URL != "":
		return path.Base(src.URL)
	}
	return src.File
}

func (f *fetcher) keep(p *config.Provider, text []byte) error {
	if f.opts.KeepUpstream == "" {
		return nil
	}
	if err := os.MkdirAll(f.opts.KeepUpstream, 0o755); err != nil {
		return err
	}
	ext := path.Ext(upstreamName(p.Source))
	if ext != ".yaml" && ext != ".yml" {
		ext = ".json"
	}
	return replace(filepath.Join(f.opts.KeepUpstream, p.Name+ext), text)
}

// replace writes a file so that readers see the old or the new content.
func replace(name string, text []byte) error {
	commit, drop, err := output.Prepare(name, text)
	if err != nil {
		return err
	}
	defer drop()
	return commit()
}
