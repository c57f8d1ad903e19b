package main

import (
	"os"
	"strings"
	"testing"
)

// TestReadme keeps the program in README one that compiles.
func TestReadme(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, ok := strings.Cut(string(source), "func run(")
	if !ok {
		t.Fatal("main.go has no function run")
	}
	if !strings.Contains(string(readme), "```go\nfunc run("+program+"```\n") {
		t.Error("README shows another program than main.go; copy run from here")
	}
}

// TestNoKey shows what somebody sees who has set nothing.
func TestNoKey(t *testing.T) {
	t.Setenv("ALTER_AGENT_KEY", "")
	t.Setenv("ALTER_BASE_URL", "http://127.0.0.1:1")
	err := run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("run without a key: %v, want an error that names the key", err)
	}
}
