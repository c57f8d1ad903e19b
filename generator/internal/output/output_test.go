package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const generated = Header + " from x. DO NOT EDIT.\n"

func gen(name, body string) File { return File{name, []byte(generated + body)} }

// snapshot reads a folder: name to content, subfolders included.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			out[rel] = "folder"
			return nil
		}
		text, err := os.ReadFile(path)
		out[rel] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "package")
	if err := Write(dir, []File{gen("a.gen.go", "1"), gen("b.gen.go", "1")}); err != nil {
		t.Fatal(err)
	}
	put(t, dir, map[string]string{"hand.go": "package x\n", "notes.txt": generated})
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(filepath.Join(dir, "a.gen.go"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, []File{gen("a.gen.go", "1"), gen("c.gen.go", "2")}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a.gen.go": generated + "1", "c.gen.go": generated + "2", "hand.go": "package x\n", "notes.txt": generated}
	if diff := cmp.Diff(want, snapshot(t, dir)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(dir, "a.gen.go")); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("an unchanged file was written again: %v", err)
	}
}

// TestFolders: an API in several packages is written, compared and cleared as one.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"other", "gone", "mod", "testdata", "users"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, map[string]string{
		"other/o.gen.go":    Header + " from another. DO NOT EDIT.\n", // a package of another document
		"gone/x.gen.go":     generated,
		"mod/go.mod":        "module m\n",
		"mod/x.gen.go":      generated,
		"testdata/x.gen.go": generated,
		"users/hand.go":     "package users\n",
		"users/old.gen.go":  generated,
	})
	files := []File{gen("doc.gen.go", "1"), gen("models/core/types.gen.go", "2"), gen("users/client.gen.go", "3")}
	got, err := Check(dir, files)
	want := []Difference{
		{"doc.gen.go", Missing}, {"gone/x.gen.go", Extra}, {"models/core/types.gen.go", Missing},
		{"users/client.gen.go", Missing}, {"users/old.gen.go", Extra},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for range 2 { // the second run has nothing to do
		if err := Write(dir, files); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Check(dir, files); err != nil || len(got) > 0 {
		t.Error(got, err)
	}
	tree := snapshot(t, dir)
	for _, name := range []string{"other/o.gen.go", "mod/x.gen.go", "testdata/x.gen.go", "users/hand.go", "models/core/types.gen.go"} {
		if _, ok := tree[filepath.FromSlash(name)]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	if _, ok := tree["gone"]; ok {
		t.Error("an emptied folder stayed")
	}
	// A package alone has nothing to say about the folders below it.
	if err := Write(dir, []File{gen("doc.gen.go", "1")}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree, snapshot(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestFoldersUndo: a file where a folder should be ends the run with the folder as
// it was.
func TestFoldersUndo(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a.gen.go": generated + "old", "users": "no folder"})
	before := snapshot(t, dir)
	if err := Write(dir, []File{gen("a.gen.go", "new"), gen("new/b.gen.go", ""), gen("users/c.gen.go", "")}); err == nil {
		t.Error("no error")
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("the folder changed:\n%s", diff)
	}
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// TestWriteFails: whatever goes wrong, the folder is as before.
func TestWriteFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []File
		setUp func(dir string) error
		want  func(error) bool
	}{
		{name: "hand-written file", files: []File{gen("a.gen.go", "new"), gen("hand.go", "new")}, want: as[*HandWrittenError]},
		{name: "data of the user's", files: []File{gen("a.gen.go", "new"), {Name: "operations.json", Content: []byte(DataHeader + "x")}}, want: as[*HandWrittenError]},
		{name: "folder in the way", files: []File{gen("a.gen.go", "new"), gen("sub", "new")}, want: as[*HandWrittenError]},
		{name: "separator", files: []File{gen("a.gen.go", "new"), gen("../b.go", "new")}, want: as[*NameError]},
		{name: "backslash", files: []File{gen(`x\b.go`, "new")}, want: as[*NameError]},
		{name: "absolute", files: []File{gen("/tmp/b.go", "new")}, want: as[*NameError]},
		{name: "dot", files: []File{gen("..", "new")}, want: as[*NameError]},
		{name: "hidden", files: []File{gen(".b.go", "new")}, want: as[*NameError]},
		{name: "device", files: []File{gen("con.go", "new")}, want: as[*NameError]},
		{name: "empty", files: []File{gen("", "new")}, want: as[*NameError]},
		{name: "twice", files: []File{gen("B.go", "new"), gen("b.go", "new")}, want: as[*NameError]},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, map[string]string{"a.gen.go": generated + "old", "gone.gen.go": generated, "hand.go": "package x\n", "operations.json": "{}\n"})
			if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			err := Write(dir, test.files)
			if !test.want(err) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("the folder changed:\n%s", diff)
			}
		})
	}
}

// TestSwapUndoes breaks the swap in its middle.
func TestSwapUndoes(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a.gen.go": generated + "old", "b.gen.go": generated + "old"})
	before := snapshot(t, dir)
	tmp := t.TempDir()
	if err := os.Mkdir(filepath.Join(tmp, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, tmp, map[string]string{"a.gen.go": generated + "new", "sub/c.gen.go": generated}) // b.gen.go is missing there
	err := swap(dir, tmp, []File{gen("a.gen.go", "new"), gen("sub/c.gen.go", ""), gen("b.gen.go", "new")}, nil)
	if err == nil {
		t.Error("no error")
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("the folder changed:\n%s", diff)
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"file": "x"})
	if err := Write(filepath.Join(dir, "file", "sub"), []File{gen("a.go", "")}); err == nil {
		t.Error("no error")
	}
	// A refused name is found before any folder is made.
	if err := Write(filepath.Join(dir, "p", "q"), []File{gen(strings.Repeat("x", 201), "")}); err == nil {
		t.Error("no error")
	}
	if diff := cmp.Diff(map[string]string{"file": "x"}, snapshot(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a.gen.go": generated, "b.gen.go": generated + "old", "x.gen.go": generated, "hand.go": "package x\n"})
	got, err := Check(dir, []File{gen("a.gen.go", ""), gen("b.gen.go", "new"), gen("c.gen.go", "")})
	want := []Difference{{"b.gen.go", Stale}, {"c.gen.go", Missing}, {"x.gen.go", Extra}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got, err = Check(filepath.Join(dir, "gone"), []File{gen("a.gen.go", "")})
	if diff := cmp.Diff([]Difference{{"a.gen.go", Missing}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := Check(dir, []File{gen("../a", "")}); err == nil {
		t.Error("a name with a separator was accepted")
	}
}

func TestPrepare(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "names.txt")
	for _, content := range []string{"one", "two"} {
		commit, drop, err := Prepare(name, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		if content == "two" {
			drop()
			break
		}
		if err := commit(); err != nil {
			t.Fatal(err)
		}
		drop()
	}
	if diff := cmp.Diff(map[string]string{"names.txt": "one"}, snapshot(t, dir)); diff != "" {
		t.Error(diff)
	}
}
