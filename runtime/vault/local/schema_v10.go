package local

// schemaV10 is the operator's console: who is signed in, and the trail by thread
// and by trace. A sign-in link becomes a session when it is used; its token and
// the session's are kept as keyed hashes only.
const schemaV10 = `
CREATE TABLE operator_sessions (
  id         TEXT PRIMARY KEY,
  lookup     BLOB NOT NULL UNIQUE,
  state      TEXT NOT NULL CHECK (state IN ('link','session')),
  operator   TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_thread ON audit (thread_id) WHERE thread_id <> '';
CREATE INDEX audit_trace ON audit (substr(traceparent, 4, 32)) WHERE traceparent <> '';
`
