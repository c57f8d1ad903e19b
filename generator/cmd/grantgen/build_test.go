package main

import (
	"os"
	"os/exec"
	"path/filepath"
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

// TestBuilds generates packages into a module that is not ours and builds them
// there.
func TestBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	put(t, "go.mod", "module example.com/mine\n\ngo 1.26\n\nrequire github.com/grantwire/grantwire v0.0.0\n\nreplace github.com/grantwire/grantwire => "+root+"\n")
	put(t, "go.sum", string(sums))
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
	build := exec.CommandContext(t.Context(), "go", "vet", "./...")
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
