package api_test

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/grantwire/grantwire/runtime/api"
)

type sortOrder string

type number struct {
	Int    *int64
	String *string
	Range  *span
	Raw    api.RawJSON
}

func (n number) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&n) }
func (n *number) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, n) }

type span struct {
	From  *int64   `json:"gte,omitzero"`
	To    *int64   `json:"lt,omitzero"`
	Names []string `json:"names,omitzero"`
	Sub   *span    `json:"sub,omitzero"`
}

type listParams struct {
	Sort    sortOrder         `query:"sort"`
	Query   string            `query:"q,required"`
	PerPage *int64            `query:"per_page"`
	Ratio   *float64          `query:"ratio"`
	Draft   *bool             `query:"draft"`
	Since   time.Time         `query:"since"`
	Day     api.Date          `query:"day"`
	Labels  []string          `query:"labels,comma"`
	Words   []string          `query:"words,space"`
	Bars    []int64           `query:"bars,pipe"`
	Each    []sortOrder       `query:"each"`
	Created *span             `query:"created,deep"`
	Any     *number           `query:"any,deep"`
	Text    map[string]string `query:"text,json"`
	ETag    string            `header:"If-None-Match"`
	Tags    []string          `header:"X-Tags"`
	Session string            `cookie:"session"`
	Theme   string            `cookie:"theme"`
}

var opList = api.Operation{Provider: hub, ID: "list", Method: "GET", Path: "/list"}

func query(t testing.TB, params any) string {
	t.Helper()
	r, _ := sent(t, &opList, api.Args{Params: params})
	return r.URL.RawQuery
}

func TestQuery(t *testing.T) {
	since := time.Date(2024, 2, 29, 1, 2, 3, 0, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		params listParams
		want   string
	}{
		"required zero": {listParams{}, "q="},
		"scalars": {listParams{Sort: "a b&c", Query: "é/?", PerPage: new(int64(0)), Ratio: new(0.5), Draft: new(false)},
			"sort=a%20b%26c&q=%C3%A9%2F%3F&per_page=0&ratio=0.5&draft=false"},
		"times":   {listParams{Since: since, Day: api.NewDate(since)}, "q=&since=2024-02-29T01%3A02%3A03%2B01%3A00&day=2024-02-29"},
		"comma":   {listParams{Labels: []string{"a,b", "c"}}, "q=&labels=a%2Cb,c"},
		"space":   {listParams{Words: []string{"a", "b"}}, "q=&words=a%20b"},
		"pipe":    {listParams{Bars: []int64{1, 2}}, "q=&bars=1%7C2"},
		"explode": {listParams{Each: []sortOrder{"x", "y"}}, "q=&each=x&each=y"},
		"deep": {listParams{Created: &span{From: new(int64(1)), Names: []string{"p", "q"}, Sub: &span{To: new(int64(2))}}},
			"q=&created%5Bgte%5D=1&created%5Bnames%5D%5B0%5D=p&created%5Bnames%5D%5B1%5D=q&created%5Bsub%5D%5Blt%5D=2"},
		"union scalar": {listParams{Any: &number{Int: new(int64(7))}}, "q=&any=7"},
		"union object": {listParams{Any: &number{Range: &span{To: new(int64(3))}}}, "q=&any%5Blt%5D=3"},
		"union raw":    {listParams{Any: &number{Raw: api.RawJSON(`"r"`)}}, "q=&any=r"},
		"json":         {listParams{Text: map[string]string{"b": "<", "a": ">"}}, "q=&text=%7B%22a%22%3A%22%3E%22%2C%22b%22%3A%22%3C%22%7D"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := query(t, &test.params); got != test.want {
				t.Errorf("\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestParamsMayBeNil(t *testing.T) {
	if got := query(t, (*listParams)(nil)); got != "" {
		t.Error(got)
	}
	if got := query(t, nil); got != "" {
		t.Error(got)
	}
}

func TestHeaderAndCookieParams(t *testing.T) {
	r, _ := sent(t, &opList, api.Args{Params: &listParams{ETag: `"x"`, Tags: []string{"a", "b"}, Session: "s", Theme: "d"}})
	if r.Header.Get("If-None-Match") != `"x"` || r.Header.Get("X-Tags") != "a,b" || r.Header.Get("Cookie") != "session=s; theme=d" {
		t.Error(r.Header)
	}
}

// TestQueryRoundTrip: whatever the values are, the server's parser finds them.
func TestQueryRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		q, sort := rapid.String().Draw(rt, "q"), rapid.String().Draw(rt, "sort")
		each := rapid.SliceOfN(rapid.String(), 1, 4).Draw(rt, "each")
		params := listParams{Query: q, Sort: sortOrder(sort)}
		for _, e := range each {
			params.Each = append(params.Each, sortOrder(e))
		}
		got, err := url.ParseQuery(query(t, &params))
		if err != nil {
			rt.Fatal(err)
		}
		want := url.Values{"q": {q}, "each": each}
		if sort != "" {
			want["sort"] = []string{sort}
		}
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatal(d)
		}
	})
}

type stringer struct{ n int }

func (s stringer) String() string { return fmt.Sprint("n", s.n) }

func TestPath(t *testing.T) {
	op := api.Operation{Provider: hub, ID: "p", Method: "DELETE", Path: "/a/{x}/b/{y}?fixed=1"}
	for name, test := range map[string]struct {
		x, y any
		want string
	}{
		"plain":    {"o", "r", "/a/o/b/r"},
		"escaped":  {"a/b", "c?d#e%2f ;,é", "/a/a%2Fb/b/c%3Fd%23e%252f%20%3B%2C%C3%A9"},
		"segments": {api.Segments("dir/a b/.x"), sortOrder("s"), "/a/dir/a%20b/.x/b/s"},
		"kinds":    {int64(-3), true, "/a/-3/b/true"},
		"stringer": {stringer{4}, new("p"), "/a/n4/b/p"},
		"union":    {&number{Int: new(int64(5))}, number{String: new("s")}, "/a/5/b/s"},
		"list":     {[]string{"a", "b,c"}, 1, "/a/a,b%2Cc/b/1"},
		"dots":     {"...", ".a", "/a/.../b/.a"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := sent(t, &op, api.Args{Path: []any{test.x, test.y}})
			if got := r.URL.RequestURI(); got != test.want+"?fixed=1" {
				t.Errorf("got %s want %s", got, test.want)
			}
		})
	}
}

// The signs of a template reach the provider as they are.
func TestPathSigns(t *testing.T) {
	for template, want := range map[string]string{
		"/reports/x.usage(period='{p}')": "/reports/x.usage(period='D7')",
		"/items/x.delta()":               "/items/x.delta()",
		"/items/{p}/$ref":                "/items/D7/$ref",
	} {
		op := api.Operation{Provider: hub, ID: "signs", Method: "GET", Path: template}
		args := api.Args{}
		if strings.Contains(template, "{") {
			args.Path = []any{"D7"}
		}
		if r, _ := sent(t, &op, args); r.URL.EscapedPath() != want {
			t.Errorf("%s: got %s want %s", template, r.URL.EscapedPath(), want)
		}
	}
}

func TestPathRefused(t *testing.T) {
	c := client(t, hub, func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return answer(204, "", ""), nil
	})
	for name, value := range map[string]any{
		"empty": "", "dot": ".", "dots": "..", "segment": api.Segments("a/../b"), "segment dot": api.Segments("./a"),
		"no segments": api.Segments(""), "nil": nil, "nil pointer": (*string)(nil), "empty union": number{},
		"union dots": number{String: new("..")}, "struct": span{}, "list": []string{"a", ".."}, "named dots": sortOrder(".."),
	} {
		err := c.Do(t.Context(), &opDelete, api.Args{Path: []any{value, "test-secret-value"}}, nil)
		e, ok := errors.AsType[*api.EncodeError](err)
		if !ok || e.Field != "path owner" || e.Operation != "repos/delete" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range [][]any{nil, {"a"}, {"a", "b", "c"}} {
		if err := c.Do(t.Context(), &opDelete, api.Args{Path: path}, nil); err == nil {
			t.Error("a wrong number of values was accepted")
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("a/b")
	f.Add("..%2f")
	f.Fuzz(func(t *testing.T, value string) {
		var path string
		c := client(t, hub, func(r *http.Request) (*http.Response, error) {
			path = r.URL.EscapedPath()
			return answer(204, "", ""), nil
		})
		if err := c.Do(t.Context(), &opDelete, api.Args{Path: []any{"o", value}}, nil); err != nil {
			if value == "" || value == "." || value == ".." {
				return
			}
			t.Fatal(err)
		}
		got, err := url.PathUnescape(strings.TrimPrefix(path, "/repos/o/"))
		if err != nil || got != value || strings.Count(path, "/") != 3 {
			t.Fatalf("%q became %q", value, path)
		}
	})
}

func TestParamFaults(t *testing.T) {
	type faulty struct {
		Need  *int64         `query:"need,required"`
		H     string         `header:"X-H"`
		C     string         `cookie:"c"`
		Union *number        `query:"u"`
		Map   map[string]any `query:"m,comma"`
	}
	for field, params := range map[string]faulty{
		"query need": {},
		"header X-H": {Need: new(int64(1)), H: "a\r\nX: test-secret-1"},
		"query u":    {Need: new(int64(1)), Union: &number{}},
		"query m":    {Need: new(int64(1)), Map: map[string]any{"a": []string{"test-secret-1"}}},
	} {
		err := client(t, hub, always(204, "", "")).Do(t.Context(), &opList, api.Args{Params: &params}, nil)
		e, ok := errors.AsType[*api.EncodeError](err)
		if !ok || e.Field != field || strings.Contains(err.Error(), "test-secret") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestJSONBody(t *testing.T) {
	r, body := sent(t, &opCreate, api.Args{Body: map[string]any{"b": "<&>", "a": 1, "c": []int(nil)}})
	if body != `{"a":1,"b":"<&>","c":[]}` || r.Header.Get("Content-Type") != "application/json" || r.ContentLength != int64(len(body)) {
		t.Error(body, r.Header, r.ContentLength)
	}
	again, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(again); string(b) != body {
		t.Error("GetBody gives", string(b))
	}
	for _, none := range []any{nil, (*repository)(nil)} {
		if r, body := sent(t, &opCreate, api.Args{Body: none}); body != "" || r.Header.Get("Content-Type") != "" {
			t.Error(body, r.Header)
		}
	}
}

func TestJSONBodyFaultNamesTheField(t *testing.T) {
	type labelled struct {
		Labels []number `json:"labels"`
	}
	for name, body := range map[string]any{
		"none": labelled{Labels: []number{{Int: new(int64(1))}, {}}},
		"both": labelled{Labels: []number{{Int: new(int64(1))}, {Int: new(int64(1)), String: new("test-secret-2")}}},
	} {
		err := client(t, hub, always(204, "", "")).Do(t.Context(), &opCreate, api.Args{Body: body}, nil)
		want := "hub: repos/create: body /labels/1: api_test.number: set exactly one of Int, String, Range, Raw"
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := client(t, hub, always(204, "", "")).Do(t.Context(), &opCreate, api.Args{Body: map[string]any{"a": map[string]any{"b": "test-secret\xff"}}}, nil)
	if err == nil || !strings.Contains(err.Error(), "UTF-8") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	err = client(t, hub, always(204, "", "")).Do(t.Context(), &opCreate, api.Args{Body: map[string]any{"a": func() {}}}, nil)
	if err == nil || !strings.Contains(err.Error(), "body /a") {
		t.Error(err)
	}
}

type message struct {
	Channel string               `json:"channel"`
	Text    *string              `json:"text,omitzero"`
	Count   *int64               `json:"count,omitzero"`
	Users   []string             `json:"users,omitzero"`
	Joined  []string             `json:"joined,omitzero" form:"comma"`
	Blocks  []map[string]any     `json:"blocks,omitzero" form:"json"`
	Items   []span               `json:"items,omitzero"`
	Meta    map[string]string    `json:"meta,omitzero"`
	Topic   api.Nullable[string] `json:"topic,omitzero"`
	At      *api.Time            `json:"at,omitzero"`
	When    *number              `json:"when,omitzero"`
	File    *api.File            `json:"file,omitzero"`
	Empty   string               `json:"empty,omitempty"`
	Skipped string               `json:"-"`
}

func TestFormBody(t *testing.T) {
	m := message{
		Channel: "C 1", Text: new(""), Count: new(int64(2)), Users: []string{"a", "b"}, Joined: []string{"x", "y"},
		Blocks: []map[string]any{{"type": "t"}}, Items: []span{{From: new(int64(1))}, {To: new(int64(2))}},
		Meta: map[string]string{"k": "v"}, Topic: api.Null[string](), At: new(api.NewTime(time.Unix(0, 0).UTC())),
		When: &number{Range: &span{From: new(int64(9))}},
	}
	r, body := sent(t, &opPost, api.Args{Body: &m})
	want := "channel=C%201&text=&count=2&users=a&users=b&joined=x,y&blocks=%5B%7B%22type%22%3A%22t%22%7D%5D" +
		"&items%5B0%5D%5Bgte%5D=1&items%5B1%5D%5Blt%5D=2&meta%5Bk%5D=v&topic=&at=1970-01-01T00%3A00%3A00Z&when%5Bgte%5D=9"
	if body != want || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("\ngot  %s\nwant %s", body, want)
	}
	if _, body := sent(t, &opPost, api.Args{Body: map[string]any{"b": 1, "a": []any{"x", nil, true}}}); body != "a=x&a=true&b=1" {
		t.Error(body)
	}
}

func TestFormFaults(t *testing.T) {
	for field, body := range map[string]any{
		"body file": &message{File: &api.File{Content: strings.NewReader("x")}},
		"body when": &message{When: &number{}},
		"body":      "text",
	} {
		err := client(t, chat, always(204, "", "")).Do(t.Context(), &opPost, api.Args{Body: body}, nil)
		if e, ok := errors.AsType[*api.EncodeError](err); !ok || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestMultipart(t *testing.T) {
	op := opPost
	op.Request = "multipart/form-data"
	m := message{Channel: "C1", Users: []string{"a", "b"}, Meta: map[string]string{"k": "v"},
		File: &api.File{Name: "a\"b\r\n.txt", ContentType: "text/plain", Content: strings.NewReader("content")}}
	r, body := sent(t, &op, api.Args{Body: &m})
	if r.ContentLength != int64(len(body)) {
		t.Error("length", r.ContentLength, len(body))
	}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for reader := multipart.NewReader(strings.NewReader(body), params["boundary"]); ; {
		p, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(p)
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), b))
	}
	want := []string{"channel|||C1", "users|||a", "users|||b", `meta||application/json|{"k":"v"}`, "file|a%22b%0D%0A.txt|text/plain|content"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	m.File = &api.File{Content: io.MultiReader(strings.NewReader("x"))}
	if r, body := sent(t, &op, api.Args{Body: &m}); r.ContentLength != -1 || r.GetBody != nil ||
		!strings.Contains(body, `name="file"; filename="file"`) || !strings.Contains(body, "application/octet-stream") {
		t.Error(r.ContentLength, body)
	}
	m.File = &api.File{}
	err = client(t, chat, always(204, "", "")).Do(t.Context(), &op, api.Args{Body: &m}, nil)
	if e, ok := errors.AsType[*api.EncodeError](err); !ok || e.Field != "body file" {
		t.Error(err)
	}
}

func TestStreamBodies(t *testing.T) {
	op := api.Operation{Provider: hub, ID: "upload", Method: "POST", Path: "/u", Request: "application/octet-stream"}
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(2, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	part := strings.NewReader("0123456789")
	_, _ = part.Seek(2, io.SeekStart)
	for kind, test := range map[string]struct {
		body   any
		length int64
		replay bool
	}{
		"file":    {f, 8, true},
		"strings": {part, 8, true},
		"reader":  {io.MultiReader(strings.NewReader("23456789")), -1, false},
		"bytes":   {[]byte("23456789"), 8, true},
		"string":  {"23456789", 8, true},
	} {
		r, body := sent(t, &op, api.Args{Body: test.body})
		if body != "23456789" || r.ContentLength != test.length || (r.GetBody != nil) != test.replay || r.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%s: %q %d %v", kind, body, r.ContentLength, r.GetBody != nil)
		}
	}
	if r, _ := sent(t, &op, api.Args{Body: strings.NewReader("")}); r.ContentLength != 0 || r.Body != http.NoBody {
		t.Error("an empty body has no length")
	}
	err = client(t, hub, always(204, "", "")).Do(t.Context(), &op, api.Args{Body: 5}, nil)
	if _, ok := errors.AsType[*api.EncodeError](err); !ok {
		t.Error(err)
	}
	op.Request = "text/plain; charset=utf-8"
	if r, body := sent(t, &op, api.Args{Body: "héllo"}); body != "héllo" || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Error(body, r.Header)
	}
}
