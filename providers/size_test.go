package providers_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// download is how many bytes whoever imports one client may have to fetch, because
// the module proxy has the whole module in one file.
const download = 40 << 20

// TestDownload makes the file that the module proxy would serve and looks at its
// size. Nested modules stay out of it, as there.
func TestDownload(t *testing.T) {
	if testing.Short() {
		t.Skip("compresses the whole module")
	}
	files := map[string]int64{} // sizes by the first two folders
	var all []zip.File
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == "..":
			return nil
		case d.IsDir():
			return published(path)
		case !d.Type().IsRegular():
			return nil
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		all = append(all, onDisk{path, name})
		info, err := d.Info()
		if err == nil {
			files[folder(name)] += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var size counter
	if err := zip.Create(&size, module.Version{Path: ourModule, Version: "v0.0.0"}, all); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB to download, %d files", float64(size)/(1<<20), len(all))
	for name, bytes := range files {
		if bytes > 1<<20 {
			t.Logf("%6.1f MB unpacked: %s", float64(bytes)/(1<<20), name)
		}
	}
	if size > download {
		t.Errorf("the module is %d bytes to download, more than %d", size, download)
	}
}

// published skips what is in no released module: the folders of tools, and modules
// of their own.
func published(dir string) error {
	if base := filepath.Base(dir); base == ".git" || base == ".tmp" || base == "node_modules" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func folder(name string) string {
	parts := strings.SplitN(name, "/", 3)
	return strings.Join(parts[:min(2, len(parts)-1)], "/")
}

// onDisk is a file with its name in the module.
type onDisk struct{ path, name string }

func (f onDisk) Path() string                 { return f.name }
func (f onDisk) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.path) }
func (f onDisk) Open() (io.ReadCloser, error) { return os.Open(f.path) }

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
