package interop_test

import "regexp"

// cannedAnswers are small answers that both clients accept. The order matters.
func cannedAnswers() []canned {
	const (
		agent    = `{"id":"` + idAgent + `","name":"n","type":"agent","status":"active","version":1,"created_at":"2026-01-01T00:00:00Z"}`
		made     = `{"id":"` + idAgent + `","name":"n","type":"agent","status":"active","version":1,"created_at":"2026-01-01T00:00:00Z","api_key":null,"key_id":"` + idKey + `"}`
		key      = `{"key_id":"` + idKey + `","key_prefix":"p","name":"n","created_at":"2026-01-01T00:00:00Z"}`
		api      = `{"id":"` + idKey + `","name":"n","key_prefix":"p","key_type":"dk","scopes":[],"scope_version":1,"created_at":"2026-01-01T00:00:00Z"}`
		mint     = `{"id":"` + idKey + `","name":"n","key_prefix":"p","key_type":"dk","scopes":[],"scope_version":1,"created_at":"2026-01-01T00:00:00Z","api_key":"` + agentKey + `"}`
		token    = `{"access_token":"test-secret-token","grant_id":"` + idGrant + `","provider_id":"github","token_generation":"` + idOther + `"}`
		expiry   = `"expires_at":"2026-01-01T00:00:00Z","expires_in":600`
		spec     = `{"provider_kind":"oauth","provider_id":"github","provenance":"p","content_hash":"h","version":1,"operation_count":1,"fetched_at":"2026-01-01T00:00:00Z","changed_at":"2026-01-01T00:00:00Z"}`
		identity = `{"app_id":"` + idOther + `","app_user_id":null,"agent_id":null,"group_ids":[]}`
	)
	keySession := `{"session_token":"ks_1","connect_url":"{base}/connect/ks_1","expires_in":600,"expires_at":"2026-01-01T00:00:00Z","path":null`
	approval := func(status, result string) string {
		return `{"approval_id":"` + idKey + `","approval_group_id":"` + idOther + `","status":"` + status + `","expires_at":"2026-01-01T00:00:00Z","has_result":` + result +
			`,"gates":[{"approval_id":"` + idKey + `","status":"approved","expires_at":"2026-01-01T00:00:00Z"}]}`
	}
	list := func(name string) string {
		return `{"` + name + `":[],"total":0,"limit":100,"offset":0,"has_more":false}`
	}
	at := func(method, path string, status int, body string) canned {
		return canned{method: method, path: regexp.MustCompile("^" + path + "$"), status: status, body: body}
	}
	once := func(c canned) canned { c.once = true; return c }
	asked := func(c canned, text string) canned { c.asked = text; return c }
	with := func(c canned, name, value string) canned { c.header = map[string]string{name: value}; return c }
	session := `{"session_token":"cs_1","connect_url":"{base}/connect/cs_1","expires_in":600,"expires_at":"2026-01-01T00:00:00Z"}`
	return []canned{
		at("GET", "/sdk/agents/me", 200, agent),
		at("GET", "/sdk/agents", 200, list("items")),
		at("POST", "/sdk/agents", 201, made),
		at("POST", "/sdk/agents/[^/]+/keys", 201, key[:len(key)-1]+`,"api_key":"`+agentKey+`"}`),
		at("GET", "/sdk/agents/[^/]+/keys", 200, `{"items":[`+key+`]}`),
		at("PATCH", "/sdk/agents/[^/]+/keys/[^/]+/(un)?deprecate", 200, key),
		at("DELETE", "/sdk/agents/[^/]+/keys/[^/]+", 200, key),
		at("GET", "/sdk/agents/[^/]+", 200, agent),
		at("PATCH", "/sdk/agents/[^/]+", 200, agent),
		at("DELETE", "/sdk/agents/[^/]+", 200, agent),
		at("POST", "/sdk/keys/derive", 201, mint),
		at("POST", "/sdk/keys/[^/]+/rotate", 200, mint),
		at("DELETE", "/sdk/keys/[^/]+", 200, api),
		at("POST", "/sdk/grants/list", 200, list("grants")),
		at("POST", "/sdk/grants/[^/]+/mint", 201, `{"grant_id":"`+idOther+`","provider_id":"github","status":"active","created_at":"2026-01-01T00:00:00Z","principal_type":"user"}`),
		at("POST", "/sdk/grants/[^/]+/delegate", 201, `{"grant_id":"`+idOther+`","grant_kind":"oauth","parent_grant_id":"`+idGrant+`","depth":1,"delegable":false,"status":"active"}`),
		at("POST", "/sdk/grants/[^/]+/report-scope-mismatch", 204, ""),
		at("DELETE", "/sdk/grants/[^/]+/delegations/[^/]+", 204, ""),
		at("POST", "/sdk/oauth/grants/[^/]+/revoke", 200, `{"success":true,"message":"m","grant_id":"`+idGrant+`","revoked_at":"2026-01-01T00:00:00Z"}`),
		asked(at("POST", "/sdk/oauth/connect/session", 404, `{"error":"grant_not_found","message":"m"}`), `"repair_grant_id":"`+idOther),
		at("POST", "/sdk/oauth/connect/session", 201, session),
		once(at("POST", "/sdk/oauth/connect/session/poll", 200, `{"status":"pending"}`)),
		at("POST", "/sdk/oauth/connect/session/poll", 200, `{"status":"completed","grants":[{"grant_id":"`+idGrant+`","provider_id":"github"}]}`),
		at("POST", "/sdk/auth/session", 201, `{"session_token":"as_1","auth_url":"{base}/signin/as_1","expires_in":600,"expires_at":"2026-01-01T00:00:00Z"}`),
		once(at("POST", "/sdk/auth/poll", 200, `{"status":"pending"}`)),
		at("POST", "/sdk/auth/poll", 200, `{"status":"completed","user_token":"user-token","user_info":{"sub":"u"}}`),
		at("POST", "/sdk/auth/verify-token", 200, `{"sub":"u"}`),
		asked(at("POST", "/sdk/token", 404, `{"error":"no_delegated_grant","message":"m","provider_id":"github","agent_id":"`+idAgent+`"}`), "no-delegated"),
		asked(at("POST", "/sdk/token", 400, `{"error":"credential_revoked","message":"m","grant_id":"`+idOther+`","provider_id":"github"}`), "credential-revoked"),
		at("POST", "/sdk/token", 200, token),
		at("POST", "/sdk/oauth/audit/api-call", 204, ""),
		asked(at("POST", "/sdk/proxy", 202, `{"approval_id":"`+idKey+`","approval_group_id":"`+idOther+`","status":"pending",`+expiry+`,"approval_url":"{base}/approvals/1","gates":[{"approval_id":"`+idKey+`",`+expiry+`,"approval_url":"{base}/approvals/1"}]}`), "/held"),
		once(at("GET", "/sdk/approvals/"+idKey, 200, approval("pending", "false"))),
		at("GET", "/sdk/approvals/"+idKey, 200, approval("executed", "true")),
		at("GET", "/sdk/approvals/"+idOther, 200, approval("denied", "false")),
		at("GET", "/sdk/approvals/[^/]+/result", 200, `{"status_code":201,"headers":{},"body_b64":"e30="}`),
		at("POST", "/sdk/managed-secrets/[^/]+/grants", 201, `{"grant_id":"`+idGrant+`","principal_type":"user","label":null,"created_at":"2026-01-01T00:00:00Z","credential_id":null}`),
		asked(at("POST", "/sdk/managed-secrets/connect/session", 201, keySession+`,"delegable_requested":true,"secret_slug":"stripe"}`), `"delegable":true`),
		asked(at("POST", "/sdk/managed-secrets/connect/session", 201, keySession+`,"template_slug":"stripe"}`), `"template_slug"`),
		at("POST", "/sdk/managed-secrets/connect/session", 201, keySession+`,"secret_slug":"stripe"}`),
		at("GET", "/sdk/scopes", 200, `{"scope_version":1,"resources":{"grants":{"verbs":["read"]}},"action_verbs":[],"deprecated":[]}`),
		at("GET", "/sdk/oauth/provider-catalog", 200, `{"providers":{}}`),
		at("GET", "/sdk/provider-specs", 200, `{"items":[`+spec+`],"total":1}`),
		at("GET", "/sdk/provider-specs/[^/]+/[^/]+", 200, spec),
		at("GET", "/sdk/provider-specs/[^/]+/[^/]+/operations", 200, list("items")[:len(list("items"))-1]+`,"spec":`+spec+`}`),
		at("GET", "/sdk/provider-specs/[^/]+/[^/]+/operation", 200, `{"operation_id":"x","method":"GET","path_template":"/x","spec":`+spec+`}`),
		at("POST", "/sdk/identity/resolve", 200, identity),
		at("POST", "/sdk/identity/assert", 200, `{"token":"test-secret-assertion","expires_at":"2026-01-01T00:00:00Z","identity":`+identity+`}`),
		at("POST", "/sdk/spans", 200, `{"accepted":1}`),
		at("POST", "/sdk/proxy", 200, `{"status_code":200,"headers":{"content-type":"application/json"},"body_b64":"e30="}`),

		// The provider.
		with(at("GET", "/provider/narrow", 403, `{"message":"scope"}`), "WWW-Authenticate", `Bearer error="insufficient_scope", scope="repo user"`),
		at("GET", "/provider/unauthorized", 401, `{}`),
		at("GET", "/provider/moved", 302, ""),
		at("GET", "/provider/.*", 200, `{"login":"octo"}`),
		at("POST", "/provider/.*", 200, `{"login":"octo"}`),
		at("PUT", "/provider/.*", 200, `{"login":"octo"}`),
	}
}
