package load

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// valueAt finds a value of the loaded tree by its pointer.
func valueAt(t *testing.T, doc *Document, pointer string) any {
	t.Helper()
	tokens, _ := localTokens("#" + pointer)
	v, found := lookup(doc.Root, tokens)
	if !found {
		return nil
	}
	return v
}

// TestRepaired has one row for every lenient step: what is reported and what the
// tree holds afterwards.
func TestRepaired(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		want             string // diagnostics
		pointer          string
		value            any
	}{
		{
			"invalid UTF-8", "a.json", head(`{"/a":{"get":{"operationId":"` + "\xff" + `","responses":{}}}}`),
			`warning: a.json:1:92: not-text: bytes that are not UTF-8 (1) were replaced by U+FFFD (save the file as UTF-8)`,
			"/paths/~1a/get/operationId", "\ufffd",
		},
		{
			"version as a number", "a.yaml", "openapi: 3.1\npaths:\n  /a:\n    get: {}\n",
			`warning: a.yaml#/openapi: wrong-type: the version is a number; it was read as text (put the version into quotes)`,
			"/openapi", "3.1.0",
		},
		{
			"path without slash", "a.json", head(`{"a/{x}":{"get":{"responses":{}}}}`),
			`warning: a.json#/paths/a~1{x}: path-no-slash: a path starts with a slash; it was read as "/a/{x}" (write the path with a leading slash)`,
			"/paths/~1a~1{x}/get/responses", map[string]any{},
		},
		{
			"a schema in place of a media type", "a.json", `{"openapi":"3.0.0","components":{"schemas":{"A":{"type":"string"}}},"paths":{"/a":{"get":{"responses":{"200":{"description":"","content":{"application/json":{"$ref":"#/components/schemas/A"}}}}}}}}`,
			`warning: a.json#/paths/~1a/get/responses/200/content/application~1json/$ref: ref-wrong-kind: the reference "#/components/schemas/A" leads to a schema object; it was read as the schema of a media type object (refer to a media type object)`,
			"/paths/~1a/get/responses/200/content/application~1json", map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/A"}},
		},
		{
			"a dynamic reference", "a.json", `{"openapi":"3.1.0","components":{"schemas":{"A":{"$dynamicAnchor":"node","properties":{"next":{"$dynamicRef":"#node"}}}}},"paths":{"/a":{"get":{"responses":{}}}}}`,
			`note: a.json#/components/schemas/A/properties/next/$dynamicRef: dynamic-ref: the dynamic reference "#node" is read as a plain one`,
			"/components/schemas/A/properties/next", map[string]any{"$ref": "#/components/schemas/A"},
		},
		{
			"variables behind colons", "a.json", head(`{"/a/:x":{"get":{"parameters":[{"name":"x","in":"path","required":true}],"responses":{}}},"/b/{y}:cancel":{},"/b/:undeclared":{}}`),
			`warning: a.json#/paths/~1a~1:x: path-colon: variables stand in braces; it was read as "/a/{x}" (write the path with braces)`,
			"/paths/~1a~1{x}/get/responses", map[string]any{},
		},
		{
			"variables behind colons only", "a.json", head(`{"/a/:x/b/:y_z":{"get":{"responses":{}}}}`),
			`warning: a.json#/paths/~1a~1:x~1b~1:y_z: path-colon: variables stand in braces; it was read as "/a/{x}/b/{y_z}" (write the path with braces)`,
			"/paths/~1a~1{x}~1b~1{y_z}/get/responses", map[string]any{},
		},
		{
			"method in capitals", "a.json", head(`{"/a":{"POST":{"responses":{}}}}`),
			`warning: a.json#/paths/~1a/POST: unknown-method: methods are in lower case; "POST" was read as "post" (write the method in lower case)`,
			"/paths/~1a/post/responses", map[string]any{},
		},
		{
			"unknown method", "a.json", head(`{"/a":{"fetch":{},"get":{}}}`),
			`warning: a.json#/paths/~1a/fetch: unknown-method: "fetch" is no method; the member was left out (use one of delete, get, head, options, patch, post, put, query, trace)`,
			"/paths/~1a", map[string]any{"get": map[string]any{}},
		},
		{
			"operation that is no object", "a.json", head(`{"/a":{"get":"list","put":{}}}`),
			`warning: a.json#/paths/~1a/get: wrong-type: an operation object is expected, not text; the value was left out (write an operation object, or leave the member out)`,
			"/paths/~1a", map[string]any{"put": map[string]any{}},
		},
		{
			"null", "a.json", head(`{"/a":{"get":{"description":null}}}`),
			`note: a.json#/paths/~1a/get/description: wrong-type: text is expected, not null; the value was left out (write text, or leave the member out)`,
			"/paths/~1a/get", map[string]any{},
		},
		{
			"parameter without name", "a.json", head(`{"/a":{"get":{"parameters":[{"in":"query"},{"name":"b","in":"query"}]}}}`),
			`warning: a.json#/paths/~1a/get/parameters/0: invalid-parameter: the parameter has no name; it was left out (give it a name, or remove it)`,
			"/paths/~1a/get/parameters", []any{map[string]any{"name": "b", "in": "query"}},
		},
		{
			"parameter in an unknown place", "a.json", head(`{"/a":{"get":{"parameters":[{"name":"a","in":"body"}]}}}`),
			`warning: a.json#/paths/~1a/get/parameters/0: invalid-parameter: the parameter's place "body" is unknown; it was left out (set "in" to one of query, path, header, cookie, querystring)`,
			"/paths/~1a/get/parameters", []any{},
		},
		{
			"place in capitals", "a.json", head(`{"/a":{"get":{"parameters":[{"name":"a","in":"Query"}]}}}`),
			`warning: a.json#/paths/~1a/get/parameters/0/in: invalid-parameter: the place "Query" was read as "query" (write it that way)`,
			"/paths/~1a/get/parameters/0/in", "query",
		},
		{
			"parameters as an object", "a.json", head(`{"/a":{"get":{"parameters":{"y":{"name":"y","in":"query"},"x":{"name":"x","in":"query"}}}}}`),
			`warning: a.json#/paths/~1a/get/parameters: wrong-type: a list is expected; the values of the object were taken (write a list)`,
			"/paths/~1a/get/parameters/0/name", "x",
		},
		{
			"one tag", "a.json", head(`{"/a":{"get":{"tags":"pets"}}}`),
			`warning: a.json#/paths/~1a/get/tags: wrong-type: a list is expected; the value was taken as its only element (write a list)`,
			"/paths/~1a/get/tags", []any{"pets"},
		},
		{
			"boolean as text", "a.json", head(`{"/a":{"get":{"deprecated":"True"}}}`),
			`warning: a.json#/paths/~1a/get/deprecated: wrong-type: true or false is expected, not text; the value was converted (write true or false)`,
			"/paths/~1a/get/deprecated", true,
		},
		{
			"number as text", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"minimum":"5"}}}}`,
			`warning: a.json#/components/schemas/A/minimum: wrong-type: a number is expected, not text; the value was converted (write a number)`,
			"/components/schemas/A/minimum", json.Number("5"),
		},
		{
			"required as a boolean", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"required":true}}}}`,
			`warning: a.json#/components/schemas/A/required: wrong-type: a list is expected, not a boolean; the value was left out (write a list, or leave the member out)`,
			"/components/schemas/A", map[string]any{},
		},
		{
			"content of the wrong type", "a.json", head(`{"/a":{"get":{"responses":{"200":{"description":"","content":[]}}}}}`),
			`warning: a.json#/paths/~1a/get/responses/200/content: wrong-type: an object is expected; the empty list was read as an empty object (write {})`,
			"/paths/~1a/get/responses/200/content", map[string]any{},
		},
		{
			"boolean schema in 3.0", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"items":true,"additionalProperties":false}}}}`,
			`warning: a.json#/components/schemas/A/items: wrong-type: a schema that is a boolean needs OpenAPI 3.1; it was read as an object (write {} or {"not": {}})`,
			"/components/schemas/A", map[string]any{"items": map[string]any{}, "additionalProperties": false},
		},
		{
			"boolean schema in 3.1", "a.json", `{"openapi":"3.1.0","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":true}}}`,
			``, "/components/schemas/A", true,
		},
		{
			"items as a list", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"items":[{"type":"string"},{"type":"integer"}]}}}}`,
			`warning: a.json#/components/schemas/A/items: wrong-type: items is one schema, not a list; its elements were read as alternatives (use oneOf inside items)`,
			"/components/schemas/A/items/anyOf/1/type", "integer",
		},
		{
			"reference for a whole map", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"properties":{"$ref":"#/x"}}}}}`,
			`warning: a.json#/components/schemas/A/properties/$ref: invalid-ref: a reference cannot stand for a whole map; it was left out (refer to each member)`,
			"/components/schemas/A/properties", map[string]any{},
		},
		{
			"property called $ref", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"properties":{"$ref":{"type":"string"}}}}}}`,
			``, "/components/schemas/A/properties/$ref/type", "string",
		},
		{
			"bare name", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{},"B":{"$ref":"A"}}}}`,
			`warning: a.json#/components/schemas/B/$ref: invalid-ref: the bare name "A" was read as "#/components/schemas/A" (write the whole pointer)`,
			"/components/schemas/B/$ref", "#/components/schemas/A",
		},
		{
			"percent-encoded pointer", "a.json", `{"openapi":"3.0.3","paths":{"/a/{b}":{"get":{"responses":{"200":{"description":"","content":{"x/y":{"schema":{"type":"string"}}}}}}}},"components":{"schemas":{"B":{"$ref":"#/paths/~1a~1%7Bb%7D/get/responses/200/content/x~1y/schema"}}}}`,
			``, "/components/schemas/B/$ref", "#/paths/~1a~1{b}/get/responses/200/content/x~1y/schema",
		},
		{
			"pointer through a reference", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"properties":{"x":{"type":"string"}}},"B":{"$ref":"#/components/schemas/A"},"C":{"$ref":"#/components/schemas/B/properties/x"}}}}`,
			``, "/components/schemas/C/$ref", "#/components/schemas/A/properties/x",
		},
		{
			"anchor", "a.json", `{"openapi":"3.1.0","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"$anchor":"here"},"B":{"$ref":"#here"}}}}`,
			``, "/components/schemas/B/$ref", "#/components/schemas/A",
		},
		{
			"reference into the wrong section", "a.json", `{"openapi":"3.0.3","paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/components/schemas/R"}}}}},"components":{"schemas":{"R":{}},"responses":{"R":{"description":""}}}}`,
			`warning: a.json#/paths/~1a/get/responses/200/$ref: ref-wrong-kind: the reference "#/components/schemas/R" leads to a schema object; it was read as "#/components/responses/R" (correct the reference)`,
			"/paths/~1a/get/responses/200/$ref", "#/components/responses/R",
		},
		{
			"schema that refers to a parameter", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"parameters":{"P":{"name":"p","in":"query","schema":{"type":"string"}}},"schemas":{"A":{"$ref":"#/components/parameters/P"}}}}`,
			`warning: a.json#/components/schemas/A/$ref: ref-wrong-kind: the reference "#/components/parameters/P" leads to a parameter object; it was read as "#/components/parameters/P/schema" (correct the reference)`,
			"/components/schemas/A/$ref", "#/components/parameters/P/schema",
		},
		{
			"answer that is a schema", "a.json", `{"openapi":"3.0.3","paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/components/schemas/A"}}}}},"components":{"schemas":{"A":{}}}}`,
			`warning: a.json#/paths/~1a/get/responses/200/$ref: ref-wrong-kind: the reference "#/components/schemas/A" leads to a schema object; it was read as the schema of a response object (refer to a response object)`,
			"/paths/~1a/get/responses/200/content/application~1json/schema/$ref", "#/components/schemas/A",
		},
		{
			"body that is a schema", "a.json", `{"openapi":"3.0.3","paths":{"/a":{"put":{"requestBody":{"$ref":"#/components/schemas/A"}}}},"components":{"schemas":{"A":{}}}}`,
			`warning: a.json#/paths/~1a/put/requestBody/$ref: ref-wrong-kind: the reference "#/components/schemas/A" leads to a schema object; it was read as the schema of a request body object (refer to a request body object)`,
			"/paths/~1a/put/requestBody/content/application~1json/schema/$ref", "#/components/schemas/A",
		},
		{
			"answer that leads nowhere", "a.json", head(`{"/a":{"get":{"responses":{"200":{"$ref":"#/components/responses/Gone"}}}}}`),
			`warning: a.json#/paths/~1a/get/responses/200/$ref: dangling-ref: the reference "#/components/responses/Gone" leads nowhere; the response is left out (correct the name, or add what it should lead to)`,
			"/paths/~1a/get/responses/200", map[string]any{},
		},
		{
			"anchor that nothing has", "a.json", head(`{"/a":{"get":{"responses":{"200":{"$ref":"#here"}}}}}`),
			`warning: a.json#/paths/~1a/get/responses/200/$ref: invalid-ref: "#here" is neither a pointer nor a known anchor; the response is left out (write it as "#/components/responses/NAME")`,
			"/paths/~1a/get/responses/200", map[string]any{},
		},
		{
			"Swagger 2.0 whose schema leads nowhere", "a.json", `{"swagger":"2.0","info":{"title":"","version":""},"paths":{"/a":{"get":{"responses":{"200":{"description":"","schema":{"$ref":"#/definitions/Gone"}}}}}}}`,
			"warning: a.json#/paths/~1a/get/responses/200/schema/$ref: dangling-ref: the reference \"#/definitions/Gone\" leads nowhere; any value is accepted (correct the name, or add what it should lead to)\nnote: a.json: converted: Swagger 2.0 was converted to OpenAPI 3.0",
			"/paths/~1a/get/responses/200/content/application~1json/schema", map[string]any{},
		},
		{
			"callback and webhook of the wrong kind", "a.json", `{"openapi":"3.1.0","paths":{"/a":{"get":{"callbacks":{"c":{"u":{"$ref":"#/components/callbacks/C"}}}}}},"components":{"callbacks":{"C":{}}},"webhooks":{"w":{"post":{"parameters":[{"$ref":"#/components/schemas/Gone"},{"$ref":"https://example.com/p"}]}}}}`,
			"note: a.json#/paths/~1a/get/callbacks/c/u/$ref: ref-wrong-kind: the reference \"#/components/callbacks/C\" leads to an object, where a path item object is needed (refer to a path item object)\n" +
				"note: a.json#/webhooks/w/post/parameters/0/$ref: dangling-ref: the reference \"#/components/schemas/Gone\" leads nowhere; the parameter is left out (correct the name, or add what it should lead to)\n" +
				"note: a.json#/webhooks/w/post/parameters/1/$ref: remote-ref: the reference to \"https://example.com/p\" leads to the network, which is never followed (download the file into the document's folder and refer to it there)",
			"/openapi", "3.1.0",
		},
		{
			"schema that refers to an answer", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"responses":{"R":{"description":"","content":{"text/plain":{"schema":{"type":"string"}}}}},"schemas":{"A":{"$ref":"#/components/responses/R"}}}}`,
			`warning: a.json#/components/schemas/A/$ref: ref-wrong-kind: the reference "#/components/responses/R" leads to a response object; it was read as "#/components/responses/R/content/text~1plain/schema" (correct the reference)`,
			"/components/schemas/A/$ref", "#/components/responses/R/content/text~1plain/schema",
		},
		{
			"schema that refers to an answer without one", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"responses":{"R":{"description":""}},"schemas":{"A":{"$ref":"#/components/responses/R","type":"x"}}}}`,
			`warning: a.json#/components/schemas/A/$ref: ref-wrong-kind: the reference "#/components/responses/R" leads to a response object; any value is accepted (refer to a schema object)`,
			"/components/schemas/A/type", "x",
		},
		{
			"mapping that leads nowhere", "a.json", `{"openapi":"3.0.3","paths":{"/a":` + okGet + `},"components":{"schemas":{"A":{"discriminator":{"propertyName":"t","mapping":{"a":"A","b":"#/components/schemas/Gone"}}}}}}`,
			`warning: a.json#/components/schemas/A/discriminator/mapping/b: dangling-ref: the mapping leads nowhere; it was left out (correct the name of the schema)`,
			"/components/schemas/A/discriminator/mapping", map[string]any{"a": "#/components/schemas/A"},
		},
		{
			"example that leads nowhere", "a.json", head(`{"/a":{"get":{"responses":{"200":{"description":"","content":{"a/b":{"examples":{"x":{"$ref":"#/components/examples/X"}}}}}}}}}`),
			`warning: a.json#/paths/~1a/get/responses/200/content/a~1b/examples/x/$ref: dangling-ref: the reference leads nowhere; the example was left out (correct the reference)`,
			"/paths/~1a/get/responses/200/content/a~1b/examples", map[string]any{},
		},
		{
			"reference inside an example", "a.json", head(`{"/a":{"get":{"responses":{"200":{"description":"","content":{"a/b":{"example":{"$ref":"https://example.com/gone"}}}}}}}}`),
			``, "/paths/~1a/get/responses/200/content/a~1b/example/$ref", "https://example.com/gone",
		},
		{
			"member twice", "a.json", head(`{"/a":{"get":{"operationId":"x","operationId":"y"}}}`),
			`warning: a.json:1:95#/paths/~1a/get/operationId: duplicate-key: the member is there twice; the last one was read (remove one of the two)`,
			"/paths/~1a/get/operationId", "y",
		},
		{
			"two YAML documents", "a.yaml", "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\n---\nx: 1\n",
			`warning: a.yaml:6:1: multiple-documents: the file holds more than one YAML document; the first is read (keep one document in the file)`,
			"/openapi", "3.0.3",
		},
		{
			"same path but for names", "a.json", head(`{"/a/{x}":{"get":{}},"/a/{y}":{"get":{}}}`),
			`note: a.json#/paths/~1a~1{y}/get: duplicate-path: the path differs from "/a/{x}" in the names of its parameters only; both are kept`,
			"/paths/~1a~1{y}/get", map[string]any{},
		},
		{
			"no operation", "a.json", head(`{}`),
			`warning: a.json#/paths: no-operations: the document describes no operation; the package will have no methods (check that this is the file that describes the operations)`,
			"/paths", map[string]any{},
		},
		{
			"large and exact numbers", "a.yaml", "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\nx-a: 123456789012345678901234567890\nx-b: 1.10\n",
			``, "/x-a", json.Number("123456789012345678901234567890"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, diags := Bytes(test.file, []byte(test.text), Options{})
			if diff := cmp.Diff(test.want, text(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if doc == nil {
				t.Fatal("the document was refused")
			}
			if diff := cmp.Diff(test.value, valueAt(t, doc, test.pointer)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.pointer, diff)
			}
		})
	}
}

// TestSwagger converts a 2.0 document.
func TestSwagger(t *testing.T) {
	doc, diags := Bytes("a.yaml", []byte(`
swagger: "2.0"
info: {title: pets, version: "1"}
host: api.example.com
basePath: /v1
schemes: [https]
paths:
  /pets/{id}:
    get:
      operationId: getPet
      parameters:
        - {name: id, in: path, required: true, type: string}
      responses:
        "200": {description: ok, schema: {$ref: "#/definitions/Pet"}}
definitions:
  Pet: {type: object, properties: {name: {type: string}}}
`), Options{})
	if doc == nil {
		t.Fatal(text(diags))
	}
	if want := `note: a.yaml: converted: Swagger 2.0 was converted to OpenAPI 3.0`; text(diags) != want {
		t.Errorf("got %s", text(diags))
	}
	if doc.Version != "2.0" {
		t.Errorf("version %q", doc.Version)
	}
	for pointer, want := range map[string]any{
		"/servers/0/url": "https://api.example.com/v1",
		"/paths/~1pets~1{id}/get/responses/200/content/application~1json/schema/$ref": "#/components/schemas/Pet",
		"/components/schemas/Pet/properties/name/type":                                "string",
	} {
		if got := valueAt(t, doc, pointer); got != want {
			t.Errorf("%s is %v, want %v", pointer, got, want)
		}
	}
}

// TestSwaggerThatCannotBeConverted gets a diagnostic, not a panic.
func TestSwaggerThatCannotBeConverted(t *testing.T) {
	doc, diags := Bytes("a.json", []byte(`{"swagger":"2.0","paths":{"/a":{"get":{"x-a":1,"parameters":[{"name":"b","in":"body"},{"name":"c","in":"body"}],"responses":{"default":{"description":""}}}}},"host":"%zz"}`), Options{})
	if (doc == nil) != diags.HasErrors() {
		t.Errorf("document %v, diagnostics %s", doc != nil, text(diags))
	}
	for _, d := range diags.Errors() {
		if d.Code != diag.CodeConvertFailed {
			t.Errorf("unexpected %s", d)
		}
	}
}

// TestSwaggerSchemas: the converter to 3.0 loses nothing that a schema says, also
// where 2.0 did not foresee it.
func TestSwaggerSchemas(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"a reference below additionalProperties", `{"type":"object","additionalProperties":{"type":"object","properties":{"p":{"$ref":"#/definitions/B"}}}}`,
			`{"type":"object","additionalProperties":{"type":"object","properties":{"p":{"$ref":"#/components/schemas/B"}}}}`},
		{"an object that is closed", `{"type":"object","additionalProperties":false}`, `{"type":"object","additionalProperties":false}`},
		{"alternatives", `{"oneOf":[{"$ref":"#/definitions/B"},{"type":"file"}]}`,
			`{"oneOf":[{"$ref":"#/components/schemas/B"},{"type":"string","format":"binary"}]}`},
		{"null below additionalProperties", `{"additionalProperties":{"type":"integer","x-nullable":true}}`,
			`{"additionalProperties":{"type":"integer","x-nullable":true,"nullable":true}}`},
		{"the discriminator's name", `{"discriminator":"kind","properties":{"discriminator":{"type":"string"},"$ref":{"type":"string"}}}`,
			`{"discriminator":{"propertyName":"kind"},"properties":{"discriminator":{"type":"string"},"$ref":{"type":"string"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := `{"swagger":"2.0","info":{"title":"","version":""},"paths":{"/a":{"post":{"parameters":[{"name":"b","in":"body","schema":` + c.before + `}],
				"responses":{"200":{"description":"","schema":` + c.before + `}}}}},"definitions":{"A":` + c.before + `,"B":{"type":"string"}}}`
			doc, diags := Bytes("a.json", []byte(text), Options{})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for _, d := range diags {
				if d.Code == diag.CodeWrongType {
					t.Errorf("%v", d)
				}
			}
			want, _ := readJSON("", []byte(c.after), Options{}.withDefaults())
			for _, at := range [][]string{
				{"components", "schemas", "A"},
				{"paths", "/a", "post", "requestBody", "content", "application/json", "schema"},
				{"paths", "/a", "post", "responses", "200", "content", "application/json", "schema"},
			} {
				got, _ := lookup(doc.Root, at)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v (-want +got)\n%s", at, diff)
				}
			}
		})
	}
}

// TestSwaggerBodies: every body of 2.0 arrives in 3.0, under a media type that it
// can have.
func TestSwaggerBodies(t *testing.T) {
	const a, b = `{"name":"a","in":"formData","type":"string"}`, `{"name":"b","in":"formData","type":"file"}`
	for _, c := range []struct{ name, consumes, parameters, content, code string }{
		{"a body without a media type", ``, `{"name":"x","in":"body","schema":{"type":"string"}}`, `{"application/json":{"schema":{"type":"string"}}}`, ""},
		{"a body that says its type itself", ``, `{"name":"x","in":"body","type":"string"}`, `{"application/json":{"schema":{"type":"string"}}}`, ""},
		{"several bodies", ``, `{"name":"x","in":"body","required":true,"schema":{"type":"string"}},{"name":"y","in":"body","type":"integer"}`,
			`{"application/json":{"schema":{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"integer"}},"required":["x"]}}}`, diag.CodeSeveralBodies},
		{"a form without a media type", ``, a, mediaForm, ""},
		{"a form that would be JSON", `["application/json"]`, a, mediaForm, diag.CodeFormMediaType},
		{"a form with a file", `["application/x-www-form-urlencoded","multipart/form-data"]`, b, mediaMultipart, ""},
		{"a file that would be JSON", `["application/json"]`, b, mediaMultipart, diag.CodeFormMediaType},
		{"a form that says it", `["application/x-www-form-urlencoded"]`, a, mediaForm, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			consumes := ""
			if c.consumes != "" {
				consumes = `"consumes":` + c.consumes + `,`
			}
			doc, diags := Bytes("a.json", []byte(`{"swagger":"2.0","info":{"title":"","version":""},`+consumes+`"paths":{"/a":{"post":{"parameters":[`+c.parameters+`],
				"responses":{"200":{"description":""}}}}}}`), Options{})
			if doc == nil {
				t.Fatal(text(diags))
			}
			if got, _, _ := diags.Counts(); got != 0 || !strings.Contains(text(diags), c.code) || c.code == "" && strings.Contains(text(diags), "warning") {
				t.Errorf("diagnostics %s", text(diags))
			}
			got, _ := valueAt(t, doc, "/paths/~1a/post/requestBody/content").(map[string]any)
			if !strings.HasPrefix(c.content, "{") {
				if len(got) != 1 || got[c.content] == nil {
					t.Errorf("content %v, want %s", got, c.content)
				}
				return
			}
			want, _ := readJSON("", []byte(c.content), Options{}.withDefaults())
			if diff := cmp.Diff(want, any(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	_, diags := Bytes("a.json", []byte(`{"swagger":"2.0","paths":{"/a":{"post":{"parameters":[{"name":"x","in":"body"},`+a+`],"responses":{}}}}}`), Options{})
	if want := "a.json#/paths/~1a/post/parameters: several-bodies"; !strings.Contains(text(diags), want) {
		t.Errorf("got %s, want %s", text(diags), want)
	}
}
