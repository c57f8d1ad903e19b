package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/fetch"
)

func sum(text []byte) string {
	s := sha512.Sum512(text)
	return "sha512-" + base64.StdEncoding.EncodeToString(s[:])
}

// world is a document server and a registry with one package on loopback, and a
// grantgen that is set up for them.
type world struct {
	url     string
	archive []byte
	tool    tool
	out     bytes.Buffer
	errs    bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	tw := tar.NewWriter(gz)
	for name, text := range map[string]string{"package/package.json": "{}", "package/v1/openapi.yaml": goodSpec} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if tw.Close() != nil || gz.Close() != nil {
		t.Fatal("the archive was not written")
	}
	w.archive = packed.Bytes()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.EscapedPath() {
		case "/api.yaml":
			_, _ = rw.Write([]byte(goodSpec))
		case "/page":
			_, _ = rw.Write([]byte("<!DOCTYPE html><html><body>Sign in</body></html>"))
		case "/npm/@acme%2fspec":
			_ = json.NewEncoder(rw).Encode(map[string]any{"versions": map[string]any{"1.2.3": map[string]any{
				"dist": map[string]any{"tarball": w.url + "/npm/@acme/spec/-/spec-1.2.3.tgz", "integrity": sum(w.archive)},
			}}})
		case "/npm/@acme/spec/-/spec-1.2.3.tgz":
			_, _ = rw.Write(w.archive)
		default:
			http.NotFound(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	home := t.TempDir()
	w.tool = tool{ctx: t.Context(), stdout: &w.out, stderr: &w.errs, env: fetch.Environment{
		Home: home, Dir: home, Global: []string{}, Getenv: func(string) string { return "" },
		Npm: func(context.Context, ...string) ([]byte, error) {
			return json.Marshal(map[string]string{"registry": w.url + "/npm/", "globalconfig": filepath.Join(home, "none")})
		},
	}}
	return w
}

func (w *world) run(args ...string) (int, string) {
	w.out.Reset()
	w.errs.Reset()
	return w.tool.run(args), w.errs.String()
}

// TestSpecFromElsewhere: a document from an address or a package gives what the
// same document gives as a file, apart from the line that names the source. What
// nothing pins is reported with its hash, and that hash silences the report.
func TestSpecFromElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "openapi.yaml", goodSpec)
	put(t, "go.mod", "module example.com/mine\n\ngo 1.26\n")
	w := newWorld(t)
	if code, stderr := w.run("--spec", "openapi.yaml", "-o", "pets", "--package", "pets"); code != 0 {
		t.Fatal(stderr)
	}
	file := snapshot(t)["pets/client.gen.go"]
	for _, test := range []struct{ spec, source, hash string }{
		{w.url + "/api.yaml?key=test-secret-query", "api.yaml", sum([]byte(goodSpec))},
		{"npm:@acme/spec@1.2.3/v1/openapi.yaml", "npm:@acme/spec@1.2.3/v1/openapi.yaml", sum(w.archive)},
	} {
		args := []string{"--spec", test.spec, "-o", "pets", "--package", "pets"}
		code, stderr := w.run(args...)
		if code != 0 || !strings.Contains(stderr, ": source-not-pinned: nothing pins what was downloaded; its hash is "+test.hash+" (") {
			t.Errorf("%s: exit %d\n%s", test.spec, code, stderr)
		}
		text := snapshot(t)["pets/client.gen.go"]
		if strings.Replace(text, "from "+test.source+".", "from openapi.yaml.", 1) != file {
			t.Errorf("%s gives another package:\n%s", test.spec, text)
		}
		if code, stderr := w.run(append(args, "--strict")...); code != 1 || !strings.Contains(stderr, "error: ") {
			t.Errorf("%s --strict: exit %d\n%s", test.spec, code, stderr)
		}
		args = append(args, "--integrity", test.hash, "--strict", "--check")
		if code, stderr := w.run(args...); code != 0 || stderr != "" {
			t.Errorf("%s, pinned: exit %d\n%s", test.spec, code, stderr)
		}
		args[len(args)-3] = sum(nil)
		if code, stderr := w.run(args...); code != 1 || !strings.Contains(stderr, "integrity-mismatch") || strings.Contains(stderr, "test-secret") {
			t.Errorf("%s, another hash: exit %d\n%s", test.spec, code, stderr)
		}
	}
}

// TestConfigSource: a configuration that says everything leaves nothing to type.
func TestConfigSource(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWorld(t)
	put(t, "go.mod", "module example.com/mine\n\ngo 1.26\n")
	put(t, "api/up/openapi.yaml", goodSpec)
	npm := "source: {npm: '@acme/spec', version: 1.2.3, path: v1/openapi.yaml, integrity: " + sum(w.archive) + "}\n"
	for name, source := range map[string]string{
		"npm":  npm,
		"url":  "source: {url: '" + w.url + "/api.yaml', integrity: " + sum([]byte(goodSpec)) + "}\n",
		"file": "source: {file: up/openapi.yaml}\n",
	} {
		put(t, "api/pets.yaml", "name: pets\npackage: pets\nflat: {ListPets: listPets}\n"+source)
		args := []string{"--config", "api/pets.yaml", "--names", "api/pets.names", "-o", "internal/pets", "--strict"}
		if code, stderr := w.run(args...); code != 0 || stderr != "" {
			t.Errorf("%s: exit %d\n%s", name, code, stderr)
		}
		files := snapshot(t)
		if !strings.Contains(files["internal/pets/flat.gen.go"], "func (c *Client) ListPets(") || files["api/pets.names"] == "" {
			t.Errorf("%s: the flat method or the list of names is missing", name)
		}
		if code, stderr := w.run(append(args, "--check")...); code != 0 || stderr != "" {
			t.Errorf("%s --check: exit %d\n%s", name, code, stderr)
		}
	}
	// The pin holds for the same source on the command line, and for no other.
	put(t, "api/pets.yaml", "name: pets\npackage: pets\n"+npm)
	if code, stderr := w.run("--config", "api/pets.yaml", "--spec", "npm:@acme/spec@1.2.3/v1/openapi.yaml", "-o", "other"); code != 0 || stderr != "" {
		t.Errorf("the same source: exit %d\n%s", code, stderr)
	}
	if code, stderr := w.run("--config", "api/pets.yaml", "--spec", w.url+"/api.yaml", "-o", "other"); code != 0 || !strings.Contains(stderr, "source-not-pinned") {
		t.Errorf("another source: exit %d\n%s", code, stderr)
	}
}

// TestSpecFromElsewhereRefused: what is wrong is named without secrets, and
// nothing is written.
func TestSpecFromElsewhereRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWorld(t)
	for spec, want := range map[string]string{
		w.url + "/gone.json?key=test-secret-query": "pets: error: " + w.url + "/gone.json: download-failed: the document could not be downloaded: status 404",
		w.url + "/page":                        "it is a web page",
		"npm:@acme/spec@1.2.4/v1/openapi.yaml": "pets: error: npm:@acme/spec@1.2.4/v1/openapi.yaml: version-missing: the registry has no version 1.2.4 of @acme/spec",
		"npm:@acme/spec@1.2.3/v2/openapi.yaml": "archive-path-missing: the package has no file v2/openapi.yaml",
		"npm:acme@1.2.3/openapi.yaml":          "version-missing: the registry does not know acme",
	} {
		code, stderr := w.run("--spec", spec, "-o", "out", "--package", "pets")
		if code != 1 || !strings.Contains(stderr, want) || strings.Contains(stderr, "test-secret") {
			t.Errorf("%s: exit %d\n%s", spec, code, stderr)
		}
	}
	if files := snapshot(t); len(files) > 0 {
		t.Errorf("files were written: %d", len(files))
	}
}

// TestFetchOwn: the facts of a document, for somebody who commits them and
// generates without a network.
func TestFetchOwn(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWorld(t)
	put(t, "go.mod", "module example.com/mine\n\ngo 1.26\n")
	put(t, "api/pets.yaml", "package: pets\nsource: {npm: '@acme/spec', version: 1.2.3, path: v1/openapi.yaml, integrity: "+sum(w.archive)+"}\n")
	if code, stderr := w.run("fetch", "api/pets.yaml", "-o", "api/pets.json"); code != 0 || stderr != "" || !strings.HasPrefix(w.out.String(), "api/pets.json: written") {
		t.Fatalf("exit %d\n%s%s", code, &w.out, stderr)
	}
	if code, stderr := w.run("--spec", "api/pets.json", "--config", "api/pets.yaml", "-o", "pets"); code != 0 || stderr != "" {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	if code, stderr := w.run("fetch", "api/pets.yaml"); code != 0 || stderr != "" || snapshot(t)["api/openapi.json"] != snapshot(t)["api/pets.json"] {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	if code, stderr := w.run("fetch", "api/gone.yaml"); code != 1 || !strings.Contains(stderr, "api/gone.yaml: read-failed") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
}
