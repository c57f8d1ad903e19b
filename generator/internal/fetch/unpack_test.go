package fetch

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUnpack: the files below one folder arrive, nothing else does, and a folder
// is complete or not there.
func TestUnpack(t *testing.T) {
	content := tgz(t,
		entry{name: "package/readme.md", text: "no"},
		entry{name: "package/generated/a.json", text: "A"},
		entry{name: "package/generated/deep/b c.json", text: "B"},
		entry{name: "package/generatedtoo/c.json", text: "no"})
	r := newRegistry(t, content)
	src := provider(content).Source
	src.Path = "generated"
	dir := filepath.Join(t.TempDir(), "all")
	opts := Options{Environment: r.environment(t, "")}
	if err := Unpack(t.Context(), src, dir, opts); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.json": "A", "deep/b c.json": "B"} {
		if got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if got, err := os.ReadDir(dir); err != nil || len(got) != 2 {
		t.Errorf("%v, %v, want a.json and deep", got, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	for name, content := range map[string][]byte{
		"a name that climbs": tgz(t, entry{name: "package/generated/../../up.json", text: "A"}),
		"an absolute name":   tgz(t, entry{name: "package/generated//etc/up.json", text: "A"}),
		"no archive":         []byte("noise"),
		"a cut archive":      good(t)[:60],
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t, content)
			src := provider(content).Source
			src.Path = "generated/"
			above := t.TempDir()
			if err := Unpack(t.Context(), src, filepath.Join(above, "all"), Options{Environment: r.environment(t, "")}); err == nil {
				t.Error("it was unpacked")
			}
			if got, err := os.ReadDir(above); err != nil || len(got) > 0 {
				t.Errorf("%v is left behind, %v", got, err)
			}
		})
	}
	content := good(t)
	r := newRegistry(t, content)
	src := provider(content).Source
	src.Integrity = integrity(nil)
	if err := Unpack(t.Context(), src, filepath.Join(t.TempDir(), "all"), Options{Environment: r.environment(t, "")}); err == nil {
		t.Error("another hash was accepted")
	}
}
