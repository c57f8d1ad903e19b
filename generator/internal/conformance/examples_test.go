//go:build conformance

// Package conformance holds what needs the untouched upstream documents: every
// example answer in them goes through the emitted types.
package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/emit"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

// The counts that peers reach on the same examples with oapi-codegen's own models:
// decoded, exact, of how many.
var peers = map[string][3]int{"github": {958, 788, 986}, "slack": {341, 312, 348}}

// untyped are examples that fit their schema only because a part of it admits any
// value: the schema has items and no type, or a variant that lists nothing. They
// contradict the part that does describe them.
var untyped = map[string]map[string]string{
	"github": {
		"GET /repos/{owner}/{repo}/environments 200 default":                    "a team without its required type",
		"GET /repos/{owner}/{repo}/environments/{environment_name} 200 default": "a team without its required type",
		"PUT /repos/{owner}/{repo}/environments/{environment_name} 200 default": "a team without its required type",
	},
	"slack": {
		"GET /reactions.list 200 response":      "items without their required type",
		"GET /users.info 200 response":          "a profile without required members",
		"GET /users.list 200 response":          "a profile without required members",
		"GET /users.lookupByEmail 200 response": "a profile without required members",
	},
}

// example is one documented answer and the Go type that reads it.
type example struct {
	Pointer string          `json:"pointer"`
	Method  string          `json:"-"`
	Path    string          `json:"-"`
	Status  string          `json:"-"`
	Type    string          `json:"type"`
	JSON    json.RawMessage `json:"json"`
}

// failure is an example that did not come back as it was.
type failure struct {
	Example int
	Cause   string
}

// TestConformanceExamples decodes and re-encodes every example answer of the
// upstream documents. Exact means equal JSON trees.
func TestConformanceExamples(t *testing.T) {
	root := os.Getenv("GRANTWIRE_UPSTREAM")
	if root == "" {
		t.Fatal("GRANTWIRE_UPSTREAM names no folder of upstream documents: run make conformance")
	}
	for provider, peer := range peers {
		t.Run(provider, func(t *testing.T) {
			examples := collect(t, root, provider)
			decoded, exact, failures := run(t, provider, examples)
			judge := newJudge(t, root, provider)
			excused := maps.Clone(untyped[provider])
			for _, f := range failures {
				e := examples[f.Example]
				verdict := judge.verdict(e)
				t.Logf("%s: %s: %s", verdict, e.Pointer, f.Cause)
				if strings.HasPrefix(verdict, "contradicts") {
					continue
				}
				if _, ok := excused[e.Pointer]; !ok {
					t.Errorf("%s: %s, and came back changed: %s", e.Pointer, verdict, f.Cause)
				}
				delete(excused, e.Pointer)
			}
			for pointer, why := range excused {
				t.Errorf("%s is excused (%s) but came back exact", pointer, why)
			}
			t.Logf("%s: %d examples, %d decoded, %d exact (peer: %d, %d of %d)", provider, len(examples), decoded, exact, peer[0], peer[1], peer[2])
			if len(examples) < peer[2] {
				t.Errorf("only %d examples found", len(examples))
			}
			if decoded*peer[2] <= peer[0]*len(examples) || exact*peer[2] <= peer[1]*len(examples) {
				t.Errorf("not better than the peer")
			}
		})
	}
}

// collect pairs each example of a JSON answer with the type that the generator gave
// that answer.
func collect(t *testing.T, root, provider string) []example {
	conf, diags := config.File(filepath.Join("../../../specs", provider, "provider.yaml"))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	names, err := os.ReadFile(filepath.Join("../../../specs", provider, "names.txt"))
	if err != nil {
		t.Fatal(err)
	}
	committed, diags := load.File(filepath.Join("../../../specs", provider, "openapi.json"), load.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	api, diags := pipeline.Model(pipeline.Input{Doc: committed, Config: conf, Package: conf.Package, Names: names})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	upstream := upstreamDocument(t, root, provider)
	var out []example
	for _, op := range api.Ops {
		for _, a := range op.Answers {
			out = append(out, documented(upstream, op, a)...)
		}
	}
	return out
}

func upstreamDocument(t *testing.T, root, provider string) map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, provider+"*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no upstream document of %s in %s", provider, root)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// documented finds the examples of one answer in the upstream document.
func documented(doc map[string]any, op *model.Operation, a model.Answer) []example {
	response := walk(doc, "paths", op.Path, strings.ToLower(op.Method), "responses", a.Status)
	content, _ := walk(doc, response, "content").(map[string]any)
	var out []example
	add := func(name string, v any) {
		if v == nil {
			return
		}
		b, err := json.Marshal(v)
		if err != nil {
			return
		}
		out = append(out, example{
			Method: op.Method, Path: op.Path, Status: a.Status,
			Pointer: fmt.Sprintf("%s %s %s %s", op.Method, op.Path, a.Status, name), Type: emit.GoType(a.Ref), JSON: b,
		})
	}
	for media, entry := range content {
		if media != "application/json" {
			continue
		}
		m, _ := entry.(map[string]any)
		add("example", m["example"])
		examples, _ := m["examples"].(map[string]any)
		for name, ex := range examples {
			add(name, walk(doc, ex, "value"))
		}
	}
	slices.SortFunc(out, func(x, y example) int { return strings.Compare(x.Pointer, y.Pointer) })
	return out
}

// walk follows members and references. It starts at the document, or at the first
// of path when that is a node.
func walk(doc map[string]any, path ...any) any {
	var v any = doc
	for _, p := range path {
		key, ok := p.(string)
		if !ok {
			v = p
			continue
		}
		m, ok := deref(doc, v).(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return deref(doc, v)
}

func deref(doc map[string]any, v any) any {
	for range 16 {
		m, ok := v.(map[string]any)
		if !ok {
			return v
		}
		ref, ok := m["$ref"].(string)
		if !ok {
			return v
		}
		v = doc
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			m, ok := v.(map[string]any)
			if !ok {
				return nil
			}
			v = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
		}
	}
	return nil
}

// run writes a program that knows the types by name, and reads its report.
func run(t *testing.T, provider string, examples []example) (decoded, exact int, failures []failure) {
	dir := filepath.Join("../../../.tmp/examples", provider)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(examples)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"examples.json": data, "main.go": program(provider, examples)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", "-tags", "conformance", ".", "examples.json")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Decoded, Exact int
		Failures       []failure
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	return report.Decoded, report.Exact, report.Failures
}

func program(provider string, examples []example) []byte {
	types := map[string]bool{}
	for _, e := range examples {
		types[e.Type] = true
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `// Code generated by the conformance test. DO NOT EDIT.
package main

import (
	"github.com/grantwire/grantwire/generator/conformance"
	. "github.com/grantwire/grantwire/providers/%s"
	"github.com/grantwire/grantwire/runtime/api"
)

var _ api.Time
`, provider)
	fmt.Fprintf(&b, "var _ = New\n\nfunc main() { conformance.Main(map[string]func() any{\n")
	for name := range types {
		fmt.Fprintf(&b, "\t%q: func() any { return new(%s) },\n", name, name)
	}
	b.WriteString("}) }\n")
	return b.Bytes()
}
