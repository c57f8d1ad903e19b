package local

// schemaV6 is what clients tell about their own work. Nothing in it is proven
// but who sent it.
const schemaV6 = `
CREATE TABLE spans (
  seq            INTEGER PRIMARY KEY,
  received_at    INTEGER NOT NULL,
  app_id         TEXT NOT NULL,
  agent_id       TEXT NOT NULL,
  caller         TEXT NOT NULL,
  trace_id       TEXT NOT NULL,
  span_id        TEXT NOT NULL,
  parent_span_id TEXT NOT NULL,
  name           TEXT NOT NULL,
  started_at     INTEGER NOT NULL,
  ended_at       INTEGER,
  attributes     TEXT NOT NULL
) STRICT;
CREATE INDEX spans_trace ON spans (trace_id);
CREATE INDEX spans_app ON spans (app_id, seq);
`
