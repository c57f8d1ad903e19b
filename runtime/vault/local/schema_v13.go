package local

// schemaV13 holds operation tables that an operator loaded. A number of seq is
// never used again, so that a change of the tables always shows.
const schemaV13 = `
CREATE TABLE operation_tables (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       TEXT NOT NULL,
  provider   TEXT NOT NULL,
  version    INTEGER NOT NULL,
  hash       TEXT NOT NULL,
  base_urls  TEXT NOT NULL,
  body       BLOB NOT NULL,
  loaded_at  INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (kind, provider)
) STRICT;
`
