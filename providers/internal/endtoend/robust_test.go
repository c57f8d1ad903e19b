package endtoend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// row is one line of the robustness table: what the provider does, and what the
// caller must get in every mode.
type row struct {
	name   string
	answer http.HandlerFunc
	call   func(context.Context, *world) (string, error)
	want   string // the result, when there must be no error
	fault  fault
}

// fault is what an error must be.
type fault struct {
	status        int    // of an *api.Error
	code, message string // of an *api.Error
	is            []error
	decode        string // part of a *api.DecodeError's reason
	transport     bool   // a *api.TransportError
}

func (f fault) none() bool { return f.status == 0 && f.decode == "" && !f.transport }

func runRows(t *testing.T, rows []row) {
	t.Helper()
	eachSetting(t, func(t *testing.T, w *world) {
		for _, r := range rows {
			t.Run(r.name, func(t *testing.T) {
				w.provider.script(r.answer)
				w.other.script(reply(200, jsonType, "{}"))
				got, err := r.call(w.ctx(), w)
				r.check(t, got, err)
				if len(w.provider.requests()) == 0 {
					t.Error("the provider was not called")
				}
				checkDelivery(t, w.provider, plainToken)
				if n := len(w.other.requests()); n > 0 {
					t.Errorf("the other host got %d requests", n)
				}
			})
		}
		w.checkTrailComplete(t)
	})
}

func (w *world) checkTrailComplete(t *testing.T) {
	t.Helper()
	for _, e := range w.trail() {
		if e.RunID != "run-abc123" || e.Outcome == "intent" || e.Decision != "allowed" {
			t.Errorf("audit row of %s %s: run %q, %s, %s", e.Method, e.Path, e.RunID, e.Decision, e.Outcome)
		}
	}
}

func (r row) check(t *testing.T, got string, err error) {
	t.Helper()
	if r.fault.none() {
		if err != nil {
			t.Errorf("error: %v", err)
		} else if got != r.want {
			t.Errorf("result %s, not %s", got, r.want)
		}
		return
	}
	if err == nil {
		t.Errorf("no error, result %s", got)
		return
	}
	r.fault.check(t, err)
}

func (f fault) check(t *testing.T, err error) {
	t.Helper()
	for _, target := range f.is {
		if !errors.Is(err, target) {
			t.Errorf("errors.Is(%q) fails for: %v", target, err)
		}
	}
	switch {
	case f.status != 0:
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			t.Errorf("%T is no *api.Error: %v", err, err)
			return
		}
		if e.Status != f.status || e.Code != f.code || e.Message != f.message {
			t.Errorf("status %d, code %q, message %q; not %d, %q, %q", e.Status, e.Code, e.Message, f.status, f.code, f.message)
		}
	case f.decode != "":
		e, ok := errors.AsType[*api.DecodeError](err)
		if !ok || !strings.Contains(e.Reason, f.decode) {
			t.Errorf("%T without %q: %v", err, f.decode, err)
		}
	case f.transport:
		if _, ok := errors.AsType[*api.TransportError](err); !ok {
			t.Errorf("%T is no *api.TransportError: %v", err, err)
		}
	}
}

func getRepo(ctx context.Context, w *world) (string, error) {
	r, err := w.github().GetRepo(ctx, "acme", "site")
	if r == nil || err != nil {
		return fmt.Sprint(r != nil), err
	}
	enum := "none"
	if r.MergeCommitMessage != nil {
		enum = fmt.Sprint(*r.MergeCommitMessage)
	}
	return fmt.Sprint(r.ID, " ", r.Name, " ", r.Size, " ", r.HTMLURL, " ", enum), nil
}

func getConversation(ctx context.Context, w *world) (string, error) {
	r, err := w.slack().GetConversation(ctx, &slack.GetConversationParams{Channel: "C1"})
	if r == nil || err != nil {
		return fmt.Sprint(r != nil), err
	}
	return fmt.Sprint(r.Channel.ID, " ", deref(r.Channel.Name), " ", r.Channel.Created), nil
}

func deref(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

func TestGitHubTolerates(t *testing.T) {
	t.Parallel()
	const site = "https://github.com/acme/site"
	runRows(t, []row{
		{name: "plain", answer: reply(200, jsonType, repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "unknown enum value", answer: reply(200, jsonType, repository("merge_commit_message", `"FROM_2031"`)), want: "7 site 12 " + site + " FROM_2031"},
		{name: "unknown member", answer: reply(200, jsonType, repository("from_2031", `{"a":[1]}`)), want: "7 site 12 " + site + " PR_BODY"},
		{name: "missing required member", answer: reply(200, jsonType, repository("name", "")), want: "7  12 " + site + " PR_BODY"},
		{name: "null required member", answer: reply(200, jsonType, repository("size", "null")), want: "7 site 0 " + site + " PR_BODY"},
		{name: "URL that is none", answer: reply(200, jsonType, repository("html_url", `"::not a url%zz"`)), want: "7 site 12 ::not a url%zz PR_BODY"},
		{name: "integer 80.0", answer: reply(200, jsonType, repository("size", "80.0")), want: "7 site 80 " + site + " PR_BODY"},
		{name: "integer 8e1", answer: reply(200, jsonType, repository("size", "8e1")), want: "7 site 80 " + site + " PR_BODY"},
		{name: "invalid UTF-8", answer: reply(200, jsonType, repository("name", "\"si\xffte\"")), want: "7 si\uFFFDte 12 " + site + " PR_BODY"},
		{name: "member twice", answer: reply(200, jsonType, `{"id":1,"id":7,"name":"site"}`), want: "7 site 0  none"},
		{name: "JSON called octets", answer: reply(200, "application/octet-stream", repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "no content type", answer: reply(200, "", repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "vendor JSON", answer: reply(200, "application/vnd.github+json", repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
	}.with(getRepo))
}

func TestSlackTolerates(t *testing.T) {
	t.Parallel()
	team := func(ctx context.Context, w *world) (string, error) {
		r, err := w.slack().UsergroupsListAuto(ctx)
		return r, err
	}
	_ = team
	runRows(t, []row{
		{name: "plain", answer: reply(200, jsonType, conversation("", "")), want: "C1 lamp 1700000000"},
		{name: "unknown member", answer: reply(200, jsonType, conversation("from_2031", `{"a":[1]}`)), want: "C1 lamp 1700000000"},
		{name: "missing required member", answer: reply(200, jsonType, conversation("created", "")), want: "C1 lamp 0"},
		{name: "null required member", answer: reply(200, jsonType, conversation("id", "null")), want: " lamp 1700000000"},
		{name: "integer 80.0", answer: reply(200, jsonType, conversation("created", "80.0")), want: "C1 lamp 80"},
		{name: "integer in quotes", answer: reply(200, jsonType, conversation("created", `"80"`)), want: "C1 lamp 80"},
		{name: "invalid UTF-8", answer: reply(200, jsonType, conversation("name", "\"la\xffmp\"")), want: "C1 la\uFFFDmp 1700000000"},
		{name: "no content type", answer: reply(200, "", conversation("", "")), want: "C1 lamp 1700000000"},
	}.with(getConversation))
}

var _ = []any{io.EOF, github.New, vault.Auto}
