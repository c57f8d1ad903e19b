package normalize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is sent of a path, and which parameters are left.
func TestTemplate(t *testing.T) {
	for _, c := range []struct{ name, path, declared, sent, params, codes string }{
		{"a plain path", "/a/{b}", "path b", "/a/{b}", "path b", ""},
		{"a fragment", "/a/{b}#open", "path b", "/a/{b}", "path b", "path-fragment"},
		{"a fragment of a query protocol", "/#Action=Get", "", "/", "", "path-fragment"},
		{"a variable behind #", "/a#env/{b}", "path b", "/a#env/{b}", "path b", ""},
		{"a fixed query", "/a?v=2", "", "/a?v=2", "", ""},
		{"a query variable declared in the path", "/a?lat={lat}", "path lat", "/a", "query lat", "query-in-path"},
		{"a query variable of another name", "/a?q={text}&v=2", "path text", "/a?v=2", "query q", "query-in-path"},
		{"a query variable that is declared as such", "/a?q={q}", "query q", "/a", "query q", ""},
		{"a query variable that nobody declared", "/a?q={q}", "", "/a", "query q", "query-in-path"},
		{"a variable as a name", "/a?{x}=1", "path x", "/a", "", "query-in-path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			params := ""
			if in, name, ok := strings.Cut(c.declared, " "); ok {
				params = `{"name":"` + name + `","in":"` + in + `","required":true,"schema":{"type":"string"}}`
			}
			form, diags := Run(decode(t, `{"openapi":"3.0.3","paths":{"`+c.path+`":{"get":{"parameters":[`+params+`],"responses":{}}}}}`), Options{})
			op, _ := at(form.Root, "paths", c.path, "get").(tree)
			sent := text(op, TemplateKey)
			if sent == "" {
				sent = c.path
			}
			var got, codes []string
			for _, p := range trees(list(op, "parameters")) {
				got = append(got, text(p, "in")+" "+text(p, "name"))
			}
			for _, d := range diags {
				codes = append(codes, d.Code)
			}
			if diff := cmp.Diff([]string{c.sent, c.params, c.codes}, []string{sent, strings.Join(got, ", "), strings.Join(codes, " ")}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
