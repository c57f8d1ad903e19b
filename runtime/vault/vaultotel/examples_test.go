package vaultotel_test

import (
	"testing"

	"github.com/grantwire/grantwire/runtime/internal/examples"
)

func TestEverythingIsInAnExample(t *testing.T) { examples.Complete(t) }
