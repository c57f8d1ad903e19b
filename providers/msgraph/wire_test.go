package msgraph_test

import (
	"testing"

	"github.com/grantwire/grantwire/providers/internal/catalog/msgraph"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
)

// TestWire sends every operation; see package wiretest.
func TestWire(t *testing.T) { wiretest.Provider(t, msgraph.Subject()) }

// TestWireThroughVault sends every operation with a credential from a vault.
func TestWireThroughVault(t *testing.T) { wiretest.ThroughVault(t, msgraph.Subject()) }
