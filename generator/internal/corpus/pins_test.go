package corpus

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPins: the list of newest documents is read whole, and a faulty line is refused.
func TestPins(t *testing.T) {
	text, err := os.ReadFile("../../../specs/fresh.tsv")
	if err != nil {
		t.Fatal(err)
	}
	pins, err := Pins(text)
	if err != nil || len(pins) < 25 {
		t.Fatalf("%d documents: %v", len(pins), err)
	}
	dialects := map[string]bool{}
	for _, p := range pins {
		if p.Integrity == "" || p.Version == "" || strings.Contains(p.File(), "..") {
			t.Errorf("%+v", p)
		}
		dialects[strings.TrimRight(p.Dialect, "0123456789")] = true
	}
	for _, want := range []string{"swagger 2.", "openapi 3.0.", "openapi 3.1.", "openapi 3.2."} {
		if !dialects[want] {
			t.Errorf("no document is %s", want)
		}
	}
	for _, line := range []string{"a\tnpm\tb", "a\tnpm\tb\t1\th\topenapi 3.0.0\tx\tp", "a\tcurl\tb\t1\th\topenapi 3.0.0\t1\tp"} {
		if _, err := Pins([]byte(line)); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
}

// TestCounted: an operation that a package lacks is an error.
func TestCounted(t *testing.T) {
	pins := []Pin{{Name: "a", Package: "a", Version: "1", Operations: 2, Path: "x.json"}}
	if err := Counted(pins, []Row{{File: "a-1/x.json", Operations: 2}}); err != nil {
		t.Error(err)
	}
	if err := Counted(pins, []Row{{File: "a-1/x.json", Operations: 1}}); err == nil {
		t.Error("one operation less is no error")
	}
}

// TestUnzip keeps what may be part of a document, and nothing outside of the folder.
func TestUnzip(t *testing.T) {
	write := func(name string, files ...string) string {
		archive := filepath.Join(t.TempDir(), name)
		f, err := os.Create(archive)
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for _, name := range files {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write([]byte("{}"))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return archive
	}
	to := filepath.Join(t.TempDir(), "to")
	if err := unzip(write("a.zip", "m@v1/api/a.json", "m@v1/b.go", "other/c.json"), "m@v1/", to); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(to, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, strings.TrimPrefix(filepath.ToSlash(p), filepath.ToSlash(to)))
		}
		return err
	})
	if diff := cmp.Diff([]string{"/api/a.json"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if err := unzip(write("b.zip", "../out.json"), "", filepath.Join(t.TempDir(), "to")); err == nil {
		t.Error("a name that leads out of the folder is written")
	}
}
