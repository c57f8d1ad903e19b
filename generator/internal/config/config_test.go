package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

func lines(l diag.List) string {
	var out []string
	for _, d := range l {
		out = append(out, d.String())
	}
	return strings.Join(out, "\n")
}

func TestBytes(t *testing.T) {
	p, diags := Bytes("provider.yaml", []byte(`
name: acme
package: acme
headers: {X-Version: "2"}
errors: {ok: ok, not_found: [gone]}
paging:
  - {kind: cursor, param: cursor, next: meta.next}
flat: {ListThings: things/list}
`))
	want := &Provider{
		Name: "acme", Package: "acme", Headers: map[string]string{"X-Version": "2"},
		Errors: Errors{OK: "ok", NotFound: []string{"gone"}},
		Paging: []Paging{{Kind: PagingCursor, Param: "cursor", Next: "meta.next"}},
		Flat:   map[string]string{"ListThings": "things/list"},
	}
	if diff := cmp.Diff(want, p); diff != "" || len(diags) > 0 {
		t.Error(lines(diags), diff)
	}
	if p, diags := Bytes("provider.yaml", []byte("\n")); p == nil {
		t.Errorf("an empty file: %s", lines(diags))
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "name: a\nnaem: b\n", `error: p.yaml:2: config-unknown-key: there is no key "naem" here (correct the spelling; specs/README.md explains every key)`},
		{"unknown key below", "source:\n  npn: b\n", `error: p.yaml:2: config-unknown-key: there is no key "npn" here (correct the spelling; specs/README.md explains every key)`},
		{"wrong type", "flat: [a]\n", `error: p.yaml:1: config-syntax: `},
		{"twice", "name: a\nname: b\n", `error: p.yaml:2: config-syntax: `},
		{"no YAML", "name: [a\n", `error: p.yaml:1: config-syntax: `},
		{"name", "name: A b\n", `error: p.yaml#/name: config-invalid: "A b" is no name: use lower-case letters, digits and dashes (correct the value of name)`},
		{"package", "package: func\n", `error: p.yaml#/package: config-invalid: "func" is no package name (correct the value of package)`},
		{"two sources", "source: {file: a, url: 'https://example.com/a', integrity: sha512-" + zeroSum + "}\n", `error: p.yaml#/source: config-invalid: name one of npm, url and file, not several (correct the value of source)`},
		{"range of versions", "source: {npm: a, version: ^1.2.3, path: b}\n", `error: p.yaml#/source/integrity: config-invalid: "" is no sha512 integrity hash (correct the value of source.integrity)
error: p.yaml#/source/version: config-invalid: "^1.2.3" is no exact version (correct the value of source.version)`},
		{"path that climbs", "source: {npm: a, version: 1.2.3, path: ../b, integrity: sha512-" + zeroSum + "}\n", `error: p.yaml#/source/path: config-invalid: "../b" is no plain path inside the package (correct the value of source.path)`},
		{"weak hash", "source: {npm: a, version: 1.2.3, path: b, integrity: sha1-AAAA}\n", `error: p.yaml#/source/integrity: config-invalid: "sha1-AAAA" is no sha512 integrity hash (correct the value of source.integrity)`},
		{"plain http", "source: {url: 'http://example.com/a', integrity: sha512-" + zeroSum + "}\n", `error: p.yaml#/source/url: config-invalid: http is not fetched, only https (and http on this machine) (correct the value of source.url)`},
		{"base URL with query", "base_url: https://example.com?a=b\n", `error: p.yaml#/base_url: config-invalid: "https://example.com?a=b" is no absolute URL (correct the value of base_url)`},
		{"base URL with slash", "base_url: https://example.com/\n", `error: p.yaml#/base_url: config-invalid: the URL ends with a slash (correct the value of base_url)`},
		{"credential", "headers: {authorization: x}\n", `error: p.yaml#/headers/authorization: config-invalid: credentials are the vault's, no configuration holds them (correct the value of headers.authorization)`},
		{"header", "headers: {'a b': x}\n", `error: p.yaml#/headers/a b: config-invalid: not a header (correct the value of headers.a b)`},
		{"paging kind", "paging: [{kind: magic}]\n", `error: p.yaml#/paging/0/kind: config-invalid: "magic" is not one of link, page, cursor, offset, url, last, auto (correct the value of paging.0.kind)`},
		{"counted from 2", "paging: [{kind: page, param: p, first: 2}]\n", `error: p.yaml#/paging/0/first: config-invalid: pages and items are counted from 0 or 1, not 2 (correct the value of paging.0.first)`},
		{"url without next", "paging: [{kind: url}]\n", `error: p.yaml#/paging/0/next: config-invalid: url paging needs the path of the next page's URL (correct the value of paging.0.next)`},
		{"last without parameter", "paging: [{kind: last, more: m}]\n", `error: p.yaml#/paging/0/param: config-invalid: last paging needs a parameter (correct the value of paging.0.param)`},
		{"cursor in two places", "paging: [{kind: cursor, param: c, next: n, header: X-N}]\n", `error: p.yaml#/paging/0/header: config-invalid: the cursor is in the body or in a header, not in both (correct the value of paging.0.header)`},
		{"no path", "paging: [{kind: url, next: a..b}]\n", `error: p.yaml#/paging/0/next: config-invalid: "a..b" is neither dotted member names nor a JSON pointer (correct the value of paging.0.next)`},
		{"cursor without next", "paging: [{kind: cursor, param: c}]\n", `error: p.yaml#/paging/0/next: config-invalid: cursor paging needs the path of the next cursor, or the header that holds it (correct the value of paging.0.next)`},
		{"flat name", "flat: {listThings: a}\n", `error: p.yaml#/flat: config-invalid: "listThings" is no exported Go name (correct the value of flat)`},
		{"operation name", "names: {operations: {a: List}}\n", `error: p.yaml#/names/operations/a: config-invalid: "List" is not of the form Group.Method (correct the value of names.operations.a)`},
		{"family", "families: {post: [a]}\n", `error: p.yaml#/families/post: config-invalid: "post" is not one of admin, delete, payment, read, send, write (correct the value of families.post)`},
		{"group rule", "groups: {rule: dots}\n", `error: p.yaml#/groups/rule: config-invalid: "dots" is not one of slash, dotted, ids, tags, first, path (correct the value of groups.rule)`},
		{"package rule", "packages: {rule: tags}\n", `error: p.yaml#/packages/rule: config-invalid: "tags" is not resource (correct the value of packages.rule)`},
		{"package of a resource", "packages: {rule: resource, names: {a: internal}}\n", `error: p.yaml#/packages/names/a: config-invalid: "internal" is no package name (correct the value of packages.names.a)`},
		{"flat without package", "packages: {rule: resource}\nflat: {ListThings: a}\n", `error: p.yaml#/flat/ListThings: config-invalid: "ListThings" names no package; write package.Method (correct the value of flat.ListThings)`},
		{"flat with package", "flat: {things.List: a}\n", `error: p.yaml#/flat/things.List: config-invalid: "things" is no package of this API (correct the value of flat.things.List)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, diags := Bytes("p.yaml", []byte(test.text))
			if p != nil {
				t.Error("not refused")
			}
			got := lines(diags)
			if strings.HasSuffix(test.want, "config-syntax: ") { // the text is the YAML reader's
				if !strings.HasPrefix(got, test.want) {
					t.Errorf("got %s", got)
				}
			} else if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

const zeroSum = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

func TestFileThatIsNotThere(t *testing.T) {
	if _, diags := File(filepath.Join("testdata", "gone.yaml")); len(diags) != 1 || diags[0].Code != diag.CodeReadFailed {
		t.Error(lines(diags))
	}
}

// TestCommitted reads every provider.yaml of the repository and compares it with
// the document beside it.
func TestCommitted(t *testing.T) {
	paths, err := filepath.Glob("../../../specs/*/provider.yaml")
	if err != nil || len(paths) < 2 {
		t.Fatal(len(paths), err)
	}
	for _, path := range paths {
		p, diags := File(path)
		if p == nil {
			t.Error(lines(diags))
			continue
		}
		if name := filepath.Base(filepath.Dir(path)); p.Name != name || p.Package == "" || p.Source == (Source{}) || p.Source.Licence == "" || p.BaseURL == "" {
			t.Errorf("%s: name, package, source, licence and base URL are needed", path)
		}
		ids := operationIDs(t, filepath.Join(filepath.Dir(path), "openapi.json"))
		used := map[string]string{}
		for name, id := range p.Flat {
			if !ids[id] {
				t.Errorf("%s: flat.%s: no operation %q", path, name, id)
			}
			if used[id] != "" {
				t.Errorf("%s: %s and %s are the same operation", path, name, used[id])
			}
			used[id] = name
		}
		for _, rule := range p.Paging {
			for _, id := range append(rule.Operations, rule.Except...) {
				if !ids[id] {
					t.Errorf("%s: paging: no operation %q", path, id)
				}
			}
		}
		if least := map[string]int{"github": 40, "slack": 25}[p.Name]; len(p.Flat) < least {
			t.Errorf("%s: %d flat methods, want %d", path, len(p.Flat), least)
		}
	}
}

func operationIDs(t *testing.T, path string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths {
		for method, raw := range item {
			var op struct{ OperationID string }
			switch {
			case json.Unmarshal(raw, &op) != nil:
			case op.OperationID != "":
				ids[op.OperationID] = true
			default: // the generator takes the route
				ids[method+" "+path] = true
			}
		}
	}
	return ids
}

// FuzzBytes reads any text without a panic.
func FuzzBytes(f *testing.F) {
	f.Add([]byte("name: a\nflat: {A: b}\npaging: [{kind: page, param: p}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, diags := Bytes("p.yaml", text); (p == nil) != diags.HasErrors() {
			t.Errorf("%v, %v", p, diags)
		}
	})
}
