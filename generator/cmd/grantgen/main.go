// Command grantgen turns an OpenAPI document into a Go package.
//
//	grantgen --provider NAME [--check]
//	grantgen --spec FILE -o DIR --package NAME [--config FILE] [--check]
//	grantgen fetch NAME...
//
// The first form reads specs/NAME and writes providers/NAME of this repository.
// The second runs on anybody's document, JSON or YAML, and writes a package that
// builds in the module around DIR. The third makes specs/NAME/openapi.json from
// the source that specs/NAME/provider.yaml pins.
//
// Findings go to standard error, one a line. The exit status is 0 when
// everything is fine, 1 when the document was refused or --check found stale
// files, 2 for a wrong command line. When it is not 0, DIR is as it was before.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"

	"github.com/grantwire/grantwire/generator/internal/fetch"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

type commandLine struct {
	Generate generateCommand `cmd:"" default:"withargs" help:"Generate a package (the default)."`
	Fetch    fetchCommand    `cmd:"" help:"Make the facts-only documents of providers from their pinned sources."`
}

// tool is one run of the command.
type tool struct {
	ctx            context.Context
	stdout, stderr io.Writer
	env            fetch.Environment // replaced by tests
}

// errFailed says that the reason was printed already.
var errFailed = errors.New("failed")

// usageError is a wrong command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	t := tool{ctx: ctx, stdout: os.Stdout, stderr: os.Stderr}
	code := t.run(os.Args[1:])
	stop()
	os.Exit(code)
}

// helpShown ends parsing after kong printed the help.
type helpShown struct{}

func (t tool) run(args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(helpShown); !ok {
				panic(r)
			}
			code = exitOK
		}
	}()
	var cl commandLine
	parser, err := kong.New(&cl,
		kong.Name("grantgen"),
		kong.Description("Typed Go clients from OpenAPI documents."),
		kong.UsageOnError(),
		kong.Writers(t.stdout, t.stderr),
		kong.Exit(func(int) { panic(helpShown{}) }),
	)
	if err != nil {
		fmt.Fprintln(t.stderr, "grantgen:", err)
		return exitUsage
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return t.usage(err)
	}
	err = parsed.Run(t)
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		return t.usage(err)
	case !errors.Is(err, errFailed):
		fmt.Fprintln(t.stderr, "grantgen:", err)
	}
	return exitFailed
}

func (t tool) usage(err error) int {
	fmt.Fprintf(t.stderr, "grantgen: %v (try grantgen --help)\n", err)
	return exitUsage
}
