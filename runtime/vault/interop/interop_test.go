package interop_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
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
	args := []string{"suite/run.py", "--grantvault", daemon}
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
		t.Errorf("the suite failed: %v", err)
	}
}
