// Package pipeline is the generator read as one function: a document and the facts
// about its provider go in, the files of a Go package come out. It reads and
// writes nothing.
package pipeline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/emit"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/lower"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/names"
	"github.com/grantwire/grantwire/generator/internal/normalize"
	"github.com/grantwire/grantwire/generator/internal/output"
	"github.com/grantwire/grantwire/generator/internal/split"
)

// Input is what one run needs.
type Input struct {
	Doc        *load.Document
	Config     *config.Provider // nil: the document speaks for itself
	Package    string
	ImportPath string // "" when unknown
	Source     string // named in the header of each file
	Names      []byte // names list of an earlier run, or nil
	DocsFull   bool   // carry the document's descriptions into comments
	Tags       []string
	Operations []string
	Strict     bool // lenient steps are refusals
}

// Result is what one run makes.
type Result struct {
	Files      []output.File // sorted by name
	Names      []byte        // the names list to keep
	Operations int
	Types      int
	API        *model.API // what the files say, for who wants to compare it with the document
}

// Generate runs the stages in order. It returns no files when the list holds an
// error.
func Generate(in Input) (Result, diag.List) {
	api, diags := Model(in)
	if diags.HasErrors() {
		return Result{}, diags
	}
	conf := emitConfig(configOf(in), in)
	var more diag.List
	if conf.Families, more = families(api, configOf(in), len(in.Tags)+len(in.Operations) > 0); len(more) > 0 {
		return Result{}, append(diags, finish(more, in)...)
	}
	files, err := emit.Run(api, conf)
	if err != nil {
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Error, Provider: api.Provider, File: in.Doc.File, Code: "emit-failed",
			Message: err.Error(), Remedy: "this is a fault of grantgen: please report it with the document",
		})
		return Result{}, diags
	}
	return Result{Files: files, Names: names.List(api), Operations: len(api.Ops), Types: len(api.Types), API: api}, diags
}

func configOf(in Input) *config.Provider {
	if in.Config != nil {
		return in.Config
	}
	return &config.Provider{Name: in.Package, Package: in.Package}
}

// Model runs the stages up to the named model. It is nil when the list holds an
// error.
func Model(in Input) (*model.API, diag.List) {
	conf := configOf(in)

	// The raw tree first: a broken document can't be decoded into types.
	form, diags := normalize.Run(in.Doc.Root, normalize.Options{
		Provider: conf.Name, Credentials: conf.CredentialParameters, Segments: conf.MultiSegment,
		Dropped: conf.DropParameters, Kept: conf.KeepParameters, Segmented: conf.MultiSegmentParameters,
		Tags: in.Tags, Operations: in.Operations, Docs: in.DocsFull,
	})

	// kin-openapi gets the small normal form, and owns it from here.
	doc, more := typed(form, conf.Name)
	diags = append(diags, more...)
	if doc == nil || diags.HasErrors() {
		return nil, finish(diags, in)
	}

	api, more := lower.Run(doc, form.Origins, lowerOptions(conf, in))
	api.Title = cmp.Or(conf.Title, api.Title)
	diags = append(diags, more...)
	if conf.Packages.Rule != config.SplitNone {
		diags = append(diags, cut(api, conf, in)...)
	}
	diags = append(diags, names.Assign(api, nameOptions(conf, in))...)
	if len(api.Ops) == 0 {
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Error, Provider: conf.Name, Pointer: "/paths", Code: "no-operations",
			Message: "no operation is left to generate", Remedy: "check the document's paths, --tags and --operations",
		})
	}
	if diags = finish(diags, in); diags.HasErrors() {
		return nil, diags
	}
	return api, diags
}

// cut makes several packages of the API. They import each other, so where they
// live must be known.
func cut(api *model.API, conf *config.Provider, in Input) diag.List {
	var diags diag.List
	if in.ImportPath == "" {
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Error, Provider: conf.Name, Code: "import-path-unknown",
			Message: "an API of several packages needs its import path", Remedy: "write into a folder below a go.mod, or add --import-path",
		})
	}
	packages, home := names.Homes(in.Names)
	return append(diags, split.Run(api, split.Options{Names: conf.Packages.Names, Packages: packages, Home: home})...)
}

// typed loads the normal form. What Validate finds is a report: only what can't be
// emitted stops the run.
func typed(form *normalize.Form, provider string) (*openapi3.T, diag.List) {
	text, err := json.Marshal(form.Root)
	if err == nil {
		var doc *openapi3.T
		if doc, err = openapi3.NewLoader().LoadFromData(text); err == nil {
			return doc, validated(doc, provider)
		}
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return nil, diag.List{{
		Severity: diag.Error, Provider: provider, Code: "not-loadable",
		Message: "the document can't be read as OpenAPI: " + message, Remedy: "correct the member named in the message",
	}}
}

// finish drops repetitions, fills in what the stages don't know and applies
// --strict.
func finish(diags diag.List, in Input) diag.List {
	seen := map[diag.Diagnostic]bool{}
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool {
		again := seen[d]
		seen[d] = true
		return again
	})
	for i := range diags {
		if diags[i].File == "" {
			diags[i].File = in.Doc.File
		}
		if in.Strict && diags[i].Severity == diag.Warning {
			diags[i].Severity = diag.Error
		}
	}
	return diags
}

func lowerOptions(c *config.Provider, in Input) lower.Options {
	o := lower.Options{
		Provider: c.Name, BaseURL: c.BaseURL, Grouping: lower.Grouping(c.Groups.Rule), Moves: c.Groups.Operations, Flat: c.Flat,
		Optional: c.OptionalMembers, Partial: len(in.Tags)+len(in.Operations) > 0,
	}
	rules := c.Paging
	if rules == nil {
		rules = []config.Paging{{Kind: config.PagingAuto}}
	}
	for _, p := range rules {
		o.Paging = append(o.Paging, pagingRule(p))
	}
	return o
}

var pagingKinds = map[config.PagingKind]model.PagingKind{
	config.PagingLink: model.PagingLink, config.PagingPage: model.PagingPage, config.PagingCursor: model.PagingCursor,
	config.PagingOffset: model.PagingOffset, config.PagingURL: model.PagingURL, config.PagingLast: model.PagingLast,
}

func pagingRule(p config.Paging) lower.PagingRule {
	rule := lower.PagingRule{
		Paging: model.Paging{
			Kind: pagingKinds[p.Kind], Param: p.Param, Explicit: p.Explicit, Size: p.Size, Next: p.Next, Header: p.Header,
			More: p.More, Final: p.Final, Pages: p.Pages, Total: p.Total, Limit: p.Limit, ID: p.ID, Greatest: p.Greatest, Values: p.Values,
		},
		Auto: p.Kind == config.PagingAuto, Lists: p.Items, ImpliedBy: p.ImpliedBy, Operations: p.Operations, Except: p.Except,
	}
	switch {
	case p.First != nil:
		rule.First = *p.First
	case p.Kind == config.PagingPage:
		rule.First = 1
	}
	if p.Kind == config.PagingLast && p.ID == "" {
		rule.ID = "id"
	}
	return rule
}

func nameOptions(c *config.Provider, in Input) names.Options {
	reserved := slices.Clone(c.Names.Reserved)
	if c.Errors.Type != "" {
		reserved = append(reserved, c.Errors.Type)
	}
	return names.Options{
		Types: c.Names.Types, Operations: c.Names.Operations, Groups: c.Groups.Names, Moved: c.Groups.Operations, Strip: c.Names.Strip,
		Words: c.Names.Initialisms, Reserved: reserved, List: in.Names,
		Routes: c.Names.Methods == config.NamedByRoute,
	}
}

func emitConfig(c *config.Provider, in Input) emit.Config {
	out := emit.Config{
		Package: in.Package, ImportPath: in.ImportPath, Source: in.Source, ErrorType: c.Errors.Type, Notes: c.Notes,
		Errors: emit.ErrorShape{
			OK: c.Errors.OK, Code: c.Errors.Code, Message: c.Errors.Message, RequestID: c.Errors.RequestID,
			Unauthorized: c.Errors.Unauthorized, RateLimited: c.Errors.RateLimited, NotFound: c.Errors.NotFound,
		},
	}
	if out.Source == "" {
		out.Source = in.Doc.File
	}
	out.Origin = emit.Origin{Source: out.Source, Date: c.Source.Date}
	if pinned := c.Source; pinned != (config.Source{}) {
		out.Origin.Source = pinned.String()
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		out.Headers = append(out.Headers, [2]string{name, c.Headers[name]})
	}
	return out
}

// Describe sums a run up in one line.
func (r Result) Describe() string {
	size := 0
	lines := 0
	for _, f := range r.Files {
		size += len(f.Content)
		lines += bytes.Count(f.Content, []byte("\n"))
	}
	return fmt.Sprintf("%d operations, %d types, %d files, %d lines, %d KB", r.Operations, r.Types, len(r.Files), lines, size/1024)
}
