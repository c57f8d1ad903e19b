package local

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Vault is an open vault. It is safe for concurrent use, by other processes on
// the same folder too. Printing one shows its folder and nothing else.
type Vault struct {
	dir         string
	store       *store
	seal        sealer
	indexKey    []byte
	clock       func() time.Time
	logger      *slog.Logger
	transport   http.RoundTripper
	timeout     time.Duration
	maxResponse int
	book        *operationBook
	strangers   strangerLimit
	limiter     *limiter
	nextPurge   atomic.Int64
	publicURL   string
	console     bool
	flows       flows
	stopSweep   context.CancelFunc
	identitySet atomic.Pointer[identitySet] // the public keys, once they were asked for

	userTokensSelect bool // WithUserTokenDelegation
}

// Open opens the vault in dir and creates what is missing: the folder (mode
// 0700), vault.db and, without a master key option, master.key (mode 0600).
//
// It fails when the key file is readable by other users, when the database is
// damaged, of another program or of a newer release, when the master key is not
// the one the vault was created with, and when the key file of an existing
// vault is gone (a new one would not open anything).
func Open(dir string, opts ...Option) (*Vault, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	path := ""
	if c.memory {
		dir = ""
	} else {
		if dir == "" {
			return nil, errors.New("local: Open: the folder is empty: name one, or use InMemory")
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, fmt.Errorf("local: Open: %w", err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("local: Open: %w", err)
		}
		path = filepath.Join(dir, databaseName)
	}
	seal, err := masterSealer(c, dir, path)
	if err != nil {
		return nil, err
	}
	st, err := openStore(path)
	if err != nil {
		return nil, err
	}
	v := &Vault{
		dir: dir, store: st, seal: seal, clock: c.clock, logger: c.logger, transport: c.transport,
		timeout: c.timeout, maxResponse: c.maxResponse, book: c.book, publicURL: c.publicURL, console: c.console, limiter: newLimiter(c.limits), userTokensSelect: c.userTokensSelect,
	}
	if v.transport == nil {
		v.transport = defaultTransport()
	}
	if err := v.loadIndexKey(); err != nil {
		return nil, errors.Join(err, st.close())
	}
	if err := v.announceConsole(); err != nil {
		return nil, errors.Join(err, st.close())
	}
	if err := v.openOperations(context.Background()); err != nil {
		return nil, errors.Join(err, st.close())
	}
	if err := v.store.read(context.Background(), v.limiter.load); err != nil {
		return nil, errors.Join(fmt.Errorf("local: reading the quotas: %w", err), v.store.close())
	}
	v.startSweep()
	return v, nil
}

func masterSealer(c *config, dir, path string) (sealer, error) {
	switch {
	case c.masterAEAD != nil:
		return sealer{master: c.masterAEAD}, nil
	case c.masterKey != nil:
		return newSealer(c.masterKey)
	case c.memory:
		key := make([]byte, masterKeySize)
		defer clear(key)
		_, _ = rand.Read(key) // never fails
		return newSealer(key)
	}
	key, err := loadKeyFile(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if info, statErr := os.Stat(path); statErr == nil && info.Size() > 0 {
			return sealer{}, fmt.Errorf("local: %s exists but its master key file %s is missing: restore it, or open the vault with the WithMasterKey it was created with",
				path, filepath.Join(dir, keyFileName))
		}
		key, err = createKeyFile(dir)
	}
	if err != nil {
		return sealer{}, err
	}
	defer clear(key)
	return newSealer(key)
}

// loadIndexKey reads the key of the keyed hashes, and makes it in a new vault.
// Opening it proves that the master key is the right one.
func (v *Vault) loadIndexKey() error {
	return v.store.write(context.Background(), func(ctx context.Context, q *statements) error {
		var s sealed
		err := q.scan(ctx, "SELECT value FROM meta WHERE name = 'index_key'", nil, []any{&s.text})
		if errors.Is(err, sql.ErrNoRows) {
			return v.makeIndexKey(ctx, q)
		}
		if err == nil {
			err = q.scan(ctx, "SELECT value FROM meta WHERE name = 'index_data_key'", nil, []any{&s.dataKey})
		}
		if err != nil {
			return fmt.Errorf("local: reading the vault's index key: %w", err)
		}
		if v.indexKey, err = v.seal.open(kindVault, "", fieldIndexKey, s); err != nil {
			return errors.New("local: the master key does not open this vault: use the key it was created with, or restore its master.key")
		}
		return nil
	})
}

func (v *Vault) makeIndexKey(ctx context.Context, q *statements) error {
	key := make([]byte, masterKeySize)
	_, _ = rand.Read(key) // never fails
	s, err := v.seal.seal(kindVault, "", fieldIndexKey, key)
	if err != nil {
		return err
	}
	for name, value := range map[string][]byte{"index_key": s.text, "index_data_key": s.dataKey} {
		if err := q.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, ?)", name, value); err != nil {
			return err
		}
	}
	v.indexKey = key
	return nil
}

// Close finishes what was begun and closes the database. Calls after it return
// [ErrClosed]; HTTP requests get 503. It may be called more than once.
func (v *Vault) Close() error {
	v.stopSweep()
	v.flows.close()
	if v.limiter != nil {
		v.store.later(v.limiter.save) // closing runs it
	}
	return v.store.close()
}

// Format implements fmt.Formatter, so that no verb walks into the keys.
func (v *Vault) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "local.Vault(%s)", v.dir) }

// LogValue implements slog.LogValuer.
func (v *Vault) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(v)) }

func (v *Vault) now() time.Time { return v.clock() }

func defaultTransport() http.RoundTripper {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		return t.Clone()
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment}
}

// newID returns a random UUID (version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return formatUUID(b, 4)
}

func formatUUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:36], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

func micros(t time.Time) int64 { return t.UnixMicro() }

// optionalMicros stores the zero time as NULL.
func optionalMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func fromMicros(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}
