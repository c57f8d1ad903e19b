package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	commands "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// acmeDocument is an API that no one has heard of. %s is its address.
const acmeDocument = `
openapi: 3.0.3
info: {title: Acme, version: "7"}
servers: [{url: "%s/v2"}]
paths:
  /rockets/{id}/launch:
    post:
      operationId: rockets.launch
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [pad], properties: {pad: {type: string}, crew: {type: integer}}}}}
      responses: {"202": {description: x}}
  /rockets/{id}:
    get:
      operationId: rockets.get
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: x, content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}
`

// built are the two commands as anybody has them.
type built struct {
	t                    *testing.T
	grantgen, grantvault string
}

func buildCommands(t *testing.T) built {
	t.Helper()
	if testing.Short() {
		t.Skip("builds two commands")
	}
	b := built{t, filepath.Join(t.TempDir(), "grantgen"), filepath.Join(t.TempDir(), "grantvault")}
	if runtime.GOOS == "windows" {
		b.grantgen, b.grantvault = b.grantgen+".exe", b.grantvault+".exe"
	}
	b.run("", "go", "build", "-o", b.grantgen, "github.com/grantwire/grantwire/generator/cmd/grantgen")
	b.run("", "go", "build", "-o", b.grantvault, "github.com/grantwire/grantwire/runtime/cmd/grantvault")
	return b
}

// run runs a command and returns the KEY=value lines of its output.
func (b built) run(stdin, name string, args ...string) map[string]string {
	b.t.Helper()
	cmd := commands.CommandContext(b.t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("%s %v: %v\n%s", filepath.Base(name), args, err, errs.String())
	}
	return keyValues(strings.NewReader(string(out)), "")
}

// keyValues reads lines of the form KEY=value up to the given one, or the end.
func keyValues(r io.Reader, last string) map[string]string {
	m := map[string]string{}
	for lines := bufio.NewScanner(r); lines.Scan() && (last == "" || lines.Text() != last); {
		if k, v, ok := strings.Cut(lines.Text(), "="); ok {
			m[k] = v
		}
	}
	return m
}

// daemon starts grantvault serve and returns its address.
func (b built) daemon(args ...string) (base string, process *os.Process) {
	b.t.Helper()
	cmd := commands.CommandContext(context.WithoutCancel(b.t.Context()), b.grantvault, append([]string{"serve", "--listen=127.0.0.1:0", "--socket=none"}, args...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			b.t.Errorf("grantvault serve: %v\n%s", err, errs.String())
		}
	})
	return keyValues(out, "ready")["ALTER_BASE_URL"], cmd.Process
}

// acme is a provider that takes every call.
func acme(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"r1"}`)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// acmeTable has grantgen make the table of a document outside the repository.
func (b built) acmeTable(address string) (file string) {
	b.t.Helper()
	dir := b.t.TempDir()
	spec := filepath.Join(dir, "acme.yaml")
	if err := os.WriteFile(spec, fmt.Appendf(nil, acmeDocument, address), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.run("", b.grantgen, "--spec", spec, "-o", filepath.Join(dir, "acme"), "--package", "acme", "--import-path", "example.com/acme")
	return filepath.Join(dir, "acme", operationFileName)
}

func TestDaemonOperations(t *testing.T) {
	b := buildCommands(t)
	t.Run("load", func(t *testing.T) { b.t = t; b.foreignTable() })
	t.Run("folder", func(t *testing.T) { b.t = t; b.tableFolder() })
}

// foreignTable: a table that grantgen makes of a document that is not in this
// repository, loaded into a daemon that runs, names that provider's calls, whoever
// makes them, and a rule by such a name decides them.
func (b built) foreignTable() {
	t := b.t
	address := acme(t)
	file := b.acmeTable(address)
	dir := filepath.Join(t.TempDir(), "vault")
	at := "--dir=" + dir
	b.run("", b.grantvault, "init", at)
	b.run("", b.grantvault, "app", "create", "rocketeers", at)
	key := b.run("", b.grantvault, "agent", "create", "pilot", at)["ALTER_AGENT_KEY"]
	id := b.run("", b.grantvault, "agent", "create", "other", at)["ALTER_AGENT_ID"]
	if key == "" || id == "" {
		t.Fatal("no agent")
	}
	base, _ := b.daemon(at)
	agent, err := vault.NewAgent(key, vault.WithBaseURL(base))
	if err != nil {
		t.Fatal(err)
	}
	me, err := agent.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	grant := b.run("test-secret-acme", b.grantvault, "grant", "create", "acme", at, "--agent="+me.ID, "--host="+address, "--token-stdin")["GRANT_ID"]

	f := &fixture{t: t, clock: newClock()}
	raw := func() {
		t.Helper()
		r := f.proxy(wire.ProxyRequest{GrantID: grant, Method: "GET", URL: address + "/v2/rockets/r1"}, send{
			key: key, over: http.DefaultTransport, base: base, timestamp: wire.FormatTimestamp(time.Now()), context: `{"tool":"a","operation":"claimed.by.client"}`,
		})
		if r.status != http.StatusOK {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	last := func() AuditEntry {
		t.Helper()
		var e AuditEntry
		for row, err := range ReadAudit(t.Context(), dir, AuditFilter{Limit: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			e = row
		}
		return e
	}
	raw()
	if e := last(); e.Operation != "" || e.ClaimedOperation != "claimed.by.client" {
		t.Fatalf("before: operation %q, claimed %q", e.Operation, e.ClaimedOperation)
	}
	loaded := time.Now()
	b.run("", b.grantvault, "operations", "load", file, at)
	time.Sleep(storedLag)
	raw()
	if e := last(); e.Operation != "rockets.get" || e.PathTemplate != "/rockets/{id}" || e.ClaimedOperation != "claimed.by.client" {
		t.Fatalf("after %v: operation %q %q, claimed %q", time.Since(loaded), e.Operation, e.PathTemplate, e.ClaimedOperation)
	}

	rule := b.run(`{"match":{"operations":["rockets.launch"]},"params":[{"name":"crew","op":"gt","value":3}],"effect":"deny"}`, b.grantvault, "rule", "create", "small crews", "--kind=content_match", at)["RULE_ID"]
	launch := func(crew int) error {
		_, err := agent.ProxyRequest(t.Context(), http.MethodPost, address+"/v2/rockets/{id}/launch", vault.Grant(grant), vault.PathParam("id", "r1"),
			vault.JSON(map[string]any{"pad": "39A", "crew": crew}))
		return err
	}
	if err := launch(2); err != nil {
		t.Error(err)
	}
	if err := launch(4); !errors.Is(err, vault.ErrPolicyViolation) {
		t.Errorf("a crew of four: %v", err)
	}
	if e := last(); e.Operation != "rockets.launch" || e.RuleID != rule || e.Decision != DecisionDenied {
		t.Errorf("%+v", e)
	}
	b.run("", b.grantvault, "operations", "remove", "acme", at)
}

// tableFolder: a daemon reads its folder of tables again at SIGHUP, and by
// itself within a second or two.
func (b built) tableFolder() {
	t := b.t
	file := b.acmeTable(acme(t))
	dir, tables := filepath.Join(t.TempDir(), "vault"), t.TempDir()
	at := "--dir=" + dir
	b.run("", b.grantvault, "init", at)
	app := b.run("", b.grantvault, "app", "create", "rocketeers", at)["ALTER_APP_KEY"]
	base, process := b.daemon(at, "--operations="+tables)
	f := &fixture{t: t, clock: newClock()}
	providers := func() string {
		r := f.do(send{key: app, method: http.MethodGet, path: "/sdk/provider-specs", over: http.DefaultTransport, base: base, timestamp: wire.FormatTimestamp(time.Now())})
		return string(r.raw)
	}
	if got := providers(); strings.Contains(got, "acme") || !strings.Contains(got, `"github"`) {
		t.Fatal(got)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(tables, "deep", operationFileName)
	if err := errors.Join(os.Mkdir(filepath.Dir(into), 0o755), os.WriteFile(into, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.SIGHUP); err != nil && runtime.GOOS != "windows" { // which looks only at the clock
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(providers(), `"acme"`) })
	if err := os.Remove(into); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !strings.Contains(providers(), `"acme"`) })
}

// eventually waits five seconds at most.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for range 100 {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("it did not happen within five seconds")
}
