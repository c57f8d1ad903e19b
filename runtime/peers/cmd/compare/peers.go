//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// peer is a generator under comparison.
type peer struct {
	name    string
	version string
	module  string   // folder of the module that its packages are in
	get     []string // modules that the tool and its packages need
	tool    string   // package of the command, built in module
	// generate makes the command line that writes package name into dir.
	generate func(tool, spec, dir, name string) []string
}

// attempt is what one generator made of one document.
type attempt struct {
	peer                string
	generates, compiles bool
	note                string
	generate, build     cost
	lines, bytes        int
}

func (s settings) peersOf() []peer {
	return []peer{
		{
			name: "grantgen", version: "this one", module: filepath.Join(s.work, "grantgen"), tool: "github.com/grantwire/grantwire/generator/cmd/grantgen",
			generate: func(tool, spec, dir, name string) []string {
				return []string{tool, "--spec", spec, "-o", dir, "--package", name}
			},
		},
		{
			name: "oapi-codegen", version: s.oapi, module: filepath.Join(s.work, "oapi"), tool: "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen",
			get: []string{"github.com/oapi-codegen/oapi-codegen/v2@" + s.oapi, "github.com/oapi-codegen/runtime@latest"},
			generate: func(tool, spec, dir, name string) []string {
				return []string{tool, "-config", filepath.Join(s.work, "oapi", "config.yaml"), "-package", name, "-o", filepath.Join(dir, "client.gen.go"), spec}
			},
		},
		{
			name: "ogen", version: s.ogen, module: filepath.Join(s.work, "ogen"), tool: "github.com/ogen-go/ogen/cmd/ogen",
			get: []string{"github.com/ogen-go/ogen@" + s.ogen},
			generate: func(tool, spec, dir, name string) []string {
				return []string{tool, "--target", dir, "--package", name, "--config", filepath.Join(s.work, "ogen", "config.yaml"), "--clean", spec}
			},
		},
	}
}

// The settings with which each peer manages the most documents.
const (
	oapiConfig = "generate: {client: true, models: true}\noutput-options: {resolve-type-name-collisions: true}\n"
	ogenConfig = "generator: {features: {disable_all: true, enable: [paths/client]}, ignore_not_implemented: [all]}\nparser: {infer_types: true}\n"
)

// peers runs all generators over all documents, one after the other.
func (s settings) peers(ctx context.Context) error {
	all := s.peersOf()
	for i := range all {
		if err := s.prepare(ctx, &all[i]); err != nil {
			return fmt.Errorf("%s: %w", all[i].name, err)
		}
	}
	var rows []row
	for _, name := range s.names {
		r := row{name: name}
		var err error
		spec := filepath.Join(s.root, "specs", name, "openapi.json")
		if r.operations, err = operations(spec); err != nil {
			return err
		}
		for _, p := range all {
			a, err := s.attempt(ctx, p, name, spec)
			if err != nil {
				return err
			}
			r.attempts = append(r.attempts, a)
			fmt.Fprintln(os.Stderr, name, "", a)
		}
		rows = append(rows, r)
	}
	path := filepath.Join(s.root, "providers", "PEERS.md")
	return os.WriteFile(path, s.render(all, rows), 0o644)
}

// prepare makes the peer's module and builds its command.
func (s settings) prepare(ctx context.Context, p *peer) error {
	files := map[string]string{
		"go.mod": "module example.com/compare\n\ngo 1.26.0\n", "oapi/config.yaml": oapiConfig, "ogen/config.yaml": ogenConfig,
	}
	if err := os.MkdirAll(p.module, 0o750); err != nil {
		return err
	}
	put := func(name, text string) error { return os.WriteFile(filepath.Join(p.module, name), []byte(text), 0o600) }
	if err := put("go.mod", files["go.mod"]); err != nil {
		return err
	}
	if err := put("config.yaml", files[filepath.Base(p.module)+"/config.yaml"]); err != nil {
		return err
	}
	tool := filepath.Join(p.module, "tool.out")
	where := p.module
	if p.get == nil {
		where = s.root // grantgen is this repository's own
		mod := fmt.Sprintf("%s\nrequire github.com/grantwire/grantwire v0.0.0\n\nreplace github.com/grantwire/grantwire => %s\n", files["go.mod"], s.root)
		if err := put("go.mod", mod); err != nil {
			return err
		}
	}
	for _, module := range p.get {
		if _, _, err := s.command(ctx, p.module, "go", "get", module); err != nil {
			return err
		}
	}
	_, _, err := s.command(ctx, where, "go", "build", "-o", tool, p.tool)
	p.tool = tool
	return err
}

// attempt generates and builds one package. An error is one of this program; what
// the peer fails at is in the attempt.
func (s settings) attempt(ctx context.Context, p peer, name, spec string) (attempt, error) {
	a := attempt{peer: p.name}
	dir := filepath.Join(p.module, name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return a, err
	}
	said, c, err := s.command(ctx, p.module, p.generate(p.tool, spec, dir, name)...)
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	a.generate = c
	if err != nil {
		a.note = reason(err, s.root)
		return a, nil
	}
	a.generates = true
	a.note = skipped(said)
	var fault error
	if a.lines, a.bytes, fault = volume(dir, ".go"); fault != nil {
		return a, fault
	}
	if a.build, err = s.compile(ctx, p.module, "./"+name+"/..."); err != nil {
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		a.note = reason(err, s.root)
		return a, nil
	}
	a.compiles = true
	return a, nil
}

// skipped counts what a peer says that it left out.
func skipped(said string) string {
	n := 0
	for line := range strings.Lines(said) {
		if strings.Contains(line, "Skipping operation") {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("leaves out %d operations", n)
}

// moduleCache is what stands before a module's own path where Go keeps it.
var moduleCache = regexp.MustCompile(`/\S*/pkg/mod/`)

// reason is the line of an error that says most, without the paths of this machine.
func reason(err error, root string) string {
	if errors.Is(err, errLimit) {
		return err.Error()
	}
	best, most := "", -1
	for line := range strings.Lines(err.Error()) {
		// Of a chain of causes the last one is the deepest.
		if w := weight(line); w > most || w == most && cause.MatchString(line) {
			best, most = line, w
		}
	}
	text := moduleCache.ReplaceAllString(strings.ReplaceAll(best, root+"/", ""), "")
	text = strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "- ")
	if len(text) > 160 {
		text = text[:160] + "…"
	}
	return text
}

var (
	cause    = regexp.MustCompile(`^\s+- .*\S(:| ->) \S`)                                                                                // ogen's chain of causes
	compiler = regexp.MustCompile(`\.go:\d+:\d+: `)                                                                                      // what go build says
	noise    = regexp.MustCompile(`^(INFO|WARN|DEBUG)\s|\.go:\d+( \+0x[0-9a-f]+)?\s*$|^\s*$|^goroutine |^#|exit status|too many errors`) // logs, places of a stack
)

func weight(line string) int {
	switch {
	case strings.HasPrefix(line, "panic: "):
		return 4
	case noise.MatchString(line):
		return 0
	case cause.MatchString(line), compiler.MatchString(line):
		return 3
	case strings.Contains(line, "rror"):
		return 2
	}
	return 1
}

func operations(spec string) (int, error) {
	text, err := os.ReadFile(spec)
	if err != nil {
		return 0, err
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return 0, err
	}
	n := 0
	for _, item := range doc.Paths {
		for method := range item {
			if slices.Contains([]string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}, method) {
				n++
			}
		}
	}
	return n, nil
}

type row struct {
	name       string
	operations int
	attempts   []attempt
}

func (a attempt) String() string {
	switch {
	case !a.generates:
		return fmt.Sprintf("%s: does not generate: %s", a.peer, a.note)
	case !a.compiles:
		return fmt.Sprintf("%s: %d lines in %.2f s, do not compile: %s", a.peer, a.lines, a.generate.wall.Seconds(), a.note)
	}
	return fmt.Sprintf("%s: %d lines in %.2f s, built in %.2f s, %d MB %s", a.peer, a.lines, a.generate.wall.Seconds(), a.build.wall.Seconds(), a.build.rss/1e6, a.note)
}

// render writes the table.
func (s settings) render(all []peer, rows []row) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Written by `make peers`. Do not edit. -->\n\n# Beside other generators\n\n")
	fmt.Fprintf(&b, "One run of `make peers` on %s: %s, %s. Each generator gets the same document, `specs/NAME/openapi.json`, and no\nother configuration; ", time.Now().UTC().Format(time.DateOnly), machine(), runtime.Version())
	fmt.Fprintf(&b, "oapi-codegen %s with `resolve-type-name-collisions`, ogen %s as a client with\n`ignore_not_implemented: [all]`, which manage more documents that way. Sizes are those of all Go files. \"Build\" is one\n`go build` of the package with its imports compiled before; peaks are those of the largest process. A step has %s and\n%d MB of address space.\n\n", all[1].version, all[2].version, s.limit, s.memory)
	b.WriteString("| generator | documents | generate | compile |\n|---|--:|--:|--:|\n")
	for i, p := range all {
		generates, compiles := 0, 0
		for _, r := range rows {
			if r.attempts[i].generates {
				generates++
			}
			if r.attempts[i].compiles {
				compiles++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", p.name, len(rows), generates, compiles)
	}
	b.WriteString("\n| document | operations | generator | compiles | generate s | peak MB | lines | KB | build s | user s | peak MB | |\n|---|--:|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n")
	for _, r := range rows {
		for i, a := range r.attempts {
			name, count := "", ""
			if i == 0 {
				name, count = r.name, strconv.Itoa(r.operations)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |%s| %s |\n", name, count, a.peer, verdict(a), a.figures(), strings.ReplaceAll(strings.ReplaceAll(a.note, "|", "\\|"), "<", "&lt;"))
		}
	}
	return []byte(b.String())
}

func verdict(a attempt) string {
	switch {
	case !a.generates:
		return "refused"
	case !a.compiles:
		return "no"
	}
	return "yes"
}

func (a attempt) figures() string {
	made := fmt.Sprintf(" %.2f | %d ", a.generate.wall.Seconds(), a.generate.rss/1e6)
	if !a.generates {
		return made + "| | | | | "
	}
	made += fmt.Sprintf("| %d | %d ", a.lines, a.bytes/1000)
	if !a.compiles {
		return made + "| | | "
	}
	return made + fmt.Sprintf("| %.2f | %.2f | %d ", a.build.wall.Seconds(), a.build.user.Seconds(), a.build.rss/1e6)
}
