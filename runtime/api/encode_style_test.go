package api_test

import (
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

// rgb and colors are the values of the style table in the OpenAPI specification.
type rgb struct {
	R int `json:"R"`
	G int `json:"G"`
	B int `json:"B"`
}

var (
	oneRGB = rgb{100, 200, 150}
	colors = []string{"blue", "black", "brown"}
)

// TestPathStyles holds the rows of that table for paths.
func TestPathStyles(t *testing.T) {
	op := api.Operation{Provider: hub, ID: "p", Method: "DELETE", Path: "/c/{color}"}
	for style, want := range map[string][3]string{
		"":               {"blue", "blue,black,brown", "R,100,G,200,B,150"},
		",explode":       {"blue", "blue,black,brown", "R=100,G=200,B=150"},
		"label":          {".blue", ".blue,black,brown", ".R,100,G,200,B,150"},
		"label,explode":  {".blue", ".blue.black.brown", ".R=100.G=200.B=150"},
		"matrix":         {";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"},
		"matrix,explode": {";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"},
	} {
		for i, v := range []any{"blue", colors, oneRGB} {
			r, _ := sent(t, &op, api.Args{Path: []any{api.Styled{Style: style, Value: v}}})
			if got := r.URL.RequestURI(); got != "/c/"+want[i] {
				t.Errorf("%s: got %s want %s", style, got, want[i])
			}
		}
	}
	for _, v := range []any{"..", "", []string{"a", ""}, map[string]any{}, map[string]any{"a": []int{1}}, nil} {
		c := client(t, hub, always(204, "", ""))
		if err := c.Do(t.Context(), &op, api.Args{Path: []any{api.Styled{Style: "label", Value: v}}}, nil); err == nil {
			t.Errorf("%#v was sent", v)
		}
	}
}

// TestQueryStyles holds its rows for queries, and one without a row.
func TestQueryStyles(t *testing.T) {
	type params struct {
		Form     []string `query:"form,comma"`
		FormRGB  *rgb     `query:"formRGB,comma"`
		Each     []string `query:"each"`
		EachRGB  *rgb     `query:"eachRGB"`
		Space    []string `query:"space,space"`
		SpaceRGB *rgb     `query:"spaceRGB,space"`
		Pipe     []string `query:"pipe,pipe"`
		PipeRGB  *rgb     `query:"pipeRGB,pipe"`
		Deep     *rgb     `query:"deep,deep"`
		DeepList []rgb    `query:"list,deep"`
		Reserved string   `query:"reserved,reserved"`
	}
	for want, p := range map[string]params{
		"form=blue,black,brown":                                          {Form: colors},
		"formRGB=R,100,G,200,B,150":                                      {FormRGB: &oneRGB},
		"each=blue&each=black&each=brown":                                {Each: colors},
		"R=100&G=200&B=150":                                              {EachRGB: &oneRGB},
		"space=blue%20black%20brown":                                     {Space: colors},
		"spaceRGB=R%20100%20G%20200%20B%20150":                           {SpaceRGB: &oneRGB},
		"pipe=blue%7Cblack%7Cbrown":                                      {Pipe: colors},
		"pipeRGB=R%7C100%7CG%7C200%7CB%7C150":                            {PipeRGB: &oneRGB},
		"deep%5BR%5D=100&deep%5BG%5D=200&deep%5BB%5D=150":                {Deep: &oneRGB},
		"list%5B0%5D%5BR%5D=1&list%5B0%5D%5BG%5D=2&list%5B0%5D%5BB%5D=3": {DeepList: []rgb{{1, 2, 3}}},
		"reserved=/a:b?c@d,(e)*=!$'%26%2B%3B%23%5B%5D%25%20%C3%BC":       {Reserved: "/a:b?c@d,(e)*=!$'&+;#[]% ü"},
	} {
		got := query(t, &p)
		if got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
		if _, err := url.ParseQuery(got); err != nil {
			t.Error(err)
		}
	}
}

func TestHeaderStyles(t *testing.T) {
	type params struct {
		List []string `header:"X-List,comma"`
		RGB  *rgb     `header:"X-Rgb"`
		Each *rgb     `header:"X-Each,explode"`
		JSON *rgb     `header:"X-Json,json"`
	}
	r, _ := sent(t, &opList, api.Args{Params: &params{colors, &oneRGB, &oneRGB, &oneRGB}})
	for name, want := range map[string]string{
		"X-List": "blue,black,brown", "X-Rgb": "R,100,G,200,B,150", "X-Each": "R=100,G=200,B=150", "X-Json": `{"R":100,"G":200,"B":150}`,
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: got %s want %s", name, got, want)
		}
	}
}

// TestCookieStyles: what a cookie cannot carry is escaped, as style form says.
func TestCookieStyles(t *testing.T) {
	type params struct {
		Text  string   `cookie:"text"`
		Each  []string `cookie:"each"`
		Comma []string `cookie:"comma,comma"`
		RGB   *rgb     `cookie:"rgb"`
		Joint *rgb     `cookie:"joint,comma"`
	}
	for want, p := range map[string]params{
		"text=a%20b%3Bc%22d%25e%5C%C3%BC%0D%0Af": {Text: "a b;c\"d%e\\ü\r\nf"},
		"each=blue; each=black; each=brown":      {Each: colors},
		"comma=blue,black,brown":                 {Comma: colors},
		"R=100; G=200; B=150":                    {RGB: &oneRGB},
		"joint=R,100,G,200,B,150":                {Joint: &oneRGB},
	} {
		r, _ := sent(t, &opList, api.Args{Params: &p})
		if got := r.Header.Get("Cookie"); got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
}

// TestParts: the operation says how members of a body are sent.
func TestParts(t *testing.T) {
	op := opPost
	op.Parts = []api.Part{{Name: "users", Style: "deep"}, {Name: "items", Style: "json"}, {Name: "meta", Style: "deep"}}
	m := message{Channel: "C1", Users: []string{"a", "b"}, Items: []span{{From: new(int64(1))}}, Meta: map[string]string{"k": "v"}}
	_, body := sent(t, &op, api.Args{Body: &m})
	if want := "channel=C1&users%5B0%5D=a&users%5B1%5D=b&items=%5B%7B%22gte%22%3A1%7D%5D&meta%5Bk%5D=v"; body != want {
		t.Errorf("\ngot  %s\nwant %s", body, want)
	}

	op.Request = "multipart/form-data"
	op.Parts = []api.Part{
		{Name: "users", Style: "deep"}, {Name: "joined", Style: "comma"}, {Name: "meta", Style: "deep"},
		{Name: "file", Type: "image/png"}, {Name: "channel", Type: "text/plain"}, {Name: "items", Type: "application/vnd.x+json"},
	}
	m.Joined = []string{"x", "y"}
	m.File = &api.File{Content: strings.NewReader("png")}
	want := []string{
		"channel||text/plain|C1", "users[0]|||a", "users[1]|||b", "joined|||x,y", `items||application/vnd.x+json|{"gte":1}`, "meta[k]|||v", "file|file|image/png|png",
	}
	if d := cmp.Diff(want, parts(t, &op, &m)); d != "" {
		t.Error(d)
	}
	m.File.ContentType = "image/jpeg" // the caller knows better
	if got := parts(t, &op, &m); got[6] != "file|file|image/jpeg|png" {
		t.Error(got[6])
	}
}

func parts(t *testing.T, op *api.Operation, body any) []string {
	t.Helper()
	r, text := sent(t, op, api.Args{Body: body})
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for reader := multipart.NewReader(strings.NewReader(text), params["boundary"]); ; {
		p, err := reader.NextPart()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return got
		}
		b, _ := io.ReadAll(p)
		got = append(got, strings.Join([]string{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(b)}, "|"))
	}
}

// TestListOfFiles: each file is a part of the same name.
func TestListOfFiles(t *testing.T) {
	op := opPost
	op.Request = "multipart/form-data"
	type upload struct {
		Files []api.File `json:"files"`
	}
	body := upload{[]api.File{{Name: "a.txt", Content: strings.NewReader("1")}, {Content: strings.NewReader("2")}}}
	want := []string{"files|a.txt|application/octet-stream|1", "files|files|application/octet-stream|2"}
	if d := cmp.Diff(want, parts(t, &op, body)); d != "" {
		t.Error(d)
	}
}

// TestOtherMedia: one call asks for another form of the answer, and sends another
// form of the body, than the method has.
func TestOtherMedia(t *testing.T) {
	var seen *http.Request
	var body string
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		seen = r
		if r.Body != nil {
			b, _ := io.ReadAll(r.Body)
			body = string(b)
		}
		if strings.Contains(r.Header.Get("Accept"), "json") {
			return answer(200, "application/vnd.hub.star+json", `{"starred":"2024"}`), nil
		}
		return answer(200, "text/csv", "a,b"), nil
	})
	var own repository
	var star struct {
		Starred string `json:"starred"`
	}
	err := c.Do(t.Context(), &opGet, api.Args{Path: []any{"o", "r"}}, &own, api.WithResult("application/vnd.hub.star+json", &star))
	if err != nil || star.Starred != "2024" || own.ID != 0 || seen.Header.Get("Accept") != "application/vnd.hub.star+json" {
		t.Error(err, star, own, seen.Header)
	}
	var text string
	err = c.Do(t.Context(), &opGet, api.Args{Path: []any{"o", "r"}}, &own, api.WithResult("text/csv", &text))
	if err != nil || text != "a,b" {
		t.Error(err, text)
	}
	err = c.Do(t.Context(), &opGet, api.Args{Path: []any{"o", "r"}}, &own, api.WithResult("text/csv", &star))
	if _, ok := errors.AsType[*api.DecodeError](err); !ok || star.Starred != "" {
		t.Error("CSV was decoded as JSON:", err)
	}
	for media, v := range map[api.Media]any{
		"application/xml":                   "<a/>",
		"application/x-www-form-urlencoded": map[string]any{"a": 1},
		"application/json":                  map[string]any{"a": 1},
	} {
		err = c.Do(t.Context(), &opCreate, api.Args{Body: repository{}}, &own, api.WithBody(media, v), api.WithResult("text/csv", &text))
		want := map[api.Media]string{"application/xml": "<a/>", "application/x-www-form-urlencoded": "a=1", "application/json": `{"a":1}`}[media]
		if err != nil || body != want || seen.Header.Get("Content-Type") != string(media) {
			t.Error(err, media, body, seen.Header)
		}
	}
}

// TestXMLPassesThrough: bytes go in and come out as they are, under their own name.
func TestXMLPassesThrough(t *testing.T) {
	op := api.Operation{Provider: hub, ID: "x", Method: "POST", Path: "/x", Request: "application/xml", Accept: "application/xml", Result: api.Stream}
	const doc = "<?xml version=\"1.0\"?>\r\n<a>\x00ü</a>"
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		if string(b) != doc || r.Header.Get("Content-Type") != "application/xml" || r.Header.Get("Accept") != "application/xml" {
			t.Error(string(b), r.Header)
		}
		return answer(200, "application/xml; charset=utf-8", doc), nil
	})
	var out *api.Download
	if err := c.Do(t.Context(), &op, api.Args{Body: strings.NewReader(doc)}, &out); err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	b, err := io.ReadAll(out)
	if string(b) != doc || err != nil || out.ContentType != "application/xml; charset=utf-8" {
		t.Error(string(b), err, out.ContentType)
	}
}

// TestRangeAndGzip asks a real server for a part of a file, and for a compressed
// answer, which net/http unpacks.
func TestRangeAndGzip(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			http.ServeContent(w, r, "f.txt", time.Time{}, strings.NewReader("0123456789"))
			return
		}
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		_, _ = io.WriteString(z, `{"id":7,"name":"site"}`)
	}))
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := api.NewClient(server.Client(), hub, api.WithBaseURL(base))
	op := api.Operation{Provider: hub, ID: "f", Method: "GET", Path: "/file", Result: api.Stream}
	var out *api.Download
	var facts api.Response
	if err := c.Do(t.Context(), &op, api.Args{}, &out, api.WithHeader("Range", "bytes=2-4"), api.WithResponse(&facts)); err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if b, err := io.ReadAll(out); string(b) != "234" || err != nil || out.Length != 3 || facts.Status != 206 || facts.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("%q %v %d %+v", b, err, out.Length, facts)
	}
	err = c.Do(t.Context(), &op, api.Args{}, &out, api.WithHeader("Range", "bytes=99-"))
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 416 {
		t.Error(err)
	}
	var repo repository
	if err := c.Do(t.Context(), &opGet, api.Args{Path: []any{"o", "r"}}, &repo); err != nil || repo.ID != 7 {
		t.Error(err, repo.ID)
	}
}
