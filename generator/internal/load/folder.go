package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// File reads a document and the files of its folder that it refers to. path is
// shown in diagnostics as given. The document is nil when the list has errors.
func File(path string, opts Options) (*Document, diag.List) {
	opts = opts.withDefaults()
	l := &loader{opts: opts, name: path}
	text, err := readLimited(func() (fs.File, error) { return os.Open(path) }, opts.MaxBytes)
	if err != nil {
		l.fail("", diag.CodeReadFailed, "cannot read the file: "+reason(err), "check the path and its permissions")
		return nil, l.diags
	}
	l.files = &folder{dir: filepath.Dir(path), trees: map[string]any{}}
	defer l.files.close()
	return l.document(text)
}

// Parts reads a document from memory, and the files that it refers to through
// read, which gets their names relative to the document, with slashes, and
// reports a missing one as [fs.ErrNotExist]. name stands for the document in
// diagnostics.
func Parts(name string, text []byte, read func(name string) ([]byte, error), opts Options) (*Document, diag.List) {
	l := &loader{opts: opts.withDefaults(), name: name}
	l.files = &folder{dir: path.Dir(filepath.ToSlash(name)), read: read, trees: map[string]any{}}
	return l.document(text)
}

// folder opens the files beside a document. Reading through os.Root keeps
// symbolic links from leading out of it.
type folder struct {
	dir   string
	read  func(name string) ([]byte, error) // nil: from disk
	root  *os.Root
	trees map[string]any // nil for a file that could not be read
}

func (f *folder) close() {
	if f.root != nil {
		_ = f.root.Close()
	}
}

func (f *folder) text(name string, outside bool, limit int) ([]byte, error) {
	if f.read != nil {
		return f.read(name)
	}
	return readLimited(func() (fs.File, error) { return f.open(name, outside) }, limit)
}

// has says whether there is such a file in the folder.
func (f *folder) has(name string) bool {
	if tree, done := f.trees[name]; done {
		return tree != nil
	}
	if strings.HasPrefix(name, "..") {
		return false
	}
	if f.read != nil {
		_, err := f.read(name)
		return err == nil
	}
	file, err := f.open(name, false)
	if err != nil {
		return false
	}
	_ = file.Close()
	return true
}

func (f *folder) open(name string, outside bool) (fs.File, error) {
	if outside {
		p := filepath.FromSlash(strings.TrimPrefix(name, "file://"))
		if !filepath.IsAbs(p) {
			p = filepath.Join(f.dir, p)
		}
		return os.Open(p)
	}
	if f.root == nil {
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			return nil, err
		}
		f.root = root
	}
	return f.root.Open(filepath.FromSlash(name))
}

func readLimited(open func() (fs.File, error), limit int) ([]byte, error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// One byte more than allowed, so that the reader sees the limit passed.
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}

// reason is the error without the path, which the diagnostic has already.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// base is the main file relative to its own folder.
func (l *loader) base() string { return path.Base(filepath.ToSlash(l.name)) }

// display is a file of the folder as the user would name it.
func (l *loader) display(file string) string {
	if file == l.base() {
		return l.name
	}
	if l.files == nil || path.IsAbs(file) || hasDrive(file) {
		return file
	}
	return path.Join(filepath.ToSlash(l.files.dir), file)
}

// open returns the tree of another file, read once.
func (w *walker) open(file string, from place) (any, bool) {
	l := w.loader
	if tree, done := l.files.trees[file]; done {
		return tree, tree != nil
	}
	l.files.trees[file] = nil
	if len(l.files.trees) > l.opts.MaxFiles {
		w.fault(from, diag.CodeTooLarge, fmt.Sprintf("the document refers to more than %d files", l.opts.MaxFiles), "join the files")
		return nil, false
	}
	outside := path.IsAbs(file) || hasDrive(file) || file == ".." || strings.HasPrefix(file, "../")
	text, err := l.files.text(file, outside, l.opts.MaxBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w.fault(from, diag.CodeDanglingRef, fmt.Sprintf("there is no file %q in the document's folder", bounded(file)), "correct the reference, or add the file")
		return nil, false
	case err != nil:
		w.fault(from, diag.CodeExternalRef, fmt.Sprintf("cannot read %q: %s", bounded(file), reason(err)), "correct the reference, or move the file into the document's folder")
		return nil, false
	}
	tree, ok := l.tree(l.display(file), text)
	if !ok {
		return nil, false
	}
	l.files.trees[file] = tree
	return tree, true
}
