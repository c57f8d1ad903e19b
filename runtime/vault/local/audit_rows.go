package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
)

// auditChunk is how many rows are read at a time. Between chunks no statement
// is open, so a slow reader neither holds up writers nor keeps the journal from
// being folded into the database.
const auditChunk = 500

// trail is a table of rows that are only ever added, with a filter. where takes
// args; the parameters after them are the trail's own.
type trail[T any] struct {
	table, columns, where string
	args                  []any
	limit                 int
	scan                  func(rows *sql.Rows, seq *int64) (T, error)
}

// AuditRows yields the rows that fit the filter, oldest first and as they are
// when they are reached, without holding all of them in memory. Rows that are
// added after it began do not come. It stops after the first error.
func (v *Vault) AuditRows(ctx context.Context, filter AuditFilter) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		if err := v.store.flush(ctx); err != nil {
			yield(AuditEntry{}, err)
			return
		}
		auditTrail(filter).rows(ctx, v.store.read, yield)
	}
}

// ReadAudit yields the rows of the vault in dir, as AuditRows does, also beside
// a process that has the vault open. It needs no master key, as rows hold no
// secrets, and writes nothing.
func ReadAudit(ctx context.Context, dir string, filter AuditFilter) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		auditTrail(filter).readFrom(ctx, dir, yield)
	}
}

func auditTrail(f AuditFilter) *trail[AuditEntry] {
	t := &trail[AuditEntry]{
		table: "audit", columns: auditColumns, limit: f.Limit, scan: scanAudit,
		where: `(?1 = '' OR run_id = ?1) AND (?2 = '' OR agent_id = ?2) AND (?3 = '' OR grant_id = ?3) AND created_at >= ?4`,
		args:  []any{f.RunID, f.AgentID, f.GrantID, int64(0)},
	}
	if !f.Since.IsZero() {
		t.args[3] = micros(f.Since)
	}
	return t
}

func (t *trail[T]) readFrom(ctx context.Context, dir string, yield func(T, error) bool) {
	db, err := openForReading(ctx, dir)
	if err != nil {
		yield(*new(T), err)
		return
	}
	q := newStatements(db)
	t.rows(ctx, func(ctx context.Context, fn func(context.Context, *statements) error) error { return fn(ctx, q) }, yield)
	q.close()
	_ = db.Close() // it has written nothing
}

// openForReading opens the database of a vault that this release can read.
func openForReading(ctx context.Context, dir string) (*sql.DB, error) {
	path, err := filepath.Abs(filepath.Join(dir, databaseName))
	if err != nil {
		return nil, fmt.Errorf("local: ReadAudit: %w", err)
	}
	if _, err := os.Stat(path); err != nil { //nolint:gosec // G703: the operator names the folder; opening would create it
		return nil, fmt.Errorf("local: there is no vault in this folder: %w", err)
	}
	db, err := sql.Open("sqlite", dataSource(path, true))
	if err != nil {
		return nil, describe(path, err)
	}
	var app, version int
	for query, dst := range map[string]*int{"PRAGMA application_id": &app, "PRAGMA user_version": &version} {
		if err := db.QueryRowContext(ctx, query).Scan(dst); err != nil {
			return nil, errors.Join(describe(path, err), db.Close())
		}
	}
	switch {
	case app != applicationID:
		err = errors.New("local: " + path + " is a SQLite database of another program")
	case version > len(migrations):
		err = fmt.Errorf("local: %s was written by a newer release (schema %d, this one knows %d): upgrade", path, version, len(migrations))
	case version < len(migrations):
		err = fmt.Errorf("local: %s was written by an older release (schema %d, this one needs %d): open the vault once with this release", path, version, len(migrations))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

type reader func(context.Context, func(context.Context, *statements) error) error

// rows yields the rows that fit, oldest first, up to the newest one there is now.
func (t *trail[T]) rows(ctx context.Context, read reader, yield func(T, error) bool) {
	if t.limit < 0 {
		yield(*new(T), errors.New("local: the filter's Limit is negative: use 0 for all rows"))
		return
	}
	n, from := len(t.args), " FROM "+t.table+" WHERE "+t.where
	// The row before the newest ones that are wanted, and the newest.
	bounds := fmt.Sprintf("SELECT coalesce((SELECT seq%s AND ?%d > 0 ORDER BY seq DESC LIMIT 1 OFFSET ?%d), 0), coalesce((SELECT max(seq) FROM %s), 0)", from, n+1, n+1, t.table)
	chunks := fmt.Sprintf("SELECT %s, seq%s AND seq > ?%d AND seq <= ?%d ORDER BY seq LIMIT ?%d", t.columns, from, n+1, n+2, n+3)
	var after, newest int64
	err := read(ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, bounds, append(slices.Clip(t.args), t.limit), []any{&after, &newest})
	})
	for err == nil {
		var chunk []T
		if chunk, after, err = t.chunk(ctx, read, chunks, append(slices.Clip(t.args), after, newest, auditChunk)); err != nil {
			break
		}
		for _, e := range chunk {
			if !yield(e, nil) {
				return
			}
		}
		if len(chunk) < auditChunk {
			return
		}
	}
	yield(*new(T), fmt.Errorf("local: reading the audit trail: %w", err))
}

func (t *trail[T]) chunk(ctx context.Context, read reader, query string, args []any) (chunk []T, last int64, err error) {
	err = read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, query, args, func(rows *sql.Rows) error {
			e, err := t.scan(rows, &last)
			chunk = append(chunk, e)
			return err
		})
	})
	return chunk, last, err
}

// MarshalJSON writes the row as `grantvault audit list --json` prints it: "call"
// as its kind, the fields in order, url instead of host and path, and a status of null until the
// provider's answer is reported (0 when there was none).
func (e AuditEntry) MarshalJSON() ([]byte, error) {
	type plain AuditEntry
	line := struct {
		Kind   string `json:"kind"`
		plain  `json:",inline"`
		URL    string `json:"url"`
		Status *int   `json:"status"`
		// The codec has no form of its own for durations.
		VaultTime    int64 `json:"vault_time_ns"`
		ProviderTime int64 `json:"provider_time_ns"`
	}{Kind: "call", plain: plain(e), URL: e.URL(), VaultTime: int64(e.VaultTime), ProviderTime: int64(e.ProviderTime)}
	if e.Outcome == OutcomeCompleted || e.Outcome == OutcomeFailed {
		line.Status = &e.Status
	}
	return json.Marshal(line, json.Deterministic(true))
}
