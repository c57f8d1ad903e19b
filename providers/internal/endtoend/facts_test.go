package endtoend_test

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

func TestGitHubErrorFacts(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		reset := time.Now().Add(time.Hour).Truncate(time.Second)
		w.provider.script(reply(422, jsonType,
			`{"message":"Validation Failed","documentation_url":"https://docs.example/x","status":"422","errors":["plain",{"resource":"Issue","field":"title","code":"missing_field"}]}`,
			"X-GitHub-Request-Id", "ABCD:1234", "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "4999",
			"X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10), "X-RateLimit-Resource", "core", "Retry-After", "12"))
		body := newIssue("Lamp")
		var facts api.Response
		_, err := w.github().CreateIssue(w.ctx(), "acme", "site", body, api.WithResponse(&facts))
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			t.Fatal(err)
		}
		r := e.RateLimit
		if e.Provider != "github" || e.Operation != "issues/create" || e.Method != http.MethodPost || e.Path != "/repos/{owner}/{repo}/issues" ||
			e.RequestID != "ABCD:1234" || e.RetryAfter != 12*time.Second || e.Attempts != 1 || e.Doc == "" {
			t.Errorf("facts: %+v", e)
		}
		if r == nil || r.Limit != 5000 || r.Remaining != 4999 || !r.Reset.Equal(reset) || r.Resource != "core" {
			t.Errorf("rate limit: %+v", r)
		}
		gh, ok := errors.AsType[*github.Error](err)
		if !ok || gh.Message != "Validation Failed" || len(gh.Errors) != 2 || gh.Errors[0].Message != "plain" || gh.Errors[1].Field != "title" {
			t.Errorf("github.Error: %+v", gh)
		}
		if facts.Status != 422 || facts.RequestID != "ABCD:1234" || facts.Header.Get("X-RateLimit-Resource") != "core" {
			t.Errorf("response: %v", facts)
		}
		var tree map[string]any
		if e.Decode(&tree) != nil || tree["status"] != "422" {
			t.Errorf("decoded %v", tree)
		}
	})
}

func TestSlackErrorFacts(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		w.provider.script(reply(200, jsonType, `{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"identify","warning":"w","response_metadata":{"messages":["[ERROR] m"]}}`,
			"X-Slack-Req-Id", "req77", "Retry-After", "3"))
		var facts api.Response
		_, err := w.slack().ListConversations(w.ctx(), nil, api.WithResponse(&facts))
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			t.Fatal(err)
		}
		if e.Status != 200 || e.Code != "missing_scope" || e.RequestID != "req77" || e.RetryAfter != 3*time.Second || facts.Status != 200 {
			t.Errorf("facts: %+v, %v", e, facts)
		}
		se, ok := errors.AsType[*slack.Error](err)
		if !ok || se.Code != slack.ErrorCodeMissingScope || se.Needed != "chat:write" || se.Metadata.Messages[0] != "[ERROR] m" {
			t.Errorf("slack.Error: %+v", se)
		}
		if _, ok := errors.AsType[*github.Error](err); ok {
			t.Error("a Slack error is a github.Error")
		}
	})
}

// TestRetryAfterIsWaitedFor sees two attempts under one call: two audit rows
// with the same call ID.
func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		calls := 0
		w.provider.script(func(rw http.ResponseWriter, r *http.Request) {
			if calls++; calls == 1 {
				reply(429, jsonType, `{"message":"slow down"}`, "Retry-After", "0.05")(rw, r)
				return
			}
			reply(200, jsonType, repository("", ""))(rw, r)
		})
		start := time.Now()
		var facts api.Response
		_, err := w.github(api.WithRetry(api.RetryPolicy{})).GetRepo(w.ctx(), "acme", "site", api.WithResponse(&facts))
		if err != nil || calls != 2 || facts.Attempts != 2 || time.Since(start) < 50*time.Millisecond {
			t.Errorf("%d calls, %d attempts, %v: %v", calls, facts.Attempts, time.Since(start), err)
		}
		rows := w.trail()
		if len(rows) != 2 || rows[0].CallID != rows[1].CallID || rows[0].Attempt != 1 || rows[1].Attempt != 2 ||
			rows[0].Status != 429 || rows[1].Status != 200 || rows[0].Operation != "repos/get" {
			t.Errorf("audit rows: %+v", rows)
		}
	})
}

// TestWritesAreNotRepeated: a provider that breaks off after a write may have
// done it.
func TestWritesAreNotRepeated(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		body := newIssue("Lamp")
		for _, answer := range []http.HandlerFunc{rawReply(""), reply(503, "", ""), reply(429, "", "", "Retry-After", "0.01"), short(201, jsonType, "{}")} {
			w.provider.script(answer)
			_, err := w.github(api.WithRetry(api.RetryPolicy{Backoff: 1})).CreateIssue(w.ctx(), "acme", "site", body)
			if n := len(w.provider.requests()); err == nil || n != 1 {
				t.Errorf("%d requests: %v", n, err)
			}
		}
	})
}

func TestConnectionFaultsAreRepeated(t *testing.T) {
	t.Parallel()
	eachSetting(t, func(t *testing.T, w *world) {
		calls := 0
		w.provider.script(func(rw http.ResponseWriter, r *http.Request) {
			if calls++; calls < 3 {
				rawReply("")(rw, r)
				return
			}
			reply(200, jsonType, repository("", ""))(rw, r)
		})
		_, err := w.github(api.WithRetry(api.RetryPolicy{Backoff: 1})).GetRepo(w.ctx(), "acme", "site")
		if w.agent.Mode() == vault.Proxy {
			// The vault's word that the provider was not reached is no fault of this
			// process's network: it says that a retry may help, and the caller decides.
			if e, ok := errors.AsType[*vault.Error](err); !ok || !e.Retryable || calls != 1 {
				t.Errorf("%d calls: %v", calls, err)
			}
			return
		}
		if err != nil || calls != 3 {
			t.Errorf("%d calls: %v", calls, err)
		}
	})
}

func newIssue(title string) (body github.CreateIssueRequest) {
	body.Title.String = &title
	return body
}
