package wire

import (
	"net/url"
	"strconv"
	"strings"
)

// Paths of the management endpoints. An ID in a path is percent-encoded, its
// slashes too. (The official client leaves the IDs of grants to mint from and to
// delegate unescaped; an ID that a vault makes has nothing to escape, so nothing
// differs on the wire.)
const (
	PathAgents         = "/sdk/agents"
	PathKeysDerive     = "/sdk/keys/derive"
	PathGrantsList     = "/sdk/grants/list"
	PathConnectSession = "/sdk/oauth/connect/session"
	PathConnectPoll    = "/sdk/oauth/connect/session/poll"
	PathAuthSession    = "/sdk/auth/session"
	PathAuthPoll       = "/sdk/auth/poll"
	PathVerifyToken    = "/sdk/auth/verify-token" //nolint:gosec // G101: a path
)

// HeaderIdempotencyKey names a creation, so that a repeated one creates nothing.
// It is not signed.
const HeaderIdempotencyKey = "Idempotency-Key"

// PathAgent returns the path of one agent.
func PathAgent(id string) string { return PathAgents + "/" + escapeAll(id) }

// PathAgentKeys returns the path of an agent's keys.
func PathAgentKeys(id string) string { return PathAgent(id) + "/keys" }

// PathAgentKey returns the path of one key of an agent.
func PathAgentKey(id, keyID string) string { return PathAgentKeys(id) + "/" + escapeAll(keyID) }

// PathKey returns the path of an API key.
func PathKey(id string) string { return "/sdk/keys/" + escapeAll(id) }

// PathKeyRotate returns the path that rotates an API key.
func PathKeyRotate(id string) string { return PathKey(id) + "/rotate" }

// PathGrantMint returns the path that makes a sibling of a grant.
func PathGrantMint(id string) string { return "/sdk/grants/" + escapeAll(id) + "/mint" }

// PathGrantDelegate returns the path that hands a grant on to another agent.
func PathGrantDelegate(id string) string { return "/sdk/grants/" + escapeAll(id) + "/delegate" }

// PathDelegation returns the path of an agent's delegation; "me" is the caller's
// own.
func PathDelegation(grantID, agentID string) string {
	return "/sdk/grants/" + escapeAll(grantID) + "/delegations/" + escapeAll(agentID)
}

// PathGrantRevoke returns the path that ends a grant.
func PathGrantRevoke(id string) string { return "/sdk/oauth/grants/" + escapeAll(id) + "/revoke" }

// AgentListQuery is the query of GET /sdk/agents. All three are always sent.
type AgentListQuery struct {
	IncludeRevoked bool
	Limit          int // 1 to 1000
	Offset         int
}

// Encode returns the query with its question mark.
func (q AgentListQuery) Encode() string {
	return "?include_revoked=" + strconv.FormatBool(q.IncludeRevoked) + "&limit=" + strconv.Itoa(q.Limit) +
		"&offset=" + strconv.Itoa(q.Offset)
}

// AgentNameQuery returns the query of GET /sdk/agents that looks a name up.
func AgentNameQuery(name string) string { return "?name=" + url.QueryEscape(name) }

// AgentUpdateQuery returns the query of PATCH /sdk/agents/{id}; nil is left out.
func AgentUpdateQuery(graceSeconds, expectedVersion *int64) string {
	var params []string
	if graceSeconds != nil {
		params = append(params, "grace_seconds="+strconv.FormatInt(*graceSeconds, 10))
	}
	if expectedVersion != nil {
		params = append(params, "expected_version="+strconv.FormatInt(*expectedVersion, 10))
	}
	if params == nil {
		return ""
	}
	return "?" + strings.Join(params, "&")
}

// ForceQuery returns "?force=true" or nothing.
func ForceQuery(force bool) string {
	if force {
		return "?force=true"
	}
	return ""
}

// PathSecretGrants returns the path that makes a grant of a managed secret.
func PathSecretGrants(id string) string { return "/sdk/managed-secrets/" + escapeAll(id) + "/grants" }

// PathSecretSession makes a session for a managed secret.
const PathSecretSession = "/sdk/managed-secrets/connect/session" //nolint:gosec // G101: a path, not a credential
