package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	must(t, "", "init", "--dir", dir)
	app := must(t, "", "app", "create", "shop", "--dir", dir)
	agent := must(t, "", "agent", "create", "clerk", "--dir", dir)
	all := ""
	try := func(stdin string, args ...string) outcome {
		o := command(t, stdin, append(args, "--dir", dir)...)
		all += o.stdout + o.stderr
		return o
	}
	want := func(o outcome, code int, text string) {
		t.Helper()
		if o.code != code || !strings.Contains(o.stdout+o.stderr, text) {
			t.Errorf("%+v, want %d %q", o, code, text)
		}
	}
	want(try("test-secret-stripe\n", "secret", "add", "stripe", "--kind=bearer", "--host=https://api.stripe.com"), exitOK, "SECRET_ID=")
	file := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(file, []byte("test-secret-key\r\ntest-secret-token\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(try("", "secret", "add", "trello", "--kind=query", "--in=key", "--in=token", "--host=https://api.trello.com", "--value-file", file), exitOK, "SECRET_ID=")
	want(try("", "secret", "add", "own", "--kind=header", "--in=X-Key", "--host=https://h.example", "--no-value"), exitOK, "SECRET_ID=")
	want(try("test-secret-id\ntest-secret-sk\n", "secret", "add", "aws", "--kind=aws_sigv4", "--host=https://sqs.eu-west-1.amazonaws.com"), exitOK, "SECRET_ID=")
	want(try("", "secret", "add", "x", "--kind=bearer", "--host=https://h.example", "--no-value", "--value-file", file), exitUsage, "can't be used together")
	for _, wrong := range []struct {
		text  string
		stdin string
		args  []string
	}{
		{"holds 2 lines", "test-secret-a\ntest-secret-b\n", []string{"add", "x", "--kind=bearer", "--host=https://h.example"}},
		{"holds no value", "", []string{"add", "x", "--kind=bearer", "--host=https://h.example"}},
		{"2 entries in Values", "test-secret-a\n", []string{"rotate", "trello"}},
		{"is taken by another secret", "test-secret-a\n", []string{"add", "stripe", "--kind=bearer", "--host=https://h.example"}},
		{"1 to 50 characters", "test-secret-a\n", []string{"add", "Stripe", "--kind=bearer", "--host=https://h.example"}},
		{"needs 1 to 5 names", "test-secret-a\n", []string{"add", "x", "--kind=header", "--host=https://h.example"}},
		{"no managed secret", "test-secret-a\n", []string{"rotate", "nothing"}},
		{"no such value of the secret", "test-secret-a\n", []string{"rotate", "own"}},
		{"no such value of the secret by its operator", "", []string{"grant", "own", "--agent", agent["ALTER_AGENT_ID"]}},
	} {
		want(try(wrong.stdin, append([]string{"secret"}, wrong.args...)...), exitFailed, wrong.text)
	}
	want(try("", "secret", "grant", "stripe", "--agent", agent["ALTER_AGENT_ID"], "--label=tills"), exitOK, "GRANT_ID=")
	want(try("", "secret", "grant", "stripe", "--user=ada"), exitOK, "GRANT_ID=")
	want(try("", "grant", "list"), exitOK, "stripe")
	want(try("test-secret-second\n", "secret", "key", "stripe", "--label=backup"), exitOK, "CREDENTIAL_ID=")
	want(try("test-secret-new\n", "secret", "rotate", "stripe"), exitFailed, "has several values")
	want(try("", "secret", "grant", "stripe", "--ttl=1h"), exitFailed, "has several values")
	want(try("", "secret", "list"), exitOK, "backup=")
	want(try("", "secret", "list"), exitOK, app["ALTER_APP_ID"])
	want(try("", "secret", "remove", "stripe"), exitOK, "")
	if o := try("", "secret", "list"); strings.Contains(o.stdout, "stripe") || !strings.Contains(o.stdout, "trello") {
		t.Error(o.stdout)
	}
	if strings.Contains(all, "test-secret") {
		t.Errorf("a value was printed:\n%s", all)
	}
}
