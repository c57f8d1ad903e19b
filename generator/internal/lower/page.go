package lower

import (
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// page finds out whether and how the operation pages: the first rule that fits.
func (l *lowerer) page(op *model.Operation, o *openapi3.Operation) {
	if op.Result.Kind != model.ResultJSON {
		return
	}
	success, _, _ := l.answers(o)
	link := slices.ContainsFunc(success, func(a answer) bool { return a.link })
	for _, rule := range l.opts.Paging {
		if !l.carries(op, rule, link) {
			continue
		}
		items, elem := l.items(op.Result.Ref, rule.Items)
		if elem == nil && len(rule.Operations) > 0 {
			items, elem = unlisted(op.Result.Ref, rule.Items)
		}
		if elem == nil {
			continue
		}
		op.Paging = model.Paging{
			Kind: rule.Kind, Next: rule.Next, Pages: rule.Pages, Items: items, Elem: elem,
		}
		if hasParam(op, rule.Param) {
			op.Paging.Param = rule.Param
		}
		if hasParam(op, rule.Size) {
			op.Paging.Size = rule.Size
		}
		return
	}
}

func (l *lowerer) carries(op *model.Operation, rule PagingRule, link bool) bool {
	if len(rule.Operations) > 0 && !slices.Contains(rule.Operations, op.ID) {
		return false
	}
	switch rule.Kind {
	case model.PagingLink:
		implied := slices.ContainsFunc(rule.ImpliedBy, func(p string) bool { return hasParam(op, p) })
		return op.Method == http.MethodGet && (link || implied)
	case model.PagingPage:
		return op.Method == http.MethodGet && hasParam(op, rule.Param)
	case model.PagingCursor:
		return hasParam(op, rule.Param) && (op.Access == model.Read || formField(op, rule.Param))
	}
	return false
}

func hasParam(op *model.Operation, name string) bool {
	return name != "" && (slices.ContainsFunc(op.Params, func(p *model.Param) bool {
		return p.In == "query" && p.Name == name
	}) || formField(op, name))
}

func formField(op *model.Operation, name string) bool {
	if op.Body == nil || op.Body.Kind != model.BodyForm || op.Body.Ref == nil {
		return false
	}
	b := op.Body.Ref.Base()
	return b.Kind == model.Named && slices.ContainsFunc(b.Type.Fields, func(f *model.Field) bool { return f.JSON == name })
}

// items finds the list in an answer: the answer itself, the member at one of the
// paths, or the only member that is a list.
func (l *lowerer) items(r *model.Ref, paths []string) (string, *model.Ref) {
	r = r.Base()
	if r.Kind == model.Array {
		return "", r.Elem
	}
	if r.Kind != model.Named || r.Type.Kind != model.Struct {
		return "", nil
	}
	for _, path := range paths {
		if elem := follow(r, strings.Split(path, ".")); elem != nil {
			return path, elem
		}
	}
	var found *model.Field
	for _, f := range r.Type.Fields {
		if f.Ref.Base().Kind == model.Array {
			if found != nil {
				return "", nil
			}
			found = f
		}
	}
	if found == nil {
		return "", nil
	}
	return found.JSON, found.Ref.Base().Elem
}

// unlisted takes the word of a rule that names the operation for a list which the
// document does not describe, in an answer that says it holds more than it lists.
func unlisted(r *model.Ref, paths []string) (string, *model.Ref) {
	r = r.Base()
	if len(paths) == 0 || r.Kind != model.Named || r.Type.Extra == nil || r.Type.Extra.Kind != model.Any {
		return "", nil
	}
	return paths[0], &model.Ref{Kind: model.Any}
}

func follow(r *model.Ref, path []string) *model.Ref {
	for _, name := range path {
		r = r.Base()
		if r.Kind != model.Named || r.Type.Kind != model.Struct {
			return nil
		}
		i := slices.IndexFunc(r.Type.Fields, func(f *model.Field) bool { return f.JSON == name })
		if i < 0 {
			return nil
		}
		r = r.Type.Fields[i].Ref
	}
	if r = r.Base(); r.Kind == model.Array {
		return r.Elem
	}
	return nil
}
