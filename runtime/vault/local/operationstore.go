package local

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// storedState tells whether the stored tables are still those that were read:
// every change of one gives it a number that no row has had before.
type storedState struct{ rows, newest int64 }

const selectStoredState = "SELECT count(*), coalesce(max(seq), 0) FROM operation_tables"

// OperationTableSpec is a table that the vault is to keep.
type OperationTableSpec struct {
	Table    []byte   // the content of an operations.json
	Kind     string   // of the provider, default KindOAuth
	BaseURLs []string // where the API is, instead of where the table says
}

// LoadOperations keeps an operation table in the vault, in place of the one of the
// same kind and provider. It counts at once here, and within a second in every
// other process that has the vault open; calls under way keep the names that
// they have. It fails with a *SpecError when the table is not acceptable.
func (v *Vault) LoadOperations(ctx context.Context, spec OperationTableSpec) (*OperationSet, error) {
	if spec.Kind == "" {
		spec.Kind = KindOAuth
	}
	set, err := readSet(spec.Table, spec.Kind, spec.BaseURLs)
	if err != nil {
		return nil, &SpecError{"OperationTableSpec", err.Error()}
	}
	body, err := packed(spec.Table)
	if err != nil {
		return nil, operatorError("loading the operations", err)
	}
	bases, err := json.Marshal(append([]string{}, spec.BaseURLs...))
	if err != nil {
		return nil, &SpecError{"OperationTableSpec.BaseURLs", "must be valid UTF-8"}
	}
	set.From, set.LoadedAt, set.ChangedAt = FromVault, v.now().UTC(), v.now().UTC()
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		old := OperationSet{}
		var changed sql.NullInt64
		err := q.scan(ctx, "DELETE FROM operation_tables WHERE kind = ? AND provider = ? RETURNING hash, version, changed_at",
			[]any{set.Kind, set.Provider}, []any{&old.Hash, &old.Version, &changed})
		switch {
		case err == nil:
			old.ChangedAt = fromMicros(changed)
			set.inherit(&old)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := v.record(ctx, q, operationsEvent("operations.loaded", set.Kind, set.Provider, "hash", set.Hash)); err != nil {
			return err
		}
		return q.exec(ctx, "INSERT INTO operation_tables (kind, provider, version, hash, base_urls, body, loaded_at, changed_at) VALUES (?,?,?,?,?,?,?,?)",
			set.Kind, set.Provider, set.Version, set.Hash, string(bases), body, micros(set.LoadedAt), micros(set.ChangedAt))
	})
	if err == nil {
		err = v.refreshStored(ctx)
	}
	if err != nil {
		return nil, operatorError("loading the operations", err)
	}
	return &set.OperationSet, nil
}

// RemoveOperations takes a table out of the vault. One of the same provider from
// a folder or the program counts again.
func (v *Vault) RemoveOperations(ctx context.Context, kind, provider string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		n, err := q.execCount(ctx, "DELETE FROM operation_tables WHERE kind = ? AND provider = ?", kind, provider)
		if err == nil && n == 0 {
			err = &SpecError{"provider", "has no operation table of this kind in the vault's database"}
		}
		if err != nil {
			return err
		}
		return v.record(ctx, q, operationsEvent("operations.removed", kind, provider))
	})
	if err == nil {
		err = v.refreshStored(ctx)
	}
	return operatorError("removing the operations", err)
}

func operationsEvent(action, kind, provider string, details ...string) Event {
	e := Event{Action: action, Target: "operations", TargetID: provider, Details: map[string]string{"kind": kind}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}

// Operations lists the tables that name this vault's calls, by kind and provider.
// What is in the folder of another process is not among them.
func (v *Vault) Operations(ctx context.Context) ([]OperationSet, error) {
	if err := v.ReloadOperations(ctx); err != nil {
		return nil, err
	}
	var list []OperationSet
	for _, s := range v.book.current.Load().sets {
		list = append(list, s.OperationSet)
	}
	return list, nil
}

// refreshStored reads the tables of the database again when they have changed.
func (v *Vault) refreshStored(ctx context.Context) error {
	b := v.book
	b.mu.Lock()
	defer b.mu.Unlock()
	var state storedState
	var list []*operationSet
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		list = nil
		if err := q.scan(ctx, selectStoredState, nil, []any{&state.rows, &state.newest}); err != nil || state == b.state {
			return err
		}
		return q.each(ctx, "SELECT kind, provider, version, base_urls, body, loaded_at, changed_at FROM operation_tables ORDER BY kind, provider", nil, func(rows *sql.Rows) error {
			s, err := scanSet(rows)
			list = append(list, s)
			return err
		})
	})
	if err != nil || state == b.state {
		return err
	}
	b.stored, b.state = list, state
	b.rebuild()
	return nil
}

func scanSet(rows *sql.Rows) (*operationSet, error) {
	var kind, provider, bases string
	var version int64
	var body []byte
	var loaded, changed sql.NullInt64
	if err := rows.Scan(&kind, &provider, &version, &bases, &body, &loaded, &changed); err != nil {
		return nil, err
	}
	data, err := unpacked(body)
	if err != nil {
		return nil, operatorError("the operation table of "+provider, err)
	}
	var urls []string
	if err := json.Unmarshal([]byte(bases), &urls); err != nil {
		return nil, err
	}
	s, err := readSet(data, kind, urls)
	if err != nil {
		return nil, operatorError("the operation table of "+provider, err)
	}
	s.From, s.Version, s.LoadedAt, s.ChangedAt = FromVault, version, fromMicros(loaded), fromMicros(changed)
	return s, nil
}

func packed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

func unpacked(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, optable.MaxSize+1)) // a longer one is refused by who parses it
}
