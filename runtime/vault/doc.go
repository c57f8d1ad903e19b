// Package vault calls APIs on behalf of somebody whose credential the program
// does not hold. An [Agent] asks an agent vault for one call at a time: the
// vault checks the grant, writes an audit row and lets the credential be used.
//
//	agent, err := vault.NewAgent(os.Getenv("ALTER_AGENT_KEY"))
//	gh := github.New(agent.HTTPClient())
//	ctx = agent.Trace(ctx, vault.Trace{RunID: "run-abc123"})
//	repos, err := gh.ListRepos(ctx, nil, vault.Grant(grantID))
//	err = agent.Close(ctx) // delivers the last audit reports
//
// # Who sees the credential
//
// In [Retrieve] mode the credential comes into this process. The [Transport]
// uses it for one request and forgets it; it masks the credential in whatever
// the provider sends back, so code that calls a provider does not see it. This
// keeps a credential out of prompts, logs and results. It does not keep it from
// code in the same process that sets out to read memory.
//
// In [Proxy] mode the vault calls the provider and the credential never enters
// this process. Such calls carry JSON bodies only and nothing is streamed.
//
// # Hand-written clients
//
// Any client that takes an *http.Client works: bind a grant to the client
// (agent.HTTPClient(vault.Grant(id))) or to a context ([WithGrant]).
package vault
