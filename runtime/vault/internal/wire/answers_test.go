package wire

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// parsers read the answers of the management endpoints; the others are in
// vectors_test.go or belong to endpoints that have no client yet.
var parsers = map[string]func([]byte) (any, error){
	"POST /sdk/agents":                                 parser(ParseAgentCreated),
	"GET /sdk/agents":                                  parser(ParseAgentPage),
	"GET /sdk/agents?name=":                            parser(ParseAgentByName),
	"GET /sdk/agents/me":                               parser(ParseAgentInfo),
	"GET /sdk/agents/{id}":                             parser(ParseAgentInfo),
	"PATCH /sdk/agents/{id}":                           parser(ParseAgentInfo),
	"DELETE /sdk/agents/{id}":                          parser(ParseAgentInfo),
	"POST /sdk/agents/{id}/keys":                       parser(ParseAgentKeyMinted),
	"GET /sdk/agents/{id}/keys":                        parser(ParseAgentKeys),
	"PATCH /sdk/agents/{id}/keys/{key_id}/deprecate":   parser(ParseAgentKey),
	"PATCH /sdk/agents/{id}/keys/{key_id}/undeprecate": parser(ParseAgentKey),
	"DELETE /sdk/agents/{id}/keys/{key_id}":            parser(ParseAgentKey),
	"POST /sdk/keys/derive":                            parser(ParseMintedKey),
	"POST /sdk/keys/{id}/rotate":                       parser(ParseMintedKey),
	"DELETE /sdk/keys/{id}":                            parser(ParseAPIKeyInfo),
	"POST /sdk/grants/list":                            parser(ParseGrantPage),
	"POST /sdk/grants/{id}/mint":                       parser(ParseGrantInfo),
	"POST /sdk/grants/{id}/delegate":                   parser(ParseDelegationResult),
	"POST /sdk/oauth/grants/{id}/revoke":               parser(ParseGrantRevoked),
	"POST /sdk/oauth/connect/session":                  parser(ParseConnectSession),
	"POST /sdk/oauth/connect/session/poll":             parser(ParseConnectState),
	"POST /sdk/auth/session":                           parser(ParseAuthSession),
	"POST /sdk/auth/poll":                              parser(ParseAuthState),
	"POST /sdk/auth/verify-token":                      parser(ParseVerified),
	"DELETE /sdk/grants/{id}/delegations/{agent_id}":   nil, // the body is not looked at
	"DELETE /sdk/grants/{id}/delegations/me":           nil,
	"POST /sdk/proxy 200":                              parser(ParseProxyAnswer),
	"POST /sdk/proxy 202":                              parser(ParsePending),
	"GET /sdk/approvals/{id}":                          later,
	"GET /sdk/approvals/{id}/result":                   later,
	"GET /sdk/scopes":                                  parser(ParseScopeCatalog),
	"GET /sdk/oauth/provider-catalog":                  parser(ParseProviderCatalog),
	"GET /sdk/provider-specs":                          parser(ParseProviderSpecs),
	"GET /sdk/provider-specs/{kind}/{id}":              parser(ParseProviderSpec),
	"GET /sdk/provider-specs/{kind}/{id}/operations":   parser(ParseSpecOperationsPage),
	"GET /sdk/provider-specs/{kind}/{id}/operation":    parser(ParseSpecOperationDetail),
	"POST /sdk/spans":                                  parser(ParseSpansAccepted),
	"POST /sdk/managed-secrets/{id}/grants":            parser(ParseSecretGrantCreated),
	"POST /sdk/managed-secrets/connect/session":        parser(ParseSecretSession),
	"POST /sdk/identity/resolve":                       parser(ParseIdentity),
	"POST /sdk/identity/assert":                        parser(ParseIdentityAssertion),
}

func later([]byte) (any, error) { return nil, nil }

func parser[T any](f func([]byte) (T, error)) func([]byte) (any, error) {
	return func(b []byte) (any, error) { return f(b) }
}

type minimalAnswer struct {
	Endpoint string
	Status   int             `json:"answer_status"`
	Body     json.RawMessage `json:"answer_body"`
}

func minimalAnswers(t *testing.T) []minimalAnswer {
	t.Helper()
	raw, err := os.ReadFile("testdata/wire-answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Minimal []minimalAnswer `json:"minimal_answers"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Minimal
}

// TestMinimalAnswers accepts the smallest answers that the official client
// accepts, and refuses them without any one of their members, unless that
// member is known to be optional.
func TestMinimalAnswers(t *testing.T) {
	optional := map[string]bool{
		"GET /sdk/agents?name=:items":                 true, // nobody has the name
		"POST /sdk/oauth/connect/session/poll:grants": true, // an empty list
		"POST /sdk/auth/poll:user_token":              true, // refused by the client above
		"POST /sdk/oauth/connect/session/poll:status": false,
		"POST /sdk/agents:api_key":                    false, // null, but present
		// Null, but present; what it means when it is not is for the client to say.
		"POST /sdk/managed-secrets/connect/session:path":        true,
		"POST /sdk/managed-secrets/connect/session:secret_slug": true,
	}
	answers, mutated := minimalAnswers(t), 0
	for _, a := range answers {
		name := a.Endpoint
		if name == "POST /sdk/proxy" {
			name = fmt.Sprint(name, " ", a.Status)
		}
		parse, known := parsers[name]
		if !known {
			t.Errorf("%s has no parser", name)
			continue
		}
		if parse == nil {
			continue
		}
		if _, err := parse(a.Body); err != nil {
			t.Errorf("%s: %s: %v", name, a.Body, err)
		}
		if fmt.Sprintf("%p", parse) == fmt.Sprintf("%p", later) {
			continue
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(a.Body, &members); err != nil {
			t.Fatal(err)
		}
		for member := range members {
			without := map[string]json.RawMessage{}
			for k, v := range members {
				if k != member {
					without[k] = v
				}
			}
			body, _ := json.Marshal(without)
			_, err := parse(body)
			if want := !optional[name+":"+member]; (err != nil) != want {
				t.Errorf("%s without %s: %v", name, member, err)
			}
			mutated++
		}
	}
	covered(t, "minimal answers", len(answers), 40)
	t.Logf("%d members left out in turn", mutated)
}

// answerRules are single members added to, or replaced in, a minimal answer.
var answerRules = []struct {
	endpoint, member, value string
	ok                      bool
}{
	{"POST /sdk/agents", "api_key", `""`, false},
	{"POST /sdk/agents", "api_key", `"k"`, true},
	{"POST /sdk/agents", "type", `"robot"`, false},
	{"GET /sdk/agents", "total", `"1"`, false},
	{"GET /sdk/agents", "items", `{}`, false},
	{"GET /sdk/agents", "items", `[{}]`, false},
	{"POST /sdk/agents/{id}/keys", "key_prefix", `""`, false},
	{"POST /sdk/agents/{id}/keys", "api_key", `null`, true},
	{"POST /sdk/keys/derive", "key_type", `"zz"`, false},
	{"POST /sdk/keys/derive", "api_key", `null`, false},
	{"POST /sdk/keys/derive", "rate_limit_source", `"key"`, false}, // without its number
	{"POST /sdk/keys/derive", "scopes", `[1]`, false},
	{"POST /sdk/keys/derive", "cidr_allowlist", `null`, true},
	{"POST /sdk/grants/list", "grants", `[{"grant_kind":"x","grant_id":"g"}]`, false},
	{"POST /sdk/grants/list", "grants", `[{"grant_kind":"oauth","grant_id":"g","provider_id":"p","status":"active","created_at":"x","principal_type":"user"}]`, true},
	{"POST /sdk/grants/list", "grants", `[{"grant_kind":"oauth","grant_id":"g","provider_id":"p","status":"active","created_at":"x","principal_type":"group"}]`, false},
	{"POST /sdk/grants/list", "grants", `[{"grant_kind":"oauth","grant_id":"g","provider_id":"p","status":"active","created_at":"x","principal_type":"user","scopes":null}]`, false},
	{"POST /sdk/grants/list", "grants", `[{"grant_kind":"oauth","grant_id":"g","provider_id":"p","status":"active","created_at":"x","principal_type":"user","depth":"x","label":7,"api_base_url":"http://x"}]`, true},
	{"POST /sdk/grants/list", "grants", `[{"grant_kind":"managed_secret","grant_id":"g","managed_secret_id":"i","managed_secret_slug":"s","managed_secret_name":"n","status":"active","created_at":"x","principal_type":"group","access_via":"ms_delegation"}]`, true},
	{"POST /sdk/grants/{id}/delegate", "depth", `0`, false},
	{"POST /sdk/grants/{id}/delegate", "status", `""`, false},
	{"POST /sdk/oauth/grants/{id}/revoke", "success", `"true"`, false},
	{"POST /sdk/oauth/connect/session", "expires_in", `600.0`, false},
	{"POST /sdk/oauth/connect/session", "expires_in", `-1`, false},
	{"POST /sdk/oauth/connect/session", "direct", `"yes"`, true},
	{"POST /sdk/oauth/connect/session/poll", "grants", `[{"grant_id":"g","provider_id":"p","operation":"else"}]`, false},
	{"POST /sdk/oauth/connect/session/poll", "grants", `[{"grant_id":"g","provider_id":"p","scopes":null}]`, false},
	{"POST /sdk/oauth/connect/session/poll", "grants", `[{"grant_id":"g","provider_id":"p","delegation":{"agent_id":"x","delegable":true}}]`, false},
	{"POST /sdk/oauth/connect/session/poll", "failed_grants", `[{"provider_id":"p","reason":"","message":"m"}]`, false},
	{"POST /sdk/oauth/connect/session/poll", "status", `"error"`, false}, // without the error
	{"POST /sdk/auth/session", "expires_in", `-5`, true},
	{"POST /sdk/auth/session", "expires_at", `""`, false},
	{"POST /sdk/auth/poll", "user_token", `7`, false},
	{"POST /sdk/auth/poll", "user_info", `[]`, true},
	{"POST /sdk/auth/verify-token", "sub", `7`, false},
	{"POST /sdk/spans", "accepted", `"1"`, false},
	{"GET /sdk/scopes", "resources", `{"a":{"verbs":["b"]}}`, true},
	{"GET /sdk/scopes", "resources", `{"a":{}}`, false},
	{"GET /sdk/scopes", "deprecated", `["a"]`, true},
	{"GET /sdk/oauth/provider-catalog", "providers", `{"p":{"id":"p"}}`, false},
	{"GET /sdk/oauth/provider-catalog", "providers", `{}`, true},
	{"GET /sdk/provider-specs", "items", `[{"provider_kind":"oauth"}]`, false},
	{"GET /sdk/provider-specs", "items", `{}`, false},
	{"GET /sdk/provider-specs/{kind}/{id}", "content_hash", `""`, false},
	{"GET /sdk/provider-specs/{kind}/{id}", "version", `"1"`, false},
	{"GET /sdk/provider-specs/{kind}/{id}", "changed_at", `"lately"`, false},
	{"GET /sdk/provider-specs/{kind}/{id}", "title", `7`, false},
	{"GET /sdk/provider-specs/{kind}/{id}/operations", "items", `[{"operation_id":"o","method":"GET","path_template":""}]`, false},
	{"GET /sdk/provider-specs/{kind}/{id}/operations", "spec", `{}`, false},
	{"GET /sdk/provider-specs/{kind}/{id}/operation", "params_schema", `[{"name":"a"}]`, true},
	{"GET /sdk/provider-specs/{kind}/{id}/operation", "params_schema", `["a"]`, false},
	{"GET /sdk/provider-specs/{kind}/{id}/operation", "request_schema", `[]`, false},
	{"POST /sdk/identity/resolve", "group_ids", `null`, false},
	{"POST /sdk/identity/resolve", "trace", `{"run_id":"r","thread_id":null}`, true},
	{"POST /sdk/identity/resolve", "trace", `"r"`, false},
	{"POST /sdk/identity/resolve", "app_user_id", `7`, false},
	{"POST /sdk/identity/assert", "identity", `{"app_id":""}`, false},
	{"POST /sdk/identity/assert", "expires_at", `"soon"`, false},
}

func TestAnswerRules(t *testing.T) {
	minimal := map[string]json.RawMessage{}
	for _, a := range minimalAnswers(t) {
		minimal[a.Endpoint] = a.Body
	}
	for _, c := range answerRules {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(minimal[c.endpoint], &members); err != nil {
			t.Fatal(err)
		}
		members[c.member] = json.RawMessage(c.value)
		body, _ := json.Marshal(members)
		_, err := parsers[c.endpoint](body)
		if (err == nil) != c.ok {
			t.Errorf("%s with %s = %s: %v", c.endpoint, c.member, c.value, err)
		}
		if err != nil && (len(c.value) > 8 && strings.Contains(err.Error(), c.value)) {
			t.Errorf("the error holds the value: %v", err)
		}
	}
}

// TestManagementAnswersRoundTrip: what a vault of ours writes is what a client of ours
// reads.
func TestManagementAnswersRoundTrip(t *testing.T) {
	at := parseTime(t, "2026-01-02T03:04:05Z")
	info := AgentInfo{
		ID: "11111111-1111-4111-8111-111111111111", Name: "n", DisplayName: "N", Type: "service", Status: "inactive", Version: 3,
		Scopes: []byte(`{"p":["a"]}`), Policy: []byte(`{}`), Metadata: []byte(`{"a":1}`), CreatedAt: at, LastUsedAt: &at,
	}
	key := AgentKey{KeyID: info.ID, KeyPrefix: "alter_key_x", Name: "n-1", CreatedAt: at, RevokedAt: &at}
	api := APIKeyInfo{
		ID: info.ID, Name: "n", KeyPrefix: "alter_dk_x", KeyType: "dk", Scopes: []string{"a"}, ScopeVersion: 1, CIDRs: []string{"10.0.0.0/8"},
		EffectiveRateLimitRPM: new(int64(5)), RateLimitSource: "key", ExpiresAt: &at, ParentKeyID: info.ID, CreatedAt: at,
	}
	oauth := GrantItem{
		Kind: GrantOAuth, GrantID: "g", ProviderID: "p", Scopes: []string{"s"}, AccountIdentifier: "a", APIBaseURL: "https://x.example.com",
		Status: "active", CreatedAt: "c", PrincipalType: "user", AccessVia: "oauth_delegation", DelegatedAgentIDs: []string{"d"},
		Label: "l", Policy: []byte(`{"a":1}`), ParentGrantID: "q", Depth: 2, Delegable: true, ScopeConstraint: []string{"x"},
	}
	secret := GrantItem{
		Kind: GrantManagedSecret, GrantID: "g", ManagedSecretID: "i", ManagedSecretSlug: "s", ManagedSecretName: "n", AgentID: "a",
		Status: "active", CreatedAt: "c", PrincipalType: "agent", AccessVia: "ownership", CredentialKind: "developer",
	}
	wait := int64(7)
	roundTrip(t, AgentCreated{info, "k", info.ID}, AgentCreated.Marshal, ParseAgentCreated)
	roundTrip(t, AgentPage{[]AgentInfo{info}, Page{1, 2, 3, true}}, AgentPage.Marshal, ParseAgentPage)
	roundTrip(t, key, AgentKey.Marshal, ParseAgentKey)
	roundTrip(t, AgentKeyMinted{key, "k"}, AgentKeyMinted.Marshal, ParseAgentKeyMinted)
	roundTrip(t, []AgentKey{key}, MarshalAgentKeys, ParseAgentKeys)
	roundTrip(t, api, APIKeyInfo.Marshal, ParseAPIKeyInfo)
	roundTrip(t, MintedKey{api, "k"}, MintedKey.Marshal, ParseMintedKey)
	roundTrip(t, GrantPage{[]GrantItem{oauth, secret}, Page{2, 100, 0, false}}, GrantPage.Marshal, ParseGrantPage)
	roundTrip(t, GrantInfo{GrantID: "g", ProviderID: "p", Scopes: []string{}, Status: "active", CreatedAt: "c", PrincipalType: "group", Label: "l"},
		GrantInfo.Marshal, ParseGrantInfo)
	roundTrip(t, DelegationResult{"g", GrantOAuth, "q", 1, true, "active", "e"}, DelegationResult.Marshal, ParseDelegationResult)
	roundTrip(t, GrantRevoked{true, "m", "g", "r"}, GrantRevoked.Marshal, ParseGrantRevoked)
	roundTrip(t, ConnectSession{"s", "u", 5, "e", []string{"w"}, true, true}, ConnectSession.Marshal, ParseConnectSession)
	roundTrip(t, AuthSession{"s", "u", -1, "e"}, AuthSession.Marshal, ParseAuthSession)
	for _, s := range []ConnectState{
		{Status: SessionPending, Declined: []DeclinedProvider{{"p", "c", "d"}}}, {Status: SessionExpired},
		{Status: SessionError, Error: &SessionFault{"c", "m", &wait}},
		{Status: SessionCompleted, Failed: []ConnectFailedGrant{{"p", "r", "m"}}, Grants: []ConnectGrant{{
			GrantID: "g", ProviderID: "p", Scopes: []string{"s"}, Operation: "reauth", Policy: &ConnectGrantPolicy{"e", "c", "a"},
			Delegation: &ConnectDelegation{info.ID, true, true},
		}}},
	} {
		roundTrip(t, s, ConnectState.Marshal, ParseConnectState)
	}
	spec := ProviderSpec{"oauth", "p", 2, "grantgen", "https://x.example.com", "sha256:0", 1, at, at, "", "7"}
	op := SpecOperation{ID: "a/b", Method: "GET", PathTemplate: "/{x}"}
	roundTrip(t, []ProviderSpec{spec}, MarshalProviderSpecs, ParseProviderSpecs)
	roundTrip(t, SpecOperationsPage{[]SpecOperation{op}, Page{1, 2, 3, true}, spec}, SpecOperationsPage.Marshal, ParseSpecOperationsPage)
	roundTrip(t, SpecOperationDetail{op, []jsontext.Value{[]byte(`{"name":"x"}`)}, []byte(`{}`), nil, spec}, SpecOperationDetail.Marshal, ParseSpecOperationDetail)
	who := Identity{
		AppID: "a", AppUserID: "u", ExternalSubjectID: "github|1", IDPID: "github", UserStatus: "active", AgentID: "g", ActorID: "x",
		GroupIDs: []string{"p"}, RunID: "r", ThreadID: "t", Email: "e", DisplayName: "n",
	}
	roundTrip(t, who, Identity.Marshal, ParseIdentity)
	roundTrip(t, Identity{AppID: "a", GroupIDs: []string{}}, Identity.Marshal, ParseIdentity)
	roundTrip(t, IdentityAssertion{"t", at, who}, IdentityAssertion.Marshal, ParseIdentityAssertion)
	for _, s := range []AuthState{
		{Status: SessionPending}, {Status: SessionCompleted, UserToken: "t", UserInfo: []byte(`{"sub":"u"}`)},
		{Status: SessionError, Error: &SessionFault{"c", "m", &wait}},
	} {
		roundTrip(t, s, AuthState.Marshal, ParseAuthState)
	}
}

func roundTrip[T any](t *testing.T, v T, marshal func(T) []byte, parse func([]byte) (T, error)) {
	t.Helper()
	body := marshal(v)
	got, err := parse(body)
	if err != nil {
		t.Errorf("%s: %v", body, err)
		return
	}
	if diff := cmp.Diff(v, got); diff != "" {
		t.Errorf("%s: %s", body, diff)
	}
}
