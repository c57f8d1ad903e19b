package styles_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
	"github.com/grantwire/grantwire/providers/internal/wiretest/styles"
	"github.com/grantwire/grantwire/runtime/api"
)

// TestWire sends every way to write a value that OpenAPI has, and both judges look.
func TestWire(t *testing.T) {
	spec, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	report := wiretest.Run(t, wiretest.Config{
		Spec: spec, New: func(hc *http.Client) any { return styles.New(hc) }, Operations: styles.Operations(),
		Ignore: []subject.Exception{
			{Operation: "form/deep", Judge: "filter", Contains: `unsupported schema of request body's property "items"`, Reason: "kin-openapi reads no list of objects in a form"},
			{Operation: "form/encoded", Judge: "filter", Contains: `unsupported schema of request body's property "blocks"`, Reason: "kin-openapi reads no JSON in a form"},
			{Operation: "query/deep", Judge: "filter", Contains: `invalid serialization method: style="deepObject"`, Reason: "kin-openapi reads no list in style deepObject"},
			{Operation: "multipart", Judge: "filter", Contains: "part deep[B]: undefined", Reason: "kin-openapi knows no style in a multipart body"},
		},
	})
	if report.Operations != 35 {
		t.Errorf("%d operations were driven, not 35", report.Operations)
	}
}

// TestFresh: the package beside this test is what the generator makes of the
// document today.
func TestFresh(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "../../../../generator/cmd/grantgen",
		"--spec", "openapi.json", "--config", "provider.yaml", "-o", ".", "--package", "styles", "--check")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v; run go generate ./providers/internal/wiretest/styles\n%s", err, out)
	}
}

type network func(*http.Request) (*http.Response, error)

func (f network) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestChoice: where the document has several media types, the caller chooses.
func TestChoice(t *testing.T) {
	var sent, accept string
	c := styles.New(&http.Client{Transport: network(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		sent, accept = r.Header.Get("Content-Type")+" "+string(body), r.Header.Get("Accept")
		answer := `{"R":7}`
		if accept == "text/csv" {
			answer = "R\n7"
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {accept}}, Body: io.NopCloser(strings.NewReader(answer))}, err
	})})
	color := &styles.Color{R: new(int64(7))}
	out, err := c.Choice.Choice(t.Context(), color)
	if err != nil || sent != `application/json {"R":7}` || *out.R != 7 || accept != "application/json" {
		t.Error(err, sent, accept)
	}
	for media, test := range map[api.Media]struct {
		body any
		want string
	}{
		"application/x-www-form-urlencoded": {color, "R=7"},
		"application/xml":                   {strings.NewReader("<R>7</R>"), "<R>7</R>"},
	} {
		var text string
		out, err := c.Choice.Choice(t.Context(), nil, api.WithBody(media, test.body), api.WithResult("text/csv", &text))
		if err != nil || out != nil || sent != string(media)+" "+test.want || text != "R\n7" || accept != "text/csv" {
			t.Error(media, err, out, sent, text, accept)
		}
	}
}

// TestPassthrough: bytes of a type that nobody parses go in and out as they are.
func TestPassthrough(t *testing.T) {
	c := styles.New(&http.Client{Transport: network(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {r.Header.Get("Content-Type")}}, Body: r.Body}, nil
	})})
	const doc = "<a>\x00\xff\r\n</a>"
	out, err := c.Raw.XML(t.Context(), strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(out)
	if string(got) != doc || err != nil || out.ContentType != "application/xml" {
		t.Errorf("%q %v %s", got, err, out.ContentType)
	}
	picture, err := c.Raw.Bytes(t.Context(), bytes.NewReader([]byte("\x89PNG")))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(picture); string(got) != "\x89PNG" || err != nil || picture.ContentType != "image/png" {
		t.Errorf("%q %v %s", got, err, picture.ContentType)
	}
	if text, err := c.Raw.Text(t.Context(), "a,b\r\n"); text != "a,b\r\n" || err != nil {
		t.Error(text, err)
	}
}
