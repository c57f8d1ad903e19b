package local

// schemaV2 is the agent runtime: apps, users, every kind of key, delegations
// with limits.
//
// A vault that has no app yet keeps agents and grants without one; the first
// app takes them over. Credentials move from grants to connections, because
// sibling grants share one. The first grant's ID is the connection's ID, which
// keeps credentials readable that were sealed for that grant.
const schemaV2 = `
CREATE TABLE apps (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE app_users (
  id           TEXT PRIMARY KEY,
  app_id       TEXT NOT NULL REFERENCES apps (id),
  subject      TEXT NOT NULL,
  email        TEXT NOT NULL DEFAULT '',
  display_name TEXT NOT NULL DEFAULT '',
  status       TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active','suspended')),
  created_at   INTEGER NOT NULL,
  UNIQUE (app_id, subject)
) STRICT;

ALTER TABLE agents ADD COLUMN app_id TEXT REFERENCES apps (id);
ALTER TABLE agents ADD COLUMN scopes TEXT;
ALTER TABLE agents ADD COLUMN scopes_pending TEXT;
ALTER TABLE agents ADD COLUMN scopes_applies_at INTEGER;
ALTER TABLE agents ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
DROP INDEX agents_name;
CREATE UNIQUE INDEX agents_name ON agents (coalesce(app_id, ''), name) WHERE status <> 'revoked';

CREATE TABLE api_keys (
  id            TEXT PRIMARY KEY,
  app_id        TEXT REFERENCES apps (id),
  agent_id      TEXT REFERENCES agents (id),
  kind          TEXT NOT NULL,
  name          TEXT NOT NULL,
  prefix        TEXT NOT NULL,
  lookup        BLOB NOT NULL UNIQUE,
  data_key      BLOB NOT NULL,
  signing_key   BLOB NOT NULL,
  scopes        TEXT NOT NULL,
  cidrs         TEXT,
  metadata      TEXT NOT NULL DEFAULT '{}',
  parent_key_id TEXT REFERENCES api_keys (id),
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER,
  deprecated_at INTEGER,
  grace_ends_at INTEGER,
  revoked_at    INTEGER,
  last_used_at  INTEGER,
  CHECK (app_id IS NULL OR agent_id IS NULL)
) STRICT;
CREATE INDEX api_keys_agent ON api_keys (agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX api_keys_app ON api_keys (app_id) WHERE app_id IS NOT NULL;
CREATE INDEX api_keys_parent ON api_keys (parent_key_id) WHERE parent_key_id IS NOT NULL;
INSERT INTO api_keys (id, agent_id, kind, name, prefix, lookup, data_key, signing_key, scopes, created_at, revoked_at)
  SELECT k.id, k.agent_id, 'key', a.name || '-' || row_number() OVER (PARTITION BY k.agent_id ORDER BY k.created_at, k.rowid),
    'alter_key_', k.lookup, k.data_key, k.signing_key, '', k.created_at, k.revoked_at
  FROM agent_keys k JOIN agents a ON a.id = k.agent_id;
DROP TABLE agent_keys;

CREATE TABLE connections (
  id              TEXT PRIMARY KEY,
  data_key        BLOB,
  credential      BLOB,
  generation      TEXT NOT NULL,
  needs_reconnect INTEGER NOT NULL DEFAULT 0,
  created_at      INTEGER NOT NULL
) STRICT;
INSERT INTO connections (id, data_key, credential, generation, created_at)
  SELECT id, data_key, credential, generation, created_at FROM grants;

ALTER TABLE grants ADD COLUMN app_id TEXT REFERENCES apps (id);
ALTER TABLE grants ADD COLUMN user_id TEXT REFERENCES app_users (id);
ALTER TABLE grants ADD COLUMN connection_id TEXT REFERENCES connections (id);
ALTER TABLE grants ADD COLUMN account_name TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN delegable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE grants ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE grants ADD COLUMN last_used_at INTEGER;
ALTER TABLE grants ADD COLUMN deleted_at INTEGER;
UPDATE grants SET connection_id = id;
ALTER TABLE grants DROP COLUMN data_key;
ALTER TABLE grants DROP COLUMN credential;
ALTER TABLE grants DROP COLUMN generation;
CREATE INDEX grants_app ON grants (app_id);
CREATE INDEX grants_user ON grants (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX grants_connection ON grants (connection_id);

ALTER TABLE delegations ADD COLUMN delegable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delegations ADD COLUMN scope_constraint TEXT;
ALTER TABLE delegations ADD COLUMN depth INTEGER NOT NULL DEFAULT 1;
ALTER TABLE delegations ADD COLUMN parent_agent_id TEXT;
CREATE INDEX delegations_agent ON delegations (agent_id);

CREATE TABLE idempotency (
  app_id     TEXT NOT NULL,
  key_hash   BLOB NOT NULL,
  body_hash  BLOB NOT NULL,
  agent_id   TEXT NOT NULL,
  key_id     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (app_id, key_hash)
) STRICT, WITHOUT ROWID;

ALTER TABLE audit ADD COLUMN app_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN owner TEXT NOT NULL DEFAULT '';
UPDATE audit SET owner = 'agent:' || agent_id WHERE agent_id <> '';
DROP INDEX audit_open;
CREATE INDEX audit_open ON audit (owner, grant_id, path) WHERE outcome = 'intent';
`
