package vault_test

import (
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault"
)

// The examples talk to a vault and a provider in memory: both answer from the
// table below.
const (
	exampleKey    = "alter_key_test-secret-key-0123456789-abcdefghijkl_"
	exampleAppKey = "alter_rk_abcdefghijklmnopqrstuv_iwpykn"
	grantID       = "22222222-2222-4222-8222-222222222222"
	agentID       = "11111111-1111-4111-8111-111111111111"
	approvalID    = "44444444-4444-4444-8444-444444444444"
	appID         = "55555555-5555-4555-8555-555555555555"
	userID        = "66666666-6666-4666-8666-666666666666"
)

const exampleInfo = `"id":"` + agentID + `","name":"triage","type":"agent","status":"active","version":4,"created_at":"2026-01-01T00:00:00Z","scopes":{"github":["repo"]}`

const exampleKeyInfo = `"key_id":"` + grantID + `","key_prefix":"alter_key_te","name":"triage-1","created_at":"2026-01-01T00:00:00Z"`

const exampleAPIKey = `"id":"` + grantID + `","name":"nightly","key_prefix":"alter_dk_x","key_type":"dk","scopes":["proxy:execute"],"scope_version":1,"created_at":"2026-01-01T00:00:00Z"`

const exampleGrant = `"grant_id":"` + grantID + `","provider_id":"github","status":"active","created_at":"2026-01-01T00:00:00Z","principal_type":"user","account_identifier":"octo"`

const exampleSpec = `{"provider_kind":"oauth","provider_id":"github","version":1,"provenance":"grantgen","content_hash":"sha256:0","operation_count":1223,"fetched_at":"2026-01-01T00:00:00Z","changed_at":"2026-01-01T00:00:00Z"}`

var exampleAnswers = map[string]string{
	"POST /sdk/token":               `{"access_token":"test-secret-token","grant_id":"` + grantID + `","provider_id":"github"}`,
	"POST /sdk/proxy":               `{"status_code":200,"headers":{"content-type":"application/json"},"body_b64":"eyJsb2dpbiI6Im9jdG8ifQ=="}`,
	"GET /sdk/agents/me":            `{` + exampleInfo + `}`,
	"POST /sdk/agents":              `{` + exampleInfo + `,"api_key":"test-secret-new-key","key_id":"` + grantID + `"}`,
	"GET /sdk/agents":               `{"items":[{` + exampleInfo + `}],"total":1,"limit":100,"offset":0,"has_more":false}`,
	"GET /sdk/agents/" + agentID:    `{` + exampleInfo + `}`,
	"PATCH /sdk/agents/" + agentID:  `{` + exampleInfo + `}`,
	"DELETE /sdk/agents/" + agentID: `{` + strings.Replace(exampleInfo, "active", "revoked", 1) + `}`,

	"POST /sdk/agents/" + agentID + "/keys":                              `{` + exampleKeyInfo + `,"api_key":"test-secret-new-key"}`,
	"GET /sdk/agents/" + agentID + "/keys":                               `{"items":[{` + exampleKeyInfo + `}]}`,
	"PATCH /sdk/agents/" + agentID + "/keys/" + grantID + "/deprecate":   `{` + exampleKeyInfo + `,"deprecated_at":"2026-01-02T00:00:00Z"}`,
	"PATCH /sdk/agents/" + agentID + "/keys/" + grantID + "/undeprecate": `{` + exampleKeyInfo + `}`,
	"DELETE /sdk/agents/" + agentID + "/keys/" + grantID:                 `{` + exampleKeyInfo + `,"revoked_at":"2026-01-02T00:00:00Z"}`,

	"POST /sdk/keys/derive":                     `{` + exampleAPIKey + `,"api_key":"test-secret-derived-key"}`,
	"POST /sdk/keys/" + grantID + "/rotate":     `{` + exampleAPIKey + `,"api_key":"test-secret-rotated-key"}`,
	"DELETE /sdk/keys/" + grantID:               `{` + exampleAPIKey + `,"revoked_at":"2026-01-02T00:00:00Z"}`,
	"POST /sdk/grants/list":                     `{"grants":[{"grant_kind":"oauth",` + exampleGrant + `}],"total":1,"limit":100,"offset":0,"has_more":false}`,
	"POST /sdk/grants/" + grantID + "/mint":     `{` + exampleGrant + `,"label":"read-only"}`,
	"POST /sdk/grants/" + grantID + "/delegate": `{"grant_id":"33333333-3333-4333-8333-333333333333","grant_kind":"oauth","parent_grant_id":"` + grantID + `","depth":1,"delegable":false,"status":"active"}`,

	"POST /sdk/oauth/grants/" + grantID + "/revoke":             `{"success":true,"message":"revoked","grant_id":"` + grantID + `","revoked_at":"2026-01-02T00:00:00Z"}`,
	"DELETE /sdk/grants/" + grantID + "/delegations/me":         ``,
	"DELETE /sdk/grants/" + grantID + "/delegations/" + agentID: ``,

	"POST /sdk/oauth/connect/session":      `{"session_token":"test-secret-session","connect_url":"https://vault.example.com/connect","expires_in":600,"expires_at":"2026-01-01T00:10:00Z"}`,
	"POST /sdk/oauth/connect/session/poll": `{"status":"completed","grants":[{` + `"grant_id":"` + grantID + `","provider_id":"github"}]}`,
	"POST /sdk/auth/session":               `{"session_token":"test-secret-session","auth_url":"https://idp.example.com/login","expires_in":600,"expires_at":"2026-01-01T00:10:00Z"}`,
	"POST /sdk/auth/poll":                  `{"status":"completed","user_token":"test-secret-user-token","user_info":{"sub":"user-1"}}`,
	"POST /sdk/auth/verify-token":          `{"sub":"user-1"}`,

	"POST /sdk/managed-secrets/" + grantID + "/grants": `{"grant_id":"33333333-3333-4333-8333-333333333333","principal_type":"user","label":"shop","created_at":"2026-01-01T00:00:00Z"}`,
	"POST /sdk/managed-secrets/connect/session":        `{"session_token":"test-secret-session","connect_url":"https://vault.example.com/connect","expires_in":600,"expires_at":"2026-01-01T00:10:00Z","path":"key_entry","secret_slug":"stripe-production"}`,

	"GET /sdk/scopes":                                 `{"scope_version":1,"resources":{"grants":{"verbs":["admin","read"]}},"action_verbs":["read"]}`,
	"GET /sdk/oauth/provider-catalog":                 `{"providers":{"github":{"id":"github","name":"github","display_name":"GitHub","supports_refresh":true,"supports_pkce":true,"available_scopes":{},"default_scopes":["repo"],"required_scopes":[],"status":"active"}}}`,
	"GET /sdk/provider-specs":                         `{"items":[` + exampleSpec + `],"total":1}`,
	"GET /sdk/provider-specs/oauth/github":            exampleSpec,
	"GET /sdk/provider-specs/oauth/github/operations": `{"items":[{"operation_id":"issues/create","method":"POST","path_template":"/repos/{owner}/{repo}/issues"}],"total":1,"limit":100,"offset":0,"has_more":false,"spec":` + exampleSpec + `}`,
	"GET /sdk/provider-specs/oauth/github/operation":  `{"operation_id":"issues/create","method":"POST","path_template":"/repos/{owner}/{repo}/issues","request_schema":{"type":"object","required":["title"]},"spec":` + exampleSpec + `}`,

	"POST /sdk/spans":            `{"accepted":1}`,
	"POST /sdk/identity/resolve": `{"app_id":"` + appID + `","app_user_id":"` + userID + `","user_status":"active","email":"ada@example.com"}`,
	"POST /sdk/identity/assert":  `{"token":"test-secret-assertion","expires_at":"2026-01-01T00:02:00Z","identity":{"app_id":"` + appID + `","agent_id":"` + agentID + `"}}`,

	"GET /sdk/approvals/" + approvalID:             `{"approval_id":"` + approvalID + `","approval_group_id":"` + grantID + `","status":"executed","gates":[{"approval_id":"` + approvalID + `","status":"approved","expires_at":"2026-01-01T00:10:00Z"}],"expires_at":"2026-01-01T00:10:00Z","has_result":true}`,
	"GET /sdk/approvals/" + approvalID + "/result": `{"status_code":201,"headers":{},"body_b64":"eyJudW1iZXIiOjd9","approval_id":"` + approvalID + `"}`,

	"GET /user":          `{"login":"octo"}`,
	"GET /repos/acme/a":  `{"name":"a"}`,
	"POST /repos/acme/a": `{"name":"a"}`,
}

type exampleTransport struct{}

func (exampleTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, known := exampleAnswers[req.Method+" "+req.URL.Path]
	status := http.StatusOK
	switch {
	case req.URL.Path == "/sdk/auth/session":
		status = http.StatusCreated
	case strings.Contains(req.URL.Path, "/forbidden"):
		status, body = http.StatusUnauthorized, `{"message":"bad credentials"}`
	case !known && req.URL.Path != "/sdk/oauth/audit/api-call":
		status, body = http.StatusNotFound, `{"error":"not_found"}`
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if req.URL.Path == "/sdk/agents/"+agentID {
		header.Set("X-Alter-Key-Deprecated", "true")
		header.Set("X-Alter-Actor-ID", "33333333-3333-4333-8333-333333333333")
		header.Set("X-RateLimit-Limit", "60")
		header.Set("X-RateLimit-Remaining", "41")
		header.Set("X-RateLimit-Reset", "1767225660")
	}
	return &http.Response{
		StatusCode: status, Header: header,
		Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}, nil
}

// exampleVault and exampleProvider are what the examples' WithBackend and
// WithProviderTransport get.
var exampleVault, exampleProvider http.RoundTripper = exampleTransport{}, exampleTransport{}

func exampleAgent() *vault.Agent {
	agent, err := vault.NewAgent(exampleKey, vault.WithBackend(exampleVault), vault.WithProviderTransport(exampleProvider))
	if err != nil {
		log.Fatal(err)
	}
	return agent
}

func exampleApp() *vault.App {
	app, err := vault.NewApp(exampleAppKey, vault.WithBackend(exampleVault), vault.WithProviderTransport(exampleProvider))
	if err != nil {
		log.Fatal(err)
	}
	return app
}
