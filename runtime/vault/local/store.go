package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	databaseName = "vault.db"
	readers      = 4
	queueLength  = 256
	// batchLimit bounds how many jobs share one commit, and so how long the
	// first of them waits.
	batchLimit = 64
)

// ErrClosed is returned by every call after [Vault.Close].
var ErrClosed = errors.New("local: the vault is closed")

// store is the database. One goroutine owns the only writing connection, so
// writers never wait for each other's locks inside this process (another
// process is waited for by the busy timeout), and jobs that queue up while a
// commit is being synced share the next one.
type store struct {
	readDB  *sql.DB // nil in memory: reads then go through the writer
	reading *statements
	writeDB *sql.DB
	conn    *sql.Conn

	jobs    chan *job
	quit    chan struct{}
	stopped chan struct{}

	once     sync.Once
	closeErr error

	mu       sync.Mutex
	deferred []func(context.Context, *statements) error
}

type job struct {
	ctx  context.Context
	run  func(context.Context, *statements) error
	err  error
	done chan struct{}

	// taken settles who owns the job: the writer that begins it, or the caller
	// that gave it up. What run captures belongs to the owner.
	taken atomic.Bool
}

func openStore(path string) (*store, error) {
	if path != "" {
		// SQLite would create the file with the process's mask; the journal files
		// take over the mode of the database.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("local: database: %w", err)
		}
		_ = f.Close()
	}
	s := &store{
		jobs: make(chan *job, queueLength), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	if err := s.connect(path); err != nil {
		_ = s.closeHandles() // the fault that counts is why it could not be opened
		return nil, describe(path, err)
	}
	go s.writer()
	return s, nil
}

func (s *store) connect(path string) error {
	ctx := context.Background()
	var err error
	if s.writeDB, err = sql.Open("sqlite", dataSource(path, false)); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	if s.conn, err = s.writeDB.Conn(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, s.conn); err != nil {
		return err
	}
	if path == "" {
		return nil
	}
	if s.readDB, err = sql.Open("sqlite", dataSource(path, true)); err != nil {
		return err
	}
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	s.reading = newStatements(s.readDB)
	return s.readDB.PingContext(ctx)
}

// dataSource names the database. synchronous=FULL makes a commit in WAL mode
// reach the disk before it returns: an intent row must survive a power cut.
// secure_delete overwrites erased credentials.
func dataSource(path string, readOnly bool) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(10000)", "foreign_keys(1)", "synchronous(FULL)", "secure_delete(1)", "trusted_schema(0)"} {
		q.Add("_pragma", p)
	}
	if path == "" {
		return "file::memory:?" + q.Encode()
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Add("_pragma", "journal_mode(WAL)")
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… on Windows
	}
	return "file://" + (&url.URL{Path: slashed}).EscapedPath() + "?" + q.Encode()
}

// describe turns the driver's faults on opening into something an operator can
// act upon.
func describe(path string, err error) error {
	if path == "" {
		path = "the database in memory"
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("local: %s is not a SQLite database (or is encrypted): move it away or open another folder: %w", path, err)
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("local: %s is damaged: restore it from a backup: %w", path, err)
		case sqlite3.SQLITE_BUSY:
			return fmt.Errorf("local: %s is locked by another program: %w", path, err)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return fmt.Errorf("local: %s cannot be opened for writing: check its owner and mode: %w", path, err)
		}
	}
	return fmt.Errorf("local: opening %s: %w", path, err)
}

func migrate(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = conn.ExecContext(ctx, "ROLLBACK")
		}
	}()
	var app, version, tables int
	for query, dst := range map[string]*int{
		"PRAGMA application_id": &app, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := conn.QueryRowContext(ctx, query).Scan(dst); err != nil {
			return err
		}
	}
	switch {
	case app != applicationID && (app != 0 || version != 0 || tables != 0):
		return errors.New("this is a SQLite database of another program: open another folder")
	case version > len(migrations):
		return fmt.Errorf("it was written by a newer release (schema %d, this one knows %d): upgrade", version, len(migrations))
	}
	for i := version; i < len(migrations); i++ {
		if _, err := conn.ExecContext(ctx, migrations[i]); err != nil {
			return fmt.Errorf("schema step %d: %w", i+1, err)
		}
	}
	// Pragmas take no parameters; both values are constants of this package.
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations))); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

// read runs fn on a reading connection; what it sees is committed.
func (s *store) read(ctx context.Context, fn func(context.Context, *statements) error) error {
	if s.reading == nil {
		return s.write(ctx, fn)
	}
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	return fn(ctx, s.reading)
}

// write runs fn inside a transaction and returns once it is committed and
// synced. When ctx ends before fn begins, fn never runs; a job that has begun is
// waited for, since fn shares variables with the caller.
func (s *store) write(ctx context.Context, fn func(context.Context, *statements) error) error {
	j := &job{ctx: ctx, run: fn, done: make(chan struct{})}
	select {
	case s.jobs <- j:
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	ended := ctx.Done()
	if !s.begunOrDone(j, ended) {
		return ctx.Err()
	}
	select {
	case <-j.done:
		return j.err
	case <-s.stopped:
		select {
		case <-j.done:
			return j.err
		default:
			return ErrClosed
		}
	}
}

// begunOrDone waits until the job is done, the store has stopped, or ctx has ended
// while the writer had begun the job. It is false for a job that never will.
func (s *store) begunOrDone(j *job, ended <-chan struct{}) bool {
	select {
	case <-j.done:
	case <-s.stopped:
	case <-ended:
		return !j.taken.CompareAndSwap(false, true)
	}
	return true
}

// later runs fn in the next transaction that somebody else needs, or on close.
// For facts that are not worth a commit of their own.
func (s *store) later(fn func(context.Context, *statements) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deferred = append(s.deferred, fn)
}

func (s *store) takeDeferred() []func(context.Context, *statements) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fns := s.deferred
	s.deferred = nil
	return fns
}

// flush makes deferred facts visible to readers.
func (s *store) flush(ctx context.Context) error {
	s.mu.Lock()
	n := len(s.deferred)
	s.mu.Unlock()
	if n == 0 {
		return nil
	}
	return s.write(ctx, func(context.Context, *statements) error { return nil })
}

// close may be called more than once; every call returns the first one's error.
func (s *store) close() error {
	s.once.Do(func() {
		close(s.quit)
		<-s.stopped
		s.closeErr = s.closeHandles()
	})
	return s.closeErr
}

func (s *store) closeHandles() error {
	var errs []error
	if s.reading != nil {
		s.reading.close()
	}
	if s.readDB != nil {
		errs = append(errs, s.readDB.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.writeDB != nil {
		errs = append(errs, s.writeDB.Close())
	}
	return errors.Join(errs...)
}
