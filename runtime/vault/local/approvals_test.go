package local

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// heldFixture is a vault whose grant asks for approval of everything but GETs, and
// a provider that counts what reaches it.
type heldFixture struct {
	*fixture
	base  string
	calls atomic.Int64
	mu    sync.Mutex
	last  string
	block chan struct{} // not nil: the provider waits for it
	rule  *Rule
}

func newHeldFixture(t *testing.T, settings rule.RequireApproval) *heldFixture {
	t.Helper()
	h := &heldFixture{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.last = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Content-Type") + " " + r.Header.Get("X-Own") + " " + string(body)
		h.mu.Unlock()
		h.calls.Add(1)
		if h.block != nil {
			<-h.block
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"made":true,"token":"`+r.Header.Get("Authorization")+`"}`)
	}))
	t.Cleanup(srv.Close)
	h.base = srv.URL
	h.fixture = newFixture(t, WithProviderTransport(http.DefaultTransport), WithPublicURL("http://127.0.0.1:8200"), WithOperations(srv.URL, []api.Operation{
		{ID: "items/create", Method: "POST", Path: "/lists/{list}/items", Access: api.Write},
	}))
	h.grant = h.newGrant(GrantSpec{AgentID: h.agent.ID, Hosts: []string{srv.URL}, Account: "octo"})
	settings.When = rule.When{Method: []string{"POST"}}
	h.rule = h.newRule(RuleSpec{Name: "ask first", Target: TargetGrant, TargetID: h.grant.ID, Rule: &settings})
	return h
}

func (h *heldFixture) create() wire.ProxyRequest {
	return wire.ProxyRequest{
		GrantID: h.grant.ID, Method: "POST", URL: h.base + "/lists/a%20b/items?dry=1", Query: []byte(`{"n":2}`),
		Headers: []wire.Pair{{Key: "X-Own", Value: "mine"}}, Body: []byte(`{"title":"Call back","count":12345678901234567890}`),
	}
}

func (h *heldFixture) ask(s send) wire.Pending {
	h.t.Helper()
	res := h.proxy(h.create(), s)
	if res.status != http.StatusAccepted {
		h.t.Fatalf("%d %s", res.status, res.raw)
	}
	p, err := wire.ParsePending(res.raw)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *heldFixture) status(id string) wire.ApprovalStatus {
	h.t.Helper()
	res := h.do(send{method: "GET", path: wire.PathApproval(id)})
	s, err := wire.ParseApprovalStatus(res.raw)
	if res.status != 200 || err != nil {
		h.t.Fatalf("%d %s %v", res.status, res.raw, err)
	}
	return s
}

func (h *heldFixture) result(id string) result {
	h.t.Helper()
	return h.do(send{method: "GET", path: wire.PathApprovalResult(id)})
}

// TestApproval: what was asked for is what is sent, once, after somebody said
// yes; the caller gets the answer and the row tells the story.
func TestApproval(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{ExpiresIn: 20 * time.Minute})
	p := h.ask(send{})
	if h.calls.Load() != 0 || len(p.Gates) != 1 || p.ExpiresIn != 1200 || !strings.HasPrefix(p.ApprovalURL, "http://127.0.0.1:8200/approvals/") {
		t.Errorf("%d calls, %+v", h.calls.Load(), p)
	}
	if row := h.lastRow(); row.Decision != DecisionPending || row.Outcome != OutcomePending || row.RuleID != h.rule.ID || row.RuleOutcome != "approve" || row.Operation != "items/create" {
		t.Errorf("row: %+v", row)
	}
	if s := h.status(p.ApprovalID); s.Status != wire.ApprovalPending || s.HasResult || s.GroupID != p.GroupID {
		t.Errorf("%+v", s)
	}
	if res := h.result(p.ApprovalID); res.status != 409 || res.str("error") != "approval_pending" {
		t.Errorf("a result before the decision: %d %s", res.status, res.raw)
	}

	a, err := h.Approve(t.Context(), p.ApprovalID, ApprovalDecision{By: "ann", Reason: "go on"})
	if err != nil || a.Status != wire.ApprovalExecuted || a.Gates[0].DecidedBy != "ann" {
		t.Fatalf("%+v %v", a, err)
	}
	if want := `POST /lists/a%20b/items?dry=1&n=2 application/json mine {"title":"Call back","count":12345678901234567890}`; h.last != want {
		t.Errorf("sent\n%s\nwant\n%s", h.last, want)
	}
	s := h.status(p.ApprovalID)
	if s.Status != wire.ApprovalExecuted || !s.HasResult || s.DecisionReason != "go on" || s.ExecutedAt.IsZero() || s.Gates[0].Status != wire.ApprovalApproved {
		t.Errorf("%+v", s)
	}
	got, err := wire.ParseProxyAnswer(h.result(p.ApprovalID).raw)
	if err != nil || got.StatusCode != 201 || got.ApprovalID != p.ApprovalID || !strings.Contains(string(got.Body), `"made":true`) || strings.Contains(string(got.Body), testToken) {
		t.Errorf("%+v %v", got, err)
	}
	rows := h.rows()
	if row := rows[len(rows)-1]; row.Decision != DecisionAllowed || row.Outcome != OutcomeCompleted || row.Status != 201 || row.ProviderTime <= 0 {
		t.Errorf("row: %+v", row)
	}
	if _, err := h.Approve(t.Context(), p.ApprovalID, ApprovalDecision{}); err == nil || h.calls.Load() != 1 {
		t.Errorf("a second approval: %v, %d calls", err, h.calls.Load())
	}
}

func TestApprovalRequestIsSealed(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	p := h.ask(send{})
	a, err := h.Approval(t.Context(), p.GroupID)
	if err != nil {
		t.Fatal(err)
	}
	want := []RequestField{
		{Place: "method", Value: "POST"}, {Place: "url", Value: h.base + "/lists/a%20b/items?dry=1"}, {Place: "path", Name: "list", Value: "a b"},
		{Place: "query", Name: "dry", Value: "1"}, {Place: "query", Name: "n", Value: "2"},
		{Place: "header", Name: "Content-Type", Value: "application/json"}, {Place: "header", Name: "X-Own", Value: "mine"},
		{Place: "body", Name: "count", Value: "12345678901234567890"}, {Place: "body", Name: "title", Value: "Call back"},
	}
	if diff := cmp.Diff(want, a.Fields); diff != "" || a.Operation != "items/create" || a.Account != "octo" || a.Provider != "github" || a.AgentName != "builder" {
		t.Errorf("%+v %s", a, diff)
	}
	if n := count(t, h.Vault, "SELECT count(*) FROM held_calls WHERE instr(request, 'Call back') > 0"); n != 0 {
		t.Error("the request is readable in the database")
	}
}

func TestApprovalDeniedAndExpired(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	p := h.ask(send{})
	if _, err := h.Deny(t.Context(), p.ApprovalID, ApprovalDecision{Reason: "not today"}); err != nil {
		t.Fatal(err)
	}
	if s := h.status(p.ApprovalID); s.Status != wire.ApprovalDenied || s.DecisionReason != "not today" {
		t.Errorf("%+v", s)
	}
	if res := h.result(p.ApprovalID); res.status != 409 || res.str("error") != codeApprovalDenied {
		t.Errorf("%d %s", res.status, res.raw)
	}
	if row := h.lastRow(); row.Decision != DecisionDenied || row.Outcome != OutcomeDenied || row.ReasonCode != codeApprovalDenied {
		t.Errorf("row: %+v", row)
	}
	p = h.ask(send{})
	h.clock.add(rule.DefaultApprovalExpiry)
	if s := h.status(p.ApprovalID); s.Status != wire.ApprovalExpired || s.Gates[0].Status != wire.ApprovalExpired {
		t.Errorf("%+v", s)
	}
	if _, err := h.Approve(t.Context(), p.ApprovalID, ApprovalDecision{}); err == nil {
		t.Error("approved after its time")
	}
	if res := h.result(p.ApprovalID); res.str("error") != codeApprovalExpired {
		t.Errorf("%d %s", res.status, res.raw)
	}
	if row := h.lastRow(); row.ReasonCode != codeApprovalExpired || h.calls.Load() != 0 {
		t.Errorf("row: %+v, %d calls", row, h.calls.Load())
	}
}

// TestApprovalGates: each rule that asks is a gate; all must be passed, one
// refusal is enough, and the client's own rule asks as well.
func TestApprovalGates(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	own := ownRule(t, &rule.RequireApproval{ExpiresIn: time.Minute})
	p := h.ask(send{rule: own})
	if len(p.Gates) != 2 || p.ExpiresIn != 60 {
		t.Fatalf("%+v", p)
	}
	if a, err := h.Approve(t.Context(), p.Gates[1].ApprovalID, ApprovalDecision{}); err != nil || a.Status != wire.ApprovalPending || h.calls.Load() != 0 {
		t.Fatalf("%+v %v", a, err)
	}
	if a, err := h.Approve(t.Context(), p.Gates[0].ApprovalID, ApprovalDecision{}); err != nil || a.Status != wire.ApprovalExecuted || h.calls.Load() != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	p = h.ask(send{rule: own})
	if a, err := h.Deny(t.Context(), p.Gates[1].ApprovalID, ApprovalDecision{}); err != nil || a.Status != wire.ApprovalDenied {
		t.Fatalf("%+v %v", a, err)
	}
	if _, err := h.Approve(t.Context(), p.Gates[0].ApprovalID, ApprovalDecision{}); err == nil || h.calls.Load() != 1 {
		t.Errorf("approved after a refusal: %v", err)
	}
}

// TestApprovalOnce: whoever approves at the same time, and whoever polls, the
// call is made once.
func TestApprovalOnce(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	p := h.ask(send{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { _, _ = h.Approve(t.Context(), p.ApprovalID, ApprovalDecision{}) })
		wg.Go(func() { h.status(p.ApprovalID) })
		wg.Go(func() { _ = h.sweep(t.Context()) })
	}
	wg.Wait()
	if s := h.status(p.ApprovalID); s.Status != wire.ApprovalExecuted || h.calls.Load() != 1 {
		t.Errorf("%+v, %d calls", s, h.calls.Load())
	}
}

// TestApprovalSurvives: a vault that stopped after the approval executes the
// call when it is opened again; one that stopped during the call does not repeat
// it.
func TestApprovalSurvives(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	approved, under := h.ask(send{}), h.ask(send{})
	for id, state := range map[string]string{approved.GroupID: "approved", under.GroupID: "executing"} {
		err := h.store.write(t.Context(), func(ctx context.Context, q *statements) error {
			if err := q.exec(ctx, "UPDATE gates SET state = 'approved' WHERE call_id = ?", id); err != nil {
				return err
			}
			return q.exec(ctx, "UPDATE held_calls SET state = ?, lease_until = ? WHERE id = ?", state, micros(h.clock.now().Add(time.Minute)), id)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h.Vault = h.open(WithProviderTransport(http.DefaultTransport))
	deadline := time.Now().Add(10 * time.Second)
	for h.calls.Load() == 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	res := h.do(send{method: "GET", path: wire.PathApproval(approved.ApprovalID), query: "wait=20"})
	if s, err := wire.ParseApprovalStatus(res.raw); err != nil || s.Status != wire.ApprovalExecuted || !s.HasResult {
		t.Errorf("%d %s %v", res.status, res.raw, err)
	}
	if s := h.status(under.ApprovalID); s.Status != wire.ApprovalExecuting {
		t.Errorf("while its lease lasts: %+v", s)
	}
	h.clock.add(2 * time.Minute)
	if s := h.status(under.ApprovalID); s.Status != wire.ApprovalFailed || s.ExecutionError != lostCall {
		t.Errorf("%+v", s)
	}
	if res := h.result(under.ApprovalID); res.str("error") != codeApprovalFailed || h.calls.Load() != 1 {
		t.Errorf("%d %s, %d calls", res.status, res.raw, h.calls.Load())
	}
}

// TestApprovalIsDecidedAgain: what has changed since the call was asked for
// counts when it is made.
func TestApprovalIsDecidedAgain(t *testing.T) {
	for name, change := range map[string]func(*heldFixture) error{
		"the grant was revoked": func(h *heldFixture) error { return h.RevokeGrant(t.Context(), h.grant.ID) },
		"the agent is paused":   func(h *heldFixture) error { return h.PauseAgent(t.Context(), h.agent.ID) },
		"the key was revoked":   func(h *heldFixture) error { return h.RevokeKey(t.Context(), h.agent.KeyID) },
		"a rule came": func(h *heldFixture) error {
			h.newRule(RuleSpec{Target: TargetVault, Rule: denyMethod("POST")})
			return nil
		},
		"another approval is needed": func(h *heldFixture) error {
			h.newRule(RuleSpec{Target: TargetVault, Rule: &rule.RequireApproval{}})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHeldFixture(t, rule.RequireApproval{})
			p := h.ask(send{})
			if err := change(h); err != nil {
				t.Fatal(err)
			}
			a, err := h.Approve(t.Context(), p.ApprovalID, ApprovalDecision{})
			if err != nil || a.Status != wire.ApprovalFailed || a.Fault == "" || h.calls.Load() != 0 {
				t.Errorf("%+v %v, %d calls", a, err, h.calls.Load())
			}
			if row := h.lastRow(); row.Outcome != OutcomeFailed || row.ReasonCode != codeApprovalFailed {
				t.Errorf("row: %+v", row)
			}
		})
	}
}

func TestApprovalLimits(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{MaxPending: 1, ResultRetention: time.Minute})
	p := h.ask(send{})
	if res := h.proxy(h.create(), send{}); res.status != 429 || res.str("error") != "too_many_pending_approvals" {
		t.Errorf("%d %s", res.status, res.raw)
	}
	if res := h.token(h.grant.ID, h.base+"/x", send{}); res.status != 400 || res.str("error") != "hitl_grant_requires_proxy" {
		t.Errorf("the token itself: %d %s", res.status, res.raw)
	}
	stranger := h.newAgent("stranger")
	for _, path := range []string{wire.PathApproval(p.ApprovalID), wire.PathApprovalResult(p.ApprovalID)} {
		if res := h.do(send{method: "GET", path: path, key: stranger.Key}); res.status != 404 {
			t.Errorf("another agent: %d %s", res.status, res.raw)
		}
	}
	for query, want := range map[string]int{"wait=0": 200, "wait=26": 422, "wait=x": 422, "wait=-1": 422} {
		if res := h.do(send{method: "GET", path: wire.PathApproval(p.ApprovalID), query: query}); res.status != want {
			t.Errorf("%s: %d %s", query, res.status, res.raw)
		}
	}
	if res := h.do(send{method: "GET", path: wire.PathApproval(p.ApprovalID), scopes: "grants:read"}); res.status != 403 {
		t.Errorf("without a scope: %d %s", res.status, res.raw)
	}
	if res := h.do(send{method: "GET", path: wire.PathApproval(p.ApprovalID), scopes: "proxy:execute"}); res.status != 200 {
		t.Errorf("with the other scope: %d %s", res.status, res.raw)
	}
	if _, err := h.Approve(t.Context(), p.GroupID, ApprovalDecision{}); err != nil {
		t.Fatal(err)
	}
	h.clock.add(2 * time.Minute)
	if s := h.status(p.ApprovalID); s.Status != wire.ApprovalExecuted || s.HasResult {
		t.Errorf("%+v", s)
	}
	if res := h.result(p.ApprovalID); res.status != 410 {
		t.Errorf("%d %s", res.status, res.raw)
	}
	if err := h.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, h.Vault, "SELECT count(*) FROM held_calls WHERE result IS NOT NULL"); n != 0 {
		t.Error("the result is kept for ever")
	}
}

// TestApprovalPage: the page shows the request as text, whatever is in it, and a
// form from elsewhere decides nothing.
func TestApprovalPage(t *testing.T) {
	h := newHeldFixture(t, rule.RequireApproval{})
	r := h.create()
	r.Body = []byte(`{"title":"<script>alert(1)</script>\u202egnp.exe\u0000","long":"` + strings.Repeat("z", 1<<20+5) + `"}`)
	res := h.proxy(r, send{})
	p, err := wire.ParsePending(res.raw)
	if err != nil {
		t.Fatalf("%d %s", res.status, res.raw)
	}
	path := strings.TrimPrefix(p.ApprovalURL, "http://127.0.0.1:8200")
	open := func(method, form, cookie string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8200"+path, strings.NewReader(form))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Cookie", cookie)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		return rec
	}
	first := open("GET", "", "")
	page := first.Body.String()
	for _, want := range []string{"items/create", "&lt;script&gt;alert(1)", `\u202egnp.exe\u0000`, "(5 more bytes)", "ask first", "builder", "github as octo", `value="approve"`, `value="deny"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(page, "<script>") || strings.Contains(page, "\u202e") || strings.Contains(page, testToken) || len(page) > 1<<20+64<<10 {
		t.Error("the page lets a value act, holds the credential, or is too long")
	}
	cookie, _, _ := strings.Cut(first.Header().Get("Set-Cookie"), ";")
	_, rest, _ := strings.Cut(page, `name="csrf" value="`)
	csrf, _, _ := strings.Cut(rest, `"`)
	approve := url.Values{"csrf": {csrf}, "action": {"approve"}, "reason": {"fine"}}.Encode()
	if rec := open("POST", approve, ""); rec.Code != 403 || h.calls.Load() != 0 {
		t.Errorf("another browser: %d", rec.Code)
	}
	if rec := open("POST", url.Values{"csrf": {"0"}, "action": {"approve"}}.Encode(), cookie); rec.Code != 403 || h.calls.Load() != 0 {
		t.Errorf("a forged form: %d", rec.Code)
	}
	if rec := open("POST", approve, cookie); rec.Code != 303 || h.calls.Load() != 1 {
		t.Errorf("approved: %d, %d calls", rec.Code, h.calls.Load())
	}
	if rec := open("GET", "", cookie); rec.Code != 200 || !strings.Contains(rec.Body.String(), "The call was approved") || strings.Contains(rec.Body.String(), "script") {
		t.Errorf("afterwards: %d %s", rec.Code, rec.Body)
	}
	if rec := open("POST", approve, cookie); rec.Code != 303 || h.calls.Load() != 1 {
		t.Errorf("approved twice: %d, %d calls", rec.Code, h.calls.Load())
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢\n\tx": "plain é 漢\n\tx", "a\u202eb\u200bc": `a\u202eb\u200bc`, "\x1b[31m\x00": `\u001b[31m\u0000`, "\xff": `\xff`, "\u2028": `\u2028`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
