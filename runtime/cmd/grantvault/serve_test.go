package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
)

func unixTransport(path string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}
}

func me(t *testing.T, key string, opts ...vault.Option) string {
	t.Helper()
	agent, err := vault.NewAgent(key, opts...)
	if err != nil {
		t.Fatal(err)
	}
	info, err := agent.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return info.Name
}

func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	must(t, "", "init", "--dir", dir)
	must(t, "", "app", "create", "mailer", "--dir", dir)
	agent := must(t, "", "agent", "create", "builder", "--dir", dir)
	d := start(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	base, socket := d.values["ALTER_BASE_URL"], d.values["VAULT_SOCKET"]
	if !strings.HasPrefix(base, "http://127.0.0.1:") || socket != filepath.Join(dir, "vault.sock") {
		t.Fatalf("%v", d.values)
	}
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", info, err)
	}
	transport := unixTransport(socket)
	defer transport.CloseIdleConnections()
	for name, opt := range map[string]vault.Option{"tcp": vault.WithBaseURL(base), "unix": vault.WithBackend(transport)} {
		if got := me(t, agent["ALTER_AGENT_KEY"], opt); got != "builder" {
			t.Errorf("%s: %q", name, got)
		}
	}
	// The operator's commands work beside the daemon, at once.
	more := must(t, "", "agent", "create", "late", "--dir", dir)
	if got := me(t, more["ALTER_AGENT_KEY"], vault.WithBaseURL(base)); got != "late" {
		t.Errorf("late agent: %q", got)
	}
	if o := command(t, "", "serve", "--dir", dir, "--listen=none"); o.code != exitFailed || !strings.Contains(o.stderr, "another process") {
		t.Errorf("second daemon on the socket: %+v", o)
	}
	end := d.stop()
	if end.code != exitOK || anyKey.MatchString(end.stdout+end.stderr) {
		t.Errorf("end: %+v", end)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	again := start(t, "serve", "--dir", dir, "--listen=none")
	if again.values["ALTER_BASE_URL"] != "" {
		t.Errorf("%v", again.values)
	}
}

// TestStaleSocket: a socket that a killed daemon left behind is no obstacle.
// TestServeLimits: the flags reach the vault.
func TestServeLimits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	must(t, "", "init", "--dir", dir)
	must(t, "", "app", "create", "mailer", "--dir", dir)
	creds := must(t, "", "agent", "create", "builder", "--dir", dir)
	d := start(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--socket", "none", "--limit-key", "1", "--limit-address", "50", "--limit-app", "40", "--quota", "day=30")
	agent, err := vault.NewAgent(creds["ALTER_AGENT_KEY"], vault.WithBaseURL(d.values["ALTER_BASE_URL"]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	if budget, ok := agent.RateLimit(); !ok || budget.Limit != 1 || budget.Remaining != 0 {
		t.Errorf("%+v %v", budget, ok)
	}
	_, err = agent.Me(t.Context())
	if e, ok := errors.AsType[*vault.Error](err); !ok || !errors.Is(err, vault.ErrRateLimited) || e.RetryAfter == 0 || e.Details.RateScope != "api_key" {
		t.Errorf("%v", err)
	}
	if out := command(t, "", "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--socket", "none", "--quota", "week=1"); out.code == exitOK || !strings.Contains(out.stderr, "WithRateLimits") {
		t.Errorf("%+v", out)
	}
}

func TestStaleSocket(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	must(t, "", "init", "--dir", dir)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "vault.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	start(t, "serve", "--dir", dir, "--listen=none")
}
