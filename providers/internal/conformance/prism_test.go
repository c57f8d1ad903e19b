//go:build conformance

package conformance

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
