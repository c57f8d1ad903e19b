package vault

import "github.com/grantwire/grantwire/runtime/vault/internal/wire"

// surface picks the table that maps an answer to a kind.
type surface uint8

const (
	surfaceMain   surface = iota // token, proxy, audit, grants, sessions
	surfaceAgents                // me and the agents' endpoints
	surfaceKeys                  // the keys' endpoints
)

var proxyOnlyCodes = map[string]*kind{
	"restricted_grant_requires_proxy": kindProxyOnly, "delegated_grant_requires_proxy": kindProxyOnly,
	"hitl_grant_requires_proxy": kindProxyOnly, "user_limits_require_proxy": kindProxyOnly,
}

var badRequestCodes = map[string]*kind{
	"caller_agent_mismatch": kindCallerMismatch, "grant_revoked": kindGrantRevoked, "credential_revoked": kindCredRevoked,
}

var unauthorizedCodes = map[string]*kind{
	"jwt_validation_error": kindReAuth, "invalid_key": kindInvalidKey, "key_revoked": kindKeyRevoked,
	"key_expired": kindKeyExpired, "key_rotated_grace_expired": kindKeyRotation, "key_not_active": kindKeyInactive,
	"agent_inactive": kindAgentInactive, "agent_revoked": kindAgentRevoked,
	// The codes of runtime/vault/local; the hosted vault's are not known.
	"invalid_signature": kindSignature, "stale_timestamp": kindClock, "replayed_nonce": kindReplay,
}

var forbiddenCodes = map[string]*kind{
	"insufficient_scope": kindScope, "grant_expired": kindGrantExpired, "grant_revoked": kindGrantRevoked,
	"credential_revoked": kindCredRevoked, "restricted_grant_requires_proxy": kindProxyOnly,
	"grant_not_delegable": kindNotDelegable, "scope_mismatch": kindScopeReauth,
	"step_up_required": kindStepUp, "redact_discharge_failed": kindRedact,
}

var notFoundCodes = map[string]*kind{
	"no_delegated_grant": kindNoDelegated, "caller_agent_unresolved": kindAgentNotFound,
	"agent_not_found": kindAgentNotFound, "secret_not_found": kindConnectConfig,
	"provider_spec_not_found": kindNoSpec, "operation_not_found": kindNoSpec,
}

var conflictCodes = map[string]*kind{
	"managed_oauth_scope_approval_required": kindConnectConfig, "idp_signin_not_configured": kindConnectConfig,
	"no_eligible_grants": kindConnectConfig, "binding_hosts_required": kindConnectConfig,
	"provider_contract_repair_required": kindConnectConfig, "token_refresh_in_progress": kindRefreshing,
	"ambiguous_grant": kindAmbiguous, "sibling_label_conflict": kindSiblingLabel,
	"credential_id_required": kindCredID, "end_user_credential_not_assignable": kindNotAssignable,
	"no_delegated_grant": kindNoDelegated,
}

var tooManyCodes = map[string]*kind{"quota_exceeded": kindQuota, "rate_limit_exceeded": kindRateLimit}

var serverCodes = map[string]*kind{
	"caller_agent_resolution_error": kindCallerResolution, "app_not_found_for_key": kindKeyApp,
}

// otherCodes count on every status that has no row of its own.
var otherCodes = map[string]*kind{
	"secret_template_mismatch": kindConnectConfig, "blocked_destination": kindBlocked,
}

// approvalCodes count on any error of the proxy endpoint.
var approvalCodes = map[string]*kind{
	"approval_denied": kindApprovalDenied, "approval_expired": kindApprovalExpired,
	"approval_execution_failed": kindApprovalFailed,
}

// agentCodes count on the agents' surface whatever the status is.
var agentCodes = map[string]*kind{
	"invalid_key": kindInvalidKey, "key_revoked": kindKeyRevoked, "key_expired": kindKeyExpired,
	"key_rotated_grace_expired": kindKeyRotation, "key_not_active": kindKeyInactive,
	"app_not_found_for_key": kindKeyApp, "key_not_found": kindKeyNotFound, "agent_not_found": kindAgentNotFound,
	"caller_agent_unresolved": kindAgentNotFound, "agent_inactive": kindAgentInactive, "agent_revoked": kindAgentRevoked,
	"caller_agent_mismatch": kindCallerMismatch, "caller_agent_resolution_error": kindCallerResolution,
	"me_requires_agent_key": kindMeKey, "agent_cannot_mint_subagents": kindSubagents,
	"agent_name_exists": kindAgentName, "idempotency_key_body_mismatch": kindIdemBody,
	"idempotency_key_agent_revoked": kindIdemRevoked, "idempotency_key_agent_inactive": kindIdemInactive,
	"last_active_key": kindLastKey, "agent_key_limit_reached": kindKeyLimit,
}

// classify maps an error answer to its kind.
func classify(s surface, status int, body wire.ErrorBody) *kind {
	if s == surfaceAgents {
		return classifyAgents(status, body)
	}
	codes, fallback := otherCodes, kindBackend
	switch status {
	case 400, 502:
		if k := proxyOnlyCodes[body.Code]; k != nil {
			return k
		}
		codes = badRequestCodes
	case 401:
		codes = unauthorizedCodes
	case 403:
		codes, fallback = forbiddenCodes, kindPolicy
	case 404:
		codes, fallback = notFoundCodes, kindGrantNotFound
	case 409:
		codes = conflictCodes
	case 410:
		return kindGrantDeleted
	case 429:
		if !body.JSON {
			return kindRateLimit
		}
		codes = tooManyCodes
	case 500, 503:
		codes = serverCodes
	}
	if k := codes[body.Code]; k != nil {
		return k
	}
	if s == surfaceKeys {
		return classifyKeys(status, body, fallback)
	}
	return fallback
}

// classifyKeys tells the errors about keys apart where the main surface does
// not. The official client leaves them untyped here, and calls an unknown key a
// missing grant.
func classifyKeys(status int, body wire.ErrorBody, fallback *kind) *kind {
	switch {
	case body.Code == "key_revoked" && status == 409:
		return kindKeyAlreadyRevoked
	case body.Code == "key_not_found" || body.Code == "last_active_key" || body.Code == "agent_key_limit_reached":
		return agentCodes[body.Code]
	case fallback == kindGrantNotFound:
		return kindBackend
	}
	return fallback
}

func classifyAgents(status int, body wire.ErrorBody) *kind {
	switch {
	case body.Code == "insufficient_scope":
		return kindScope
	case status == 429 && !body.JSON, body.Code == "rate_limit_exceeded":
		return kindRateLimit
	case body.Code == "agent_concurrent_update" && status == 409:
		return kindAgentUpdate
	case body.Code == "key_revoked" && status == 409:
		return kindKeyAlreadyRevoked
	case status == 401 && unauthorizedCodes[body.Code] != nil && body.Code != "jwt_validation_error":
		return unauthorizedCodes[body.Code]
	}
	if k := agentCodes[body.Code]; k != nil {
		return k
	}
	return kindBackend
}
