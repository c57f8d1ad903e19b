package local

// schemaV8 is managed secrets: what an application's operator, or a user of it,
// entered instead of connecting an account. Their values are connections like
// the others, so that grants, rotation and erasing work alike.
const schemaV8 = `
CREATE TABLE managed_secrets (
  id         TEXT PRIMARY KEY,
  app_id     TEXT REFERENCES apps (id),
  slug       TEXT NOT NULL,
  name       TEXT NOT NULL,
  template   TEXT NOT NULL,
  config     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX managed_secrets_slug ON managed_secrets (coalesce(app_id, ''), slug) WHERE removed_at IS NULL;

CREATE TABLE secret_credentials (
  connection_id TEXT PRIMARY KEY REFERENCES connections (id),
  secret_id     TEXT NOT NULL REFERENCES managed_secrets (id),
  kind          TEXT NOT NULL CHECK (kind IN ('developer','end_user')),
  label         TEXT NOT NULL,
  user_id       TEXT REFERENCES app_users (id),
  created_at    INTEGER NOT NULL,
  rotated_at    INTEGER,
  removed_at    INTEGER
) STRICT;
CREATE INDEX secret_credentials_secret ON secret_credentials (secret_id);

ALTER TABLE grants ADD COLUMN secret_id TEXT REFERENCES managed_secrets (id);
CREATE INDEX grants_secret ON grants (secret_id) WHERE secret_id IS NOT NULL;
`
