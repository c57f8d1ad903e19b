package load

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// head makes a small document around its paths object.
func head(paths string) string {
	return `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":` + paths + `}`
}

const okGet = `{"get":{"responses":{"200":{"description":""}}}}`

// TestRefused has one row for every way in which a document is refused: what
// the reader is told, with place, code and remedy.
func TestRefused(t *testing.T) {
	for _, test := range []struct{ name, file, text, want string }{
		{"empty", "a.json", "", `error: a.json: empty-file: the file is empty (name a file with an OpenAPI document)`},
		{"white space", "a.yaml", " \n\t\n", `error: a.yaml: empty-file: the file is empty (name a file with an OpenAPI document)`},
		{"comments only", "a.yaml", "# nothing\n", `error: a.yaml: empty-file: the file holds no document (name a file with an OpenAPI document)`},
		{"binary noise", "a.json", "\x00\x01\x02\xff", `error: a.json: not-text: the file is binary data, not UTF-8 text (name a JSON or YAML file in UTF-8)`},
		{"noise without zero bytes", "a.json", "\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa", `error: a.json: not-text: the file is binary data, not UTF-8 text (name a JSON or YAML file in UTF-8)`},
		{"gzip", "a.json", "\x1f\x8b\x08\x00", `error: a.json: not-text: the file is gzip data, not UTF-8 text (name a JSON or YAML file in UTF-8)`},
		{"UTF-16", "a.json", "\xff\xfe{\x00", `error: a.json: not-text: the file is UTF-16, not UTF-8 text (name a JSON or YAML file in UTF-8)`},
		{"truncated JSON", "a.json", "{\n \"openapi\": \"3.0.3\",\n \"paths\": {\"/a\"", `error: a.json:3:16#/paths/~1a: syntax: not valid JSON: the text ends in the middle of a value (correct the text there, or fetch the file again if it was cut short)`},
		{"malformed JSON", "a.json", "{\n \"openapi\": 3.0.3\n}", `error: a.json:2:16#/openapi: syntax: not valid JSON: invalid character '.' after object value (expecting ',' or '}') (correct the text there, or fetch the file again if it was cut short)`},
		{"two values", "a.json", head(`{}`) + " {}", `error: a.json:1:68: syntax: not valid JSON: more text after the end of the document (correct the text there, or fetch the file again if it was cut short)`},
		{"malformed YAML", "a.yaml", "openapi: 3.0.3\npaths:\n  /a: [1, 2\n", `error: a.yaml:3: syntax: not valid YAML: did not find expected ',' or ']' (correct the text there, or fetch the file again if it was cut short)`},
		{"truncated YAML", "a.yaml", "openapi: 3.0.3\npaths:\n  \"/a", `error: a.yaml:3: syntax: not valid YAML: found unexpected end of stream (correct the text there, or fetch the file again if it was cut short)`},
		{"YAML with a tab", "a.yaml", "openapi: 3.0.3\npaths:\n\t/a: {}\n", `error: a.yaml:3: syntax: not valid YAML: found character that cannot start any token (correct the text there, or fetch the file again if it was cut short)`},
		{"YAML with a stray key", "a.yaml", "openapi: 3.0.3\npaths:\n    /a: {}\n  /b: {}\n", `error: a.yaml:4: syntax: not valid YAML: did not find expected key (correct the text there, or fetch the file again if it was cut short)`},
		{"malformed YAML in the first line", "a.yaml", "[a", `error: a.yaml:1: syntax: not valid YAML: did not find expected ',' or ']' (correct the text there, or fetch the file again if it was cut short)`},
		{"not an object", "a.json", "[1]", `error: a.json: not-an-object: the document is a list, not an object (name a file with an OpenAPI document)`},
		{"plain text", "a.txt", "hello world", `error: a.txt: not-an-object: the document is text, not an object (name a file with an OpenAPI document)`},
		{"web page", "a.json", "\n<!DOCTYPE html><html><body>Sign in</body></html>", `error: a.json: syntax: it is a web page or XML, neither JSON nor YAML (name the document itself, not a page that shows it)`},
		{"no version", "a.json", `{"paths":{}}`, `error: a.json: no-version: the document has neither an openapi nor a swagger member, although it has paths (name a file with an OpenAPI document, or add "openapi": "3.0.3")`},
		{"discovery", "a.json", `{"kind":"discovery#restDescription"}`, `error: a.json: no-version: the document has neither an openapi nor a swagger member; it is a Google discovery document (name a file with an OpenAPI document, or add "openapi": "3.0.3")`},
		{"Swagger 1.2", "a.json", `{"swaggerVersion":"1.2","apis":[]}`, `error: a.json#/swaggerVersion: unsupported-version: Swagger 1.2 is not supported (convert the document to OpenAPI 3 first)`},
		{"Swagger 1.1 in the new member", "a.json", `{"swagger":"1.1"}`, `error: a.json#/swagger: unsupported-version: version "1.1" is not supported (convert the document to OpenAPI 3.0, 3.1 or 3.2 (Swagger 2.0 is read too))`},
		{"OpenAPI 4", "a.json", `{"openapi":"4.0.0"}`, `error: a.json#/openapi: unsupported-version: version "4.0.0" is not supported (convert the document to OpenAPI 3.0, 3.1 or 3.2 (Swagger 2.0 is read too))`},
		{"version of the wrong type", "a.json", `{"openapi":{}}`, `error: a.json#/openapi: unsupported-version: the version is an object, not text (write it as text, "3.0.3")`},
		{"no paths", "a.json", `{"openapi":"3.0.3","info":{}}`, `error: a.json: no-paths: the document has no paths object (check that this is the file that describes the operations)`},
		{
			"path twice", "a.json", head("{\n\"/a\":" + okGet + ",\n\"/a\":" + okGet + "}"),
			`error: a.json:3:1#/paths/~1a: duplicate-operation: the path is there twice (join the two, or remove one)`,
		},
		{
			"method twice", "a.json", head("{\"/a\":{\n\"get\":{\"responses\":{}},\n\"get\":{\"responses\":{}}}}"),
			`error: a.json:3:1#/paths/~1a/get: duplicate-operation: the path has the method GET twice (join the two, or remove one)`,
		},
		{
			"method twice in YAML", "a.yaml", "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\n    get: {}\n",
			`error: a.yaml:5:5#/paths/~1a/get: duplicate-operation: the path has the method GET twice (join the two, or remove one)`,
		},
		{
			"method twice in two cases", "a.json", head(`{"/a":{"get":{"responses":{}},"GET":{"responses":{}}}}`),
			`error: a.json#/paths/~1a/GET: duplicate-operation: the path has the method GET twice (keep one of the two operations)`,
		},
		{
			"path twice but for the slash", "a.json", head(`{"/a":` + okGet + `,"a":` + okGet + `}`),
			`error: a.json#/paths/a: duplicate-operation: the path means "/a", which is there too (keep one of the two paths)`,
		},
		{
			"remote", "a.json", head(`{"/a":{"get":{"responses":{"200":{"$ref":"https://example.com/r.json#/r"}}}}}`),
			`error: a.json#/paths/~1a/get/responses/200/$ref: remote-ref: the reference to "https://example.com/r.json" leads to the network, which is never followed (download the file into the document's folder and refer to it there)`,
		},
		{
			"file without a folder", "a.json", head(`{"/a":{"get":{"responses":{"200":{"$ref":"r.json"}}}}}`),
			`error: a.json#/paths/~1a/get/responses/200/$ref: external-ref: the reference to the file "r.json" needs the document's folder, which is not known here (name the document as a file, or put everything into one file)`,
		},
		{
			"reference that is no text", "a.json", head(`{"/a":{"get":{"responses":{"200":{"$ref":7}}}}}`),
			`error: a.json#/paths/~1a/get/responses/200/$ref: invalid-ref: a reference is text, not a number (write it as "#/components/responses/NAME")`,
		},
		{
			"circle", "a.json", `{"openapi":"3.0.3","paths":{},"components":{"schemas":{"A":{"$ref":"#/components/schemas/A"}}}}`,
			`error: a.json#/components/schemas/A/$ref: circular-ref: the reference "#/components/schemas/A" leads back to itself (let one of the references lead to a real schema)
warning: a.json#/paths: no-operations: the document describes no operation; the package will have no methods (check that this is the file that describes the operations)`,
		},
		{
			"key that is a list", "a.yaml", "openapi: 3.0.3\nx-a: &x [1]\n*x : b\n",
			`error: a.yaml:3:1: non-string-key: a mapping has a key that is no text (write the key as text)`,
		},
		{
			"alias without anchor", "a.yaml", "openapi: 3.0.3\npaths: *here\n",
			`error: a.yaml:2:8: syntax: not valid YAML: unknown anchor 'here' referenced (correct the text there, or fetch the file again if it was cut short)`,
		},
		{
			"anchor inside itself", "a.yaml", "openapi: 3.0.3\npaths: &here\n  a: *here\n",
			`error: a.yaml:3:6#/paths/a/a: syntax: the alias *here stands inside its own anchor (write the value out, or use a reference)`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, diags := Bytes(test.file, []byte(test.text), Options{})
			if doc != nil {
				t.Error("the document was not refused")
			}
			if diff := cmp.Diff(test.want, text(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLimits passes each limit by one.
func TestLimits(t *testing.T) {
	deep := strings.Repeat("[", 12) + strings.Repeat("]", 12)
	bomb := "openapi: 3.0.3\nx-a: &a [1,1,1,1,1,1,1,1,1,1]\nx-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nx-c: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	for _, test := range []struct {
		name, file, text string
		opts             Options
		code             string
	}{
		{"bytes", "a.json", head(`{}`), Options{MaxBytes: 10}, "too-large"},
		{"nodes", "a.json", head(`{"/a":` + okGet + `}`), Options{MaxNodes: 5}, "too-large"},
		{"nodes in YAML", "a.yaml", "openapi: 3.0.3\npaths: {a: 1, b: 2}\n", Options{MaxNodes: 3}, "too-large"},
		{"depth", "a.json", deep, Options{MaxDepth: 10}, "too-deep"},
		{"depth in YAML flow style", "a.yaml", "a: " + deep, Options{MaxDepth: 10}, "too-deep"},
		{"depth before the YAML parser", "a.yaml", "a: " + strings.Repeat("[", 20000) + strings.Repeat("]", 20000), Options{MaxDepth: 10}, "too-deep"},
		{"depth in YAML block style", "a.yaml", strings.Repeat("- ", 20000) + "a", Options{MaxDepth: 10}, "too-deep"},
		{"aliases", "a.yaml", bomb, Options{MaxAliasNodes: 500}, "too-large"},
		{"default depth", "a.json", strings.Repeat("[", DefaultMaxDepth+1), Options{}, "too-deep"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, diags := Bytes(test.file, []byte(test.text), test.opts)
			if errs := diags.Errors(); len(errs) != 1 || errs[0].Code != test.code {
				t.Errorf("got %v, want one error %s", diags, test.code)
			}
		})
	}
	if doc, diags := Bytes("a.yaml", []byte(bomb+"paths: {}\n"), Options{}); doc == nil {
		t.Errorf("small aliases were refused: %v", diags)
	}
}

func text(diags diag.List) string {
	lines := make([]string, len(diags))
	for i, d := range diags {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}
