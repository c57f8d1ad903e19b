package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Write makes dir hold exactly the given generated files: new and changed ones
// are replaced, generated ones that are no longer wanted are removed, and files
// without [Header] are never touched. dir is created when missing. Files that
// already have the right content keep their time stamp. On any error the folder
// is as it was before the call.
//
// Two calls on one folder at the same time are not supported.
func Write(dir string, files []File) error {
	if err := checkNames(files); err != nil {
		return err
	}
	made, err := makeDir(dir)
	if err != nil {
		return err
	}
	if err := write(dir, files); err != nil {
		for _, d := range slices.Backward(made) {
			_ = os.Remove(d) // only succeeds on the empty folders made above
		}
		return err
	}
	return nil
}

// makeDir creates dir and its parents and returns the ones it made, outermost
// first.
func makeDir(dir string) ([]string, error) {
	var missing []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err == nil {
			if !info.IsDir() {
				return nil, fmt.Errorf("%s is not a folder", d)
			}
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		missing = append(missing, d)
		if filepath.Dir(d) == d {
			break
		}
	}
	slices.Reverse(missing)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return missing, nil
}

func write(dir string, files []File) error {
	changed, err := changedFiles(dir, files)
	if err != nil {
		return err
	}
	remove, err := staleNames(dir, files)
	if err != nil {
		return err
	}
	if len(changed) == 0 && len(remove) == 0 {
		return nil
	}
	// Inside dir, so that a rename never crosses file systems; the leading dot
	// keeps the go command from reading it.
	tmp, err := os.MkdirTemp(dir, ".grantgen-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, f := range changed {
		name := filepath.Join(tmp, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Content, 0o644); err != nil {
			return err
		}
	}
	if err := swap(dir, tmp, changed, remove); err != nil {
		return err
	}
	for _, name := range remove { // a folder that holds nothing any more goes, too
		for d := path.Dir(name); d != "."; d = path.Dir(d) {
			if os.Remove(filepath.Join(dir, filepath.FromSlash(d))) != nil {
				break
			}
		}
	}
	return nil
}

// changedFiles returns the files whose content in dir is another, and refuses
// to replace what is not generated.
func changedFiles(dir string, files []File) ([]File, error) {
	var changed []File
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			changed = append(changed, f)
			continue
		}
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, &HandWrittenError{f.Name}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(have, f.Content) {
			continue
		}
		if !isGenerated(f.Name, have) {
			return nil, &HandWrittenError{f.Name}
		}
		changed = append(changed, f)
	}
	return changed, nil
}

// isGenerated says whether a file is one that may be replaced.
func isGenerated(name string, content []byte) bool {
	switch filepath.Ext(name) {
	case ".go":
		return bytes.HasPrefix(content, []byte(Header))
	case ".json":
		return bytes.HasPrefix(content, []byte(DataHeader))
	}
	return true
}

// swap moves the old files aside and the new ones in, and puts everything back
// when a step fails.
func swap(dir, tmp string, changed []File, remove []string) (err error) {
	var undo []func() error
	defer func() {
		if err == nil {
			return
		}
		for _, f := range slices.Backward(undo) {
			err = errors.Join(err, f())
		}
	}()
	old := filepath.Join(tmp, ".old") // no generated file is called so
	names := slices.Clone(remove)
	for _, f := range changed {
		names = append(names, f.Name)
	}
	for _, name := range names {
		from, to := filepath.Join(dir, filepath.FromSlash(name)), filepath.Join(old, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(from, to); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		undo = append(undo, func() error { return os.Rename(to, from) })
	}
	for _, f := range changed {
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		made, err := makeDir(filepath.Dir(to))
		for _, d := range made {
			undo = append(undo, func() error { return os.Remove(d) })
		}
		if err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(tmp, filepath.FromSlash(f.Name)), to); err != nil {
			return err
		}
		undo = append(undo, func() error { return os.Remove(to) })
	}
	return nil
}
