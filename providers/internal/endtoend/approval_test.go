package endtoend_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// approvalWorld is a stand-in GitHub, a vault in a folder that asks before
// everything but GETs, and its agent.
type approvalWorld struct {
	*testing.T
	dir, key, grant string
	base            string
	calls           atomic.Int64
	vault           *local.Vault
}

func newApprovalWorld(t *testing.T) *approvalWorld {
	w := &approvalWorld{T: t, dir: t.TempDir()}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Type", "application/json")
		if string(body) == `{"title":"bad"}` {
			rw.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(rw, `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"invalid"}]}`)
			return
		}
		rw.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(rw, `{"number":7,"title":"Call back"}`)
	}))
	t.Cleanup(srv.Close)
	w.base = srv.URL
	w.open()
	agent, err := w.vault.CreateAgent(t.Context(), local.AgentSpec{Name: "triage"})
	w.must(err)
	grant, err := w.vault.CreateGrant(t.Context(), local.GrantSpec{
		AgentID: agent.ID, Provider: "github", Hosts: []string{w.base}, Credential: local.Credential{Token: "test-secret-token"},
	})
	w.must(err)
	_, err = w.vault.CreateRule(t.Context(), local.RuleSpec{
		Name: "ask first", Target: local.TargetGrant, TargetID: grant.ID, Rule: &rule.RequireApproval{When: rule.When{Method: []string{"POST"}}},
	})
	w.must(err)
	w.key, w.grant = agent.Key, grant.ID
	return w
}

func (w *approvalWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *approvalWorld) open() {
	w.Helper()
	v, err := local.Open(w.dir, local.WithOperations(w.base, github.Operations()))
	w.must(err)
	w.vault = v
	w.Cleanup(func() { _ = v.Close() })
}

func (w *approvalWorld) agent() *vault.Agent {
	w.Helper()
	a, err := vault.NewAgent(w.key, vault.WithBackend(w.vault), vault.WithMode(vault.Auto))
	w.must(err)
	w.Cleanup(func() { _ = a.Close(w.Context()) })
	return a
}

func (w *approvalWorld) createIssue(title string) error {
	w.Helper()
	base, err := url.Parse(w.base)
	w.must(err)
	gh := github.New(w.agent().HTTPClient(), api.WithBaseURL(base))
	_, err = gh.CreateIssue(w.Context(), "acme", "site", github.IssuesCreateRequest{Title: github.StringOrInt{String: &title}}, vault.Grant(w.grant))
	return err
}

func (w *approvalWorld) pending(err error) *vault.PendingApproval {
	w.Helper()
	p, ok := errors.AsType[*vault.PendingApproval](err)
	if !ok || !errors.Is(err, vault.ErrApprovalPending) {
		w.Fatalf("%v is no pending approval", err)
	}
	return p
}

// TestTypedApproval: a typed call that a person has to approve is an error that
// yields the typed value, once.
func TestTypedApproval(t *testing.T) {
	w := newApprovalWorld(t)
	err := w.createIssue("Call back")
	p := w.pending(err)
	if w.calls.Load() != 0 || p.ApprovalURL == "" || len(p.Gates) != 1 || p.ExpiresIn != 10*time.Minute {
		t.Errorf("%d calls, %+v", w.calls.Load(), p)
	}
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, _ = w.vault.Approve(t.Context(), p.ApprovalID, local.ApprovalDecision{})
	}()
	issue, err := api.Await[*github.Issue](t.Context(), err)
	w.must(err)
	if issue.Number != 7 || issue.Title != "Call back" || w.calls.Load() != 1 {
		t.Errorf("%+v, %d calls", issue, w.calls.Load())
	}
}

func TestTypedApprovalFailures(t *testing.T) {
	w := newApprovalWorld(t)
	t.Run("the provider's error is the typed one", func(t *testing.T) {
		err := w.createIssue("bad")
		_, decided := w.vault.Approve(t.Context(), w.pending(err).ApprovalID, local.ApprovalDecision{})
		w.must(decided)
		_, err = api.Await[*github.Issue](t.Context(), err)
		if gh, ok := errors.AsType[*github.Error](err); !ok || len(gh.Errors) != 1 || !errors.Is(err, api.ErrUnprocessable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("denied", func(t *testing.T) {
		err := w.createIssue("x")
		_, decided := w.vault.Deny(t.Context(), w.pending(err).ApprovalID, local.ApprovalDecision{Reason: "not today"})
		w.must(decided)
		if _, err = api.Await[*github.Issue](t.Context(), err); !errors.Is(err, vault.ErrApprovalDenied) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the wrong type", func(t *testing.T) {
		err := w.createIssue("x")
		if _, err = api.Await[*github.Repository](t.Context(), err); err == nil || errors.Is(err, vault.ErrApprovalPending) {
			t.Errorf("%v", err)
		}
	})
	t.Run("any other error comes back", func(t *testing.T) {
		if _, err := api.Await[int](t.Context(), io.EOF); !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
		if _, err := api.Await[int](t.Context(), nil); err != nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("nobody decides", func(t *testing.T) {
		p := w.pending(w.createIssue("x"))
		if _, err := p.Wait(t.Context(), vault.PollTimeout(50*time.Millisecond)); !errors.Is(err, vault.ErrApprovalTimeout) {
			t.Errorf("%v", err)
		}
	})
}

// TestApprovalOverRestart: program and vault stop while a call waits; both find
// it again, and it is made once.
func TestApprovalOverRestart(t *testing.T) {
	w := newApprovalWorld(t)
	id := w.pending(w.createIssue("Call back")).ApprovalID
	w.must(w.vault.Close())
	w.open()
	approval, err := w.agent().Approval(id)
	w.must(err)
	s, err := approval.Status(t.Context(), 0)
	w.must(err)
	if s.State != vault.ApprovalPending || s.Final() || s.HasResult {
		t.Errorf("%+v", s)
	}
	_, err = w.vault.Approve(t.Context(), id, local.ApprovalDecision{})
	w.must(err)
	w.must(w.vault.Close())
	w.open()
	approval, err = w.agent().Approval(id)
	w.must(err)
	result, err := approval.Wait(t.Context())
	w.must(err)
	var issue github.Issue
	w.must(result.Decode(&issue))
	if result.StatusCode != 201 || issue.Number != 7 || w.calls.Load() != 1 || result.ApprovalID != id {
		t.Errorf("%+v, %d calls", result, w.calls.Load())
	}
}
