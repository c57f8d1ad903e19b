package local

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

var testOperations = []api.Operation{
	{ID: "users/get-authenticated", Method: "GET", Path: "/user"},
	{ID: "repos/get", Method: "GET", Path: "/repos/{owner}/{repo}"},
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func (f *fixture) sampleReport(status int) wire.AuditReport {
	secretBody := "test-secret-body"
	return wire.AuditReport{
		GrantID: f.grant.ID, ProviderID: "github", Method: "GET", URL: "https://api.github.com/user?access=test-secret-query",
		RequestHeaders: []wire.Pair{{Key: "X-Extra", Value: "test-secret-header"}}, RequestBody: []byte(`{"k":"test-secret-body"}`),
		ResponseStatus: status, ResponseHeaders: []wire.Pair{{Key: "x", Value: "test-secret-header"}}, ResponseBody: &secretBody, LatencyMS: 42,
	}
}

// TestAuditRow follows one call from the intent to the report and compares the
// whole row.
func TestAuditRow(t *testing.T) {
	f := newFixture(t, WithOperations("https://api.github.com", testOperations))
	reason := "sync\nrepos"
	s := send{
		caller: "billing-cron", callerType: "service", traceparent: traceparent,
		context: `{"agent":"a","parent_agent":"planner","run_id":"run-abc123","thread_id":"th-1","tool":"list_repos","team":"x",` +
			`"operation":"claimed/op","provider":"claimed","call_id":"c-1","attempt":"2"}`,
		body: wire.TokenRequest{GrantID: strings.ToUpper(f.grant.ID), Method: "GET", URL: "https://api.github.com/user?q=test-secret-query#f", Reason: &reason}.Marshal(),
	}
	r := f.token("", "", s)
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	want := AuditEntry{
		Time: testTime, AgentID: f.agent.ID, AgentName: "builder", Caller: "billing-cron", GrantID: f.grant.ID, Provider: "github",
		RunID: "run-abc123", ThreadID: "th-1", ParentAgent: "planner", Tool: "list_repos", Metadata: map[string]string{"agent": "a", "team": "x"},
		Reason: "sync repos", Traceparent: traceparent, TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331",
		Operation: "users/get-authenticated", PathTemplate: "/user", ClaimedOperation: "claimed/op", ClaimedProvider: "claimed", CallID: "c-1", Attempt: 2,
		Method: "GET", Host: "https://api.github.com", Path: "/user", Mode: ModeRetrieve, Decision: DecisionAllowed, Outcome: OutcomeIntent,
	}
	ignore := cmpopts.IgnoreFields(AuditEntry{}, "ID", "VaultTime")
	intent := f.lastRow()
	if diff := cmp.Diff(want, intent, ignore); diff != "" {
		t.Error(diff)
	}
	if intent.URL() != "https://api.github.com/user" {
		t.Error(intent.URL())
	}
	f.clock.add(time.Second)
	if r := f.report(f.sampleReport(404), s); r.status != 200 || r.str("state") != "completed" || r.str("audit_id") != intent.ID {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	want.Outcome, want.Status, want.ProviderTime, want.CompletedAt = OutcomeCompleted, 404, 42*time.Millisecond, testTime.Add(time.Second)
	if diff := cmp.Diff([]AuditEntry{want}, f.rows(), ignore); diff != "" {
		t.Error(diff)
	}
	s.body = nil
	if r := f.report(f.sampleReport(500), s); r.status != 200 || r.str("state") != "repeated" {
		t.Errorf("repeat: %d %s", r.status, r.raw)
	}
	if diff := cmp.Diff([]AuditEntry{want}, f.rows(), ignore); diff != "" {
		t.Errorf("a repeat changed the trail: %s", diff)
	}
}

func TestReportPicksItsRow(t *testing.T) {
	f := newFixture(t)
	const url = "https://api.github.com/user"
	call := func(id string, attempt int) send {
		return send{context: fmt.Sprintf(`{"call_id":%q,"attempt":"%d"}`, id, attempt)}
	}
	for _, s := range []send{call("a", 1), call("a", 2), call("b", 1), {}} {
		f.token(f.grant.ID, url, s)
	}
	f.report(f.sampleReport(201), call("a", 1))
	f.report(f.sampleReport(202), call("a", 2))
	f.report(f.sampleReport(0), call("b", 1))
	f.report(f.sampleReport(204), send{}) // no call ID: the newest open row
	f.report(f.sampleReport(204), send{}) // the same again: nothing is open
	rows := f.rows()
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range []int{201, 202, 0, 204} {
		outcome := OutcomeCompleted
		if want == 0 {
			outcome = OutcomeFailed
		}
		if rows[i].Status != want || rows[i].Outcome != outcome {
			t.Errorf("row %d: status %d outcome %s, want %d %s", i, rows[i].Status, rows[i].Outcome, want, outcome)
		}
	}
	// A different report about the same call has nothing to complete any more.
	if r := f.report(f.sampleReport(500), send{}); r.str("state") != "unmatched" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if last := f.lastRow(); last.Decision != DecisionUnmatched || last.Status != 500 || last.ReasonCode != "no_intent" || last.GrantID != f.grant.ID {
		t.Errorf("row %+v", last)
	}
}

func TestReportBelongsToItsAgent(t *testing.T) {
	f := newFixture(t)
	f.token(f.grant.ID, "https://api.github.com/user", send{})
	other := f.newAgent("other")
	if r := f.report(f.sampleReport(200), send{key: other.Key}); r.status != 404 || r.str("error") != codeGrantNotFound {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if row := f.lastRow(); len(f.rows()) != 1 || row.Outcome != OutcomeIntent {
		t.Errorf("another agent's report touched the row: %+v", row)
	}
	f.must(f.PauseAgent(t.Context(), f.agent.ID))
	f.must(f.RevokeGrant(t.Context(), f.grant.ID))
	if r := f.report(f.sampleReport(200), send{}); r.str("state") != "completed" {
		t.Errorf("report of a call under way when the agent was paused: %d %s", r.status, r.raw)
	}
}

func TestDroppedContext(t *testing.T) {
	f := newFixture(t)
	for _, context := range []string{`not json`, `{"run_id":5}`, `{"run_id":"` + strings.Repeat("x", 513) + `"}`} {
		if r := f.token(f.grant.ID, "https://api.github.com/user", send{context: context}); r.status != 200 {
			t.Errorf("%.20s: %d %s", context, r.status, r.raw)
		}
		if row := f.lastRow(); row.RunID != "" || row.Metadata != nil {
			t.Errorf("%.20s: row %+v", context, row)
		}
	}
	f.token(f.grant.ID, "https://api.github.com/user", send{traceparent: "00-zz-1-01"})
	if row := f.lastRow(); row.Traceparent != "" {
		t.Errorf("bad traceparent kept: %q", row.Traceparent)
	}
}

func TestAuditFilter(t *testing.T) {
	f := newFixture(t)
	other := f.newAgent("other")
	g := f.newGrant(GrantSpec{AgentID: other.ID})
	for i := range 3 {
		f.token(f.grant.ID, "https://api.github.com/user", send{context: fmt.Sprintf(`{"run_id":"r%d"}`, i)})
		f.clock.add(time.Second)
	}
	f.token(g.ID, "https://api.github.com/user", send{key: other.Key, context: `{"run_id":"r1"}`})
	tests := map[string]struct {
		filter AuditFilter
		runs   string
	}{
		"all":     {AuditFilter{}, "r0 r1 r2 r1"},
		"run":     {AuditFilter{RunID: "r1"}, "r1 r1"},
		"agent":   {AuditFilter{AgentID: other.ID}, "r1"},
		"grant":   {AuditFilter{GrantID: f.grant.ID}, "r0 r1 r2"},
		"since":   {AuditFilter{Since: testTime.Add(2 * time.Second)}, "r2 r1"},
		"limit":   {AuditFilter{Limit: 2}, "r2 r1"},
		"nothing": {AuditFilter{RunID: "x"}, ""},
	}
	for name, tt := range tests {
		rows, err := f.Audit(t.Context(), tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var runs []string
		for _, r := range rows {
			runs = append(runs, r.RunID)
		}
		if got := strings.Join(runs, " "); got != tt.runs {
			t.Errorf("%s: %q, want %q", name, got, tt.runs)
		}
	}
	if _, err := f.Audit(t.Context(), AuditFilter{Limit: -1}); err == nil {
		t.Error("a negative limit was taken")
	}
}

// TestVaultTime: the time of the commit itself is added once it is known.
func TestVaultTime(t *testing.T) {
	f := newFixture(t)
	f.token(f.grant.ID, "https://api.github.com/user", send{})
	before := time.Duration(count(t, f.Vault, "SELECT vault_time FROM audit"))
	if after := f.lastRow().VaultTime; before <= 0 || after <= before {
		t.Errorf("vault time %v before the commit, %v in all", before, after)
	}
}
