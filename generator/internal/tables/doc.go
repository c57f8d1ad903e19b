// Package tables renders what people read about the committed providers: a table
// of them all, and for each the operations that page. It reads and writes nothing.
package tables

import (
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// Provider is what the tables tell of one provider.
type Provider struct {
	Config *config.Provider
	API    *model.API
	Doc    map[string]any // the facts-only document
	Lines  int            // of the generated Go files
	Bytes  int
}

// written starts every file, as a comment.
const written = "<!-- Written by `grantgen tables` (make generate). Do not edit. -->\n\n"

// table renders rows as Markdown with one header row; right names the columns of
// numbers.
func table(b *strings.Builder, header []string, right map[int]bool, rows [][]string) {
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(header)
	marks := make([]string, len(header))
	for i := range header {
		if marks[i] = "---"; right[i] {
			marks[i] = "--:"
		}
	}
	b.WriteString("|" + strings.Join(marks, "|") + "|\n")
	for _, row := range rows {
		line(row)
	}
}

// code marks text as such; "" stays empty.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("|", "\\|", "`", "'", "\n", " ").Replace(s) + "`"
}

// cell is plain text that cannot end a cell.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(s)
}

// thousands writes 1223 as 1,223.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
