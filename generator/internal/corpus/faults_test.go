package corpus

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

var isStruct = has("properties")

func isUnion(m map[string]any) bool { return m["oneOf"] != nil || m["anyOf"] != nil }

// faults lists them; a name says what is wrong with the document.
func faults() []fault {
	return slices.Concat(referenceFaults(), schemaFaults(), nameFaults(), operationFaults(), newerWords())
}

func referenceFaults() []fault {
	to := func(kind, ref string) func(*site) bool { return become(kind, nil, `{"$ref":"`+ref+`"}`) }
	return []fault{
		{name: "a schema that leads nowhere", apply: to("schema", "#/components/schemas/Gone"), code: diag.CodeDanglingRef, lossy: true},
		{name: "a schema that leads to a parameter", apply: to("schema", "#/components/parameters/Limit"), lossy: true},
		{name: "an answer that leads to a schema", apply: to("response", "#/components/schemas/Thing"), lossy: true},
		{name: "an answer that leads nowhere", apply: to("response", "#/components/responses/Gone"), code: diag.CodeDanglingRef, lossy: true},
		{name: "a body that leads to a schema", apply: to("request body", "#/components/schemas/Thing"), lossy: true},
		{name: "a body that leads nowhere", apply: to("request body", "#/components/requestBodies/Gone"), code: diag.CodeDanglingRef, lossy: true},
		{name: "a schema that leads to itself", apply: schemas(`{"Thing":{"$ref":"#/components/schemas/Thing"}}`), lossy: true},
		{name: "schemas that lead to each other", apply: schemas(`{"Thing":{"$ref":"#/components/schemas/B"},"B":{"$ref":"#/components/schemas/Thing"}}`), lossy: true},
		{name: "a network reference", apply: to("schema", "https://example.com/a.json"), code: diag.CodeRemoteRef},
		{name: "a file reference", apply: to("schema", "other.json#/a"), code: diag.CodeExternalRef},
		{name: "a reference that is no text", apply: become("schema", nil, `{"$ref":7}`), code: diag.CodeInvalidRef},
		{name: "a reference with siblings", apply: become("schema", nil, `{"$ref":"#/components/schemas/Thing","description":"x","nullable":true,"type":"string","properties":{"more":{"type":"string"}}}`), lossy: true},
		{name: "an anchor", apply: become("schema", nil, `{"$ref":"#nowhere"}`), code: diag.CodeInvalidRef, lossy: true},
		{name: "a discriminator that leads nowhere", apply: set("schema", isUnion, `{"discriminator":{"propertyName":"kind","mapping":{"a":"#/components/schemas/Gone","b":"Thing"}}}`), code: diag.CodeDanglingRef},
		{name: "a discriminator that covers half its union", apply: func(s *site) bool {
			return set("schema", func(m map[string]any) bool { l, _ := m["oneOf"].([]any); return len(l) > 1 }, `{"discriminator":{"propertyName":"kind","mapping":{"cat":"#/components/schemas/Cat"}}}`)(s)
		}},
		{name: "a discriminator that is text", apply: set("schema", isUnion, `{"discriminator":"kind"}`), code: diag.CodeWrongType},
		{name: "a discriminator without a name", apply: set("schema", isUnion, `{"discriminator":{"mapping":{}}}`)},
	}
}

// schemas gives a fault that adds components and lets something refer to the first.
func schemas(components string) func(*site) bool {
	return func(s *site) bool {
		all, _ := s.root["components"].(map[string]any)
		section, ok := all["schemas"].(map[string]any)
		if !ok {
			return false
		}
		maps.Copy(section, literal(components).(map[string]any))
		return become("schema", func(m map[string]any) bool { return m["type"] != nil }, `{"$ref":"#/components/schemas/Thing"}`)(s)
	}
}

func schemaFaults() []fault {
	long := make([]string, 10_000)
	for i := range long {
		long[i] = fmt.Sprintf("%q", fmt.Sprintf("v%d", i))
	}
	deep := strings.Repeat(`{"type":"object","properties":{"a":`, 60) + `{"type":"string"}` + strings.Repeat(`}}`, 60)
	wide := strings.Repeat(`{"type":"array","items":`, 40) + `{"type":"string"}` + strings.Repeat(`}`, 40)
	return []fault{
		{name: "required is true", apply: set("schema", isStruct, `{"required":true}`), code: diag.CodeWrongType, lossy: true},
		{name: "required is text", apply: set("schema", isStruct, `{"required":"id"}`), code: diag.CodeWrongType, lossy: true},
		{name: "required lists what is not there", apply: set("schema", isStruct, `{"required":["id","nothing","id"]}`), lossy: true},
		{name: "required lists numbers", apply: set("schema", isStruct, `{"required":[1,null,"id"]}`), lossy: true},
		{name: "a list of types", apply: become("schema", nil, `{"type":["string","integer","null"]}`), lossy: true},
		{name: "a list of one type", apply: set("schema", has("type"), `{"nullable":"true"}`)},
		{name: "a type that is none", apply: become("schema", nil, `{"type":"varchar"}`), lossy: true},
		{name: "a type in capitals", apply: become("schema", nil, `{"type":"String"}`), lossy: true},
		{name: "an empty type", apply: become("schema", nil, `{"type":""}`), lossy: true},
		{name: "no type at all", apply: become("schema", nil, `{"type":[]}`), lossy: true},
		{name: "null in place of a schema", apply: become("schema", nil, `null`), lossy: true},
		{name: "true in place of a schema", apply: become("schema", nil, `true`), lossy: true},
		{name: "false in place of a schema", apply: become("schema", nil, `false`), lossy: true},
		{name: "text in place of a schema", apply: become("schema", nil, `"string"`), lossy: true, code: diag.CodeWrongType},
		{name: "a list in place of a schema", apply: become("schema", nil, `[{"type":"string"}]`), lossy: true},
		{name: "numbers as text", apply: set("schema", has("type"), `{"minLength":"3","maximum":"9","maxItems":"x","minItems":-1.5}`)},
		{name: "limits beyond every number", apply: set("schema", has("type"), `{"maximum":1e400,"minimum":-9223372036854776000,"maxLength":99999999999999999999}`)},
		{name: "a description of the wrong type", apply: set("schema", nil, `{"description":{"en":"x"},"title":7,"example":null,"examples":"garbage","externalDocs":[]}`)},
		{name: "a title that is an essay", apply: set("schema", isStruct, `{"title":"A /* very */ long\ntitle with \u0000 and `+"`"+` and \" and */ \\ that goes on and on"}`)},
		{name: "an endless description", apply: set("schema", nil, `{"description":"a\r\nb\u2028c\u0000d */ // `+"`"+`"}`)},
		{name: "ten thousand values", apply: become("schema", nil, `{"type":"string","enum":[`+strings.Join(long, ",")+`]}`), lossy: true},
		{name: "values that differ in case or sign", apply: become("schema", nil, `{"type":"string","enum":["a","A","+1","-1","1","","_"," ","a b","a_b","a-b","é","É","*","😀"]}`), lossy: true},
		{name: "values of every type", apply: become("schema", nil, `{"type":"string","enum":["a",1,1.5,true,null,{"a":1},[1],"a"]}`), lossy: true},
		{name: "values without a type", apply: become("schema", nil, `{"enum":["a",1,null]}`), lossy: true},
		{name: "values with odd characters", apply: become("schema", nil, `{"type":"string","enum":["a\"b","a`+"`"+`b","a\\b","a\nb","a\u0000b","\ufffd","%s","//"]}`), lossy: true},
		{name: "no values", apply: become("schema", nil, `{"type":"string","enum":[]}`), lossy: true},
		{name: "values that are text", apply: become("schema", nil, `{"type":"string","enum":"a"}`), lossy: true},
		{name: "values of an integer", apply: become("schema", nil, `{"type":"integer","enum":[1,2,"3",1]}`), lossy: true},
		{name: "an allOf that contains itself", lossy: true, apply: schemas(`{"Thing":{"allOf":[{"$ref":"#/components/schemas/Thing"},{"type":"object","properties":{"a":{"type":"string"}}}]}}`)},
		{name: "allOfs that contain each other", apply: schemas(`{"Thing":{"allOf":[{"$ref":"#/components/schemas/B"},{"type":"object","properties":{"a":{"type":"string"}}}]},"B":{"allOf":[{"$ref":"#/components/schemas/Thing"}]}}`), lossy: true},
		{name: "an allOf of two unions", apply: become("schema", nil, `{"allOf":[{"oneOf":[{"type":"string"},{"type":"integer"}]},{"oneOf":[{"type":"string"},{"type":"boolean"}]}]}`), lossy: true},
		{name: "an allOf of contradictions", apply: become("schema", nil, `{"allOf":[{"type":"string"},{"type":"object","properties":{"a":{"type":"string"}}},{"type":"array","items":{"type":"integer"}}]}`), lossy: true},
		{name: "an allOf of nothing", apply: become("schema", nil, `{"allOf":[null,{},true,[]]}`), lossy: true},
		{name: "a union of nothing", apply: become("schema", nil, `{"oneOf":[]}`), lossy: true},
		{name: "a union of itself", apply: schemas(`{"Thing":{"oneOf":[{"$ref":"#/components/schemas/Thing"},{"type":"array","items":{"$ref":"#/components/schemas/Thing"}}]}}`), lossy: true},
		{name: "a union of lookalikes", apply: become("schema", nil, `{"oneOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"a":{"type":"integer"}}},{"type":"object","properties":{"a":{"type":"boolean"}}}]}`), lossy: true},
		{name: "oneOf that is an object", apply: become("schema", nil, `{"oneOf":{"type":"string"}}`), lossy: true},
		{name: "a deep object", apply: become("schema", nil, deep), lossy: true},
		{name: "a deep list", apply: become("schema", nil, wide), lossy: true},
		{name: "properties that are a list", apply: become("schema", nil, `{"type":"object","properties":[{"name":"a"}]}`), lossy: true, code: diag.CodeWrongType},
		{name: "a property that is text", apply: become("schema", nil, `{"type":"object","properties":{"a":"string","b":null,"c":[]}}`), lossy: true},
		{name: "items that are a list", apply: become("schema", nil, `{"type":"array","items":[{"type":"string"},{"type":"integer"}]}`), lossy: true, code: diag.CodeWrongType},
		{name: "a list without items", apply: become("schema", nil, `{"type":"array"}`), lossy: true},
		{name: "a string with properties", apply: become("schema", nil, `{"type":"string","properties":{"a":{"type":"string"}},"items":{"type":"integer"}}`), lossy: true},
		{name: "formats that nobody knows", apply: become("schema", nil, `{"type":"object","properties":{"a":{"type":"string","format":"int64"},"b":{"type":"integer","format":"date-time"},"c":{"type":"number","format":"binary"},"d":{"type":"boolean","format":"x y"},"e":{"type":"string","format":7}}}`), lossy: true},
		{name: "defaults of the wrong type", apply: become("schema", nil, `{"type":"object","properties":{"a":{"type":"string","default":{}},"b":{"type":"integer","default":"x"},"c":{"type":"array","items":{},"default":7},"d":{"type":"string","default":"a\n*/"}}}`), lossy: true},
	}
}

// nameFaults call things in ways that no Go identifier can take over.
func nameFaults() []fault {
	odd := []string{"", " ", "_", "-", "1", "2fa", "a b", "a.b", "a/b", "a~b", "100%", "a%2Fb", "{x}", "a,b", "a\"b", "a`b", "a\\b", "a\nb", "$ref", "имя", "名前", "😀", "É", "type", "func", "string", "error", "nil", "init", "main", "_a", "a_", "A", "a", "XMLHTTPRequest", "Extra", "Raw", "Client", "New", "Operations", "opts", "ctx", "body", "params", "out", "err", "s", "api", "context", "iter", "io", strings.Repeat("very_long_", 60)}
	rest := func(kind, member string) func(*site) bool { return rename(kind, member, odd...) }
	return []fault{
		{name: "odd names of schemas", apply: func(s *site) bool {
			ok := rest("components", "schemas")(s)
			f, found := s.pick("schema", isStruct)
			if !ok || !found {
				return false
			}
			props := f.value["properties"].(map[string]any)
			for i, name := range odd { // what nothing refers to makes no type
				props[fmt.Sprintf("odd%d", i)] = map[string]any{"$ref": "#/components/schemas/" + strings.NewReplacer("~", "~0", "/", "~1", "%", "%25").Replace(name)}
			}
			return true
		}, lossy: true},
		{name: "odd names of properties", apply: rest("schema", "properties"), lossy: true},
		{name: "odd names of variables", apply: func(s *site) bool {
			f, ok := s.pick("operation", nil)
			if ok {
				var list []any
				for i, name := range odd {
					list = append(list, map[string]any{"name": name, "in": []string{"query", "header", "cookie"}[i%3], "schema": map[string]any{"type": "string"}})
				}
				f.value["parameters"] = list
			}
			return ok
		}, lossy: true},
		{name: "odd tags", apply: func(s *site) bool {
			paths := s.paths()
			if len(paths) == 0 {
				return false
			}
			for i, name := range odd {
				paths[fmt.Sprintf("/odd/%d", i)] = map[string]any{"get": map[string]any{"tags": []any{name}, "responses": map[string]any{"204": map[string]any{"description": ""}}}}
			}
			return true
		}},
		{name: "odd operation IDs", apply: func(s *site) bool {
			paths := s.paths()
			if len(paths) == 0 {
				return false
			}
			for i, name := range odd {
				paths[fmt.Sprintf("/odd/%d", i)] = map[string]any{"get": map[string]any{"operationId": name, "tags": []any{"odd"}, "responses": map[string]any{"204": map[string]any{"description": ""}}}}
			}
			return true
		}},
		{name: "one operation ID for all", apply: func(s *site) bool {
			s.walkOperations(func(op map[string]any) { op["operationId"] = "same" })
			return true
		}},
		{name: "no operation IDs", apply: func(s *site) bool {
			s.walkOperations(func(op map[string]any) { delete(op, "operationId"); delete(op, "tags") })
			return true
		}},
		{name: "odd paths", apply: func(s *site) bool {
			paths := s.paths()
			if len(paths) == 0 {
				return false
			}
			for _, path := range []string{"/", "//", "/a//b", "/{}", "/{a", "/a}", "/{a}{b}", "/{a}.{b}", "/{a}/{a}", "/a?x=1", "/a#b", "/имя/{名}", "no/slash", "/a b", "/{a-b}/{a_b}", "/{type}/{func}", "/*"} {
				paths[path] = map[string]any{"get": map[string]any{"responses": map[string]any{"204": map[string]any{"description": ""}}}}
			}
			return true
		}, lossy: true},
	}
}

func operationFaults() []fault {
	return []fault{
		{name: "no answers", apply: func(s *site) bool {
			f, ok := s.pick("operation", nil)
			delete(f.value, "responses")
			return ok
		}},
		{name: "empty answers", apply: set("operation", nil, `{"responses":{}}`)},
		{name: "answers that are null", apply: set("operation", nil, `{"responses":null}`)},
		{name: "answers of the wrong type", apply: set("operation", nil, `{"responses":[{"200":{}}]}`), lossy: true},
		{name: "an answer that is null", apply: set("operation", nil, `{"responses":{"200":null,"abc":{"description":""},"2XX":{},"default":"x","999":{}}}`)},
		{name: "a content map of the wrong type", apply: set("response", nil, `{"content":"application/json"}`), lossy: true, code: diag.CodeWrongType},
		{name: "a content map that is a list", apply: set("response", nil, `{"content":[]}`), lossy: true},
		{name: "a media type that is null", apply: set("response", nil, `{"content":{"application/json":null}}`)},
		{name: "an odd media type", apply: set("response", nil, `{"content":{"":{"schema":{"type":"string"}},"json":{"schema":{"type":"object"}}," application/json ; charset=utf-8":{"schema":{"type":"object","properties":{"q":{"type":"string"}}}}}}`)},
		{name: "headers of the wrong type", apply: set("response", nil, `{"headers":["X-A"]}`)},
		{name: "a path parameter that nobody declared", apply: func(s *site) bool {
			paths := s.paths()
			if len(paths) == 0 {
				return false
			}
			path := slices.Sorted(maps.Keys(paths))[0]
			paths[path+"/{nobody}"] = clone(paths[path])
			return true
		}, code: "undeclared-path-parameter"},
		{name: "a path parameter that the path lacks", apply: set("operation", nil, `{"parameters":[{"name":"lacking","in":"path","required":true,"schema":{"type":"string"}}]}`), lossy: true, code: "path-parameter-unused"},
		{name: "a path parameter that is optional", apply: set("path item", nil, `{"parameters":[{"name":"id","in":"path","schema":{"type":"string","nullable":true}}]}`), lossy: true},
		{name: "parameters that are an object", apply: set("operation", nil, `{"parameters":{"a":{"name":"a","in":"query"}}}`), lossy: true},
		{name: "parameters twice", apply: set("operation", nil, `{"parameters":[{"name":"a","in":"query"},{"name":"a","in":"query","schema":{"type":"integer"}},{"name":"A","in":"query"},{"name":"a","in":"header"}]}`), lossy: true},
		{name: "a parameter without a place", apply: set("operation", nil, `{"parameters":[{"name":"a"},{"in":"query"},null,{"name":"b","in":"body"},{"name":7,"in":"query"},{"name":"c","in":"Query","schema":{"type":"string"}}]}`), lossy: true},
		{name: "a parameter without a schema", apply: set("operation", nil, `{"parameters":[{"name":"a","in":"query"},{"name":"b","in":"query","content":{}},{"name":"c","in":"query","content":{"application/json":{"schema":{"type":"object","properties":{"x":{"type":"string"}}}}}},{"name":"d","in":"query","type":"string"}]}`), lossy: true},
		{name: "odd styles", apply: set("operation", nil, `{"parameters":[{"name":"a","in":"query","style":"matrix","schema":{"type":"object","properties":{"x":{"type":"object","properties":{"y":{"type":"string"}}}}}},{"name":"b","in":"header","style":"deepObject","explode":"yes","schema":{"type":"array","items":{"type":"array","items":{"type":"string"}}}},{"name":"c","in":"cookie","schema":{"oneOf":[{"type":"string"},{"type":"object","properties":{"z":{"type":"string"}}}]}}]}`), lossy: true},
		{name: "a body of nothing", apply: set("operation", nil, `{"requestBody":{}}`)},
		{name: "a body that is null", apply: set("operation", nil, `{"requestBody":null}`)},
		{name: "a body of odd media", apply: set("operation", nil, `{"requestBody":{"content":{"*/*":{"schema":{"$ref":"#/components/schemas/Thing"}}}}}`), lossy: true},
		{name: "a form of unions", apply: set("operation", nil, `{"requestBody":{"content":{"multipart/form-data":{"schema":{"oneOf":[{"type":"string"},{"type":"object","properties":{"f":{"type":"string","format":"binary"}}}]},"encoding":[]}}}}`), lossy: true},
		{name: "tags that are text", apply: set("operation", nil, `{"tags":"things","deprecated":"yes","security":{},"servers":"x"}`), lossy: true},
		{name: "no path at all", apply: set("document", nil, `{"paths":{}}`), code: "no-operations", lossy: true},
		{name: "paths that are null", apply: set("document", nil, `{"paths":null}`), lossy: true},
		{name: "a path item that is null", apply: func(s *site) bool {
			paths := s.paths()
			if paths == nil {
				return false
			}
			paths["/null"] = nil
			paths["/text"] = "x"
			return true
		}},
		{name: "operations of odd methods", apply: set("path item", nil, `{"GET":{"responses":{}},"fetch":{"responses":{}},"connect":null}`), lossy: true},
		{name: "no servers", apply: func(s *site) bool { delete(s.root, "servers"); return true }},
		{name: "relative servers", apply: set("document", nil, `{"servers":[{"url":"/v1"},{"url":"v2/{x}"}]}`)},
		{name: "templated servers", apply: set("document", nil, `{"servers":[{"url":"https://{region}.{host}:{port}/{unset}","variables":{"region":{"default":"eu"},"host":{},"port":{"default":443}}}]}`)},
		{name: "servers of the wrong type", apply: set("document", nil, `{"servers":{"url":"https://a.example"},"tags":"x","security":"y","info":[]}`)},
		{name: "security of schemes that are not there", apply: set("operation", nil, `{"security":[{"gone":["a"]},{},null,"x"]}`)},
	}
}

// newerWords are members that 3.1 and 3.2 allow, in documents of every version.
func newerWords() []fault {
	return []fault{
		{name: "webhooks", apply: set("document", nil, `{"webhooks":{"w":{"post":{"requestBody":{"$ref":"#/components/requestBodies/Gone"},"responses":{}}}}}`)},
		{name: "callbacks", apply: set("operation", nil, `{"callbacks":{"c":{"{$request.body#/url}":{"post":{"responses":{"200":{"$ref":"#/components/responses/Gone"}}}}}}}`)},
		{name: "links", apply: set("response", nil, `{"links":{"l":{"operationId":"gone","parameters":7}}}`)},
		{name: "the method query", apply: set("path item", nil, `{"query":{"operationId":"queried","responses":{"204":{"description":""}}}}`)},
		{name: "operations of any name", apply: set("path item", nil, `{"additionalOperations":{"COPY":{"responses":{"204":{"description":""}}},"odd name":{"responses":{}},"get":{"responses":{}}}}`), lossy: true},
		{name: "definitions inside a schema", apply: become("schema", nil, `{"type":"object","$defs":{"d":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/d"},"b":{"type":"string"}}}`), lossy: true},
		{name: "anchors and IDs", apply: become("schema", nil, `{"$id":"https://example.com/x","$anchor":"a","$dynamicAnchor":"b","$schema":"x","$comment":7,"type":"object","properties":{"a":{"$dynamicRef":"#b"}}}`), lossy: true},
		{name: "a tuple", apply: become("schema", nil, `{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false}`), lossy: true},
		{name: "conditions", apply: become("schema", nil, `{"type":"object","properties":{"a":{"type":"string"}},"if":{"properties":{"a":{"const":"x"}}},"then":{"required":["b"]},"else":{"properties":{"c":{"type":"string"}}},"dependentSchemas":{"a":{"properties":{"d":{"type":"string"}}}},"dependentRequired":{"a":["b"]}}`), lossy: true},
		{name: "patterns of names", apply: become("schema", nil, `{"type":"object","patternProperties":{"^x-":{"type":"string"}},"propertyNames":{"pattern":"^x"},"unevaluatedProperties":false}`), lossy: true},
		{name: "constants", apply: become("schema", nil, `{"type":"object","properties":{"a":{"const":"x"},"b":{"const":1},"c":{"const":null},"d":{"const":{"e":1}},"f":{"const":"x","enum":["y"]}}}`), lossy: true},
		{name: "content in text", apply: become("schema", nil, `{"type":"string","contentMediaType":"application/json","contentEncoding":"base64","contentSchema":{"type":"object"}}`), lossy: true},
		{name: "exclusive numbers", apply: set("schema", has("type"), `{"exclusiveMinimum":1,"exclusiveMaximum":"true"}`)},
		{name: "a stream of items", apply: set("response", nil, `{"content":{"text/event-stream":{"itemSchema":{"type":"object","properties":{"a":{"type":"string"}}}}}}`)},
		{name: "a parameter that is the whole query", apply: set("operation", nil, `{"parameters":[{"name":"q","in":"querystring","content":{"application/x-www-form-urlencoded":{"schema":{"type":"object","properties":{"a":{"type":"string"}}}}}}]}`), lossy: true},
		{name: "recursive references of drafts", apply: become("schema", nil, `{"type":"object","$recursiveAnchor":true,"properties":{"a":{"$recursiveRef":"#"}}}`), lossy: true},
	}
}

// paths are nil where an earlier fault took them.
func (s *site) paths() map[string]any {
	paths, _ := s.root["paths"].(map[string]any)
	return paths
}

func (s *site) walkOperations(visit func(map[string]any)) {
	for _, item := range s.paths() {
		item, _ := item.(map[string]any)
		for _, method := range methods {
			if op, ok := item[method].(map[string]any); ok {
				visit(op)
			}
		}
	}
}

// everything is a small document in which each fault finds a place.
const everything = `
openapi: 3.0.3
info: {title: Everything, version: "1"}
servers: [{url: https://everything.example/v1}]
tags: [{name: things}]
paths:
  /things:
    parameters: [{name: X-Trace, in: header, schema: {type: string}}]
    get:
      operationId: listThings
      tags: [things]
      parameters:
        - {$ref: "#/components/parameters/Limit"}
        - {name: filter, in: query, style: deepObject, schema: {type: object, properties: {name: {type: string}}}}
        - {name: sort, in: query, schema: {type: string, enum: [asc, desc]}}
      responses:
        "200": {description: "", headers: {Link: {schema: {type: string}}}, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Thing"}}}}}
        default: {$ref: "#/components/responses/Problem"}
    post:
      operationId: createThing
      tags: [things]
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/NewThing"}}}}
      responses:
        "201": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
        "400": {$ref: "#/components/responses/Problem"}
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getThing
      tags: [things]
      responses: {"200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
    put:
      operationId: uploadThing
      tags: [files]
      requestBody: {content: {multipart/form-data: {schema: {type: object, required: [file], properties: {file: {type: string, format: binary}, note: {type: string}}}}}}
      responses: {"204": {description: ""}}
    delete:
      operationId: deleteThing
      responses: {"204": {description: ""}}
  /pets:
    get:
      operationId: listPets
      tags: [pets]
      responses: {"200": {description: "", content: {application/json: {schema: {type: object, properties: {pets: {type: array, items: {$ref: "#/components/schemas/Pet"}}}}}}}}
components:
  parameters:
    Limit: {name: limit, in: query, schema: {type: integer}}
  responses:
    Problem: {description: "", content: {application/problem+json: {schema: {type: object, properties: {title: {type: string}, status: {type: integer}}}}}}
  requestBodies:
    Thing: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
  schemas:
    Thing:
      type: object
      required: [id]
      properties:
        id: {type: string}
        state: {type: string, enum: [new, used, "null"]}
        parent: {$ref: "#/components/schemas/Thing"}
        size: {type: object, properties: {width: {type: integer}, height: {type: number}}}
        labels: {type: object, additionalProperties: {type: string}}
        at: {type: string, format: date-time, nullable: true}
        owner: {oneOf: [{type: string}, {type: object, properties: {login: {type: string}}}]}
    NewThing: {allOf: [{$ref: "#/components/schemas/Thing"}, {type: object, required: [name], properties: {name: {type: string}}}]}
    Cat: {type: object, required: [kind, meow], properties: {kind: {type: string, enum: [cat]}, meow: {type: boolean}}}
    Dog: {type: object, required: [kind, bark], properties: {kind: {type: string, enum: [dog]}, bark: {type: boolean}}}
    Pet: {oneOf: [{$ref: "#/components/schemas/Cat"}, {$ref: "#/components/schemas/Dog"}], discriminator: {propertyName: kind, mapping: {cat: "#/components/schemas/Cat", dog: "#/components/schemas/Dog"}}}
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
`
