package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/providers/github" //nolint:depguard // a transport for generated clients is tested with some
	"github.com/grantwire/grantwire/providers/slack"  //nolint:depguard // a transport for generated clients is tested with some
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/api/apitest"
)

// failures is a testing.TB that keeps what it is told.
type failures struct {
	mu    sync.Mutex
	texts []string
}

func (*failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func (f *failures) want(t *testing.T, text string) {
	t.Helper()
	if len(f.texts) != 1 || !strings.Contains(f.texts[0], text) {
		t.Errorf("failures %q, want one with %q", f.texts, text)
	}
}

// TestEveryOperationIsMatched sends the request that each template describes,
// without a generated client's context, and asks which operation it was.
func TestEveryOperationIsMatched(t *testing.T) {
	for _, ops := range [][]api.Operation{github.Operations(), slack.Operations()} {
		rt := apitest.New(t, ops)
		for i := range ops {
			op := &ops[i]
			rt.Func(op.ID, func(*apitest.Call) apitest.Reply { return apitest.Reply{Status: 204} })
			base := op.Server
			if base == "" {
				base = op.Provider.BaseURL
			}
			path := strings.NewReplacer("{", "v-", "}", "").Replace(op.Path)
			req, err := http.NewRequestWithContext(t.Context(), op.Method, base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(op.ID, err)
			}
			resp.Body.Close()
		}
		calls := rt.Calls()
		if len(calls) != len(ops) {
			t.Fatalf("%d calls of %d", len(calls), len(ops))
		}
		for i, c := range calls {
			if c.Operation != ops[i].ID {
				t.Errorf("%s %s was taken for %s", ops[i].Method, ops[i].Path, c.Operation)
			}
			for name, value := range c.Path {
				if value != "v-"+name {
					t.Errorf("%s: path value %s is %q", c.Operation, name, value)
				}
			}
		}
	}
}

func TestSegmentsHoldSlashesAndOthersDoNot(t *testing.T) {
	rt := apitest.New(t, github.Operations())
	rt.Answer("repos/get-content", api.RawJSON(`{}`))
	rt.Answer("repos/get", github.FullRepository{})
	gh := github.New(rt.Client())
	if _, err := gh.Repos.GetContent(t.Context(), "acme", "site", "docs/a b/ü?.md", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := gh.Repos.Get(t.Context(), "ac/me", "100%"); err != nil {
		t.Fatal(err)
	}
	got := []map[string]string{rt.Only("repos/get-content").Path, rt.Only("Repos.Get").Path}
	want := []map[string]string{
		{"owner": "acme", "repo": "site", "path": "docs/a b/ü?.md"},
		{"owner": "ac/me", "repo": "100%"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnotherBaseURLAndAnotherClient(t *testing.T) {
	rt := apitest.New(nil, github.Operations())
	rt.Answer("repos/get", github.FullRepository{Name: "site"})
	gh := github.New(rt.Client(), api.WithBaseURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/api/v3"}))
	if _, err := gh.Repos.Get(t.Context(), "acme", "site"); err == nil {
		t.Error("a prefix that nobody knows was matched")
	}
	quiet := apitest.New(nil, github.Operations())
	quiet.Answer("repos/get", github.FullRepository{Name: "site"})
	if _, err := github.New(quiet.Client(), api.WithBaseURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})).Repos.Get(t.Context(), "acme", "site"); err != nil {
		t.Error(err)
	}
	resp, err := quiet.Client().Get("https://api.github.com/repos/acme/site?x=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if !strings.Contains(string(body), `"name":"site"`) || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
	if c := quiet.Calls()[1]; c.Query.Get("x") != "1" || c.ID != "" || c.Attempt != 0 {
		t.Errorf("%v %v %q %d", c, c.Query, c.ID, c.Attempt)
	}
}

func TestAnswersInOrderTheLastStays(t *testing.T) {
	rt := apitest.New(t, github.Operations())
	rt.Answer("repos/get", github.FullRepository{Name: "one"})
	rt.Answer("repos/get", github.FullRepository{Name: "two"}).Times(2)
	rt.Answer("repos/get", github.FullRepository{Name: "three"})
	gh := github.New(rt.Client())
	var got []string
	for range 6 {
		repo, err := gh.Repos.Get(t.Context(), "acme", "site")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, repo.Name)
	}
	if d := cmp.Diff([]string{"one", "two", "two", "three", "three", "three"}, got); d != "" {
		t.Error(d)
	}
}

func TestTimesRunsOut(t *testing.T) {
	var f failures
	rt := apitest.New(&f, github.Operations())
	rt.Answer("repos/get", github.FullRepository{}).Times(1)
	gh := github.New(rt.Client(), api.WithRetry(api.RetryPolicy{Attempts: 1}))
	_, first := gh.Repos.Get(t.Context(), "acme", "site")
	_, second := gh.Repos.Get(t.Context(), "acme", "site")
	if first != nil || second == nil {
		t.Error(first, second)
	}
	f.want(t, `repos/get (GET /repos/{owner}/{repo}) was called and nothing answers it`)
}

func TestConditions(t *testing.T) {
	rt := apitest.New(t, github.Operations())
	rt.Answer("repos/list-for-org", []github.MinimalRepository{{Name: "forked"}}).
		When(func(c apitest.Call) bool { return c.Query.Get("type") == "forks" })
	rt.Answer("repos/list-for-org", []github.MinimalRepository{{Name: "any"}})
	gh := github.New(rt.Client())
	for _, kind := range []string{"", "forks", "forks", "sources"} {
		list, err := gh.Repos.ListForOrg(t.Context(), "acme", &github.ReposListForOrgParams{Type: github.ReposListForOrgType(kind)})
		want := map[bool]string{true: "forked", false: "any"}[kind == "forks"]
		if err != nil || len(list) != 1 || list[0].Name != want {
			t.Errorf("type %q: %v %v, want %s", kind, list, err, want)
		}
	}
}

func TestErrorsOfEveryKind(t *testing.T) {
	rt := apitest.New(t, github.Operations(), slack.Operations())
	rt.Fail("repos/get", 422, github.Error{Message: "no", Errors: []github.ErrorDetail{{Field: "name", Code: "invalid"}}}).
		Header("X-GitHub-Request-Id", "R1")
	_, err := github.New(rt.Client()).Repos.Get(t.Context(), "acme", "site")
	var own *github.Error
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 422 || e.RequestID != "R1" || !errors.As(err, &own) || own.Errors[0].Field != "name" {
		t.Errorf("%v", err)
	}
	rt.Fail("conversations_list", 200, slack.Error{Code: "missing_scope", Needed: "channels:read"})
	_, err = slack.New(rt.Client()).Conversations.List(t.Context(), nil)
	var se *slack.Error
	if !errors.As(err, &se) || se.Needed != "channels:read" {
		t.Errorf("%v", err)
	}
}

// A provider's code stands where the client looks for it first.
func TestFaultInAList(t *testing.T) {
	maps := &api.Provider{Name: "maps", BaseURL: "https://maps.example", Errors: api.ErrorShape{
		Code: "error.errors.0.reason|error.status", Message: "error.errors.0.message|error.message",
	}}
	op := api.Operation{Provider: maps, ID: "places/get", Method: "GET", Path: "/places", Service: "Places", Name: "Get"}
	rt := apitest.New(t, []api.Operation{op})
	rt.Fail("places/get", 400, apitest.Fault{Code: "tooFar", Message: "too far"})
	err := api.NewClient(rt.Client(), maps).Do(t.Context(), &op, api.Args{}, nil)
	var e *api.Error
	if !errors.As(err, &e) || e.Code != "tooFar" || e.Message != "too far" {
		t.Errorf("%v", err)
	}
	if text := string(body(t, e)); text != `{"error":{"errors":[{"message":"too far","reason":"tooFar"}]}}` {
		t.Error(text)
	}
}

func body(t *testing.T, e *api.Error) api.RawJSON {
	t.Helper()
	var raw api.RawJSON
	if err := e.Decode(&raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOKIsSaidForTheCaller(t *testing.T) {
	rt := apitest.New(t, slack.Operations())
	rt.Answer("chat_postMessage", slack.ChatPostMessageResponse{TS: "1.2"})
	rt.Answer("chat_delete", nil)
	sl := slack.New(rt.Client())
	sent, err := sl.Chat.PostMessage(t.Context(), slack.ChatPostMessageRequest{Channel: "C1", Text: new("a & b")})
	if err != nil || sent.TS != "1.2" || !sent.Ok {
		t.Errorf("%+v %v", sent, err)
	}
	if got := rt.Only("chat_postMessage").Form; got.Get("channel") != "C1" || got.Get("text") != "a & b" {
		t.Error(got)
	}
}

func TestPagesOfEveryKind(t *testing.T) {
	rt := apitest.New(t, github.Operations(), slack.Operations())
	rt.Pages("conversations_list", []slack.Conversation{{}}, []slack.Conversation{{}, {}})
	rt.Pages("files_list", []slack.File{{}}, []slack.File{{}}, []slack.File{{}})
	rt.Pages("apps/list-repos-accessible-to-installation", []github.Repository{{}, {}}, []github.Repository{{}})
	rt.Pages("repos/list-for-org") // none at all
	sl, gh := slack.New(rt.Client()), github.New(rt.Client())
	count := func(name string, want, requests int, walk func(add func(error))) {
		t.Helper()
		rt.Reset()
		for range 2 { // a walk can be repeated
			n := 0
			walk(func(err error) {
				if err != nil {
					t.Error(name, err)
				}
				n++
			})
			if n != want {
				t.Errorf("%s: %d items, want %d", name, n, want)
			}
		}
		if got := len(rt.Calls()); got != 2*requests {
			t.Errorf("%s: %d requests, want %d", name, got, 2*requests)
		}
	}
	count("cursor", 3, 2, func(add func(error)) {
		for _, err := range sl.Conversations.ListAll(t.Context(), nil) {
			add(err)
		}
	})
	count("page number", 3, 3, func(add func(error)) {
		for _, err := range sl.Files.ListAll(t.Context(), nil) {
			add(err)
		}
	})
	count("link", 3, 2, func(add func(error)) {
		for _, err := range gh.Apps.ListReposAccessibleToInstallationAll(t.Context(), nil) {
			add(err)
		}
	})
	count("empty", 0, 1, func(add func(error)) {
		for _, err := range gh.Repos.ListForOrgAll(t.Context(), "acme", nil) {
			add(err)
		}
	})
}

func TestRetriesAreRecordedAsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := apitest.New(t, github.Operations())
		rt.Fail("repos/get", 503, "later").Times(2)
		rt.Answer("repos/get", github.FullRepository{Name: "site"})
		repo, err := github.New(rt.Client()).Repos.Get(t.Context(), "acme", "site")
		if err != nil || repo.Name != "site" {
			t.Fatal(repo, err)
		}
		calls := rt.Calls("repos/get")
		if len(calls) != 3 || calls[0].ID == "" || calls[0].ID != calls[2].ID || calls[2].Attempt != 3 {
			t.Errorf("%v", calls)
		}
	})
}

func TestMistakesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(*apitest.Transport)
		want string
	}{
		"unknown name":  {func(rt *apitest.Transport) { rt.Answer("repos/gett", nil) }, `no operation is called "repos/gett"`},
		"does not page": {func(rt *apitest.Transport) { rt.Pages("repos/get") }, "repos/get does not page"},
		"never called":  {func(rt *apitest.Transport) { rt.Only("repos/get") }, "repos/get was called 0 times, want once; all calls: none"},
		"no encoding": {func(rt *apitest.Transport) {
			rt.Answer("meta/root", make(chan int))
			_, _ = github.New(rt.Client()).Meta.Root(context.Background())
		}, "meta/root: the answer cannot be encoded"},
		"nobody's path": {func(rt *apitest.Transport) {
			_, _ = rt.Client().Get("https://api.github.com/nowhere?token=test-secret-query")
		}, "fits GET https://api.github.com/nowhere"},
	} {
		var f failures
		rt := apitest.New(&f, github.Operations())
		test.do(rt)
		if len(f.texts) != 1 || !strings.Contains(f.texts[0], test.want) || strings.Contains(f.texts[0], "test-secret") {
			t.Errorf("%s: failures %q, want one with %q", name, f.texts, test.want)
		}
		if err := rt.Err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Err is %v", name, err)
		}
	}
}

func TestTheSameNameInTwoTables(t *testing.T) {
	a := api.Operation{Provider: &api.Provider{Name: "a", BaseURL: "https://a.example"}, ID: "get", Method: "GET", Path: "/x", Result: api.Text}
	b := a
	b.Provider = &api.Provider{Name: "b", BaseURL: "https://b.example/base"}
	var f failures
	rt := apitest.New(&f, []api.Operation{a}, []api.Operation{b})
	rt.Answer("get", "")
	f.want(t, `put the provider before it: "a:get"`)
	rt.Answer("a:get", "from a")
	rt.Answer("b:get", "from b")
	for url, want := range map[string]string{"https://A.example/x": "from a", "https://b.example/base/x": "from b"} {
		resp, err := rt.Client().Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != want {
			t.Errorf("%s: %q", url, body)
		}
	}
}

func TestMultipartIsDecoded(t *testing.T) {
	op := api.Operation{
		Provider: &api.Provider{Name: "hub", BaseURL: "https://hub.example"}, ID: "upload",
		Method: "POST", Path: "/files", Request: "multipart/form-data", Result: api.None,
	}
	rt := apitest.New(t, []api.Operation{op})
	rt.Answer("upload", nil)
	body := struct {
		Title string   `json:"title"`
		File  api.File `json:"file"`
	}{"notes", api.File{Name: "n.txt", Content: strings.NewReader("text")}}
	if err := api.NewClient(rt.Client(), op.Provider).Do(t.Context(), &op, api.Args{Body: &body}, nil); err != nil {
		t.Fatal(err)
	}
	c := rt.Only("upload")
	if c.Form.Get("title") != "notes" || c.Files["file"].Name != "n.txt" || string(c.Files["file"].Content) != "text" {
		t.Errorf("%v %v", c.Form, c.Files)
	}
}

func TestCallsPrintNoSecret(t *testing.T) {
	rt := apitest.New(t, github.Operations())
	rt.Answer("repos/get", github.FullRepository{})
	_, _ = github.New(rt.Client()).Repos.Get(t.Context(), "acme", "site", api.WithHeader("Authorization", "Bearer test-secret-header"))
	c := rt.Only("repos/get")
	if c.Header.Get("Authorization") != "Bearer test-secret-header" {
		t.Error("the header was not recorded")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "test-secret") {
			t.Errorf("%s prints a header: %s", verb, text)
		}
	}
}

func TestManyGoroutines(t *testing.T) {
	rt := apitest.New(t, github.Operations())
	rt.Func("repos/get", func(c *apitest.Call) apitest.Reply {
		return apitest.Reply{Body: github.FullRepository{Name: c.Path["repo"]}}
	})
	gh := github.New(rt.Client())
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			name := fmt.Sprintf("r%d", i)
			rt.Answer("meta/root", api.RawJSON(`{}`))
			repo, err := gh.Repos.Get(t.Context(), "acme", name)
			if err != nil || repo.Name != name {
				t.Errorf("%s: %v %v", name, repo, err)
			}
		})
	}
	wg.Wait()
	if n := len(rt.Calls("repos/get")); n != 50 {
		t.Error(n)
	}
}

func TestEndedContext(t *testing.T) {
	rt := apitest.New(t, github.Operations())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.github.com/repos/a/b", nil)
	if resp, err := rt.RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Error(resp, err)
	}
}
