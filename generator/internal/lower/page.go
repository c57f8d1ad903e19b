package lower

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/grantwire/grantwire/generator/internal/diag"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// page finds out whether and how the operation pages: by the first rule that the
// document confirms, or else by the first that fits what it does say.
func (l *lowerer) page(op *model.Operation, o *openapi3.Operation) {
	if op.Result.Kind != model.ResultJSON {
		return
	}
	success, _, _ := l.answers(o)
	link := slices.ContainsFunc(success, func(a answer) bool { return a.link })
	var unseen *model.Paging
	for _, rule := range l.opts.Paging {
		if slices.Contains(rule.Except, op.ID) {
			continue
		}
		if rule.Auto {
			if guess := guess(op, link); guess != nil {
				l.report(diag.Note, op.Pointer, "paging-guessed", "the operation pages by "+guess.reason+", as its shape shows",
					"if it does not, give paging rules in provider.yaml; an empty list means that nothing pages")
				op.Paging = guess.Paging
				return
			}
			continue
		}
		p := rule.apply(op, link)
		switch {
		case p == nil:
		case len(rule.Operations) > 0 || p.Next == "" || shows(op.Result.Ref, p.Next):
			op.Paging = *p
			return
		case unseen == nil && p.Param != "":
			unseen = p
		}
	}
	if unseen != nil {
		l.report(diag.Note, op.Pointer, "paging-unseen",
			fmt.Sprintf("the operation has the parameter %q of a paging rule, but the document does not show %q in its answer; it pages where the answer has it", unseen.Param, unseen.Next),
			"name the operation in the rule's operations, if it is right")
		op.Paging = *unseen
	}
}

// apply gives the paging of an operation that fits the rule, or nil.
func (rule PagingRule) apply(op *model.Operation, link bool) *model.Paging {
	named := slices.Contains(rule.Operations, op.ID)
	if len(rule.Operations) > 0 && !named {
		return nil
	}
	p := rule.Paging
	inQuery, inBody := place(op, rule.Param)
	p.InBody = inBody && !inQuery
	reads := op.Method == http.MethodGet || p.InBody
	switch rule.Kind {
	case model.PagingLink:
		implied := slices.ContainsFunc(rule.ImpliedBy, func(name string) bool { return hasParam(op, name) })
		if op.Method != http.MethodGet || !link && !implied {
			return nil
		}
	case model.PagingURL:
		if !reads || rule.Param != "" && !inQuery && !inBody || rule.Param == "" && !named && !shows(op.Result.Ref, rule.Next) {
			return nil
		}
	default:
		if !inQuery && !inBody || !reads && op.Access != model.Read {
			return nil
		}
	}
	if !inQuery && !inBody {
		p.Param = ""
	}
	if !hasParam(op, rule.Size) {
		p.Size = ""
	}
	p.Items, p.Elem = items(op.Result.Ref, rule.Lists, rule.Values)
	if p.Elem == nil && named {
		p.Items, p.Elem = unlisted(op.Result.Ref, rule.Lists)
	}
	if p.Elem == nil || rule.Kind == model.PagingLink && !named && p.Items != "" && !asksForPages(op, rule) {
		return nil
	}
	return &p
}

// asksForPages tells a page of a list from one thing that has a list: some documents
// declare the Link header with both.
func asksForPages(op *model.Operation, rule PagingRule) bool {
	return slices.ContainsFunc(append([]string{rule.Param, rule.Size}, rule.ImpliedBy...), func(name string) bool { return hasParam(op, name) })
}

func hasParam(op *model.Operation, name string) bool {
	inQuery, inBody := place(op, name)
	return inQuery || inBody
}

// place says where the operation takes a parameter. In a body it may be a path.
func place(op *model.Operation, name string) (inQuery, inBody bool) {
	if name == "" {
		return false, false
	}
	inQuery = queryParam(op, name) != nil
	if b := op.Body; b != nil && b.Ref != nil && (b.Kind == model.BodyForm || b.Kind == model.BodyJSON) {
		path := []string{name}
		if b.Kind == model.BodyJSON {
			path = model.Steps(name)
		}
		inBody = member(b.Ref, path) != nil
	}
	return inQuery, inBody
}

func queryParam(op *model.Operation, name string) *model.Param {
	i := slices.IndexFunc(op.Params, func(p *model.Param) bool { return p.In == "query" && p.Name == name })
	if i < 0 {
		return nil
	}
	return op.Params[i]
}

// items finds the list in an answer: the answer itself, the member at one of the
// paths, or the only member that is a list.
func items(r *model.Ref, paths []string, values bool) (string, *model.Ref) {
	r = r.Base()
	if r.Kind == model.Array {
		return "", r.Elem
	}
	for _, path := range paths {
		at := member(r, model.Steps(path))
		if at == nil {
			continue
		}
		if at = at.Base(); at.Kind == model.Array && !values || at.Kind == model.Map && values {
			return path, at.Elem
		}
	}
	if values {
		return "", nil
	}
	return onlyList(r)
}

// beside are lists that stand beside the items of a page and never are the items.
var beside = []string{"_links", "links", "errors", "warnings"}

func onlyList(r *model.Ref) (string, *model.Ref) {
	var found *model.Field
	for _, f := range fieldsOf(r) {
		if f.Ref.Base().Kind != model.Array || slices.Contains(beside, f.JSON) {
			continue
		}
		if found != nil {
			return "", nil
		}
		found = f
	}
	if found == nil {
		return "", nil
	}
	return pathTo(found.JSON), found.Ref.Base().Elem
}

// pathTo is the path that leads to a member by these names.
func pathTo(names ...string) string {
	if slices.ContainsFunc(names, func(n string) bool { return strings.ContainsAny(n, "./~") }) {
		return diag.Pointer(names...)
	}
	return strings.Join(names, ".")
}

// unlisted takes the word of a rule that names the operation for a list which the
// document does not describe, in an answer that says it holds more than it lists.
func unlisted(r *model.Ref, paths []string) (string, *model.Ref) {
	r = r.Base()
	open := r.Kind == model.Any || r.Kind == model.Named && r.Type.Extra != nil && r.Type.Extra.Kind == model.Any
	switch {
	case len(paths) > 0 && open:
		return paths[0], &model.Ref{Kind: model.Any}
	case len(paths) == 0 && r.Kind == model.Any: // the answer itself, of which the document says nothing
		return "", &model.Ref{Kind: model.Any}
	}
	return "", nil
}

// shows says whether the document has a member at the path of an answer, or of one
// variant of it.
func shows(r *model.Ref, path string) bool { return shown(r, model.Steps(path), 8) }

func shown(r *model.Ref, path []string, depth int) bool {
	if r = r.Base(); len(path) == 0 || depth == 0 || r.Kind != model.Named {
		return len(path) == 0
	}
	for _, v := range r.Type.Variants {
		if shown(v.Ref, path, depth-1) {
			return true
		}
	}
	i := slices.IndexFunc(r.Type.Fields, func(f *model.Field) bool { return f.JSON == path[0] })
	return i >= 0 && shown(r.Type.Fields[i].Ref, path[1:], depth-1)
}

// member follows a path; nil if the document describes none.
func member(r *model.Ref, path []string) *model.Ref {
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
	return r
}
