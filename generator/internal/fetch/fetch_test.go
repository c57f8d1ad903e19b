package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
)

const (
	document = `{"openapi":"3.0.3","info":{"title":"t","version":"1","description":"PROSE"},"paths":{"/a":{"get":{"summary":"PROSE","responses":{"200":{"description":"PROSE"}}}}}}`
	reduced  = `{
 "info": {
  "title": "t",
  "version": "1"
 },
 "openapi": "3.0.3",
 "paths": {
  "/a": {
   "get": {
    "responses": {
     "200": {
      "description": ""
     }
    }
   }
  }
 }
}
`
	secret = "test-secret-registry-token"
)

// entry is one file of an archive.
type entry struct {
	name, text string
	kind       byte
}

func tgz(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	w := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.kind != 0 {
			h.Typeflag, h.Linkname, h.Size = e.kind, "/etc/hostname", 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(e.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func integrity(b []byte) string {
	sum := sha512.Sum512(b)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// registry is a stand-in on loopback that serves one package.
type registry struct {
	*httptest.Server
	archive   []byte
	published string // integrity in the metadata
	tarball   string // address in the metadata, "" = its own
	auth      map[string]string
	status    int
}

func newRegistry(t *testing.T, content []byte) *registry {
	t.Helper()
	r := &registry{archive: content, published: integrity(content), auth: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.auth[req.URL.EscapedPath()] = req.Header.Get("Authorization")
		if r.status != 0 {
			w.WriteHeader(r.status)
			return
		}
		switch req.URL.EscapedPath() {
		case "/npm/@acme%2fspec":
			address := r.tarball
			if address == "" {
				address = r.URL + "/npm/@acme/spec/-/spec-1.2.3.tgz"
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"versions": map[string]any{
				"1.2.3": map[string]any{"dist": map[string]any{"tarball": address, "integrity": r.published}},
			}})
		case "/npm/@acme/spec/-/spec-1.2.3.tgz":
			_, _ = w.Write(r.archive)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// environment makes an npm client that is set up for the registry.
func (r *registry) environment(t *testing.T, rc string) Environment {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".npmrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	return Environment{
		Home: home, Dir: home, Global: []string{},
		Getenv: func(string) string { return "" },
		Npm: func(_ context.Context, args ...string) ([]byte, error) {
			if strings.Join(args, " ") != "config list --long --json" {
				return nil, fmt.Errorf("unexpected %v", args)
			}
			return json.Marshal(map[string]any{"registry": r.URL + "/npm/", "cafile": nil, "globalconfig": filepath.Join(home, "none"), "audit": true})
		},
	}
}

func provider(content []byte) *config.Provider {
	return &config.Provider{Name: "acme", Source: config.Source{
		Npm: "@acme/spec", Version: "1.2.3", Integrity: integrity(content), Path: "generated/api.json",
	}}
}

func good(t *testing.T) []byte {
	return tgz(t, entry{name: "package/package.json", text: "{}"}, entry{name: "package/generated/api.json", text: document})
}

func TestRun(t *testing.T) {
	content := good(t)
	r := newRegistry(t, content)
	dir, keep := t.TempDir(), filepath.Join(t.TempDir(), "up")
	opts := Options{Environment: r.environment(t, "//"+strings.TrimPrefix(r.URL, "http://")+"/npm/:_authToken=${TOKEN}\n"), KeepUpstream: keep}
	opts.Environment.Getenv = func(name string) string {
		if name == "TOKEN" {
			return secret
		}
		return ""
	}
	for i := range 2 {
		result, diags := Run(t.Context(), provider(content), filepath.Join(dir, "provider.yaml"), opts)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		if result.Changed != (i == 0) || result.Bytes != len(reduced) || result.Upstream != len(document) {
			t.Errorf("run %d: %+v", i, result)
		}
		got, err := os.ReadFile(filepath.Join(dir, "openapi.json"))
		if err != nil || string(got) != reduced {
			t.Errorf("run %d: %v %s", i, err, got)
		}
	}
	if got, err := os.ReadFile(filepath.Join(keep, "acme.json")); err != nil || string(got) != document {
		t.Errorf("upstream: %v %s", err, got)
	}
	for path, auth := range r.auth {
		if auth != "Bearer "+secret {
			t.Errorf("%s was asked with %q", path, auth)
		}
	}
	if len(r.auth) != 2 {
		t.Errorf("asked %v", r.auth)
	}
}

// TestRefused: each fault has its code, nothing is written, and no credential
// shows.
func TestRefused(t *testing.T) {
	const rc = "//127.0.0.1/npm/:_authToken=" + secret + "\n"
	for _, test := range []struct {
		name   string
		change func(t *testing.T, r *registry, p *config.Provider, e *Environment)
		code   string
	}{
		{"no registry", func(_ *testing.T, _ *registry, _ *config.Provider, e *Environment) {
			e.Npm = func(context.Context, ...string) ([]byte, error) { return nil, errors.New("not installed") }
		}, "npm-missing"},
		{"unknown package", func(_ *testing.T, _ *registry, p *config.Provider, _ *Environment) { p.Source.Npm = "other" }, "version-missing"},
		{"unknown version", func(_ *testing.T, _ *registry, p *config.Provider, _ *Environment) { p.Source.Version = "9.9.9" }, "version-missing"},
		{"failing registry", func(_ *testing.T, r *registry, _ *config.Provider, _ *Environment) { r.status = 500 }, "registry-failed"},
		{"closed registry", func(_ *testing.T, r *registry, _ *config.Provider, _ *Environment) { r.Close() }, "registry-failed"},
		{"other hash published", func(_ *testing.T, r *registry, _ *config.Provider, _ *Environment) { r.published = integrity(nil) }, "integrity-mismatch"},
		{"other content", func(_ *testing.T, r *registry, _ *config.Provider, _ *Environment) { r.archive = r.archive[:100] }, "integrity-mismatch"},
		{"no such file", func(_ *testing.T, _ *registry, p *config.Provider, _ *Environment) { p.Source.Path = "gone.json" }, "archive-path-missing"},
		{"no archive", func(t *testing.T, r *registry, p *config.Provider, _ *Environment) { r.serve(p, []byte("noise")) }, "archive-invalid"},
		{"cut archive", func(t *testing.T, r *registry, p *config.Provider, _ *Environment) {
			c := good(t)
			r.serve(p, c[:len(c)/2])
		}, "archive-invalid"},
		{"symbolic link", func(t *testing.T, r *registry, p *config.Provider, _ *Environment) {
			r.serve(p, tgz(t, entry{name: "package/generated/api.json", kind: tar.TypeSymlink}))
		}, "archive-invalid"},
		{"name that climbs", func(t *testing.T, r *registry, p *config.Provider, _ *Environment) {
			r.serve(p, tgz(t, entry{name: "../../generated/api.json", text: document}))
		}, "archive-path-missing"},
		{"bad document", func(t *testing.T, r *registry, p *config.Provider, _ *Environment) {
			r.serve(p, tgz(t, entry{name: "package/generated/api.json", text: "{"}))
		}, "syntax"},
		{"no source", func(_ *testing.T, _ *registry, p *config.Provider, _ *Environment) { p.Source = config.Source{} }, "config-invalid"},
		{"password in the address", func(_ *testing.T, r *registry, _ *config.Provider, e *Environment) {
			e.Npm = func(context.Context, ...string) ([]byte, error) {
				return []byte(`{"registry":"http://user:` + secret + `@127.0.0.1/"}`), nil
			}
		}, "npm-missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			content := good(t)
			r := newRegistry(t, content)
			p, env := provider(content), r.environment(t, rc)
			test.change(t, r, p, &env)
			dir := t.TempDir()
			_, diags := Run(t.Context(), p, filepath.Join(dir, "provider.yaml"), Options{Environment: env, KeepUpstream: filepath.Join(dir, "up")})
			if len(diags) != 1 || diags[0].Code != test.code || diags[0].Severity != diag.Error || diags[0].Remedy == "" {
				t.Errorf("got %v, want %s", diags, test.code)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("%d files were written (%v)", len(entries), err)
			}
			if strings.Contains(fmt.Sprint(diags), secret) {
				t.Errorf("the diagnostics hold the credential: %v", diags)
			}
		})
	}
}

func (r *registry) serve(p *config.Provider, content []byte) {
	r.archive, r.published, p.Source.Integrity = content, integrity(content), integrity(content)
}

// TestMirror: the metadata of a mirror names another host, which must get no
// credential and is not even asked when the mirror has the archive.
func TestMirror(t *testing.T) {
	content := good(t)
	r := newRegistry(t, content)
	r.tarball = "https://registry.invalid/@acme/spec/-/spec-1.2.3.tgz"
	host := strings.TrimPrefix(r.URL, "http://")
	var asked []string
	client := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		asked = append(asked, req.URL.Host+" "+req.Header.Get("Authorization"))
		if req.URL.Host != host {
			return nil, errors.New("refused by the test")
		}
		return http.DefaultTransport.RoundTrip(req)
	})}
	env := r.environment(t, "//"+host+"/:_authToken="+secret+"\n")
	if _, diags := Run(t.Context(), provider(content), filepath.Join(t.TempDir(), "provider.yaml"), Options{Environment: env, Client: client}); len(diags) > 0 {
		t.Fatal(diags)
	}
	// Without the archive, the named host is tried, bare.
	missing := provider(content)
	r.archive = nil
	asked = nil
	missing.Source.Npm = "@acme/spec"
	r.tarball = "https://registry.invalid/other.tgz"
	_, diags := Run(t.Context(), missing, filepath.Join(t.TempDir(), "provider.yaml"), Options{Environment: env, Client: client})
	if len(diags) != 1 {
		t.Error(diags)
	}
	for _, a := range asked {
		if !strings.HasPrefix(a, host+" ") && strings.Contains(a, secret) {
			t.Errorf("the credential went to %q", a)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOtherSources: a file, and an address with its hash.
func TestOtherSources(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "up.json"), []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, diags := Run(t.Context(), &config.Provider{Name: "a", Source: config.Source{File: "up.json"}}, filepath.Join(dir, "provider.yaml"), Options{}); len(diags) > 0 {
		t.Error(diags)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(document)) }))
	defer server.Close()
	src := config.Source{URL: server.URL + "/api.json", Integrity: integrity([]byte(document))}
	if _, diags := Run(t.Context(), &config.Provider{Name: "a", Source: src}, filepath.Join(dir, "provider.yaml"), Options{Client: server.Client()}); len(diags) > 0 {
		t.Error(diags)
	}
	src.Integrity = integrity(nil)
	if _, diags := Run(t.Context(), &config.Provider{Name: "a", Source: src}, filepath.Join(dir, "provider.yaml"), Options{Client: server.Client()}); len(diags) != 1 || diags[0].Code != "integrity-mismatch" {
		t.Error(diags)
	}
}
