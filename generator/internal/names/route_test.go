package names

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// named gives the methods of one group by their routes.
func named(t *testing.T, opts Options, group string, routes ...string) map[string]string {
	t.Helper()
	g := &model.Group{Key: group}
	api := &model.API{Provider: "p", Groups: []*model.Group{g}}
	for _, r := range routes {
		method, path, _ := strings.Cut(r, " ")
		op := &model.Operation{ID: strings.ToLower(method) + "-an-" + path, Name: "x-" + path, Method: method, Path: path, Group: g}
		g.Ops, api.Ops = append(g.Ops, op), append(api.Ops, op)
	}
	Assign(api, opts)
	out := map[string]string{}
	for _, op := range api.Ops {
		out[op.Method+" "+op.Path] = op.Name
	}
	return out
}

// byPath is the order in which operations are read.
func byPath(x, y string) int {
	xm, xp, _ := strings.Cut(x, " ")
	ym, yp, _ := strings.Cut(y, " ")
	return cmp.Or(cmp.Compare(xp, yp), cmp.Compare(xm, ym))
}

func TestMethodsNamedByRoute(t *testing.T) {
	for group, want := range map[string]map[string]string{
		"board": {
			"GET /boards":                              "List",
			"POST /boards":                             "Create",
			"GET /boards/{id}":                         "Get",
			"PUT /boards/{id}":                         "Update",
			"DELETE /boards/{id}":                      "Delete",
			"GET /boards/{id}/{field}":                 "GetField",
			"GET /boards/{id}/cards":                   "ListCards",
			"POST /boards/{id}/cards":                  "CreateCard",
			"GET /boards/{id}/cards/{card}":            "GetCard",
			"GET /boards/{id}/actions":                 "ListActions",
			"POST /boards/{id}/actions/send":           "Send",
			"POST /boards/{id}/cards/{c}/move-forward": "MoveCardForward",
			"GET /boards/{id}/member":                  "GetMember",
			"GET /boards/{id}/member/{field}":          "GetMemberField",
		},
		"Comments": {
			"GET /v2.1/files/{file_id}/comments": "ListForFile",
			"GET /api/v2/comments/{id}.json":     "Get",
			"PATCH /api/v2/comments/{id}.json":   "Update",
			"PUT /api/v2/comments/{id}.json":     "Set",
			"DELETE /comments":                   "DeleteComments",
			"GET /comments/search":               "Search",
			"GET /marketing/comments/count":      "GetCount",
			"GET /comments/{id}#show_all":        "ShowAll",
			"GET /comments/thumb.{extension}":    "GetThumb",
		},
		"DNS": {"GET /zones/{zone}/dns": "GetForZone"},
		"Merge fields": {
			"POST /lists/{list}/merge-fields": "CreateForList", // a thing, because it can be had
			"GET /lists/{list}/merge-fields":  "ListForList",
		},
	} {
		got := named(t, Options{Routes: true}, group, slices.SortedFunc(maps.Keys(want), byPath)...)
		for r, name := range want {
			if got[r] != name {
				t.Errorf("%s: %s is %s, want %s", group, r, got[r], name)
			}
		}
	}
}

func TestGroupsAndArticles(t *testing.T) {
	g := &model.Group{Key: "Api2010Album"}
	op := &model.Operation{ID: "get-an-album", Name: "get-an-album", Method: "GET", Path: "/albums/{id}", Group: g}
	g.Ops = []*model.Operation{op}
	Assign(&model.API{Groups: []*model.Group{g}, Ops: g.Ops}, Options{Strip: []string{"Api2010"}})
	if g.Name != "Album" || op.Name != "GetAlbum" {
		t.Errorf("%s.%s, want Album.GetAlbum", g.Name, op.Name)
	}
}

func TestGroupLeavesTheName(t *testing.T) {
	for _, test := range [][3]string{
		{"list-credential-list-mappings", "CredentialListMapping", "ListCredentialListMappings"},
		{"apps-list-apps", "Apps", "ListApps"},
		{"apps", "Apps", "Apps"},
	} {
		g := &model.Group{Key: test[1]}
		op := &model.Operation{ID: test[0], Name: test[0], Method: "GET", Path: "/x", Group: g}
		g.Ops = []*model.Operation{op}
		Assign(&model.API{Groups: []*model.Group{g}, Ops: g.Ops}, Options{})
		if op.Name != test[2] {
			t.Errorf("%s in %s is %s, want %s", test[0], test[1], op.Name, test[2])
		}
	}
}
