package local

// schemaV3 is what a user's browser is needed for: the providers that grants
// are connected at, what refreshes a connection, and the sessions.
//
// A session's token, an OAuth state and the cookie of a browser are kept as
// keyed hashes only: who reads the database can neither open a session's page
// nor finish somebody's authorization.
const schemaV3 = `
CREATE TABLE providers (
  id            TEXT PRIMARY KEY,
  config        TEXT NOT NULL,
  sign_in       INTEGER NOT NULL,
  data_key      BLOB,
  client_secret BLOB,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX providers_sign_in ON providers (sign_in) WHERE sign_in = 1;

CREATE TABLE connection_tokens (
  connection_id TEXT PRIMARY KEY REFERENCES connections (id),
  provider      TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('active','revoked')),
  data_key      BLOB,
  refresh_token BLOB,
  expires_at    INTEGER,
  lease         TEXT NOT NULL DEFAULT '',
  lease_until   INTEGER NOT NULL DEFAULT 0,
  refreshed_at  INTEGER
) STRICT;

-- What renews a credential goes with it, whoever erases it.
CREATE TRIGGER connections_erased AFTER UPDATE OF credential ON connections WHEN NEW.credential IS NULL BEGIN
  DELETE FROM connection_tokens WHERE connection_id = NEW.id;
END;

CREATE TABLE sessions (
  id          TEXT PRIMARY KEY,
  lookup      BLOB NOT NULL UNIQUE,
  kind        TEXT NOT NULL CHECK (kind IN ('connect','sign_in')),
  owner       TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending','completed','error')),
  request     TEXT NOT NULL,
  progress    TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  ended_at    INTEGER,
  fetched_at  INTEGER
) STRICT;
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE oauth_flows (
  state      BLOB PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  provider   TEXT NOT NULL,
  browser    BLOB NOT NULL,
  ttl        INTEGER,
  data_key   BLOB NOT NULL,
  verifier   BLOB NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_flows_session ON oauth_flows (session_id);
`
