// Package local is an agent vault in one folder: an [http.Handler] over one
// SQLite file that serves the wire protocol of the hosted vault. Put it behind
// a socket for clients in any language, or hand it to vault.WithBackend, which
// calls [Vault.RoundTrip] in memory. Both ways run the same handler.
//
// # What is served
//
// Calls: POST /sdk/token (retrieve mode: the client gets the credential for one
// call), POST /sdk/oauth/audit/api-call (the client's report of that call) and
// POST /sdk/proxy (the vault makes the call). Management: agents and their
// keys, derived, rotated and revoked keys, grants (list, mint, delegate,
// revoke), and GET /sdk/agents/me. Then the sessions below. Every request must
// be signed. Mounted under a path prefix, the handler needs [http.StripPrefix],
// because the signature covers the path from /sdk/ on. Every refusal is JSON
// with a code in the member error.
//
// # Who is allowed what
//
// An agent's own key reaches what the agent owns and what is delegated to it. An
// app's key reaches every agent and grant of the app and nothing of another
// app's. A caller header with the ID of one of its agents makes an app's key act
// as this agent: rows, me and lists are the agent's, and a provider stands for
// the agent's grants; a grant ID still names any grant of the app. A user token
// narrows an app's key to that user's own grants. With an agent's own key a
// user token is refused (400 agent_user_token_conflict), as the hosted vault's
// agent runtime page says; [WithUserTokenDelegation] chooses the reading of newer
// releases, where it selects among the users who delegated to the agent.
//
// A call is decided in this order, the first refusal wins: the key and its
// agent, scopes and the request's own constraints, the path to the grant
// (without one the answer is 404 grant_not_found whether or not the grant
// exists), the grant's state, proxy only, the destination, and in proxy mode
// what a grant or a delegation is restricted to. A grant names the origins
// (scheme, host, port) its credential may go to. The credential is decrypted
// only after all of that, and after the audit row is on disk.
//
// A grant keeps its one ID on every path: delegating makes no second one, and
// taking a path away leaves the grant and the other paths. An agent may hand on
// what was delegated to it as delegable, with no more scopes and no longer than
// it has them, up to eight times; a path that goes takes those with it that hang
// on it. A delegation that is narrowed to scopes, and a sibling with
// restrictions, work through the proxy only, where the vault can hold them to
// their limits.
//
// A sibling whose policy has requires_approval holds every call for a person, and
// an agent's policy binds the agent's calls whoever's key makes them: its members
// are the kinds of rules (package rule) with their bodies, and
// rate_limit_per_minute. A policy that the vault does not understand whole is
// refused (422 invalid_agent_policy); one that stands there all the same refuses
// every call.
//
// An agent's allowlist names the providers within its reach. What an update adds
// to it counts at once, what it takes away after the grace (a day, unless the
// request says otherwise).
//
// # Managed secrets
//
// [Vault.CreateManagedSecret] stores a key that somebody enters: a bearer token,
// headers, query parameters, a name with a password, an AWS key that signs. Calls
// name it by its slug, allowlists in managed_secret_slugs, rules by the resource
// kind managed_secret. The operator grants it to agents, users or the app
// ([Vault.GrantManagedSecret]), an app to its users (POST
// /sdk/managed-secrets/{id}/grants), and grants are minted, delegated and revoked
// like others. [Vault.RotateSecret] replaces a value under all of them.
//
// POST /sdk/managed-secrets/connect/session makes a session for a user, whose page
// asks for a key of the user's own (where the secret has UserKeys), asks to lend
// what the user has to an agent, or replaces a key in place. A session that an
// agent's own key asked for has the user sign in first, because the agent has the
// link too. A user's key is erased with its last grant, the operator's with the
// secret. The vault signs for AWS in proxy mode; in retrieve mode the client
// does. Groups as principals are refused (422 group_principal_not_supported), and
// so are agents, whom only the operator grants secrets to.
//
// # Connecting accounts and signing in
//
// [Vault.SetProvider] configures where users connect accounts. A client makes a
// session, the user opens its URL, the client polls. The pages (/connect/,
// /signin/, /oauth/callback/) work without scripts; the session's token in the
// URL opens them, and what a browser does there is bound to it by a cookie. The
// vault runs the OAuth 2.1 code flow with PKCE itself; a state works once, for
// one browser and one provider. Without a user token the grant belongs to the
// agent that asked, or to the app; with one to that user, and the agent named
// gets a delegation. [WithPublicURL] says where browsers reach the vault.
//
// Sign-in ends in a user token: a JWT for one app, valid for an hour, which
// only this vault verifies. It is handed out once (and again within 30 seconds,
// for an answer that got lost).
//
// With [ProviderSpec].GroupsField a sign-in also tells the user's groups. A managed
// secret can then be granted to a group: each call looks whether the user who is
// named by its token was in it at the last sign-in. A user's own grant goes before
// those of groups, and no member can revoke a group's.
//
// A grant keeps its ID when its user connects the same account again: one whose
// credential is not renewed any more, one that lacks a scope (clients report that
// to POST /sdk/grants/{id}/report-scope-mismatch, in proxy mode the vault sees it
// itself), and one that has expired, to which nobody then has his old path. A
// session with repair_grant_id takes no other account; the app, the owner, and an
// agent with a path to the grant may ask for it. A revoked grant does not come
// back.
//
// # Identity
//
// POST /sdk/identity/resolve tells a client who stands behind its key: app, user
// and agent. POST /sdk/identity/assert signs it (ES256) for one audience and at
// most five minutes; the issuer is the vault's address ([WithPublicURL]), the
// public key is at /.well-known/alter-identity-jwks.json, and
// vault.VerifyIdentityAssertion checks it without asking the vault. After
// [Vault.RotateIdentityKey] the old and the new key are both there, until no
// assertion needs the old one. An app asks
// for its users by their token; an agent only for users who delegated to it,
// and to it all others look as if they did not exist.
//
// # Spans
//
// POST /sdk/spans takes what a client tells about its own work, up to 50 spans a
// request, and keeps the newest hundred thousand of each app beside the trail;
// [Vault.Spans] lists them. Who sent a span is proven, what it says is not.
//
// # Console
//
// With [WithConsole] the handler serves the operator's pages at /console/: who
// may use what, runs as timelines of calls, approvals, the audit trail; revoking
// and suspending. They work without scripts and hold no credential, no key and
// no body but those of calls that wait for an approval. [Vault.ConsoleURL] and
// `grantvault console` make the links that sign an operator in; who can open the
// vault's folder is the operator. The link of one approval works without it.
//
// # Operations
//
// The vault names a call by matching its method and URL against operation tables,
// the longest literal text first; what no table has stays unknown. The row keeps
// what the client calls it apart, as ClaimedOperation. Rules, approvals and the
// pages go by the vault's own finding. Tables are files that grantgen writes beside
// a package, of grantwire's own providers and of any other document: a program
// hands them over ([WithOperationTable]), the vault reads a folder of them
// ([WithOperationFolder]), or it keeps one in its database ([Vault.LoadOperations]),
// which goes before the others and reaches every process that has the vault open
// within a second. Nothing is opened or started anew for any of these. A call keeps
// the names that it began with.
//
// GET /sdk/provider-specs and the paths below it tell clients what the tables hold,
// for keys with the scope providers:read.
//
// # Limits
//
// [WithRateLimits] refuses clients that ask too often: by address before a
// request is read, by key and app before its signature is checked.
//
// # Refresh
//
// A connected credential that is about to end is renewed before a call gets it:
// once, however many calls wait for it, in however many processes, and the new
// one is sealed on disk before anybody uses it. When the provider will not
// renew it, calls get 400 credential_revoked until the user connects the
// account again. [Vault.Close] waits for renewals under way.
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
// Beside the calls, [Vault.Events] has every change of who may do what: agents,
// keys, grants, delegations, rules, providers, decisions about held calls,
// sign-ins, identity assertions. An event is written in the transaction that
// makes the change and says who made it: the operator ([AsOperator] names who),
// an app's or an agent's key, or a user's browser. What changes nothing, and
// what is refused, leaves none.
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
