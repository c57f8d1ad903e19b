package output

import (
	"errors"
	"os"
	"path/filepath"
)

// Prepare writes content beside the named file, which commit then replaces in
// one step. drop removes what a commit that never came leaves behind; it may be
// called after commit, too.
func Prepare(name string, content []byte) (commit func() error, drop func(), err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".grantgen-*")
	if err != nil {
		return nil, nil, err
	}
	drop = func() { _ = os.Remove(tmp.Name()) }
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		drop()
		return nil, nil, err
	}
	return func() error { return os.Rename(tmp.Name(), name) }, drop, nil
}
