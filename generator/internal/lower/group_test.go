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

func TestGroupsFromFirstSegments(t *testing.T) {
	if got, want := groups(Options{Grouping: GroupFirst}, []string{"getUsers", "getMails"}), "getMails:getMails getUsers:getUsers"; got != want {
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

// Without tags, the paths sort the operations where they name things.
func TestGroupsFromPaths(t *testing.T) {
	for paths, want := range map[string]string{
		"/v1/users /v1/users/{id} /v1/orders /v1/orders/{id} /v1/health": "health orders orders users users",
		"/createPlan /deletePlan /listPlans /plans/{id} /plans":          "default default default default default",
		"/v20210603/monitors /v20210603/monitors/{id}":                   "monitors monitors",
		"/2015-03-31/functions /2015-03-31/functions/{id}":               "functions functions",
		"/v1beta1/things /v1beta1/things/{id}":                           "things things",
		"/#Target=A.Get /#Target=A.Put":                                  "default default",
		"/chat.post /chat.delete /users.list":                            "chat chat users",
		"/latest.json /history.json":                                     "default default",
		"/{id} /{id}/x":                                                  "default default",
	} {
		l, all := &lowerer{}, &model.API{}
		for path := range strings.FieldsSeq(paths) {
			sent, _, _ := strings.Cut(path, "#")
			all.Ops = append(all.Ops, &model.Operation{ID: "get " + path, Path: path, Template: sent})
		}
		l.group(all)
		var got []string
		for _, op := range all.Ops {
			got = append(got, op.Group.Key)
		}
		slices.Sort(got)
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: %s, want %s", paths, got, want)
		}
	}
}
