package normalize

import (
	"strings"
	"testing"
)

// TestMedia: which of the media types is spoken, and what a media range is read as.
func TestMedia(t *testing.T) {
	const (
		object = `{"schema":{"type":"object","properties":{"a":{"type":"string"}}}}`
		str    = `{"schema":{"type":"string"}}`
		bytes  = `{"schema":{"type":"string","format":"binary"}}`
	)
	for _, c := range []struct{ name, content, answer, body string }{
		{"springdoc's object", `{"*/*":` + object + `}`, "application/json", "application/json"},
		{"springdoc's list", `{"*/*":{"schema":{"type":"array","items":{"$ref":"#/components/schemas/o"}}}}`, "application/json", "application/json"},
		{"springdoc's text", `{"*/*":` + str + `}`, "text/*", "text/plain"},
		{"bytes of any kind", `{"*/*":` + bytes + `}`, "*/*", "*/*"},
		{"any value of any kind", `{"*/*":{"schema":{}}}`, "*/*", "*/*"},
		{"an object without a media type", `{"":` + object + `}`, "application/json", "application/json"},
		{"text without a media type", `{"":` + str + `,"image/png":` + bytes + `}`, "text/*", "text/plain"},
		{"no media type and no schema", `{"":{},"image/png":` + bytes + `}`, "image/png", "image/png"},
		{"a form that lists no fields beside bytes", `{"multipart/form-data":{"schema":{"type":"object","format":"file"}},"application/octet-stream":` + bytes + `}`, "multipart/form-data", "application/octet-stream"},
		{"a form that lists no fields", `{"multipart/form-data":{"schema":{}}}`, "multipart/form-data", "multipart/form-data"},
		{"an object without a media type beside one that has it", `{"":{"schema":{"type":"object","properties":{"no":{}}}},"application/json":` + object + `}`, "application/json", "application/json"},
		{"a picture", `{"image/*":` + bytes + `}`, "image/*", "image/*"},
		{"JSON beside a range", `{"*/*":` + object + `,"application/json":` + object + `}`, "application/json", "application/json"},
		{"JSON beside events", `{"application/json":` + object + `,"text/event-stream":` + object + `}`, "application/json", "application/json"},
		{"bytes beside events", `{"application/octet-stream":` + bytes + `,"text/event-stream":` + object + `}`, "application/octet-stream", "application/octet-stream"},
		{"events alone", `{"text/event-stream":` + object + `}`, "text/event-stream", "text/event-stream"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := strings.Replace(document(`{"type":"string"}`), `"get":{`, `"post":{"requestBody":{"content":`+c.content+`},"responses":{"200":{"description":"","content":`+c.content+`}}},"get":{`, 1)
			form, _ := Run(decode(t, doc), Options{})
			op := at(form.Root, "paths", "/a", "post")
			for want, got := range map[string]any{c.answer: at(op, "responses", "200", "content"), c.body: at(op, "requestBody", "content")} {
				if m, _ := got.(tree); len(m) != 1 || m[want] == nil {
					t.Errorf("got %v, want %s", sortedKeys(m), want)
				}
			}
		})
	}
}

// TestVariantsByTheirTag: objects of a union that have the same members are called by
// the one value that tells them apart.
func TestVariantsByTheirTag(t *testing.T) {
	variant := func(word string) string {
		return `{"type":"object","required":["method","params"],"properties":{"method":{"type":"string","enum":["` + word + `"]},"params":{"type":"object","properties":{"` + word + `":{"type":"string"}}}}}`
	}
	checkVariants(t, `{"oneOf":[`+variant("open")+`,`+variant("close")+`,`+variant("send")+`]}`, "open close send")
}

// checkVariants checks what the variants of a union are called.
func checkVariants(t *testing.T, schema, want string) {
	t.Helper()
	form, diags := Run(decode(t, document(schema)), Options{})
	if len(diags) > 0 {
		t.Error(diags)
	}
	a := at(form.Root, "components", "schemas", "a").(tree)
	var words []string
	for _, v := range list(a, VariantsKey) {
		words = append(words, text(v.(tree), "name"))
	}
	if got := strings.Join(words, " "); got != want {
		t.Errorf("the variants are called %q, want %q", got, want)
	}
}

// TestVariantsBesideABase: a constant that a base gives to every variant says nothing;
// a title, a name or the variant's own tag does.
func TestVariantsBesideABase(t *testing.T) {
	base := `{"type":"object","required":["object"],"properties":{"object":{"type":"string","enum":["link"]}}}`
	tagged := func(word string) string {
		return `{"type":"object","properties":{"via":{"type":"string","enum":["` + word + `"]},"to":{"type":"string"}}}`
	}
	for _, c := range []struct{ variants, want string }{
		{tagged("mail") + `,` + tagged("web") + `,{"type":"object","properties":{"via":{"type":"string"}}}`, "mail web object"},
		{`{"title":"Mail","type":"object","properties":{"a":{"type":"string"}}},{"$ref":"#/components/schemas/o"}`, "Mail o"},
	} {
		checkVariants(t, `{"allOf":[`+base+`,{"oneOf":[`+c.variants+`]}]}`, c.want)
	}
}
