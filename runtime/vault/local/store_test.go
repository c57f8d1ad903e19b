package local

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// TestIntentIsDurable copies the folder at the moment the credential is handed
// out, as a crash would leave it, and finds the intent in the copy.
func TestIntentIsDurable(t *testing.T) {
	f := newFixture(t)
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{context: `{"run_id":"run-crash"}`}); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	crashed := t.TempDir()
	for _, name := range []string{databaseName, databaseName + "-wal", keyFileName} {
		raw, err := os.ReadFile(filepath.Join(f.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		f.must(os.WriteFile(filepath.Join(crashed, name), raw, 0o600))
	}
	v, err := Open(crashed, WithClock(f.clock.now))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	rows, err := v.Audit(t.Context(), AuditFilter{RunID: "run-crash"})
	if err != nil || len(rows) != 1 || rows[0].Outcome != OutcomeIntent || rows[0].VaultTime <= 0 {
		t.Fatalf("rows %+v, error %v", rows, err)
	}
	// The report of the client that survived still finds its row.
	f.Vault = v
	if r := f.report(f.sampleReport(200), send{}); r.str("state") != "completed" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// TestNoRowNoCredential: when the row cannot be written, nothing is handed out.
func TestNoRowNoCredential(t *testing.T) {
	f := newFixture(t)
	if _, err := rawDB(t, f.Vault).ExecContext(t.Context(), "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END"); err != nil {
		t.Fatal(err)
	}
	r := f.token(f.grant.ID, "https://api.github.com/user", send{})
	if r.status != 503 || bytes.Contains(r.raw, []byte(testToken)) {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := f.token(newID(), "https://api.github.com/user", send{}); r.status != 503 {
		t.Errorf("a refusal without its row: %d %s", r.status, r.raw)
	}
}

func TestDurabilitySettings(t *testing.T) {
	f := newFixture(t)
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1"}
	err := f.store.write(t.Context(), func(ctx context.Context, q *statements) error {
		for name, value := range want {
			var got string
			if err := q.scan(ctx, "PRAGMA "+name, nil, []any{&got}); err != nil {
				return err
			}
			if got != value {
				t.Errorf("%s = %s, want %s", name, got, value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	f := newFixture(t)
	f.token(f.grant.ID, "https://api.github.com/user", send{})
	f.must(f.Close())
	f.must(f.Close())
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != 503 {
		t.Errorf("after Close: %d %s", r.status, r.raw)
	}
	if _, err := f.Agents(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	f.Vault = f.open()
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != 200 || r.str("access_token") != testToken {
		t.Errorf("after reopening: %d", r.status)
	}
	second := f.open() // a second process, as good as
	rows, err := second.Audit(t.Context(), AuditFilter{})
	if err != nil || len(rows) != 2 {
		t.Errorf("a second opening sees %d rows, error %v", len(rows), err)
	}
}

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	f := &fixture{t: t, dir: filepath.Join(t.TempDir(), "deep", "vault"), clock: newClock(), dials: &dialRecorder{}}
	f.Vault = f.open()
	f.newAgent("a")
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 3 {
		t.Errorf("only %d files", len(entries))
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
	if info, err := os.Stat(f.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v", info.Mode(), err)
	}
	f.must(f.Close())
	f.must(os.Chmod(filepath.Join(f.dir, keyFileName), 0o640))
	if _, err := Open(f.dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("key file readable by the group: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	tests := map[string]struct {
		damage func(t *testing.T, dir string)
		opts   []Option
		want   string
	}{
		"wrong master key": {opts: []Option{WithMasterKey(bytes.Repeat([]byte{8}, 32))}, want: "does not open this vault"},
		"key file exchanged": {damage: func(t *testing.T, dir string) {
			other := t.TempDir()
			mustOpen(t, other)
			copyFile(t, other, dir, keyFileName)
		}, want: "does not open this vault"},
		"key file missing": {damage: func(t *testing.T, dir string) { remove(t, dir, keyFileName) }, want: "is missing: restore it"},
		"key file damaged": {damage: func(t *testing.T, dir string) { write(t, dir, keyFileName, keyFilePrefix+"AAAA") }, want: "is damaged"},
		"key file foreign": {damage: func(t *testing.T, dir string) { write(t, dir, keyFileName, "hello") }, want: "not a master key file"},
		"not a database":   {damage: func(t *testing.T, dir string) { write(t, dir, databaseName, strings.Repeat("noise", 2000)) }, want: "not a SQLite database"},
		"damaged":          {damage: damagePages, want: databaseName},
		"another program's": {damage: func(t *testing.T, dir string) {
			remove(t, dir, databaseName)
			exec(t, dir, "CREATE TABLE bookmarks (url TEXT)")
		}, want: "another program"},
		"newer release": {damage: func(t *testing.T, dir string) { exec(t, dir, "PRAGMA user_version = 99") }, want: "newer release"},
		"short key":     {opts: []Option{WithMasterKey(key[:31])}, want: "want 32"},
		"nil AEAD":      {opts: []Option{WithMasterAEAD(nil)}, want: "nil AEAD"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mustOpen(t, dir)
			if tt.damage != nil {
				tt.damage(t, dir)
			}
			v, err := Open(dir, tt.opts...)
			if err == nil {
				_ = v.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := Open(""); err == nil {
		t.Error("an empty folder name was taken")
	}
}

// mustOpen makes a vault with an agent in dir and closes it.
func mustOpen(t *testing.T, dir string, opts ...Option) {
	t.Helper()
	v, err := Open(dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.CreateAgent(t.Context(), AgentSpec{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to, name string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, name, string(raw))
}

func exec(t *testing.T, dir, statement string) {
	t.Helper()
	db := rawDB(t, &Vault{dir: dir})
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// damagePages overwrites the schema's page behind the file header.
func damagePages(t *testing.T, dir string) {
	raw, err := os.ReadFile(filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < 4096; i++ {
		raw[i] = 0xff
	}
	write(t, dir, databaseName, string(raw))
}

func TestMasterAEADAndMemory(t *testing.T) {
	a, err := subtle.NewXChaCha20Poly1305(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string][]Option{"AEAD": {WithMasterAEAD(a)}, "key": {WithMasterKey(bytes.Repeat([]byte{7}, 32))}, "memory": {InMemory()}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, opts...)
			if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != 200 {
				t.Fatalf("%d %s", r.status, r.raw)
			}
			if row := f.lastRow(); row.Outcome != OutcomeIntent {
				t.Errorf("%+v", row)
			}
			if _, err := os.Stat(filepath.Join(f.dir, keyFileName)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a key file was written: %v", err)
			}
			if entries, err := os.ReadDir(f.dir); name == "memory" && (err != nil || len(entries) != 0) {
				t.Errorf("in memory, yet %d files: %v", len(entries), err)
			}
		})
	}
}

// TestConcurrentCreation opens a new folder from several goroutines at once:
// all must agree on one master key.
func TestConcurrentCreation(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			v, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			if err := v.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mustOpen(t, dir)
}

// TestSealedValuesAreBound moves a sealed credential to another grant: it must
// not open there.
func TestSealedValuesAreBound(t *testing.T) {
	f := newFixture(t)
	other := f.newGrant(GrantSpec{AgentID: f.agent.ID})
	if _, err := rawDB(t, f.Vault).ExecContext(t.Context(),
		"UPDATE connections SET (data_key, credential) = (SELECT data_key, credential FROM connections WHERE id = ?) WHERE id = ?", f.grant.ID, other.ID); err != nil {
		t.Fatal(err)
	}
	if r := f.token(other.ID, "https://api.github.com/user", send{}); r.status != 503 {
		t.Errorf("a moved credential opened: %d", r.status)
	}
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// TestBatchIsolation: a failing job leaves its neighbours' work alone.
func TestBatchIsolation(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			err := f.store.write(t.Context(), func(ctx context.Context, q *statements) error {
				if err := q.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, x'00')", newID()); err != nil {
					return err
				}
				if i%2 == 1 {
					return errSeal
				}
				return nil
			})
			if (err != nil) != (i%2 == 1) {
				t.Errorf("job %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, f.Vault, "SELECT count(*) FROM meta WHERE value = x'00'"); n != 20 {
		t.Errorf("%d rows, want those of the 20 jobs that succeeded", n)
	}
}

func TestRevokedGrantIsErased(t *testing.T) {
	f := newFixture(t)
	f.must(f.RevokeGrant(t.Context(), f.grant.ID))
	f.must(f.RevokeGrant(t.Context(), f.grant.ID))
	if n := count(t, f.Vault, "SELECT count(*) FROM connections WHERE credential IS NOT NULL OR data_key IS NOT NULL"); n != 0 {
		t.Error("a revoked grant still holds its sealed credential")
	}
	if err := f.RevokeGrant(t.Context(), newID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown grant: %v", err)
	}
}

func TestRoundTripURLForms(t *testing.T) {
	f := newFixture(t)
	for _, base := range []string{"http://vault.invalid", "https://x.invalid/prefix/deep"} {
		req := f.request(send{method: "GET", path: wire.PathMe})
		u := *req.URL
		u.Path = strings.TrimPrefix(base, "https://x.invalid") + wire.PathMe
		if base == "http://vault.invalid" {
			u.Path = wire.PathMe
		}
		req.URL = &u
		resp, err := f.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || resp.Request != req {
			t.Errorf("%s: %d", u.Path, resp.StatusCode)
		}
	}
}
