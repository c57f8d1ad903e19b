// Package conformance runs one suite against a vault wherever it lives: in the
// process, behind TCP, behind a unix socket, and, when the environment names one,
// somewhere else. The results must be equal, line by line. It has tests only.
//
// The variables for another vault are those that `grantvault dev` prints:
// ALTER_BASE_URL, ALTER_APP_KEY, ALTER_AGENT_KEY, ALTER_AGENT_ID, GRANT_ID,
// USER_GRANT_ID and PROVIDER_URL; with VAULT_DIR its audit rows are compared too.
// The provider there must answer as the one of dev does. INTEROP_GRANTVAULT names
// the daemon's program; a `grantvault dev` of it is then a place of its own.
package conformance
