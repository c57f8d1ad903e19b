package local

// schemaV11 is the keys that sign identity assertions: several, so that one can
// take the other's place without a gap. The first one was kept in meta, and stays
// sealed as it was there, for the owner with the empty ID.
const schemaV11 = `
CREATE TABLE identity_keys (
  id         TEXT PRIMARY KEY,
  data_key   BLOB NOT NULL,
  secret     BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  signs_at   INTEGER NOT NULL,
  retires_at INTEGER
) STRICT;
INSERT INTO identity_keys (id, data_key, secret, created_at, signs_at)
  SELECT '', b.value, a.value, 0, 0 FROM meta a, meta b WHERE a.name = 'identity_key' AND b.name = 'identity_data_key';
DELETE FROM meta WHERE name IN ('identity_key', 'identity_data_key');
`
