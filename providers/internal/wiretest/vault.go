package wiretest

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// Vault is an embedded vault in memory with one agent and one grant.
type Vault struct {
	tb    testing.TB
	vault *local.Vault
	key   string
	grant string
	agent *vault.Agent

	shapes map[string]string // of the operations, by ID
}

// NewVault puts a credential behind a grant for hosts. base is the base URL of
// the operations.
func NewVault(tb testing.TB, secret local.Credential, base string, operations []api.Operation, hosts ...string) *Vault {
	tb.Helper()
	v, err := local.Open("", local.InMemory(), local.WithOperations(base, operations))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := v.Close(); err != nil {
			tb.Error(err)
		}
	})
	agent, err := v.CreateAgent(tb.Context(), local.AgentSpec{Name: "wire"})
	if err != nil {
		tb.Fatal(err)
	}
	grant, err := v.CreateGrant(tb.Context(), local.GrantSpec{
		AgentID:    agent.ID,
		Provider:   "wire",
		Hosts:      hosts,
		Credential: secret,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return &Vault{tb: tb, vault: v, key: agent.Key, grant: grant.ID, shapes: shapes(operations)}
}

// Transport is a Config.Transport whose credential comes from the vault.
func (v *Vault) Transport(capture http.RoundTripper) http.RoundTripper {
	agent, err := vault.NewAgent(v.key, vault.WithBackend(v.vault), vault.WithProviderTransport(capture))
	if err != nil {
		v.tb.Fatal(err)
	}
	v.agent = agent
	return agent.Transport(vault.Grant(v.grant))
}

// alike tells whether two operations differ in the names of path parameters only:
// /files/{id} and /files/{name}. By method and URL nobody can tell them apart, and
// the vault takes the first.
func (v *Vault) alike(a, b string) bool { return v.shapes[a] != "" && v.shapes[a] == v.shapes[b] }

var variable = regexp.MustCompile(`\{[^}]*\}`)

// shapes gives method and path of each operation, without names.
func shapes(operations []api.Operation) map[string]string {
	all := make(map[string]string, len(operations))
	for _, op := range operations {
		path, _, _ := strings.Cut(op.Path, "#") // a fragment never leaves a client
		all[op.ID] = op.Method + " " + op.Server + variable.ReplaceAllString(path, "{}")
	}
	return all
}

// CheckTrail fails the test unless there is one complete audit row per request,
// and the operation that the vault found by method and URL is the one called.
// unnamed is the exact number of rows for which it found none; a wrong one is
// always a failure.
func (v *Vault) CheckTrail(requests, unnamed int) {
	v.tb.Helper()
	ctx, cancel := context.WithTimeout(v.tb.Context(), time.Minute)
	defer cancel()
	if err := v.agent.Close(ctx); err != nil {
		v.tb.Fatal(err)
	}
	entries, err := v.vault.Audit(ctx, local.AuditFilter{})
	if err != nil {
		v.tb.Fatal(err)
	}
	if len(entries) != requests {
		v.tb.Errorf("%d audit rows for %d requests", len(entries), requests)
	}
	wrong, without := 0, 0
	for _, e := range entries {
		if e.Operation == "" {
			without++
		}
		named := e.Operation == "" || e.Operation == e.ClaimedOperation || v.alike(e.Operation, e.ClaimedOperation)
		if named && e.Outcome == local.OutcomeCompleted && e.Status == http.StatusNoContent {
			continue
		}
		if wrong++; wrong <= 5 {
			v.tb.Errorf("%s is in the trail as %q, %s with status %d (%s %s)",
				e.ClaimedOperation, e.Operation, e.Outcome, e.Status, e.Method, e.Path)
		}
	}
	if wrong > 5 {
		v.tb.Errorf("and %d rows more", wrong-5)
	}
	if without != unnamed {
		v.tb.Errorf("%d rows have no operation, not %d", without, unnamed)
	}
}
