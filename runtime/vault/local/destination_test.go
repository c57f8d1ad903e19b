package local

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
)

func TestParseDestination(t *testing.T) {
	good := map[string]destination{
		"https://api.github.com":                       {"https://api.github.com", "/", ""},
		"https://api.github.com?a=1":                   {"https://api.github.com", "/", "a=1"},
		"HTTPS://API.github.COM:443/a%2Fb?x#y?z":       {"https://api.github.com", "/a%2Fb", "x"},
		"https://h.example:8443/a b/\u00e9?q=\u00e9 x": {"https://h.example:8443", "/a%20b/%C3%A9", "q=%C3%A9%20x"},
		"http://127.0.0.1:80/":                         {"http://127.0.0.1", "/", ""},
		"http://localhost:8080/x":                      {"http://localhost:8080", "/x", ""},
		"http://[::1]:8080/x":                          {"http://[::1]:8080", "/x", ""},
		"https://[2001:DB8:0::1]/":                     {"https://[2001:db8::1]", "/", ""},
		"https://xn--bcher-kva.example/":               {"https://xn--bcher-kva.example", "/", ""},
		"https://10.0.0.1/":                            {"https://10.0.0.1", "/", ""},
		"https://a_b.example/../x":                     {"https://a_b.example", "/../x", ""},
	}
	for raw, want := range good {
		if got, err := parseDestination(raw); err != nil || got != want {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
	bad := []string{
		"", "api.github.com", "//api.github.com", "ftp://h.example", "https:/h.example", "https:h.example", "https://", "https:///x", " https://h.example",
		"http://h.example", "http://127.0.0.2", "http://localhost.", "http://0.0.0.0", "https://h.example.", "https://.h.example", "https://h..example",
		"https://u@h.example", "https://@h.example", "https://u:p@h.example", "https://h.example\\@x", "https://h.example\\.x", "https://h%2eexample",
		"https://b\u00fccher.example", "https://h\u3002example", "https://\u212aelvin.example", "https://h.example:", "https://h.example:0", "https://h.example:0443",
		"https://h.example:65536", "https://h.example:+1", "https://h.example:1:2", "https://127.1", "https://0x7f000001", "https://2130706433", "https://0177.0.0.1",
		"https://[::1", "https://[::1]x", "https://[fe80::1%25eth0]", "https://[::ffff:127.0.0.1]", "https://[127.0.0.1]", "https://-h.example", "https://h-.example",
		"https://h.example/\x00", "https://h.example/\n", "https://h.example\t/", "https://h example", "https://*.example", "https://h.example/%zz", "https://h,x",
		"https://" + strings.Repeat("a", 64) + ".example", "https://" + strings.Repeat("a.", 127) + "example",
	}
	for _, raw := range bad {
		if got, err := parseDestination(raw); err == nil {
			t.Errorf("%q was taken as %+v", raw, got)
		} else if raw != "" && len(raw) > 8 && strings.Contains(err.Error(), raw) {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func TestDestinationErrors(t *testing.T) {
	for raw, want := range map[string]error{
		"https://u:p@h.example/": errURLUserInfo, "http://h.example/": errURLScheme, "https://h.example./": errURLHost,
		"https://h.example/%zz": errURLPath, "https://h.example/\n": errURLControl,
	} {
		if _, err := parseDestination(raw); err != want { //nolint:errorlint // returned bare
			t.Errorf("%q: %v, want %v", raw, err, want)
		}
	}
}

// FuzzDestination: whatever is accepted, the standard parser (which dials in
// proxy mode and in Go clients) reads the same place out of it.
func FuzzDestination(f *testing.F) {
	for _, s := range []string{
		"https://api.github.com/user?x=1#f", "https://api.github.com@evil.example/", `https://evil.example\@api.github.com/`, "https://api.github.com:443",
		"HTTPS://API.GITHUB.COM/", "https://api.github.com./", "https://api.githu\u212a.com/", "http://[::1]:80/", "https://api.github.com%00.evil.example",
		"https://api.github.com:443:80/", "https://api.github.com?@evil.example/", "https://api.github.com#@evil.example/", "https:\\\\api.github.com/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		d, err := parseDestination(raw)
		if err != nil {
			return
		}
		for _, form := range []string{d.origin + d.path, d.origin + d.path + "?" + d.query} {
			u, err := url.Parse(form)
			if err != nil || u.User != nil || u.Scheme+"://"+u.Host != d.origin {
				t.Fatalf("%q became %q, which parses as %v, %v", raw, form, u, err)
			}
		}
		if u, err := url.Parse(raw); err == nil {
			host, port := asciiLower(u.Hostname()), u.Port()
			want := strings.TrimPrefix(strings.TrimPrefix(d.origin, "https://"), "http://")
			if !strings.HasPrefix(want, "[") && want != host && want != host+":"+port {
				t.Fatalf("%q: the standard parser goes to %s, the vault thinks %s", raw, u.Host, d.origin)
			}
		}
		again, err := parseDestination(d.origin + d.path)
		if err != nil || again.origin != d.origin || again.path != d.path {
			t.Fatalf("%q: not stable: %+v, %+v, %v", raw, d, again, err)
		}
		for _, r := range d.origin + d.path + d.query {
			if r <= ' ' || r >= 0x7f {
				t.Fatalf("%q: raw character in %+v", raw, d)
			}
		}
	})
}

func table(t testing.TB, base string, ops ...api.Operation) *operationTable {
	t.Helper()
	own, err := ownTemplates(base, ops)
	if err != nil {
		t.Fatal(err)
	}
	return newOperationTable(own, nil)
}

func spanning(op api.Operation, names ...string) api.Operation {
	op.Segments = names
	return op
}

func TestOperationMatch(t *testing.T) {
	op := func(id, method, path string) api.Operation { return api.Operation{ID: id, Method: method, Path: path} }
	tbl := table(t, "https://api.example.com/v3",
		op("repos/get", "GET", "/repos/{owner}/{repo}"), op("repos/delete", "DELETE", "/repos/{owner}/{repo}"),
		op("repos/search", "GET", "/repos/search/{repo}"), spanning(op("contents", "GET", "/repos/{owner}/{repo}/contents/{path}"), "path"),
		op("compare", "GET", "/repos/{owner}/{repo}/compare/{base}...{head}"), op("root", "GET", "/"), op("gist", "GET", "/gists/{id}.json"),
		spanning(op("get-ref", "GET", "/repos/{owner}/{repo}/git/ref/{ref}"), "ref"),
		spanning(op("branch", "GET", "/repos/{owner}/{repo}/branches/{branch}"), "branch"), spanning(op("protection", "GET", "/repos/{owner}/{repo}/branches/{branch}/protection"), "branch"), op("zip", "GET", "/repos/{owner}/{repo}/{format}/{ref}"),
		spanning(op("person", "PATCH", "/v1/{name}"), "name"), spanning(op("photo", "PATCH", "/v1/{name}:photo"), "name"),
		op("post", "POST", "/chat.postMessage"), op("b-same", "GET", "/same/{b}"), op("a-same", "GET", "/same/{a}"),
		op("run", "POST", "/jobs/{id}?action=run"), op("stop", "POST", "/jobs/{id}?action=stop"), op("job", "POST", "/jobs/{id}"),
	)
	tests := map[string]string{
		"GET https://api.example.com/v3/repos/o/r":                         "repos/get",
		"DELETE https://api.example.com/v3/repos/o/r":                      "repos/delete",
		"GET https://API.example.com:443/v3/repos/o/r?x=1":                 "repos/get",
		"GET https://api.example.com/v3/repos/search/r":                    "repos/search",
		"GET https://api.example.com/v3/repos/%73earch/r":                  "repos/search",
		"GET https://api.example.com/v3/repos/o/r%2Fx":                     "repos/get",
		"GET https://api.example.com/v3/repos/o/r/contents/a/b/c.txt":      "contents",
		"GET https://api.example.com/v3/repos/o/r/contents/a":              "contents",
		"GET https://api.example.com/v3/repos/o/r/compare/a...b":           "compare",
		"GET https://api.example.com/v3/repos/o/r/compare/ab":              "zip",
		"GET https://api.example.com/v3/repos/o/r/git/ref/heads/main":      "get-ref",
		"GET https://api.example.com/v3/repos/o/r/branches/a/b":            "branch",
		"GET https://api.example.com/v3/repos/o/r/branches/a/b/protection": "protection",
		"GET https://api.example.com/v3/repos/o/r/branches/a//protection":  "",
		"GET https://api.example.com/v3/repos/o/r/branches/protection":     "branch",
		"GET https://api.example.com/v3/":                                  "root",
		"GET https://api.example.com/v3/gists/1.json":                      "gist",
		"GET https://api.example.com/v3/same/1":                            "a-same",
		"POST https://api.example.com/v3/jobs/1?x=y&action=stop":           "stop",
		"POST https://api.example.com/v3/jobs/1?action=run":                "run",
		"POST https://api.example.com/v3/jobs/1?action=run&action=stop":    "job",
		"POST https://api.example.com/v3/jobs/1":                           "job",
		"POST https://api.example.com/v3/chat.postMessage":                 "post",
		"PATCH https://api.example.com/v3/v1/people/me":                    "person",
		"PATCH https://api.example.com/v3/v1/me:photo":                     "photo",
		"PATCH https://api.example.com/v3/v1/people/c1:photo":              "photo",
		"PATCH https://api.example.com/v3/v1/people/:photo":                "photo",
		"PATCH https://api.example.com/v3/v1/:photo":                       "person",
		"PATCH https://api.example.com/v3/v1/people//c1:photo":             "",
		"PATCH https://api.example.com/v3/v1/people:photo/c1":              "person",
		"GET https://api.example.com/v3/repos/o/r/unheard/of/it":           "",
		"GET https://api.example.com/v3/repos/o/r/contents/a//b":           "",
		"GET https://api.example.com/v3/gists/.json":                       "",
		"GET https://api.example.com/v3/repos/o":                           "",
		"GET https://api.example.com/v3/repos/o/":                          "",
		"GET https://api.example.com/v3/repos//r":                          "",
		"GET https://api.example.com/v3/repos/o/r/":                        "",
		"GET https://api.example.com/v3/repos/o/..":                        "",
		"GET https://api.example.com/v3/repos/o/%2e%2e":                    "",
		"PUT https://api.example.com/v3/repos/o/r":                         "",
		"get https://api.example.com/v3/repos/o/r":                         "",
		"GET https://api.example.com/repos/o/r":                            "",
		"GET https://other.example.com/v3/repos/o/r":                       "",
		"GET https://api.example.com/v3x/repos/o/r":                        "",
	}
	for call, want := range tests {
		method, raw, _ := strings.Cut(call, " ")
		d, err := parseDestination(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if op := tbl.match(method, d); op != nil {
			got = op.ID
		}
		if got != want {
			t.Errorf("%s: %q, want %q", call, got, want)
		}
	}
	for _, bad := range []api.Operation{op("x", "", "/x"), op("x", "GET", "x"), op("x", "GET", "/{x")} {
		if _, err := ownTemplates("https://h.example", []api.Operation{bad}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// FuzzOperationMatch: a match never contradicts its template.
func FuzzOperationMatch(f *testing.F) {
	f.Add("/repos/o/r", "/repos/{owner}/{repo}")
	f.Add("/repos/a/b/c", "/repos/{rest}")
	f.Add("/a...b", "/{x}...{y}")
	f.Add("/%2e%2e/x", "/{a}/x")
	f.Fuzz(func(t *testing.T, path, tmpl string) {
		own, err := ownTemplates("https://h.example", []api.Operation{{ID: "x", Method: "GET", Path: tmpl}})
		if err != nil {
			return
		}
		tbl := newOperationTable(own, nil)
		tmpl, _, _ = strings.Cut(tmpl, "?")
		d, err := parseDestination("https://h.example" + path)
		if err != nil || tbl.match("GET", d) == nil {
			return
		}
		rest, err := url.PathUnescape(d.path)
		if err != nil {
			t.Fatalf("%q matched %q although it does not decode", path, tmpl)
		}
		for i, text := range strings.Split(tmpl, "{") {
			if i > 0 {
				_, text, _ = strings.Cut(text, "}")
			}
			at := strings.Index(rest, text)
			if at < 0 {
				t.Fatalf("%q matched %q, yet its literal %q is missing", path, tmpl, text)
			}
			rest = rest[at+len(text):]
		}
	})
}

func BenchmarkOperationMatch(b *testing.B) {
	var ops []api.Operation
	for i := range 1200 {
		ops = append(ops, api.Operation{ID: "x", Method: "GET", Path: "/repos/{owner}/{repo}/" + strings.Repeat("x", i%40) + "/{id}"})
	}
	ops = append(ops, api.Operation{ID: "want", Method: "GET", Path: "/repos/{owner}/{repo}"})
	graph, err := os.ReadFile("../../../providers/msgraph/operations.json")
	if err != nil {
		b.Fatal(err)
	}
	set, err := readSet(graph, KindOAuth, nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]struct {
		table     *operationTable
		url, want string
	}{
		"made up": {table(b, "https://h.example", ops...), "https://h.example/repos/o/r", "want"},
		"largest": {newOperationTable(nil, []*operationSet{set}), set.BaseURLs[0] + "/users/u/messages/m/attachments", "users.messages.ListAttachments"},
		"unknown": {newOperationTable(nil, []*operationSet{set}), set.BaseURLs[0] + "/users/u/messages/m/unheard", ""},
	} {
		b.Run(name, func(b *testing.B) {
			d, err := parseDestination(c.url)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if op := c.table.match("GET", d); (op == nil) != (c.want == "") || op != nil && op.ID != c.want {
					b.Fatalf("%+v, want %q", op, c.want)
				}
			}
		})
	}
	b.Run("building", func(b *testing.B) {
		for b.Loop() {
			newOperationTable(nil, []*operationSet{set})
		}
	})
}
