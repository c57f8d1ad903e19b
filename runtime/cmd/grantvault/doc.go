// Command grantvault runs an agent vault on this machine: a daemon that serves
// the wire protocol of the hosted vault, and the commands of its operator.
//
//	grantvault init                     make the vault's folder
//	grantvault serve                    listen on 127.0.0.1:8200 and on a unix socket
//	grantvault app|agent|key|grant …    who may do what; works beside a running daemon
//	grantvault provider …               where users connect accounts and sign in
//	grantvault secret …                 keys that somebody enters instead of connecting an account
//	grantvault rule …                   what calls may do
//	grantvault operations …             tables that name the calls to a provider
//	grantvault approval|approve|deny …  calls that wait for a person
//	grantvault console                  print a sign-in link to the daemon's console
//	grantvault identity …               the keys that sign identity assertions
//	grantvault audit list [--json]      every call and every change, oldest first
//	grantvault dev [--approve]          a throwaway vault with a stand-in provider, to try things out
//
// The vault's folder is --dir, or the environment variable GRANTVAULT_DIR.
//
// Secrets come in by standard input (--token-stdin, --secret-stdin; secret add,
// key and rotate read it, or the file of --value-file), never by an argument, which other users of the machine can read. A new API key is
// printed once, to standard output; nothing else prints or logs one.
//
// # serve
//
// TCP is for loopback only; --expose allows another address, for a machine
// where something in front ends TLS. The socket is DIR/vault.sock with mode
// 0600 (--socket names another, --socket=none leaves it out); clients reach it
// with a transport that dials it. SIGINT and SIGTERM end the daemon after the
// requests under way.
//
// # console
//
// The daemon's console is at /console/ of its TCP address: who may use what,
// runs as timelines, approvals, the audit trail, revoking. Whoever may run
// `grantvault console` on the vault's folder is its operator: it prints a link
// that signs one browser in, once, within five minutes. A session ends after 30
// minutes without use, and after 12 hours. --no-console leaves the console out.
//
// # Operations
//
// The daemon knows the operations of GitHub and Slack, those of the tables in the
// folder that --operations or GRANTVAULT_OPERATIONS names (every operations.json in
// it and below, such as those in providers/ of grantwire's repository), and those
// that were loaded:
//
//	grantgen --spec acme.yaml -o acme --package acme
//	grantvault operations load acme/operations.json
//
// A daemon that runs goes by a loaded table within a second, and by a change of the
// folder within two, or at once when it gets SIGHUP. A table that cannot be read is
// logged, and the one before it stays in force.
//
// # dev
//
// Prints KEY=value lines (ALTER_BASE_URL, ALTER_APP_KEY, ALTER_AGENT_KEY,
// ALTER_AGENT_ID, GRANT_ID, USER_GRANT_ID, PROVIDER_URL, VAULT_DIR, and
// CONSOLE_URL, a sign-in link to the console that works once), then the line
// "ready", and serves until it is interrupted; then it removes the folder. The
// provider answers GET and POST /user with {"login": …}, another login for
// each grant, and is in the catalog as github, with sign-in. Its consent page
// is a form. With --approve, a plain GET of a connect_url goes through the
// whole authorization at once; sign-in still waits for its page.
//
// The exit status is 0 when all went well, 1 when it did not, 2 for a wrong
// command line.
package main
