package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folderOf writes files and returns the path of main.yaml among them.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "api", "main.yaml")
}

const mainYAML = `
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /pets: {$ref: paths/pets.yaml}
  /owners:
    $ref: paths/pets.yaml#/x-owners
components:
  schemas:
    Pet: {$ref: schemas/pet.yaml}
    Root: {type: string}
`

const petsYAML = `
get:
  parameters:
    - $ref: ../parameters.json#/limit
  responses:
    "200":
      description: ok
      content:
        application/json:
          schema: {$ref: ../schemas/pet.yaml}
    default: {$ref: "../main.yaml#/components/schemas/../x"}
x-owners:
  get:
    responses:
      "200":
        description: ok
        content:
          application/json:
            schema: {$ref: "../schemas/owner.yaml#/definitions/Owner"}
`

// TestFiles merges a document of several files that refer to each other in
// circles.
func TestFiles(t *testing.T) {
	main := folderOf(t, map[string]string{
		"api/main.yaml":       mainYAML,
		"api/paths/pets.yaml": strings.ReplaceAll(petsYAML, "    default: {$ref: \"../main.yaml#/components/schemas/../x\"}\n", ""),
		"api/parameters.json": `{"limit":{"name":"limit","in":"query","schema":{"$ref":"#/types/Count"}},"types":{"Count":{"type":"integer"}}}`,
		"api/schemas/pet.yaml": `
type: object
properties:
  parent: {$ref: "#"}
  owner: {$ref: "owner.yaml#/definitions/Owner"}
  root: {$ref: "../main.yaml#/components/schemas/Root"}
`,
		"api/schemas/owner.yaml": `
definitions:
  Owner: {type: object, properties: {pets: {type: array, items: {$ref: pet.yaml}}, root: {$ref: "#/definitions/Root"}}}
  Root: {type: integer}
`,
	})
	doc, diags := File(main, Options{})
	if doc == nil || len(diags) > 0 {
		t.Fatal(text(diags))
	}
	for pointer, want := range map[string]any{
		"/paths/~1pets/get/parameters/0/$ref":                                     "#/components/parameters/limit",
		"/paths/~1pets/get/responses/200/content/application~1json/schema/$ref":   "#/components/schemas/Pet",
		"/paths/~1owners/get/responses/200/content/application~1json/schema/$ref": "#/components/schemas/Owner",
		"/components/parameters/limit/schema/$ref":                                "#/components/schemas/Count",
		"/components/schemas/Count/type":                                          "integer",
		"/components/schemas/Pet/type":                                            "object",
		"/components/schemas/Pet/properties/parent/$ref":                          "#/components/schemas/Pet",
		"/components/schemas/Pet/properties/owner/$ref":                           "#/components/schemas/Owner",
		"/components/schemas/Pet/properties/root/$ref":                            "#/components/schemas/Root",
		"/components/schemas/Root/type":                                           "string",
		"/components/schemas/Owner/properties/pets/items/$ref":                    "#/components/schemas/Pet",
		"/components/schemas/Owner/properties/root/$ref":                          "#/components/schemas/owner_Root",
		"/components/schemas/owner_Root/type":                                     "integer",
		"/paths/~1pets/$ref":                                                      nil,
	} {
		if got := valueAt(t, doc, pointer); got != want {
			t.Errorf("%s is %v, want %v", pointer, got, want)
		}
	}
	for range 5 {
		again, _ := File(main, Options{})
		if diff := cmp.Diff(doc.Root, again.Root); diff != "" {
			t.Fatalf("another run gives another tree:\n%s", diff)
		}
	}
}

// TestFilesRefused never reads what lies outside the folder.
func TestFilesRefused(t *testing.T) {
	const outside = `{"type":"string"}`
	for _, test := range []struct{ name, ref, code string }{
		{"parent", "../secret.json", "external-ref"},
		{"parent, encoded", "%2e%2e/secret.json", "external-ref"},
		{"parent, backslash", `..\secret.json`, "external-ref"},
		{"parent, the long way", "schemas/../../secret.json", "external-ref"},
		{"absolute", "/etc/hostname", "external-ref"},
		{"file address", "file:///etc/hostname", "external-ref"},
		{"drive", "c:/secret.json", "external-ref"},
		{"symbolic link", "link.json", "external-ref"},
		{"missing", "gone.json", "dangling-ref"},
		{"missing value", "pet.json#/gone", "dangling-ref"},
		{"not an object", "pet.json#/type", "ref-wrong-kind"},
		{"broken file", "broken.json", "syntax"},
		{"no pointer", "pet.json#type", "invalid-ref"},
		{"network", "https://example.com/pet.json", "remote-ref"},
		{"network without scheme", "//example.com/pet.json", "remote-ref"},
		{"folder", "schemas", "external-ref"},
	} {
		t.Run(test.name, func(t *testing.T) {
			main := folderOf(t, map[string]string{
				"secret.json":     outside,
				"api/pet.json":    `{"type":"string"}`,
				"api/broken.json": `{`,
				"api/schemas/a":   `{}`,
				"api/main.yaml":   "openapi: 3.0.3\npaths: {/a: {get: {}}}\ncomponents: {schemas: {A: {$ref: '" + test.ref + "'}}}\n",
			})
			if err := os.Symlink("../secret.json", filepath.Join(filepath.Dir(main), "link.json")); err != nil {
				t.Skip("no symbolic links here")
			}
			doc, diags := File(main, Options{})
			if errs := diags.Errors(); doc != nil || len(errs) != 1 || errs[0].Code != test.code {
				t.Errorf("got %q, want one error %s", text(diags), test.code)
			}
		})
	}
}

// TestAllowOutside follows a file outside the folder, but nothing else.
func TestAllowOutside(t *testing.T) {
	main := folderOf(t, map[string]string{
		"common.json":   `{"A":{"$ref":"#/B"},"B":{"type":"string"}}`,
		"api/main.yaml": "openapi: 3.0.3\npaths: {/a: {get: {}}}\ncomponents: {schemas: {X: {$ref: '../common.json#/A'}}}\n",
	})
	doc, diags := File(main, Options{AllowOutside: true})
	if doc == nil {
		t.Fatal(text(diags))
	}
	if got := valueAt(t, doc, "/components/schemas/X/$ref"); got != "#/components/schemas/B" {
		t.Errorf("got %v", got)
	}
}

// TestPathItemCircle ends.
func TestPathItemCircle(t *testing.T) {
	main := folderOf(t, map[string]string{
		"api/main.yaml": "openapi: 3.0.3\npaths: {/a: {$ref: a.yaml}}\n",
		"api/a.yaml":    "get:\n  responses: {}\n  callbacks: {c: {'{$url}': {$ref: a.yaml}}}\n",
	})
	doc, diags := File(main, Options{})
	if doc == nil || len(diags) != 1 || diags[0].Code != "circular-ref" {
		t.Error(text(diags))
	}
}

// TestCopiesAreBounded: n references to ever larger parts of one file.
func TestCopiesAreBounded(t *testing.T) {
	var refs strings.Builder
	at := "#/a"
	for range 40 {
		refs.WriteString("      p" + strings.ReplaceAll(at, "/", "_") + ": {$ref: 'deep.json" + at + "'}\n")
		at += "/a"
	}
	main := folderOf(t, map[string]string{
		"api/main.yaml": "openapi: 3.0.3\npaths: {/a: {get: {}}}\ncomponents:\n  schemas:\n    A:\n      properties:\n" + strings.ReplaceAll(refs.String(), "      p", "        p"),
		"api/deep.json": strings.Repeat(`{"a":`, 45) + "1" + strings.Repeat("}", 45),
	})
	_, diags := File(main, Options{MaxNodes: 300})
	if errs := diags.Errors(); len(errs) == 0 || errs[0].Code != "too-large" {
		t.Error(text(diags))
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	_, diags := File(filepath.Join("testdata", "gone.json"), Options{})
	want := `error: ` + filepath.Join("testdata", "gone.json") + `: read-failed: cannot read the file: no such file or directory (check the path and its permissions)`
	if got := text(diags); !strings.HasPrefix(got, strings.Split(want, "no such")[0]) {
		t.Errorf("got %s", got)
	}
}

// TestFilesFromRoot: a reference written relative to the document's folder is found
// where nothing lies relative to its own file.
func TestFilesFromRoot(t *testing.T) {
	main := folderOf(t, map[string]string{
		"api/main.yaml":        "openapi: 3.0.3\npaths: {/a: {$ref: paths/a.yaml}}\n",
		"api/paths/a.yaml":     "get: {responses: {'200': {description: '', content: {application/json: {schema: {$ref: schemas/pet.yaml}}}}}}\n",
		"api/schemas/pet.yaml": "type: string\n",
	})
	doc, diags := File(main, Options{})
	if doc == nil {
		t.Fatal(text(diags))
	}
	if got := valueAt(t, doc, "/components/schemas/pet/type"); got != "string" {
		t.Errorf("the schema is %v", got)
	}
	if want := `paths/a.yaml#/get/responses/200/content/application~1json/schema/$ref: invalid-ref: there is no file "paths/schemas/pet.yaml"`; !strings.Contains(text(diags), want) {
		t.Errorf("got %s", text(diags))
	}
}
