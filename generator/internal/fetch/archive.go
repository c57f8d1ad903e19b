package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/load"
)

// maxKept limits the documents of one archive that are kept unpacked.
const maxKept = 64 << 20

// archive is an npm package in memory. Nothing is written to disk, so a name that
// climbs out of it has no effect.
type archive struct {
	packed []byte
	kept   map[string][]byte // nil until a second file is asked for
}

// errNotPlain is a file of the archive that is a link or a device.
var errNotPlain = errors.New("not a plain file")

// document returns the file that a source names.
func (a *archive) document(name string) ([]byte, error) {
	text, err := a.find(name)
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, faultf(diag.CodeArchiveMissing, "check the path inside the package", "the package has no file %s", name)
	case errors.Is(err, errNotPlain):
		return nil, faultf(diag.CodeArchiveInvalid, "check the path inside the package", "%s is no plain file", name)
	case errors.Is(err, errTooLarge):
		return nil, faultf(diag.CodeArchiveInvalid, "check the path inside the package", "%s has more than %d bytes", name, load.DefaultMaxBytes)
	}
	return nil, faultf(diag.CodeArchiveInvalid, "fetch again; if it stays, report the package", "the archive cannot be read: %v", err)
}

// part returns a file that a document refers to. Such documents are spread over
// many, so the first call keeps all that look like one.
func (a *archive) part(name string) ([]byte, error) {
	if a.kept == nil {
		a.kept = map[string][]byte{}
		left := int64(maxKept)
		err := a.walk(func(inside string, h *tar.Header, r io.Reader) (bool, error) {
			if ext := path.Ext(inside); h.Typeflag != tar.TypeReg || h.Size > left || ext != ".json" && ext != ".yaml" && ext != ".yml" {
				return true, nil
			}
			text, err := io.ReadAll(r)
			a.kept[inside], left = text, left-h.Size
			return true, err
		})
		if err != nil {
			return nil, err
		}
	}
	if text, ok := a.kept[name]; ok {
		return text, nil
	}
	return a.find(name)
}

// find reads one file. Its error is fs.ErrNotExist when there is none.
func (a *archive) find(name string) (text []byte, err error) {
	found := false
	err = a.walk(func(inside string, h *tar.Header, r io.Reader) (bool, error) {
		switch {
		case inside != name:
			return true, nil
		case h.Typeflag != tar.TypeReg:
			return false, errNotPlain
		case h.Size > load.DefaultMaxBytes:
			return false, errTooLarge
		}
		found = true
		text, err = io.ReadAll(r)
		return false, err
	})
	if err == nil && !found {
		err = fs.ErrNotExist
	}
	return text, err
}

// walk visits the entries until visit returns false. The names in an npm archive
// all start with one folder of any name, which is left out.
func (a *archive) walk(visit func(inside string, h *tar.Header, r io.Reader) (bool, error)) error {
	gz, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		return err
	}
	entries := tar.NewReader(io.LimitReader(gz, maxUnpacked))
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, inside, _ := strings.Cut(h.Name, "/")
		if more, err := visit(inside, h, entries); err != nil || !more {
			return err
		}
	}
}
