package github_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
)

// TestTableIsEmbedded: a program that asks for the table gets the file's text.
func TestTableIsEmbedded(t *testing.T) {
	data, err := os.ReadFile("operations.json")
	if err != nil || github.OperationTable() != string(data) {
		t.Errorf("the embedded table is not the file: %v", err)
	}
}

const tableUser = `package main

import "github.com/grantwire/grantwire/providers/github"

func main() { println(github.New(nil) != nil CALL) }
`

// TestTableCostsNothing: a program that does not call OperationTable does not hold
// the table. One that does grows by its size.
func TestTableCostsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	size := func(call string) int {
		t.Helper()
		source, program := filepath.Join(t.TempDir(), "main.go"), filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(source, []byte(strings.Replace(tableUser, "CALL", call, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, text)
		}
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Size())
	}
	table := len(github.OperationTable())
	without := size("")
	more := size(`&& github.OperationTable() != ""`) - without
	t.Logf("%d bytes without the table, %d more with it, %d in the table", without, more, table)
	if more < table*9/10 || more > table*11/10 {
		t.Errorf("asking for the table of %d bytes makes a program %d bytes larger", table, more)
	}
}
