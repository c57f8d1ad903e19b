package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// awkwardSpec is legal or nearly so: recursive schemas, operations without an
// ID and with the same one, names that differ in case only, a path without its
// slash, members that a validator refuses.
const awkwardSpec = `{
  "openapi": "3.0.3",
  "info": {"title": "Awkward", "version": 1, "description": ["no text"]},
  "paths": {
    "nodes": {
      "get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/node"}}}}}},
      "POST": {"operationId": "same", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}, "responses": {"204": {"description": ""}}}
    },
    "/nodes/{id}": {
      "get": {"operationId": "same", "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}, {"in": "query"}], "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/node"}}}}}}}
    },
    "/nodes/{other}": {
      "delete": {"responses": {"204": {"description": ""}}}
    }
  },
  "components": {"schemas": {
    "node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/node"}, "all": {"type": "array", "items": {"$ref": "#/components/schemas/node"}}, "Next": {"type": "string"}}},
    "Node": {"type": "object", "required": true, "properties": {"value": {"type": "integer", "example": "text", "default": "none"}}}
  }}
}`

// foreignModule makes a module that is not ours in the current folder, and returns
// how to run go there without a network.
func foreignModule(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	put(t, "go.mod", `module example.com/mine

go 1.26.0

require github.com/grantwire/grantwire v0.0.0

replace github.com/grantwire/grantwire => `+root+"\n")
	put(t, "go.sum", string(sums))
	env := append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=0")
	offline := append(slices.Clip(env), "GOPROXY=off")
	// What is built here is in the cache of whoever runs this test; the go.mod files
	// that go get -tool reads beside those need not be.
	if _, err := goCommand(t, offline, "-C", root, "mod", "graph"); err != nil {
		t.Log("the module cache does not hold the whole graph: asking the proxy")
		if out, err := goCommand(t, env, "-C", root, "mod", "graph"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return func(args ...string) (string, error) { return goCommand(t, offline, args...) }
}

func goCommand(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestBuilds generates packages into a module that is not ours and builds them
// there.
func TestBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	run := foreignModule(t)
	for name, text := range map[string]string{"good.yaml": goodSpec, "awkward.json": awkwardSpec} {
		put(t, name, text)
		pkg := strings.TrimSuffix(name, filepath.Ext(name))
		code, _, stderr := grantgen(t, "--spec", name, "-o", filepath.Join("internal", pkg), "--package", pkg)
		if code != 0 {
			t.Fatalf("%s: exit %d\n%s", name, code, stderr)
		}
		if pkg == "awkward" {
			for _, want := range []string{"path-no-slash", "unknown-method", "invalid-parameter", "wrong-type"} {
				if !strings.Contains(stderr, ": "+want+": ") {
					t.Errorf("%s: the step %s is not reported\n%s", name, want, stderr)
				}
			}
		}
	}
	if out, err := run("vet", "./..."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestToolOfAModule runs grantgen as its users do: as a tool of their module, by go
// run and by go generate. Hand-written declarations keep their names, whatever the
// document calls its schemas.
func TestToolOfAModule(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	run := foreignModule(t)
	put(t, "api.yaml", strings.ReplaceAll(goodSpec, "Pet", "Error")+"    Secret: {type: object, properties: {again: {$ref: '#/components/schemas/Secret'}, error: {$ref: '#/components/schemas/Error'}}}\n")
	put(t, "pets/conf.yaml", "name: pets\npackage: pets\nsource: {file: ../api.yaml}\nerrors: {message: message, type: Error}\nnames: {reserved: [Secret]}\nflat: {All: listErrors}\n")
	put(t, "pets/mine.go", `package pets

//go:generate go tool grantgen --config conf.yaml --names names.txt -o .

type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

type Secret string
`)
	put(t, "main.go", `package main

import (
	"context"
	"fmt"

	"example.com/mine/pets"
)

func main() { fmt.Println(pets.New(nil).All(context.Background(), nil)) }
`)
	if out, err := run("get", "-tool", "github.com/grantwire/grantwire/generator/cmd/grantgen"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run("generate", "./..."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := snapshot(t)
	if !strings.HasPrefix(before["pets/types.gen.go"], "// Code generated by grantgen from api.yaml. DO NOT EDIT.\n") || before["pets/names.txt"] == "" {
		t.Error("the package does not name its source, or the list of names is missing")
	}
	if out, err := run("vet", "./..."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	args := []string{"--config", "pets/conf.yaml", "--names", "pets/names.txt", "-o", "pets", "--check"}
	for _, how := range [][]string{{"tool", "grantgen"}, {"run", "github.com/grantwire/grantwire/generator/cmd/grantgen"}} {
		if out, err := run(append(how, args...)...); err != nil || out != "" {
			t.Errorf("go %s: %v\n%s", how, err, out)
		}
	}
	put(t, "pets/names.txt", strings.Replace(before["pets/names.txt"], "op\tPets.", "op\tPets.My", 1))
	out, err := run(append([]string{"tool", "grantgen"}, args...)...)
	if status(err) != 1 || !strings.Contains(out, "pets/names.txt: stale: ") {
		t.Errorf("go tool grantgen --check of stale files: %v\n%s", err, out)
	}
	if out, err := run("tool", "grantgen", "--nonsense"); status(err) != 2 {
		t.Errorf("a wrong command line: %v\n%s", err, out)
	}
}

// status is the exit status behind an error of exec.
func status(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return 0
}
