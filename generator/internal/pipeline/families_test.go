package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/config"
	"github.com/grantwire/grantwire/generator/internal/model"
)

// TestFamilies: a pattern's "*" stands for any text, slashes too, and nothing else in
// it is special. What no operation fits is refused, unless only some were asked for.
func TestFamilies(t *testing.T) {
	api := &model.API{}
	for _, id := range []string{"activity/set-repo-subscription", "activity/set-thread-subscription", "activity/list", "get /a[x]?", "get /ax", `odd\*`} {
		api.Ops = append(api.Ops, &model.Operation{ID: id})
	}
	conf := func(family string, patterns ...string) *config.Provider {
		return &config.Provider{Name: "p", Families: map[string][]string{family: patterns, "admin": {"activity/list"}}}
	}
	for _, c := range []struct {
		pattern string
		ids     []string // none: the pattern is refused
	}{
		{"activity/list", []string{"activity/list"}},
		{"activity/set-*-subscription", []string{"activity/set-repo-subscription", "activity/set-thread-subscription"}},
		{"act*n", []string{"activity/set-repo-subscription", "activity/set-thread-subscription"}},
		{"get /a[x]*", []string{"get /a[x]?"}},
		{"get*?", []string{"get /a[x]?"}},
		{`odd\*`, []string{`odd\*`}},
		{"activity/lis", nil},
		{"activity", nil},
		{"ctivity*", nil},
		{"activity.list*", nil},
	} {
		want := map[string][]string{"activity/list": {"admin"}}
		for _, id := range c.ids {
			want[id] = append(want[id], "send")
		}
		got, diags := families(api, conf("send", c.pattern), false)
		if diff := cmp.Diff(want, got); diff != "" || len(diags) > 0 != (c.ids == nil) {
			t.Errorf("%q: %v\n%s", c.pattern, diags, diff)
		}
		for _, d := range diags {
			if d.Code != "family-unknown-operation" || d.Remedy == "" {
				t.Errorf("%q: %v", c.pattern, d)
			}
		}
		if _, diags := families(api, conf("send", c.pattern), true); len(diags) > 0 {
			t.Errorf("%q of some operations: %v", c.pattern, diags)
		}
	}
	twice, _ := families(api, conf("send", "activity/list", "activity/*"), false)
	if diff := cmp.Diff([]string{"admin", "send"}, twice["activity/list"]); diff != "" {
		t.Errorf("an operation that two patterns fit:\n%s", diff)
	}
}
