package names

import (
	"testing"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// The parameters of Comments.GetComments are GetCommentsParams, of Comments.List, which
// other services may have, CommentsListParams.
func TestTypesOfAnOperation(t *testing.T) {
	for _, c := range []struct{ group, id, name, want string }{
		{"Comments", "getComments", "getComments", "GetCommentsParams"},
		{"Comment Reactions", "postCommentReaction", "postCommentReaction", "PostCommentReactionParams"},
		{"Users", "getMe", "getMe", "UsersGetMeParams"},
		{"comments", "comments/list-comments", "list-comments", "CommentsListCommentsParams"},
		{"Search", "search", "search", "SearchParams"},
	} {
		g := &model.Group{Key: c.group}
		op := &model.Operation{ID: c.id, Method: "GET", Path: "/x", Name: c.name, Group: g, Params: []*model.Param{{Name: "q", In: "query", Ref: &model.Ref{}}}}
		g.Ops = []*model.Operation{op}
		Assign(&model.API{Provider: "p", Ops: g.Ops, Groups: []*model.Group{g}}, Options{})
		if op.ParamsType != c.want {
			t.Errorf("%s in %s: %s, want %s", c.id, c.group, op.ParamsType, c.want)
		}
	}
}

// Variants that the document tells apart by number, or calls alike, are called by
// their types where a person has named those.
func TestVariantsOfNamedTypes(t *testing.T) {
	for _, hints := range [][2]string{{"object", "object2"}, {"UPDATE", "UPDATE"}} {
		u := &model.Type{Key: "Change", Kind: model.Union}
		all := []*model.Type{u}
		for i, key := range []string{"inline.1", "inline.2"} {
			v := &model.Type{Key: key, Kind: model.Struct}
			all = append(all, v)
			u.Variants = append(u.Variants, &model.Variant{Ref: &model.Ref{Kind: model.Named, Type: v}, Word: hints[i]})
		}
		Assign(&model.API{Provider: "p", Types: all}, Options{Types: map[string]string{"inline.1": "ChangeSkip", "inline.2": "ChangeSkipTo"}})
		if a, b := u.Variants[0].Name, u.Variants[1].Name; a != "Skip" || b != "SkipTo" {
			t.Errorf("%q: variants %s and %s", hints, a, b)
		}
	}
}
