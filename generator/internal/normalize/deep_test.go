package normalize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What contains itself through a reference into the middle of the document has a
// type that contains itself, one for all places.
func TestLoopsOutsideComponents(t *testing.T) {
	const subnet = `{"type":"object","properties":{"id":{"type":"string"},"part":{"$ref":"#/components/schemas/a/properties/subnet"}}}`
	for _, c := range []struct{ name, a string }{
		{"an object", `{"type":"object","properties":{"subnet":` + subnet + `}}`},
		{"an object that is referred to from elsewhere first", `{"type":"object","properties":{"again":{"$ref":"#/components/schemas/a/properties/subnet"},"subnet":` + subnet + `}}`},
		{"a list of lists", `{"type":"object","properties":{"subnet":{"type":"array","items":{"$ref":"#/components/schemas/a/properties/subnet"}}}}`},
		{"a map of maps", `{"type":"object","properties":{"subnet":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/a/properties/subnet"}}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			form, diags := Run(decode(t, document(c.a)), Options{})
			if len(diags) > 0 {
				t.Error(diags)
			}
			schemas, _ := at(form.Root, "components", "schemas").(tree)
			if len(schemas) > 3 { // a, the object, and the name by which it knows itself
				t.Errorf("%d components: %v", len(schemas), sortedKeys(schemas))
			}
			if text := canonical(schemas); strings.Contains(text, `"part":{}`) || strings.Contains(text, `"items":{}`) {
				t.Errorf("the loop ends in any value: %s", text)
			}
		})
	}
}

// A reference into the middle is named by where it leads, not by the way to it.
func TestDeepReferencesAreNamedByTheirPlace(t *testing.T) {
	const object = `{"type":"object","properties":{"id":{"type":"string"}}}`
	for _, c := range []struct {
		ref  string
		want Origin
	}{
		{"#/components/schemas/a/properties/list/items", Origin{Owner: "a", Path: []string{"list", "item"}, Role: RoleProperty}},
		{"#/components/schemas/a/allOf/0/properties/o", Origin{Owner: "a", Path: []string{"o"}, Role: RoleProperty}},
		{"#/paths/~1b/post/requestBody/content/application~1json/schema", Origin{Owner: "postB", Role: RoleBody}},
		{"#/paths/~1b/post/responses/200/content/application~1json/schema/properties/o", Origin{Owner: "postB", Path: []string{"o"}, Role: RoleInner}},
		{"#/x-mine/o", Origin{Owner: "get /way", Path: []string{"by", "way", "of"}, Role: RoleInner}},
	} {
		form, diags := Run(decode(t, `{"openapi":"3.0.3","paths":{
			"/way":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"type":"object","properties":{
				"by":{"type":"object","properties":{"way":{"type":"object","properties":{"of":{"$ref":"`+c.ref+`"}}}}}}}}}}}}},
			"/b":{"post":{"operationId":"postB","requestBody":{"content":{"application/json":{"schema":`+object+`}}},
				"responses":{"200":{"content":{"application/json":{"schema":{"type":"object","properties":{"o":`+object+`}}}}}}}}},
			"x-mine":{"o":`+object+`},
			"components":{"schemas":{"a":{"properties":{"list":{"type":"array","items":`+object+`}},"allOf":[{"properties":{"o":`+object+`}}]}}}}`), Options{})
		if len(diags) > 0 {
			t.Error(diags)
		}
		c.want.Pointer = c.ref
		found := false
		for _, origins := range form.Origins {
			for _, o := range origins {
				found = found || cmp.Equal(o, c.want, cmp.Transformer("", func(p []string) string { return strings.Join(p, "/") }))
			}
		}
		if !found {
			t.Errorf("%s: no origin %+v in %+v", c.ref, c.want, form.Origins)
		}
	}
}
