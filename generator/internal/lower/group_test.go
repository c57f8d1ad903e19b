package lower

import (
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/model"
)

func TestGroupsFromOperationIDs(t *testing.T) {
	for ids, want := range map[string]string{
		"mail.users.get mail.users.drafts.list mail.labels.list": "labels:list users.drafts:list users:get",
		"mail.users.get post.users.list":                         "t:mail.users.get t:post.users.list", // no common word in front
		"mail.get mail.users.list":                               "t:mail.get t:mail.users.list",       // one without a group
		"mail.users. mail.users.list":                            "t:mail.users. t:mail.users.list",
		"users/get users/list":                                   "users:get users:list",
	} {
		if got := groups(Options{}, strings.Fields(ids)); got != want {
			t.Errorf("%s: %s, want %s", ids, got, want)
		}
	}
}

func TestOperationInAnotherGroup(t *testing.T) {
	ids := []string{"mail.users.get", "mail.v1.sendUser"}
	if got, want := groups(Options{Moves: map[string]string{"mail.v1.sendUser": "users"}}, ids), "users:get users:sendUser"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := groups(Options{Moves: map[string]string{"mail.v1.send": "users"}}, ids), "users:get v1:sendUser group-unknown-operation"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// groups lists group and method of each operation, and codes.
func groups(opts Options, ids []string) string {
	l, all := &lowerer{opts: opts}, &model.API{}
	for _, id := range ids {
		all.Ops = append(all.Ops, &model.Operation{ID: id, Path: "/" + id + "/x", Tag: "t"})
	}
	l.group(all)
	var out []string
	for _, op := range all.Ops {
		out = append(out, op.Group.Key+":"+op.Name)
	}
	slices.Sort(out)
	for _, d := range l.diags {
		out = append(out, d.Code)
	}
	return strings.Join(out, " ")
}
