package local

import (
	"context"
	"database/sql"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestConsoleSearch: filters narrow the trail, and pages go on where the last
// ended, each row once.
func TestConsoleSearch(t *testing.T) {
	f := newConsoleFixture(t)
	for range consoleRows + 5 {
		f.token(f.grant.ID, "https://api.github.com/user", send{})
		f.clock.add(time.Second)
	}
	f.token(f.grant.ID, "https://elsewhere.example/", send{})
	o := f.signedIn()
	row := regexp.MustCompile(`href="\./calls/([0-9a-f-]{36})"`)
	older := regexp.MustCompile(`<a href="\./([^"]+)">Older calls`)
	seen := map[string]bool{}
	for path, pages := "audit?grant="+f.grant.ID, 0; path != ""; pages++ {
		p := o.get(path)
		for _, m := range row.FindAllStringSubmatch(p.text, -1) {
			if seen[m[1]] {
				t.Errorf("row %s comes twice", m[1])
			}
			seen[m[1]] = true
		}
		path = ""
		if m := older.FindStringSubmatch(p.text); m != nil && pages < 5 {
			path = html.UnescapeString(m[1])
		}
	}
	if len(seen) != consoleRows+6 {
		t.Errorf("%d rows", len(seen))
	}
	for query, want := range map[string]int{
		"outcome=denied": 1, "agent=builder&outcome=denied": 1, "agent=nobody": 0, "agent=" + f.agent.ID + "&outcome=denied": 1, "provider=github&outcome=denied": 1, "run=none": 0,
		"until=2026-03-01T12:00": 0, "since=2026-03-02T00:00": 0, "since=2026-03-01T12:00&until=2026-03-01T12:01&outcome=denied": 1, "since=wrong": 0,
	} {
		if p := o.get("audit?" + query); len(row.FindAllString(p.text, -1)) != want {
			t.Errorf("%s: %d rows", query, len(row.FindAllString(p.text, -1)))
		}
	}
}

// TestConsoleDelegations: who handed a grant on to whom is a tree, and taking a
// path away takes what hangs on it.
func TestConsoleDelegations(t *testing.T) {
	f := newConsoleFixture(t)
	first, second := f.newAgent("first"), f.newAgent("second")
	f.must(f.DelegateGrant(t.Context(), f.grant.ID, first.ID, time.Time{}))
	f.must(f.DelegateGrant(t.Context(), f.grant.ID, second.ID, time.Time{}))
	f.must(f.store.write(t.Context(), func(ctx context.Context, q *statements) error {
		return f.insertDelegation(ctx, q, delegation{grantID: f.grant.ID, agentID: second.ID, parentAgent: first.ID, depth: 2, scopeConstraint: []string{"read"}})
	}))
	o := f.signedIn()
	p := o.get("grants/" + f.grant.ID)
	if !p.shows("the agent “builder”", "first", "second", "scopes: read") || strings.Count(p.text, `<ul class="tree">`) != 2 {
		t.Errorf("%s", p.text)
	}
	p = o.press(o.get("grants/"+f.grant.ID+"/delegations/"+first.ID+"/revoke"), "")
	if !p.shows("The delegation is gone", "It is delegated to nobody else.") {
		t.Errorf("%s", p.text)
	}
	if e := f.events(EventFilter{}); e[len(e)-1].ActorName != "ann (console)" {
		t.Errorf("%+v", e[len(e)-1])
	}
}

// TestConsolePlans: what the pages of runs, threads and traces read is found by
// its index, however long the trail is.
func TestConsolePlans(t *testing.T) {
	f := newConsoleFixture(t)
	for query, indexes := range map[string][]string{
		selectRuns:      {"SEARCH a USING INTEGER PRIMARY KEY", "audit_run"},
		selectRun:       {"audit_run", "audit_run"},
		selectRunAgents: {"audit_run"},
		"SELECT id FROM audit WHERE " + ofRun + "?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3":                 {"audit_run"},
		"SELECT id FROM audit WHERE " + ofThread + "?1 AND seq > ?2 ORDER BY seq LIMIT ?3":                   {"audit_thread"},
		"SELECT id FROM audit WHERE " + ofTrace + "?1 AND seq < ?2 AND seq >= ?3 ORDER BY seq DESC LIMIT 50": {"audit_trace"},
	} {
		args := []any{1, 2}
		if strings.Contains(query, "?3") {
			args = append(args, 3)
		}
		var plan []string
		f.must(f.store.read(t.Context(), func(ctx context.Context, q *statements) error {
			return q.each(ctx, "EXPLAIN QUERY PLAN "+query, args, func(rows *sql.Rows) error {
				var id, parent, unused int
				var step string
				err := rows.Scan(&id, &parent, &unused, &step)
				if strings.Contains(step, "audit") || strings.HasPrefix(step, "SEARCH") {
					plan = append(plan, step)
				}
				return err
			})
		}))
		if len(plan) != len(indexes) {
			t.Errorf("%s: %q, want %d steps", query, plan, len(indexes))
			continue
		}
		for i, index := range indexes {
			if !strings.Contains(plan[i], index) {
				t.Errorf("%s: %q, want %s", query, plan[i], index)
			}
		}
	}
}

// TestConsoleGroupGrant: the grant of a group is the group's, not its application's.
func TestConsoleGroupGrant(t *testing.T) {
	f := newConsoleFixture(t)
	app, err := f.CreateApp(t.Context(), AppSpec{Name: "Mailer"})
	f.must(err)
	_, err = f.SetProvider(t.Context(), ProviderSpec{
		ID: "corp", AuthorizeURL: "https://corp.example/a", TokenURL: "https://corp.example/t", UserURL: "https://corp.example/u", ClientID: "c",
		Hosts: []string{"https://corp.example"}, SignIn: true, GroupsField: "groups",
	})
	f.must(err)
	secret, err := f.CreateManagedSecret(t.Context(), ManagedSecretSpec{AppID: app.ID, Slug: "mail", Kind: SecretBearer, Hosts: []string{"https://api.example.com"}, Value: SecretValue{Values: []string{testToken}}})
	f.must(err)
	grant, err := f.GrantManagedSecret(t.Context(), ManagedGrantSpec{SecretID: secret.ID, GroupID: "g-ops"})
	f.must(err)
	o := f.signedIn()
	for _, path := range []string{"grants", "grants/" + grant.ID, "grants/" + grant.ID + "/revoke"} {
		if p := o.get(path); !p.shows("the group “g-ops” at corp, in “Mailer”") {
			t.Errorf("%s: %d %s", path, p.status, p.text)
		}
	}
}
