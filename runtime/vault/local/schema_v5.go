package local

// schemaV5 is calls that wait for a person. Request and result are sealed: they
// hold what users write to each other.
//
// A call is pending, then denied or expired, or approved, executing, and executed
// or failed. Each step is one conditional update, so that it is taken once
// whoever tries.
const schemaV5 = `
CREATE TABLE held_calls (
  id             TEXT PRIMARY KEY,
  audit_id       TEXT NOT NULL,
  owner          TEXT NOT NULL,
  app_id         TEXT NOT NULL,
  agent_id       TEXT NOT NULL,
  grant_id       TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('pending','approved','executing','denied','expired','executed','failed')),
  request_key    BLOB,
  request        BLOB,
  result_key     BLOB,
  result         BLOB,
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  decided_at     INTEGER,
  reason         TEXT NOT NULL DEFAULT '',
  lease_until    INTEGER NOT NULL DEFAULT 0,
  executed_at    INTEGER,
  fault          TEXT NOT NULL DEFAULT '',
  retention      INTEGER NOT NULL
) STRICT;
CREATE INDEX held_calls_state ON held_calls (state, expires_at);

CREATE TABLE gates (
  id         TEXT PRIMARY KEY,
  call_id    TEXT NOT NULL REFERENCES held_calls (id) ON DELETE CASCADE,
  lookup     BLOB NOT NULL UNIQUE,
  rule_id    TEXT NOT NULL,
  rule_name  TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('pending','approved','denied','expired')),
  expires_at INTEGER NOT NULL,
  decided_at INTEGER,
  decided_by TEXT NOT NULL DEFAULT '',
  seq        INTEGER NOT NULL
) STRICT;
CREATE INDEX gates_call ON gates (call_id, seq);
CREATE INDEX gates_rule ON gates (rule_id) WHERE state = 'pending';
`
