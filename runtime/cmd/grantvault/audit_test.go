package main

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// TestAuditListsChanges reads what the commands before it have done.
func TestAuditListsChanges(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init"}, {"app", "create", "mailer"}, {"agent", "create", "triage"}} {
		if o := command(t, "", append(args, "--dir", dir)...); o.code != exitOK {
			t.Fatalf("%v: %+v", args, o)
		}
	}
	o := command(t, "", "audit", "list", "--json", "--dir", dir)
	var actions []string
	for line := range strings.Lines(o.stdout) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil || row["kind"] != "event" || row["actor"] != "operator" || row["actor_name"] != "cli" {
			t.Errorf("%s %v", line, err)
		}
		actions = append(actions, row["action"].(string))
	}
	if got := strings.Join(actions, " "); got != "app.created key.created agent.created key.created" || anyKey.MatchString(o.stdout) {
		t.Errorf("%s: %s", got, o.stdout)
	}
	if o := command(t, "", "audit", "list", "--kind", "call", "--json", "--dir", dir); o.code != exitOK || o.stdout != "" {
		t.Errorf("%+v", o)
	}
	if o := command(t, "", "audit", "list", "--dir", dir); !strings.Contains(o.stdout, "operator cli  agent.created ") {
		t.Errorf("%+v", o)
	}
}

// inOrder checks that calls and events stand among each other by time.
func inOrder(t *testing.T, out string, calls int) {
	t.Helper()
	var last time.Time
	kinds := map[any]int{}
	for line := range strings.Lines(out) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339Nano, row["time"].(string))
		if err != nil || at.Before(last) {
			t.Errorf("%v after %v: %v", at, last, err)
		}
		last = at
		kinds[row["kind"]]++
	}
	if kinds["call"] != calls || kinds["event"] == 0 {
		t.Errorf("%v", kinds)
	}
}
