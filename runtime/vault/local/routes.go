package local

import (
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// adminEndpoints are agents, keys, grants and delegations.
func adminEndpoints() []endpoint {
	const (
		agent  = wire.PathAgents + "/{id}"
		keys   = agent + "/keys"
		key    = keys + "/{key_id}"
		grant  = "/sdk/grants/{id}"
		apiKey = "/sdk/keys/{id}" //nolint:gosec // G101: a path, not a credential
	)
	return []endpoint{
		{method: http.MethodPost, path: wire.PathAgents, limit: smallBody, scope: "agents:write", caller: appOnly, callerCode: "agent_cannot_mint_subagents", serve: (*Vault).serveCreateAgent},
		{method: http.MethodGet, path: wire.PathAgents, limit: smallBody, scope: "agents:read", caller: appOnly, serve: (*Vault).serveListAgents},
		{method: http.MethodGet, path: agent, limit: smallBody, scope: "agents:read", caller: appOnly, serve: (*Vault).serveGetAgent},
		{method: http.MethodPatch, path: agent, limit: smallBody, scope: "agents:write", caller: appOnly, serve: (*Vault).serveUpdateAgent},
		{method: http.MethodDelete, path: agent, limit: smallBody, scope: "agents:write", caller: appOnly, serve: (*Vault).serveDeleteAgent},
		{method: http.MethodPost, path: keys, limit: smallBody, scope: "keys:admin", caller: appOnly, serve: (*Vault).serveMintAgentKey},
		{method: http.MethodGet, path: keys, limit: smallBody, scope: "keys:read", caller: appOnly, serve: (*Vault).serveListAgentKeys},
		{method: http.MethodPatch, path: key + "/deprecate", limit: smallBody, scope: "keys:admin", caller: appOnly, serve: (*Vault).serveDeprecateKey},
		{method: http.MethodPatch, path: key + "/undeprecate", limit: smallBody, scope: "keys:admin", caller: appOnly, serve: (*Vault).serveUndeprecateKey},
		{method: http.MethodDelete, path: key, limit: smallBody, scope: "keys:admin", caller: appOnly, serve: (*Vault).serveRevokeAgentKey},

		{method: http.MethodPost, path: wire.PathKeysDerive, limit: smallBody, scope: "keys:derive", serve: (*Vault).serveDeriveKey},
		{method: http.MethodPost, path: apiKey + "/rotate", limit: smallBody, scope: "keys:admin", serve: (*Vault).serveRotateKey},
		{method: http.MethodDelete, path: apiKey, limit: smallBody, scope: "keys:admin", serve: (*Vault).serveRevokeKey},

		{method: http.MethodPost, path: wire.PathGrantsList, limit: smallBody, scope: "grants:read", serve: (*Vault).serveListGrants},
		{method: http.MethodPost, path: grant + "/mint", limit: smallBody, scope: "grants:write", caller: appOnly, callerCode: "agents_cannot_mint", serve: (*Vault).serveMintGrant},
		{method: http.MethodPost, path: grant + "/delegate", limit: smallBody, scope: "grants:read", caller: agentOnly, serve: (*Vault).serveDelegate},
		{method: http.MethodDelete, path: grant + "/delegations/me", limit: smallBody, scope: "grants:read", caller: agentOnly, serve: (*Vault).serveRevokeOwnDelegation},
		{method: http.MethodDelete, path: grant + "/delegations/{agent_id}", limit: smallBody, scope: "grants:admin", caller: appOnly, callerCode: "use_self_revoke_path", serve: (*Vault).serveRevokeDelegation},
		{method: http.MethodPost, path: "/sdk/oauth/grants/{id}/revoke", limit: smallBody, scope: "grants:admin", caller: appOnly, serve: (*Vault).serveRevokeGrant},
	}
}
