package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// outcome is a finished run of the command.
type outcome struct {
	code           int
	stdout, stderr string
}

func command(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return outcome{code, out.String(), errs.String()}
}

// must runs a command that has to succeed and returns its KEY=value lines.
func must(t *testing.T, stdin string, args ...string) map[string]string {
	t.Helper()
	o := command(t, stdin, args...)
	if o.code != exitOK {
		t.Fatalf("%v: exit %d: %s", args, o.code, o.stderr)
	}
	return values(o.stdout)
}

func values(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			out[key] = value
		}
	}
	return out
}

// daemon is a run of the command that serves.
type daemon struct {
	values map[string]string // its KEY=value lines
	stop   func() outcome

	mu     sync.Mutex
	stderr bytes.Buffer
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stderr.Write(p)
}

// start returns once the command has printed ready.
func start(t *testing.T, args ...string) *daemon {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	d := &daemon{values: map[string]string{}}
	done := make(chan int, 1)
	go func() {
		code := run(ctx, args, strings.NewReader(""), w, d)
		_ = w.Close()
		done <- code
	}()
	text := make(chan string, 1)
	ready := make(chan string, 1)
	go func() {
		var all strings.Builder
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			all.Write(buf[:n])
			if strings.HasSuffix(all.String(), "ready\n") {
				ready <- all.String()
			}
			if err != nil {
				text <- all.String()
				return
			}
		}
	}()
	var once sync.Once
	var end outcome
	d.stop = func() outcome {
		once.Do(func() {
			cancel()
			end.code, end.stdout = <-done, <-text
			d.mu.Lock()
			defer d.mu.Unlock()
			end.stderr = d.stderr.String()
		})
		return end
	}
	t.Cleanup(func() { d.stop() })
	select {
	case all := <-ready:
		d.values = values(all)
	case code := <-done:
		done <- code
		t.Fatalf("%v: exit %d: %s", args, code, d.stderr.String())
	}
	return d
}

var anyKey = regexp.MustCompile(`alter_(key|rk|ak|dk|pk)_[A-Za-z0-9_-]{20,}`)

func TestOperator(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	if o := command(t, "", "app", "list", "--dir", dir); o.code != exitFailed || !strings.Contains(o.stderr, "grantvault init") {
		t.Fatalf("without a vault: %+v", o)
	}
	if o := command(t, "", "init", "--dir", dir); o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	app := must(t, "", "app", "create", "mailer", "--dir", dir)
	agent := must(t, "", "agent", "create", "builder", "--display-name", "The builder", "--dir", dir)
	more := must(t, "", "key", "mint", agent["ALTER_AGENT_ID"], "--dir", dir)
	if app["ALTER_APP_KEY"] == "" || agent["ALTER_AGENT_KEY"] == "" || more["ALTER_AGENT_KEY"] == agent["ALTER_AGENT_KEY"] {
		t.Fatalf("keys: %v %v %v", app, agent, more)
	}
	grant := must(t, "test-secret-token\n", "grant", "create", "github", "--host", "https://api.github.com", "--token-stdin",
		"--agent", agent["ALTER_AGENT_ID"], "--account", "octo", "--dir", dir)
	users := must(t, "test-secret-token-2", "grant", "create", "github", "--host=https://api.github.com", "--token-stdin", "--user=alice", "--dir", dir)
	must(t, "", "grant", "delegate", users["GRANT_ID"], agent["ALTER_AGENT_ID"], "--ttl", "1h", "--dir", dir)
	must(t, "test-secret-client", "provider", "set", "github", "--authorize-url=https://github.com/login/oauth/authorize",
		"--token-url=https://github.com/login/oauth/access_token", "--client-id=x", "--secret-stdin", "--host=https://api.github.com", "--dir", dir)

	for _, c := range []struct{ what, want string }{
		{"app", app["ALTER_APP_ID"]}, {"agent", agent["ALTER_AGENT_ID"]}, {"grant", grant["GRANT_ID"]}, {"grant", users["GRANT_ID"]}, {"provider", "github"},
	} {
		o := command(t, "", c.what, "list", "--dir", dir)
		if o.code != exitOK || !strings.Contains(o.stdout, c.want) || anyKey.MatchString(o.stdout) || strings.Contains(o.stdout, "test-secret") {
			t.Errorf("%s list: %+v", c.what, o)
		}
	}
	for _, args := range [][]string{
		{"agent", "pause", agent["ALTER_AGENT_ID"]}, {"agent", "resume", agent["ALTER_AGENT_ID"]}, {"key", "revoke", more["ALTER_AGENT_KEY_ID"]},
		{"grant", "undelegate", users["GRANT_ID"], agent["ALTER_AGENT_ID"]}, {"grant", "revoke", grant["GRANT_ID"]}, {"grant", "delete", users["GRANT_ID"]},
		{"app", "mint", app["ALTER_APP_ID"]}, {"agent", "revoke", agent["ALTER_AGENT_ID"]}, {"provider", "remove", "github"}, {"audit", "list"},
	} {
		must(t, "", append(args, "--dir", dir)...)
	}
	info, err := os.Stat(filepath.Join(dir, "master.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("master key: %v %v", info, err)
	}
}

func TestWrongCommandLines(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	must(t, "", "init", "--dir", dir)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no command":        {nil, exitUsage, "expected one of"},
		"no folder":         {[]string{"app", "list"}, exitUsage, "--dir"},
		"all interfaces":    {[]string{"serve", "--dir", dir, "--listen", ":0"}, exitUsage, "not loopback"},
		"any address":       {[]string{"serve", "--dir", dir, "--listen", "0.0.0.0:0"}, exitUsage, "not loopback"},
		"a name":            {[]string{"serve", "--dir", dir, "--listen", "example.com:0"}, exitUsage, "not loopback"},
		"no port":           {[]string{"serve", "--dir", dir, "--listen", "127.0.0.1"}, exitUsage, "host:port"},
		"nothing to serve":  {[]string{"serve", "--dir", dir, "--listen=none", "--socket=none"}, exitUsage, "nothing to serve"},
		"dev on all":        {[]string{"dev", "--listen", "0.0.0.0:0"}, exitUsage, "not loopback"},
		"dev on a vault":    {[]string{"dev", "--dir", dir}, exitUsage, "must not hold one"},
		"socket is a file":  {[]string{"serve", "--dir", dir, "--listen=none", "--socket", filepath.Join(dir, "vault.db")}, exitFailed, "no socket"},
		"a key as argument": {[]string{"key", "revoke", "alter_key_x", "--dir", dir}, exitUsage, "ID of a key"},
		"no credential":     {[]string{"grant", "create", "github", "--host=https://x.example", "--token-stdin", "--dir", dir}, exitFailed, "standard input"},
		"two owners":        {[]string{"grant", "create", "github", "--host=https://x.example", "--token-stdin", "--agent=a", "--user=b", "--dir", dir}, exitUsage, "agent"},
		"unknown agent":     {[]string{"agent", "pause", "x", "--dir", dir}, exitFailed, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			if o := command(t, "", c.args...); o.code != c.code || !strings.Contains(o.stderr, c.want) {
				t.Errorf("%+v, want %d %q", o, c.code, c.want)
			}
		})
	}
	if o := command(t, "", "--help"); o.code != exitOK || !strings.Contains(o.stdout, "dev") {
		t.Errorf("help: %+v", o)
	}
}
