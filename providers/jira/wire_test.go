package jira_test

import (
	"testing"

	"github.com/grantwire/grantwire/providers/internal/catalog/jira"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
)

// TestWire sends every operation; see package wiretest.
func TestWire(t *testing.T) { wiretest.Provider(t, jira.Subject()) }

// TestWireThroughVault sends every operation with a credential from a vault.
func TestWireThroughVault(t *testing.T) { wiretest.ThroughVault(t, jira.Subject()) }
