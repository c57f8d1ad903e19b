package optable_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// sealed puts a content into a table with the hash that it needs.
func sealed(t testing.TB, header, content string) []byte {
	t.Helper()
	v := jsontext.Value(content)
	if err := v.Compact(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(v)
	return fmt.Appendf(nil, `{"grantgen_operations":1,"provider":"acme"%s,"content_hash":"sha256:%s","content":%s}`, header, hex.EncodeToString(sum[:]), content)
}

const content = `{"base_url":"https://api.example.com/v1","schemas":{
 "Node":{"type":"object","properties":{"name":{"type":["string","null"]},"next":{"anyOf":[{"$ref":"#/schemas/Node"},{"type":"null"}]},"kind":{"$ref":"#/schemas/Kind"}},"required":["name"],"additionalProperties":false},
 "Kind":{"type":"string","enum":["a","b \"$ref\":\"#/schemas/Node\" c"]}},
"operations":[
 {"id":"nodes/add","method":"POST","path":"/nodes/{list}","access":"write","families":["send"],"scopes":["nodes"],"params":[
   {"name":"list","in":"path","required":true,"segments":true,"schema":{"type":"string"}},{"name":"kind","in":"query","style":"comma","schema":{"type":"array","items":{"$ref":"#/schemas/Kind"}}}],
  "body":{"media":"application/x-www-form-urlencoded","required":true,"schema":{"$ref":"#/schemas/Node"}},"answers":{"default":{"type":"string"},"201":{"$ref":"#/schemas/Node"}}},
 {"id":"nodes/get","method":"GET","path":"/nodes/{id}","access":"read","answers":{"4XX":{"type":"object"}},"unheard_of":7}]}`

func parsed(t testing.TB, text string) *optable.Table {
	t.Helper()
	table, err := optable.Parse(sealed(t, `,"spec_version":"3","source":"https://example.com/api.json","source_date":"2026-08-21"`, text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTable(t *testing.T) {
	table := parsed(t, content)
	if table.Provider != "acme" || table.SpecVersion != "3" || table.SourceURL() != "https://example.com/api.json" || table.SourceDate.Day() != 21 || table.Len() != 2 {
		t.Errorf("%+v", table)
	}
	op := table.Operation("nodes/add")
	if op == nil || op.Access != api.Write || fmt.Sprint(op.Families, op.Segments, op.Scopes) != "[send] [list] [nodes]" {
		t.Fatalf("%+v", op)
	}
	d := op.Detail()
	if len(d.Params) != 2 || !d.Params[0].Required || d.Params[1].Style != "comma" || !d.Body.Required {
		t.Errorf("%+v", d)
	}
	node := table.Schema(d.Body.Schema)
	if !node.Additional.None || table.Schema(node.Properties["next"]).Properties["kind"] == nil || table.Schema(node.Properties["kind"]).Enum[0] != "a" {
		t.Errorf("%+v", node)
	}
	if table.Operation("nodes/delete") != nil || table.Schema(nil) == nil {
		t.Error("made up")
	}
	for text, want := range map[string]int{"": 2, "NODES/": 2, "add": 1, "{id}": 1, "nothing": 0} {
		if page, total := table.Search(text, 0, 1); total != want || len(page) != min(want, 1) {
			t.Errorf("%q: %d of %d", text, len(page), total)
		}
	}
	if page, total := table.Search("", 1, 5); len(page) != 1 || total != 2 || page[0].ID != "nodes/get" {
		t.Errorf("%v %d", page, total)
	}
}

// TestSchemasStandAlone: what a schema refers to comes with it, and text that looks
// like a reference is left alone.
func TestSchemasStandAlone(t *testing.T) {
	table := parsed(t, content)
	s := table.Operation("nodes/add").Schemas()
	const node = `{"type":"object","properties":{"name":{"type":["string","null"]},"next":{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}]},"kind":{"$ref":"#/$defs/Kind"}},"required":["name"],"additionalProperties":false}`
	const kind = `{"type":"string","enum":["a","b \"$ref\":\"#/schemas/Node\" c"]}`
	for name, c := range map[string]struct{ got, want jsontext.Value }{
		"request":  {s.Request, jsontext.Value(`{"$ref":"#/$defs/Node","contentMediaType":"application/x-www-form-urlencoded","$defs":{"Node":` + node + `,"Kind":` + kind + `}}`)},
		"response": {s.Response, jsontext.Value(`{"$ref":"#/$defs/Node","$defs":{"Node":` + node + `,"Kind":` + kind + `}}`)},
		"param":    {s.Params[1], jsontext.Value(`{"name":"kind","in":"query","style":"comma","schema":{"type":"array","items":{"$ref":"#/$defs/Kind"}},"$defs":{"Kind":` + kind + `}}`)},
	} {
		if string(c.got) != string(c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, c.got, c.want)
		}
	}
	get := table.Operation("nodes/get").Schemas()
	if get.Request != nil || get.Response != nil || get.Params == nil || len(get.Params) != 0 {
		t.Errorf("%+v", get)
	}
}

// TestSchemasOfOthers: a table that another program wrote may say null for nothing,
// and spell a reference in another way.
func TestSchemasOfOthers(t *testing.T) {
	const start = `{"schemas":{"Ké":{"type":"null"}},"operations":[{"id":"x","method":"GET","path":"/a","access":"",`
	const known = `{"$ref":"#/$defs/Ké","$defs":{"Ké":{"type":"null"}}}`
	for text, want := range map[string]string{
		`"body":{"media":"text/x","schema":null},"answers":{"200":null}}]}`:                                       `{"type":"string","contentMediaType":"text/x"} | `,
		`"body":{"media":"","schema":null},"answers":null}]}`:                                                     `{"type":"string"} | `,
		`"body":null,"params":null,"answers":{"default":{"$ref":"#/schemas/Ké"}}}]}`:                              ` | ` + known,
		`"body":{"schema":{"$ref":"#\/schemas\/K\u00e9"}},"answers":{"200":{"\u0024ref":"#/schemas/K\u00E9"}}}]}`: known + ` | ` + known,
	} {
		s := parsed(t, start+text).Operation("x").Schemas()
		if got := string(s.Request) + " | " + string(s.Response); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
}

// TestBadTables: each breaks one rule, and the error says which without what is in it.
func TestBadTables(t *testing.T) {
	change := func(from, to string) []byte {
		if !strings.Contains(content, from) {
			t.Fatalf("%q is not in the content", from)
		}
		return sealed(t, "", strings.Replace(content, from, to, 1))
	}
	for want, data := range map[string][]byte{
		"is not the JSON":                    []byte(`{"secret`),
		"is missing: this is no operation":   []byte(`{}`),
		"is 2, and this release reads 1":     []byte(`{"grantgen_operations":2}`),
		"must be a short name":               []byte(`{"grantgen_operations":1,"provider":"a/secret"}`),
		"content is missing":                 []byte(`{"grantgen_operations":1,"provider":"a"}`),
		"does not fit the content":           []byte(strings.Replace(string(sealed(t, "", content)), "/nodes/{id}", "/secret/{id}", 1)),
		"must be a day":                      sealed(t, `,"source_date":"yesterday"`, content),
		"too long, or holds control":         sealed(t, `,"source":"a\u0000secret"`, content),
		"base_url must be":                   change("https://api.example.com/v1", "https://u:secret@api.example.com"),
		"base_url must be an absolute":       change("https://api.example.com/v1", "file:///secret"),
		"hold a name with other than":        change(`"Kind":{`, `"K/secret":{},"Kind":{`),
		"is no schema that this package":     change(`"enum":["a"`, `"enum":[{"secret":1}`),
		"has a type that JSON":               change(`{"type":"string","enum"`, `{"type":"secret","enum"`),
		"refers to a schema that is not":     change(`"kind":{"$ref":"#/schemas/Kind"}`, `"kind":{"$ref":"#/schemas/secret"}`),
		`operation "nodes/add" occurs twice`: change(`"id":"nodes/get"`, `"id":"nodes/add"`),
		"must have an ID":                    change(`"id":"nodes/get"`, `"id":"a\nsecret"`),
		"must have a method":                 change(`"method":"GET"`, `"method":"secret"`),
		"must have a path that begins":       change(`"/nodes/{id}"`, `"secret"`),
		"closes its braces":                  change(`"/nodes/{id}"`, `"/{secret"`),
		"operation 1 must have a path":       change(`"/nodes/{id}"`, `"/{}"`),
		"has an access":                      change(`"access":"read"`, `"access":"secret"`),
		"has a family":                       change(`["send"]`, `["secret"]`),
		"has a parameter":                    change(`"in":"query"`, `"in":"secret"`),
		"has scopes":                         change(`["nodes"]`, `["a\u0007secret"]`),
		"operations must be a list":          sealed(t, "", `{"base_url":"","operations":{"secret":1}}`),
		"has a schema that is too deep":      change(`{"type":"array","items":{"$ref":"#/schemas/Kind"}}`, strings.Repeat(`{"items":`, 70)+`{}`+strings.Repeat(`}`, 70)),
		"has the wrong type":                 change(`"required":true,"segments"`, `"required":"secret","segments"`),
		"the text is broken at":              []byte(`{"grantgen_operations":1,"provider":"a","provider":"secret"}`),
	} {
		_, err := optable.Parse(data)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") && !strings.Contains(want, "secret") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := optable.Parse(make([]byte, optable.MaxSize+1)); err == nil {
		t.Error("a table that is too long was taken")
	}
}

// TestProviders: every table in this repository is read, and its schemas are JSON
// that leads nowhere else.
func TestProviders(t *testing.T) {
	files, err := filepath.Glob("../../../providers/*/" + "operations.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d tables: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			table, err := optable.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if table.BaseURL == "" || table.Source == "" || table.Len() == 0 {
				t.Errorf("%s %q %q %d", table.Provider, table.BaseURL, table.Source, table.Len())
			}
			step := max(1, table.Len()/300) // of the largest, some
			for i, op := range everyNth(table, step) {
				s := op.Schemas()
				for _, v := range append(s.Params, s.Request, s.Response) {
					if v != nil && (!json.Valid(v) || strings.Contains(string(v), `"$ref":"#/schemas/`) || len(v) > 512<<10) {
						t.Fatalf("%d %s: %.200s", i, op.ID, v)
					}
				}
			}
		})
	}
}

func everyNth(table *optable.Table, step int) (list []*optable.Operation) {
	i := 0
	for op := range table.Operations() {
		if i%step == 0 {
			list = append(list, op)
		}
		i++
	}
	return list
}

// FuzzParse: whatever comes, it is refused or read, and what was read can be asked
// for everything.
func FuzzParse(f *testing.F) {
	f.Add([]byte(content))
	f.Add([]byte(`{"base_url":"","operations":[]}`))
	f.Add([]byte(`{"schemas":{"A":{"$ref":"#/schemas/A"}},"operations":[{"id":"x","method":"GET","path":"/{a}{b}","access":"","body":{"media":"x"},"params":[{"name":"a","in":"path","schema":{"anyOf":[null,{"type":"null"}]}}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := optable.Parse(text); err == nil {
			t.Fatalf("a content alone was taken: %q", text)
		}
		v := jsontext.Value(text).Clone() // Compact works in place
		if v.Compact() != nil {
			return
		}
		table, err := optable.Parse(sealed(t, "", string(text)))
		if err != nil {
			return
		}
		for op := range table.Operations() {
			d := op.Detail()
			if d.Body != nil {
				table.Schema(d.Body.Schema)
			}
			for _, p := range d.Params {
				table.Schema(p.Schema)
			}
			s := op.Schemas()
			for _, v := range append(s.Params, s.Request, s.Response) {
				if v != nil && !v.IsValid() {
					t.Fatalf("%s", v)
				}
			}
		}
	})
}
