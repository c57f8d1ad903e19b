package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

const asCommand = "GRANTWIRE_TEST_AS_COMMAND"

// TestMain makes the test's own binary the command, for tests that kill it.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process is the command in a process of its own.
type process struct {
	*exec.Cmd
	out    *bufio.Reader
	values map[string]string
}

func spawn(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), values: map[string]string{}}
	p.Env = append(os.Environ(), asCommand+"=1")
	p.Stderr = os.Stderr
	pipe, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(pipe)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9: nothing of the process runs any more.
func (p *process) kill() { _, _ = p.Process.Kill(), p.Wait() }

// crashWorld is a stand-in GitHub, and a vault whose daemon and operator are
// processes that can be killed at any time.
type crashWorld struct {
	*testing.T
	dir, key, grant string
	daemon          *process
	provider        *httptest.Server
	db              *sql.DB

	mu      sync.Mutex
	calls   map[string]int // by the issue's title
	hold    chan struct{}  // the provider answers once it is closed
	entered chan struct{}
}

func newCrashWorld(t *testing.T) *crashWorld {
	w := &crashWorld{T: t, dir: filepath.Join(t.TempDir(), "v"), calls: map[string]int{}, entered: make(chan struct{}, 100)}
	w.provider = httptest.NewServer(http.HandlerFunc(w.createIssue))
	t.Cleanup(w.provider.Close)
	must(t, "", "init", "--dir", w.dir)
	agent := must(t, "", "agent", "create", "builder", "--dir", w.dir)
	grant := must(t, "test-secret-token\n", "grant", "create", "github", "--agent", agent["ALTER_AGENT_ID"], "--host", w.provider.URL, "--token-stdin", "--dir", w.dir)
	w.key, w.grant = agent["ALTER_AGENT_KEY"], grant["GRANT_ID"]
	must(t, `{"effect":"require_approval","approval":{}}`, "rule", "create", "ask first", "--kind", "require_approval", "--dir", w.dir)
	db, err := sql.Open("sqlite", "file://"+filepath.Join(w.dir, "vault.db")+"?_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	w.db = db
	t.Cleanup(func() { _ = db.Close() })
	w.serve()
	return w
}

func (w *crashWorld) createIssue(rw http.ResponseWriter, r *http.Request) {
	var in struct{ Title string }
	raw, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(raw, &in, json.MatchCaseInsensitiveNames(true))
	w.mu.Lock()
	w.calls[in.Title]++
	hold := w.hold
	w.mu.Unlock()
	w.entered <- struct{}{}
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(rw, `{"number":7,"title":"`+in.Title+`"}`)
}

func (w *crashWorld) count(title string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[title]
}

func (w *crashWorld) setHold(hold chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold = hold
}

func (w *crashWorld) serve() {
	w.Helper()
	w.daemon = spawn(w.T, "serve", "--dir", w.dir, "--listen", "127.0.0.1:0", "--socket", "none")
	var text strings.Builder
	for {
		line, err := w.daemon.out.ReadString('\n')
		if err != nil {
			w.Fatal(err)
		}
		if line == "ready\n" {
			break
		}
		text.WriteString(line)
	}
	w.daemon.values = values(text.String())
}

// program is a program that has just been started: it knows its key, no more.
func (w *crashWorld) program() *vault.Agent {
	w.Helper()
	a, err := vault.NewAgent(w.key, vault.WithBaseURL(w.daemon.values["ALTER_BASE_URL"]), vault.WithMode(vault.Proxy))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = a.Close(context.Background()) })
	return a
}

// ask makes the typed call that has to be approved, and returns what a program
// has to remember of it: its ID.
func (w *crashWorld) ask(title string) string {
	w.Helper()
	base, err := url.Parse(w.provider.URL)
	if err != nil {
		w.Fatal(err)
	}
	gh := github.New(w.program().HTTPClient(), api.WithBaseURL(base))
	_, err = gh.CreateIssue(w.Context(), "acme", "site", github.IssuesCreateRequest{Title: github.StringOrInt{String: &title}}, vault.Grant(w.grant))
	p, ok := errors.AsType[*vault.PendingApproval](err)
	if !ok {
		w.Fatalf("%v is no pending approval", err)
	}
	return p.ApprovalID
}

// result is what a program that was started anew gets for the ID.
func (w *crashWorld) result(id string) (*github.Issue, error) {
	w.Helper()
	a, err := w.program().Approval(id)
	if err != nil {
		w.Fatal(err)
	}
	res, err := a.Wait(w.Context(), vault.PollTimeout(20*time.Second), vault.PollInterval(50*time.Millisecond))
	if err != nil {
		return nil, err
	}
	var issue github.Issue
	return &issue, res.Decode(&issue)
}

func (w *crashWorld) executedOnce(id, title string) {
	w.Helper()
	issue, err := w.result(id)
	if err != nil || issue.Number != 7 || issue.Title != title {
		w.Fatalf("%+v %v", issue, err)
	}
	time.Sleep(2500 * time.Millisecond) // the daemon looks every two seconds for what is left
	if n := w.count(title); n != 1 {
		w.Errorf("the provider was called %d times", n)
	}
	if row := w.row(); row["outcome"] != "completed" || row["status"] != 201.0 || row["decision"] != "allowed" {
		w.Errorf("row %v", row)
	}
}

// row is the newest row of the trail.
func (w *crashWorld) row() (row map[string]any) {
	w.Helper()
	o := command(w.T, "", "audit", "list", "--json", "--kind", "call", "--dir", w.dir)
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &row); err != nil {
		w.Fatalf("%+v %v", o, err)
	}
	return row
}

func (w *crashWorld) state(id string) (state string) {
	err := w.db.QueryRowContext(w.Context(), "SELECT state FROM held_calls WHERE id = (SELECT call_id FROM gates WHERE id = ?)", id).Scan(&state)
	if err != nil && !strings.Contains(err.Error(), "locked") {
		w.Fatal(err)
	}
	return state
}

// stopBetween approves in a process of its own and kills it, and the daemon,
// after the approval is on disk and before the execution is: it holds the
// database's lock from the moment that the approval is there. It reports false
// when the process was faster.
func (w *crashWorld) stopBetween(id string) bool {
	w.Helper()
	approver := spawn(w.T, "approve", id, "--dir", w.dir)
	defer approver.kill()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		switch w.state(id) {
		case "approved":
			if _, err := w.db.ExecContext(w.Context(), "BEGIN IMMEDIATE"); err != nil {
				return false
			}
			caught := w.state(id) == "approved"
			if caught {
				approver.kill()
				w.daemon.kill()
			}
			if _, err := w.db.ExecContext(w.Context(), "ROLLBACK"); err != nil {
				w.Fatal(err)
			}
			return caught
		case "executing", "executed":
			return false
		}
	}
	w.Fatal("nothing was approved")
	return false
}

// TestKilledAfterApproval: the operator's command and the daemon are killed
// between approval and execution. The daemon that is started next makes the call,
// once, and a program that was started anew gets the typed value.
func TestKilledAfterApproval(t *testing.T) {
	w := newCrashWorld(t)
	for attempt := range 100 {
		title := "issue " + string(rune('A'+attempt%26)) + strings.Repeat("!", attempt/26)
		id := w.ask(title)
		if !w.stopBetween(id) {
			continue
		}
		if n := w.count(title); n != 0 {
			t.Fatalf("the provider was called %d times before the daemon came back", n)
		}
		w.serve()
		w.executedOnce(id, title)
		t.Logf("killed in between at attempt %d", attempt+1)
		return
	}
	t.Fatal("the moment between approval and execution was never met")
}

// TestKilledDuringExecution: whether the provider received the call is not known
// then, so it is not made again, and everybody is told.
func TestKilledDuringExecution(t *testing.T) {
	w := newCrashWorld(t)
	w.setHold(make(chan struct{}))
	id := w.ask("half done")
	approver := spawn(t, "approve", id, "--dir", w.dir)
	<-w.entered
	approver.kill()
	w.daemon.kill()
	w.setHold(nil)
	w.serve()
	if s := w.status(id); s.State != vault.ApprovalExecuting {
		t.Errorf("while the call could still be under way: %+v", s)
	}
	// The time that a call may take goes by.
	if _, err := w.db.ExecContext(t.Context(), "UPDATE held_calls SET lease_until = 1"); err != nil {
		t.Fatal(err)
	}
	issue, err := w.result(id)
	if !errors.Is(err, vault.ErrApprovalFailed) || !strings.Contains(err.Error(), "not known") {
		t.Errorf("%+v %v", issue, err)
	}
	time.Sleep(2500 * time.Millisecond)
	if n := w.count("half done"); n != 1 {
		t.Errorf("the provider was called %d times", n)
	}
	if row := w.row(); row["outcome"] != "failed" || row["reason_code"] != "approval_execution_failed" {
		t.Errorf("row %v", row)
	}
}

func (w *crashWorld) status(id string) *vault.ApprovalStatus {
	w.Helper()
	a, err := w.program().Approval(id)
	if err != nil {
		w.Fatal(err)
	}
	s, err := a.Status(w.Context(), 0)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// TestKilledWhileWaiting: the daemon dies while a call waits; it is approved
// without one, and the next daemon has the answer.
func TestKilledWhileWaiting(t *testing.T) {
	w := newCrashWorld(t)
	id := w.ask("approved alone")
	w.daemon.kill()
	must(t, "", "approve", id, "--dir", w.dir)
	w.serve()
	w.executedOnce(id, "approved alone")
}

// TestDaemonKilledBesideExecution: the daemon dies while the operator's command
// makes the call; the command finishes it.
func TestDaemonKilledBesideExecution(t *testing.T) {
	w := newCrashWorld(t)
	hold := make(chan struct{})
	w.setHold(hold)
	id := w.ask("finished")
	approver := spawn(t, "approve", id, "--dir", w.dir)
	<-w.entered
	w.daemon.kill()
	close(hold)
	out, _ := io.ReadAll(approver.out)
	if err := approver.Wait(); err != nil || !strings.Contains(string(out), "executed") {
		t.Fatalf("%s %v", out, err)
	}
	w.serve()
	w.executedOnce(id, "finished")
}
