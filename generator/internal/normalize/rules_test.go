package normalize

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each rule, before and after. The schema stands as component a; b is a string, o an
// object, n an object that may be null.
func TestRules(t *testing.T) {
	for _, c := range []struct{ name, before, after, codes string }{
		{"nullable of 3.0", `{"type":"object","properties":{"p":{"type":"string","nullable":true}}}`,
			`{"type":"object","properties":{"p":{"type":"string","x-null":true}}}`, ""},
		{"null in a list of types", `{"type":"object","properties":{"p":{"type":["integer","null"]}}}`,
			`{"type":"object","properties":{"p":{"type":"integer","x-null":true}}}`, ""},
		{"null as a variant", `{"type":"object","properties":{"p":{"anyOf":[{"$ref":"#/components/schemas/o"},{"type":"null"}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o","x-null":true}}}`, ""},
		{"null as an object of 3.0", `{"type":"object","properties":{"p":{"anyOf":[{"$ref":"#/components/schemas/o"},{"type":"object","nullable":true}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o","x-null":true}}}`, "object-for-null"},
		{"an object of 3.0 that may be null", `{"type":"object","properties":{"p":{"anyOf":[{"type":"object","nullable":true}]}}}`,
			`{"type":"object","properties":{"p":{"type":"object","x-null":true}}}`, ""},
		{"nothing but nullable as a variant", `{"type":"object","properties":{"p":{"anyOf":[{"$ref":"#/components/schemas/o"},{"nullable":true}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o","x-null":true}}}`, ""},
		{"null in an enum", `{"type":"object","properties":{"p":{"type":"string","enum":["x",null]}}}`,
			`{"type":"object","properties":{"p":{"type":"string","enum":["x"],"x-null":true}}}`, ""},
		{"nullable component", `{"type":"object","properties":{"p":{"$ref":"#/components/schemas/n"}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/n","x-null":true}}}`, ""},
		{"a component that repeats another one but for null", `{"type":"object","properties":{"p":{"$ref":"#/components/schemas/nullable-o"}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o","x-null":true}}}`, ""},
		{"a file by its media type", `{"type":"object","properties":{"p":{"type":"string","contentMediaType":"image/png"},"q":{"type":"string","contentEncoding":"binary"}}}`,
			`{"type":"object","properties":{"p":{"type":"string","format":"binary"},"q":{"type":"string","format":"binary"}}}`, ""},
		{"text by its media type", `{"type":"object","properties":{"p":{"type":"string","contentMediaType":"text/html"},"q":{"type":"string","contentMediaType":"image/png","contentEncoding":"base64"}}}`,
			`{"type":"object","properties":{"p":{"type":"string"},"q":{"type":"string"}}}`, ""},
		{"const is an enum of one", `{"type":"object","properties":{"p":{"const":"x"}}}`,
			`{"type":"object","properties":{"p":{"type":"string","enum":["x"]}}}`, ""},
		{"allOf of one", `{"type":"object","properties":{"p":{"allOf":[{"$ref":"#/components/schemas/o"}],"nullable":true}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o","x-null":true}}}`, ""},
		{"allOf of two", `{"allOf":[{"$ref":"#/components/schemas/o"},{"type":"object","required":["q"],"properties":{"q":{"type":"boolean"}}}]}`,
			`{"type":"object","properties":{"id":{"type":"integer"},"q":{"type":"boolean"}},"required":["id","q"]}`, ""},
		{"a required member that is not described", `{"type":"object","required":["p","q","q"],"properties":{"p":{"type":"string"}}}`,
			`{"type":"object","properties":{"p":{"type":"string"},"q":{}},"required":["p"]}`, "required-undescribed"},
		{"a member that admits nothing", `{"type":"object","properties":{"p":{"type":"string"},"q":false}}`,
			`{"type":"object","properties":{"p":{"type":"string"}}}`, ""},
		{"allOf with a bare type", `{"type":"object","properties":{"p":{"allOf":[{"$ref":"#/components/schemas/o"},{"type":"object","nullable":true}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o"}}}`, ""},
		{"allOf of bare types", `{"type":"object","properties":{"p":{"allOf":[{"type":"object"},{"type":"object"}]}}}`,
			`{"type":"object","properties":{"p":{"type":"object"}}}`, ""},
		{"allOf that contains itself", `{"allOf":[{"$ref":"#/components/schemas/a"},{"type":"object","properties":{"q":{"type":"boolean"}}}]}`,
			`{"type":"object","properties":{"q":{"type":"boolean"}}}`, "allof-cycle"},
		{"a union of strings is a string", `{"type":"object","properties":{"p":{"oneOf":[{"type":"string"},{"type":"string","enum":["x","y"]}]}}}`,
			`{"type":"object","properties":{"p":{"type":"string"}}}`, ""},
		{"a union of numbers is a number", `{"type":"object","properties":{"p":{"anyOf":[{"type":"integer"},{"type":"number"}]}}}`,
			`{"type":"object","properties":{"p":{"type":"number"}}}`, ""},
		{"a date or a unix time is a time", `{"type":"object","properties":{"p":{"oneOf":[{"type":"string","format":"date-time"},{"type":"integer"}]}}}`,
			`{"type":"object","properties":{"p":{"type":"string","format":"date-time"}}}`, ""},
		{"a date, a text or a unix time is no time", `{"type":"object","properties":{"p":{"oneOf":[{"type":"string","format":"date-time"},{"type":"string","format":"uri"},{"type":"integer"}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/inline.b2b3114bf61e4769"}}}`, ""},
		{"a variant that admits anything", `{"type":"object","properties":{"p":{"anyOf":[true,{"type":"string"}]}}}`,
			`{"type":"object","properties":{"p":{}}}`, "union-of-anything"},
		{"oneOf beside anyOf", `{"type":"object","properties":{"p":{"oneOf":[{"type":"string"}],"anyOf":[{"type":"integer"}]}}}`,
			`{"type":"object","properties":{"p":{"type":"string"}}}`, "two-unions"},
		{"an empty oneOf beside anyOf", `{"type":"object","properties":{"p":{"oneOf":[],"anyOf":[{"type":"integer"}]}}}`,
			`{"type":"object","properties":{"p":{"type":"integer"}}}`, ""},
		{"a list of types beside anyOf", `{"type":"object","properties":{"p":{"type":["string","integer","null"],"anyOf":[{"type":"integer"}]}}}`,
			`{"type":"object","properties":{"p":{"type":"integer","x-null":true}}}`, ""},
		{"a union of lists is a list", `{"type":"object","properties":{"p":{"anyOf":[{"type":"array","items":{"type":"string"}},{"type":"array","items":{"$ref":"#/components/schemas/b"}}]}}}`,
			`{"type":"object","properties":{"p":{"type":"array","items":{"type":"string"}}}}`, ""},
		{"objects of an anyOf are merged", `{"anyOf":[{"type":"object","required":["x","y"],"properties":{"x":{"type":"string"},"y":{"type":"string"}}},{"type":"object","required":["x"],"properties":{"x":{"type":"string"},"z":{"type":"string"}}}]}`,
			`{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"string"},"z":{"type":"string"}},"required":["x"]}`, "anyof-merged"},
		{"variants that only list required members", `{"type":"object","properties":{"x":{"type":"string"}},"anyOf":[{"required":["x"]},{"required":["y"]}]}`,
			`{"type":"object","properties":{"x":{"type":"string"}}}`, ""},
		{"items without array", `{"type":"object","properties":{"p":{"items":{"anyOf":[{"type":"string"},{"type":"null"}]}}}}`,
			`{"type":"object","properties":{"p":{"type":"string","x-null":true}}}`, "items-without-array"},
		{"one union twice in an allOf", `{"type":"object","properties":{"p":{"allOf":[{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"},"minItems":1}]},{"nullable":true,"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/inline.5cf9e44031ed154f"}}}`, ""},
		{"an object that is described by items", `{"type":"object","properties":{"p":{"type":"object","items":{"$ref":"#/components/schemas/o"}}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o"}}}`, "items-of-object"},
		{"an object with members and items", `{"type":"object","properties":{"p":{"type":"boolean"}},"items":{"$ref":"#/components/schemas/o"}}`,
			`{"type":"object","properties":{"p":{"type":"boolean"}}}`, ""},
		{"members of a list", `{"type":"array","items":{},"properties":{"p":{"type":"string"}}}`,
			`{"type":"array","items":{"$ref":"#/components/schemas/inline.9002eea40d618431"}}`, "properties-of-array"},
		{"members of a list of objects", `{"type":"array","items":{"type":"object"},"properties":{"p":{"type":"string"}}}`,
			`{"type":"array","items":{"$ref":"#/components/schemas/inline.9002eea40d618431"}}`, "properties-of-array"},
		{"a text with items", `{"type":"object","properties":{"p":{"type":"string","items":{"type":"string"}}}}`,
			`{"type":"object","properties":{"p":{"type":"string"}}}`, "structure-ignored"},
		{"members of a list beside its items", `{"type":"array","items":{"type":"integer"},"properties":{"p":{"type":"string"}}}`,
			`{"type":"array","items":{"type":"integer"}}`, "properties-of-array"},
		{"a forgotten type", `{"properties":{"p":{"enum":["x"]},"q":{"items":{"type":"string"}},"r":{"enum":[1,2]}}}`,
			`{"type":"object","properties":{"p":{"type":"string","enum":["x"]},"q":{"type":"array","items":{"type":"string"}},"r":{"type":"integer"}}}`, ""},
		{"an enum of booleans", `{"type":"object","properties":{"p":{"type":"boolean","enum":[true]}}}`,
			`{"type":"object","properties":{"p":{"type":"boolean"}}}`, ""},
		{"a schema that is true", `{"type":"object","properties":{"p":true}}`,
			`{"type":"object","properties":{"p":{}}}`, ""},
		{"a schema that is no schema", `{"type":"object","properties":{"p":7}}`,
			`{"type":"object","properties":{"p":{}}}`, "schema-not-object"},
		{"an object that admits nothing", `{"type":"object","properties":{"p":{"type":"object","properties":{},"additionalProperties":false}}}`,
			`{"type":"object","properties":{"p":{"type":"object","x-empty":true}}}`, ""},
		{"a reference into the middle", `{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o/properties/id"}}}`,
			`{"type":"object","properties":{"p":{"type":"integer"}}}`, ""},
		{"a tuple of one kind", `{"type":"object","properties":{"p":{"type":"array","prefixItems":[{"type":"number","title":"x"},{"type":"number"}],"items":false}}}`,
			`{"type":"object","properties":{"p":{"type":"array","items":{"type":"number"}}}}`, "tuple-as-list"},
		{"a tuple of several kinds", `{"type":"object","properties":{"p":{"prefixItems":[{"type":"integer"},{"type":"number"}],"items":{"type":"integer"}}}}`,
			`{"type":"object","properties":{"p":{"type":"array","items":{"type":"number"}}}}`, "tuple-as-list"},
		{"a tuple that goes on in any way", `{"type":"object","properties":{"p":{"prefixItems":[{"type":"integer"}],"items":{"type":"string"}}}}`,
			`{"type":"object","properties":{"p":{"type":"array","items":{"$ref":"#/components/schemas/inline.d912f4a1664ed239"}}}}`, "tuple-as-list"},
		{"patterns of names", `{"type":"object","properties":{"p":{"type":"object","patternProperties":{"^a":{"type":"integer"},"^b":{"type":"integer"}},"additionalProperties":false}}}`,
			`{"type":"object","properties":{"p":{"type":"object","additionalProperties":{"type":"integer"}}}}`, "pattern-properties"},
		{"patterns of names of two kinds", `{"patternProperties":{"^a":{"type":"integer"},"^b":{"type":"number"}}}`,
			`{"type":"object","additionalProperties":{"type":"number"}}`, "pattern-properties"},
		{"patterns of names beside members", `{"properties":{"p":{"type":"string"}},"patternProperties":{"^x-":{"type":"integer"}},"additionalProperties":false}`,
			`{"type":"object","properties":{"p":{"type":"string"}},"additionalProperties":{"type":"integer"}}`, "pattern-properties"},
		{"patterns of names in an open object", `{"properties":{"p":{"type":"string"}},"patternProperties":{"^x-":{"type":"integer"}}}`,
			`{"type":"object","properties":{"p":{"type":"string"}},"additionalProperties":true}`, "pattern-properties"},
		{"nothing beside what is joined", `{"allOf":[{"$ref":"#/components/schemas/o"},{"properties":{"q":{"type":"boolean"}}}],"unevaluatedProperties":{"not":{}}}`,
			`{"type":"object","properties":{"id":{"type":"integer"},"q":{"type":"boolean"}},"required":["id"],"additionalProperties":false}`, ""},
		{"nothing beside", `{"type":"object","properties":{"p":{"not":{}},"q":{"type":"string"}},"unevaluatedProperties":false}`,
			`{"type":"object","properties":{"q":{"type":"string"}},"additionalProperties":false}`, ""},
		{"values beside", `{"type":"object","unevaluatedProperties":{"type":"integer"}}`,
			`{"type":"object","additionalProperties":{"type":"integer"}}`, ""},
		{"members under a condition", `{"type":"object","required":["k"],"properties":{"k":{"type":"string"}},"if":{"properties":{"k":{"const":"a"}}},"then":{"required":["x"],"properties":{"k":{"const":"a"},"x":{"type":"integer"}}},"else":{"properties":{"x":{"type":"number"},"y":{"$ref":"#/components/schemas/b"}}}}`,
			`{"type":"object","properties":{"k":{"type":"string"},"x":{"type":"number"},"y":{"$ref":"#/components/schemas/b"}},"required":["k"]}`, "conditional-members"},
		{"members that depend on others", `{"type":"object","properties":{"k":{"type":"string"}},"dependentSchemas":{"k":{"$ref":"#/components/schemas/o"}}}`,
			`{"type":"object","properties":{"id":{"type":"integer"},"k":{"type":"string"}}}`, "conditional-members"},
		{"conditions in an allOf", `{"type":"object","properties":{"k":{"type":"string"}},"allOf":[{"if":{"required":["k"]},"then":{"properties":{"x":{"type":"integer"}}}},{"if":{"required":["k"]},"then":{"properties":{"z":{"type":"integer"}}}}]}`,
			`{"type":"object","properties":{"k":{"type":"string"},"x":{"type":"integer"},"z":{"type":"integer"}}}`, "conditional-members conditional-members"},
		{"conditions that describe nothing", `{"type":"object","properties":{"p":{"allOf":[{"$ref":"#/components/schemas/o"},{"if":{"required":["id"]},"then":{"required":["q"]}}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/components/schemas/o"}}}`, "condition-unchecked"},
		{"a choice by a condition", `{"type":"object","properties":{"p":{"if":{"minLength":3},"then":{"type":"integer"},"else":{"type":"number"}}}}`,
			`{"type":"object","properties":{"p":{"type":"number"}}}`, "conditional-members"},
		{"what a value must not be", `{"type":"object","properties":{"p":{"type":"string","not":{"enum":["x"]}},"q":{"type":"array","contains":{"type":"integer"}}}}`,
			`{"type":"object","properties":{"p":{"type":"string"},"q":{"type":"array","items":{}}}}`, "condition-unchecked condition-unchecked"},
		{"a reference at nothing", `{"type":"object","properties":{"p":{"$ref":"#/components/schemas/nowhere"}}}`,
			`{"type":"object","properties":{"p":{}}}`, "dangling-ref"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form, diags := Run(decode(t, document(c.before)), Options{})
			got := form.Root["components"].(tree)["schemas"].(tree)["a"]
			if diff := cmp.Diff(decode(t, c.after), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			var codes []string
			for _, d := range diags {
				codes = append(codes, d.Code)
				if strings.HasPrefix(d.Pointer, "#") || d.Pointer == "" {
					t.Errorf("%s has no JSON pointer: %q", d.Code, d.Pointer)
				}
			}
			if got := strings.Join(codes, " "); got != c.codes {
				t.Errorf("diagnostics %q, want %q", got, c.codes)
			}
		})
	}
}

func document(a string) string {
	return `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"",
		"content":{"application/json":{"schema":{"$ref":"#/components/schemas/a"}}}}}}}},
		"components":{"schemas":{"a":` + a + `,"b":{"type":"string"},
		"o":{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}},
		"nullable-o":{"type":["object","null"],"title":"O","required":["id"],"properties":{"id":{"type":"integer"}}},
		"n":{"type":"object","nullable":true,"properties":{"x":{"type":"string"}}}}}}`
}

func decode(t *testing.T, text string) tree {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v tree
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Equal structures under one name become one type; under two names, two.
func TestHoistingDeduplicates(t *testing.T) {
	owner := `{"type":"object","properties":{"login":{"type":"string"},"id":{"type":"integer"}}}`
	form, _ := Run(decode(t, document(`{"type":"object","properties":{"owner":`+owner+`,"more":{"type":"object","properties":{"owner":`+owner+`,"author":`+owner+`}},
		"owners":{"type":"array","items":`+owner+`}}}`)), Options{})
	inline := 0
	for key := range form.Root["components"].(tree)["schemas"].(tree) {
		if strings.HasPrefix(key, "inline.") {
			inline++
		}
	}
	if inline != 3 { // owner (three places, one of them a list), author, more
		t.Errorf("%d inline types, want 3", inline)
	}
	for key, origins := range form.Origins {
		if strings.HasPrefix(key, "inline.") && len(origins) == 3 {
			return
		}
	}
	t.Error("no type remembers its three places")
}

// The input belongs to the caller: a run changes nothing in it.
func TestInputIsNotModified(t *testing.T) {
	text := document(`{"allOf":[{"$ref":"#/components/schemas/o"},{"anyOf":[{"type":"object","properties":{"x":{"nullable":true,"enum":["a",null]}}},{"type":"null"}]}]}`)
	doc := decode(t, text)
	Run(doc, Options{})
	if diff := cmp.Diff(decode(t, text), doc); diff != "" {
		t.Errorf("the document changed:\n%s", diff)
	}
}

// Unions that lead to each other in every way are looked at once each.
func TestUnionsThatLeadToEachOther(t *testing.T) {
	var all, schemas []string
	for i := range 40 {
		all = append(all, fmt.Sprintf(`{"$ref":"#/components/schemas/u%d"}`, i))
	}
	for i := range 40 {
		schemas = append(schemas, fmt.Sprintf(`"u%d":{"anyOf":[%s,{"type":"string"}]}`, i, strings.Join(all, ",")))
	}
	doc := strings.Replace(document(`{"$ref":"#/components/schemas/u0"}`), `"b":{"type":"string"}`, `"b":{"type":"string"},`+strings.Join(schemas, ","), 1)
	done := make(chan *Form)
	go func() {
		form, _ := Run(decode(t, doc), Options{})
		done <- form
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second): // seconds even on a busy machine; without the rule, years
		t.Fatal("the run does not end")
	}
}

// Members of an allOf that are trees of their own kind would be joined for ever.
func TestTreesJoinedWithoutEnd(t *testing.T) {
	doc := strings.Replace(document(`{"allOf":[{"$ref":"#/components/schemas/x"},{"$ref":"#/components/schemas/y"}]}`), `"b":{"type":"string"}`,
		`"b":{"type":"string"},"x":{"type":"object","properties":{"l":{"$ref":"#/components/schemas/x"},"r":{"$ref":"#/components/schemas/z"}}},
		"y":{"type":"object","properties":{"l":{"$ref":"#/components/schemas/y"},"r":{"$ref":"#/components/schemas/x"}}},
		"z":{"type":"object","properties":{"l":{"$ref":"#/components/schemas/y"},"r":{"$ref":"#/components/schemas/z"}}}`, 1)
	done := make(chan string)
	go func() {
		_, diags := Run(decode(t, doc), Options{})
		done <- fmt.Sprint(diags)
	}()
	select {
	case diags := <-done:
		if !strings.Contains(diags, "allof-cycle") {
			t.Errorf("diagnostics %s", diags)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the run does not end")
	}
}

// Any JSON value in place of a schema ends, without a panic, in a document in
// normal form.
func FuzzSchema(f *testing.F) {
	for _, seed := range []string{
		`{"allOf":[{"$ref":"#/components/schemas/a"}]}`, `{"oneOf":[{"$ref":"#/components/schemas/a"},{"type":"array","items":{"$ref":"#/components/schemas/a"}}]}`,
		`{"type":["a",1,null]}`, `{"enum":[{}]}`, `{"properties":{"":[]}}`, `{"items":{"anyOf":[{}]}}`, `{"discriminator":{"mapping":{"a":1}},"oneOf":[1,{}]}`,
		`{"$ref":"#/paths/~1a"}`, `[]`, `"x"`, `{"anyOf":[{"anyOf":[{"anyOf":[]}]}]}`,
		`{"oneOf":[true,{"type":"string"}]}`, `{"type":"object","required":[{}],"properties":{"token":{}}}`, `{"type":"string","enum":[{},[]]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		if !json.Valid([]byte(schema)) || len(schema) > 2000 {
			t.Skip()
		}
		form, _ := Run(decode(t, document(schema)), Options{})
		if form.Root["paths"] == nil {
			t.Error("no paths")
		}
		form, _ = Run(decode(t, everywhere(schema)), Options{Credentials: []string{"token"}})
		if len(object(form.Root, "paths")) != 1 {
			t.Error("the operation is lost")
		}
	})
}

// everywhere puts v into each place of an operation that holds a schema.
func everywhere(v string) string {
	schema := `{"schema":` + v + `}`
	return `{"paths":{"/a":{"post":{
		"parameters":[{"name":"q","in":"query","schema":` + v + `},{"name":"r","in":"header","content":{"application/json":` + schema + `}}],
		"requestBody":{"content":{"multipart/form-data":` + schema + `}},
		"responses":{"200":{"content":{"application/json":` + schema + `}},"400":{"content":{"application/json":` + schema + `}}}}}},
		"components":{"schemas":{"a":` + v + `}}}`
}

// A variant that is no object says nothing about a parameter, as elsewhere.
func TestParameterVariants(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{`{"oneOf":[true,{"type":"string"}]}`, `{}`},
		{`{"anyOf":[false,{"type":"integer"},7,{"type":"string"},"x",null,[]]}`, `{"type":"string"}`},
		{`{"oneOf":[{"type":"string"},[1],{"type":"array","items":{"type":"string"}}]}`, `{"type":"array","items":{"type":"string"}}`},
		{`{"oneOf":[1,2]}`, `{}`},
	} {
		form, _ := Run(decode(t, everywhere(c.before)), Options{})
		params := list(object(object(object(form.Root, "paths"), "/a"), "post"), "parameters")
		if len(params) != 2 {
			t.Fatalf("%s: %d parameters, want 2", c.before, len(params))
		}
		for _, p := range trees(params) {
			if diff := cmp.Diff(decode(t, c.after), p["schema"]); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.before, diff)
			}
		}
	}
}
