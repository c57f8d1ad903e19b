package local

// schemaV12 notes that a provider wants more scopes than a connection has, until
// its user connects it again.
const schemaV12 = `
ALTER TABLE connections ADD COLUMN scope_mismatch INTEGER NOT NULL DEFAULT 0;
`
