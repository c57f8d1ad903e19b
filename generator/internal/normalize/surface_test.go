package normalize

import (
	"slices"
	"strings"
	"testing"
)

const twoCalls = `{"components":{"parameters":{"alt":{"name":"alt","in":"query","schema":{"type":"string"}}},
	"schemas":{"mail":{"type":"object","properties":{"id":{"type":"string"}}},"form":{"type":"object","properties":{"file":{"type":"string","format":"binary"}}}}},
	"paths":{"/{name}":{"parameters":[{"$ref":"#/components/parameters/alt"},{"name":"name","in":"path","required":true,"schema":{"type":"string"}}],
		"get":{"operationId":"get","responses":{}},"post":{"operationId":"post","requestBody":BODY,"responses":{}}}}}`

// names lists the parameters of an operation of twoCalls.
func names(form *Form, method string) []string {
	var out []string
	for _, p := range trees(list(object(object(object(form.Root, "paths"), "/{name}"), method), "parameters")) {
		name := text(p, "name")
		if flag(p, SegmentsKey) {
			name += "/"
		}
		out = append(out, name)
	}
	return out
}

func TestParametersLeaveTheSurface(t *testing.T) {
	doc := strings.Replace(twoCalls, "BODY", `{}`, 1)
	for _, c := range []struct {
		opts      Options
		get, post []string
		codes     string
	}{
		{Options{}, []string{"alt", "name"}, []string{"alt", "name"}, ""},
		{Options{Dropped: []string{"alt"}}, []string{"name"}, []string{"name"}, ""},
		{Options{Dropped: []string{"alt"}, Kept: map[string][]string{"get": {"alt"}}}, []string{"alt", "name"}, []string{"name"}, ""},
		{Options{Segmented: []string{"name"}}, []string{"alt", "name/"}, []string{"alt", "name/"}, ""},
		{Options{Dropped: []string{"name"}}, []string{"alt", "name"}, []string{"alt", "name"}, "dropped-parameter-required"},
		{Options{Dropped: []string{"atl"}}, []string{"alt", "name"}, []string{"alt", "name"}, "config-unknown-parameter"},
		{Options{Segmented: []string{"alt"}}, []string{"alt", "name"}, []string{"alt", "name"}, "config-unknown-parameter"},
		{Options{Dropped: []string{"alt"}, Kept: map[string][]string{"put": {"alt"}}}, []string{"name"}, []string{"name"}, "config-unknown-parameter"},
	} {
		form, diags := Run(decode(t, doc), c.opts)
		if get, post := names(form, "get"), names(form, "post"); !slices.Equal(get, c.get) || !slices.Equal(post, c.post) {
			t.Errorf("%+v: get has %q, post %q", c.opts, get, post)
		}
		var codes []string
		for _, d := range diags {
			codes = append(codes, d.Code)
		}
		if got := strings.Join(slices.Compact(codes), " "); got != c.codes {
			t.Errorf("%+v: codes %q, want %q", c.opts, got, c.codes)
		}
	}
}

func TestBodyOfMetadata(t *testing.T) {
	mail, form := `{"schema":{"$ref":"#/components/schemas/mail"}}`, `{"schema":{"$ref":"#/components/schemas/form"}}`
	for content, want := range map[string]string{
		`{"message/rfc822":` + mail + `,"message/http":` + mail + `}`:       "application/json body-of-metadata",
		`{"application/octet-stream":` + mail + `,"text/xml":` + mail + `}`: "application/json body-of-metadata",
		`{"*/*":` + mail + `}`:       "application/json media-range",
		`{"*/*":` + form + `}`:       "multipart/form-data media-range",
		`{"image/png":` + form + `}`: "image/png",
		`{"image/png":{"schema":{"type":"string","format":"binary"}}}`: "image/png",
		`{"image/png":{}}`: "image/png",
		`{"multipart/form-data":{"schema":{"type":"string","format":"binary"}}}`: "multipart/form-data form-without-part",
		`{"multipart/form-data":` + form + `}`:                                   "multipart/form-data",
		`{"text/xml":` + mail + `}`:                                              "text/xml",
		`{"multipart/form-data":` + mail + `,"image/png":` + mail + `}`:          "multipart/form-data",
		`{"application/json":` + mail + `,"image/png":` + mail + `}`:             "application/json",
	} {
		out, diags := Run(decode(t, strings.Replace(twoCalls, "BODY", `{"content":`+content+`}`, 1)), Options{})
		body := object(object(object(object(out.Root, "paths"), "/{name}"), "post"), "requestBody")
		words := sortedKeys(object(body, "content"))
		for _, d := range diags {
			words = append(words, d.Code)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: %s, want %s", content, got, want)
		}
	}
}
