package local

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// writer is the goroutine that owns the writing connection.
func (s *store) writer() {
	defer close(s.stopped)
	w := newStatements(s.conn)
	defer w.close()
	for {
		select {
		case j := <-s.jobs:
			s.batch(w, j)
		case <-s.quit:
			s.drain(w)
			return
		}
	}
}

// drain finishes what was accepted before the store closed.
func (s *store) drain(w *statements) {
	for {
		select {
		case j := <-s.jobs:
			s.batch(w, j)
		default:
			s.mu.Lock()
			left := len(s.deferred)
			s.mu.Unlock()
			if left > 0 {
				s.batch(w, &job{ctx: context.Background(), done: make(chan struct{}),
					run: func(context.Context, *statements) error { return nil }})
			}
			return
		}
	}
}

// batch runs first and whatever else is queued in one transaction.
func (s *store) batch(w *statements, first *job) {
	// A context that ends in the middle would interrupt the other jobs as well;
	// ended jobs are passed over before they begin instead.
	ctx := context.Background()
	jobs := []*job{first}
	err := w.exec(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		for _, fn := range s.takeDeferred() {
			_ = inSavepoint(ctx, w, fn) // best effort by contract of later
		}
		s.runJob(w, first)
		jobs = s.fill(w, jobs)
		if err = w.exec(ctx, "COMMIT"); err != nil {
			_ = w.exec(ctx, "ROLLBACK")
		}
	}
	for _, j := range jobs {
		if err != nil && j.err == nil {
			j.err = fmt.Errorf("local: database: %w", err)
		}
		close(j.done)
	}
}

func (s *store) fill(w *statements, jobs []*job) []*job {
	for len(jobs) < batchLimit {
		select {
		case j := <-s.jobs:
			jobs = append(jobs, j)
			s.runJob(w, j)
		default:
			return jobs
		}
	}
	return jobs
}

func (s *store) runJob(w *statements, j *job) {
	if !j.taken.CompareAndSwap(false, true) {
		return // its caller has gone
	}
	if j.err = j.ctx.Err(); j.err == nil {
		j.err = inSavepoint(context.WithoutCancel(j.ctx), w, j.run)
	}
}

// inSavepoint keeps a failed job from taking its neighbours with it.
func inSavepoint(ctx context.Context, w *statements, fn func(context.Context, *statements) error) error {
	if err := w.exec(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	err := fn(ctx, w)
	if err != nil {
		if undo := w.exec(ctx, "ROLLBACK TO job"); undo != nil {
			return undo
		}
	}
	if done := w.exec(ctx, "RELEASE job"); done != nil && err == nil {
		return done
	}
	return err
}

// statements runs queries by their text and prepares each text once. The texts
// are constants of this package, so the cache is bounded. Safe for concurrent
// use when its source is.
type statements struct {
	source interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu    sync.Mutex
	cache map[string]*sql.Stmt
}

func newStatements(source interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}) *statements {
	return &statements{source: source, cache: map[string]*sql.Stmt{}}
}

func (s *statements) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.cache[query]; ok {
		return st, nil
	}
	st, err := s.source.PrepareContext(ctx, query) //nolint:sqlclosecheck // the cache closes it
	if err == nil {
		s.cache[query] = st
	}
	return st, err
}

func (s *statements) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.execCount(ctx, query, args...)
	return err
}

// execCount also tells how many rows were changed.
func (s *statements) execCount(ctx context.Context, query string, args ...any) (int64, error) {
	st, err := s.prepare(ctx, query) //nolint:sqlclosecheck // the cache closes it
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *statements) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := s.prepare(ctx, query) //nolint:sqlclosecheck // the cache closes it
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

// scan reads one row; sql.ErrNoRows when there is none.
func (s *statements) scan(ctx context.Context, query string, args, dst []any) error {
	st, err := s.prepare(ctx, query) //nolint:sqlclosecheck // the cache closes it
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, args...).Scan(dst...)
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.cache {
		_ = st.Close()
	}
	clear(s.cache)
}
