//go:build unix

// Command compare measures grantgen and its generated packages, and its peers on
// the same documents in the same run.
//
//	compare build [NAME...]   one go build of each committed provider; writes providers/measured.json
//	compare peers [NAME...]   grantgen, oapi-codegen and ogen on specs/NAME/openapi.json; writes providers/PEERS.md
//
// Without names it takes every provider. It runs in the repository's root, works in
// .tmp/compare and fetches the peers through the Go module proxy.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// settings are the command line.
type settings struct {
	root, work string
	oapi, ogen string // versions
	limit      time.Duration
	memory     int // MB of address space of one process
	names      []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	s := settings{}
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.StringVar(&s.oapi, "oapi-codegen", "v2.8.2", "version of oapi-codegen")
	flags.StringVar(&s.ogen, "ogen", "v1.24.0", "version of ogen")
	flags.DurationVar(&s.limit, "limit", 10*time.Minute, "time after which one step is given up")
	flags.IntVar(&s.memory, "memory", 8000, "MB of address space that one process may have")
	if err := flags.Parse(args); err != nil {
		return err
	}
	what := flags.Arg(0)
	if flags.NArg() > 1 {
		s.names = flags.Args()[1:]
	}
	var err error
	if s.root, err = os.Getwd(); err != nil {
		return err
	}
	if s.names, err = s.providers(); err != nil {
		return err
	}
	s.work = filepath.Join(s.root, ".tmp", "compare")
	if err := os.RemoveAll(s.work); err != nil {
		return err
	}
	switch what {
	case "build":
		return s.builds(ctx)
	case "peers":
		return s.peers(ctx)
	}
	return fmt.Errorf("say build or peers, not %q", what)
}

// providers are the named ones, or all.
func (s settings) providers() ([]string, error) {
	names := s.names
	if len(names) == 0 {
		found, err := filepath.Glob(filepath.Join(s.root, "specs", "*", "provider.yaml"))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			names = append(names, filepath.Base(filepath.Dir(path)))
		}
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(s.root, "specs", name, "openapi.json")); err != nil {
			return nil, fmt.Errorf("there is no specs/%s/openapi.json here; run in the root of the repository", name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("there is no specs/NAME/provider.yaml here; run in the root of the repository")
	}
	return names, nil
}
