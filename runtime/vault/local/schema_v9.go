package local

// schemaV9 lets the calls of an agent in a time be counted without reading all
// that it ever made.
const schemaV9 = `
DROP INDEX audit_agent;
CREATE INDEX audit_agent ON audit (agent_id, created_at);
`
