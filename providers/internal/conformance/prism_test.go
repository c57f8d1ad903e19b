//go:build conformance

package conformance

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConformancePrismObjects plants faults, so that a Prism that approves of
// everything doesn't go unnoticed.
func TestConformancePrismObjects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openapi.json")
	const doc = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},
		"servers":[{"url":"https://api.example.test/v2"}],
		"paths":{"/things/{id}":{"post":{
			"parameters":[
				{"name":"id","in":"path","required":true,"schema":{"type":"string"}},
				{"name":"sort","in":"query","required":true,"schema":{"type":"string","enum":["up","down"]}}],
			"requestBody":{"required":true,"content":{"application/json":{"schema":{
				"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}},
			"responses":{"204":{"description":"done"}}}}}}`
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	p := StartPrism(t, file)
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
