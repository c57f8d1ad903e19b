package pipeline

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// families gives each operation the families that the configuration puts it into,
// sorted. A pattern that no operation fits is refused: it would guard nothing.
func families(api *model.API, conf *config.Provider, partial bool) (map[string][]string, diag.List) {
	out := map[string][]string{}
	var diags diag.List
	for _, family := range config.FamilyNames() {
		for _, pattern := range conf.Families[family] {
			hits := 0
			for _, op := range api.Ops {
				if !fitsID(pattern, op.ID) {
					continue
				}
				hits++
				if !slices.Contains(out[op.ID], family) {
					out[op.ID] = append(out[op.ID], family)
				}
			}
			if hits == 0 && !partial {
				diags = append(diags, diag.Diagnostic{
					Severity: diag.Error, Provider: conf.Name, Code: "family-unknown-operation",
					Message: fmt.Sprintf("families.%s names %q, and no operation is called so", family, pattern), Remedy: "use an operation ID of the document",
				})
			}
		}
	}
	return out, diags
}

// fitsID is path.Match where a slash is a character like others.
func fitsID(pattern, id string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == id
	}
	slash := strings.NewReplacer("/", "\x00", "[", "\x01", "?", "\x02", "\\", "\x03")
	ok, err := path.Match(slash.Replace(pattern), slash.Replace(id))
	return ok && err == nil
}
