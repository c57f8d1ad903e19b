package split

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/grantwire/grantwire/generator/internal/model"
)

// drawn is an API as it comes from package lower: types that refer to each other in
// any way, cycles included, and operations of some resources.
func drawn(t *rapid.T) *model.API {
	api := &model.API{Provider: "p"}
	for i := range rapid.IntRange(1, 14).Draw(t, "types") {
		key := fmt.Sprintf("t%02d", i)
		if rapid.Bool().Draw(t, "inline") {
			key = "inline." + key
		}
		api.Types = append(api.Types, &model.Type{Key: key})
	}
	named := func() *model.Ref {
		r := &model.Ref{Kind: model.Named, Type: rapid.SampledFrom(api.Types).Draw(t, "type")}
		if rapid.Bool().Draw(t, "list") {
			r = &model.Ref{Kind: model.Array, Elem: r}
		}
		return r
	}
	for _, typ := range api.Types {
		for range rapid.IntRange(0, 3).Draw(t, "fields") {
			typ.Fields = append(typ.Fields, &model.Field{Ref: named()})
		}
	}
	group := &model.Group{Key: "g"}
	for i := range rapid.IntRange(1, 12).Draw(t, "operations") {
		api.Ops = append(api.Ops, &model.Operation{
			Path: strconv.Itoa(i), Group: group, Result: model.Result{Ref: named()},
			Resource: rapid.SampledFrom([]string{"users", "teams", "files", "chats", "internal", "t01"}).Draw(t, "resource"),
		})
	}
	return api
}

// checkParts: every type and operation stands in one package, what it refers to
// stands there or in an earlier one, and packages of operations don't know each
// other. So no two packages can import each other.
func checkParts(t *rapid.T, api *model.API) {
	at := map[*model.Package]int{}
	names := map[string]bool{}
	types, ops := 0, 0
	for i, part := range api.Parts {
		at[part.Home] = i
		if names[part.Home.Name] || path.Base(part.Home.Path) != part.Home.Name {
			t.Fatalf("two packages are called %s, or it lives in %s", part.Home.Name, part.Home.Path)
		}
		names[part.Home.Name] = true
		types += len(part.Types)
		ops += len(part.Ops)
	}
	if types != len(api.Types) || ops != len(api.Ops) {
		t.Fatalf("%d of %d types and %d of %d operations have a package", types, len(api.Types), ops, len(api.Ops))
	}
	for i, part := range api.Parts {
		see := func(r *model.Ref) {
			for ; r != nil; r = r.Elem {
				if r.Type == nil {
					continue
				}
				home := r.Type.Home
				if at[home] > i {
					t.Fatalf("%s refers to %s in the later %s", part.Home.Path, r.Type.Key, home.Path)
				}
				if home != part.Home && len(api.Parts[at[home]].Ops) > 0 {
					t.Fatalf("%s refers to %s in %s, which has operations", part.Home.Path, r.Type.Key, home.Path)
				}
			}
		}
		for _, typ := range part.Types {
			model.Walk(typ, see)
		}
		for _, op := range part.Ops {
			model.Roots(op, see)
		}
	}
}

func homes(api *model.API) map[string]string {
	out := map[string]string{}
	for _, t := range api.Types {
		out[t.Key] = t.Home.Path
	}
	return out
}

func paths(api *model.API) []string {
	var out []string
	for _, p := range api.Parts {
		out = append(out, p.Home.Path)
	}
	return out
}

func TestNoImportCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		api := drawn(t)
		Run(api, Options{})
		checkParts(t, api)
	})
}

// TestKeeps: whatever an earlier run said, also about other types, the result has no
// cycle; and what it said about this very API is what comes out again.
func TestKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := drawn(t)
		Run(first, Options{})
		packages, had := paths(first), homes(first)
		if rapid.Bool().Draw(t, "foreign") {
			second := drawn(t) // types of the same names that refer to each other otherwise
			Run(second, Options{Packages: packages, Home: func(typ *model.Type) string { return had[typ.Key] }})
			checkParts(t, second)
			return
		}
		forget(t, first)
		diags := Run(first, Options{Packages: packages, Home: func(typ *model.Type) string { return had[typ.Key] }})
		if diff := cmp.Diff(had, homes(first)); diff != "" || len(diags) > 0 {
			t.Fatalf("a second run moves types (%v):\n%s", diags, diff)
		}
		if diff := cmp.Diff(packages, paths(first)); diff != "" {
			t.Fatalf("a second run makes other packages:\n%s", diff)
		}
	})
}

func forget(t *rapid.T, api *model.API) {
	t.Helper()
	api.Parts = nil
	for _, typ := range api.Types {
		typ.Home = nil
	}
}

// api is a small API in a notation of its own: "users: A; teams: A B; A > B".
func notation(text string) *model.API {
	api := &model.API{Provider: "p"}
	byKey := map[string]*model.Type{}
	ref := func(key string) *model.Ref {
		if byKey[key] == nil {
			byKey[key] = &model.Type{Key: key}
			api.Types = append(api.Types, byKey[key])
		}
		return &model.Ref{Kind: model.Named, Type: byKey[key]}
	}
	group := &model.Group{Key: "g"}
	for line := range strings.SplitSeq(text, ";") {
		if from, to, ok := strings.Cut(line, " > "); ok {
			r := ref(strings.TrimSpace(from))
			for key := range strings.FieldsSeq(to) {
				r.Type.Fields = append(r.Type.Fields, &model.Field{Ref: ref(key)})
			}
			continue
		}
		resource, keys, _ := strings.Cut(line, ":")
		for key := range strings.FieldsSeq(keys) {
			api.Ops = append(api.Ops, &model.Operation{Group: group, Resource: strings.TrimSpace(resource), Result: model.Result{Ref: ref(key)}})
		}
	}
	slices.SortFunc(api.Types, func(a, b *model.Type) int { return strings.Compare(a.Key, b.Key) })
	return api
}

func TestHomes(t *testing.T) {
	for _, test := range []struct {
		name, api string
		opts      Options
		want      map[string]string
		codes     []string
	}{
		{name: "alone or shared", api: "users: A; teams: B; A > D; B > D",
			want: map[string]string{"A": "users", "B": "teams", "D": "models/d"}},
		{name: "a cycle stays together", api: "users: A; teams: B; A > B; B > A C; C > B",
			want: map[string]string{"A": "models/a", "B": "models/a", "C": "models/a"}},
		{name: "names", api: "users: A; internal: B; Func: B A", opts: Options{Names: map[string]string{"users": "people", "A": "alpha"}},
			want: map[string]string{"A": "models/alpha", "B": "models/b"}},
		{name: "two resources in one package", api: "users: A; teams: A", opts: Options{Names: map[string]string{"teams": "users"}},
			want: map[string]string{"A": "users"}},
		{name: "a new type joins those that are there", api: "users: A N; teams: A N", opts: kept("models/a users teams", "A models/a"),
			want: map[string]string{"A": "models/a", "N": "models/a"}},
		{name: "a type that others need leaves its client", api: "users: A; teams: A", opts: kept("users teams", "A users"),
			want: map[string]string{"A": "models/a"}, codes: []string{"type-moved"}},
		{name: "a reference that would close a cycle", api: "users: A B; teams: A B; A > B", opts: kept("models/a models/b users teams", "A models/a B models/b"),
			want: map[string]string{"A": "models/a", "B": "models/a"}, codes: []string{"type-moved"}},
		{name: "a shared type stays shared", api: "users: A; teams: B", opts: kept("models/a teams users", "A models/a"),
			want: map[string]string{"A": "models/a", "B": "teams"}},
		{name: "a resource called like a package of types", api: "users: A; teams: A; a: A", opts: kept("models/a teams users", "A models/a"),
			want: map[string]string{"A": "models/a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := notation(test.api)
			var codes []string
			for _, d := range Run(api, test.opts) {
				codes = append(codes, d.Code)
			}
			if diff := cmp.Diff(test.want, homes(api)); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(codes, test.codes) {
				t.Errorf("got diagnostics %v, want %v", codes, test.codes)
			}
		})
	}
}

func kept(packages, pairs string) Options {
	f := strings.Fields(pairs)
	return Options{Packages: strings.Fields(packages), Home: func(t *model.Type) string {
		if i := slices.Index(f, t.Key); i >= 0 {
			return f[i+1]
		}
		return ""
	}}
}

func TestPackageName(t *testing.T) {
	for word, want := range map[string]string{
		"deviceManagement": "devicemanagement", "internal": "internalapi", "func": "funcapi", "string": "stringapi", "con": "conapi",
		"oauth2-grants": "oauth2grants", "2fa": "n2fa", "Ärzte": "rzte", "日本": "unnamedapi", "main": "mainapi", "vendor": "vendorapi", "context": "contextapi",
	} {
		if got := packageName(word, "api"); got != want {
			t.Errorf("packageName(%q) = %q, want %q", word, got, want)
		}
	}
}
