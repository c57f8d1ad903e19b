package local

// schemaV1 is the main job: agents, their keys, grants, the audit trail.
const schemaV1 = `
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE agents (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  display_name TEXT,
  type         TEXT NOT NULL CHECK (type IN ('agent','service')),
  status       TEXT NOT NULL CHECK (status IN ('active','inactive','revoked')),
  version      INTEGER NOT NULL,
  metadata     TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX agents_name ON agents (name) WHERE status <> 'revoked';

CREATE TABLE agent_keys (
  id          TEXT PRIMARY KEY,
  agent_id    TEXT NOT NULL REFERENCES agents (id),
  lookup      BLOB NOT NULL UNIQUE,
  data_key    BLOB NOT NULL,
  signing_key BLOB NOT NULL,
  created_at  INTEGER NOT NULL,
  revoked_at  INTEGER
) STRICT;
CREATE INDEX agent_keys_agent ON agent_keys (agent_id);

CREATE TABLE grants (
  id         TEXT PRIMARY KEY,
  agent_id   TEXT REFERENCES agents (id),
  provider   TEXT NOT NULL,
  account    TEXT NOT NULL,
  label      TEXT NOT NULL,
  hosts      TEXT NOT NULL,
  scopes     TEXT NOT NULL,
  proxy_only INTEGER NOT NULL,
  generation TEXT NOT NULL,
  data_key   BLOB,
  credential BLOB,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;
CREATE INDEX grants_agent ON grants (agent_id);

CREATE TABLE delegations (
  grant_id   TEXT NOT NULL REFERENCES grants (id),
  agent_id   TEXT NOT NULL REFERENCES agents (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (grant_id, agent_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE nonces (
  key_id     TEXT NOT NULL,
  nonce      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (key_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_expiry ON nonces (expires_at);

CREATE TABLE audit (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  created_at    INTEGER NOT NULL,
  completed_at  INTEGER,
  agent_id      TEXT NOT NULL,
  agent_name    TEXT NOT NULL,
  caller        TEXT NOT NULL,
  grant_id      TEXT NOT NULL,
  provider      TEXT NOT NULL,
  run_id        TEXT NOT NULL,
  thread_id     TEXT NOT NULL,
  parent_agent  TEXT NOT NULL,
  tool          TEXT NOT NULL,
  metadata      TEXT NOT NULL,
  reason        TEXT NOT NULL,
  operation     TEXT NOT NULL,
  path_template TEXT NOT NULL,
  claimed       TEXT NOT NULL,
  claimed_provider TEXT NOT NULL,
  call_id       TEXT NOT NULL,
  attempt       INTEGER NOT NULL,
  method        TEXT NOT NULL,
  host          TEXT NOT NULL,
  path          TEXT NOT NULL,
  mode          TEXT NOT NULL,
  decision      TEXT NOT NULL,
  code          TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  status        INTEGER NOT NULL,
  vault_time    INTEGER NOT NULL,
  provider_time INTEGER NOT NULL,
  traceparent   TEXT NOT NULL,
  report        BLOB
) STRICT;
CREATE INDEX audit_run ON audit (run_id) WHERE run_id <> '';
CREATE INDEX audit_grant ON audit (grant_id);
CREATE INDEX audit_agent ON audit (agent_id);
CREATE INDEX audit_call ON audit (call_id) WHERE call_id <> '';
CREATE INDEX audit_open ON audit (agent_id, grant_id, path) WHERE outcome = 'intent';
CREATE INDEX audit_report ON audit (report) WHERE report IS NOT NULL;
CREATE INDEX audit_time ON audit (created_at);
`
