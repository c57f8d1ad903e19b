package sigv4_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/internal/examples"
)

func TestEverythingIsInAnExample(t *testing.T) { examples.Complete(t) }

// TestOthersDoNotLinkAWS: AWS's modules are linked by who signs, and nobody else.
func TestOthersDoNotLinkAWS(t *testing.T) {
	for pkg, want := range map[string]bool{
		"github.com/grantwire/grantwire/runtime/vault": false, "github.com/grantwire/grantwire/runtime/vault/sigv4": true,
	} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(out), "github.com/aws/"); got != want {
			t.Errorf("%s links AWS's modules: %v, want %v", pkg, got, want)
		}
	}
}
