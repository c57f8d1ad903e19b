package endtoend_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/internal/catalog"
	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/runtime/api"
)

// The robustness table: what providers do against their documents, one row each, for
// every operation of every provider that can show it.

// TestEveryProviderTolerates: answers that break a promise of the document in one
// member decode all the same, and keep what was sent.
func TestEveryProviderTolerates(t *testing.T) {
	t.Parallel()
	for _, p := range catalog.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			targets, shown := jsonTargets(t, p), shapes(t, p)
			for _, row := range tolerated() {
				tolerates(t, p, row, targets, shown[row.shape])
			}
		})
	}
}

// target is an operation with the type that its answers are decoded into.
type target struct {
	op     api.Operation
	result reflect.Type
}

func jsonTargets(t *testing.T, p subject.Provider) []target {
	t.Helper()
	client := p.New(http.DefaultClient)
	var all []target
	for _, op := range p.Operations {
		result, err := subject.ResultType(client, &op)
		if err != nil {
			t.Fatal(err)
		}
		if result != nil && op.Result == api.JSON {
			op.Request = "" // the answer is under test; the wire test has the requests
			all = append(all, target{op, result})
		}
	}
	if len(all) == 0 {
		t.Fatal("no operation answers with JSON")
	}
	return all
}

// tolerance is a row: a member of a kind, what stands there instead of what should,
// and what the caller finds.
type tolerance struct {
	name  string
	shape string // what the document must have for it; see shapes
	fits  func(f reflect.StructField, t reflect.Type) bool
	sent  string
	found func(v reflect.Value) bool
}

func tolerated() []tolerance {
	text := func(want string) func(reflect.Value) bool {
		return func(v reflect.Value) bool { return v.Kind() == reflect.String && v.String() == want }
	}
	return []tolerance{{
		name:  "unknown enum value",
		shape: "enum",
		fits: func(_ reflect.StructField, t reflect.Type) bool {
			return t.Kind() == reflect.String && t.PkgPath() != ""
		},
		sent:  `"from_2031"`,
		found: text("from_2031"),
	}, {
		name:  "missing required member",
		shape: "required",
		fits:  func(f reflect.StructField, _ reflect.Type) bool { return required(f) },
		sent:  "",
		found: func(v reflect.Value) bool { return v.IsZero() },
	}, {
		name:  "null required member",
		shape: "required",
		fits:  func(f reflect.StructField, _ reflect.Type) bool { return required(f) },
		sent:  "null",
		found: func(v reflect.Value) bool { return v.IsZero() },
	}, {
		name:  "bad URL",
		shape: "url",
		fits: func(f reflect.StructField, t reflect.Type) bool {
			return t.Kind() == reflect.String && t.PkgPath() == "" && endsInURL(f.Name)
		},
		sent:  `"::not a url%zz"`,
		found: text("::not a url%zz"),
	}, {
		name:  "integer 80.0",
		shape: "integer",
		fits:  func(_ reflect.StructField, t reflect.Type) bool { return t.Kind() == reflect.Int64 },
		sent:  "80.0",
		found: func(v reflect.Value) bool { return v.Kind() == reflect.Int64 && v.Int() == 80 },
	}, {
		name:  "date with +0000",
		shape: "date-time",
		fits:  func(_ reflect.StructField, t reflect.Type) bool { return t == reflect.TypeFor[api.Time]() },
		sent:  `"2031-02-03T04:05:06.789+0000"`,
		found: func(v reflect.Value) bool {
			at, ok := reflect.TypeAssert[api.Time](v)
			return ok && at.Equal(time.Date(2031, 2, 3, 4, 5, 6, 789e6, time.UTC))
		},
	}}
}

// required tells a member that the document requires and that has no null.
func required(f reflect.StructField) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	k := f.Type.Kind()
	return !strings.Contains(options, "omitzero") && !strings.Contains(options, "embed") && (k == reflect.String || k == reflect.Int64 || k == reflect.Bool || k == reflect.Float64)
}

// tolerates tries a row on every operation whose answer has the shape. shown tells
// whether the document has it in an answer: then there must be one.
func tolerates(t *testing.T, p subject.Provider, row tolerance, targets []target, shown bool) {
	t.Helper()
	tried := 0
	for _, target := range targets {
		way := path(target.result, row.fits, nil)
		if way == nil {
			continue
		}
		tried++
		body := body(way, row.sent, p.Operations[0].Provider.Errors.OK)
		out := reflect.New(target.result)
		err := answered(t, target.op, jsonReply(200, body), out.Interface())
		if err != nil {
			t.Errorf("%s: %s does not decode %s: %v", row.name, target.op.ID, body, err)
			continue
		}
		if v, ok := follow(out.Elem(), way); row.sent != "" && (!ok || !row.found(v)) {
			t.Errorf("%s: %s decoded %s to something else", row.name, target.op.ID, body)
		}
	}
	reason, lacks := p.Lacks[row.name]
	switch {
	case tried == 0 && shown && !lacks:
		t.Errorf("%s: the document has it in an answer, and no operation can show it; say in the catalog why (Lacks)", row.name)
	case tried > 0 && lacks:
		t.Errorf("%s: %d operations can show it, although %q", row.name, tried, reason)
	}
	t.Logf("%s: %s: %d operations", p.Name, row.name, tried)
}

// step is one way down into an answer: a member, or "" for an item of a list.
type step struct {
	member string
	index  []int
}

// path finds a member that fits below t, the nearest first.
func path(t reflect.Type, fits func(reflect.StructField, reflect.Type) bool, seen []reflect.Type) []step {
	type place struct {
		t   reflect.Type
		way []step
	}
	queue := []place{{t, nil}}
	for len(queue) > 0 {
		here := queue[0]
		queue = queue[1:]
		base := inner(here.t)
		if base.Kind() == reflect.Slice && base.Elem().Kind() != reflect.Uint8 {
			queue = append(queue, place{base.Elem(), append(slices.Clip(here.way), step{})})
			continue
		}
		if base.Kind() != reflect.Struct || slices.Contains(seen, base) || len(here.way) > 6 {
			continue
		}
		seen = append(seen, base)
		if _, union := base.FieldByName("Raw"); union {
			continue
		}
		for f := range base.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || f.Anonymous || name == "" || name == "-" || strings.Contains(options, "embed") {
				continue
			}
			way := append(slices.Clip(here.way), step{name, f.Index})
			if fits(f, inner(f.Type)) {
				return way
			}
			queue = append(queue, place{f.Type, way})
		}
	}
	return nil
}

// inner takes pointers and api.Nullable off a type.
func inner(t reflect.Type) reflect.Type {
	for {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
			continue
		}
		if get, ok := t.MethodByName("Get"); ok && strings.HasPrefix(t.Name(), "Nullable[") {
			t = get.Type.Out(0)
			continue
		}
		return t
	}
}

// body is the answer that holds sent at the end of the way. ok is the member that
// says that all is well, or "".
func body(way []step, sent, ok string) string {
	text := sent
	for i := range slices.Backward(way) {
		member := ""
		switch {
		case way[i].member == "":
			text = "[" + text + "]"
			continue
		case text != "":
			name, _ := json.Marshal(way[i].member)
			member = string(name) + ":" + text
		}
		if i == 0 && ok != "" && way[0].member != ok {
			member = strings.TrimSuffix(fmt.Sprintf("%q:true,%s", ok, member), ",")
		}
		text = "{" + member + "}"
	}
	return text
}

// follow walks down a decoded value.
func follow(v reflect.Value, way []step) (reflect.Value, bool) {
	for _, s := range way {
		if v = bare(v); !v.IsValid() {
			return v, false
		}
		if s.member == "" {
			if v.Len() == 0 {
				return v, false
			}
			v = v.Index(0)
		} else {
			v = v.FieldByIndex(s.index)
		}
	}
	v = bare(v)
	return v, v.IsValid()
}

func bare(v reflect.Value) reflect.Value {
	for {
		switch get := v.MethodByName("Get"); {
		case v.Kind() == reflect.Pointer && v.IsNil():
			return reflect.Value{}
		case v.Kind() == reflect.Pointer:
			v = v.Elem()
		case get.IsValid() && strings.HasPrefix(v.Type().Name(), "Nullable["):
			out := get.Call(nil)
			if !out[1].Bool() {
				return reflect.Value{}
			}
			v = out[0]
		default:
			return v
		}
	}
}

// answered makes one call of op whose answer is given.
func answered(t *testing.T, op api.Operation, reply func(*http.Request) *http.Response, out any) error {
	t.Helper()
	hc := &http.Client{Transport: fixed(reply)}
	values := make([]any, strings.Count(op.Path, "{"))
	for i := range values {
		values[i] = "1"
	}
	client := api.NewClient(hc, op.Provider, api.WithRetry(api.RetryPolicy{Attempts: 1}))
	return client.Do(t.Context(), &op, api.Args{Path: values}, out)
}

type fixed func(*http.Request) *http.Response

func (f fixed) RoundTrip(req *http.Request) (*http.Response, error) { return f(req), nil }

func jsonReply(status int, body string, header ...string) func(*http.Request) *http.Response {
	return typedReply(status, jsonType, body, header...)
}

func typedReply(status int, media, body string, header ...string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		h := http.Header{"Content-Type": {media}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
		}
	}
}

// TestEveryProviderFails: failures are errors of the right type, for every operation,
// and no text of them repeats the answer.
func TestEveryProviderFails(t *testing.T) {
	t.Parallel()
	for _, p := range catalog.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			targets := jsonTargets(t, p)
			for _, target := range targets {
				fails(t, target)
			}
			ownError(t, p, targets[0])
		})
	}
}

const secretPage = "<html>test-secret-page</html>"

func fails(t *testing.T, target target) {
	t.Helper()
	try := func(name string, reply func(*http.Request) *http.Response, check func(error) bool) {
		out := reflect.New(target.result)
		err := answered(t, target.op, reply, out.Interface())
		if err == nil || !check(err) {
			t.Errorf("%s: %s: %v", target.op.ID, name, err)
		} else if strings.Contains(fmt.Sprintf("%v %+v", err, err), "test-secret") {
			t.Errorf("%s: %s: the error repeats the answer", target.op.ID, name)
		}
		if !out.Elem().IsZero() {
			t.Errorf("%s: %s left a result behind", target.op.ID, name)
		}
	}
	status := func(want int, sentinel error) func(error) bool {
		return func(err error) bool {
			e, ok := errors.AsType[*api.Error](err)
			return ok && e.Status == want && errors.Is(err, sentinel)
		}
	}
	try("500 with HTML", typedReply(500, "text/html", secretPage), status(500, api.ErrServer))
	try("401", jsonReply(401, `{}`), status(401, api.ErrUnauthorized))
	try("429", jsonReply(429, `{}`, "Retry-After", "7"), func(err error) bool {
		e, ok := errors.AsType[*api.Error](err)
		return ok && errors.Is(err, api.ErrRateLimited) && e.RetryAfter == 7*time.Second
	})
	undecoded := func(media string) func(error) bool {
		return func(err error) bool {
			e, ok := errors.AsType[*api.DecodeError](err)
			return ok && e.Status == 200 && e.ContentType == media
		}
	}
	try("200 with text/plain", typedReply(200, "text/plain", "test-secret-text"), undecoded("text/plain"))
	try("wrong content type", typedReply(200, "text/html", secretPage), undecoded("text/html"))
	try("truncated body", jsonReply(200, beginning(target.result)), func(err error) bool {
		_, ok := errors.AsType[*api.DecodeError](err)
		return ok && errors.Is(err, io.ErrUnexpectedEOF)
	})
}

// beginning is where an answer of a type ends too early.
func beginning(t reflect.Type) string {
	switch base := inner(t); base.Kind() {
	case reflect.Slice:
		return "["
	case reflect.String:
		return `"test-sec`
	case reflect.Bool:
		return "tru"
	case reflect.Int64, reflect.Float64:
		return "-"
	default:
		return `{"test-sec`
	}
}

// ownError: the provider's typical error has its code, its message and its type.
func ownError(t *testing.T, p subject.Provider, target target) {
	t.Helper()
	out := reflect.New(target.result)
	err := answered(t, target.op, jsonReply(p.Error.Status, p.Error.Body), out.Interface())
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Status != p.Error.Status || e.Code != p.Error.Code || e.Message != p.Error.Message || !p.Error.Own(err) {
		t.Errorf("error answer: %#v, want code %q and message %q", err, p.Error.Code, p.Error.Message)
	}
}
