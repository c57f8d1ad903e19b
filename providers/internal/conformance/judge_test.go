//go:build conformance

package conformance

import (
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
		{"fits", `{"id":1,"owner":{"login":"x"}}`, []difference{{"/id", "was lost"}}, ""},
		{"elsewhere", `{"owner":{"login":"x"},"note":"n"}`, []difference{{"/note", "was lost"}}, ""},
		{"one of two", `{"owner":{"login":"x"},"note":"n"}`, []difference{{"/id", "was added"}, {"/note", "was lost"}}, ""},
		{"missing", `{"owner":{"login":"x"}}`, []difference{{"/id", "was added"}}, `/id property "id" is missing`},
		{"inside allOf", `{"id":1,"owner":{}}`, []difference{{"/owner/login", "was added"}}, `/owner/login property "login" is missing`},
		{"inside oneOf", `{"id":1,"owner":{"login":"x"},"team":{}}`, []difference{{"/team/slug", "was added"}}, `/team/slug property "slug" is missing`},
		{"undeclared", `{"id":1,"owner":{"login":"x","age":3}}`, []difference{{"/owner/age", "was lost"}}, `/owner property "age" is unsupported`},
		{"does not decode", `[]`, nil, "value must be an object"},
		{"does not decode, fits", `{"id":1,"owner":{"login":"x"}}`, nil, ""},
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
			cause, ok := causeOf(found, c.lost)
			if ok != (c.want != "") || ok && cause != c.want {
				t.Errorf("cause %q (%t), want %q of %v", cause, ok, c.want, found)
			}
		})
	}
	_, err = (&schemas{spec}).contradictions(Example{Method: "GET", Path: "/a", Status: "200", Media: "application/sarif+json"})
	if err == nil || !strings.Contains(err.Error(), "no schema") {
		t.Errorf("error %v, want one about the missing schema", err)
	}
}

// TestConformanceAsked: examples of media types that the client does not ask
// for are none of its business.
func TestConformanceAsked(t *testing.T) {
	op := &api.Operation{Provider: &api.Provider{}, Accept: "application/vnd.x+json", Alternates: []int{202}}
	for _, c := range []struct {
		status, media string
		want          bool
	}{
		{"200", "application/vnd.x+json", true},
		{"200", "application/vnd.x+json; charset=utf-8", true},
		{"200", "application/json", false},
		{"202", "application/json", true},
		{"404", "application/json", true},
		{"404", "application/vnd.x+json", false},
		{"default", "application/json", true},
	} {
		if got := asked(op, Example{Status: c.status, Media: c.media}); got != c.want {
			t.Errorf("asked(%s, %s) = %t, want %t", c.status, c.media, got, c.want)
		}
	}
}
