package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/output"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
)

// The test's own program stands in for the command when this is set: it examines
// the file, or comes to grief as the file's name says.
const worker = "GRANTWIRE_CORPUS_WORKER"

const testMB = 300

func TestMain(m *testing.M) {
	exports := os.Getenv(worker)
	if exports == "" {
		os.Exit(m.Run())
	}
	if err := work(exports, os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func work(exportsFile, file string) error {
	switch filepath.Base(file) {
	case "panics.json":
		var none map[string]int
		none["x"]++ //nolint:staticcheck // SA5000: on purpose
	case "hangs.json":
		time.Sleep(time.Hour)
	case "grows.json":
		watch(testMB<<20, func() { os.Exit(exitMemory) })
		var all [][]byte
		for {
			all = append(all, slices.Repeat([]byte{1}, 1<<20))
			time.Sleep(time.Duration(len(all)) * time.Microsecond) // the watcher needs a turn
		}
	case "silent.json":
		return nil
	}
	text, err := os.ReadFile(exportsFile)
	if err != nil {
		return err
	}
	var exports Exports
	if err := json.Unmarshal(text, &exports); err != nil {
		return err
	}
	return Work(os.Stdout, file, exports, testMB)
}

func exports(t *testing.T) Exports {
	t.Helper()
	e, err := BuildExports(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func runner(t *testing.T) (r *Runner, started map[string]int) {
	t.Helper()
	text, err := json.Marshal(exports(t))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "exports.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	started = map[string]int{}
	return &Runner{
		Command: func(ctx context.Context, doc string) *exec.Cmd {
			started[filepath.Base(doc)]++
			cmd := exec.CommandContext(ctx, os.Args[0], doc)
			cmd.Env = append(os.Environ(), worker+"="+file)
			return cmd
		},
		Build: "one", Time: 20 * time.Second, MB: testMB, TotalMB: testMB, Parallel: 1,
		Progress: func(int, int, Row) {},
	}, started
}

// Whatever happens to a document is one row, and a second run does nothing again.
func TestRun(t *testing.T) {
	r, started := runner(t)
	files, err := Documents("testdata", 1)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "results.jsonl")
	first := run(t, r, name, files)
	got := map[string]Outcome{}
	for _, row := range first {
		got[row.File] = row.Outcome
	}
	want := map[string]Outcome{
		"good.json": Generated, "refused.json": Refused, "panics.json": Crashed, "hangs.json": TimedOut,
		"grows.json": TooBig, "silent.json": Crashed,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got)\n%s", diff)
	}
	for _, row := range first {
		switch row.File {
		case "good.json":
			if row.Operations != 2 || row.Lines == 0 || row.MB == 0 || row.Seconds == 0 || len(row.Findings) > 0 {
				t.Errorf("good.json: %+v", row)
			}
		case "refused.json":
			want := []Finding{{"remote-ref", "/paths/~1pets/get/responses/200/$ref", `the reference to "https://example.com/answers.json" leads to the network, which is never followed`}}
			if diff := cmp.Diff(want, row.Findings); diff != "" {
				t.Errorf("refused.json (-want +got)\n%s", diff)
			}
		case "panics.json":
			if len(row.Findings) != 1 || !strings.Contains(row.Findings[0].Message, "assignment to entry in nil map in github.com/grantwire/grantwire/generator/internal/corpus.work") {
				t.Errorf("panics.json: %+v", row.Findings)
			}
		}
	}
	started["hangs.json"]++ // limits may be others now
	started["grows.json"]++
	once := maps.Clone(started)
	started["hangs.json"]--
	started["grows.json"]--
	second := run(t, r, name, files)
	if diff := cmp.Diff(first, second, cmpopts.IgnoreFields(Row{}, "Seconds")); diff != "" {
		t.Errorf("the second run differs (-first +second)\n%s", diff)
	}
	if diff := cmp.Diff(once, started); diff != "" {
		t.Errorf("the second run examined again (-before +after)\n%s", diff)
	}
	r.Build = "two"
	if run(t, r, name, []string{"good.json"}); started["good.json"] != 2 {
		t.Errorf("a program that was built again examined good.json %d times, want 2", started["good.json"])
	}
}

func run(t *testing.T, r *Runner, name string, files []string) []Row {
	t.Helper()
	if r.Build == "one" {
		r.Time = 20 * time.Second
		if slices.Contains(files, "hangs.json") {
			r.Time = 4 * time.Second
		}
	}
	results, done, err := OpenResults(name, r.Build)
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	rows, err := r.Run(t.Context(), "testdata", files, results, done)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A run that is interrupted makes no row of the document at hand.
func TestInterrupted(t *testing.T) {
	r, _ := runner(t)
	ctx, cancel := context.WithCancel(t.Context())
	start := r.Command
	r.Command = func(ctx context.Context, file string) *exec.Cmd {
		time.AfterFunc(200*time.Millisecond, cancel)
		return start(ctx, file)
	}
	name := filepath.Join(t.TempDir(), "results.jsonl")
	results, done, err := OpenResults(name, r.Build)
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	if _, err := r.Run(ctx, "testdata", []string{"hangs.json"}, results, done); err == nil {
		t.Error("no error")
	}
	if text, err := os.ReadFile(name); err != nil || len(text) > 0 {
		t.Errorf("the results hold %q, %v", text, err)
	}
}

// A line that was cut short is passed over, and the next one starts on its own.
func TestResultsAfterCut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "results.jsonl")
	if err := os.WriteFile(name, []byte(`{"file":"a","build":"x","outcome":"generated"}`+"\n"+`{"file":"b","bui`), 0o600); err != nil {
		t.Fatal(err)
	}
	r, rows, err := OpenResults(name, "x")
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	if err := r.Append(Row{File: "c", Build: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	_, rows, err = OpenResults(name, "x")
	if got := slices.Sorted(maps.Keys(rows)); err != nil || !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("%v, %v, want a and c", got, err)
	}
}

// The checker objects to what a compiler objects to.
func TestChecker(t *testing.T) {
	c := NewChecker(exports(t))
	for _, test := range []struct{ name, body, want string }{
		{"good", `import "github.com/grantwire/grantwire/runtime/api"; var C *api.Client`, ""},
		{"unknown name", `var x = nothing`, "a.go:2:9: undefined: nothing"},
		{"no such member", `import "github.com/grantwire/grantwire/runtime/api"; var x api.Nothing`, "a.go:2:64: undefined: api.Nothing"},
		{"unused import", `import "io"`, `a.go:2:8: "io" imported and not used`},
		{"no Go", `func`, "a.go:2:5: expected 'IDENT', found 'EOF'"},
	} {
		got := strings.Join(c.Check([]output.File{{Name: "a.go", Content: []byte("package client\n" + test.body)}}), "; ")
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// What the package lacks is found by comparing it with a document that has more.
func TestCensus(t *testing.T) {
	small, diags := load.File("testdata/good.json", load.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	out, diags := pipeline.Generate(pipeline.Input{Doc: small, Package: "client"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	text, err := os.ReadFile("testdata/good.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, old, replacement string
		want                   []string
	}{
		{"the same", "", "", nil},
		{"an operation more", `"put": {`, `"delete": {"responses": {}}, "put": {`, []string{"lost-operation /paths/~1pets~1{id}/delete"}},
		{"a parameter more", `"parameters": [{"name": "fields"`, `"parameters": [{"name": "more", "in": "query"}, {"name": "fields"`,
			[]string{"lost-parameter /paths/~1pets~1{id}/get/parameters/0"}},
		{"a header that is none", `"parameters": [{"name": "fields"`, `"parameters": [{"name": "Accept", "in": "header"}, {"name": "fields"`, nil},
		{"a required parameter", `"in": "query",`, `"in": "query", "required": true,`, []string{"wrong-required /paths/~1pets~1{id}/get/parameters/0"}},
		{"a body more", `"operationId": "pets/get",`, `"operationId": "pets/get", "requestBody": {"content": {"text/csv": {}}},`,
			[]string{"lost-body /paths/~1pets~1{id}/get/requestBody"}},
		{"an answer more", `"204": {"description": ""`, `"201": {"content": {"application/json": {"schema": {"type": "string"}}}`,
			[]string{"lost-result /paths/~1pets~1{id}/put/responses/201"}},
		{"an answer that HTTP leaves empty", `"204": {"description": ""`, `"204": {"content": {"application/json": {"schema": {"type": "string"}}}`, nil},
		{"a member that no value can have", `"born": {`, `"name": false, "born": {`, nil},
		{"a member more", `"born": {`, `"name": {"type": "string"}, "born": {`, []string{"lost-member /components/schemas/Pet/properties/name"}},
	} {
		var root map[string]any
		if err := json.Unmarshal([]byte(strings.Replace(string(text), test.old, test.replacement, 1)), &root); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range census(root, out.API, func(string) bool { return false }) {
			got = append(got, f.Code+" "+f.Pointer)
		}
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestReport(t *testing.T) {
	rows := []Row{
		{File: "a", Outcome: Generated, Seconds: 1, MB: 10, Operations: 3, Diagnostics: map[string]int{"note not-valid": 2}},
		{File: "b", Outcome: Refused, Seconds: 2, MB: 30, Findings: []Finding{{"dangling-ref", "/x", "m"}}},
		{File: "c", Outcome: Broken, Seconds: 9, MB: 20, Findings: []Finding{{"type-error", "", "t"}}},
	}
	var b strings.Builder
	Report(&b, rows)
	for _, want := range []string{
		"generated       1   33.33 %", "refused: b#/x: dangling-ref: m", "        1         2  note not-valid",
		"time per document: median 2.00 s, at most 9.0 s (c)", "memory per document: median 20 MB, at most 30 MB (b)",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &b)
		}
	}
	if Verdict(rows) == nil {
		t.Error("a broken package passes")
	}
	if Verdict(rows[:2]) == nil {
		t.Error("half of the documents suffice")
	}
	if err := Verdict(slices.Repeat(rows[:1], 200)); err != nil {
		t.Error(err)
	}
}
