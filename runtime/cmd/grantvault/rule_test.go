package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	must(t, "", "init", "--dir", dir)
	made := must(t, `{"when":{"method":"DELETE"},"effect":"deny"}`, "rule", "create", "no deletions", "--kind=json_match", "--provider=github", "--dir", dir)
	list := func(want string) {
		t.Helper()
		if o := command(t, "", "rule", "list", "--dir", dir); o.code != exitOK || !strings.Contains(o.stdout, want) {
			t.Errorf("%+v, want %q", o, want)
		}
	}
	list("no deletions  json_match  provider github  on")
	must(t, "", "rule", "disable", made["RULE_ID"], "--dir", dir)
	list("provider github  off")
	must(t, "", "rule", "enable", made["RULE_ID"], "--dir", dir)
	list("provider github  on")
	must(t, "", "rule", "remove", made["RULE_ID"], "--dir", dir)
	for want, args := range map[string][]string{
		"is of no rule":                         {"rule", "remove", made["RULE_ID"]},
		"has no condition":                      {"rule", "create", "x", "--kind=json_match"},
		"must be the ID of an existing grant":   {"rule", "create", "x", "--kind=time_window", "--grant=nothing"},
		"has a body that is no JSON object":     {"rule", "create", "x", "--kind=ip_allowlist"},
		"must be 1 to 120 characters":           {"rule", "create", "", "--kind=time_window"},
		`--kind must be one of "json_match"`:    {"rule", "create", "x", "--kind=rego"},
		"--agent and --grant can't be used tog": {"rule", "create", "x", "--kind=time_window", "--agent=a", "--grant=b"},
	} {
		input := ""
		for _, a := range args {
			if body, ok := map[string]string{"--kind=json_match": `{"when":{},"effect":"deny"}`, "--kind=time_window": `{"weekdays_only":true}`}[a]; ok {
				input = body
			}
		}
		o := command(t, input, append(args, "--dir", dir)...)
		if o.code == exitOK || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: %+v, want %q", args, o, want)
		}
	}
}
