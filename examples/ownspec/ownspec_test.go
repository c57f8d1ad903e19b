package main

import (
	"bytes"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	server := httptest.NewServer(newDesk())
	defer server.Close()
	var out bytes.Buffer
	if err := run(t.Context(), server.URL, log.New(&out, "", 0)); err != nil {
		t.Fatal(err)
	}
	const want = `open   1 No light in the stairwell
open   2 The door sticks
open   3 A new chair
new    4 with 14 bytes attached
event  waiting became open
event  reception says third time this week
refused title: a ticket needs a title
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

// goCommand runs the go command without a network.
func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	flags := os.Getenv("GOFLAGS")
	if dir != "." && !strings.HasPrefix(dir, "desk") { // else each temporary folder's name would be compiled in
		flags += " -trimpath"
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS="+flags)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// check is what CI runs: the line of go generate, with --check.
func check(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile("desk/generate.go")
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(text), "//go:generate go ")
	if !ok {
		t.Fatal("desk/generate.go has no go:generate line")
	}
	goCommand(t, filepath.Join(dir, "desk"), append(strings.Fields(line), "--check")...)
}

// TestGenerated: package desk is what grantgen makes of the document today.
func TestGenerated(t *testing.T) { check(t, ".") }

// TestVendor: the module works where nothing but its own folder and the Go
// distribution is at hand.
func TestVendor(t *testing.T) {
	if testing.Short() {
		t.Skip("copies the module and builds it")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "mod", "edit", "-replace=github.com/grantwire/grantwire="+root)
	goCommand(t, dir, "mod", "vendor")
	// From here on the folder of grantwire is out of reach.
	goCommand(t, dir, "mod", "edit", "-replace=github.com/grantwire/grantwire="+filepath.Join(dir, "gone"))
	modules := filepath.Join(dir, "vendor", "modules.txt")
	text, err := os.ReadFile(modules)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(modules, bytes.ReplaceAll(text, []byte(root), []byte(filepath.Join(dir, "gone"))), 0o600); err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "build", "-mod=vendor", "-o", filepath.Join(dir, "ownspec.out"), ".")
	check(t, dir)
	var providers []string
	err = fs.WalkDir(os.DirFS(filepath.Join(dir, "vendor/github.com/grantwire/grantwire")), ".", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && slices.Contains([]string{"providers", "specs", "examples"}, path) {
			providers = append(providers, path)
		}
		return err
	})
	if err != nil || len(providers) > 0 {
		t.Errorf("vendored besides what is used: %v (%v)", providers, err)
	}
}
