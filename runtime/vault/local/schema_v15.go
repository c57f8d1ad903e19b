package local

// schemaV15 is how much of its quotas each app has used, so that they outlive
// the process.
const schemaV15 = `
CREATE TABLE quota_counts (
  app_id TEXT NOT NULL,
  span   TEXT NOT NULL,
  begin  INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (app_id, span)
) STRICT, WITHOUT ROWID;
`
