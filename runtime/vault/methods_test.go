package vault

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// managed is one call of a management method: what has to go over the wire.
type managed struct {
	name     string
	do       func(context.Context) error
	endpoint string // of wire-answers.json, whose smallest answer is scripted
	want     string // method, target and body
	status   int    // of the scripted answer; 0 is 200
	agent    bool   // made with the agent's own key
	traced   bool   // carries the trace of the context
}

// managementCalls lists every method that is not about a provider call, with its
// script set up.
func managementCalls(vault *fakeVault, app *App, agent *Agent) []managed {
	answers := minimalAnswers(vault.t)
	const id, key = testAgentID, "k/1 x"
	calls := []managed{
		{name: "me", agent: true, traced: true, endpoint: "GET /sdk/agents/me", want: "GET /sdk/agents/me", do: discard(agent.Me)},
		{name: "create", traced: true, endpoint: "POST /sdk/agents", status: 201, want: `POST /sdk/agents {"name":"n","type":"agent","scopes":{},"metadata":{}}`,
			do: func(ctx context.Context) error {
				return second(app.Agents().Create(ctx, AgentParams{Name: "n"}))
			}},
		{name: "create full", traced: true, endpoint: "POST /sdk/agents", status: 201,
			want: `POST /sdk/agents {"name":"n","type":"service","scopes":{"github":["repo"],"managed_secret_slugs":["stripe"]},"metadata":{"a":1},"display_name":"","policy":{"p":true}}`,
			do: func(ctx context.Context) error {
				return second(app.Agents().Create(ctx, AgentParams{
					Name: "n", Type: CallerService, Scopes: map[string][]string{"managed_secret_slugs": {"stripe"}, "github": {"repo"}},
					DisplayName: new(""), Metadata: map[string]any{"a": 1}, Policy: map[string]any{"p": true}, IdempotencyKey: "once",
				}))
			}},
		{name: "list", traced: true, endpoint: "GET /sdk/agents", want: "GET /sdk/agents?include_revoked=false&limit=100&offset=0",
			do: func(ctx context.Context) error { return last(app.Agents().List(ctx, AgentFilter{})) }},
		{name: "list all", traced: true, endpoint: "GET /sdk/agents", want: "GET /sdk/agents?include_revoked=true&limit=5&offset=10",
			do: func(ctx context.Context) error {
				return last(app.Agents().List(ctx, AgentFilter{IncludeRevoked: true, PageSize: 5, Offset: 10}))
			}},
		{name: "get", traced: true, endpoint: "GET /sdk/agents/{id}", want: "GET /sdk/agents/a%2Fb",
			do: func(ctx context.Context) error { return second(app.Agents().Get(ctx, "a/b")) }},
		{name: "by name", traced: true, endpoint: "GET /sdk/agents?name=", want: "GET /sdk/agents?name=my+agent%26",
			do: func(ctx context.Context) error { return second(app.Agents().GetByName(ctx, "my agent&")) }},
		{name: "update nothing", traced: true, endpoint: "PATCH /sdk/agents/{id}", want: "PATCH /sdk/agents/" + id + " {}",
			do: func(ctx context.Context) error { return second(app.Agents().Update(ctx, id, AgentChange{})) }},
		{name: "update", traced: true, endpoint: "PATCH /sdk/agents/{id}",
			want: "PATCH /sdk/agents/" + id + `?grace_seconds=0&expected_version=3 {"display_name":"d","metadata":{},"scopes":{},"policy":{"a":1}}`,
			do: func(ctx context.Context) error {
				return second(app.Agents().Update(ctx, id, AgentChange{
					DisplayName: new("d"), Metadata: map[string]any{}, Policy: map[string]any{"a": 1}, Scopes: map[string][]string{},
					ExpectedVersion: 3, GracePeriod: new(time.Duration(0)),
				}))
			}},
		{name: "suspend", traced: true, endpoint: "PATCH /sdk/agents/{id}", want: "PATCH /sdk/agents/" + id + ` {"status":"inactive"}`,
			do: func(ctx context.Context) error { return second(app.Agents().Suspend(ctx, id)) }},
		{name: "resume", traced: true, endpoint: "PATCH /sdk/agents/{id}", want: "PATCH /sdk/agents/" + id + ` {"status":"active"}`,
			do: func(ctx context.Context) error { return second(app.Agents().Resume(ctx, id)) }},
		{name: "delete", traced: true, endpoint: "DELETE /sdk/agents/{id}", want: "DELETE /sdk/agents/" + id,
			do: func(ctx context.Context) error { return second(app.Agents().Delete(ctx, id)) }},
		{name: "mint key", traced: true, endpoint: "POST /sdk/agents/{id}/keys", status: 201, want: "POST /sdk/agents/" + id + "/keys {}",
			do: func(ctx context.Context) error { return second(app.Agents().MintKey(ctx, id)) }},
		{name: "list keys", traced: true, endpoint: "GET /sdk/agents/{id}/keys", want: "GET /sdk/agents/" + id + "/keys",
			do: func(ctx context.Context) error { return second(app.Agents().ListKeys(ctx, id)) }},
		{name: "deprecate", traced: true, endpoint: "PATCH /sdk/agents/{id}/keys/{key_id}/deprecate", want: "PATCH /sdk/agents/" + id + "/keys/k%2F1%20x/deprecate {}",
			do: func(ctx context.Context) error { return second(app.Agents().DeprecateKey(ctx, id, key)) }},
		{name: "undeprecate", traced: true, endpoint: "PATCH /sdk/agents/{id}/keys/{key_id}/undeprecate", want: "PATCH /sdk/agents/" + id + "/keys/k%2F1%20x/undeprecate {}",
			do: func(ctx context.Context) error { return second(app.Agents().UndeprecateKey(ctx, id, key)) }},
		{name: "revoke key", traced: true, endpoint: "DELETE /sdk/agents/{id}/keys/{key_id}", want: "DELETE /sdk/agents/" + id + "/keys/k%2F1%20x",
			do: func(ctx context.Context) error { return second(app.Agents().RevokeKey(ctx, id, key, false)) }},
		{name: "revoke last key", traced: true, endpoint: "DELETE /sdk/agents/{id}/keys/{key_id}", want: "DELETE /sdk/agents/" + id + "/keys/k?force=true",
			do: func(ctx context.Context) error { return second(app.Agents().RevokeKey(ctx, id, "k", true)) }},
		{name: "derive", traced: true, endpoint: "POST /sdk/keys/derive", status: 201, want: `POST /sdk/keys/derive {"scopes":["a","b"],"expires_in":60}`,
			do: func(ctx context.Context) error {
				return second(app.Keys().Derive(ctx, KeyParams{Scopes: []string{"a", "b"}, ExpiresIn: time.Minute}))
			}},
		{name: "derive full", agent: true, traced: true, endpoint: "POST /sdk/keys/derive", status: 201,
			want: `POST /sdk/keys/derive {"scopes":["a"],"expires_in":1,"cidr_allowlist":["10.0.0.0/8"],"name":"n","metadata":{"m":null}}`,
			do: func(ctx context.Context) error {
				return second(agent.Keys().Derive(ctx, KeyParams{
					Scopes: []string{"a"}, ExpiresIn: time.Second, CIDRs: []string{"10.0.0.0/8"}, Name: "n", Metadata: map[string]any{"m": nil},
				}))
			}},
		{name: "rotate", traced: true, endpoint: "POST /sdk/keys/{id}/rotate", want: "POST /sdk/keys/k%2F1%20x/rotate " + `{"overlap_days":7}`,
			do: func(ctx context.Context) error { return second(app.Keys().Rotate(ctx, key, 7)) }},
		{name: "keys revoke", traced: true, endpoint: "DELETE /sdk/keys/{id}", want: "DELETE /sdk/keys/k?force=true",
			do: func(ctx context.Context) error { return second(app.Keys().Revoke(ctx, "k", true)) }},
		{name: "grants", traced: true, endpoint: "POST /sdk/grants/list", want: `POST /sdk/grants/list {"limit":100,"offset":0}`,
			do: func(ctx context.Context) error { return last(app.ListGrants(ctx, GrantFilter{})) }},
		{name: "grants full", agent: true, traced: true, endpoint: "POST /sdk/grants/list",
			want: `POST /sdk/grants/list {"limit":7,"offset":3,"provider_id":"p","status":"active","account":"a","label":"l","user_token":"u"}`,
			do: func(ctx context.Context) error {
				return last(agent.ListGrants(ctx, GrantFilter{Provider: "p", Status: "active", Account: "a", Label: "l", UserToken: "u", PageSize: 7, Offset: 3}))
			}},
		{name: "mint", traced: true, endpoint: "POST /sdk/grants/{id}/mint", status: 201, want: "POST /sdk/grants/a%2Fb%20c/mint " + `{"label":"l"}`,
			do: func(ctx context.Context) error {
				return second(app.MintGrant(ctx, "a/b c", MintParams{Label: "l"}))
			}},
		{name: "mint full", traced: true, endpoint: "POST /sdk/grants/{id}/mint", status: 201,
			want: "POST /sdk/grants/" + id + `/mint {"label":"l","grant_policy":{"max_ttl_seconds":60,"restrictions":{"allowed_methods":["GET"]}},"grant_tags":[]}`,
			do: func(ctx context.Context) error {
				return second(app.MintGrant(ctx, id, MintParams{Label: "l", Tags: []string{}, Policy: map[string]any{
					"restrictions": map[string]any{"allowed_methods": []string{"GET"}}, "max_ttl_seconds": 60,
				}}))
			}},
		{name: "delegate", agent: true, traced: true, endpoint: "POST /sdk/grants/{id}/delegate", status: 201, want: "POST /sdk/grants/g/delegate " + `{"to_agent_id":"` + id + `"}`,
			do: func(ctx context.Context) error { return second(agent.Delegate(ctx, "g", id, DelegateParams{})) }},
		{name: "delegate full", agent: true, traced: true, endpoint: "POST /sdk/grants/{id}/delegate", status: 201,
			want: "POST /sdk/grants/g/delegate " + `{"to_agent_id":"` + id + `","delegable":false,"scope_constraint":["a"],"ttl_seconds":60}`,
			do: func(ctx context.Context) error {
				return second(agent.Delegate(ctx, "g", id, DelegateParams{Delegable: new(false), ScopeConstraint: []string{"a"}, TTL: time.Minute}))
			}},
		{name: "revoke delegation", endpoint: "DELETE /sdk/grants/{id}/delegations/{agent_id}", status: 204, want: "DELETE /sdk/grants/" + testGrant + "/delegations/" + id,
			do: func(ctx context.Context) error {
				return app.RevokeDelegation(ctx, strings.ToUpper(testGrant), strings.ToUpper(id))
			}},
		{name: "revoke own", agent: true, endpoint: "DELETE /sdk/grants/{id}/delegations/me", status: 204, want: "DELETE /sdk/grants/" + testGrant + "/delegations/me",
			do: func(ctx context.Context) error { return agent.RevokeDelegation(ctx, testGrant) }},
		{name: "revoke grant", endpoint: "POST /sdk/oauth/grants/{id}/revoke", want: "POST /sdk/oauth/grants/" + testGrant + "/revoke {}",
			do: func(ctx context.Context) error { return second(app.RevokeGrant(ctx, testGrant, "")) }},
		{name: "revoke grant, reason", endpoint: "POST /sdk/oauth/grants/{id}/revoke", want: "POST /sdk/oauth/grants/" + testGrant + `/revoke {"reason":"le\u00e3ving"}`,
			do: func(ctx context.Context) error { return second(app.RevokeGrant(ctx, testGrant, "leãving")) }},
		{name: "session", endpoint: "POST /sdk/oauth/connect/session", status: 201,
			want: `POST /sdk/oauth/connect/session {"allowed_providers":null,"return_url":null,"allowed_origin":null,"metadata":null}`,
			do:   func(ctx context.Context) error { return second(app.CreateConnectSession(ctx, ConnectParams{})) }},
		{name: "session full", agent: true, endpoint: "POST /sdk/oauth/connect/session", status: 201,
			want: `POST /sdk/oauth/connect/session {"allowed_providers":["google"],"return_url":"r","allowed_origin":"o","metadata":{"ip_address":"i"},` +
				`"direct":true,"switch_account":true,"allow_user_policy_rules":false,"grant_policy":{"expires_at":"2026-01-02T03:04:05Z","max_ttl_seconds":60},` +
				`"required_scopes":{"google":["s"]},"requested_grant":{"label":"l","restrictions":{"allowed_methods":["GET"]}},"agent":"a","delegable":false,` +
				`"scope_constraint":["s"],"user_token":"u"}`,
			do: func(ctx context.Context) error {
				return second(agent.CreateConnectSession(ctx, ConnectParams{
					Providers: []string{"google"}, ReturnURL: "r", AllowedOrigin: "o", Metadata: &ConnectMetadata{IPAddress: "i"}, Direct: true,
					SwitchAccount: true, HideUserRules: true, Policy: &GrantPolicy{ExpiresAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), MaxTTL: time.Minute},
					RequiredScopes: map[string][]string{"google": {"s"}}, Requested: &RequestedGrant{Label: "l", AllowedMethods: []string{"GET"}},
					Agent: "a", Delegable: new(false), ScopeConstraint: []string{"s"}, UserToken: "u",
				}))
			}},
		{name: "session poll", endpoint: "POST /sdk/oauth/connect/session/poll", want: `POST /sdk/oauth/connect/session/poll {"session_token":"s"}`,
			do: func(ctx context.Context) error { return second(app.PollSession(ctx, "s")) }},
		{name: "sign-in", endpoint: "POST /sdk/auth/session", status: 201, want: "POST /sdk/auth/session {}", do: discard(app.CreateAuthSession)},
		{name: "sign-in poll", endpoint: "POST /sdk/auth/poll", want: `POST /sdk/auth/poll {"session_token":"s","wait_ms":25000}`,
			do: func(ctx context.Context) error { return second(app.PollAuthSession(ctx, "s")) }},
		{name: "verify", endpoint: "POST /sdk/auth/verify-token", want: `POST /sdk/auth/verify-token {"token":"t"}`,
			do: func(ctx context.Context) error { return second(app.VerifyUserToken(ctx, "t")) }},
		{name: "secret grant", endpoint: "POST /sdk/managed-secrets/{id}/grants", status: 201,
			want: "POST /sdk/managed-secrets/a%2Fb%20c/grants " + `{"principal":{"type":"system","label":null},"grant_policy":{}}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretGrant(ctx, "a/b c", ManagedSecretGrantParams{Principal: SystemPrincipal{}}))
			}},
		{name: "secret grant full", endpoint: "POST /sdk/managed-secrets/{id}/grants", status: 201,
			want: "POST /sdk/managed-secrets/" + id + `/grants {"principal":{"type":"user","user_token":"u","label":"l"},"grant_policy":{"max_ttl_seconds":60,"default_ttl_seconds":30},"credential_id":"c"}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretGrant(ctx, id, ManagedSecretGrantParams{
					Principal: UserPrincipal{UserToken: "u", Label: "l"}, Policy: &GrantPolicy{MaxTTL: time.Minute, DefaultTTL: 30 * time.Second}, CredentialID: "c",
				}))
			}},
		{name: "secret grant group", endpoint: "POST /sdk/managed-secrets/{id}/grants", status: 201,
			want: "POST /sdk/managed-secrets/" + id + `/grants {"principal":{"type":"group","external_group_id":"g","idp_id":"i","label":"l"},"grant_policy":{}}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretGrant(ctx, id, ManagedSecretGrantParams{Principal: GroupPrincipal{"g", "i", "l"}}))
			}},
		{name: "secret grant agent", endpoint: "POST /sdk/managed-secrets/{id}/grants", status: 201,
			want: "POST /sdk/managed-secrets/" + id + `/grants {"principal":{"type":"agent","label":"l"},"grant_policy":{}}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretGrant(ctx, id, ManagedSecretGrantParams{Principal: AgentPrincipal{"l"}}))
			}},
		{name: "secret session", agent: true, endpoint: "POST /sdk/managed-secrets/connect/session", status: 201,
			want: `POST /sdk/managed-secrets/connect/session {"provider":"x","user_token":"u"}`,
			do: func(ctx context.Context) error {
				return second(agent.CreateManagedSecretConnectSession(ctx, ManagedSecretConnectParams{Provider: "x", UserToken: "u"}))
			}},
		{name: "secret session full", endpoint: "POST /sdk/managed-secrets/connect/session", status: 201,
			want: `POST /sdk/managed-secrets/connect/session {"provider":"x","template_slug":"t-1","agent":"a","user_token":"u","allowed_origin":"o","return_url":"r",` +
				`"allow_user_policy_rules":false,"requested_grant":{"label":"l"},"grant_policy":{"max_ttl_seconds":60},"direct":true}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretConnectSession(ctx, ManagedSecretConnectParams{
					Provider: "x", TemplateSlug: "T-1", Agent: "a", UserToken: "u", AllowedOrigin: "o", ReturnURL: "r", HideUserRules: true, Label: "l",
					Policy: &GrantPolicy{MaxTTL: time.Minute}, Direct: true,
				}))
			}},
		{name: "secret session, older ways", endpoint: "POST /sdk/managed-secrets/connect/session", status: 201,
			want: `POST /sdk/managed-secrets/connect/session {"template_slug":"t","delegated_agent_id":"` + id + `","user_token":"u","requested_ttl_seconds":60}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretConnectSession(ctx, ManagedSecretConnectParams{
					TemplateSlug: "t", DelegatedAgentID: strings.ToUpper(id), UserToken: "u", RequestedTTL: time.Minute,
				}))
			}},
		{name: "secret session, repair", endpoint: "POST /sdk/managed-secrets/connect/session", status: 201,
			want: `POST /sdk/managed-secrets/connect/session {"provider":"x","user_token":"u","repair_grant_id":"` + testGrant + `"}`,
			do: func(ctx context.Context) error {
				return second(app.CreateManagedSecretConnectSession(ctx, ManagedSecretConnectParams{Provider: "x", UserToken: "u", RepairGrantID: strings.ToUpper(testGrant)}))
			}},
		{name: "spans", traced: true, endpoint: "POST /sdk/spans",
			want: `POST /sdk/spans {"spans":[{"trace_id":"t","name":"n","start_time":"2026-01-02T03:04:05Z","attributes":{}},` +
				`{"trace_id":"t","name":"n","start_time":"2026-01-02T03:04:05.000120+02:00","span_id":"s","parent_span_id":"p",` +
				`"end_time":"2026-01-02T03:04:05Z","attributes":{"a":"\u00e9","b":""}}]}`,
			do: func(ctx context.Context) error {
				at := time.Date(2026, 1, 2, 3, 4, 5, 999, time.UTC)
				return second(app.Spans().Emit(ctx, []Span{{TraceID: "t", Name: "n", Start: at}, {
					TraceID: "t", Name: "n", Start: time.Date(2026, 1, 2, 3, 4, 5, 120_000, time.FixedZone("", 7200)), SpanID: "s", ParentSpanID: "p", End: at,
					Attributes: map[string]string{"b": "", "a": "é"},
				}}))
			}},
		{name: "scopes", traced: true, endpoint: "GET /sdk/scopes", want: "GET /sdk/scopes", do: discard(app.Scopes().List)},
		{name: "catalog", agent: true, traced: true, endpoint: "GET /sdk/oauth/provider-catalog", want: "GET /sdk/oauth/provider-catalog", do: discard(agent.OAuthProviders().List)},
		{name: "catalog anew", traced: true, endpoint: "GET /sdk/oauth/provider-catalog", want: "GET /sdk/oauth/provider-catalog", do: discard(app.OAuthProviders().Refresh)},
		{name: "specs", traced: true, endpoint: "GET /sdk/provider-specs", want: "GET /sdk/provider-specs",
			do: func(ctx context.Context) error { return second(app.ProviderSpecs().List(ctx, "")) }},
		{name: "specs of a kind", agent: true, traced: true, endpoint: "GET /sdk/provider-specs", want: "GET /sdk/provider-specs?kind=managed",
			do: func(ctx context.Context) error { return second(agent.ProviderSpecs().List(ctx, ProviderManaged)) }},
		{name: "spec", traced: true, endpoint: "GET /sdk/provider-specs/{kind}/{id}", want: "GET /sdk/provider-specs/oauth/a%2Fb%20c",
			do: func(ctx context.Context) error { return second(app.ProviderSpecs().Get(ctx, ProviderOAuth, "a/b c")) }},
		{name: "operations", traced: true, endpoint: "GET /sdk/provider-specs/{kind}/{id}/operations", want: "GET /sdk/provider-specs/oauth/x/operations?limit=100&offset=0",
			do: func(ctx context.Context) error {
				return last(app.ProviderSpecs().ListOperations(ctx, ProviderOAuth, "x", OperationFilter{}))
			}},
		{name: "operations found", agent: true, traced: true, endpoint: "GET /sdk/provider-specs/{kind}/{id}/operations",
			want: "GET /sdk/provider-specs/managed/x/operations?limit=5&offset=7&search=a+b%2F%C3%A9",
			do: func(ctx context.Context) error {
				return second(agent.ProviderSpecs().OperationsPage(ctx, ProviderManaged, "x", OperationFilter{Search: "a b/é", PageSize: 5, Offset: 7}))
			}},
		{name: "operation", traced: true, endpoint: "GET /sdk/provider-specs/{kind}/{id}/operation", want: "GET /sdk/provider-specs/oauth/x/operation?operation_id=repos%2Fget",
			do: func(ctx context.Context) error {
				return second(app.ProviderSpecs().GetOperation(ctx, ProviderOAuth, "x", "repos/get"))
			}},
		{name: "identity", traced: true, endpoint: "POST /sdk/identity/resolve", want: `POST /sdk/identity/resolve {"include_profile":false}`,
			do: func(ctx context.Context) error { return second(app.ResolveIdentity(ctx, IdentityParams{})) }},
		{name: "identity full", agent: true, traced: true, endpoint: "POST /sdk/identity/resolve",
			want: `POST /sdk/identity/resolve {"include_profile":true,"user_token":"u","app_user_id":"i"}`,
			do: func(ctx context.Context) error {
				return second(agent.ResolveIdentity(ctx, AgentIdentityParams{UserToken: "u", AppUserID: "i", IncludeProfile: true}))
			}},
		{name: "assertion", agent: true, traced: true, endpoint: "POST /sdk/identity/assert", want: `POST /sdk/identity/assert {"include_profile":false,"audience":"urn:x"}`,
			do: func(ctx context.Context) error {
				return second(agent.AssertIdentity(ctx, "urn:x", 0, AgentIdentityParams{}))
			}},
		{name: "assertion full", traced: true, endpoint: "POST /sdk/identity/assert",
			want: `POST /sdk/identity/assert {"include_profile":true,"user_token":"u","audience":"https://m.example.com","ttl_seconds":10}`,
			do: func(ctx context.Context) error {
				return second(app.AssertIdentity(ctx, "https://m.example.com", 10*time.Second, IdentityParams{UserToken: "u", IncludeProfile: true}))
			}},
	}
	for i, c := range calls {
		body, ok := answers[c.endpoint]
		if !ok {
			vault.t.Errorf("%s: no answer for %s", c.name, c.endpoint)
		}
		status := c.status
		if status == 0 {
			status = 200
		}
		path, _, _ := strings.Cut(strings.Fields(c.want)[1], "?")
		do := calls[i].do
		calls[i].do = func(ctx context.Context) error {
			vault.script(unescape(path), answerWith(status, body))
			return do(ctx)
		}
	}
	return calls
}

// unescape is what net/http makes of a path for the fake's table.
func unescape(path string) string {
	return strings.NewReplacer("%2F", "/", "%20", " ").Replace(path)
}

func discard[T any](f func(context.Context) (T, error)) func(context.Context) error {
	return func(ctx context.Context) error { return second(f(ctx)) }
}

func second[T any](_ T, err error) error { return err }

func last[T any](seq func(func(T, error) bool)) (err error) {
	seq(func(_ T, e error) bool {
		err = e
		return true
	})
	return err
}

func minimalAnswers(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile("internal/wire/testdata/wire-answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Minimal []struct {
			Endpoint string
			Body     json.RawMessage `json:"answer_body"`
		} `json:"minimal_answers"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]json.RawMessage{}
	for _, a := range doc.Minimal {
		out[a.Endpoint] = a.Body
	}
	return out
}

// TestEveryMethodOnTheWire compares method, target and body of every call with
// the protocol's shape, and takes the smallest answer that the official client
// takes.
func TestEveryMethodOnTheWire(t *testing.T) {
	vault := newFakeVault(t)
	for _, m := range managementCalls(vault, vault.app(), vault.agent()) {
		t.Run(m.name, func(t *testing.T) {
			before := len(vault.all())
			if err := m.do(t.Context()); err != nil {
				t.Fatal(err)
			}
			sent := vault.all()[before:]
			if len(sent) != 1 {
				t.Fatalf("%d requests", len(sent))
			}
			got := sent[0]
			if line := strings.TrimSpace(got.Method + " " + got.Target + " " + got.Body); line != m.want {
				t.Errorf("sent\n%s, want\n%s", line, m.want)
			}
			key, want := got.Header.Get("X-Api-Key"), testApp
			if m.agent {
				want = testKey
			}
			if _, typed := got.Header["Content-Type"]; key != want || typed != (got.Body != "") {
				t.Errorf("headers %v", got.Header)
			}
			idem := ""
			if m.name == "create full" {
				idem = "once"
			}
			if got.Header.Get("Idempotency-Key") != idem {
				t.Errorf("idempotency key %q", got.Header.Get("Idempotency-Key"))
			}
		})
	}
}

// TestEveryMethodAfterClose refuses and sends nothing.
func TestEveryMethodAfterClose(t *testing.T) {
	vault := newFakeVault(t)
	app, agent := vault.app(), vault.agent()
	calls := managementCalls(vault, app, agent)
	if err := errors.Join(app.Close(t.Context()), agent.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	for _, m := range calls {
		if err := m.do(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	_, err := app.Request(t.Context(), "GET", "https://api.example.com", Grant(testGrant))
	wantError(t, err, ErrClosed, "closed")
	_, err = agent.ProxyRequest(t.Context(), "GET", "https://api.example.com", Grant(testGrant))
	wantError(t, err, ErrClosed, "closed")
	if got := vault.all(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

// TestEveryMethodOnBadAnswers: what does not fit the model is one typed error,
// and so is a vault that is not there.
func TestEveryMethodOnBadAnswers(t *testing.T) {
	vault := newFakeVault(t)
	app, agent := vault.app(), vault.agent()
	for _, m := range managementCalls(vault, app, agent) {
		if m.status == 204 {
			continue // the answer's body is not looked at
		}
		for _, body := range []string{"", "[]", "<html>", `{"x":1}`, "null"} {
			if m.name == "by name" && body == `{"x":1}` {
				continue // nobody has the name
			}
			status := m.status
			if status == 0 {
				status = 200
			}
			vault.answerAll(answerWith(status, []byte(body)))
			err := m.do(t.Context())
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != "bad_vault_answer" || !errors.Is(err, ErrVault) {
				t.Errorf("%s: answer %q: %v", m.name, body, err)
			}
		}
	}
	vault.answerAll(nil)
	gone := newFakeVault(t)
	app, agent = gone.app(), gone.agent()
	calls := managementCalls(gone, app, agent)
	gone.Close()
	for _, m := range calls {
		if m.name == "sign-in poll" {
			continue // waits faults out
		}
		if err := m.do(t.Context()); !errors.Is(err, ErrNetwork) {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
