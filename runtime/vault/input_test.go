package vault

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestManagementInputIsRefused: what breaks a rule is a typed error that names
// the field, and nothing is sent. The rows are those of the protocol's list of
// refusals that Go's types leave possible.
func TestManagementInputIsRefused(t *testing.T) {
	vault := newFakeVault(t)
	app, agent := vault.app(), vault.agent()
	ctx := t.Context()
	agents, keys := app.Agents(), app.Keys()
	session := func(p ConnectParams) error { return second(app.CreateConnectSession(ctx, p)) }
	secret := func(p ManagedSecretConnectParams) error { return second(app.CreateManagedSecretConnectSession(ctx, p)) }
	one := []string{"google"}
	scopes := map[string][]string{"slack": {"a"}}
	for name, c := range map[string]struct {
		err   error
		field string
	}{
		"create name":            {second(agents.Create(ctx, AgentParams{})), "name"},
		"create type":            {second(agents.Create(ctx, AgentParams{Name: "n", Type: "robot"})), "type"},
		"create empty scopes":    {second(agents.Create(ctx, AgentParams{Name: "n", Scopes: map[string][]string{"slack": {}}})), "scopes"},
		"create provider blank":  {second(agents.Create(ctx, AgentParams{Name: "n", Scopes: map[string][]string{" slack": {"a"}}})), "scopes"},
		"create scope blank":     {second(agents.Create(ctx, AgentParams{Name: "n", Scopes: map[string][]string{"slack": {"a "}}})), "scopes"},
		"create scopes size":     {second(agents.Create(ctx, AgentParams{Name: "n", Scopes: map[string][]string{"slack": {strings.Repeat("x", 12288)}}})), "scopes"},
		"create idempotency":     {second(agents.Create(ctx, AgentParams{Name: "n", IdempotencyKey: "a\nb"})), "idempotency key"},
		"create metadata":        {second(agents.Create(ctx, AgentParams{Name: "n", Metadata: map[string]any{"f": math.NaN()}})), "metadata"},
		"create policy":          {second(agents.Create(ctx, AgentParams{Name: "n", Policy: map[string]any{"f": math.Inf(1)}})), "policy"},
		"list size":              {last(agents.List(ctx, AgentFilter{PageSize: 1001})), "page size"},
		"list size negative":     {last(agents.List(ctx, AgentFilter{PageSize: -1})), "page size"},
		"list offset":            {last(agents.List(ctx, AgentFilter{Offset: -1})), "offset"},
		"specs kind":             {second(app.ProviderSpecs().List(ctx, "x")), "kind"},
		"spec kind":              {second(app.ProviderSpecs().Get(ctx, "", "x")), "kind"},
		"spec blank":             {second(app.ProviderSpecs().Get(ctx, ProviderOAuth, " ")), "provider"},
		"spec query":             {second(app.ProviderSpecs().Get(ctx, ProviderOAuth, "a?b")), "provider"},
		"spec fragment":          {second(app.ProviderSpecs().Get(ctx, ProviderOAuth, "a#b")), "provider"},
		"spec tab":               {second(app.ProviderSpecs().Get(ctx, ProviderOAuth, "a\tb")), "provider"},
		"operations size":        {last(app.ProviderSpecs().ListOperations(ctx, ProviderOAuth, "x", OperationFilter{PageSize: 501})), "page size"},
		"operations negative":    {last(app.ProviderSpecs().ListOperations(ctx, ProviderOAuth, "x", OperationFilter{PageSize: -1})), "page size"},
		"operations offset":      {second(app.ProviderSpecs().OperationsPage(ctx, ProviderOAuth, "x", OperationFilter{Offset: -1})), "offset"},
		"operations search":      {second(app.ProviderSpecs().OperationsPage(ctx, ProviderOAuth, "x", OperationFilter{Search: strings.Repeat("x", 201)})), "search"},
		"operation blank":        {second(app.ProviderSpecs().GetOperation(ctx, ProviderOAuth, "x", " ")), "operation"},
		"operation long":         {second(app.ProviderSpecs().GetOperation(ctx, ProviderOAuth, "x", strings.Repeat("x", 513))), "operation"},
		"operation lines":        {second(app.ProviderSpecs().GetOperation(ctx, ProviderOAuth, "x", "a\nb")), "operation"},
		"get":                    {second(agents.Get(ctx, "")), "agent"},
		"get lines":              {second(agents.Get(ctx, "a\nb")), "agent"},
		"by name":                {second(agents.GetByName(ctx, "")), "name"},
		"update id":              {second(agents.Update(ctx, " ", AgentChange{})), "agent"},
		"update version missing": {second(agents.Update(ctx, "a", AgentChange{Scopes: scopes})), "expected version"},
		"update version":         {second(agents.Update(ctx, "a", AgentChange{ExpectedVersion: -1})), "expected version"},
		"update grace alone":     {second(agents.Update(ctx, "a", AgentChange{GracePeriod: new(time.Hour)})), "grace period"},
		"update grace long":      {second(agents.Update(ctx, "a", AgentChange{Scopes: scopes, ExpectedVersion: 1, GracePeriod: new(604801 * time.Second)})), "grace period"},
		"update grace fraction":  {second(agents.Update(ctx, "a", AgentChange{Scopes: scopes, ExpectedVersion: 1, GracePeriod: new(time.Millisecond)})), "grace period"},
		"update scopes":          {second(agents.Update(ctx, "a", AgentChange{Scopes: map[string][]string{"": {"a"}}, ExpectedVersion: 1})), "scopes"},
		"suspend":                {second(agents.Suspend(ctx, "")), "agent"},
		"resume":                 {second(agents.Resume(ctx, "")), "agent"},
		"delete":                 {second(agents.Delete(ctx, "")), "agent"},
		"mint key":               {second(agents.MintKey(ctx, "")), "agent"},
		"list keys":              {second(agents.ListKeys(ctx, "")), "agent"},
		"deprecate agent":        {second(agents.DeprecateKey(ctx, "", "k")), "agent"},
		"deprecate key":          {second(agents.DeprecateKey(ctx, "a", "")), "key"},
		"undeprecate key":        {second(agents.UndeprecateKey(ctx, "a", "")), "key"},
		"revoke key":             {second(agents.RevokeKey(ctx, "a", "", true)), "key"},
		"derive no scopes":       {second(keys.Derive(ctx, KeyParams{ExpiresIn: time.Hour})), "key"},
		"derive empty scope":     {second(keys.Derive(ctx, KeyParams{Scopes: []string{""}, ExpiresIn: time.Hour})), "key"},
		"derive derive":          {second(keys.Derive(ctx, KeyParams{Scopes: []string{"keys:derive"}, ExpiresIn: time.Hour})), "key"},
		"derive life":            {second(keys.Derive(ctx, KeyParams{Scopes: one})), "key"},
		"derive life fraction":   {second(keys.Derive(ctx, KeyParams{Scopes: one, ExpiresIn: time.Millisecond})), "expires in"},
		"derive metadata":        {second(keys.Derive(ctx, KeyParams{Scopes: one, ExpiresIn: time.Hour, Metadata: map[string]any{"f": math.NaN()}})), "metadata"},
		"rotate days":            {second(keys.Rotate(ctx, "k", 31)), "overlap days"},
		"rotate days negative":   {second(keys.Rotate(ctx, "k", -1)), "overlap days"},
		"rotate key":             {second(keys.Rotate(ctx, " ", 7)), "key"},
		"keys revoke":            {second(keys.Revoke(ctx, "", false)), "key"},
		"grants size":            {last(app.ListGrants(ctx, GrantFilter{PageSize: 1001})), "page size"},
		"grants offset":          {last(agent.ListGrants(ctx, GrantFilter{Offset: -1})), "offset"},
		"revoke grant":           {second(app.RevokeGrant(ctx, "x", "")), "grant"},
		"revoke grant plain":     {second(app.RevokeGrant(ctx, strings.ReplaceAll(testGrant, "-", ""), "")), "grant"},
		"delegation grant":       {app.RevokeDelegation(ctx, "x", testAgentID), "grant"},
		"delegation agent":       {app.RevokeDelegation(ctx, testGrant, ""), "agent"},
		"delegation no uuid":     {app.RevokeDelegation(ctx, testGrant, "x"), "agent"},
		"delegation me":          {app.RevokeDelegation(ctx, testGrant, "me"), "agent"},
		"own delegation":         {agent.RevokeDelegation(ctx, "../x"), "grant"},
		"delegate grant":         {second(agent.Delegate(ctx, "", "a", DelegateParams{})), "grant"},
		"delegate agent":         {second(agent.Delegate(ctx, "g", "", DelegateParams{})), "agent"},
		"delegate ttl":           {second(agent.Delegate(ctx, "g", "a", DelegateParams{TTL: -time.Second})), "TTL"},
		"delegate ttl fraction":  {second(agent.Delegate(ctx, "g", "a", DelegateParams{TTL: time.Millisecond})), "TTL"},
		"delegate star":          {second(agent.Delegate(ctx, "g", "a", DelegateParams{ScopeConstraint: []string{"*"}})), "scope constraint"},
		"delegate blank":         {second(agent.Delegate(ctx, "g", "a", DelegateParams{ScopeConstraint: []string{"a b"}})), "scope constraint"},
		"delegate many":          {second(agent.Delegate(ctx, "g", "a", DelegateParams{ScopeConstraint: make([]string, 101)})), "scope constraint"},
		"mint grant":             {second(app.MintGrant(ctx, "", MintParams{Label: "l"})), "grant"},
		"mint label":             {second(app.MintGrant(ctx, "g", MintParams{})), "label"},
		"mint default":           {second(app.MintGrant(ctx, "g", MintParams{Label: "l", Policy: map[string]any{"default_ttl_seconds": nil}})), "policy"},
		"mint policy":            {second(app.MintGrant(ctx, "g", MintParams{Label: "l", Policy: map[string]any{"f": math.NaN()}})), "policy"},
		"mint tags":              {second(app.MintGrant(ctx, "g", MintParams{Label: "l", Tags: []string{""}})), "tags"},
		"session no providers":   {session(ConnectParams{Providers: []string{}}), "providers"},
		"session blank provider": {session(ConnectParams{Providers: []string{" "}}), "providers"},
		"session direct":         {session(ConnectParams{Direct: true}), "direct"},
		"session direct two":     {session(ConnectParams{Direct: true, Providers: []string{"a", "b"}}), "direct"},
		"session policy":         {session(ConnectParams{Policy: &GrantPolicy{MaxTTL: -time.Second}}), "policy"},
		"session policy part":    {session(ConnectParams{Policy: &GrantPolicy{MaxTTL: time.Millisecond}}), "policy"},
		"session label":          {session(ConnectParams{Requested: &RequestedGrant{}}), "requested grant"},
		"session long label":     {session(ConnectParams{Requested: &RequestedGrant{Label: strings.Repeat("x", 256)}}), "requested grant"},
		"repair provider":        {session(ConnectParams{RepairGrantID: testGrant}), "repair grant"},
		"repair agent":           {session(ConnectParams{RepairGrantID: testGrant, Providers: one, Agent: "a"}), "repair grant"},
		"repair requested":       {session(ConnectParams{RepairGrantID: testGrant, Providers: one, Requested: &RequestedGrant{Label: "l"}}), "repair grant"},
		"repair switch":          {session(ConnectParams{RepairGrantID: testGrant, Providers: one, SwitchAccount: true}), "repair grant"},
		"repair uuid":            {session(ConnectParams{RepairGrantID: "x", Providers: one}), "repair grant"},
		"session constraint":     {session(ConnectParams{ScopeConstraint: []string{}}), "scope constraint"},
		"connect":                {second(app.Connect(ctx, ConnectParams{Direct: true})), "direct"},
		"connect timeout":        {second(agent.Connect(ctx, ConnectParams{}, PollTimeout(0))), "poll timeout"},
		"connect interval":       {second(agent.Connect(ctx, ConnectParams{}, PollInterval(-1))), "poll interval"},
		"poll token":             {second(app.PollSession(ctx, " ")), "session token"},
		"poll timeout":           {second(app.PollSession(ctx, "s", PollTimeout(-1))), "poll timeout"},
		"secret grant id":        {second(app.CreateManagedSecretGrant(ctx, "", ManagedSecretGrantParams{Principal: SystemPrincipal{}})), "managed secret"},
		"secret grant nobody":    {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{})), "principal"},
		"secret grant nil user":  {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: (*UserPrincipal)(nil)})), "principal"},
		"secret grant user":      {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: UserPrincipal{Label: "l"}})), "principal"},
		"secret grant long user": {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: UserPrincipal{UserToken: strings.Repeat("x", 8193), Label: "l"}})), "principal"},
		"secret grant unlabeled": {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: UserPrincipal{UserToken: "u"}})), "principal"},
		"secret grant group":     {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: GroupPrincipal{"", "i", "l"}})), "principal"},
		"secret grant label":     {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: SystemPrincipal{strings.Repeat("x", 256)}})), "principal"},
		"secret grant policy":    {second(app.CreateManagedSecretGrant(ctx, "s", ManagedSecretGrantParams{Principal: SystemPrincipal{}, Policy: &GrantPolicy{MaxTTL: -time.Second}})), "policy"},
		"secret no provider":     {secret(ManagedSecretConnectParams{UserToken: "u"}), "provider"},
		"secret provider case":   {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "Stripe"}), "provider"},
		"secret provider long":   {secret(ManagedSecretConnectParams{UserToken: "u", Provider: strings.Repeat("x", 51)}), "provider"},
		"secret template":        {secret(ManagedSecretConnectParams{UserToken: "u", TemplateSlug: "a_b"}), "template"},
		"secret agent uuid":      {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", DelegatedAgentID: "x"}), "agent"},
		"secret two agents":      {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", Agent: "a", DelegatedAgentID: testAgentID}), "agent"},
		"secret no user":         {secret(ManagedSecretConnectParams{Provider: "p"}), "user token"},
		"secret ttl":             {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", RequestedTTL: time.Millisecond}), "requested TTL"},
		"secret ttl and policy":  {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", RequestedTTL: time.Hour, Policy: &GrantPolicy{}}), "requested TTL"},
		"secret repair agent":    {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", RepairGrantID: testGrant, Agent: "a"}), "repair grant"},
		"secret repair label":    {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", RepairGrantID: testGrant, Label: "l"}), "repair grant"},
		"secret repair uuid":     {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", RepairGrantID: "x"}), "repair grant"},
		"secret label":           {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", Label: strings.Repeat("x", 256)}), "label"},
		"secret policy":          {secret(ManagedSecretConnectParams{UserToken: "u", Provider: "p", Policy: &GrantPolicy{MaxTTL: time.Millisecond}}), "policy"},
		"secret agent's agent":   {second(agent.CreateManagedSecretConnectSession(ctx, ManagedSecretConnectParams{UserToken: "u", Provider: "p", Agent: "a"})), "agent"},
		"secret agent's repair":  {second(agent.CreateManagedSecretConnectSession(ctx, ManagedSecretConnectParams{UserToken: "u", Provider: "p", RepairGrantID: testGrant})), "repair grant"},
		"auth poll token":        {second(app.PollAuthSession(ctx, "")), "session token"},
		"auth poll interval":     {second(app.PollAuthSession(ctx, "s", PollInterval(0))), "poll interval"},
		"authenticate":           {second(app.Authenticate(ctx, PollTimeout(0))), "poll timeout"},
		"verify":                 {second(app.VerifyUserToken(ctx, " ")), "user token"},
		"for nothing":            {second(app.CreateConnectSessionForError(ctx, errors.New("x"), ConnectParams{})), "error"},
		"for no provider":        {second(app.CreateConnectSessionForError(ctx, noGrant(), ConnectParams{})), "error"},
		"for no agent": {second(app.CreateConnectSessionForError(ctx,
			&Error{kind: kindNoDelegated, Details: Details{ProviderID: "p"}}, ConnectParams{})), "error"},
		"trace":       {second(agent.Me(agent.Trace(ctx, Trace{Metadata: map[string]string{"agent": "x"}}))), "trace"},
		"traceparent": {second(app.RevokeGrant(WithTraceparent(ctx, "x"), testGrant, "")), "traceparent"},
	} {
		var value *ValueError
		if !errors.Is(c.err, ErrInvalidInput) || !errors.As(c.err, &value) || value.Field != c.field {
			t.Errorf("%s: %v, want the field %q", name, c.err, c.field)
		}
	}
	if got := vault.all(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

// TestSessionForError: the session repairs what the error says.
func TestSessionForError(t *testing.T) {
	session := []byte(`{"session_token":"s","connect_url":"u","expires_in":0,"expires_at":"x"}`)
	plain := func(body string) string {
		return `{"allowed_providers":["github"],"return_url":"r","allowed_origin":null,"metadata":null` + body + `}`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		gone   bool
		want   []string
	}{
		"not found": {404, `{"error":"grant_not_found","provider_id":"github"}`, false, []string{plain("")}},
		"no delegation": {404, `{"error":"no_delegated_grant","provider_id":"github","agent_id":"a-1"}`, false,
			[]string{plain(`,"agent":"a-1"`)}},
		"expired": {403, `{"error":"grant_expired","details":{"provider_id":"github"}}`, false, []string{plain("")}},
		"revoked credential": {400, `{"error":"credential_revoked","provider_id":"github","grant_id":"` + strings.ToUpper(testAgentID) + `","app_user_id":"u"}`, false,
			[]string{plain(`,"repair_grant_id":"` + testAgentID + `"`)}},
		"revoked credential, of an agent": {400, `{"error":"credential_revoked","provider_id":"github","grant_id":"` + testAgentID + `","agent_id":"a-1"}`, false,
			[]string{plain(`,"repair_grant_id":"` + testAgentID + `"`)}},
		"revoked credential, grant gone": {400, `{"error":"credential_revoked","provider_id":"github","grant_id":"` + testAgentID + `"}`, true,
			[]string{plain(`,"repair_grant_id":"` + testAgentID + `"`), plain("")}},
	} {
		t.Run(name, func(t *testing.T) {
			vault := newFakeVault(t)
			agent := vault.agent()
			vault.script(wire.PathToken, answerWith(c.status, []byte(c.body)))
			_, err := agent.Request(t.Context(), "GET", "https://api.example.com", Provider("github"))
			if err == nil {
				t.Fatal("no error")
			}
			vault.script(wire.PathConnectSession, answerWith(201, session))
			if c.gone {
				first := true
				vault.script(wire.PathConnectSession, respond(func() (int, []byte) {
					if first {
						first = false
						return 404, nil
					}
					return 201, session
				}))
			}
			if _, err := agent.CreateConnectSessionForError(context.WithoutCancel(t.Context()), err, ConnectParams{ReturnURL: "r"}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range vault.calls(wire.PathConnectSession) {
				got = append(got, s.Body)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("sent\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}
