// Package fetch obtains the pinned upstream document of a provider and writes
// its facts-only form.
package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"

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
	// Output is where the facts go; "" is [Document] beside the configuration.
	Output string
	// KeepUpstream is a folder for the untouched upstream document, stored as
	// NAME.json (or .yaml); "" keeps none.
	KeepUpstream string
	// Timeout limits one download; 0 is ten minutes.
	Timeout time.Duration
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

// Run fetches the document that p names and writes its facts, to openapi.json
// beside p's file unless the options say otherwise. Equal sources give equal
// bytes. When the list has errors nothing was written.
func Run(ctx context.Context, p *config.Provider, file string, opts Options) (Result, diag.List) {
	dir := filepath.Dir(file)
	f := &fetcher{opts, dir}
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
	doc, diags := upstream.Load(load.Options{})
	diags = diags.WithProvider(p.Name)
	if diags.HasErrors() {
		return Result{}, diags
	}
	text, err := facts.Print(facts.Reduce(doc.Root))
	if err != nil {
		return fail(err)
	}
	if err := f.keep(p, upstream.Text); err != nil {
		return fail(err)
	}
	r := Result{Path: cmp.Or(opts.Output, filepath.Join(dir, Document)), Bytes: len(text), Upstream: len(upstream.Text)}
	if before, err := os.ReadFile(r.Path); err == nil && bytes.Equal(before, text) {
		return r, diags
	}
	r.Changed = true
	if err := replace(r.Path, text); err != nil {
		return fail(err)
	}
	return r, diags
}

func (f *fetcher) keep(p *config.Provider, text []byte) error {
	if f.opts.KeepUpstream == "" {
		return nil
	}
	if err := os.MkdirAll(f.opts.KeepUpstream, 0o755); err != nil {
		return err
	}
	ext := path.Ext(p.Source.String())
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
