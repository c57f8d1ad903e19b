package names

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// api makes an API of lines "METHOD /path tag id", in the order of paths.
func api(lines ...string) *model.API {
	out := &model.API{Provider: "p"}
	groups := map[string]*model.Group{}
	for _, line := range lines {
		f := strings.Split(line, " ")
		g := groups[f[2]]
		if g == nil {
			g = &model.Group{Key: f[2]}
			groups[f[2]] = g
			out.Groups = append(out.Groups, g)
		}
		op := &model.Operation{Method: f[0], Path: f[1], ID: f[3], Name: f[3], Group: g}
		g.Ops, out.Ops = append(g.Ops, op), append(out.Ops, op)
	}
	return out
}

func spokenNames(a *model.API) []string {
	var out []string
	for _, op := range a.Ops {
		out = append(out, op.Group.Name+"."+op.Name)
	}
	return out
}

// TestConventions: what frameworks put into an ID beside the name of the function is
// left out where the rest tells the operations of a group apart.
func TestConventions(t *testing.T) {
	for name, test := range map[string]struct{ ops, want []string }{
		"class and method": {
			[]string{"GET / - AppController_getHello", "GET /cats cats CatsController_findAll", "POST /cats cats CatsController_create", "GET /v1/u Users UsersController_all_v1", "GET /v2/u Users UsersController_all_v2", "GET /v2/x Users UsersController_any_v2"},
			[]string{"Default.GetHello", "Cats.FindAll", "Cats.Create", "Users.AllV1", "Users.AllV2", "Users.Any"},
		},
		"a class for each deed": {
			[]string{"POST /d D DialogsCreate_Dialog", "GET /d D DialogsGet_GetDialog", "DELETE /d D DialogsDelete_Dialog", "GET /m D UsersController_me"},
			[]string{"D.CreateDialog", "D.GetDialog", "D.DeleteDialog", "D.Me"},
		},
		"IDs that only say the route": {
			[]string{"GET /v3/teams/{team_id}/members w get_v3teams{team_id}members", "POST /v3/teams/{team_id}/members w postV3TeamsByTeamIdMembers", "GET /v3/x w get-x"},
			[]string{"W.ListTeamMembers", "W.CreateTeamMember", "W.GetX"},
		},
		"two classes in one group": {
			[]string{"GET /a A FooController_get", "GET /b A BarController_get", "GET /c A BarController_put"},
			[]string{"A.FooGet", "A.BarGet", "A.Put"},
		},
		"route behind the name": {
			[]string{"GET / - root__get", "GET /api/users/{user_id} users read_user_api_users__user_id__get", "POST /api/users/ users create_api_users__post", "GET /x users getX"},
			[]string{"Default.Root", "Users.ReadUser", "Users.Create", "Users.GetX"},
		},
		"a word that reads like a route": {
			[]string{"GET /x users api_x_get", "POST /x users createX"},
			[]string{"Users.APIXGet", "Users.CreateX"},
		},
		"numbers": {
			[]string{"DELETE /o order-controller delete", "DELETE /o/x order-controller delete_1", "GET /o order-controller list", "DELETE /u user-controller delete_2", "GET /u user-controller list_1", "GET /u/y user-controller ipv_4"},
			[]string{"Order.Delete", "Order.Delete1", "Order.List", "User.Delete", "User.List", "User.Ipv4"},
		},
		"spaces": {
			[]string{"GET /users User users.index", "GET /users/{id} User users.show", "GET /a User admin.users.index", "GET /up Up generated::x"},
			[]string{"User.Index", "User.Show", "User.AdminUsersIndex", "Up.GeneratedX"},
		},
		"thing and deed": {
			[]string{"GET /c Customers customer-get", "GET /c/n Customers customer-name", "POST /t Transfers transfer_funds"},
			[]string{"Customers.Get", "Customers.CustomerName", "Transfers.TransferFunds"},
		},
		"the API in front of every group": {
			[]string{"GET /a TalkV1 listA", "GET /b TalkV1Message listB", "GET /c TalkV1User listC"},
			[]string{"TalkV1.ListA", "Message.ListB", "User.ListC"},
		},
		"layers": {
			[]string{"GET /a UserService UserService_Get", "GET /b User User_Get", "GET /c PetService PetService_Get", "GET /d HomeController Home_Get"},
			[]string{"UserService.Get", "User.Get", "Pet.Get", "Home.Get"},
		},
	} {
		a := api(test.ops...)
		Assign(a, Options{})
		if diff := cmp.Diff(test.want, spokenNames(a)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// TestKeysInNameSpaces: a component is called by the last words of its key that no
// other has.
func TestKeysInNameSpaces(t *testing.T) {
	want := map[string]string{
		"io.k8s.api.core.v1.Pod": "Pod",
		"io.k8s.core.v1.Event":   "CoreV1Event",
		"io.k8s.events.v1.Event": "EventsV1Event",
		"models.User":            "User",
		"app__models__Item":      "ModelsItem",
		"app__schemas__Item":     "SchemasItem",
		"Order":                  "Order",
		"Order.Status":           "OrderStatus",
		"My.App.Order":           "AppOrder",
		"My.App.Order.Line":      "OrderLine",
		"Record_string.any_":     "RecordStringAny",
		"ApiResponse<A.UserDto>": "APIResponseUserDto",
		"Page«UserDto»":          "PageUserDto",
		"A.Paged`1[[A.B.UserDto, A, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null]]": "PagedUserDto",
		"Body_up_x_post": "DefaultUpBody",
	}
	a := api("POST /x - up_x_post")
	for key := range want {
		a.Types = append(a.Types, &model.Type{Key: key, Kind: model.Struct})
	}
	Assign(a, Options{})
	for _, typ := range a.Types {
		if typ.Name != want[typ.Key] {
			t.Errorf("%s is %s, want %s", typ.Key, typ.Name, want[typ.Key])
		}
	}
}

// TestGroupsArePinned: a document that renames its tags, or moves an operation to
// another one, leaves the operations that the list knows where they are; what is new
// joins those of its tag.
func TestGroupsArePinned(t *testing.T) {
	first := api("GET /a Users getA", "GET /b Users getB", "GET /c Teams getC")
	Assign(first, Options{})
	next := func() *model.API {
		return api("GET /a People getA", "GET /b People getB", "GET /c People getC", "GET /d People getD", "GET /e Teams getE")
	}
	for name, test := range map[string]struct {
		opts Options
		want []string
	}{
		"list":              {Options{}, []string{"Users.GetA", "Users.GetB", "Teams.GetC", "Users.GetD", "Teams.GetE"}},
		"named":             {Options{Groups: map[string]string{"People": "Humans"}}, []string{"Humans.GetA", "Humans.GetB", "Humans.GetC", "Humans.GetD", "Teams.GetE"}},
		"moved by a person": {Options{Moved: map[string]string{"getC": "People"}}, []string{"Users.GetA", "Users.GetB", "Users.GetC", "Users.GetD", "Teams.GetE"}},
	} {
		a := next()
		test.opts.List = List(first)
		diags := Assign(a, test.opts)
		if diff := cmp.Diff(test.want, spokenNames(a)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		for _, g := range a.Groups {
			for _, op := range g.Ops {
				if op.Group != g || g.Deco != g.Name+"Service" {
					t.Errorf("%s: %s stands in %s and says %s", name, op.ID, g.Name, op.Group.Name)
				}
			}
		}
		if told := len(diags) > 0 && diags[0].Code == "group-kept"; told != (name != "named") {
			t.Errorf("%s: %v", name, diags)
		}
	}
	if again := api("GET /a Users getA", "GET /b Users getB", "GET /c Teams getC"); len(Assign(again, Options{List: List(first)})) > 0 {
		t.Error("an unchanged document says something")
	}
}

// TestPinnedTypeBeforeNewService: a new service can't take the name of a type that the
// list has.
func TestPinnedTypeBeforeNewService(t *testing.T) {
	a := api("GET /a Users getA", "GET /b Pool getB")
	a.Types = []*model.Type{{Key: "pool-service", Kind: model.Struct}}
	Assign(a, Options{List: []byte("op\tUsers.GetA\tGET /a\ntype\tPoolService\tpool-service\t-\n")})
	if a.Types[0].Name != "PoolService" || a.Groups[1].Deco != "PoolAPIService" {
		t.Errorf("the type is %s, the service %s", a.Types[0].Name, a.Groups[1].Deco)
	}
}
