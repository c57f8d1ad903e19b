package local

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// operationBook is what the vault knows about operations, from all its sources.
type operationBook struct {
	current atomic.Pointer[operationTable]
	asked   atomic.Int64 // when the database was asked last, monotonic

	mu      sync.Mutex // the rest is changed by one at a time
	own     []*template
	program []*operationSet
	folder  operationFolder
	stored  []*operationSet
	state   storedState // of the tables in the database
}

// storedLag is how long a table that another process stored may stay unseen.
const storedLag = 250 * time.Millisecond

var processStart = time.Now()

// rebuild is called with mu held.
func (b *operationBook) rebuild() {
	b.current.Store(newOperationTable(b.own, mergeSets(b.program, b.folder.sets, b.stored)))
}

// openOperations compiles what the options gave, and reads the rest.
func (v *Vault) openOperations(ctx context.Context) error {
	for _, s := range v.book.program {
		s.LoadedAt, s.ChangedAt = v.now().UTC(), v.now().UTC()
	}
	v.book.mu.Lock()
	v.book.rebuild()
	v.book.mu.Unlock()
	return v.ReloadOperations(ctx)
}

// operations returns the table that is in force. It looks for what other
// processes stored; what cannot be read leaves the table as it is, because calls
// without names are worse than names of a moment ago. It must not be called inside
// a transaction.
func (v *Vault) operations(ctx context.Context) *operationTable {
	b := v.book
	now := int64(time.Since(processStart))
	if last := b.asked.Load(); (last == 0 || now-last > int64(storedLag)) && b.asked.CompareAndSwap(last, now) {
		if err := v.refreshStored(ctx); err != nil && ctx.Err() == nil {
			v.logger.ErrorContext(ctx, "vault could not read its operation tables", "error", err)
		}
	}
	return b.current.Load()
}

// WithOperationTable tells the vault the operations of a provider: the text of an
// operations.json, such as github.OperationTable(). Audit rows, rules, approvals
// and /sdk/provider-specs go by it. baseURLs, if any, replace the table's own:
// an API that every customer has under another address, a stand-in in a test.
func WithOperationTable(table string, baseURLs ...string) Option {
	return option(func(c *config) error {
		set, err := readSet([]byte(table), KindOAuth, baseURLs)
		if err != nil {
			return operatorError("WithOperationTable", err)
		}
		set.From = FromProgram
		c.book.program = mergeSets(c.book.program, []*operationSet{set})
		return nil
	})
}

func readSet(data []byte, kind string, baseURLs []string) (*operationSet, error) {
	table, err := optable.Parse(data)
	if err != nil {
		return nil, err
	}
	return newOperationSet(table, kind, baseURLs)
}
