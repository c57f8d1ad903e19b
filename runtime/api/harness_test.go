package api_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
)

// transport answers requests in the process; most tests need no socket.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, contentType, body string, header ...string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

const jsonType = "application/json; charset=utf-8"

type hubError struct {
	Message string     `json:"message"`
	Errors  []hubFault `json:"errors"`
}

type hubFault struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

func (e *hubError) Error() string { return "hub: " + e.Message }

var hub = &api.Provider{
	Name: "hub", BaseURL: "https://api.hub.example",
	Headers:  []api.Header{{Name: "X-Hub-Api-Version", Value: "2022-11-28"}},
	Errors:   api.ErrorShape{Message: "message", RequestID: "X-Hub-Request-Id"},
	NewError: func() error { return new(hubError) },
}

var chat = &api.Provider{
	Name: "chat", BaseURL: "https://chat.example/api",
	Errors: api.ErrorShape{
		OK: "ok", Code: "error", RequestID: "X-Chat-Req-Id",
		Unauthorized: []string{"invalid_auth"}, RateLimited: []string{"ratelimited"}, NotFound: []string{"channel_not_found"},
	},
}

type repository struct {
	ID      int64                `json:"id"`
	Name    string               `json:"name"`
	Private *bool                `json:"private,omitzero"`
	Kind    repositoryKind       `json:"kind,omitzero"`
	Pushed  *api.Time            `json:"pushed_at,omitzero"`
	Parent  *repository          `json:"parent,omitzero"`
	License api.Nullable[string] `json:"license,omitzero"`
}

type repositoryKind string

var (
	opGet = api.Operation{
		Provider: hub, ID: "repos/get", Method: "GET", Path: "/repos/{owner}/{repo}", Access: api.Read,
		Accept: "application/vnd.hub+json", Result: api.JSON, Redirect: true, Doc: "https://docs.hub.example/get",
	}
	opCreate = api.Operation{
		Provider: hub, ID: "repos/create", Method: "POST", Path: "/repos", Access: api.Write,
		Request: "application/json", Result: api.JSON,
	}
	opDelete = api.Operation{
		Provider: hub, ID: "repos/delete", Method: "DELETE", Path: "/repos/{owner}/{repo}", Access: api.Delete, Idempotent: true,
	}
	opPost = api.Operation{
		Provider: chat, ID: "chat.postMessage", Method: "POST", Path: "/chat.postMessage", Access: api.Write,
		Request: "application/x-www-form-urlencoded", Result: api.JSON,
	}
)

var ownerRepo = []any{"acme", "site"}

// client returns a client whose requests f answers.
func client(t testing.TB, p *api.Provider, f transport, opts ...api.ClientOption) *api.Client {
	t.Helper()
	return api.NewClient(&http.Client{Transport: f}, p, opts...)
}

// always answers every request alike.
func always(status int, contentType, body string, header ...string) transport {
	return func(*http.Request) (*http.Response, error) { return answer(status, contentType, body, header...), nil }
}

// get calls opGet and returns its result.
func get(ctx context.Context, c *api.Client, opts ...api.CallOption) (*repository, error) {
	var out *repository
	err := c.Do(ctx, &opGet, api.Args{Path: ownerRepo}, &out, opts...)
	return out, err
}

// serve starts a loopback server and returns its URL.
func serve(t testing.TB, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sent calls op and returns the request and its body.
func sent(t testing.TB, op *api.Operation, args api.Args, opts ...api.CallOption) (*http.Request, string) {
	t.Helper()
	var got *http.Request
	var text string
	c := client(t, op.Provider, func(r *http.Request) (*http.Response, error) {
		got = r
		if r.Body != nil {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			text = string(b)
		}
		return answer(204, "", ""), nil
	})
	if err := c.Do(t.Context(), op, args, nil, opts...); err != nil {
		t.Fatal(err)
	}
	return got, text
}
