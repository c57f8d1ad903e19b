package interop_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestOfficialClient has the official client drive `grantvault dev` through its
// public methods. suite/run.py prints the report, which is the output of this test.
func TestOfficialClient(t *testing.T) {
	python, daemon := os.Getenv("INTEROP_PYTHON"), os.Getenv("INTEROP_GRANTVAULT")
	if python == "" || daemon == "" {
		t.Skip("INTEROP_PYTHON and INTEROP_GRANTVAULT are not set; `make interop` sets them")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	results := filepath.Join(t.TempDir(), "RESULTS.md")
	args := []string{"suite/run.py", "--grantvault", daemon, "--results", results}
	if report := os.Getenv("INTEROP_REPORT"); report != "" {
		args = append(args, "--report", report)
	}
	cmd := exec.CommandContext(ctx, python, args...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the suite failed: %v", err)
	}
	compareResults(t, results)
}

// compareResults compares what a run found with RESULTS.md.
func compareResults(t *testing.T, results string) {
	t.Helper()
	got, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("RESULTS.md")
	if diff := cmp.Diff(string(want), string(got)); diff != "" || err != nil {
		if err := os.WriteFile("RESULTS.md", got, 0o644); err != nil {
			t.Error(err)
		}
		t.Errorf("RESULTS.md was out of date and is written anew: %v\n%s", err, diff)
	}
}
