package local

// schemaV4 is rules that the operator keeps, and which rule decided a call.
const schemaV4 = `
CREATE TABLE rules (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  enabled     INTEGER NOT NULL,
  target      TEXT NOT NULL CHECK (target IN ('vault','app','agent','grant','provider')),
  target_id   TEXT NOT NULL,
  body        TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX rules_target ON rules (target, target_id) WHERE enabled = 1;

ALTER TABLE audit ADD COLUMN rule_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN rule_layer TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN rule_outcome TEXT NOT NULL DEFAULT '';
`
