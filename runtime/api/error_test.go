package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

var once = api.WithRetry(api.RetryPolicy{Attempts: 1})

func TestErrorCarriesTheFacts(t *testing.T) {
	body := `{"message":"Not Found","errors":[{"field":"name","code":"taken"}]}`
	c := client(t, hub, always(404, jsonType, body, "X-Hub-Request-Id", "ABC", "X-Own", "1"))
	_, err := get(t.Context(), c)
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		t.Fatal(err)
	}
	if got, want := err.Error(), "hub: repos/get: GET /repos/{owner}/{repo}: 404: Not Found (request ABC)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if e.Provider != "hub" || e.Operation != "repos/get" || e.Method != http.MethodGet || e.Path != opGet.Path || e.Status != 404 ||
		e.RequestID != "ABC" || e.Doc != opGet.Doc || e.Attempts != 1 || e.Header().Get("X-Own") != "1" {
		t.Errorf("%+v", *e)
	}
	typed, ok := errors.AsType[*hubError](err)
	if !ok || typed.Message != "Not Found" || len(typed.Errors) != 1 {
		t.Error("the provider's own error is not reached", typed)
	}
	var own struct {
		Message string `json:"message"`
	}
	if err := e.Decode(&own); err != nil || own.Message != "Not Found" {
		t.Error(own, err)
	}
}

// Many providers list their errors: a number in a path is an item's place.
func TestErrorFactsInLists(t *testing.T) {
	for path, want := range map[string]string{
		"errors.0.message": "first", "errors.1.message": "second", "errors.2.message": "", "errors.x.message": "",
		"errors.-1.message": "", "errors.0": "", "errors.1.codes.1": "7", "errors.0.message.0": "",
	} {
		op := opGet
		op.Provider = &api.Provider{Name: "lists", BaseURL: hub.BaseURL, Errors: api.ErrorShape{Message: path}}
		c := client(t, op.Provider, always(422, jsonType, `{"errors":[{"message":"first"},{"codes":["a",7],"message":"second"}]}`))
		err := c.Do(t.Context(), &op, api.Args{Path: ownerRepo}, nil)
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Message != want {
			t.Errorf("%s: %v, want message %q", path, err, want)
		}
	}
}

func TestErrorAsJSON(t *testing.T) {
	_, err := get(t.Context(), client(t, hub, always(429, jsonType, `{"message":"slow"}`, "Retry-After", "90")), once)
	b, fault := json.Marshal(err)
	want := `{"Provider":"hub","Operation":"repos/get","Method":"GET","Path":"/repos/{owner}/{repo}","Status":429,"Code":"",` +
		`"Message":"slow","RequestID":"","RateLimit":null,"RetryAfter":90,"Doc":"https://docs.hub.example/get","Attempts":1}`
	if string(b) != want || fault != nil {
		t.Error(string(b), fault)
	}
}

func TestErrorKinds(t *testing.T) {
	all := []error{api.ErrUnauthorized, api.ErrForbidden, api.ErrNotFound, api.ErrConflict, api.ErrGone, api.ErrUnprocessable,
		api.ErrRateLimited, api.ErrServer, api.ErrAccepted, api.ErrNotModified}
	for name, test := range map[string]struct {
		answer transport
		chat   bool
		want   []error
	}{
		"401":             {answer: always(401, "", ""), want: []error{api.ErrUnauthorized}},
		"403":             {answer: always(403, "", "", "X-RateLimit-Limit", "9", "X-RateLimit-Remaining", "1"), want: []error{api.ErrForbidden}},
		"403 none left":   {answer: always(403, "", "", "X-RateLimit-Limit", "9", "X-RateLimit-Remaining", "0"), want: []error{api.ErrForbidden, api.ErrRateLimited}},
		"403 retry after": {answer: always(403, "", "", "Retry-After", "60"), want: []error{api.ErrForbidden, api.ErrRateLimited}},
		"403 limit only":  {answer: always(403, "", "", "X-RateLimit-Limit", "9"), want: []error{api.ErrForbidden}},
		"404":             {answer: always(404, "", ""), want: []error{api.ErrNotFound}},
		"409":             {answer: always(409, "", ""), want: []error{api.ErrConflict}},
		"410":             {answer: always(410, "", ""), want: []error{api.ErrGone}},
		"422":             {answer: always(422, "", ""), want: []error{api.ErrUnprocessable}},
		"429":             {answer: always(429, "", ""), want: []error{api.ErrRateLimited}},
		"500":             {answer: always(500, "text/html", "<html>"), want: []error{api.ErrServer}},
		"599":             {answer: always(599, "", ""), want: []error{api.ErrServer}},
		"304":             {answer: always(304, "", ""), want: []error{api.ErrNotModified}},
		"auth code":       {answer: always(200, jsonType, `{"ok":false,"error":"invalid_auth"}`), chat: true, want: []error{api.ErrUnauthorized}},
		"limit code":      {answer: always(200, jsonType, `{"ok":false,"error":"ratelimited"}`), chat: true, want: []error{api.ErrRateLimited}},
		"missing code":    {answer: always(200, jsonType, `{"ok":false,"error":"channel_not_found"}`), chat: true, want: []error{api.ErrNotFound}},
	} {
		t.Run(name, func(t *testing.T) {
			op, p := opGet, hub
			if test.chat {
				op.Provider, p = chat, chat
			}
			var out *repository
			err := client(t, p, test.answer).Do(t.Context(), &op, api.Args{Path: ownerRepo}, &out, once)
			var got []error
			for _, kind := range all {
				if errors.Is(err, kind) {
					got = append(got, kind)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v want %v (%v)", got, test.want, err)
			}
		})
	}
}

func TestNotOKAtStatus200(t *testing.T) {
	for name, body := range map[string]string{
		"first":  `{"ok":false,"error":"channel_not_found","needed":"x"}`,
		"last":   `{"other":{"ok":true},"list":[1,{"ok":true}],"error":"channel_not_found","ok":false}`,
		"spaced": " \n{ \"ok\" : false , \"error\" : \"channel_not_found\" }",
	} {
		for _, result := range []api.Result{api.JSON, api.None} {
			op := opPost
			op.Result = result
			var out *repository
			var target any = &out
			if result == api.None {
				target = nil
			}
			err := client(t, chat, always(200, jsonType, body, "X-Chat-Req-Id", "r1")).Do(t.Context(), &op, api.Args{}, target)
			want := "chat: chat.postMessage: POST /chat.postMessage: 200: channel_not_found (request r1)"
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Status != 200 || e.Code != "channel_not_found" || err.Error() != want {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, body := range []string{`{"ok":true}`, `{"id":1}`, `{"sub":{"ok":false}}`} {
		var out *repository
		if err := client(t, chat, always(200, jsonType, body)).Do(t.Context(), &opPost, api.Args{}, &out); err != nil {
			t.Error(body, err)
		}
	}
}

func TestAcceptedIsAnError(t *testing.T) {
	op := opGet
	op.Alternates = []int{202}
	var out *repository
	err := client(t, hub, always(202, jsonType, `{"message":"later","id":5}`)).Do(t.Context(), &op, api.Args{Path: ownerRepo}, &out)
	e, ok := errors.AsType[*api.Error](err)
	if !ok || !errors.Is(err, api.ErrAccepted) || out != nil {
		t.Fatal(err, out)
	}
	var body repository
	if err := e.Decode(&body); err != nil || body.ID != 5 {
		t.Error(body, err)
	}
}

func TestErrorMessageIsBoundedAndClean(t *testing.T) {
	long := strings.Repeat("é", 400)
	_, err := get(t.Context(), client(t, hub, always(400, jsonType, `{"message":"a\u001b[31m\r\nb\u0000`+long+`"}`)))
	e, _ := errors.AsType[*api.Error](err)
	if e == nil || len(e.Message) > 500 || !strings.HasPrefix(e.Message, "a[31m  bé") || strings.ContainsRune(e.Message, '\ufffd') {
		t.Errorf("%q", err)
	}
}

func TestErrorDecodeFaults(t *testing.T) {
	for name, body := range map[string]string{"empty": "", "html": "<html>", "large": `{"a":"` + strings.Repeat("x", 65<<10) + `"}`} {
		_, err := get(t.Context(), client(t, hub, always(400, "", body)))
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			t.Fatal(err)
		}
		var v any
		if fault, ok := errors.AsType[*api.DecodeError](e.Decode(&v)); !ok {
			t.Error(name, fault)
		}
		if e.Unwrap() != nil {
			t.Error(name, "has a typed error")
		}
	}
	var zero api.Error
	if zero.Unwrap() != nil || zero.Header() != nil || zero.Decode(new(any)) == nil || errors.Is(&zero, api.ErrServer) {
		t.Error("the zero Error does not behave")
	}
}

func TestRetryAfterAndRateLimit(t *testing.T) {
	date := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		header []string
		after  time.Duration
		reset  time.Time
	}{
		"seconds":   {[]string{"Retry-After", "7"}, 7 * time.Second, time.Time{}},
		"fraction":  {[]string{"Retry-After", "0.5"}, time.Second / 2, time.Time{}},
		"date":      {[]string{"Retry-After", date.Add(time.Minute).Format(http.TimeFormat), "Date", date.Format(http.TimeFormat)}, time.Minute, time.Time{}},
		"past":      {[]string{"Retry-After", date.Add(-time.Minute).Format(http.TimeFormat), "Date", date.Format(http.TimeFormat)}, 0, time.Time{}},
		"nonsense":  {[]string{"Retry-After", "soon"}, 0, time.Time{}},
		"negative":  {[]string{"Retry-After", "-5"}, 0, time.Time{}},
		"enormous":  {[]string{"Retry-After", "1e300"}, 365 * 24 * time.Hour, time.Time{}},
		"unix":      {[]string{"X-RateLimit-Limit", "1", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1893456000"}, 0, date},
		"bad reset": {[]string{"X-RateLimit-Limit", "1", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "x"}, 0, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t.Context(), client(t, hub, always(429, "", "", test.header...)), once)
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.RetryAfter != test.after {
				t.Fatalf("%v %v", e.RetryAfter, err)
			}
			var reset time.Time
			if e.RateLimit != nil {
				reset = e.RateLimit.Reset
			}
			if !reset.Equal(test.reset) {
				t.Error(reset)
			}
		})
	}
	_, err := get(t.Context(), client(t, hub, always(429, "", "", "RateLimit-Limit", "5", "RateLimit-Remaining", "0", "RateLimit-Reset", "60")), once)
	e, _ := errors.AsType[*api.Error](err)
	if e == nil || e.RateLimit == nil || time.Until(e.RateLimit.Reset).Round(time.Second) != time.Minute {
		t.Error(err)
	}
}

// vaultError stands for a typed error of another package's transport.
type vaultError struct{ cause error }

func (e *vaultError) Error() string   { return "vault: grant refused" }
func (e *vaultError) Unwrap() error   { return e.cause }
func (e *vaultError) Temporary() bool { return false }

func TestTransportErrorReachesTheCause(t *testing.T) {
	n := 0
	c := client(t, hub, func(*http.Request) (*http.Response, error) {
		n++
		return nil, fmt.Errorf("transport: %w", &vaultError{cause: &net.OpError{Op: "dial", Err: io.EOF}})
	})
	_, err := get(t.Context(), c)
	e, ok := errors.AsType[*api.TransportError](err)
	if !ok || e.Attempts != 1 || n != 1 {
		t.Fatalf("%v, %d requests", err, n)
	}
	if _, ok := errors.AsType[*vaultError](err); !ok {
		t.Error("the vault's error is not reached")
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		t.Error("the URL is still there")
	}
	if got, want := err.Error(), "hub: repos/get: GET /repos/{owner}/{repo}: transport: vault: grant refused"; got != want {
		t.Error(got)
	}
}

func TestTransportErrorHidesNestedURLs(t *testing.T) {
	inner := &url.Error{Op: "Post", URL: "https://vault.example/token?key=test-secret-3", Err: io.EOF}
	c := client(t, hub, func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("vault: %w", inner) })
	_, err := get(t.Context(), c, once)
	if got, want := err.Error(), "hub: repos/get: GET /repos/{owner}/{repo}: vault: EOF"; got != want {
		t.Error(got)
	}
}

func TestContextEndsTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	_, err := get(ctx, c)
	if _, ok := errors.AsType[*api.TransportError](err); !ok || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := get(ctx, client(t, hub, func(*http.Request) (*http.Response, error) {
		t.Error("sent after the end")
		return nil, io.EOF
	})); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestContextEndsTheBody(t *testing.T) {
	release := make(chan struct{})
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `{"id":`)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := get(ctx, api.NewClient(nil, hub, api.WithBaseURL(base)))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestRobustness has a row for each way in which a provider's answer can be odd.
func TestRobustness(t *testing.T) {
	type want struct {
		kind error  // errors.Is
		text string // part of the error text, "" = success
	}
	for name, test := range map[string]struct {
		answer transport
		want   want
	}{
		"unknown enum value":     {always(200, jsonType, `{"id":1,"kind":"never-heard-of"}`), want{}},
		"missing required":       {always(200, jsonType, `{}`), want{}},
		"null required":          {always(200, jsonType, `{"id":null,"name":null}`), want{}},
		"url that is none":       {always(200, jsonType, `{"id":1,"name":":// no url"}`), want{}},
		"80.0":                   {always(200, jsonType, `{"id":80.0,"parent":{"id":8e1}}`), want{}},
		"quoted number":          {always(200, jsonType, `{"id":"80"}`), want{}},
		"number for text":        {always(200, jsonType, `{"name":80}`), want{}},
		"invalid UTF-8":          {always(200, jsonType, "{\"id\":1,\"name\":\"a\xffb\"}"), want{}},
		"duplicate names":        {always(200, jsonType, `{"id":1,"id":2}`), want{}},
		"odd date":               {always(200, jsonType, `{"pushed_at":"2024-13-45"}`), want{}},
		"fraction":               {always(200, jsonType, `{"id":80.5}`), want{text: "/id"}},
		"500 with HTML":          {always(500, "text/html", "<html>test-secret-4</html>"), want{api.ErrServer, "500: Internal Server Error"}},
		"429":                    {always(429, jsonType, `{"message":"slow down"}`), want{api.ErrRateLimited, "slow down"}},
		"403 rate limit":         {always(403, jsonType, `{"message":"limit"}`, "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0"), want{api.ErrRateLimited, "limit"}},
		"401":                    {always(401, jsonType, `{"message":"Bad credentials"}`), want{api.ErrUnauthorized, "Bad credentials"}},
		"200 with text/plain":    {always(200, "text/plain", "test-secret-4"), want{text: "text/plain where JSON was due"}},
		"200 with HTML":          {always(200, "text/html; charset=utf-8", "test-secret-4"), want{text: "text/html where JSON was due"}},
		"truncated JSON":         {always(200, jsonType, `{"id":1,"name":"test-secret-4`), want{io.ErrUnexpectedEOF, "ends too early"}},
		"empty body":             {always(200, jsonType, ""), want{text: "empty where JSON was due"}},
		"no JSON":                {always(200, jsonType, "test-secret-4"), want{text: "not valid JSON"}},
		"wrong kind":             {always(200, jsonType, `{"parent":{"id":{"a":"test-secret-4"}}}`), want{text: "/parent/id: a JSON object does not fit int64"}},
		"redirect to a stranger": {always(302, "", "", "Location", "https://evil.example/?q=test-secret-4"), want{text: "redirect to another host"}},
	} {
		for _, p := range []*api.Provider{hub, chat} {
			t.Run(p.Name+"/"+name, func(t *testing.T) {
				op := opGet
				op.Provider = p
				var out *repository
				err := client(t, p, test.answer).Do(t.Context(), &op, api.Args{Path: ownerRepo}, &out, once)
				if test.want.text == "" {
					if err != nil || out == nil {
						t.Fatal(err)
					}
					return
				}
				if out != nil || err == nil {
					t.Fatal("no error", out)
				}
				fromBody := slices.Contains([]string{"slow down", "limit", "Bad credentials"}, test.want.text) // chat has no message member
				if !strings.Contains(err.Error(), test.want.text) && !(p == chat && fromBody) {
					t.Error(err)
				}
				if test.want.kind != nil && !errors.Is(err, test.want.kind) {
					t.Error("wrong kind", err)
				}
				if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "test-secret") || strings.Contains(text, "acme") {
					t.Error("leaks", text)
				}
			})
		}
	}
}

func TestOddValuesKeepTheirMeaning(t *testing.T) {
	got, err := get(t.Context(), client(t, hub, always(200, jsonType, "{\"id\":80.0,\"name\":\"a\xffb\",\"parent\":{\"id\":9007199254740993.0,\"name\":7.50}}")))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{int64(80), "a\ufffdb", int64(9007199254740993), "7.50"}, []any{got.ID, got.Name, got.Parent.ID, got.Parent.Name}); d != "" {
		t.Error(d)
	}
}

func TestTruncatedTransferIsAnError(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"id":1}`)
	})
	_, err := get(t.Context(), api.NewClient(nil, hub, api.WithBaseURL(base)), once)
	if _, ok := errors.AsType[*api.TransportError](err); !ok || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
