package endtoend_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// TestDamagedVaultFile: every other page of the database is damaged in turn; what the
// vault then says, opened or not, holds no secret.
func TestDamagedVaultFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := newWorld(t, plan{folder: folder, credential: fullCredential()})
	h := newHunt(t, w.secrets(folder))
	w.provider.script(reply(200, jsonType, repository("", "")))
	if _, err := w.github().GetRepo(w.ctx(), "acme", "site"); err != nil {
		t.Fatal(err)
	}
	_ = w.trail()
	if err := w.vault.Close(); err != nil {
		t.Fatal(err)
	}
	whole, key := readFile(t, folder, "vault.db"), readFile(t, folder, "master.key")
	refused := 0
	for at := 0; at < len(whole); at += 2 * 4096 {
		damaged := bytes.Clone(whole)
		for i := at + 200; i < min(at+4000, len(damaged)); i += 7 {
			damaged[i] ^= 0x55
		}
		refused += w.useDamaged(h, t.TempDir(), damaged, key)
	}
	refused += w.useDamaged(h, t.TempDir(), whole[:len(whole)/2], key) + w.useDamaged(h, t.TempDir(), whole[:100], key)
	if refused < 4 {
		t.Errorf("only %d damages were noticed", refused)
	}
	if n := w.useDamaged(h, t.TempDir(), whole, key); n != 0 {
		t.Error("a whole copy of the vault does not work: this test proves nothing")
	}
	for name, other := range map[string]string{"empty": "", "noise": "x", "other": "grantwire-master-key-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"} {
		if w.useDamaged(h, t.TempDir(), whole, []byte(other)) == 0 {
			t.Errorf("%s: a wrong key file was taken", name)
		}
	}
}

func readFile(t *testing.T, folder, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// useDamaged opens a vault with these files and makes a call; it returns 1 when
// either failed.
func (w *world) useDamaged(h *hunt, folder string, database, key []byte) (refused int) {
	if os.WriteFile(filepath.Join(folder, "vault.db"), database, 0o600) != nil || os.WriteFile(filepath.Join(folder, "master.key"), key, 0o600) != nil {
		h.fail("the test's files cannot be written")
	}
	logs := &safeBuffer{}
	v, err := local.Open(folder, local.WithLogger(slog.New(slog.NewTextHandler(logs, nil))))
	if err != nil {
		h.errors("Open", err)
		return 1
	}
	defer v.Close()
	network := loopbackOnly()
	defer network.CloseIdleConnections()
	agent, err := vault.NewAgent(w.key, vault.WithBackend(v), vault.WithProviderTransport(network))
	if err != nil {
		h.fail("%v", err)
		return 0
	}
	_, err = github.New(agent.HTTPClient(vault.Grant(w.grant)), api.WithBaseURL(w.provider.url()), once()).GetRepo(context.Background(), "acme", "site")
	if err != nil {
		refused = 1
	}
	_, errAudit := v.Audit(context.Background(), local.AuditFilter{})
	_, errGrants := v.Grants(context.Background())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	h.errors("damaged", err, errAudit, errGrants, agent.Close(ctx))
	h.text("logs", logs.String())
	return refused
}
