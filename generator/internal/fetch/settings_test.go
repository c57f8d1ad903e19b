package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func settingsOf(t *testing.T, rc string, env map[string]string) Settings {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".npmrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadSettings(t.Context(), Environment{
		Home: home, Dir: home, Global: []string{},
		Getenv: func(name string) string { return env[name] },
		Npm:    func(context.Context, ...string) ([]byte, error) { return nil, errors.New("not installed") },
	})
}

// TestSettingsWithoutNpm reads the files that npm would read.
func TestSettingsWithoutNpm(t *testing.T) {
	const rc = `
; a comment
# another
registry = "https://one.example.com/npm"
@acme:registry=https://two.example.com/
//one.example.com/npm/:_authToken=${TOKEN}
//two.example.com/:username=me
//two.example.com/:_password=dGVzdC1zZWNyZXQ=
`
	s := settingsOf(t, rc, map[string]string{"TOKEN": "test-secret-a"})
	for _, test := range []struct{ pkg, registry, auth string }{
		{"spec", "https://one.example.com/npm/", "Bearer test-secret-a"},
		{"@acme/spec", "https://two.example.com/", "Basic bWU6dGVzdC1zZWNyZXQ="},
		{"@other/spec", "https://one.example.com/npm/", "Bearer test-secret-a"},
	} {
		registry, err := s.registry(test.pkg)
		if err != nil || registry.String() != test.registry {
			t.Errorf("%s: %v, %v", test.pkg, registry, err)
			continue
		}
		if got := s.authorization(registry); got != test.auth {
			t.Errorf("%s: %q", test.pkg, got)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, s); strings.Contains(got, "test-secret") {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}

func TestSettingsFromTheEnvironment(t *testing.T) {
	s := settingsOf(t, "registry=https://file.example.com/\n", map[string]string{"npm_config_registry": "http://127.0.0.1:9/r"})
	if registry, err := s.registry("a"); err != nil || registry.String() != "http://127.0.0.1:9/r/" {
		t.Errorf("%v, %v", registry, err)
	}
}

func TestNoRegistry(t *testing.T) {
	// A machine may have an npmrc of its own; "null" is what npm prints for nothing.
	s := Settings{values: map[string]string{"registry": "null"}}
	if _, err := s.registry("a"); !errors.Is(err, errNoRegistry) {
		t.Error(err)
	}
	s.values["registry"] = "ftp://example.com"
	if _, err := s.registry("a"); err == nil {
		t.Error("an address that is not http was accepted")
	}
}

func TestExpand(t *testing.T) {
	getenv := func(name string) string { return "<" + name + ">" }
	for in, want := range map[string]string{"a${B}c": "a<B>c", "$B": "$B", "${": "${", "${A}${B": "<A>${B"} {
		if got := expand(in, getenv); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestExempt(t *testing.T) {
	for host, want := range map[string]bool{"a.example.com": true, "example.com": true, "badexample.com": false, "localhost": true} {
		if got := isExempt(host, []string{".example.com", " localhost", ""}); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
