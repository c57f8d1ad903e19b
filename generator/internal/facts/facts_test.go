package facts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/facts"
	"github.com/grantwire/grantwire/generator/internal/load"
)

const specs = "../../../specs"

// committed returns the facts-only documents of the repository.
func committed(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(specs, "*", "openapi.json"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("%d documents, %v", len(paths), err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(filepath.Dir(p))] = text
	}
	return out
}

func tree(t *testing.T, text []byte) map[string]any {
	t.Helper()
	doc, diags := load.Bytes("a.json", text, load.Options{})
	if doc == nil {
		t.Fatal(diags)
	}
	return doc.Root
}

func printed(t *testing.T, root map[string]any) string {
	t.Helper()
	text, err := facts.Print(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReduce compares a document that has everything with what stays of it.
// GOLDEN=1 rewrites that, and fails so that nobody overlooks it.
func TestReduce(t *testing.T) {
	before, err := os.ReadFile(filepath.Join("testdata", "before.json"))
	if err != nil {
		t.Fatal(err)
	}
	root := tree(t, before)
	untouched := printed(t, root)
	got := printed(t, facts.Reduce(root))
	if printed(t, root) != untouched {
		t.Error("Reduce changed its input")
	}
	golden := filepath.Join("testdata", "after.json")
	if os.Getenv("GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Fatal("rewritten: read the difference, then run without GOLDEN")
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run make golden if that is meant:\n%s", golden, diff)
	}
	for _, word := range []string{"PROSE", "EXAMPLE", "VENDOR", "Unused", "webhook"} {
		if strings.Contains(got, word) {
			t.Errorf("%s is left", word)
		}
	}
	if again := printed(t, facts.Reduce(tree(t, []byte(got)))); again != got {
		t.Errorf("reducing twice gives another document:\n%s", cmp.Diff(got, again))
	}
}

// TestCommitted: the documents of the repository are in the form that Print
// gives, and reducing them again changes nothing.
func TestCommitted(t *testing.T) {
	for name, text := range committed(t) {
		root := tree(t, text)
		if got := printed(t, facts.Reduce(root)); got != string(text) {
			t.Errorf("%s: not the reduced and printed form", name)
		}
	}
}

// TestNoProse looks for sentences in the documents of the repository: no text
// has more than twelve words, except enumerated values and patterns.
func TestNoProse(t *testing.T) {
	for name, text := range committed(t) {
		var root any
		if err := json.Unmarshal(text, &root); err != nil {
			t.Fatal(err)
		}
		for _, found := range prose(root, "", "") {
			t.Errorf("%s: %s", name, found)
		}
	}
}

// prose returns the places of texts that look like sentences.
func prose(v any, key, at string) (found []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			found = append(found, prose(e, name, at+"/"+name)...)
		}
	case []any:
		for _, e := range v {
			found = append(found, prose(e, key, at)...)
		}
	case string:
		isFact := key == "enum" || key == "pattern" || strings.HasSuffix(strings.ToLower(key), "url")
		if key == "description" && v != "" || !isFact && len(strings.Fields(v)) > 12 {
			found = append(found, at)
		}
	}
	return found
}

// TestProseIsFound keeps the search above honest.
func TestProseIsFound(t *testing.T) {
	long := strings.Repeat("word ", 13)
	got := prose(map[string]any{"a": []any{map[string]any{"title": long}}, "enum": []any{long}, "description": "x"}, "", "")
	if len(got) != 2 {
		t.Errorf("found %v", got)
	}
}

// TestValid loads and validates the documents with a reader that is not ours.
func TestValid(t *testing.T) {
	// Defaults of another type than their schema, and other faults of the documents
	// themselves: the facts keep what is said.
	faulty := []string{"mailchimp", "sendgrid", "vercel", "xero", "zoom"}
	for name, text := range committed(t) {
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		operations := 0
		for _, item := range doc.Paths.Map() {
			operations += len(item.Operations())
		}
		if want := map[string]int{"github": 1223, "slack": 174}[name]; want != 0 && operations != want {
			t.Errorf("%s: %d operations, want %d", name, operations, want)
		}
		err = doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.EnableMultiError())
		if slices.Contains(faulty, name) {
			if err == nil {
				t.Errorf("%s: is valid by now", name)
			}
			continue
		}
		for line := range strings.SplitSeq(errorText(err), " | ") {
			// GitHub's own paths differ in the names of parameters only.
			if line != "" && !strings.Contains(line, "conflicting paths") {
				t.Errorf("%s: %.300s", name, line)
			}
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
