package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// operationFileName is what the files of a folder of tables are called.
const operationFileName = "operations.json"

// operationFolder is the folder of tables, and what was read of it last.
type operationFolder struct {
	dir   string // "" = none
	files map[string]*operationFile
	sets  []*operationSet
}

// operationFile is a file as it was read: a table, or why it is none.
type operationFile struct {
	size     int64
	modified time.Time
	set      *operationSet
	fault    error
}

// folderTick is how often the folder is looked at.
const folderTick = time.Second

// WithOperationFolder reads the operation tables in a folder and below it, every
// file named operations.json, and looks for changes every second; so a table
// counts from the second after it was put there. [Open] fails on a table that
// cannot be read. While the vault is open such a table is logged, and the one
// that was read before stays in force.
func WithOperationFolder(dir string) Option {
	return option(func(c *config) error {
		if dir == "" {
			return errors.New("local: WithOperationFolder: the folder is empty")
		}
		c.book.folder = operationFolder{dir: dir}
		return nil
	})
}

// read looks at the folder again; changed is false when it is as it was. A table
// that cannot be read is a fault, and what it was before stays in force.
func (f *operationFolder) read(now time.Time) (next operationFolder, changed bool, err error) {
	next = operationFolder{dir: f.dir, files: map[string]*operationFile{}}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return *f, false, err
	}
	defer func() { _ = root.Close() }()
	var faults []error
	err = fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != "." && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.Name() != operationFileName || !e.Type().IsRegular():
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		file := f.files[path]
		if file == nil || file.size != info.Size() || !file.modified.Equal(info.ModTime()) {
			changed = true
			file = file.replace(root, path, info, now)
		}
		if next.files[path] = file; file.fault != nil {
			faults = append(faults, fmt.Errorf("%s: %w", filepath.Join(f.dir, path), file.fault))
		}
		return nil
	})
	if err != nil {
		return *f, false, err
	}
	faults = append(faults, next.collect(f)...)
	return next, changed || len(next.files) != len(f.files), errors.Join(faults...)
}

// replace reads a file that was nil before, or another one.
func (f *operationFile) replace(root *os.Root, path string, info fs.FileInfo, now time.Time) *operationFile {
	file := &operationFile{size: info.Size(), modified: info.ModTime()}
	if file.set, file.fault = readFile(root, path, info.Size()); file.fault == nil {
		file.set.From, file.set.LoadedAt = FromFolder, now
	} else if f != nil {
		file.set = f.set
	}
	return file
}

func readFile(root *os.Root, path string, size int64) (*operationSet, error) {
	if size > optable.MaxSize {
		return nil, fmt.Errorf("has more than %d bytes", optable.MaxSize)
	}
	data, err := root.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return readSet(data, KindOAuth, nil)
}

// collect lists the sets, and carries on the history of those that were there.
func (f *operationFolder) collect(before *operationFolder) (faults []error) {
	for _, path := range sortedKeys(f.files) {
		set := f.files[path].set
		if set == nil {
			continue
		}
		at, found := slices.BinarySearchFunc(f.sets, set, compareSets)
		if found {
			faults = append(faults, fmt.Errorf("%s is the second table of %s there: keep one", filepath.Join(f.dir, path), set.Provider))
			continue
		}
		if at, found := slices.BinarySearchFunc(before.sets, set, compareSets); found {
			set.inherit(&before.sets[at].OperationSet)
		} else if set.ChangedAt.IsZero() {
			set.ChangedAt = set.LoadedAt
		}
		f.sets = slices.Insert(f.sets, at, set)
	}
	return faults
}

// inherit makes a set the next version of one that it takes the place of.
func (s *OperationSet) inherit(old *OperationSet) {
	switch {
	case s == old:
	case s.Hash == old.Hash:
		s.Version, s.ChangedAt = old.Version, old.ChangedAt
	default:
		s.Version, s.ChangedAt = old.Version+1, s.LoadedAt
	}
}

// ReloadOperations reads the tables of the folder and of the database now, rather
// than in a second.
func (v *Vault) ReloadOperations(ctx context.Context) error {
	return errors.Join(v.refreshFolder(), v.refreshStored(ctx))
}

func (v *Vault) refreshFolder() error {
	b := v.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folder.dir == "" {
		return nil
	}
	next, changed, err := b.folder.read(v.now().UTC())
	if b.folder = next; changed {
		b.rebuild()
	}
	return operatorError("reading the operation tables", err)
}

// watchFolder reads the folder again whenever it changes. A fault is logged once,
// until it is another one or gone.
func (v *Vault) watchFolder(ctx context.Context) {
	tick := time.NewTicker(folderTick)
	defer tick.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		text := ""
		if err := v.refreshFolder(); err != nil {
			text = err.Error()
		}
		if text != "" && text != last {
			v.logger.ErrorContext(ctx, "vault keeps the operation tables that it has", "error", text)
		}
		last = text
	}
}
