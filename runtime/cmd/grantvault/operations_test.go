package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// TestOperations: what is loaded goes before what the command knows, and what the
// folder has, and gives way again.
func TestOperations(t *testing.T) {
	dir, tables := filepath.Join(t.TempDir(), "vault"), t.TempDir()
	must(t, "", "init", "--dir", dir)
	file := filepath.Join(tables, "operations.json")
	if err := os.WriteFile(file, []byte(github.OperationTable()), 0o600); err != nil {
		t.Fatal(err)
	}
	list := func(want string, args ...string) {
		t.Helper()
		o := command(t, "", append([]string{"operations", "list", "--dir", dir}, args...)...)
		var lines []string
		for line := range strings.Lines(o.stdout) {
			if f := strings.Fields(line); len(f) > 3 && f[0] != "PROVIDER" {
				lines = append(lines, strings.Join(f[:3], " ")+" "+f[len(f)-1])
			}
		}
		if got := strings.Join(lines, ", "); o.code != exitOK || got != want {
			t.Errorf("%s %+v, want %s", got, o, want)
		}
	}
	const slack = "slack oauth program https://slack.com/api"
	list("github oauth program https://api.github.com, " + slack)
	list("github oauth folder https://api.github.com, "+slack, "--operations", tables)
	if o := command(t, "", "operations", "load", file, "--base-url=https://ghe.example.com/api/v3", "--dir", dir); o.code != exitOK || !strings.Contains(o.stdout, "at https://ghe.example.com/api/v3, version 1") {
		t.Errorf("%+v", o)
	}
	list("github oauth vault https://ghe.example.com/api/v3, "+slack, "--operations", tables)
	must(t, "", "operations", "remove", "github", "--dir", dir)
	list("github oauth program https://api.github.com, " + slack)
	large := filepath.Join(tables, "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, optable.MaxSize+1)); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"has more than 67108864 bytes":  {"operations", "load", large},
		"has no operation table":        {"operations", "remove", "github"},
		"is not the JSON that grantgen": {"operations", "load", os.DevNull, "--kind=managed"},
		"no such file":                  {"operations", "load", filepath.Join(tables, "nothing")},
		"must be one of":                {"operations", "load", file, "--kind=x"},
		"the base URL of github does ":  {"operations", "load", file, "--base-url=http://api.github.com"},
	} {
		if o := command(t, "", append(args, "--dir", dir)...); o.code == exitOK || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: %+v, want %q", args, o, want)
		}
	}
}
