package plain

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestStandsAlone: a judge that used our runtime could repeat its mistakes.
func TestStandsAlone(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		files++
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s", e.Name(), path)
			}
		}
	}
	if files < 5 {
		t.Fatalf("read %d files", files)
	}
}

func schema(t *testing.T, s string) Node {
	t.Helper()
	v, err := decode([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return object(v)
}

func make1(t *testing.T, components, s string, mode Mode) string {
	t.Helper()
	doc, err := Parse([]byte(`{"components":{"schemas":` + components + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewMaker(doc, mode).Value(schema(t, s), "v", InQuery)
	if err != nil {
		return "error: " + err.Error()
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestValues(t *testing.T) {
	const tree = `{"T":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"},"up":{"$ref":"#/components/schemas/T"},"kids":{"type":"array","items":{"$ref":"#/components/schemas/T"}}}},
		"Base":{"type":"object","required":["b"],"properties":{"b":{"type":"boolean"}}},
		"U":{"oneOf":[{"type":"boolean"},{"type":"integer"}]},
		"Loop":{"type":"object","required":["l"],"properties":{"l":{"$ref":"#/components/schemas/Loop"}}}}`
	cases := []struct {
		name, schema string
		mode         Mode
		want         string
	}{
		{"bounds", `{"type":"integer","minimum":5,"maximum":6}`, Mode{}, `6`},
		{"bounds above", `{"type":"integer","minimum":7,"maximum":6}`, Mode{}, `error: minimum 7 is above maximum 6`},
		{"large", `{"type":"array","minItems":3,"items":{"type":"integer"}}`, Mode{}, `[1001,1002,9007199254740999]`},
		{"large of 32 bits", `{"type":"array","minItems":3,"items":{"type":"integer","format":"int32"}}`, Mode{}, `[1001,1002,2147483644]`},
		{"zero", `{"type":"integer"}`, Mode{Zero: true}, `0`},
		{"zero below minimum", `{"type":"integer","minimum":1}`, Mode{Zero: true}, `1002`},
		{"number", `{"type":"number"}`, Mode{}, `1700000001.25`},
		{"enum", `{"type":"string","enum":["a","b",null]}`, Mode{}, `"b"`},
		{"enum, next variant", `{"type":"string","enum":["a","b",null]}`, Mode{Variant: 1}, `"a"`},
		{"enums that exclude each other", `{"allOf":[{"enum":["a"]},{"enum":["b"]}]}`, Mode{}, `error: v: no value is in both enumerations`},
		{"union", `{"oneOf":[{"type":"boolean"},{"type":"integer"}]}`, Mode{Variant: 1}, `1001`},
		{"allOf", `{"allOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"b":{"type":"integer"}}}]}`, Mode{}, `{"a":1001,"b":1002}`},
		{"one of two members", `{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"oneOf":[{"required":["a"]},{"required":["b"]}]}`, Mode{Variant: 1}, `{"b":1001}`},
		{"variant that nobody can send", `{"type":"object","properties":{"a":{"type":"integer"}},"oneOf":[{"required":["a"]},{"required":["b"]}]}`, Mode{Variant: 1}, `{"a":1001}`},
		{"minimal", `{"type":"object","required":["a"],"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}`, Mode{Minimal: true}, `{"a":1001}`},
		{"minimal with two members at least", `{"type":"object","required":["b"],"minProperties":2,"properties":{"a":{"type":"boolean"},"b":{"type":"boolean"},"c":{"type":"boolean"}}}`, Mode{Minimal: true}, `{"a":false,"b":true}`},
		{"two members at most", `{"type":"object","required":["c"],"maxProperties":2,"properties":{"a":{"type":"boolean"},"b":{"type":"boolean"},"c":{"type":"boolean"}}}`, Mode{}, `{"a":false,"c":true}`},
		{"an entry at least", `{"type":"object","minProperties":1,"additionalProperties":{"type":"boolean"}}`, Mode{Zero: true}, `{"w1-extra":false}`},
		{"numbers in an enum of texts", `{"type":"string","enum":[7]}`, Mode{}, `"7"`},
		{"read only", `{"type":"object","properties":{"a":{"type":"integer","readOnly":true}}}`, Mode{}, `{}`},
		{"array shows all variants", `{"type":"array","items":{"oneOf":[{"enum":["x"]},{"enum":["y"]},{"enum":["z"]}]}}`, Mode{}, `["x","y","z"]`},
		{"maxItems", `{"type":"array","maxItems":1,"items":{"type":"integer"}}`, Mode{}, `[1001]`},
		{"extra members", `{"type":"object","maxProperties":1,"additionalProperties":{"type":"integer"}}`, Mode{}, `{"w1-extra":1002}`},
		{"recursion ends", `{"$ref":"#/components/schemas/T"}`, Mode{}, `{"kids":[],"n":1001}`},
		{"recursion without an end", `{"$ref":"#/components/schemas/Loop"}`, Mode{}, `error: l: the schema refers to itself`},
		{"a base that comes again below", `{"allOf":[{"$ref":"#/components/schemas/Base"},{"type":"object","required":["in"],"properties":{"in":{"allOf":[{"$ref":"#/components/schemas/Base"}]}}}]}`, Mode{Minimal: true}, `{"b":false,"in":{"b":true}}`},
		{"an item of a list", `{"$ref":"#/components/schemas/T/required/0"}`, Mode{}, `error: reference "#/components/schemas/T/required/0" points at nothing`},
		{"a variant by its number", `{"$ref":"#/components/schemas/U/oneOf/1"}`, Mode{}, `1001`},
		{"a part stands in two others", `{"allOf":[{"$ref":"#/components/schemas/T"},{"allOf":[{"$ref":"#/components/schemas/T"}]}]}`, Mode{Minimal: true}, `{"n":1001}`},
		{"a variant that is null", `{"anyOf":[{"type":"string","enum":["a"]},{"nullable":true}]}`, Mode{Variant: 1}, `"a"`},
		{"dangling", `{"$ref":"#/components/schemas/None"}`, Mode{}, `error: reference "#/components/schemas/None" points at nothing`},
		{"maxLength", `{"type":"string","maxLength":2}`, Mode{}, `"w1"`},
		{"minLength", `{"type":"string","format":"date","minLength":12}`, Mode{}, `"2031-01-02xx"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := make1(t, tree, c.schema, c.mode); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	for _, pattern := range []string{
		`^\d+\.\d+\.\d+$`, `^sha256:[a-f0-9]{64}$`, `^https://`, `^pkg`, `^refs/(heads|tags|pull)/.*$`, `^[A-Za-z0-9.\-_]+$`,
		`^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$`, `^([0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?)$`,
	} {
		seen := map[string]bool{}
		for n := range 20 {
			m := &Maker{doc: &Document{}, n: n}
			v, err := m.string(Node{"pattern": pattern}, "v", InBody)
			s, _ := v.(string)
			if err != nil || !regexp.MustCompile(pattern).MatchString(s) {
				t.Fatalf("%s: %q, %v", pattern, s, err)
			}
			seen[s] = true
		}
		if len(seen) < 20 {
			t.Errorf("%s: %d different strings of 20", pattern, len(seen))
		}
	}
	m := &Maker{doc: &Document{}}
	if v, err := m.string(Node{"pattern": `^abc$`, "maxLength": json.Number("2")}, "v", InBody); err == nil {
		t.Errorf("a pattern that maxLength forbids gave %v", v)
	}
}

func TestDiffer(t *testing.T) {
	cases := []struct{ want, got, diff string }{
		{`{"a":[1,{"b":null}]}`, `{"a":[1.0,{"b":null}]}`, ``},
		{`{"a":1}`, `{}`, `/a: is missing`},
		{`{}`, `{"a":null}`, `/a: is not one of the values given`},
		{`{"a":null}`, `{"a":false}`, `/a: is false, not null`},
		{`{"a":"1"}`, `{"a":1}`, `/a: is 1, not "1"`},
		{`{"a":9007199254740993}`, `{"a":9007199254740992}`, `/a: is 9007199254740992, not 9007199254740993`},
		{`[1,2]`, `[2,1]`, `/0: is 2, not 1; /1: is 1, not 2`},
		{`[1,2]`, `[1]`, `/: has 1 items, not 2`},
		{`[]`, `{}`, `/: is an object, not an array`},
	}
	for _, c := range cases {
		want, err := decode([]byte(c.want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode([]byte(c.got))
		if err != nil {
			t.Fatal(err)
		}
		if d := Differ(want, got); d != c.diff {
			t.Errorf("Differ(%s, %s) = %q, want %q", c.want, c.got, d, c.diff)
		}
	}
}

// TestEverythingContainsEverything: fifteen schemas that all contain each other have
// more paths than memory; a value shows each of them, and ends.
func TestEverythingContainsEverything(t *testing.T) {
	const count = 15
	var schemas []string
	for i := range count {
		var members []string
		for j := range count {
			members = append(members, fmt.Sprintf(`"m%d":{"$ref":"#/components/schemas/s%d"}`, j, j))
		}
		schemas = append(schemas, fmt.Sprintf(`"s%d":{"type":"object","properties":{"word":{"type":"string"},%s}}`, i, strings.Join(members, ",")))
	}
	doc, err := Parse([]byte(`{"components":{"schemas":{` + strings.Join(schemas, ",") + `}}}`))
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewMaker(doc, Mode{}).Body(Node{"$ref": "#/components/schemas/s0"}, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil || len(text) > 1<<20 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	for i := 1; i < count; i++ {
		if !strings.Contains(string(text), fmt.Sprintf(`"m%d":{`, i)) {
			t.Errorf("s%d is not shown", i)
		}
	}
}
