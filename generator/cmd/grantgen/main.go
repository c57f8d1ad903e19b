// Command grantgen turns an OpenAPI document into a Go package.
//
//	grantgen --spec DOC -o DIR --package NAME [--config FILE] [--names FILE] [--check]
//	grantgen --config FILE -o DIR [--names FILE] [--check]
//	grantgen --provider NAME [--check]
//	grantgen fetch NAME|FILE...
//	grantgen diff OLD NEW [--config FILE] [--names FILE] [--json]
//	grantgen tables [--check]
//
// The first form runs on anybody's document and writes a package that builds in
// the module around DIR. DOC is a file (JSON or YAML), an https address (http on
// this machine only), or a file in an npm package: npm:PACKAGE@VERSION/PATH, from
// the registry that the npm client is set up for. In the second form FILE names
// the document and pins its hash. The third belongs to grantwire's repository: it
// reads specs/NAME and writes providers/NAME. The fourth downloads the document
// that specs/NAME/provider.yaml or FILE pins, and keeps its facts. The fifth says
// what callers of the package lose and gain when it is generated from NEW in place
// of OLD; a document may also be git:REVISION:PATH there. The sixth writes
// providers/README.md and the PAGING.md of each provider.
//
// A document's references lead to files in its own folder, or inside its npm
// package; --allow-outside lets them leave the folder. They never lead to the
// network.
//
// Findings go to standard error, one a line. The exit status is 0 when
// everything is fine, 1 when the document was refused or --check found stale
// files, 2 for a wrong command line. When it is not 0, DIR is as it was before.
// That of diff is 0 when nothing breaks, 1 when something does, 2 when the two could
// not be compared.
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
	Tables   tablesCommand   `cmd:"" help:"Write the tables of this repository's providers: providers/README.md and their PAGING.md."`
	Diff     diffCommand     `cmd:"" help:"List what a new document breaks and adds in the Go package."`
}

// tool is one run of the command.
type tool struct {
	ctx            context.Context
	stdout, stderr io.Writer
	env            fetch.Environment // replaced by tests
}

// errFailed says that the reason was printed already.
var errFailed = errors.New("failed")

// errRefused says the same of something that could not be compared.
var errRefused = errors.New("refused")

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
		kong.Help(help),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
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
	case errors.Is(err, errRefused):
		return exitUsage
	case !errors.Is(err, errFailed):
		fmt.Fprintln(t.stderr, "grantgen:", err)
	}
	return exitFailed
}

const overview = `grantgen turns an OpenAPI document into a Go package.

  grantgen --spec DOC -o DIR --package NAME    a document of yours, in your module
  grantgen --config FILE -o DIR                the same; FILE names the document
  grantgen fetch FILE                          keep a document's facts in your repository
  grantgen diff OLD NEW                        what a new document breaks and adds
  grantgen --provider NAME                     a provider of grantwire's repository

With --check nothing is written and stale files are an error, for CI.
Exit status: 0 fine, 1 refused or stale, 2 wrong command line.
`

// help shows the flags of generate where no command is named, since they need none.
func help(o kong.HelpOptions, ctx *kong.Context) error {
	if ctx.Selected() != nil && ctx.Selected().Name != "generate" {
		return kong.DefaultHelpPrinter(o, ctx)
	}
	fmt.Fprint(ctx.Stdout, overview)
	generate, err := kong.Trace(ctx.Kong, []string{"generate"})
	if err != nil {
		return err
	}
	o.NoAppSummary = true
	return kong.DefaultHelpPrinter(o, generate)
}

func (t tool) usage(err error) int {
	fmt.Fprintf(t.stderr, "grantgen: %v (try grantgen --help)\n", err)
	return exitUsage
}
