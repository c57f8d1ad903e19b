package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestString(t *testing.T) {
	for _, test := range []struct {
		d    Diagnostic
		want string
	}{
		{Diagnostic{Code: "a", Message: "m"}, "error: a: m"},
		{Diagnostic{Severity: Warning, Provider: "p", File: "f.json", Pointer: "/x", Code: "a", Message: "m", Remedy: "r"}, "p: warning: f.json#/x: a: m (r)"},
		{Diagnostic{Severity: Note, File: "f", Line: 3, Column: 7, Code: "a", Message: "m"}, "note: f:3:7: a: m"},
		{Diagnostic{File: "f", Line: 3, Pointer: "/x", Code: "a", Message: "m"}, "error: f:3#/x: a: m"},
		{Diagnostic{Code: "a", Message: "two\nlines \x1b[31m\xff"}, "error: a: two lines  [31m\uFFFD"},
	} {
		if got := test.d.String(); got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}

func TestList(t *testing.T) {
	l := List{
		{Severity: Note, Code: "n"}, {Severity: Warning, Code: "w"}, {Code: "b", File: "z"}, {Code: "b", File: "a"}, {Code: "a", File: "a"}, {Severity: Warning, Code: "w"},
	}
	sorted := append(List{}, l...).Sort()
	want := "error: a: a: \nerror: a: b: \nerror: z: b: \nwarning: w: \nnote: n: "
	var lines []string
	for _, d := range sorted {
		lines = append(lines, d.String())
	}
	if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
		t.Error(diff)
	}
	if errs, warnings, notes := l.Counts(); errs != 3 || warnings != 2 || notes != 1 {
		t.Error(errs, warnings, notes)
	}
	if got := len(l.Strict().Errors()); got != 5 {
		t.Errorf("strict: %d errors", got)
	}
	if err := l.Err(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("Err: %v", err)
	}
	if err := (List{{Severity: Warning}}).Err(); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
	if got := (List{{}, {Provider: "q"}}).WithProvider("p"); got[0].Provider != "p" || got[1].Provider != "q" {
		t.Error(got)
	}
}

func TestPointer(t *testing.T) {
	if got := Pointer("a/b", "c~d", ""); got != "/a~1b/c~0d/" {
		t.Error(got)
	}
}

// TestCodes: every constant has a row in the table, and the other way round;
// codes are kebab-case and unique.
func TestCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		code, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if seen[code] {
			t.Errorf("%s is there twice", code)
		}
		seen[code] = true
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(code) {
			t.Errorf("%s is not kebab-case", code)
		}
		if Meaning(code) == "" {
			t.Errorf("%s has no meaning", code)
		}
		return true
	})
	if len(seen) != len(codes) {
		t.Errorf("%d constants, %d rows", len(seen), len(codes))
	}
}
