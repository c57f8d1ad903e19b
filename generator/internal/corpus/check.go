package corpus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/output"
)

// runtimePath is the package that generated code calls.
const runtimePath = "github.com/grantwire/grantwire/runtime/api"

// Exports are the files with the compiled declarations of what generated code
// imports, by import path. Go's build cache keeps them.
type Exports map[string]string

// BuildExports compiles the runtime and lists what it and generated code import.
// dir is a folder of the module that holds the runtime.
func BuildExports(ctx context.Context, dir string) (Exports, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Export", runtimePath, "embed")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	out := Exports{}
	for dec := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct {
			ImportPath string `json:"ImportPath"`
			Export     string `json:"Export"`
		}
		if err := dec.Decode(&p); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if p.Export != "" {
			out[p.ImportPath] = p.Export
		}
	}
}

// Checker compiles packages in memory, as far as their types.
type Checker struct {
	fset *token.FileSet
	imp  types.Importer
}

// NewChecker returns a checker that imports from the given files.
func NewChecker(exports Exports) *Checker {
	fset := token.NewFileSet()
	return &Checker{fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		name, ok := exports[path]
		if !ok {
			return nil, fmt.Errorf("nothing is known of %s", path)
		}
		return os.Open(name)
	})}
}

// Check returns what a compiler would object to, at most twenty lines.
func (c *Checker) Check(files []output.File) []string {
	var parsed []*ast.File
	var faults []string
	report := func(err error) {
		if len(faults) < maxFindings {
			faults = append(faults, err.Error())
		}
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".go") {
			continue
		}
		file, err := parser.ParseFile(c.fset, f.Name, f.Content, parser.SkipObjectResolution)
		if err != nil {
			report(err)
			continue
		}
		parsed = append(parsed, file)
	}
	conf := types.Config{Importer: c.imp, Error: report}
	_, _ = conf.Check(packageName, c.fset, parsed, nil) // every error went to report
	return faults
}
