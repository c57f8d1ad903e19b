package corpus

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/grammar"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

// TestFaults puts each fault into documents: a small one of each dialect, and parts
// of real ones. What comes out is a package that compiles and a diagnostic that
// says what was assumed, or a refusal with a pointer and a code; --strict turns
// every repair into a refusal. MUTANTS=n adds n documents with several random
// faults; a failing one is named by its seed.
func TestFaults(t *testing.T) {
	m := newMutants(t)
	more := few
	if n, err := strconv.Atoi(os.Getenv("MUTANTS")); err == nil {
		more = n
	}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			applied := 0
			for seed := range uint64(len(m.bases)) {
				for i, base := range m.bases {
					if applied == 2 && more == few && i != len(m.bases)-1 {
						continue // two of the small ones, and a real one
					}
					doc := clone(base.root)
					at := &site{root: doc, rng: rand.New(rand.NewPCG(seed, 1))}
					if applied > 2 && more == few || !f.apply(at) {
						continue
					}
					applied++
					m.check(t, base.name+" "+strconv.FormatUint(seed, 10), doc, f)
				}
			}
			if applied == 0 {
				t.Error("the fault has no place in any document")
			}
		})
	}
	for i := range more {
		seed := uint64(i)
		t.Run("several "+strconv.Itoa(i), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			base := m.bases[rng.IntN(len(m.bases))]
			doc := clone(base.root)
			var names []string
			for range 2 + rng.IntN(5) {
				f := faults()[rng.IntN(len(faults()))]
				if f.apply(&site{root: doc, rng: rng}) {
					names = append(names, f.name)
				}
			}
			m.check(t, base.name+" "+strings.Join(names, ", "), doc, fault{lossy: true})
		})
	}
}

// few is how many documents have several faults in a plain test run.
const few = 24

// fault is one thing that authors get wrong, or that few generators expect.
type fault struct {
	name  string
	apply func(*site) bool // false: the document has no place for it
	code  string           // what must be reported, unless the document is refused; "" for nothing in particular
	lossy bool             // what is lost need not be told place by place
}

type mutants struct {
	bases   []base
	checker *Checker
}

type base struct {
	name string
	root map[string]any
}

func newMutants(t *testing.T) *mutants {
	exports, err := BuildExports(t.Context(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	m := &mutants{checker: NewChecker(exports)}
	for _, dialect := range []string{"3.0.3", "3.1.0", "3.2.0"} {
		root := decoded(t, []byte(everything))
		root["openapi"] = dialect
		m.bases = append(m.bases, base{dialect, root})
	}
	files, err := filepath.Glob("../../../specs/*/openapi.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no facts: %v", err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > 600<<10 {
			continue // the small ones: each mutant is written and read again
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		root := decoded(t, text)
		paths := root["paths"].(map[string]any)
		for i, path := range slices.Sorted(maps.Keys(paths)) {
			if i%17 != 0 {
				delete(paths, path)
			}
		}
		m.bases = append(m.bases, base{filepath.Base(filepath.Dir(file)), root})
		if len(m.bases) == 5 {
			break
		}
	}
	return m
}

func decoded(t *testing.T, text []byte) map[string]any {
	t.Helper()
	doc, diags := load.Bytes("openapi.yaml", text, load.Options{})
	if doc == nil {
		t.Fatal(diags)
	}
	return doc.Root
}

func clone[T any](v T) T {
	switch v := any(v).(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = clone(e)
		}
		return any(out).(T)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return any(out).(T)
	}
	return v
}

type outcome struct {
	result pipeline.Result
	diags  diag.List
	panic  any
}

func generate(text []byte, strict bool) outcome {
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panic = recover()
			done <- o
		}()
		doc, diags := load.Bytes("openapi.json", text, load.Options{})
		if strict {
			diags = diags.Strict()
		}
		o.diags = diags
		if diags.HasErrors() {
			return
		}
		out, more := pipeline.Generate(pipeline.Input{Doc: doc, Package: packageName, Strict: strict})
		o.result, o.diags = out, slices.Concat(diags, more)
	}()
	select {
	case o := <-done:
		return o
	case <-time.After(time.Minute):
		return outcome{panic: "the run does not end"}
	}
}

func (m *mutants) check(t *testing.T, name string, doc map[string]any, f fault) {
	t.Helper()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	o := generate(text, false)
	if o.panic != nil {
		t.Errorf("%s: %v", name, o.panic)
		return
	}
	reported := f.code == ""
	for _, d := range o.diags {
		reported = reported || d.Code == f.code
		if diag.Meaning(d.Code) == "" {
			t.Errorf("%s: %s has no meaning", name, d.Code)
		}
		if whole := []string{diag.CodeNoPaths, diag.CodeConvertFailed}; d.Severity == diag.Error && d.Pointer == "" && !slices.Contains(whole, d.Code) {
			t.Errorf("%s: refused without a place: %v", name, d)
		}
	}
	if !reported {
		t.Errorf("%s: no %s among %v", name, f.code, o.diags)
	}
	errs, warnings, _ := o.diags.Counts()
	if strict := generate(text, true); strict.panic != nil || strict.diags.HasErrors() != (errs+warnings > 0) {
		t.Errorf("%s: %d errors and %d warnings, but strict is %v", name, errs, warnings, strict.diags)
	}
	if errs > 0 {
		return
	}
	if faults := m.checker.Check(o.result.Files); len(faults) > 0 {
		t.Errorf("%s: the package does not compile: %s", name, strings.Join(faults, "\n"))
	}
	for _, lost := range census(doc, o.result.API, func(pointer string) bool { return told(pointer, o.diags) }) {
		if !f.lossy {
			t.Errorf("%s: %s %s: %s", name, lost.Code, lost.Pointer, lost.Message)
		}
	}
}

// site is a document in which a fault looks for its place.
type site struct {
	root map[string]any
	rng  *rand.Rand
}

// found is a place in the document.
type found struct {
	value  map[string]any
	holder map[string]any // of value, nil in a list
	name   string         // in holder
}

// pick takes one of the objects of a kind for which ok holds.
func (s *site) pick(kind string, ok func(map[string]any) bool) (found, bool) {
	var all []found
	s.walk(grammar.Document, s.root, nil, "", func(n *grammar.Node, f found) {
		if n.Name == kind && f.value["$ref"] == nil && (ok == nil || ok(f.value)) {
			all = append(all, f)
		}
	})
	if len(all) == 0 {
		return found{}, false
	}
	return all[s.rng.IntN(len(all))], true
}

func (s *site) walk(n *grammar.Node, v any, holder map[string]any, name string, visit func(*grammar.Node, found)) {
	if n == nil {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		visit(n, found{v, holder, name})
		for _, member := range slices.Sorted(maps.Keys(v)) {
			s.walk(n.Step(member), v[member], v, member, visit)
		}
	case []any:
		for _, e := range v {
			s.walk(n.Elem, e, nil, "", visit)
		}
	}
}

func has(members ...string) func(map[string]any) bool {
	return func(m map[string]any) bool {
		return !slices.ContainsFunc(members, func(name string) bool { return m[name] == nil })
	}
}

// set gives a fault that writes members into one object of a kind.
func set(kind string, ok func(map[string]any) bool, members string) func(*site) bool {
	return func(s *site) bool {
		f, found := s.pick(kind, ok)
		if !found {
			return false
		}
		maps.Copy(f.value, literal(members).(map[string]any))
		return true
	}
}

// literal reads the JSON of a fault, numbers as they are written.
func literal(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return v
}

// become gives a fault that replaces one object of a kind, wherever a member holds it.
func become(kind string, ok func(map[string]any) bool, value string) func(*site) bool {
	return func(s *site) bool {
		f, found := s.pick(kind, ok)
		if !found || f.holder == nil {
			return false
		}
		f.holder[f.name] = literal(value)
		return true
	}
}

// rename gives a fault that calls a component, a path, a property or a method otherwise.
func rename(kind, member string, names ...string) func(*site) bool {
	return func(s *site) bool {
		f, ok := s.pick(kind, func(m map[string]any) bool { sub, _ := m[member].(map[string]any); return len(sub) > 0 })
		if !ok {
			return false
		}
		sub := f.value[member].(map[string]any)
		for i, to := range names {
			keys := slices.Sorted(maps.Keys(sub))
			if i >= len(keys) {
				sub[to] = clone(sub[keys[0]])
				continue
			}
			sub[to] = clone(sub[keys[s.rng.IntN(len(keys))]])
		}
		return true
	}
}
