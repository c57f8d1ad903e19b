package local

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestUpgradeFromV1 opens a vault of the first schema: keys, grants, credentials
// and the trail must live on.
func TestUpgradeFromV1(t *testing.T) {
	f := newFixture(t)
	revoked := f.newGrant(GrantSpec{AgentID: f.agent.ID})
	f.must(f.RevokeGrant(t.Context(), revoked.ID))
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	f.must(f.Close())
	old := t.TempDir()
	downgrade(t, filepath.Join(f.dir, databaseName), filepath.Join(old, databaseName))
	key, err := os.ReadFile(filepath.Join(f.dir, keyFileName))
	f.must(err)
	f.must(os.WriteFile(filepath.Join(old, keyFileName), key, 0o600))

	f.dir = old
	f.Vault = f.open()
	if r := f.report(wire.AuditReport{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/user", ResponseStatus: 200}, send{}); r.str("state") != "completed" {
		t.Errorf("the open row of before: %d %s", r.status, r.raw)
	}
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != 200 || r.str("access_token") != testToken {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := f.token(revoked.ID, "https://api.github.com/user", send{}); r.status != 400 || r.str("error") != codeGrantRevoked {
		t.Errorf("%d %s", r.status, r.raw)
	}
	app, err := f.CreateApp(t.Context(), AppSpec{Name: "late"})
	f.must(err)
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{key: app.Key}); r.status != 200 {
		t.Errorf("the first app: %d %s", r.status, r.raw)
	}
	r := f.do(send{key: app.Key, method: "GET", path: wire.PathAgentKeys(f.agent.ID)})
	if keys, err := wire.ParseAgentKeys(r.raw); err != nil || len(keys) != 1 || keys[0].Name != "builder-1" {
		t.Errorf("%s: %v", r.raw, err)
	}
	if len(f.rows()) != 4 {
		t.Errorf("%d rows", len(f.rows()))
	}
}

// downgrade copies a vault into the first schema.
func downgrade(t *testing.T, from, to string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file://"+to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	const auditV1 = `seq, id, created_at, completed_at, agent_id, agent_name, caller, grant_id, provider, run_id, thread_id, parent_agent, tool, metadata, reason,
  operation, path_template, claimed, claimed_provider, call_id, attempt, method, host, path, mode, decision, code, outcome, status, vault_time, provider_time, traceparent, report`
	for _, query := range []string{
		schemaV1, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1", applicationID), "ATTACH '" + from + "' AS new",
		"INSERT INTO meta SELECT * FROM new.meta WHERE name IN ('index_key','index_data_key')",
		"INSERT INTO agents SELECT id, name, display_name, type, status, version, metadata, created_at, last_used_at FROM new.agents",
		"INSERT INTO agent_keys SELECT id, agent_id, lookup, data_key, signing_key, created_at, revoked_at FROM new.api_keys WHERE agent_id IS NOT NULL",
		`INSERT INTO grants SELECT g.id, g.agent_id, g.provider, g.account, g.label, g.hosts, g.scopes, g.proxy_only, c.generation, c.data_key, c.credential, g.created_at, g.expires_at, g.revoked_at
  FROM new.grants g JOIN new.connections c ON c.id = g.connection_id`,
		"INSERT INTO audit (" + auditV1 + ") SELECT " + auditV1 + " FROM new.audit",
	} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%.60s: %v", query, err)
		}
	}
}
