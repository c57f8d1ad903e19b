package fetch

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/load"
)

// Unpack fetches the npm package that src pins and writes the plain files below
// src.Path, or all when that is empty, into dir, which must not exist: it is there when all of them are.
// Names that lead out of dir are an error.
func Unpack(ctx context.Context, src config.Source, dir string, opts Options) error {
	pack, _, err := (&fetcher{opts: opts}).pack(ctx, src)
	if err != nil {
		return err
	}
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		return err
	}
	if err := pack.unpack(src.Path, part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, dir)
}

func (a *archive) unpack(below, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return a.walk(func(inside string, h *tar.Header, r io.Reader) (bool, error) {
		name, wanted := inside, true
		if below != "" {
			name, wanted = strings.CutPrefix(inside, strings.TrimSuffix(below, "/")+"/")
		}
		if !wanted || h.Typeflag != tar.TypeReg {
			return true, nil
		}
		return true, place(root, name, io.LimitReader(r, load.DefaultMaxBytes))
	})
}

// place writes one file. The root refuses names that lead out of it.
func place(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o755); err != nil {
		return err
	}
	f, err := root.Create(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
