//go:build conformance

package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/runtime/api"
)

// TestConformanceJudge: only a contradiction at the place of a difference
// excuses it.
func TestConformanceJudge(t *testing.T) {
	const doc = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"","content":{
		"application/json":{"schema":{"type":"object","required":["id","owner"],"properties":{
			"id":{"type":"integer"},
			"note":{"type":"string"},
			"made":{"type":"object","required":["at"],"allOf":[{"type":"object","required":["by"]}]},
			"owner":{"allOf":[{"type":"object","required":["login"],"additionalProperties":false,"properties":{"login":{"type":"string"}}}]},
			"team":{"oneOf":[{"type":"object","required":["slug"],"properties":{"slug":{"type":"string"}}}]}}}}}}}}}}}`
	spec, err := openapi3.NewLoader().LoadFromData([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, value string
		lost        []difference
		want        string // "" when nothing excuses the example
	}{
		{"fits", `{"id":1,"owner":{"login":"x"}}`, []difference{{Pointer: "/id"}}, ""},
		{"elsewhere", `{"owner":{"login":"x"},"note":"n"}`, []difference{{Pointer: "/note"}}, ""},
		{"one of two", `{"owner":{"login":"x"},"note":"n"}`, []difference{{Pointer: "/id"}, {Pointer: "/note"}}, ""},
		{"missing", `{"owner":{"login":"x"}}`, []difference{{Pointer: "/id"}}, `/id property "id" is missing`},
		{"inside allOf", `{"id":1,"owner":{}}`, []difference{{Pointer: "/owner/login"}}, `/owner/login property "login" is missing`},
		{"inside oneOf", `{"id":1,"owner":{"login":"x"},"team":{}}`, []difference{{Pointer: "/team/slug"}}, `/team/slug property "slug" is missing`},
		{"undeclared", `{"id":1,"owner":{"login":"x","age":3}}`, []difference{{Pointer: "/owner/age"}}, `/owner property "age" is unsupported`},
		{"does not decode", `[]`, []difference{{Whole: true}}, "value must be an object"},
		{"does not decode, fits", `{"id":1,"owner":{"login":"x"}}`, []difference{{Whole: true}}, ""},
		{"does not decode, cause inside", `{"id":1,"owner":{}}`, []difference{{Pointer: "/owner", Whole: true}}, `/owner/login property "login" is missing`},
		{"does not decode, cause elsewhere", `{"id":"1","owner":{"login":"x"}}`, []difference{{Pointer: "/owner", Whole: true}}, ""},
		{"behind allOf", `{"note":1,"owner":{"login":"x"},"made":{}}`, []difference{{Pointer: "/made/at"}}, `/made/at property "at" is missing`},
	} {
		t.Run(c.name, func(t *testing.T) {
			value, err := parseJSON([]byte(c.value))
			if err != nil {
				t.Fatal(err)
			}
			found, err := (&schemas{spec}).contradictions(Example{Method: "GET", Path: "/a", Status: "200", Media: "application/json", Value: value})
			if err != nil {
				t.Fatal(err)
			}
			cause, why, ok := causeOf(found, c.lost)
			if ok != (c.want != "") || ok && cause.String() != c.want || !ok && why == "" {
				t.Errorf("cause %q (%q, %t), want %q of %v", cause, why, ok, c.want, found)
			}
		})
	}
	_, err = (&schemas{spec}).contradictions(Example{Method: "GET", Path: "/a", Status: "200", Media: "application/sarif+json"})
	if err == nil || !strings.Contains(err.Error(), "no schema") {
		t.Errorf("error %v, want one about the missing schema", err)
	}
}

// TestConformanceLeftOut: examples of media types that the client does not ask
// for, and of answers without a body, are none of its business.
func TestConformanceLeftOut(t *testing.T) {
	for _, c := range []struct {
		method, status, media string
		want                  bool
	}{
		{"GET", "200", "application/vnd.x+json", false},
		{"GET", "200", "application/vnd.x+json; charset=utf-8", false},
		{"GET", "200", "application/json", true},
		{"GET", "202", "application/json", false},
		{"GET", "404", "application/json", false},
		{"GET", "404", "application/vnd.x+json", true},
		{"GET", "default", "application/json", false},
		{"GET", "204", "application/vnd.x+json", true},
		{"GET", "304", "application/json", true},
		{"HEAD", "200", "application/vnd.x+json", true},
	} {
		op := &api.Operation{Method: c.method, Provider: &api.Provider{}, Accept: "application/vnd.x+json", Alternates: []int{202}}
		if why := leftOut(op, Example{Status: c.status, Media: c.media}); (why != "") != c.want {
			t.Errorf("leftOut(%s, %s, %s) = %q, want one: %t", c.method, c.status, c.media, why, c.want)
		}
	}
}

// TestConformanceText: JSON written as text is read, unless a text is right.
func TestConformanceText(t *testing.T) {
	const doc = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{
		"200":{"description":"","content":{"application/json":{"schema":{"type":"object"}}}},
		"201":{"description":"","content":{"application/json":{"schema":{"type":"string"}}}},
		"202":{"description":"","content":{"application/json":{"schema":{"properties":{"a":{}}}}}}}}}}}`
	spec, err := openapi3.NewLoader().LoadFromData([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status string
		value  any
		want   bool
	}{
		{"200", `{"a":1}`, true},
		{"200", `{"a":1`, false},
		{"200", `1`, false},
		{"200", map[string]any{}, false},
		{"201", `{"a":1}`, false},
		{"202", `{"a":1}`, true},
		{"404", `[]`, true},
	} {
		e := Example{Method: "GET", Path: "/a", Status: c.status, Media: "application/json", Value: c.value}
		if _, ok := (&schemas{spec}).text(e); ok != c.want {
			t.Errorf("text of %v at %s: %t, want %t", c.value, c.status, ok, c.want)
		}
	}
}

// TestConformanceUpstream: examples stand beside a schema and in it, and a
// document may be YAML.
func TestConformanceUpstream(t *testing.T) {
	const doc = `
openapi: 3.1.0
paths:
  /a:
    get:
      operationId: a
      responses:
        "200":
          content:
            application/json:
              example: {day: 2026-11-24, n: 1}
              examples:
                one: {value: {n: 2}}
              schema:
                $ref: "#/components/schemas/A"
        "201":
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/A"}}
components:
  schemas:
    A: {type: object, example: {n: 3}, examples: [{n: 4}]}
`
	u, err := parseUpstream([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range u.examples() {
		got = append(got, e.Status+" "+e.Name+" "+brief(e.Value))
	}
	want := []string{
		`200 example {"day":"2026-11-24","n":1}`, `200 one {"n":2}`, `200 schema {"n":3}`, `200 schema 0 {"n":4}`, `201 items [{"n":3}]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("examples %q, want %q", got, want)
	}
}
