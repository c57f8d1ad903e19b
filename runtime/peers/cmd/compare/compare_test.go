//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"go: exit status 1\n# example.com/x\n./a.go:1:2: undefined: B\n./a.go:3:2: too many errors": "./a.go:1:2: undefined: B",
		"tool: exit status 1\nsome note\nerror generating code: bad thing":                          "error generating code: bad thing",
		"panic: x\n\t/home/me/go/pkg/mod/example.com/gen@v1.2.3/main.go:46":                         "panic: x",
		"tool: exit status 1\nINFO\tno error\ngenerate:\n    main.run\n  - build:\n    main.generate\n  - make: it\n  - name conflict: Item\n        /home/me/go/pkg/mod/example.com/gen@v1.2.3/a.go:179": "name conflict: Item",
		"tool: exit status 1\n  - openapi.json:5:1 -> duplicate path\n\tmore\n  - openapi.json:7:51\n":                                                                                                    "openapi.json:5:1 -> duplicate path",
		"/r/specs/a: exit status 1\n/r/.tmp/b.go:1: no": ".tmp/b.go:1: no",
	} {
		if got := reason(errors.New(text), "/r"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := reason(errLimit, "/r"); got != errLimit.Error() {
		t.Error(got)
	}
}

func TestLimits(t *testing.T) {
	s := settings{limit: 200 * time.Millisecond, memory: 8000}
	start := time.Now()
	if _, _, err := s.command(t.Context(), t.TempDir(), "sh", "-c", "sleep 30; true"); !errors.Is(err, errLimit) || time.Since(start) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	s.limit = time.Minute
	out, c, err := s.command(t.Context(), t.TempDir(), "sh", "-c", "echo a b; echo c >&2")
	if err != nil || out != "a b\nc\n" || c.rss <= 0 || c.wall <= 0 {
		t.Errorf("%q %+v %v", out, c, err)
	}
}

func TestRender(t *testing.T) {
	s := settings{limit: time.Minute, memory: 100, oapi: "v1", ogen: "v2"}
	rows := []row{{name: "pets", operations: 3, attempts: []attempt{
		{peer: "grantgen", generates: true, compiles: true, lines: 10, bytes: 2000},
		{peer: "oapi-codegen", generates: true, note: "a.go:1: x|y"},
		{peer: "ogen", note: "refused it"},
	}}}
	got := string(s.render(s.peersOf(), rows))
	for _, want := range []string{
		"| grantgen | 1 | 1 | 1 |", "| oapi-codegen | 1 | 1 | 0 |", "| ogen | 1 | 0 | 0 |",
		"| pets | 3 | grantgen | yes | 0.00 | 0 | 10 | 2 | 0.00 | 0.00 | 0 |  |",
		`|  |  | oapi-codegen | no | 0.00 | 0 | 0 | 0 | | | | a.go:1: x\|y |`,
		"|  |  | ogen | refused | 0.00 | 0 | | | | | | refused it |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestNamesAreProviders(t *testing.T) {
	root := t.TempDir()
	s := settings{root: root}
	if _, err := s.providers(); err == nil {
		t.Error("an empty folder is taken for the repository")
	}
	if err := os.MkdirAll(filepath.Join(root, "specs", "pets"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"provider.yaml", "openapi.json"} {
		if err := os.WriteFile(filepath.Join(root, "specs", "pets", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.providers(); err != nil || len(got) != 1 || got[0] != "pets" {
		t.Error(got, err)
	}
	s.names = []string{"cats"}
	if _, err := s.providers(); err == nil || !strings.Contains(err.Error(), "specs/cats") {
		t.Error(err)
	}
}
