package interop_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCodeIsListed: each code that the vault can refuse with stands in
// codes.tsv, with the class that the official client makes of it.
func TestEveryCodeIsListed(t *testing.T) {
	table, err := os.ReadFile("suite/codes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range bytes.Lines(table) {
		fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
		if strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 5 {
			t.Fatalf("a row of codes.tsv has %d fields, want 5: %s", len(fields), line)
		}
		listed = append(listed, fields[1])
	}
	codes := refusals(t, "../local")
	if len(codes) < 80 {
		t.Errorf("found %d codes only: does this test still read the vault's source?", len(codes))
	}
	for _, code := range codes {
		if !slices.Contains(listed, code) {
			t.Errorf("codes.tsv lacks %s", code)
		}
	}
}

// TestResultsAreOfThisTable: RESULTS.md has a row for each row of codes.tsv, in the
// same words, and none that failed: who changes the table runs `make interop`.
func TestResultsAreOfThisTable(t *testing.T) {
	table, err := os.ReadFile("suite/codes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	results, err := os.ReadFile("RESULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range bytes.Lines(table) {
		fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
		if len(fields) != 5 {
			continue
		}
		rows++
		code, why := "", "yes"
		if fields[1] != "" {
			code = "`" + fields[1] + "`"
		}
		if fields[4] != "" {
			why = fields[4]
		}
		want := "| " + strings.Join([]string{fields[0], code, fields[2], "`" + fields[3] + "`", why}, " | ") + " |\n"
		if !bytes.Contains(results, []byte(want)) {
			t.Errorf("RESULTS.md lacks %s", want)
		}
	}
	if rows < 100 || bytes.Contains(results, []byte("FAIL")) || bytes.Contains(results, []byte("not run")) {
		t.Errorf("%d rows, or a method without a pass", rows)
	}
}

// refusals are the codes of a package's calls of refuse and of its endpoints'
// callerCode.
func refusals(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	constants, used := map[string]string{}, []ast.Expr(nil)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, value := range n.Values {
					if lit, ok := value.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						constants[n.Names[i].Name], _ = strconv.Unquote(lit.Value)
					}
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "refuse" && len(n.Args) == 3 {
					used = append(used, n.Args[1])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "callerCode" {
					used = append(used, n.Value)
				}
			}
			return true
		})
	}
	var codes []string
	for _, e := range used {
		switch e := e.(type) {
		case *ast.BasicLit:
			code, _ := strconv.Unquote(e.Value)
			codes = append(codes, code)
		case *ast.Ident:
			if constants[e.Name] != "" {
				codes = append(codes, constants[e.Name])
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
