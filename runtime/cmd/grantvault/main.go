package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

type commandLine struct {
	Dir   string `placeholder:"DIR" env:"GRANTVAULT_DIR" help:"The vault's folder."`
	Known string `name:"operations" placeholder:"DIR" env:"GRANTVAULT_OPERATIONS" help:"A folder of operation tables (operations.json, at any depth), read again when it changes."`

	Init     initCommand     `cmd:"" help:"Make the vault's folder, its database and its master key."`
	Serve    serveCommand    `cmd:"" help:"Serve the vault on loopback and on a unix socket."`
	Dev      devCommand      `cmd:"" help:"Serve a throwaway vault with a stand-in provider."`
	App      appCommand      `cmd:"" help:"Applications and their keys."`
	Agent    agentCommand    `cmd:"" help:"Agents."`
	Key      keyCommand      `cmd:"" help:"Keys of agents and applications."`
	Grant    grantCommand    `cmd:"" help:"Grants and delegations."`
	Provider providerCommand `cmd:"" help:"OAuth providers that users connect to."`
	Secret   secretCommand   `cmd:"" help:"Managed secrets: keys that somebody enters instead of connecting an account."`
	Rule     ruleCommand     `cmd:"" help:"Rules that narrow what calls may do."`
	Tables   tablesCommand   `cmd:"" name:"operations" help:"Operation tables, which name the calls to a provider."`
	Approval approvalCommand `cmd:"" help:"Calls that wait for a person."`
	Approve  approveCommand  `cmd:"" help:"Approve a call that waits; the last approval executes it."`
	Deny     denyCommand     `cmd:"" help:"Deny a call that waits."`
	Console  consoleCommand  `cmd:"" help:"Print a link that signs you in to the console of the running daemon, once, within five minutes."`
	Identity identityCommand `cmd:"" help:"The keys that sign identity assertions."`
	Audit    auditCommand    `cmd:"" help:"The audit trail."`
}

// tool is one run of the command.
type tool struct {
	ctx            context.Context
	dir            string
	operations     string // the folder of operation tables, or ""
	stdin          io.Reader
	stdout, stderr io.Writer
}

// usageError is a wrong command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// helpShown ends parsing after kong printed the help.
type helpShown struct{}

// run is the whole command; it returns the exit status. ctx ends what serves.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
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
		kong.Name("grantvault"),
		kong.Description("An agent vault on this machine."),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { panic(helpShown{}) }),
	)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "grantvault:", err)
		return exitUsage
	}
	t := &tool{ctx: local.AsOperator(ctx, "cli"), stdin: stdin, stdout: stdout, stderr: stderr}
	parsed, err := parser.Parse(args)
	if err != nil {
		return t.usage(err)
	}
	t.dir, t.operations = cl.Dir, cl.Known
	err = parsed.Run(t)
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		return t.usage(err)
	}
	_, _ = fmt.Fprintln(stderr, "grantvault:", err)
	return exitFailed
}

func (t *tool) usage(err error) int {
	_, _ = fmt.Fprintf(t.stderr, "grantvault: %v (try grantvault --help)\n", err)
	return exitUsage
}

func (t *tool) print(format string, args ...any) error {
	_, err := fmt.Fprintf(t.stdout, format, args...)
	return err
}

func (t *tool) needDir() error {
	if t.dir == "" {
		return usageError("name the vault's folder with --dir or GRANTVAULT_DIR")
	}
	return nil
}

// open opens the vault of an operator command. Only init makes a new one: a
// mistyped folder would otherwise become an empty vault.
func (t *tool) open(opts ...local.Option) (*local.Vault, error) {
	if err := t.needDir(); err != nil {
		return nil, err
	}
	if !exists(t.dir) {
		return nil, fmt.Errorf("there is no vault in %s: make one with grantvault init", t.dir)
	}
	return local.Open(t.dir, opts...)
}

// with runs fn on the opened vault and closes it.
func (t *tool) with(fn func(*local.Vault) error) error { return t.withOptions(nil, fn) }

// withKnown is with for what looks at calls, or makes one.
func (t *tool) withKnown(fn func(*local.Vault) error) error { return t.withOptions(t.known(), fn) }

func (t *tool) withOptions(opts []local.Option, fn func(*local.Vault) error) (err error) {
	v, err := t.open(opts...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return fn(v)
}
