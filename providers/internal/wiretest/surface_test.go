package wiretest

import (
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
)

const surfaceSpec = `{"openapi":"3.0.3","components":{"parameters":{"alt":{"name":"alt","in":"query","schema":{"type":"string"}}}},
	"paths":{"/{name}":{"parameters":[{"$ref":"#/components/parameters/alt"},{"name":"name","in":"path","required":true,"schema":{"type":"string"}}],
		"get":{"operationId":"get","responses":{}},
		"post":{"operationId":"post","requestBody":{"content":{"image/png":{"schema":{"type":"object"}},"image/gif":{"schema":{"type":"object"}}}},"responses":{}}}}}`

// What a surface changes is changed, and nothing else.
func TestSurface(t *testing.T) {
	for _, c := range []struct {
		surface subject.Surface
		want    string
	}{
		{subject.Surface{}, "get: alt name; post: alt name image/gif image/png"},
		{subject.Surface{Dropped: []string{"alt"}}, "get: name; post: name image/gif image/png"},
		{subject.Surface{Dropped: []string{"alt"}, Kept: map[string][]string{"get": {"alt"}}}, "get: alt name; post: name image/gif image/png"},
		{subject.Surface{Segmented: []string{"name"}}, "get: alt name/; post: alt name/ image/gif image/png"},
		{subject.Surface{JSONBodies: []string{"post"}}, "get: alt name; post: alt name application/json"},
		{subject.Surface{JSONBodies: []string{"get"}}, `the surface changes "get", which the document does not have`},
		{subject.Surface{Dropped: []string{"atl"}}, `the surface changes "atl", which the document does not have`},
	} {
		if got := described(t, c.surface); got != c.want {
			t.Errorf("%+v: %s, want %s", c.surface, got, c.want)
		}
	}
}

func described(t *testing.T, s subject.Surface) string {
	t.Helper()
	spec, err := surfaced([]byte(surfaceSpec), s)
	if err != nil {
		return err.Error()
	}
	doc, err := plain.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	operations, err := doc.Operations()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, op := range operations {
		var words, media []string
		for _, p := range op.Params {
			name := p.Name
			if p.Segments {
				name += "/"
			}
			words = append(words, name)
		}
		if op.Body != nil {
			for m := range op.Body.Media {
				media = append(media, m)
			}
		}
		slices.Sort(words)
		slices.Sort(media)
		all = append(all, op.ID+": "+strings.Join(append(words, media...), " "))
	}
	return strings.Join(all, "; ")
}
