package local

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/awstest"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// secretFixture is a flowFixture with a provider that takes keys.
type secretFixture struct {
	*flowFixture
	echo *echo
}

func newSecretFixture(t testing.TB) *secretFixture {
	return &secretFixture{newFlowFixture(t), newEcho(t)}
}

func (f *secretFixture) secret(spec ManagedSecretSpec) *ManagedSecret {
	f.t.Helper()
	spec.Hosts = []string{f.echo.URL}
	if spec.Kind == "" {
		spec.Kind, spec.Names = SecretHeader, []string{"X-Key"}
	}
	s, err := f.CreateManagedSecret(f.t.Context(), spec)
	f.must(err)
	return s
}

// user makes a user and returns a token of hers.
func (f *secretFixture) user(subject string) string {
	f.t.Helper()
	_, err := f.CreateUser(f.t.Context(), UserSpec{AppID: f.app.ID, Subject: subject})
	f.must(err)
	token, err := f.newUserToken(f.app.ID, subject)
	f.must(err)
	return token
}

func (f *secretFixture) ask(key string, r wire.SecretSessionRequest) result {
	return f.post(key, wire.PathSecretSession, r.Marshal())
}

func (f *secretFixture) session(key string, r wire.SecretSessionRequest) wire.SecretSession {
	f.t.Helper()
	got := f.ask(key, r)
	s, err := wire.ParseSecretSession(got.raw)
	if got.status != http.StatusCreated || err != nil || !s.HasPath || s.ConnectURL != pageBase+connectPath+s.SessionToken {
		f.t.Fatalf("%d %s %v", got.status, got.raw, err)
	}
	return s
}

// call makes a proxied call under a grant and returns its status at the vault.
func (f *secretFixture) call(key, grantID string) result {
	return f.proxy(wire.ProxyRequest{GrantID: grantID, Method: "GET", URL: f.echo.URL + "/v1"}, send{key: key})
}

// TestUsersKey: a user enters a key on the vault's page, an agent calls with it,
// the key is entered again in place, and it is erased with its last grant.
func TestUsersKey(t *testing.T) {
	f := newSecretFixture(t)
	s := f.secret(ManagedSecretSpec{Slug: "tool", Name: "Tool & Co", UserKeys: true})
	user := f.user("ada")
	session := f.session(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user, Agent: "builder", ReturnURL: "https://shop.example/done"})
	if session.Path != wire.PathEntry || session.SecretSlug != "tool" || session.AgentID != f.agent.ID || session.ExistingGrantID != "" {
		t.Errorf("%+v", session.Marshal())
	}
	b := newBrowser(f.flowFixture)
	p := b.get(session.ConnectURL)
	for _, want := range []string{"Enter your key", "The agent “builder” of “mailer”", "Tool &amp; Co", f.echo.URL, `type="password"`, `autocomplete="off"`} {
		if !strings.Contains(p.text, want) {
			t.Errorf("the page lacks %q:\n%s", want, p.text)
		}
	}
	if p = b.submit(p, "secret", "value_0", " \n"); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text, "That cannot be a key") {
		t.Errorf("blank: %d %s", p.status, p.text)
	}
	if p = b.submit(p, "secret", "value_0", testKey+"\nsecond line"); p.status != http.StatusUnprocessableEntity || strings.Contains(p.text, testKey) {
		t.Errorf("two lines: %d %s", p.status, p.text)
	}
	if p = b.submit(p, "secret", "value_0", " "+testKey+" ", "ttl", "3600"); !strings.Contains(p.text, "Connected") || strings.Contains(p.text, testKey) || !strings.Contains(p.text, "https://shop.example/done") {
		t.Errorf("%d %s", p.status, p.text)
	}
	state := f.poll(f.app.Key, session.SessionToken)
	if state.Status != wire.SessionCompleted || len(state.Grants) != 1 || state.Grants[0].ProviderID != "tool" || state.Grants[0].Delegation == nil {
		t.Fatalf("%+v", state)
	}
	grantID := state.Grants[0].GrantID
	if r := f.call(f.agent.Key, grantID); r.status != 200 || f.echo.last.Header.Get("X-Key") != testKey {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.clock.add(2 * time.Hour)
	if r := f.call(f.agent.Key, grantID); r.status != 404 {
		t.Errorf("after the user's hour: %d %s", r.status, r.raw)
	}
	f.repairs(s, grantID, f.user("ada"))

	f.must(f.RevokeGrant(t.Context(), grantID))
	list, err := f.ManagedSecrets(t.Context())
	f.must(err)
	if len(list[0].Credentials) != 0 || list[0].Grants != 0 {
		t.Errorf("the key outlives its last grant: %+v", list[0])
	}
	events, err := f.Events(t.Context(), EventFilter{})
	f.must(err)
	var seen []string
	for _, e := range events {
		if e.Target == "secret" {
			seen = append(seen, string(e.Actor)+" "+e.Action)
		}
	}
	if got := strings.Join(seen, ", "); got != "operator secret.created, user secret.value_added, user secret.value_rotated" {
		t.Error(got)
	}
	searchFiles(t, f.dir, []string{testKey, testKey2, session.SessionToken})
}

// repairs has the user enter the key of a grant again.
func (f *secretFixture) repairs(s *ManagedSecret, grantID, user string) {
	f.t.Helper()
	session := f.session(f.app.Key, wire.SecretSessionRequest{Provider: s.Slug, UserToken: user, RepairGrantID: grantID})
	if session.Path != wire.PathRepair || session.AgentID != "" {
		f.t.Errorf("%s", session.Marshal())
	}
	b := newBrowser(f.flowFixture)
	if p := b.submit(b.get(session.ConnectURL), "secret", "value_0", testKey2); !strings.Contains(p.text, "Connected") {
		f.t.Errorf("%d %s", p.status, p.text)
	}
	if state := f.poll(f.app.Key, session.SessionToken); state.Grants[0].GrantID != grantID || state.Grants[0].Operation != "reauth" {
		f.t.Errorf("%+v", state)
	}
	if r := f.call(f.app.Key, grantID); r.status != 200 || f.echo.last.Header.Get("X-Key") != testKey2 {
		f.t.Errorf("%d %s", r.status, r.raw)
	}
	if r := f.ask(f.app.Key, wire.SecretSessionRequest{Provider: s.Slug, UserToken: f.user("bob"), RepairGrantID: grantID}); r.status != 404 {
		f.t.Errorf("another user's repair: %d %s", r.status, r.raw)
	}
}

// TestLendingASecret: a user who may use the operator's value lends it to an
// agent with one click; the application makes the user's grant before.
func TestLendingASecret(t *testing.T) {
	f := newSecretFixture(t)
	s := f.secret(ManagedSecretSpec{Slug: "tool", Template: "tool-kit", Value: SecretValue{Values: []string{testKey}}})
	user := f.user("ada")
	refused := func(want string, status int, r result) {
		t.Helper()
		if r.status != status || r.str("error") != want {
			t.Errorf("%d %s, want %d %s", r.status, r.raw, status, want)
		}
	}
	r := f.ask(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user, Agent: f.agent.ID})
	refused("no_eligible_grants", 409, r)
	if !strings.Contains(string(r.body["details"]), `"reason":"no_grant"`) {
		t.Errorf("%s", r.raw)
	}
	made := f.grantTo(s.ID, wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "user", UserToken: user, Label: "mine"}, Policy: wire.GrantPolicyInput{MaxTTLSeconds: 1800, DefaultTTLSeconds: 1800}})
	session := f.session(f.app.Key, wire.SecretSessionRequest{TemplateSlug: "Tool-Kit", UserToken: user, DelegatedAgentID: f.agent.ID, RequestedTTL: 600, Delegable: true, Direct: true})
	if session.Path != wire.PathFast || session.ExistingGrantID != made.GrantID || !session.DelegableRequested || session.Direct || session.TemplateSlug != "tool-kit" {
		t.Errorf("%s", session.Marshal())
	}
	b := newBrowser(f.flowFixture)
	p := b.get(session.ConnectURL)
	if !strings.Contains(p.text, "Allow the use of your key") || strings.Contains(p.text, "password") {
		t.Errorf("%s", p.text)
	}
	if p = b.submit(p, "secret"); !strings.Contains(p.text, "Connected") {
		t.Errorf("%d %s", p.status, p.text)
	}
	if r := f.call(f.agent.Key, made.GrantID); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	item := f.item(f.agent.Key)
	if item.Kind != wire.GrantManagedSecret || item.ManagedSecretSlug != "tool" || item.ManagedSecretID != s.ID || item.AccessVia != "ms_delegation" ||
		item.CredentialKind != "developer" || item.CredentialLabel != "default" || item.PrincipalType != "user" || !item.Delegable || item.Depth != 1 ||
		item.GrantExpiresAt != timeText(f.clock.now().Add(10*time.Minute)) {
		t.Errorf("%s", item.Marshal())
	}
	// An agent hands it on, as what it is.
	other := f.newAgent("other")
	d := f.post(f.agent.Key, wire.PathGrantDelegate(made.GrantID), wire.GrantDelegate{ToAgentID: other.ID}.Marshal())
	if d.status != 201 || d.str("grant_kind") != wire.GrantManagedSecret {
		t.Errorf("%d %s", d.status, d.raw)
	}
	// With a label of its own the agent gets a sibling.
	labelled := f.session(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user, Agent: "other", Label: "for other"})
	b.submit(b.get(labelled.ConnectURL), "secret")
	if g := f.poll(f.app.Key, labelled.SessionToken).Grants; len(g) != 1 || g[0].GrantID == made.GrantID || g[0].Operation != "creation" {
		t.Errorf("%+v", g)
	}
	f.clock.add(time.Hour)
	r = f.ask(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: f.user("ada"), Agent: f.agent.ID})
	refused("no_eligible_grants", 409, r)
	if !strings.Contains(string(r.body["details"]), `"reason":"grant_expired"`) {
		t.Errorf("%s", r.raw)
	}
	searchFiles(t, f.dir, []string{testKey})
}

func (f *secretFixture) grantTo(secretID string, g wire.SecretGrant) wire.SecretGrantCreated {
	f.t.Helper()
	r := f.post(f.app.Key, wire.PathSecretGrants(secretID), g.Marshal())
	made, err := wire.ParseSecretGrantCreated(r.raw)
	if r.status != http.StatusCreated || err != nil {
		f.t.Fatalf("%d %s %v", r.status, r.raw, err)
	}
	return made
}

// item is the one grant of a secret that a key sees.
func (f *secretFixture) item(key string) wire.GrantItem {
	f.t.Helper()
	page, err := wire.ParseGrantPage(f.post(key, wire.PathGrantsList, wire.GrantsList{Limit: 10, ProviderID: "tool"}.Marshal()).raw)
	if err != nil || len(page.Grants) != 1 {
		f.t.Fatalf("%+v %v", page, err)
	}
	return page.Grants[0]
}

// TestSecretSessionRefusals, each with its code and before a page exists.
func TestSecretSessionRefusals(t *testing.T) {
	f := newSecretFixture(t)
	f.secret(ManagedSecretSpec{Slug: "tool", Template: "kit", UserKeys: true})
	f.secret(ManagedSecretSpec{Slug: "tool-2", Template: "kit", UserKeys: true})
	user := f.user("ada")
	limited, err := f.CreateAgent(t.Context(), AgentSpec{Name: "limited", Scopes: map[string][]string{"github": {"repo"}}})
	f.must(err)
	good := wire.SecretSessionRequest{Provider: "tool", UserToken: user}
	for name, c := range map[string]struct {
		change func(*wire.SecretSessionRequest)
		status int
		code   string
	}{
		"no secret":         {func(r *wire.SecretSessionRequest) { r.Provider = "other" }, 404, "secret_not_found"},
		"no template":       {func(r *wire.SecretSessionRequest) { r.Provider, r.TemplateSlug = "", "none" }, 404, "secret_not_found"},
		"other template":    {func(r *wire.SecretSessionRequest) { r.TemplateSlug = "none" }, 422, "secret_template_mismatch"},
		"several":           {func(r *wire.SecretSessionRequest) { r.Provider, r.TemplateSlug = "", "kit" }, 422, "secret_template_mismatch"},
		"nothing named":     {func(r *wire.SecretSessionRequest) { r.Provider = "" }, 422, codeInvalidRequest},
		"no agent":          {func(r *wire.SecretSessionRequest) { r.Agent = "nobody" }, 404, "agent_not_found"},
		"two agents":        {func(r *wire.SecretSessionRequest) { r.Agent, r.DelegatedAgentID = "a", f.agent.ID }, 400, codeInvalidRequest},
		"not allowlisted":   {func(r *wire.SecretSessionRequest) { r.Agent = limited.ID }, 409, "no_eligible_grants"},
		"bad token":         {func(r *wire.SecretSessionRequest) { r.UserToken = "test-secret-none" }, 401, codeBadUserToken},
		"bad origin":        {func(r *wire.SecretSessionRequest) { r.AllowedOrigin = "https://h/p" }, 400, "invalid_origin"},
		"bad return":        {func(r *wire.SecretSessionRequest) { r.ReturnURL = "javascript:alert(1)" }, 422, "invalid_return_url"},
		"ttl with policy":   {func(r *wire.SecretSessionRequest) { r.RequestedTTL, r.Policy = 5, &wire.GrantPolicyInput{} }, 400, codeInvalidRequest},
		"past policy":       {func(r *wire.SecretSessionRequest) { r.Policy = &wire.GrantPolicyInput{ExpiresAt: "2020-01-01"} }, 422, "invalid_grant_policy"},
		"repair of nothing": {func(r *wire.SecretSessionRequest) { r.RepairGrantID = f.grant.ID }, 404, codeGrantNotFound},
		"repair and label":  {func(r *wire.SecretSessionRequest) { r.RepairGrantID, r.Label = f.grant.ID, "l" }, 400, codeInvalidRequest},
	} {
		r := good
		c.change(&r)
		if got := f.ask(f.app.Key, r); got.status != c.status || got.str("error") != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.raw, c.status, c.code)
		}
	}
	if got := f.ask(f.agent.Key, good); got.status != 400 || got.str("error") != codeAgentUserToken {
		t.Errorf("own key: %d %s", got.status, got.raw)
	}
	weak, err := f.MintAppKey(t.Context(), f.app.ID, []string{"connect:initiate"})
	f.must(err)
	if got := f.ask(weak.Key, good); got.status != 403 || string(got.body["missing"]) != `["secrets:write"]` || string(got.body["required"]) != `["connect:initiate","secrets:write"]` {
		t.Errorf("a key without secrets:write: %d %s", got.status, got.raw)
	}
	// Cancelled, and then used up.
	s := f.session(f.app.Key, good)
	b := newBrowser(f.flowFixture)
	p := b.get(s.ConnectURL)
	if end := b.submit(p, "cancel"); !strings.Contains(end.text, "Nothing was connected") {
		t.Errorf("%s", end.text)
	}
	if end := b.submit(p, "secret", "value_0", testKey); strings.Contains(end.text, "Connected") {
		t.Errorf("%s", end.text)
	}
	if state := f.poll(f.app.Key, s.SessionToken); state.Status != wire.SessionError || state.Error.Code != "connect_denied" {
		t.Errorf("%+v", state)
	}
	// Another browser's form is nobody's.
	s = f.session(f.app.Key, good)
	p = b.get(s.ConnectURL)
	if end := newBrowser(f.flowFixture).submit(p, "secret", "value_0", testKey); end.status != http.StatusForbidden {
		t.Errorf("%d %s", end.status, end.text)
	}
	searchFiles(t, f.dir, []string{testKey, "test-secret-none"})
}

// TestAgentsOwnSecretSession: with the newer reading of user tokens an agent asks
// for itself, and is told nothing of what the user has.
func TestAgentsOwnSecretSession(t *testing.T) {
	f := newSecretFixture(t)
	f.userTokensSelect = true
	s := f.secret(ManagedSecretSpec{Slug: "tool", Value: SecretValue{Values: []string{testKey}}})
	user := f.signIn("octo")
	none := f.session(f.agent.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user})
	f.grantTo(s.ID, wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "user", UserToken: user, Label: "mine"}})
	some := f.session(f.agent.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user})
	for _, s := range []wire.SecretSession{none, some} {
		if s.Path != "" || s.ExistingGrantID != "" || s.AgentID != f.agent.ID {
			t.Errorf("%s", s.Marshal())
		}
	}
	b := newBrowser(f.flowFixture)
	if p := b.submit(b.get(none.ConnectURL), "connect"); !strings.Contains(p.text, "There is nothing to allow") {
		t.Errorf("%s", p.text)
	}
	// The agent itself could open the page: without the user's sign-in, in the same
	// browser, it gets nowhere.
	p := b.get(some.ConnectURL)
	if !strings.Contains(p.text, "Sign in first") || strings.Contains(p.text, "Allow") {
		t.Errorf("%s", p.text)
	}
	form := p.forms()[0]
	form.Set("action", "secret")
	if end := b.seen(b.client.PostForm(some.ConnectURL, form)); !strings.Contains(end.text, "Sign in first") {
		t.Errorf("%s", end.text)
	}
	if p = b.submit(p, "connect"); !strings.Contains(p.text, "Allow the use of your key") {
		t.Errorf("%s", p.text)
	}
	stranger := newBrowser(f.flowFixture)
	if end := stranger.get(some.ConnectURL); !strings.Contains(end.text, "Sign in first") {
		t.Errorf("%s", end.text)
	}
	if p = b.submit(p, "secret"); !strings.Contains(p.text, "Connected") {
		t.Errorf("%s", p.text)
	}
	if state := f.poll(f.agent.Key, some.SessionToken); len(state.Grants) != 1 || f.call(f.agent.Key, state.Grants[0].GrantID).status != 200 {
		t.Errorf("%+v", state)
	}
	// Another user who signs in is not the one whose key it is about.
	own, err := f.CreateUser(t.Context(), UserSpec{AppID: f.app.ID, Subject: "ada"})
	f.must(err)
	theirs := f.session(f.agent.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: f.user(own.Subject)})
	if p := b.submit(b.get(theirs.ConnectURL), "connect"); p.status != http.StatusConflict {
		t.Errorf("%d %s", p.status, p.text)
	}
	f.must(f.RemoveProvider(t.Context(), f.server.spec().ID))
	if r := f.ask(f.agent.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user}); r.status != 409 || r.str("error") != "idp_signin_not_configured" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := f.ask(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user}); r.status != 201 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.provider(f.server.spec())
	if r := f.ask(f.agent.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: user, Agent: f.newAgent("other").ID}); r.status != 400 || r.str("error") != "agent_cannot_delegate_to_other_agent" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// TestSecretGrants: what an app may do with the operator's values.
func TestSecretGrants(t *testing.T) {
	f := newSecretFixture(t)
	s := f.secret(ManagedSecretSpec{Slug: "tool", Value: SecretValue{Values: []string{testKey}}, UserKeys: true})
	user := f.user("ada")
	mine := wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "user", UserToken: user, Label: "mine"}}
	system := wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "system"}}
	made := f.grantTo(s.ID, mine)
	if made.PrincipalType != "user" || made.Label != "mine" || made.CredentialID != s.Credentials[0].ID {
		t.Errorf("%+v", made)
	}
	app := f.grantTo(s.ID, system)
	if r := f.call(f.app.Key, app.GrantID); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := f.call(f.agent.Key, app.GrantID); r.status != 404 {
		t.Errorf("an agent reaches the app's grant: %d", r.status)
	}
	refused := func(name, id string, g wire.SecretGrant, status int, code string) result {
		t.Helper()
		r := f.post(f.app.Key, wire.PathSecretGrants(id), g.Marshal())
		if r.status != status || r.str("error") != code {
			t.Errorf("%s: %d %s, want %d %s", name, r.status, r.raw, status, code)
		}
		return r
	}
	refused("label in use", s.ID, mine, 409, "sibling_label_conflict")
	refused("no secret", newID(), system, 404, "managed_secret_not_found")
	refused("agent", s.ID, wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "agent"}}, 422, "agent_principal_not_supported")
	refused("group", s.ID, wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "group", ExternalGroupID: "g", IDPID: "i", Label: "l"}}, 422, "group_principal_not_supported")
	refused("bad token", s.ID, wire.SecretGrant{Principal: wire.SecretPrincipal{Type: "user", UserToken: "test-secret-none", Label: "l"}}, 401, codeBadUserToken)
	refused("past", s.ID, wire.SecretGrant{Principal: system.Principal, Policy: wire.GrantPolicyInput{ExpiresAt: "2020-01-01"}}, 422, "invalid_grant_policy")
	refused("no credential", s.ID, wire.SecretGrant{Principal: system.Principal, CredentialID: newID()}, 404, "credential_not_found")

	// A user's own key is that user's.
	session := f.session(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: f.user("bob")})
	b := newBrowser(f.flowFixture)
	b.submit(b.get(session.ConnectURL), "secret", "value_0", testKey2)
	list, err := f.ManagedSecrets(t.Context())
	f.must(err)
	users := list[0].Credentials[1]
	refused("a user's key", s.ID, wire.SecretGrant{Principal: system.Principal, CredentialID: users.ID}, 409, "end_user_credential_not_assignable")

	second, err := f.AddSecretCredential(t.Context(), s.ID, "second", SecretValue{Values: []string{testKey2}})
	f.must(err)
	r := refused("several", s.ID, system, 409, "credential_id_required")
	if !strings.Contains(string(r.body["details"]), `{"credentials":[{"id":"`+s.Credentials[0].ID+`","label":"default"},{"id":"`+second+`","label":"second"}]}`) {
		t.Errorf("%s", r.raw)
	}
	system.CredentialID = second
	if g := f.grantTo(s.ID, system); g.CredentialID != second {
		t.Errorf("%+v", g)
	} else if r := f.call(f.app.Key, g.GrantID); r.status != 200 || f.echo.last.Header.Get("X-Key") != testKey2 {
		t.Errorf("%d %s", r.status, r.raw)
	}

	// Rotation in place, then the end.
	f.must(f.RotateSecret(t.Context(), s.ID, s.Credentials[0].ID, SecretValue{Values: []string{"test-secret-rotated"}}))
	if r := f.call(f.app.Key, made.GrantID); r.status != 200 || f.echo.last.Header.Get("X-Key") != "test-secret-rotated" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.must(f.RevokeGrant(t.Context(), made.GrantID))
	if r := f.call(f.app.Key, app.GrantID); r.status != 200 {
		t.Errorf("the value went with one of its grants: %d %s", r.status, r.raw)
	}
	f.must(f.RemoveManagedSecret(t.Context(), s.ID))
	f.must(f.RemoveManagedSecret(t.Context(), s.ID))
	if r := f.call(f.app.Key, app.GrantID); r.status != 400 || r.str("error") != codeGrantRevoked {
		t.Errorf("%d %s", r.status, r.raw)
	}
	searchFiles(t, f.dir, []string{testKey, testKey2, "test-secret-rotated", "test-secret-none"})
}

// TestEntryOfEachKind: the page asks for the fields of the secret's kind, and what
// is entered goes where the kind has it, as long as the fields may be.
func TestEntryOfEachKind(t *testing.T) {
	long := testKey + strings.Repeat("/", maxValue-len(testKey)) // three times as long in a form
	for _, c := range []struct {
		spec   ManagedSecretSpec
		fields []string // of the page, each with what is entered
		want   func(r *http.Request) bool
	}{
		{ManagedSecretSpec{Kind: SecretBearer}, []string{"value_0", long}, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+long }},
		{
			ManagedSecretSpec{Kind: SecretHeader, Names: []string{"X-Key", "X-Other", "X-Third", "X-Fourth", "X-Fifth"}},
			[]string{"value_0", testKey, "value_1", testKey2, "value_2", long, "value_3", long, "value_4", long},
			func(r *http.Request) bool {
				return r.Header.Get("X-Key") == testKey && r.Header.Get("X-Other") == testKey2 && r.Header.Get("X-Fifth") == long
			},
		},
		{ManagedSecretSpec{Kind: SecretQuery, Names: []string{"key", "token"}}, []string{"value_0", testKey, "value_1", testSecret}, func(r *http.Request) bool {
			return r.URL.Query().Get("key") == testKey && r.URL.Query().Get("token") == testSecret
		}},
		{ManagedSecretSpec{Kind: SecretBasic}, []string{"username", testUser, "password", testSecret}, func(r *http.Request) bool {
			user, password, _ := r.BasicAuth()
			return user == testUser && password == testSecret
		}},
		{
			ManagedSecretSpec{Kind: SecretAWS, Region: "eu-west-1", Service: "s3"},
			[]string{"access_key_id", testAccessKey, "secret_access_key", testSigningKey, "session_token", testSessionToken},
			func(r *http.Request) bool {
				return awstest.Verify(r, nil, awstest.Key{AccessKeyID: testAccessKey, SecretAccessKey: testSigningKey, SessionToken: testSessionToken}, true) == nil
			},
		},
	} {
		t.Run(string(c.spec.Kind), func(t *testing.T) {
			f := newSecretFixture(t)
			c.spec.Slug, c.spec.UserKeys = "tool", true
			f.secret(c.spec)
			session := f.session(f.app.Key, wire.SecretSessionRequest{Provider: "tool", UserToken: f.user("ada")})
			b := newBrowser(f.flowFixture)
			p := b.get(session.ConnectURL)
			for i := 0; i < len(c.fields); i += 2 {
				if !strings.Contains(p.text, `<input name="`+c.fields[i]+`"`) {
					t.Errorf("the page does not ask for %s", c.fields[i])
				}
			}
			if n := strings.Count(p.text, "<input name="); n != len(c.fields)/2 {
				t.Errorf("the page asks for %d fields, want %d", n, len(c.fields)/2)
			}
			if p = b.submit(p, "secret", c.fields...); !strings.Contains(p.text, "Connected") {
				t.Fatalf("%d %s", p.status, p.text)
			}
			if r := f.call(f.app.Key, f.poll(f.app.Key, session.SessionToken).Grants[0].GrantID); r.status != 200 || !c.want(f.echo.last) {
				t.Errorf("%d, the provider got %s %.2000v", r.status, f.echo.last.URL, f.echo.last.Header)
			}
		})
	}
}
