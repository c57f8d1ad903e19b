package emit

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	. "github.com/dave/jennifer/jen" //nolint:revive,staticcheck // see emit.go

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/output"
)

// partJobs are the files of an API in several packages: those of each part, and
// the comment that says what to import.
func (e *emitter) partJobs() []job {
	imports := map[string]string{}
	for _, part := range e.api.Parts {
		imports[part.Home.Name] = path.Join(e.opts.ImportPath, part.Home.Path)
	}
	var jobs []job
	for _, part := range e.api.Parts {
		p := *e
		p.api, p.home, p.root = part, part.Home, e.opts
		p.opts.Package, p.opts.ImportPath = part.Home.Name, imports[part.Home.Name]
		p.imports = imports
		jobs = append(jobs, p.jobs()...)
	}
	return append(jobs, func() (output.File, error) { return e.render("doc.gen.go", e.rootDoc()) })
}

// resources are the first segments of the operations' paths, in order.
func resources(ops []*model.Operation) []string {
	var out []string
	for _, op := range ops {
		if !slices.Contains(out, op.Resource) {
			out = append(out, op.Resource)
		}
	}
	return out
}

// typesDoc is the comment of a part without operations.
func (e *emitter) typesDoc() *File {
	f := e.file()
	f.PackageComment(fmt.Sprintf("// Package %s holds types that several packages of [%s] share.", e.opts.Package, e.root.ImportPath))
	f.PackageComment("// Programs meet them in the arguments and results of those packages.")
	e.handshake(f)
	return f
}

// rootDoc is the comment of the package above the parts: which to import for what.
func (e *emitter) rootDoc() *File {
	f := e.file()
	f.PackageComment(fmt.Sprintf("// Package %s leads to the typed clients for %s.", e.opts.Package, e.subject()))
	f.PackageComment("//")
	f.PackageComment(fmt.Sprintf("// Its %d operations stand in packages by the first segment of their path, so that", len(e.api.Ops)))
	f.PackageComment("// a program compiles only what it reaches. Import the one that has the path, and")
	f.PackageComment("// make its client:")
	f.PackageComment("//")
	first := cmp.Or(firstClient(e.api.Parts), e.opts.Package)
	f.PackageComment(fmt.Sprintf("//\tclient := %s.New(agent.HTTPClient())", first))
	f.PackageComment("//\t… client.Service.Method(ctx, …, vault.Grant(grantID))")
	f.PackageComment("//")
	f.PackageComment("// The clients:")
	f.PackageComment("//")
	types := false
	for _, part := range e.api.Parts {
		if len(part.Ops) == 0 {
			types = true
			continue
		}
		below := "/" + strings.Join(resources(part.Ops), ", /")
		f.PackageComment(fmt.Sprintf("//   - [%s]: %s below %s", path.Join(e.opts.ImportPath, part.Home.Path), count(len(part.Ops), "operation"), oneLine(below)))
	}
	if types {
		f.PackageComment("//")
		f.PackageComment("// Types that several of them use stand in packages of their own:")
		f.PackageComment("//")
	}
	for _, part := range e.api.Parts {
		if len(part.Ops) == 0 {
			f.PackageComment(fmt.Sprintf("//   - [%s]: %s", path.Join(e.opts.ImportPath, part.Home.Path), count(len(part.Types), "type")))
		}
	}
	return f
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

func firstClient(parts []*model.API) string {
	for _, part := range parts {
		if len(part.Ops) > 0 {
			return part.Home.Name
		}
	}
	return ""
}
