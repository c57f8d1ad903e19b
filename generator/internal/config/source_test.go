package config

import (
	"strings"
	"testing"
)

func TestParseSource(t *testing.T) {
	for text, want := range map[string]Source{
		"api.yaml":                           {File: "api.yaml"},
		`C:\specs\api.yaml`:                  {File: `C:\specs\api.yaml`},
		"npm:acme@1.2.3/openapi.json":        {Npm: "acme", Version: "1.2.3", Path: "openapi.json"},
		"npm:@acme/spec@1.2.3-rc.1/a/b.yaml": {Npm: "@acme/spec", Version: "1.2.3-rc.1", Path: "a/b.yaml"},
		"https://example.com/api.json?v=2":   {URL: "https://example.com/api.json?v=2"},
		"http://127.0.0.1:8080/openapi.json": {URL: "http://127.0.0.1:8080/openapi.json"},
		"http://[::1]:8080/openapi.json":     {URL: "http://[::1]:8080/openapi.json"},
		"http://localhost/openapi.json":      {URL: "http://localhost/openapi.json"},
	} {
		if got, err := ParseSource(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"npm:acme":                               "write npm:PACKAGE@VERSION/PATH",
		"npm:acme@1.2.3":                         "write npm:PACKAGE@VERSION/PATH",
		"npm:@acme":                              "write npm:PACKAGE@VERSION/PATH",
		"npm:acme@latest/a.json":                 `"latest" is no exact version`,
		"npm:acme@1.2.3/../a.json":               `"../a.json" is no plain path inside the package`,
		"npm:Acme!@1.2.3/a.json":                 `"Acme!" is no npm package name`,
		"http://example.com/a.json":              "http is not fetched",
		"ftp://example.com/a.json":               "ftp is not fetched",
		"https://me:test-secret-x@example.com/a": "without credentials",
		"https:///a.json":                        "not an address",
		"http://127.0.0.1.example.com/a.json":    "http is not fetched",
	} {
		_, err := ParseSource(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "test-secret") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestSourceNames(t *testing.T) {
	for _, test := range []struct {
		src        Source
		name, base string
	}{
		{Source{File: "a/b.yaml"}, "a/b.yaml", "b.yaml"},
		{Source{URL: "https://example.com/a/b.json?key=test-secret-x"}, "https://example.com/a/b.json", "b.json"},
		{Source{Npm: "@a/b", Version: "1.2.3", Path: "c/d.json"}, "npm:@a/b@1.2.3/c/d.json", "npm:@a/b@1.2.3/c/d.json"},
	} {
		if test.src.String() != test.name || test.src.Base() != test.base {
			t.Errorf("%q, %q", test.src.String(), test.src.Base())
		}
	}
}
