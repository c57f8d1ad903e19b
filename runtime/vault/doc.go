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
// An [Agent] acts as one agent, with its own key. An [App] acts as an
// application, or for the user whose token goes along: it makes calls too, and it
// manages agents, keys and grants. App.Agent gives an agent that acts with the
// application's key.
//
// # Grants
//
// A call names a grant by its ID ([Grant]) or has the vault find the one that fits
// ([Provider]). Grants come about when a user connects an account: Connect
// waits for that, CreateConnectSession and PollSession do it in two steps.
//
// A managed secret, a key that somebody enters, is named by its slug like a
// provider. An application grants it to its users with CreateManagedSecretGrant, and
// CreateManagedSecretConnectSession has a user enter a key or lend one. Keys that sign
// (AWS) need [WithSigner] in retrieve mode.
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
// # Errors
//
// Every error is an *[Error]. errors.Is tells its kind ([ErrGrantExpired]) and
// every kind above it ([ErrReAuthRequired], [ErrVault]); errors.As gives code,
// status, facts and whether to try again. A code that this package does not know
// is kept in Error.Code.
//
// # Hand-written clients
//
// Any client that takes an *http.Client works: bind a grant to the client
// (agent.HTTPClient(vault.Grant(id))) or to a context ([WithGrant]).
package vault
