// Package local is an agent vault in one folder: an [http.Handler] over one
// SQLite file that serves the wire protocol of the hosted vault. Put it behind
// a socket for clients in any language, or hand it to vault.WithBackend, which
// calls [Vault.RoundTrip] in memory. Both ways run the same handler.
//
// # What is served
//
// POST /sdk/token (retrieve mode: the client gets the credential for one call),
// POST /sdk/oauth/audit/api-call (the client's report of that call),
// POST /sdk/proxy (the vault makes the call) and GET /sdk/agents/me. Every
// request must be signed. Mounted under a path prefix, the handler needs
// [http.StripPrefix], because the signature covers the path from /sdk/ on.
//
// # Who is allowed what
//
// A call is decided in this order, the first refusal wins: the key and its
// agent, the request's own constraints, the agent's path to the grant (it owns
// the grant or has a delegation; without a path the answer is 404
// grant_not_found whether or not the grant exists), the grant's state, proxy
// only, the destination. A grant names the origins (scheme, host, port) its
// credential may go to. The credential is decrypted only after all of that, and
// after the audit row is on disk.
//
// # Audit
//
// Each call of the token and proxy endpoints is one row, written and synced
// before the answer. An allowed call starts as an intent; the client's report,
// or the vault itself in proxy mode, completes it. A row that nobody completed
// keeps the outcome [OutcomeIntent]: the credential left the vault, what became
// of it is unknown. Rows hold method, origin and path of the destination, never
// a query, a header or a body. Paths are kept because a trail without them
// cannot answer "which repository"; do not put secrets into paths.
//
// # Secrets on disk
//
// A master key (a file of mode 0600 beside the database, or the caller's own
// AEAD) wraps one data key per agent key and per grant; the data key seals the
// secret, bound to its owner and field. API keys are not stored: the database
// holds a keyed hash to find them and, sealed, the signing key derived from
// them. That derived key checks signatures but does not authenticate, since
// every request must also present the API key itself. So the database alone
// gives its thief nothing, and together with the master key the credentials, but
// still no way to act as an agent. Keep master.key out of the backups that hold
// vault.db. Revoking a grant erases its sealed credential.
//
// # What it does not protect against
//
// In-process, the vault shares memory with the program it serves: code of that
// process can read the master key and every credential. Run the handler as a
// daemon under another user when the program itself is not trusted. In retrieve
// mode the credential enters the client's process for each call; [GrantSpec]
// ProxyOnly forbids that for a grant.
package local
