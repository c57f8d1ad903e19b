package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRun runs the demo and reads its output: the times differ, the rest is
// fixed.
func TestRun(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "")
	var out bytes.Buffer
	if err := run(t.Context(), log.New(&out, "", 0), false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^repository harbor/pilot-boat$`,
		`(?m)^issue +https://github\.example/harbor/lighthouse/issues/7$`,
		`(?m)^message +1932000000\.000100$`,
		`(?m)^refused +blocked_destination$`,
		`(?m)^RUN +AGENT +OPERATION +GRANT +STATUS +VAULT +PROVIDER$`,
		`(?m)^(run-abc123 +keeper +repos/list-for-authenticated-user +github [0-9a-f]{8} +200 +[0-9.]+ ms +[<0-9.]+ ms\n){3}run-abc123 +keeper +issues/create`,
		`(?m)^run-abc123 +keeper +issues/create +github [0-9a-f]{8} +201 +[0-9.]+ ms +[<0-9.]+ ms$`,
		`(?m)^run-abc123 +keeper +chat_postMessage +slack [0-9a-f]{8} +200 +[0-9.]+ ms +[<0-9.]+ ms$`,
		`(?m)^run-abc123 +keeper +chat_postMessage +github [0-9a-f]{8} +denied: blocked_destination +[0-9.]+ ms +-$`,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("no %s in the output", want)
		}
	}
	if rows := strings.Count(out.String(), "\nrun-abc123"); rows != 6 {
		t.Errorf("%d rows in the trail, not 6", rows)
	}
	if strings.Contains(out.String(), "test-secret") {
		t.Error("the output holds a credential")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// TestConsole opens the link that the demo prints.
func TestConsole(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, log.New(in, "", 0), true)
		_ = in.Close() // so that nobody waits for a link that does not come
		done <- err
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		link, ok := strings.CutPrefix(lines.Text(), "console     ")
		if !ok {
			continue
		}
		resp, err := http.Get(link)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%v %v", resp, err)
		}
		stop()
		break
	}
	if err := <-done; err != nil || ctx.Err() == nil {
		t.Errorf("%v, the link was printed: %t", err, ctx.Err() != nil)
	}
}

// TestRealGitHub: with a token the grant is for the real host, and the demo
// only reads there. Nothing is called.
func TestRealGitHub(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "test-secret-real")
	w, err := newWorld(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if w.github.String() != "https://api.github.com" || w.writes {
		t.Errorf("GitHub is %s, writes %t", w.github, w.writes)
	}
	grants, err := w.vault.Grants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, g := range grants {
		hosts = append(hosts, g.Hosts...)
	}
	if !slices.Contains(hosts, "https://api.github.com") {
		t.Errorf("hosts of the grants are %q", hosts)
	}
}
