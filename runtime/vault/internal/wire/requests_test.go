package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func parseTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestRequestsRoundTrip: what a client of ours writes is what a vault of ours
// reads.
func TestRequestsRoundTrip(t *testing.T) {
	roundTrip(t, AgentCreate{Name: "n", Type: "service", Scopes: map[string][]string{"p": {"a"}}, Metadata: []byte(`{}`), DisplayName: new(""), Policy: []byte(`{"x":1}`)},
		AgentCreate.Marshal, ParseAgentCreate)
	roundTrip(t, AgentUpdate{DisplayName: new("d"), Scopes: map[string][]string{}, Status: "active"}, AgentUpdate.Marshal, ParseAgentUpdate)
	roundTrip(t, AgentUpdate{}, AgentUpdate.Marshal, ParseAgentUpdate)
	roundTrip(t, KeyDerive{Scopes: []string{"a"}, ExpiresIn: 5, CIDRs: []string{}, Name: "n", Metadata: []byte(`{}`)}, KeyDerive.Marshal, ParseKeyDerive)
	roundTrip(t, 30, MarshalKeyRotate, ParseKeyRotate)
	roundTrip(t, GrantsList{Limit: 3, Offset: 1, ProviderID: "p", Status: "active", Account: "a", Label: "l", UserToken: "u"}, GrantsList.Marshal, ParseGrantsList)
	roundTrip(t, GrantMint{Label: "l", Policy: []byte(`{"requires_approval":true}`), Tags: []string{}}, GrantMint.Marshal, ParseGrantMint)
	roundTrip(t, GrantDelegate{ToAgentID: "a", Delegable: new(false), ScopeConstraint: []string{"s"}, TTLSeconds: 60}, GrantDelegate.Marshal, ParseGrantDelegate)
	roundTrip(t, GrantRevoke{Reason: "r", UserToken: "u"}, GrantRevoke.Marshal, ParseGrantRevoke)
	roundTrip(t, ConnectRequest{}, ConnectRequest.Marshal, ParseConnectRequest)
	roundTrip(t, ConnectRequest{
		Providers: []string{"p"}, ReturnURL: "r", AllowedOrigin: "o", Metadata: &ConnectMetadata{"i", "u"}, Direct: true, SwitchAccount: true,
		HideUserRules: true, Policy: &GrantPolicyInput{"2026-01-01", 60, 30}, RequiredScopes: map[string][]string{"p": {"s"}},
		Requested: &RequestedGrant{"l", []string{"GET"}, []string{"/x"}}, RepairGrantID: "11111111-1111-4111-8111-111111111111",
		Agent: "a", Delegable: new(true), ScopeConstraint: []string{"s"}, UserToken: "u",
	}, ConnectRequest.Marshal, ParseConnectRequest)
	roundTrip(t, "s", MarshalConnectPoll, ParseConnectPoll)
	for _, p := range []SecretPrincipal{
		{Type: "user", UserToken: "u", Label: "l"}, {Type: "group", ExternalGroupID: "g", IDPID: "i", Label: "l"}, {Type: "system"}, {Type: "agent", Label: "l"},
	} {
		roundTrip(t, SecretGrant{Principal: p}, SecretGrant.Marshal, ParseSecretGrant)
		roundTrip(t, SecretGrant{Principal: p, Policy: GrantPolicyInput{"2026-01-01", 60, 30}, CredentialID: "c"}, SecretGrant.Marshal, ParseSecretGrant)
	}
	roundTrip(t, SecretSessionRequest{TemplateSlug: "t", UserToken: "u"}, SecretSessionRequest.Marshal, ParseSecretSessionRequest)
	roundTrip(t, SecretSessionRequest{
		Provider: "p", TemplateSlug: "t", Agent: "a", DelegatedAgentID: "11111111-1111-4111-8111-111111111111", UserToken: "u", RequestedTTL: 60,
		AllowedOrigin: "o", ReturnURL: "r", HideUserRules: true, Delegable: true, Label: "l", Policy: &GrantPolicyInput{"2026-01-01", 60, 30}, Direct: true,
		RepairGrantID: "11111111-1111-4111-8111-111111111111",
	}, SecretSessionRequest.Marshal, ParseSecretSessionRequest)
	roundTrip(t, AuthPoll{"s", 25000}, AuthPoll.Marshal, ParseAuthPoll)
	roundTrip(t, "t", MarshalVerifyToken, ParseVerifyToken)
}

// TestRequestsAreRefused: a vault refuses what no client of the protocol sends.
func TestRequestsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		parse func([]byte) error
		body  string
		want  string // the member, or "" for a body that is no object
	}{
		"array":       {only(ParseAgentCreate), `[]`, ""},
		"name":        {only(ParseAgentCreate), `{"scopes":{}}`, "name"},
		"scopes":      {only(ParseAgentCreate), `{"name":"n","scopes":{"p":"a"}}`, "scopes"},
		"type":        {only(ParseAgentCreate), `{"name":"n","type":"robot"}`, "type"},
		"policy":      {only(ParseAgentUpdate), `{"policy":[]}`, "policy"},
		"status":      {only(ParseAgentUpdate), `{"status":"revoked"}`, "status"},
		"expires":     {only(ParseKeyDerive), `{"scopes":[],"expires_in":"5"}`, "expires_in"},
		"overlap":     {only(ParseKeyRotate), `{"overlap_days":31}`, "overlap_days"},
		"limit":       {only(ParseGrantsList), `{"limit":1001,"offset":0}`, "limit"},
		"offset":      {only(ParseGrantsList), `{"limit":1,"offset":-1}`, "offset"},
		"label":       {only(ParseGrantMint), `{"label":""}`, "label"},
		"ttl":         {only(ParseGrantDelegate), `{"to_agent_id":"a","ttl_seconds":0}`, "ttl_seconds"},
		"delegable":   {only(ParseGrantDelegate), `{"to_agent_id":"a","delegable":"no"}`, "delegable"},
		"reason":      {only(ParseGrantRevoke), `{"reason":7}`, "reason"},
		"providers":   {only(ParseConnectRequest), `{"allowed_providers":"p"}`, "allowed_providers"},
		"policy key":  {only(ParseConnectRequest), `{"grant_policy":{"restrictions":{}}}`, "grant_policy"},
		"policy zero": {only(ParseConnectRequest), `{"grant_policy":{"max_ttl_seconds":0}}`, "grant_policy"},
		"repair":      {only(ParseConnectRequest), `{"repair_grant_id":"x"}`, "repair_grant_id"},
		"constraint":  {only(ParseConnectRequest), `{"scope_constraint":["*"]}`, "scope_constraint"},
		"requested":   {only(ParseConnectRequest), `{"requested_grant":{}}`, "requested_grant"},
		"principal":   {only(ParseSecretGrant), `{}`, "principal"},
		"robot":       {only(ParseSecretGrant), `{"principal":{"type":"robot"}}`, "principal"},
		"no label":    {only(ParseSecretGrant), `{"principal":{"type":"user","user_token":"u"}}`, "principal"},
		"no user":     {only(ParseSecretSessionRequest), `{"provider":"p"}`, "user_token"},
		"ttl 0":       {only(ParseSecretSessionRequest), `{"user_token":"u","requested_ttl_seconds":0}`, "requested_ttl_seconds"},
		"restricted":  {only(ParseSecretSessionRequest), `{"user_token":"u","requested_grant":{"label":"l","restrictions":{"allowed_methods":["GET"]}}}`, "requested_grant"},
		"token":       {only(ParseConnectPoll), `{"session_token":""}`, "session_token"},
		"wait":        {only(ParseAuthPoll), `{"session_token":"s","wait_ms":-1}`, "wait_ms"},
		"verify":      {only(ParseVerifyToken), `{}`, "token"},
	} {
		err := c.parse([]byte(c.body))
		var field *BodyError
		switch {
		case c.want == "" && !errors.Is(err, ErrBodyNotObject):
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &field) || field.Member != c.want || !errors.Is(err, ErrBodyField)):
			t.Errorf("%s: %v, want the member %s", name, err, c.want)
		}
	}
}

func only[T any](f func([]byte) (T, error)) func([]byte) error {
	return func(b []byte) error {
		_, err := f(b)
		return err
	}
}

func TestPathsAreEscaped(t *testing.T) {
	for got, want := range map[string]string{
		PathAgent("a/b c"):                             "/sdk/agents/a%2Fb%20c",
		PathAgentKey("a", "../k"):                      "/sdk/agents/a/keys/..%2Fk",
		PathKeyRotate("k?x"):                           "/sdk/keys/k%3Fx/rotate",
		PathGrantMint("a/b c"):                         "/sdk/grants/a%2Fb%20c/mint",
		PathDelegation("g", "me"):                      "/sdk/grants/g/delegations/me",
		AgentNameQuery("a b&c"):                        "?name=a+b%26c",
		AgentUpdateQuery(nil, nil):                     "",
		AgentUpdateQuery(new(int64(0)), new(int64(2))): "?grace_seconds=0&expected_version=2",
		AgentListQuery{true, 5, 6}.Encode():            "?include_revoked=true&limit=5&offset=6",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestRules(t *testing.T) {
	long := strings.Repeat("x", 12288)
	for name, c := range map[string]struct {
		err error
		ok  bool
	}{
		"scopes nil":       {CheckAgentScopes(nil), true},
		"scopes":           {CheckAgentScopes(map[string][]string{"p": {"a", "b"}}), true},
		"scopes empty":     {CheckAgentScopes(map[string][]string{"p": {}}), false},
		"scopes blank":     {CheckAgentScopes(map[string][]string{" p": {"a"}}), false},
		"scope blank":      {CheckAgentScopes(map[string][]string{"p": {"a "}}), false},
		"scopes full":      {CheckAgentScopes(map[string][]string{"p": {long[:12288-len(`{"p":[""]}`)]}}), true},
		"scopes over":      {CheckAgentScopes(map[string][]string{"p": {long[:12289-len(`{"p":[""]}`)]}}), false},
		"idempotency":      {CheckIdempotencyKey("a-b"), true},
		"idempotency line": {CheckIdempotencyKey("a\nb"), false},
		"constraint":       {CheckScopeConstraint([]string{" repo:read "}), true},
		"constraint star":  {CheckScopeConstraint([]string{"*"}), false},
		"constraint blank": {CheckScopeConstraint([]string{"a b"}), false},
		"constraint none":  {CheckScopeConstraint([]string{}), false},
		"constraint 101":   {CheckScopeConstraint(make([]string, 101)), false},
		"label":            {CheckLabel(strings.Repeat("é", 255)), true},
		"label long":       {CheckLabel(strings.Repeat("é", 256)), false},
		"policy":           {GrantPolicyInput{ExpiresAt: "2026-01-01"}.Check(), true},
		"policy time":      {GrantPolicyInput{ExpiresAt: "soon"}.Check(), false},
	} {
		if (c.err == nil) != c.ok {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	for origin, want := range map[string]bool{
		"https://api.example.com": true, "https://x": true, "https://": false, "http://x": false, "https://X": false,
		"https://x:1": false, "https://x/": false, "https://-x": false, "https://x..y": false,
	} {
		if bareOrigin(origin) != want {
			t.Errorf("%s: %v", origin, !want)
		}
	}
}

func TestSecretsArePrintedNowhere(t *testing.T) {
	const secret = "test-secret-value"
	for _, v := range []any{
		AgentCreated{APIKey: secret}, AgentKeyMinted{APIKey: secret}, MintedKey{APIKey: secret}, AuthState{UserToken: secret},
		ConnectSession{SessionToken: secret, ConnectURL: secret}, AuthSession{SessionToken: secret, AuthURL: secret},
		ConnectRequest{UserToken: secret}, GrantsList{UserToken: secret}, GrantRevoke{UserToken: secret}, AuthPoll{SessionToken: secret},
	} {
		if text := fmt.Sprintf("%v %+v %#v %s", v, v, v, []any{v}); strings.Contains(text, secret) {
			t.Errorf("%T prints its secret: %s", v, text)
		}
	}
}
