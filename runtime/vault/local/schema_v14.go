package local

// schemaV14 is groups of users, as the identity provider told them at the user's
// last sign-in, and grants to groups.
const schemaV14 = `
CREATE TABLE user_groups (
  user_id  TEXT NOT NULL REFERENCES app_users (id),
  idp_id   TEXT NOT NULL,
  group_id TEXT NOT NULL,
  PRIMARY KEY (user_id, idp_id, group_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE grants ADD COLUMN group_id TEXT;
ALTER TABLE grants ADD COLUMN group_idp TEXT;
`
