package surface_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/load"
	"github.com/grantwire/grantwire/generator/internal/pipeline"
	"github.com/grantwire/grantwire/generator/internal/surface"
)

const base = `openapi: 3.1.0
info: {title: Berths, version: "1"}
servers: [{url: "https://api.example.com"}]
paths:
  /berths:
    get:
      operationId: berths/list
      parameters:
        - {name: sort, in: query, schema: {type: string, enum: [name, depth]}}
        - {name: page, in: query, schema: {type: integer, default: 1}}
        - {name: per_page, in: query, schema: {type: integer}}
      responses:
        "200":
          description: ""
          headers: {Link: {schema: {type: string}}}
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Berth"}}}}
    post:
      operationId: berths/create
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/NewBerth"}}}}
      responses: {"201": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/Berth"}}}}}
  /berths/{harbor}/{number}:
    get:
      operationId: berths/get
      parameters:
        - {name: harbor, in: path, required: true, schema: {type: string}}
        - {name: number, in: path, required: true, schema: {type: string}}
      responses: {"200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/Berth"}}}}}
    delete:
      operationId: berths/delete
      parameters:
        - {name: harbor, in: path, required: true, schema: {type: string}}
        - {name: number, in: path, required: true, schema: {type: string}}
      responses: {"204": {description: ""}}
components:
  schemas:
    Berth:
      type: object
      required: [number]
      properties:
        number: {type: string}
        depth: {type: number}
        state: {$ref: "#/components/schemas/State"}
        owner: {$ref: "#/components/schemas/Owner"}
        tide: {$ref: "#/components/schemas/Tide"}
    Tide: {type: object, properties: {height: {type: number}}}
    Owner: {type: object, properties: {name: {type: string}}}
    NewBerth:
      type: object
      additionalProperties: false
      required: [number]
      properties: {number: {type: string}, tags: {type: array, items: {type: string}}, note: {type: string}}
    State: {type: string, enum: [free, taken, closed]}
`

// generate runs the whole generator; names is the list of an earlier run.
func generate(t *testing.T, file, text string, names []byte, conf *config.Provider) (surface.Side, []byte) {
	t.Helper()
	doc, diags := load.Bytes(file, []byte(text), load.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	out, diags := pipeline.Generate(pipeline.Input{Doc: doc, Package: "harbor", ImportPath: "example.com/harbor", Names: names, Config: conf})
	if diags.HasErrors() {
		t.Fatal(diags.Errors())
	}
	return surface.Side{File: file, Files: out.Files, API: out.API}, out.Names
}

func paged() *config.Provider {
	return &config.Provider{Name: "harbor", Package: "harbor", Paging: []config.Paging{{Kind: config.PagingLink, Size: "per_page"}},
		Flat: map[string]string{"ListBerths": "berths/list"}}
}

func compare(t *testing.T, old, now surface.Side) string {
	t.Helper()
	report, err := surface.Compare(old, now)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range report {
		lines = append(lines, c.String())
	}
	return strings.Join(lines, "\n")
}

// edits are small changes of the base document: the text to replace, and what it
// becomes.
var edits = []struct {
	name        string
	change      []string
	forth, back string
}{
	{name: "nothing"},
	{name: "operation removed", change: []string{"    delete:\n      operationId: berths/delete\n      parameters:\n        - {name: harbor, in: path, required: true, schema: {type: string}}\n        - {name: number, in: path, required: true, schema: {type: string}}\n      responses: {\"204\": {description: \"\"}}\n", ""}, forth: `breaks: removed: Berths.Delete: func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`, back: `adds: added: Berths.Delete: func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`},
	{name: "method changed", change: []string{"    delete:\n", "    put:\n"}, forth: `wire: method: Berths.Delete: DELETE -> PUT (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/put)`, back: `wire: method: Berths.Delete: PUT -> DELETE (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`},
	{name: "path moved", change: []string{"  /berths/{harbor}/{number}:", "  /harbors/{harbor}/berths/{number}:"}, forth: `
wire: path: Berths.Delete: /berths/{harbor}/{number} -> /harbors/{harbor}/berths/{number} (berths/delete, b.yaml#/paths/~1harbors~1{harbor}~1berths~1{number}/delete)
wire: path: Berths.Get: /berths/{harbor}/{number} -> /harbors/{harbor}/berths/{number} (berths/get, b.yaml#/paths/~1harbors~1{harbor}~1berths~1{number}/get)`, back: `
wire: path: Berths.Delete: /harbors/{harbor}/berths/{number} -> /berths/{harbor}/{number} (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
wire: path: Berths.Get: /harbors/{harbor}/berths/{number} -> /berths/{harbor}/{number} (berths/get, a.yaml#/paths/~1berths~1{harbor}~1{number}/get)`},
	{name: "path variables swapped", change: []string{"  /berths/{harbor}/{number}:", "  /berths/{number}/{harbor}:"}, forth: `
breaks: reordered: Berths.Delete: func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error -> func(ctx context.Context, number string, harbor string, opts ...api.CallOption) error: the arguments have the same types in another order (berths/delete, b.yaml#/paths/~1berths~1{number}~1{harbor}/delete)
breaks: reordered: Berths.Get: func(ctx context.Context, harbor string, number string, opts ...api.CallOption) (*Berth, error) -> func(ctx context.Context, number string, harbor string, opts ...api.CallOption) (*Berth, error): the arguments have the same types in another order (berths/get, b.yaml#/paths/~1berths~1{number}~1{harbor}/get)`, back: `
breaks: reordered: Berths.Delete: func(ctx context.Context, number string, harbor string, opts ...api.CallOption) error -> func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error: the arguments have the same types in another order (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
breaks: reordered: Berths.Get: func(ctx context.Context, number string, harbor string, opts ...api.CallOption) (*Berth, error) -> func(ctx context.Context, harbor string, number string, opts ...api.CallOption) (*Berth, error): the arguments have the same types in another order (berths/get, a.yaml#/paths/~1berths~1{harbor}~1{number}/get)`},
	{name: "path variable renamed", change: []string{"{harbor}", "{port}", "name: harbor", "name: port"}},
	{name: "server", change: []string{"https://api.example.com", "https://eu.example.com"}, forth: `wire: base-url: New: https://api.example.com -> https://eu.example.com (b.yaml)`, back: `wire: base-url: New: https://eu.example.com -> https://api.example.com (a.yaml)`},
	{name: "operation gains parameters", change: []string{"        - {name: number, in: path, required: true, schema: {type: string}}\n      responses: {\"204\"", "        - {name: number, in: path, required: true, schema: {type: string}}\n        - {name: force, in: query, schema: {type: boolean}}\n      responses: {\"204\""}, forth: `
breaks: signature: Berths.Delete: func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error -> func(ctx context.Context, harbor string, number string, params *BerthsDeleteParams, opts ...api.CallOption) error: gains params *BerthsDeleteParams (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
adds: added: BerthsDeleteParams: type struct (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`, back: `
breaks: signature: Berths.Delete: func(ctx context.Context, harbor string, number string, params *BerthsDeleteParams, opts ...api.CallOption) error -> func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error: loses params *BerthsDeleteParams (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
breaks: removed: BerthsDeleteParams: type struct (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`},
	{name: "params gain a required one", change: []string{"        - {name: per_page", "        - {name: harbor, in: query, required: true, schema: {type: string}}\n        - {name: per_page"}, forth: `
breaks: signature: Berths.List: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) ([]Berth, error) -> func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) ([]Berth, error): params is BerthsListParams, was *BerthsListParams (berths/list, b.yaml#/paths/~1berths/get)
breaks: signature: Berths.ListAll: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error] -> func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error]: params is BerthsListParams, was *BerthsListParams (berths/list, b.yaml#/paths/~1berths/get)
breaks: required: BerthsListParams.Harbor: string: a new member that calls must send (berths/list, b.yaml#/paths/~1berths/get)
breaks: signature: Client.ListBerths: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) ([]Berth, error) -> func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) ([]Berth, error): params is BerthsListParams, was *BerthsListParams (berths/list, b.yaml#/paths/~1berths/get)
breaks: signature: Client.ListBerthsAll: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error] -> func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error]: params is BerthsListParams, was *BerthsListParams (berths/list, b.yaml#/paths/~1berths/get)`, back: `
breaks: signature: Berths.List: func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) ([]Berth, error) -> func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) ([]Berth, error): params is *BerthsListParams, was BerthsListParams (berths/list, a.yaml#/paths/~1berths/get)
breaks: signature: Berths.ListAll: func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error] -> func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error]: params is *BerthsListParams, was BerthsListParams (berths/list, a.yaml#/paths/~1berths/get)
breaks: removed: BerthsListParams.Harbor: string (berths/list, b.yaml#/paths/~1berths/get)
breaks: signature: Client.ListBerths: func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) ([]Berth, error) -> func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) ([]Berth, error): params is *BerthsListParams, was BerthsListParams (berths/list, a.yaml#/paths/~1berths/get)
breaks: signature: Client.ListBerthsAll: func(ctx context.Context, params BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error] -> func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error]: params is *BerthsListParams, was BerthsListParams (berths/list, a.yaml#/paths/~1berths/get)`},
	{name: "parameter added", change: []string{"        - {name: per_page", "        - {name: harbor, in: query, schema: {type: string}}\n        - {name: per_page"}, forth: `adds: added: BerthsListParams.Harbor: string (berths/list, b.yaml#/paths/~1berths/get)`, back: `breaks: removed: BerthsListParams.Harbor: string (berths/list, b.yaml#/paths/~1berths/get)`},
	{name: "list parameter added", change: []string{"        - {name: per_page", "        - {name: harbor, in: query, schema: {type: array, items: {type: string}}}\n        - {name: per_page"}, forth: `
breaks: comparable: BerthsListParams: == no longer works on it (berths/list, b.yaml#/paths/~1berths/get)
adds: added: BerthsListParams.Harbor: []string (berths/list, b.yaml#/paths/~1berths/get)`, back: `breaks: removed: BerthsListParams.Harbor: []string (berths/list, b.yaml#/paths/~1berths/get)`},
	{name: "parameter in another place", change: []string{"{name: sort, in: query", "{name: sort, in: header"}, forth: `wire: parameter-place: BerthsListParams.Sort: query -> header (berths/list, b.yaml#/paths/~1berths/get)`, back: `wire: parameter-place: BerthsListParams.Sort: header -> query (berths/list, a.yaml#/paths/~1berths/get)`},
	{name: "parameter default", change: []string{"default: 1", "default: 0"}, forth: `wire: default: BerthsListParams.Page: 1 -> 0 (berths/list, b.yaml#/paths/~1berths/get)`, back: `wire: default: BerthsListParams.Page: 0 -> 1 (berths/list, a.yaml#/paths/~1berths/get)`},
	{name: "parameter deprecated", change: []string{"{name: sort, in: query,", "{name: sort, in: query, deprecated: true,"}, forth: `wire: deprecated: BerthsListParams.Sort (berths/list, b.yaml#/paths/~1berths/get)`},
	{name: "body appears", change: []string{"        - {name: number, in: path, required: true, schema: {type: string}}\n      responses: {\"204\"", "        - {name: number, in: path, required: true, schema: {type: string}}\n      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [why], properties: {why: {type: string}}}}}}\n      responses: {\"204\""}, forth: `
breaks: signature: Berths.Delete: func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error -> func(ctx context.Context, harbor string, number string, body BerthsDeleteRequest, opts ...api.CallOption) error: gains body BerthsDeleteRequest (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
adds: added: BerthsDeleteRequest: type struct (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete/requestBody/content/application~1json/schema)
wire: request: Berths.Delete: none -> application/json (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`, back: `
breaks: signature: Berths.Delete: func(ctx context.Context, harbor string, number string, body BerthsDeleteRequest, opts ...api.CallOption) error -> func(ctx context.Context, harbor string, number string, opts ...api.CallOption) error: loses body BerthsDeleteRequest (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
breaks: removed: BerthsDeleteRequest: type struct (berths/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete/requestBody/content/application~1json/schema)
wire: request: Berths.Delete: application/json -> none (berths/delete, a.yaml#/paths/~1berths~1{harbor}~1{number}/delete)`},
	{name: "body media", change: []string{"requestBody: {required: true, content: {application/json", "requestBody: {required: true, content: {application/x-www-form-urlencoded"}, forth: `wire: request: Berths.Create: application/json -> application/x-www-form-urlencoded (berths/create, b.yaml#/paths/~1berths/post)`, back: `wire: request: Berths.Create: application/x-www-form-urlencoded -> application/json (berths/create, a.yaml#/paths/~1berths/post)`},
	{name: "result type", change: []string{"responses: {\"201\": {description: \"\", content: {application/json: {schema: {$ref: \"#/components/schemas/Berth\"}}}}}", "responses: {\"201\": {description: \"\", content: {application/json: {schema: {$ref: \"#/components/schemas/NewBerth\"}}}}}"}, forth: `breaks: result: Berths.Create: func(ctx context.Context, body NewBerth, opts ...api.CallOption) (*Berth, error) -> func(ctx context.Context, body NewBerth, opts ...api.CallOption) (*NewBerth, error) (berths/create, b.yaml#/paths/~1berths/post)`, back: `breaks: result: Berths.Create: func(ctx context.Context, body NewBerth, opts ...api.CallOption) (*NewBerth, error) -> func(ctx context.Context, body NewBerth, opts ...api.CallOption) (*Berth, error) (berths/create, a.yaml#/paths/~1berths/post)`},
	{name: "result disappears", change: []string{"responses: {\"201\": {description: \"\", content: {application/json: {schema: {$ref: \"#/components/schemas/Berth\"}}}}}", "responses: {\"201\": {description: \"\"}}"}, forth: `
breaks: result: Berths.Create: func(ctx context.Context, body NewBerth, opts ...api.CallOption) (*Berth, error) -> func(ctx context.Context, body NewBerth, opts ...api.CallOption) error (berths/create, b.yaml#/paths/~1berths/post)
wire: answer: Berths.Create: application/json -> none (berths/create, b.yaml#/paths/~1berths/post)`, back: `
breaks: result: Berths.Create: func(ctx context.Context, body NewBerth, opts ...api.CallOption) error -> func(ctx context.Context, body NewBerth, opts ...api.CallOption) (*Berth, error) (berths/create, a.yaml#/paths/~1berths/post)
wire: answer: Berths.Create: none -> application/json (berths/create, a.yaml#/paths/~1berths/post)`},
	{name: "paging lost", change: []string{"          headers: {Link: {schema: {type: string}}}\n", "", "        - {name: page, in: query, schema: {type: integer, default: 1}}\n        - {name: per_page, in: query, schema: {type: integer}}\n", ""}, forth: `
breaks: paging-lost: Berths.ListAll: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error]: the operation no longer pages (berths/list, a.yaml#/paths/~1berths/get)
breaks: removed: BerthsListParams.Page: *int64 (berths/list, a.yaml#/paths/~1berths/get)
breaks: removed: BerthsListParams.PerPage: *int64 (berths/list, a.yaml#/paths/~1berths/get)
breaks: paging-lost: Client.ListBerthsAll: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error]: the operation no longer pages (berths/list, a.yaml#/paths/~1berths/get)`, back: `
adds: added: Berths.ListAll: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error] (berths/list, a.yaml#/paths/~1berths/get)
adds: added: BerthsListParams.Page: *int64 (berths/list, a.yaml#/paths/~1berths/get)
adds: added: BerthsListParams.PerPage: *int64 (berths/list, a.yaml#/paths/~1berths/get)
adds: added: Client.ListBerthsAll: func(ctx context.Context, params *BerthsListParams, opts ...api.CallOption) iter.Seq2[*Berth, error] (berths/list, a.yaml#/paths/~1berths/get)`},
	{name: "member removed", change: []string{"        depth: {type: number}\n", ""}, forth: `breaks: removed: Berth.Depth: *float64 (berths/list, a.yaml#/components/schemas/Berth)`, back: `adds: added: Berth.Depth: *float64 (berths/list, a.yaml#/components/schemas/Berth)`},
	{name: "member retyped", change: []string{"        depth: {type: number}\n", "        depth: {type: string}\n"}, forth: `breaks: retyped: Berth.Depth: *float64 -> *string (berths/list, b.yaml#/components/schemas/Berth)`, back: `breaks: retyped: Berth.Depth: *string -> *float64 (berths/list, a.yaml#/components/schemas/Berth)`},
	{name: "answer's member required", change: []string{"required: [number]\n      properties:\n        number", "required: [number, depth]\n      properties:\n        number"}, forth: `breaks: retyped: Berth.Depth: *float64 -> float64 (berths/list, b.yaml#/components/schemas/Berth)`, back: `breaks: retyped: Berth.Depth: float64 -> *float64 (berths/list, a.yaml#/components/schemas/Berth)`},
	{name: "request's member required", change: []string{"required: [number]\n      properties: {number", "required: [number, note]\n      properties: {number"}, forth: `breaks: retyped: NewBerth.Note: *string -> string: calls must send it now (berths/create, b.yaml#/components/schemas/NewBerth)`, back: `breaks: retyped: NewBerth.Note: string -> *string (berths/create, a.yaml#/components/schemas/NewBerth)`},
	{name: "request's list required", change: []string{"required: [number]\n      properties: {number", "required: [number, tags]\n      properties: {number"}, forth: `breaks: required: NewBerth.Tags: []string: calls must send it now (berths/create, b.yaml#/components/schemas/NewBerth)`},
	{name: "request gains a required list", change: []string{"required: [number]\n      properties: {number", "required: [number, more]\n      properties: {more: {type: array, items: {type: string}}, number"}, forth: `breaks: required: NewBerth.More: []string: a new member that calls must send (berths/create, b.yaml#/components/schemas/NewBerth)`, back: `breaks: removed: NewBerth.More: []string (berths/create, b.yaml#/components/schemas/NewBerth)`},
	{name: "member's wire name", change: []string{"properties: {number: {type: string}, tags: {", "properties: {number: {type: string}, Tags: {"}, forth: `wire: member: NewBerth.Tags: tags -> Tags (berths/create, b.yaml#/components/schemas/NewBerth)`, back: `wire: member: NewBerth.Tags: Tags -> tags (berths/create, a.yaml#/components/schemas/NewBerth)`},
	{name: "enum value removed", change: []string{"taken, closed", "taken"}, forth: `breaks: removed: StateClosed: State = "closed" (berths/list, a.yaml#/components/schemas/State)`, back: `adds: added: StateClosed: State = "closed" (berths/list, a.yaml#/components/schemas/State)`},
	{name: "enum value spelled differently", change: []string{"taken, closed", "TAKEN, closed"}, forth: `breaks: value: StateTaken: State = "taken" -> State = "TAKEN" (berths/list, b.yaml#/components/schemas/State)`, back: `breaks: value: StateTaken: State = "TAKEN" -> State = "taken" (berths/list, a.yaml#/components/schemas/State)`},
	{name: "type renamed upstream", change: []string{"Owner: {", "Person: {", "schemas/Owner\"", "schemas/Person\""}, forth: `breaks: renamed: Owner -> Person (berths/list, b.yaml#/components/schemas/Person)`, back: `breaks: renamed: Person -> Owner (berths/list, a.yaml#/components/schemas/Owner)`},
	{name: "operation ID renamed upstream", change: []string{"berths/get", "berths/fetch"}},
	{name: "enum becomes text", change: []string{"State: {type: string, enum: [free, taken, closed]}", "State: {type: string}"}, forth: `
breaks: retyped: Berth.State: *State -> *string (berths/list, b.yaml#/components/schemas/Berth)
breaks: removed: State: type string (berths/list, a.yaml#/components/schemas/State)`, back: `
breaks: retyped: Berth.State: *string -> *State (berths/list, a.yaml#/components/schemas/Berth)
adds: added: State: type string (berths/list, a.yaml#/components/schemas/State)`},
	{name: "struct becomes union", change: []string{"Owner: {type: object, properties: {name: {type: string}}}", "Owner: {oneOf: [{type: string}, {type: integer}]}"}, forth: `
breaks: comparable: Owner: == no longer works on it (berths/list, b.yaml#/components/schemas/Owner)
breaks: removed: Owner.Extra: *api.Extra (berths/list, a.yaml#/components/schemas/Owner)
breaks: removed: Owner.Name: *string (berths/list, a.yaml#/components/schemas/Owner)
adds: added: Owner.Int: *int64 (berths/list, b.yaml#/components/schemas/Owner)
adds: added: Owner.MarshalJSON: func() ([]byte, error) (berths/list, b.yaml#/components/schemas/Owner)
adds: added: Owner.Raw: api.RawJSON (berths/list, b.yaml#/components/schemas/Owner)
adds: added: Owner.String: *string (berths/list, b.yaml#/components/schemas/Owner)
adds: added: Owner.UnmarshalJSON: func(b []byte) error (berths/list, b.yaml#/components/schemas/Owner)`, back: `
breaks: removed: Owner.Int: *int64 (berths/list, b.yaml#/components/schemas/Owner)
breaks: removed: Owner.MarshalJSON: func() ([]byte, error) (berths/list, b.yaml#/components/schemas/Owner)
breaks: removed: Owner.Raw: api.RawJSON (berths/list, b.yaml#/components/schemas/Owner)
breaks: removed: Owner.String: *string (berths/list, b.yaml#/components/schemas/Owner)
breaks: removed: Owner.UnmarshalJSON: func(b []byte) error (berths/list, b.yaml#/components/schemas/Owner)
adds: added: Owner.Extra: *api.Extra (berths/list, a.yaml#/components/schemas/Owner)
adds: added: Owner.Name: *string (berths/list, a.yaml#/components/schemas/Owner)`},
	{name: "closed opens", change: []string{"      additionalProperties: false\n", ""}},
	{name: "type removed", change: []string{"        tide: {$ref: \"#/components/schemas/Tide\"}\n", "", "    Tide: {type: object, properties: {height: {type: number}}}\n", ""}, forth: `
breaks: removed: Berth.Tide: *Tide (berths/list, a.yaml#/components/schemas/Berth)
breaks: removed: Tide: type struct (berths/list, a.yaml#/components/schemas/Tide)`, back: `
adds: added: Berth.Tide: *Tide (berths/list, a.yaml#/components/schemas/Berth)
adds: added: Tide: type struct (berths/list, a.yaml#/components/schemas/Tide)`},
	{name: "deprecated", change: []string{"      operationId: berths/get\n", "      operationId: berths/get\n      deprecated: true\n"}, forth: `wire: deprecated: Berths.Get (berths/get, b.yaml#/paths/~1berths~1{harbor}~1{number}/get)`},
}

// TestCompare makes one change at a time and reads what is said of it, in both
// directions.
func TestCompare(t *testing.T) {
	for _, test := range edits {
		t.Run(test.name, func(t *testing.T) {
			text := strings.NewReplacer(test.change...).Replace(base)
			if text == base && test.name != "nothing" {
				t.Fatal("the change changes nothing")
			}
			old, names := generate(t, "a.yaml", base, nil, paged())
			now, _ := generate(t, "b.yaml", text, names, paged())
			if diff := cmp.Diff(strings.TrimSpace(test.forth), compare(t, old, now)); diff != "" {
				t.Errorf("forth:\n%s", diff)
			}
			if diff := cmp.Diff(strings.TrimSpace(test.back), compare(t, now, old)); diff != "" {
				t.Errorf("back:\n%s", diff)
			}
		})
	}
}

// TestGroupRenamed: the document alone renames no service that the list has. The
// operations of one that a person renamed are the same.
func TestGroupRenamed(t *testing.T) {
	text := strings.ReplaceAll(base, "operationId: berths/", "operationId: docks/")
	old, names := generate(t, "a.yaml", base, nil, nil)
	now, _ := generate(t, "b.yaml", text, names, nil)
	if said := compare(t, old, now); said != "" {
		t.Errorf("the document renamed something:\n%s", said)
	}
	now, _ = generate(t, "b.yaml", text, bytes.ReplaceAll(names, []byte("op\tBerths."), []byte("op\tDocks.")), nil)
	want := strings.TrimSpace(`
breaks: renamed: Berths.Create -> Docks.Create (docks/create, b.yaml#/paths/~1berths/post)
breaks: renamed: Berths.Delete -> Docks.Delete (docks/delete, b.yaml#/paths/~1berths~1{harbor}~1{number}/delete)
breaks: renamed: Berths.Get -> Docks.Get (docks/get, b.yaml#/paths/~1berths~1{harbor}~1{number}/get)
breaks: renamed: Berths.List -> Docks.List (docks/list, b.yaml#/paths/~1berths/get)
breaks: renamed: Berths.ListAll -> Docks.ListAll (docks/list, b.yaml#/paths/~1berths/get)
breaks: renamed: BerthsListParams -> DocksListParams (docks/list, b.yaml#/paths/~1berths/get)
breaks: renamed: BerthsService -> DocksService (docks/list, b.yaml#/paths/~1berths/get)
breaks: renamed: Client.Berths -> Client.Docks (docks/list, b.yaml#/paths/~1berths/get)
`)
	if diff := cmp.Diff(want, compare(t, old, now)); diff != "" {
		t.Error(diff)
	}
}
