package corpus

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/fetch"
	"github.com/grantwire/grantwire/generator/internal/load"
)

// Pin is one document inside a package of a registry.
type Pin struct {
	Name       string // of the document, one word
	Client     string // npm, pip or go: whose package it is
	Package    string
	Version    string
	Integrity  string // as the client writes it: sha512-…, sha256:…, h1:…
	Dialect    string // swagger or openapi, and the version
	Operations int    // how many the document describes
	Path       string // inside the package
}

// Pins reads a list: a line each, fields separated by tabs in the order of [Pin];
// lines that start with # are comments.
func Pins(text []byte) ([]Pin, error) {
	var out []Pin
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 8 {
			return nil, fmt.Errorf("line %d has %d fields, not 8", i+1, len(f))
		}
		n, err := strconv.Atoi(f[6])
		switch {
		case err != nil || n < 1:
			return nil, fmt.Errorf("line %d: %q is no number of operations", i+1, f[6])
		case !slices.Contains([]string{"npm", "pip", "go"}, f[1]):
			return nil, fmt.Errorf("line %d: %q is none of npm, pip, go", i+1, f[1])
		}
		out = append(out, Pin{f[0], f[1], f[2], f[3], f[4], f[5], n, f[7]})
	}
	return out, nil
}

// File is the document below the folder that [Pin.Fetch] filled.
func (p Pin) File() string { return path.Join(p.folder(), p.Path) }

func (p Pin) folder() string {
	return strings.NewReplacer("/", "_", "@", "").Replace(p.Package) + "-" + p.Version
}

// Counted compares how many operations the packages have with what the documents
// describe.
func Counted(pins []Pin, rows []Row) error {
	have := map[string]int{}
	for _, row := range rows {
		have[row.File] = row.Operations
	}
	var wrong error
	for _, p := range pins {
		if have[p.File()] != p.Operations {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %d operations in the package, %d in the document", p.Name, have[p.File()], p.Operations))
		}
	}
	return wrong
}

// Fetch gets the package through its registry's client and unpacks what may be
// part of a document. A package that is there stays.
func (p Pin) Fetch(ctx context.Context, dir string) error {
	to := filepath.Join(dir, p.folder())
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	switch p.Client {
	case "npm":
		return fetch.Unpack(ctx, config.Source{Npm: p.Package, Version: p.Version, Integrity: p.Integrity}, to, fetch.Options{})
	case "pip":
		return p.wheel(ctx, to)
	}
	return p.module(ctx, to)
}

// module unpacks a Go module, whose sum the go command checked.
func (p Pin) module(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", p.Package+"@"+p.Version) //nolint:gosec // G204: from the list
	cmd.Dir = os.TempDir()                                                                     // outside of any module
	text, _ := cmd.Output()                                                                    // fails for a module that needs a newer Go, with the archive in place
	var got struct {
		Zip   string `json:"Zip"`
		Sum   string `json:"Sum"`
		Error string `json:"Error"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return fmt.Errorf("go mod download %s@%s: %w", p.Package, p.Version, err)
	}
	switch {
	case got.Zip == "":
		return fmt.Errorf("go mod download: %s", got.Error)
	case got.Sum != p.Integrity:
		return fmt.Errorf("%s@%s has the sum %s, not %s", p.Package, p.Version, got.Sum, p.Integrity)
	}
	return unzip(got.Zip, p.Package+"@"+p.Version+"/", to)
}

// wheel unpacks a Python package, whose hash pip checks.
func (p Pin) wheel(ctx context.Context, to string) error {
	tmp, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	list := filepath.Join(tmp, "requirements.txt")
	if err := os.WriteFile(list, []byte(p.Package+"=="+p.Version+" --hash="+p.Integrity+"\n"), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", //nolint:gosec // G204: from the list
		"--python-version", "3.14", // a document needs no interpreter, whichever one is here
		"--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", tmp, "--requirement", list)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pip download %s: %w: %s", p.Package, err, bytes.TrimSpace(out))
	}
	wheels, err := filepath.Glob(filepath.Join(tmp, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("pip download %s: %d files: %w", p.Package, len(wheels), err)
	}
	return unzip(wheels[0], "", to)
}

// unzip writes the files below a prefix that may be part of a document.
func unzip(archive, prefix, to string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	part := to + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		return err
	}
	root, err := os.OpenRoot(part) // refuses names that lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, prefix)
		if !ok || !slices.Contains([]string{".json", ".yaml", ".yml", ".tmpl"}, path.Ext(name)) {
			continue
		}
		if err := write(root, name, f); err != nil {
			return err
		}
	}
	return os.Rename(part, to)
}

func write(root *os.Root, name string, f *zip.File) error {
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.Create(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.LimitReader(in, load.DefaultMaxBytes))
	return errors.Join(err, out.Close())
}
