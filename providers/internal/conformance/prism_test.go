//go:build conformance

package conformance

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/runtime/api"
)

// thing is a document with one operation.
const thing = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},
	"servers":[{"url":"https://api.example.test/v2"}],
	"paths":{"/things/{id}":{"post":{
		"parameters":[
			{"name":"id","in":"path","required":true,"schema":{"type":"string"}},
			{"name":"sort","in":"query","required":true,"schema":{"type":"string","enum":["up","down"]}}],
		"requestBody":{"required":true,"content":{"application/json":{"schema":{
			"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}},
		"responses":{"204":{"description":"done"}}}}}}`

func thingFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, []byte(thing), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestConformancePrismObjects plants faults, so that a Prism that approves of
// everything doesn't go unnoticed.
func TestConformancePrismObjects(t *testing.T) {
	p := StartPrism(t, thingFile(t))
	for _, c := range []struct {
		name, path, body string
		want             string // place of the one violation, "" for none
	}{
		{"right", "/v2/things/a%2Fb?sort=up", `{"n":1}`, ""},
		{"enum", "/v2/things/a?sort=sideways", `{"n":1}`, "request.query.sort"},
		{"missing", "/v2/things/a", `{"n":1}`, "request.query"},
		{"body", "/v2/things/a?sort=up", `{"n":"one"}`, "request.body.n"},
		{"no such path", "/v2/nothing?sort=up", `{"n":1}`, "request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.test"+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			got, err := p.Check(req, "/v2")
			if err != nil {
				t.Fatal(err)
			}
			places := make([]string, len(got))
			for i, v := range got {
				places[i] = strings.Join(v.Location, ".")
			}
			if all := strings.Join(places, " "); all != c.want {
				t.Errorf("violations at %q, want %q (%v)", all, c.want, got)
			}
		})
	}
}

// TestConformancePrismEnds kills Prism under the test's hands.
func TestConformancePrismEnds(t *testing.T) {
	p := StartPrism(t, thingFile(t))
	check := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.test/v2/things/a?sort=up", strings.NewReader(`{"n":1}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		found, err := p.Check(req, "/v2")
		if err == nil && len(found) > 0 {
			t.Errorf("violations %v, want none", found)
		}
		return err
	}
	for range maxRestarts {
		p.process.stop()
		if err := check(); err != nil {
			t.Fatal(err)
		}
	}
	p.process.stop()
	err := check()
	if err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("error %v, want one that says what ended Prism", err)
	}
}

// TestConformanceEscape: a value of several segments is one to Prism, wherever the
// provider's paths begin.
func TestConformanceEscape(t *testing.T) {
	for _, c := range []struct{ path, prefix, template, want string }{
		{"/2.0/src/a/%20b/c", "/2.0", "/src/{commit}/{path}", "/2.0/src/a/%20b%2Fc"},
		{"/src/a//b", "", "/src/{commit}/{path}", "/src/a/%2Fb"},
		{"/api/v1/x/members", "/api/v1", "/{account}/members", "/api/v1/x/members"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.test"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		escapeSegments(req, c.prefix, c.template)
		if got := req.URL.EscapedPath(); got != c.want {
			t.Errorf("%s of %s becomes %s, want %s", c.path, c.template, got, c.want)
		}
	}
}

// TestConformanceCut: the document of some requests has what they refer to, as deep
// as asked, and no answers.
func TestConformanceCut(t *testing.T) {
	const doc = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{
		"/a":{"post":{"operationId":"a","responses":{"200":{"$ref":"#/components/responses/R"}},
			"parameters":[{"name":"p","in":"query","schema":{"$ref":"#/paths/~1b~1%7Bid%7D/get/parameters/0/schema"}}],
			"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}},
		"/b/{id}":{"get":{"operationId":"b","responses":{},"parameters":[{"name":"id","in":"path","required":true,"schema":{"$ref":"#/components/schemas/C"}}]}}},
		"components":{"responses":{"R":{"description":""}},"schemas":{
			"A":{"properties":{"b":{"$ref":"#/components/schemas/B"}}},
			"B":{"properties":{"a":{"$ref":"#/components/schemas/A"},"e":{"$ref":"#/components/schemas/E%20%7E1"}}},
			"C":{"type":"string"},
			"D":{},
			"E /":{"type":"string"}}}}`
	u, err := parseUpstream([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for depth, want := range map[int][]string{0: {"A", "B", "C", "E /"}, 1: {"A.1", "C.1"}, 3: {"A.1", "A.3", "B.2", "C.1", "E /.3"}} {
		text, err := u.requestsOf([]api.Operation{{ID: "a"}}, depth)
		if err != nil {
			t.Fatal(err)
		}
		cut, err := parseUpstream(text)
		if err != nil {
			t.Fatal(err)
		}
		components := cut.object(cut.root["components"])
		if got := slices.Sorted(maps.Keys(cut.object(components["schemas"]))); !slices.Equal(got, want) {
			t.Errorf("depth %d: schemas %q, want %q", depth, got, want)
		}
		if strings.Contains(string(text), `"/b`) || components["responses"] != nil {
			t.Errorf("depth %d: more than the request of one operation: %s", depth, text)
		}
		if _, err := openapi3.NewLoader().LoadFromData(text); err != nil {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

// TestConformanceViolations: what Prism cuts off is a violation.
func TestConformanceViolations(t *testing.T) {
	for text, want := range map[string]int{
		`[{"location":["request"],"message":"a"}]`:                                                      1,
		`Too many violations! [{"location":["request"],"message":"a"},{"location":["request"],"mess`:    2,
		`Too many violations! [{"location":["request"],"message":"a"},{"location":["request"],"mess":"`: 2,
	} {
		found, err := violations(text)
		if err != nil || len(found) != want {
			t.Errorf("%s: %v, %v", text, found, err)
		}
	}
	if _, err := violations("none"); err == nil {
		t.Error("a header that is no JSON passes")
	}
}
