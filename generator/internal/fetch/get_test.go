package fetch

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
)

// get fetches a source written in its short form.
func get(t *testing.T, text string, opts Options) (Upstream, diag.List) {
	t.Helper()
	src, err := config.ParseSource(text)
	if err != nil {
		t.Fatal(err)
	}
	return Get(t.Context(), src, "", opts)
}

// TestGetURL: a document on this machine, with and without its hash.
func TestGetURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved.json":
			http.Redirect(w, r, "/api.json?key=test-secret-query", http.StatusFound)
		case "/api.json":
			_, _ = w.Write([]byte(document))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, path := range []string{"/api.json", "/moved.json", "/api.json?key=test-secret-query"} {
		u, diags := get(t, server.URL+path, Options{})
		if len(diags) > 0 || string(u.Text) != document || u.Integrity != integrity([]byte(document)) {
			t.Errorf("%s: %v %q %s", path, diags, u.Text, u.Integrity)
		}
		doc, diags := u.Load(load.Options{})
		if len(diags) > 0 || strings.Contains(doc.File, "secret") || !strings.HasPrefix(doc.File, server.URL) {
			t.Errorf("%s: %v %+v", path, diags, doc)
		}
	}
	_, diags := Get(t.Context(), config.Source{URL: server.URL + "/api.json", Integrity: integrity(nil)}, "", Options{})
	if len(diags) != 1 || diags[0].Code != "integrity-mismatch" {
		t.Errorf("another hash: %v", diags)
	}
}

// TestGetURLRefused: nothing outside https is asked, wherever the address comes
// from, and no message repeats a query.
func TestGetURLRefused(t *testing.T) {
	var asked []string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Scheme+"://"+r.URL.Host)
		to := map[string]string{
			"down.example": "http://down.example/api.json", "home.example": "http://127.0.0.1:1/api.json",
			"tls-home.example": "https://127.0.0.1:1/api.json", "user.example": "https://me:test-secret-x@other.example/", "loop.example": "https://loop.example/",
		}[r.URL.Host]
		if to == "" {
			return &http.Response{StatusCode: http.StatusTeapot, Body: http.NoBody, Request: r}, nil
		}
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}, Body: http.NoBody, Request: r}, nil
	})}
	for host, want := range map[string]string{
		"plain.example":    "status 418",
		"down.example":     "a redirect from https to http",
		"home.example":     "a redirect from https to http",
		"tls-home.example": "a redirect from the network to this machine",
		"user.example":     "a redirect to an address that is not https",
		"loop.example":     "more than 5 redirects",
	} {
		_, diags := get(t, "https://"+host+"/api.json?key=test-secret-query", Options{Client: client})
		if len(diags) != 1 || diags[0].Code != "download-failed" || !strings.Contains(diags[0].Message, want) || diags[0].Remedy == "" {
			t.Errorf("%s: %v", host, diags)
		}
		if strings.Contains(diags[0].String(), "test-secret") || diags[0].File != "https://"+host+"/api.json" {
			t.Errorf("%s: %s", host, diags[0])
		}
	}
	for _, a := range asked {
		if !strings.HasPrefix(a, "https://") || strings.Contains(a, "127.0.0.1") || strings.Contains(a, "other") {
			t.Errorf("asked %s", a)
		}
	}
}

// TestGetURLLimits: a document that does not end, in size or in time.
func TestGetURLLimits(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			select {
			case <-done:
			case <-r.Context().Done():
			}
			return
		}
		block := make([]byte, 1<<20)
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	defer close(done)
	for path, want := range map[string]string{"/endless": "too large: more than 134217728 bytes", "/slow": "no complete answer within 200ms"} {
		opts := Options{}
		if path == "/slow" {
			opts.Timeout = 200 * time.Millisecond
		}
		_, diags := get(t, server.URL+path, opts)
		if len(diags) != 1 || diags[0].Code != "download-failed" || !strings.Contains(diags[0].Message, want) {
			t.Errorf("%s: %v", path, diags)
		}
	}
}

// TestGetNpm: without a pinned hash the registry's own is checked.
func TestGetNpm(t *testing.T) {
	content := good(t)
	r := newRegistry(t, content)
	opts := Options{Environment: r.environment(t, "")}
	u, diags := get(t, "npm:@acme/spec@1.2.3/generated/api.json", opts)
	if len(diags) > 0 || string(u.Text) != document || u.Integrity != integrity(content) {
		t.Errorf("%v %s", diags, u.Integrity)
	}
	r.published = "sha1-AAAA " + integrity(nil)
	if _, diags := get(t, "npm:@acme/spec@1.2.3/generated/api.json", opts); len(diags) != 1 || diags[0].Code != "integrity-mismatch" {
		t.Errorf("another archive than published: %v", diags)
	}
	r.published = "" // an old registry publishes none
	if u, diags := get(t, "npm:@acme/spec@1.2.3/generated/api.json", opts); len(diags) > 0 || u.Integrity != integrity(content) {
		t.Errorf("%v %s", diags, u.Integrity)
	}
}

// TestGetNpmParts: a document of several files inside one package. References
// that leave the document's folder follow with AllowOutside only, and never leave
// the package.
func TestGetNpmParts(t *testing.T) {
	if err := os.WriteFile(filepath.Join(t.TempDir(), "x.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	main := func(ref string) string {
		return `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"","content":{"application/json":{"schema":{"$ref":"` + ref + `"}}}}}}}}}`
	}
	for _, test := range []struct {
		ref, code string
		outside   bool
	}{
		{ref: "schemas/pet.yaml"},
		{ref: "../shared/pet.json", code: "external-ref"},
		{ref: "../shared/pet.json", outside: true},
		{ref: "schemas/gone.yaml", code: "dangling-ref"},
		{ref: "/etc/hostname", code: "external-ref"},
		{ref: "/etc/hostname", code: "dangling-ref", outside: true},
		{ref: "../../../x.json", code: "dangling-ref", outside: true},
		{ref: "https://schemas.example/pet.json", code: "remote-ref", outside: true},
	} {
		content := tgz(t,
			entry{name: "package/spec/api.json", text: main(test.ref)},
			entry{name: "package/spec/schemas/pet.yaml", text: "type: object\nproperties: {owner: {$ref: 'owner.yaml'}}\n"},
			entry{name: "package/spec/schemas/owner.yaml", text: "type: string\n"},
			entry{name: "package/shared/pet.json", text: `{"type":"object"}`})
		r := newRegistry(t, content)
		u, diags := get(t, "npm:@acme/spec@1.2.3/spec/api.json", Options{Environment: r.environment(t, "")})
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		_, diags = u.Load(load.Options{AllowOutside: test.outside})
		if test.code == "" && len(diags) > 0 || test.code != "" && (len(diags) == 0 || diags[0].Code != test.code) {
			t.Errorf("%s, outside %v: %v, want %q", test.ref, test.outside, diags, test.code)
		}
	}
}
