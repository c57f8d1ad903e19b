package lower

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// tag finds a member whose values tell the object variants of a union apart, and
// notes it on each of them. A discriminator with a mapping has done so already.
func (l *lowerer) tag(t *model.Type, s *openapi3.Schema) {
	var structs []*model.Variant
	for _, v := range t.Variants {
		if v.When != "" {
			return
		}
		if b := v.Ref.Base(); b.Kind == model.Named && b.Type.Kind == model.Struct {
			structs = append(structs, v)
		}
	}
	if len(structs) < 2 {
		return
	}
	preferred, _ := s.Extensions["x-discriminator"].(string)
	names := []string{preferred}
	for _, f := range structs[0].Ref.Base().Type.Fields {
		names = append(names, f.JSON)
	}
	for _, name := range names {
		if values, ok := apart(structs, name); ok {
			for i, v := range structs {
				v.When = name + "=" + strings.Join(values[i], "|")
			}
			return
		}
	}
}

// apart gives the values of the member in each variant, if they are known
// everywhere and no two variants share one.
func apart(variants []*model.Variant, member string) ([][]string, bool) {
	if member == "" || strings.ContainsAny(member, "=|\"`") {
		return nil, false
	}
	var all [][]string
	seen := map[string]bool{}
	for _, v := range variants {
		values := valuesOf(v.Ref.Base().Type, member)
		if len(values) == 0 {
			return nil, false
		}
		for _, value := range values {
			if seen[value] || strings.ContainsAny(value, "=|\"`") {
				return nil, false
			}
			seen[value] = true
		}
		all = append(all, values)
	}
	return all, true
}

func valuesOf(t *model.Type, member string) []string {
	i := slices.IndexFunc(t.Fields, func(f *model.Field) bool { return f.JSON == member && f.Required })
	if i < 0 {
		return nil
	}
	r := t.Fields[i].Ref
	if r.Kind == model.Named && r.Type.Kind == model.Enum {
		var out []string
		for _, v := range r.Type.Values {
			out = append(out, v.Text)
		}
		return out
	}
	return r.Const
}
