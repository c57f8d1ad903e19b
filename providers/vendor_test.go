package providers_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/catalog"
)

// oneProvider is a program that uses the provider NAME and the vault's client.
const oneProvider = `package main

import (
	"fmt"
	"os"

	"github.com/grantwire/grantwire/providers/IMPORTED"
	"github.com/grantwire/grantwire/runtime/vault"
)

func main() {
	agent, err := vault.NewAgent(os.Getenv("ALTER_AGENT_KEY"))
	if err != nil {
		panic(err)
	}
	fmt.Println(NAME.New(agent.HTTPClient(vault.Grant(os.Getenv("GRANT_ID")))))
}
`

const ourModule = "github.com/grantwire/grantwire"

// vendored are the modules that a program with one provider and the vault's client
// takes into its house, ours included. A module more is a decision, not an accident.
var vendored = []string{
	"github.com/go-json-experiment/json",
	ourModule,
}

// linked are the packages of ours that such a program may hold beside the provider's.
var linked = []string{"runtime/api", "runtime/vault", "runtime/vault/internal/assertion", "runtime/vault/internal/spelling", "runtime/vault/internal/wire", "runtime/vault/rule"}

// TestVendor makes a module with a program for each provider, and looks at what
// comes with each of them.
func TestVendor(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"go.mod": "module example.com/mine\n\ngo 1.26.0\n\nrequire " + ourModule + " v0.0.0\n\nreplace " + ourModule + " => " + root + "\n",
		"go.sum": string(sums),
	}
	for _, p := range catalog.All() {
		files[filepath.Join(p.Name, "main.go")] = strings.NewReplacer("IMPORTED", p.Imported(), "NAME", path.Base(p.Imported())).Replace(oneProvider)
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	// The cache of whoever runs this test holds our own dependencies; the proxy is
	// asked only when tidy wants to see more than they import.
	if _, err := goCommand(t, dir, []string{"GOFLAGS=-mod=mod", "GOPROXY=off"}, "mod", "tidy"); err != nil {
		t.Log("the module cache is not enough for go mod tidy: asking the proxy")
		mustGo(t, dir, []string{"GOFLAGS=-mod=mod"}, "mod", "tidy")
	}
	mustGo(t, dir, []string{"GOFLAGS=-mod=mod"}, "mod", "vendor")

	text, err := os.ReadFile(filepath.Join(dir, "vendor", "modules.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if got := modules(string(text)); !slices.Equal(got, vendored) || len(got) > 4 {
		t.Errorf("vendored modules %q, want %q", got, vendored)
	}
	offline := []string{"GOFLAGS=-mod=vendor", "GOPROXY=off"}
	for _, p := range catalog.All() {
		want := append([]string{"providers/" + p.Imported()}, linked...)
		got := ours(mustGo(t, dir, offline, "list", "-deps", "./"+p.Name))
		if p.Package != "" { // what several packages of the provider share
			got = slices.DeleteFunc(got, func(pkg string) bool {
				return pkg == "providers/"+p.Name || strings.HasPrefix(pkg, "providers/"+p.Name+"/models/")
			})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: linked packages %q, want %q", p.Name, got, want)
		}
	}
	// One is built; the rest would cost minutes and prove the same. -trimpath keeps
	// the folder's name out, so that the next run finds this one's work in the build
	// cache.
	mustGo(t, dir, offline, "build", "-trimpath", "-o", filepath.Join(dir, "mine.out"), "./slack")
}

// ours are the packages of this module in a list, without its path.
func ours(packages string) []string {
	var found []string
	for path := range strings.FieldsSeq(packages) {
		if path, ok := strings.CutPrefix(path, ourModule+"/"); ok {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found
}

// modules lists the modules that a vendor/modules.txt names.
func modules(text string) []string {
	var paths []string
	for line := range strings.Lines(text) {
		if module, ok := strings.CutPrefix(line, "# "); ok {
			path, _, _ := strings.Cut(module, " ")
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths) // a replaced module is named a second time
}

func mustGo(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := goCommand(t, dir, env, args...)
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func goCommand(t *testing.T, dir string, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), append(env, "GOWORK=off", "CGO_ENABLED=0")...)
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		return "", errors.Join(err, errors.New(strings.TrimSpace(fault.String())))
	}
	return out.String(), nil
}
