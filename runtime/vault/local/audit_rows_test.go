package local

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestAuditLine checks a row's JSON: the fields that the command promises, with
// their types.
func TestAuditLine(t *testing.T) {
	bothWays(t, func(t *testing.T, a *appFixture) {
		s := send{
			caller: a.agent.ID, callerType: "agent", context: `{"run_id":"run-1","thread_id":"th","tool":"t"}`,
			traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", method: "POST", path: wire.PathToken,
			body: wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/user?q=test-secret-query", Reason: new("because")}.Marshal(),
		}
		line := func() map[string]any {
			raw, err := stdjson.Marshal(a.lastRow())
			a.must(err)
			var m map[string]any
			a.must(stdjson.Unmarshal(raw, &m))
			if strings.Contains(string(raw), "test-secret") {
				t.Errorf("%s", raw)
			}
			return m
		}
		a.want(a.ask(s), 200, "")
		want := map[string]string{
			"agent_id": a.agent.ID, "grant_id": a.owned.ID, "provider": "github", "operation": "", "method": "GET", "url": "https://api.github.com/user",
			"run_id": "run-1", "thread_id": "th", "tool": "t", "reason": "because", "outcome": "intent", "traceparent": s.traceparent, "user_id": a.user.ID, "app_id": a.app.ID,
		}
		m := line()
		for name, text := range want {
			if got, ok := m[name].(string); !ok || got != text {
				t.Errorf("%s: %v, want %q", name, m[name], text)
			}
		}
		if status, ok := m["status"]; !ok || status != nil {
			t.Errorf("status before the report: %v", status)
		}
		s.path, s.body = wire.PathAudit, wire.AuditReport{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/user", ResponseStatus: 201}.Marshal()
		a.want(a.ask(s), 200, "")
		if m := line(); m["status"] != 201.0 || m["outcome"] != "completed" {
			t.Errorf("after the report: %v %v", m["status"], m["outcome"])
		}
		s.path, s.body = wire.PathToken, wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/late"}.Marshal()
		a.want(a.ask(s), 200, "")
		s.path, s.body = wire.PathAudit, wire.AuditReport{GrantID: a.owned.ID, Method: "GET", URL: "https://api.github.com/late"}.Marshal()
		a.want(a.ask(s), 200, "")
		if m := line(); m["status"] != 0.0 || m["outcome"] != "failed" {
			t.Errorf("a call without an answer: %v %v", m["status"], m["outcome"])
		}
		a.want(a.ask(send{method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: newID(), Method: "GET", URL: "https://api.github.com/"}.Marshal()}), 404, codeGrantNotFound)
		if m := line(); m["status"] != nil || m["outcome"] != "denied" || m["agent_id"] != "" {
			t.Errorf("a refused call: %v", m)
		}
		if n := len(a.rows()); n != 3 {
			t.Errorf("%d rows for three calls", n)
		}
	})
}

// TestRowsHoldNoControls plants what a terminal acts upon. Other text is kept as
// it was written.
func TestRowsHoldNoControls(t *testing.T) {
	const odd = "a\nb\rc\u009bd\u001be\u2028f"
	f := newFixture(t, InMemory())
	agent := f.newAgent("agent\u001bx")
	g := f.newGrant(GrantSpec{AgentID: agent.ID})
	context := wire.EncodeContext([]wire.Pair{{Key: "run_id", Value: odd}, {Key: "k\u009b", Value: odd}})
	f.token("", "", send{key: agent.Key, context: context, body: wire.TokenRequest{GrantID: g.ID, Method: "GET", URL: "https://api.github.com/\u009b", Reason: new(odd)}.Marshal()})
	e := f.lastRow()
	raw, err := json.Marshal(e)
	f.must(err)
	if bytes.ContainsAny(raw, "\n\r\u009b\u001b") || e.RunID != "a b c d e\u2028f" || e.Reason != e.RunID || e.AgentName != "agent x" {
		t.Errorf("%s", raw)
	}
}

// TestReportUnderAnotherCaller is what the official client does: the report of
// a call goes out with the constructor's caller, whatever the call's was.
func TestReportUnderAnotherCaller(t *testing.T) {
	a := newAppFixture(t, InMemory())
	const url = "https://api.github.com/user"
	for _, run := range []string{"r1", "r2"} {
		s := send{caller: a.agent.ID, context: `{"run_id":"` + run + `"}`, method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.owned.ID, Method: "GET", URL: url}.Marshal()}
		a.want(a.ask(s), 200, "")
	}
	for run, status := range map[string]int{"r1": 201, "r2": 202} {
		a.want(a.ask(send{context: `{"run_id":"` + run + `"}`, method: "POST", path: wire.PathAudit, body: wire.AuditReport{GrantID: a.owned.ID, Method: "GET", URL: url, ResponseStatus: status}.Marshal()}), 200, "")
	}
	rows := a.rows()
	if len(rows) != 2 || rows[0].Status != 201 || rows[1].Status != 202 || rows[0].AgentID != a.agent.ID {
		t.Errorf("%+v", rows)
	}
	// Neither another app nor the agent's own key completes them.
	a.want(a.ask(send{method: "POST", path: wire.PathToken, body: wire.TokenRequest{GrantID: a.grant.ID, Method: "GET", URL: url}.Marshal()}), 200, "")
	for _, key := range []string{a.foreign.Key, a.agent.Key} {
		a.ask(send{key: key, method: "POST", path: wire.PathAudit, body: wire.AuditReport{GrantID: a.grant.ID, Method: "GET", URL: url, ResponseStatus: 200}.Marshal()})
	}
	if e := a.rows()[2]; e.Outcome != OutcomeIntent {
		t.Errorf("completed by somebody else: %+v", e)
	}
}

// TestReadAudit reads the trail from a second handle, and from a second process,
// while the vault goes on writing.
func TestReadAudit(t *testing.T) {
	if dir := os.Getenv("GRANTWIRE_TEST_READ_AUDIT"); dir != "" {
		n := 0
		for _, err := range ReadAudit(t.Context(), dir, AuditFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		t.Logf("rows: %d", n)
		return
	}
	f := newFixture(t, WithMasterKey([]byte(strings.Repeat("k", masterKeySize))))
	const total = 2*auditChunk + 37
	f.fillTrail(total)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				f.token(f.grant.ID, "https://api.github.com/more", send{})
			}
		}
	})
	var calls []string
	for e, err := range ReadAudit(t.Context(), f.dir, AuditFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.CallID != "" {
			calls = append(calls, e.CallID)
		}
	}
	if len(calls) != total || !slices.IsSortedFunc(calls, func(x, y string) int { return atoi(x) - atoi(y) }) {
		t.Errorf("%d rows, want %d in order", len(calls), total)
	}
	cmd := osexec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReadAudit$", "-test.v")
	cmd.Env = append(os.Environ(), "GRANTWIRE_TEST_READ_AUDIT="+f.dir)
	out, err := cmd.CombinedOutput()
	close(stop)
	wg.Wait()
	if err != nil || !strings.Contains(string(out), "rows: 1") {
		t.Errorf("second process: %v\n%s", err, out)
	}
	for filter, want := range map[AuditFilter]int{{Limit: 3}: 3, {GrantID: "x"}: 0, {RunID: "even"}: (total + 1) / 2, {RunID: "even", Limit: auditChunk + 7}: auditChunk + 7} {
		n, last := 0, ""
		for e, err := range f.AuditRows(t.Context(), filter) {
			if err != nil {
				t.Fatal(err)
			}
			n, last = n+1, e.CallID
		}
		if n != want || filter.RunID != "" && last != strconv.Itoa(total-1) {
			t.Errorf("%+v: %d rows, want %d, last %q", filter, n, want, last)
		}
	}
	for range f.AuditRows(t.Context(), AuditFilter{}) {
		break // stopping early leaves nothing open
	}
	f.must(f.Close())
	for _, err := range f.AuditRows(t.Context(), AuditFilter{}) {
		if err == nil {
			t.Error("rows of a closed vault")
		}
	}
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// fillTrail writes rows whose call IDs count up.
func (f *fixture) fillTrail(n int) {
	f.t.Helper()
	f.must(f.store.write(f.t.Context(), func(ctx context.Context, q *statements) error {
		for i := range n {
			e := AuditEntry{ID: newID(), Time: testTime, AgentID: f.agent.ID, CallID: strconv.Itoa(i), RunID: map[bool]string{true: "even", false: "odd"}[i%2 == 0]}
			if err := e.insert(ctx, q, "", nil); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestReadAuditErrors(t *testing.T) {
	read := func(dir string) (err error) {
		for _, e := range ReadAudit(t.Context(), dir, AuditFilter{}) {
			err = e
		}
		return err
	}
	empty := t.TempDir()
	if err := read(empty); err == nil {
		t.Error("a folder without a vault was read")
	}
	if files, _ := os.ReadDir(empty); len(files) != 0 {
		t.Errorf("reading made %v", files)
	}
	junk := t.TempDir()
	if err := os.WriteFile(filepath.Join(junk, databaseName), []byte(strings.Repeat("x", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := read(junk); err == nil {
		t.Error("junk was read")
	}
	f := newFixture(t)
	f.must(f.Close())
	db := rawDB(t, f.Vault)
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	if err := read(f.dir); err == nil || !strings.Contains(err.Error(), "older release") {
		t.Errorf("an older schema: %v", err)
	}
	for _, err := range ReadAudit(t.Context(), f.dir, AuditFilter{Limit: -1}) {
		if err == nil {
			t.Error("a negative limit was taken")
		}
	}
}
