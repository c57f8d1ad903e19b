// Package vaulttest is a whole agent vault in the memory of a test: the real one
// of vault/local behind the real wire protocol, with a provider that answers from
// a script. No socket, no file, no clean-up to write.
//
//	v := vaulttest.New(t)
//	grant := v.Grant("github", "https://api.github.com")
//	v.Answer("GET", "https://api.github.com/user", 200, `{"login":"octo"}`)
//
//	… v.Agent().HTTPClient(vault.Grant(grant)) …
//
//	v.HasRow(vaulttest.Row{GrantID: grant, RunID: "run-abc123", Status: 200})
//
// The same script answers in retrieve and in proxy mode. A generated client gets
// typed answers when the provider is an apitest.Transport; see [Provider].
//
// The vault starts no clock of its own: in a testing/synctest bubble, expiry and
// pauses pass at once.
package vaulttest
