package lower

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Where requests go, as documents say it.
func TestServer(t *testing.T) {
	for _, c := range []struct{ urls, base, want, code string }{
		{"https://api.example.com/v1/", "", "https://api.example.com/v1", ""},
		{"http://127.0.0.1:1", "", "http://127.0.0.1:1", ""},
		{"//api.example.com/v1", "", "https://api.example.com/v1", "server-without-scheme"},
		{"api.example.com/v1", "", "https://api.example.com/v1", "server-without-scheme"},
		{"{scheme}://{name}.example.com", "", "https://acme.example.com", ""},
		{"https://{unknown}.example.com https://b.example.com", "", "https://b.example.com", ""},
		{"/v1 https://b.example.com", "", "https://b.example.com", ""},
		{"/v1", "", "", ""},
		{"", "", "", ""},
		{"/v1", "https://api.example.com/v2", "https://api.example.com/v1", ""},
		{"localhost", "", "", ""},
	} {
		l := &lowerer{}
		var servers openapi3.Servers
		for u := range strings.FieldsSeq(c.urls) {
			servers = append(servers, &openapi3.Server{URL: u, Variables: map[string]*openapi3.ServerVariable{"scheme": {Default: "https"}, "name": {Default: "acme"}}})
		}
		got := l.server(servers, c.base, "/servers")
		var codes []string
		for _, d := range l.diags {
			codes = append(codes, d.Code)
		}
		if code := strings.Join(codes, " "); got != c.want || code != c.code {
			t.Errorf("%q on %q: %q %q, want %q %q", c.urls, c.base, got, codes, c.want, c.code)
		}
	}
}
