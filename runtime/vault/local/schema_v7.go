package local

// schemaV7 is what was changed in the vault, and by whom, beside the trail of
// calls. Rows are never changed.
const schemaV7 = `
CREATE TABLE events (
  seq        INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  action     TEXT NOT NULL,
  actor      TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  app_id     TEXT NOT NULL,
  agent_id   TEXT NOT NULL,
  key_id     TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  request_id TEXT NOT NULL,
  target     TEXT NOT NULL,
  target_id  TEXT NOT NULL,
  grant_id   TEXT NOT NULL,
  details    TEXT NOT NULL
) STRICT;
CREATE INDEX events_time ON events (created_at);
CREATE INDEX events_target ON events (target_id);
CREATE INDEX events_grant ON events (grant_id) WHERE grant_id <> '';
`
