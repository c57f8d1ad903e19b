package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

func TestDoSendsWhatTheOperationSays(t *testing.T) {
	r, _ := sent(t, &opGet, api.Args{Path: ownerRepo}, api.WithHeader("X-Own", "1"))
	if got := r.Method + " " + r.URL.String(); got != "GET https://api.hub.example/repos/acme/site" {
		t.Error(got)
	}
	want := http.Header{
		"Accept": {"application/vnd.hub+json"}, "User-Agent": {"grantwire"},
		"X-Hub-Api-Version": {"2022-11-28"}, "X-Own": {"1"},
	}
	if d := cmp.Diff(want, r.Header); d != "" {
		t.Error(d)
	}
}

func TestDoDecodesTheResult(t *testing.T) {
	c := client(t, hub, always(200, jsonType, `{"id":1,"name":"site","later":{"x":[1]},"kind":"brand-new","license":null}`))
	got, err := get(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != 1 || got.Name != "site" || got.Kind != "brand-new" || !got.License.IsNull() || got.Private != nil {
		t.Errorf("%#v", got)
	}
}

func TestDoNoContent(t *testing.T) {
	for _, status := range []int{204, 205} {
		got, err := get(t.Context(), client(t, hub, always(status, "", "")))
		if got != nil || err != nil {
			t.Error(status, got, err)
		}
	}
	if err := client(t, hub, always(200, "text/html", "<html>")).Do(t.Context(), &opDelete, api.Args{Path: ownerRepo}, nil); err != nil {
		t.Error(err)
	}
}

func TestDoNullResult(t *testing.T) {
	got, err := get(t.Context(), client(t, hub, always(200, jsonType, "null")))
	if got != nil || err != nil {
		t.Error(got, err)
	}
}

func TestDoText(t *testing.T) {
	op := api.Operation{Provider: hub, ID: "zen", Method: "GET", Path: "/zen", Result: api.Text}
	var out string
	err := client(t, hub, always(200, "text/plain", "keep it simple")).Do(t.Context(), &op, api.Args{}, &out)
	if out != "keep it simple" || err != nil {
		t.Error(out, err)
	}
}

func TestDoZeroesTheResultOnError(t *testing.T) {
	out := []repository{{ID: 7}}
	op := opGet
	op.Redirect = false
	err := client(t, hub, always(200, jsonType, `[{"id":1},{"id":true}]`)).Do(t.Context(), &op, api.Args{Path: ownerRepo}, &out)
	if err == nil || out != nil {
		t.Error(out, err)
	}
}

func TestDoServerAndBaseURL(t *testing.T) {
	op := opDelete
	op.Server = "https://uploads.hub.example/v2/"
	r, _ := sent(t, &op, api.Args{Path: ownerRepo})
	if got := r.URL.String(); got != "https://uploads.hub.example/v2/repos/acme/site" {
		t.Error(got)
	}
	base := &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/a b/"}
	var got string
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		got = r.URL.String()
		return answer(204, "", ""), nil
	}, api.WithBaseURL(base), api.WithUserAgent("x"))
	if err := c.Do(t.Context(), &op, api.Args{Path: ownerRepo}, nil); err != nil || got != "http://127.0.0.1:1/a%20b/repos/acme/site" {
		t.Error(got, err)
	}
}

func TestDoBadBaseURL(t *testing.T) {
	c := api.NewClient(nil, &api.Provider{Name: "hub", BaseURL: "api.hub.example"})
	_, err := get(t.Context(), c)
	if e, ok := errors.AsType[*api.EncodeError](err); !ok || e.Field != "base URL" {
		t.Error(err)
	}
}

func TestDoLeavesTheCallersClientAlone(t *testing.T) {
	hc := &http.Client{Transport: always(204, "", "")}
	api.NewClient(hc, hub)
	if hc.CheckRedirect != nil {
		t.Error("CheckRedirect of the caller's client was set")
	}
}

func TestHeaderPrecedence(t *testing.T) {
	var got http.Header
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		got = r.Header
		return answer(204, "", ""), nil
	}, api.WithHeader("Accept", "client"), api.WithHeader("X-Hub-Api-Version", "client"))
	if _, err := get(t.Context(), c, api.WithHeader("accept", "call"), nil); err != nil {
		t.Fatal(err)
	}
	if got.Get("Accept") != "call" || got.Get("X-Hub-Api-Version") != "client" {
		t.Error(got)
	}
}

func TestIdempotencyKeyOnlyWhenAsked(t *testing.T) {
	r, _ := sent(t, &opCreate, api.Args{Body: &repository{}})
	if _, ok := r.Header["Idempotency-Key"]; ok {
		t.Error("a key was sent that nobody asked for")
	}
	r, _ = sent(t, &opCreate, api.Args{Body: &repository{}}, api.WithIdempotencyKey("k1"))
	if got := r.Header.Get("Idempotency-Key"); got != "k1" {
		t.Error(got)
	}
}

func TestResponseFacts(t *testing.T) {
	var facts api.Response
	c := client(t, hub, always(200, jsonType, `{}`, "X-Hub-Request-Id", "ABC", "Etag", `"1"`,
		"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "59", "X-RateLimit-Reset", "1700000000", "X-RateLimit-Resource", "core"))
	if _, err := get(t.Context(), c, api.WithResponse(&facts)); err != nil {
		t.Fatal(err)
	}
	if facts.Status != 200 || facts.RequestID != "ABC" || facts.Attempts != 1 || facts.Header.Get("Etag") != `"1"` {
		t.Errorf("%+v", facts)
	}
	r := facts.RateLimit
	if r == nil || r.Limit != 60 || r.Remaining != 59 || r.Reset.Unix() != 1700000000 || r.Resource != "core" {
		t.Errorf("%+v", r)
	}
}

func TestContextOptionAndCallInfo(t *testing.T) {
	type key struct{}
	var infos []api.CallInfo
	var value any
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		info, ok := api.CallFromContext(r.Context())
		if !ok {
			t.Error("no call in the context")
		}
		infos = append(infos, info)
		value = r.Context().Value(key{})
		if len(infos) == 1 {
			return answer(503, "", ""), nil
		}
		return answer(200, jsonType, "{}"), nil
	}, api.WithRetry(api.RetryPolicy{Backoff: 1}))
	option := api.ContextOption(func(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, "grant") })
	if _, err := get(t.Context(), c, option); err != nil {
		t.Fatal(err)
	}
	if value != "grant" || len(infos) != 2 || infos[0].Operation != &opGet || infos[0].CallID == "" ||
		infos[0].CallID != infos[1].CallID || infos[0].Attempt != 1 || infos[1].Attempt != 2 {
		t.Errorf("%v %+v", value, infos)
	}
	if _, ok := api.CallFromContext(t.Context()); ok {
		t.Error("a context without a call has one")
	}
}

func TestTransportMayChangeItsRequest(t *testing.T) {
	n := 0
	c := client(t, hub, func(r *http.Request) (*http.Response, error) {
		n++
		if r.Header.Get("X-Injected") != "" || r.URL.Host != "api.hub.example" {
			t.Error("a change of the first attempt reached the second")
		}
		r.Header.Set("X-Injected", "1")
		r.URL.Host = "elsewhere.example"
		if n == 1 {
			return answer(503, "", ""), nil
		}
		return answer(200, jsonType, "{}"), nil
	}, api.WithRetry(api.RetryPolicy{Backoff: 1}))
	if _, err := get(t.Context(), c); err != nil || n != 2 {
		t.Error(err, n)
	}
}

func TestObserver(t *testing.T) {
	var events []api.Event
	n := 0
	c := client(t, hub, func(*http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return answer(502, "", ""), nil
		}
		return answer(200, jsonType, "{}"), nil
	}, api.WithObserver(func(_ context.Context, e api.Event) { events = append(events, e) }),
		api.WithRetry(api.RetryPolicy{Backoff: 1}))
	if _, err := get(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Kind    string
		Attempt int
		Status  int
		Failed  bool
		Waits   bool
	}
	var got []row
	for _, e := range events {
		got = append(got, row{e.Kind.String(), e.Attempt, e.Status, e.Err != nil, e.Wait > 0})
	}
	want := []row{{"attempt", 1, 502, true, true}, {"attempt", 2, 200, false, false}, {"call", 2, 200, false, false}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBodyLimit(t *testing.T) {
	c := client(t, hub, always(200, jsonType, `{"name":"`+strings.Repeat("x", 100)+`"}`), api.WithMaxResponseBytes(64))
	_, err := get(t.Context(), c)
	if e, ok := errors.AsType[*api.DecodeError](err); !ok || !strings.Contains(e.Reason, "WithMaxResponseBytes") {
		t.Error(err)
	}
}

func TestConcurrentCalls(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `{"id":1,"name":"`+r.URL.Path+`"}`)
	})
	c := api.NewClient(nil, hub, api.WithBaseURL(base))
	done := make(chan error)
	for i := range 20 {
		go func() {
			name := string(rune('a' + i))
			var out *repository
			err := c.Do(t.Context(), &opGet, api.Args{Path: []any{name, "r"}}, &out)
			if err == nil && out.Name != "/repos/"+name+"/r" {
				err = errors.New("another call's answer: " + out.Name)
			}
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
