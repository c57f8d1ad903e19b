package local

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// groupFixture is a vault whose users' provider tells groups, with a managed
// secret.
type groupFixture struct {
	*flowFixture
	secret *ManagedSecret
}

func newGroupFixture(t *testing.T) *groupFixture {
	f := &groupFixture{flowFixture: newFlowFixture(t)}
	spec := f.server.spec()
	spec.GroupsField = "groups"
	f.provider(spec)
	var err error
	f.secret, err = f.CreateManagedSecret(t.Context(), ManagedSecretSpec{
		AppID: f.app.ID, Slug: "mail", Kind: SecretBearer, Hosts: []string{"https://api.example.com"}, Value: SecretValue{Values: []string{testToken}},
	})
	f.must(err)
	return f
}

// signInAs signs an account in with what the provider says of it.
func (f *groupFixture) signInAs(account, groups string) string {
	f.t.Helper()
	f.server.set(func() { f.server.profile = fmt.Sprintf(`{"login":%q,"sub":"id-%s"%s}`, account, account, groups) })
	return f.signIn(account)
}

func (f *groupFixture) grantTo(label string) result {
	f.t.Helper()
	return f.post(f.app.Key, wire.PathSecretGrants(f.secret.ID), wire.SecretGrant{
		Principal: wire.SecretPrincipal{Type: wire.PrincipalGroup, ExternalGroupID: "g-ops", IDPID: "github", Label: label},
	}.Marshal())
}

func (f *groupFixture) use(userToken string) result {
	f.t.Helper()
	body := wire.TokenRequest{ProviderID: "mail", Method: "GET", URL: "https://api.example.com/x", UserToken: userToken}.Marshal()
	return f.post(f.app.Key, wire.PathToken, body)
}

// TestGroupGrant: who is in the group has the grant, from the sign-in on that
// says so until the one that does not.
func TestGroupGrant(t *testing.T) {
	f := newGroupFixture(t)
	made := f.grantTo("shared")
	if made.status != 201 || made.str("principal_type") != "group" {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	id := made.str("grant_id")
	if again := f.grantTo("shared"); again.status != 409 || again.str("error") != "sibling_label_conflict" {
		t.Errorf("%d %s", again.status, again.raw)
	}
	in, out := f.signInAs("alice", `,"groups":["g-ops","g-all","g-ops",""]`), f.signInAs("bob", `,"groups":["g-all"]`)
	if r := f.use(in); r.status != 200 || r.str("grant_id") != id || r.str("access_token") != testToken {
		t.Errorf("in the group: %d %s", r.status, r.raw)
	}
	if e := f.lastRow(); e.GrantID != id || e.UserID != "" {
		t.Errorf("row %+v", e)
	}
	if r := f.use(out); r.status != 404 || r.str("error") != codeGrantNotFound {
		t.Errorf("in another group: %d %s", r.status, r.raw)
	}
	byID := func(token string) result {
		return f.post(f.app.Key, wire.PathToken, wire.TokenRequest{GrantID: id, Method: "GET", URL: "https://api.example.com/x", UserToken: token}.Marshal())
	}
	if a, b := byID(in), byID(out); a.status != 200 || b.status != 404 {
		t.Errorf("by ID: %d %d %s", a.status, b.status, b.raw)
	}
	for token, want := range map[string]int{in: 1, out: 0} {
		page, err := wire.ParseGrantPage(f.post(f.app.Key, wire.PathGrantsList, wire.GrantsList{Limit: 10, UserToken: token}.Marshal()).raw)
		if err != nil || len(page.Grants) != want || want == 1 && page.Grants[0].PrincipalType != "group" {
			t.Errorf("listed: %+v %v", page.Grants, err)
		}
	}
	if r := f.post(f.app.Key, wire.PathGrantRevoke(id), wire.GrantRevoke{UserToken: in}.Marshal()); r.status != 404 {
		t.Errorf("a member ended the group's grant: %d", r.status)
	}
	r := f.post(f.app.Key, wire.PathIdentityResolve, wire.IdentityAsk{UserToken: in}.Marshal())
	if i, err := wire.ParseIdentity(r.raw); err != nil || !slices.Equal(i.GroupIDs, []string{"g-all", "g-ops"}) {
		t.Errorf("%s %v", r.raw, err)
	}

	// A sibling stays with the group.
	mint := f.post(f.app.Key, wire.PathGrantMint(id), []byte(`{"label":"narrow"}`))
	if mint.status != 201 || mint.str("principal_type") != "group" {
		t.Fatalf("%d %s", mint.status, mint.raw)
	}
	if r := f.use(in); r.status != 409 || r.str("error") != codeAmbiguousGrant {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.must(f.RevokeGrant(t.Context(), mint.str("grant_id")))

	// One's own comes first.
	users, err := f.Users(t.Context())
	f.must(err)
	own, err := f.GrantManagedSecret(t.Context(), ManagedGrantSpec{SecretID: f.secret.ID, UserID: users[slices.IndexFunc(users, func(u User) bool { return u.Subject == "github|id-alice" })].ID})
	f.must(err)
	if r := f.use(in); r.status != 200 || r.str("grant_id") != own.ID {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.must(f.RevokeGrant(t.Context(), own.ID))

	// The next sign-in says that she has left, or says nothing.
	for _, groups := range []string{`,"groups":["g-all"]`, `,"groups":["g-ops"]`, ``, `,"groups":"g-ops"`, `,"groups":["g-ops",5]`} {
		token := f.signInAs("alice", groups)
		for _, token := range []string{token, in} { // also for what she had before
			if r := f.use(token); (r.status == 200) != (groups == `,"groups":["g-ops"]`) {
				t.Errorf("groups %q: %d %s", groups, r.status, r.raw)
			}
		}
	}
}

// TestGroupsOfIDToken: without a member in the profile the ID token counts, if it
// is for this vault and of this account.
func TestGroupsOfIDToken(t *testing.T) {
	f := newGroupFixture(t)
	f.must(func() error { r := f.grantTo("shared"); return errorUnless(r.status == 201, r.raw) }())
	soon := f.clock.now().Add(time.Minute).Unix()
	for claims, want := range map[string]bool{
		fmt.Sprintf(`{"aud":%q,"sub":"id-alice","exp":%d,"groups":["g-ops"]}`, testClientID, soon):                    true,
		fmt.Sprintf(`{"aud":["x",%q],"sub":"id-alice","exp":%d,"groups":["g-ops"]}`, testClientID, soon):              true,
		fmt.Sprintf(`{"aud":"x","sub":"id-alice","exp":%d,"groups":["g-ops"]}`, soon):                                 false,
		fmt.Sprintf(`{"aud":%q,"sub":"id-bob","exp":%d,"groups":["g-ops"]}`, testClientID, soon):                      false,
		fmt.Sprintf(`{"aud":%q,"sub":"id-alice","exp":%d,"groups":["g-ops"]}`, testClientID, f.clock.now().Unix()-60): false,
		fmt.Sprintf(`{"aud":%q,"sub":"id-alice","groups":["g-ops"]}`, testClientID):                                   false,
		fmt.Sprintf(`{"aud":%q,"sub":"id-alice","exp":%d}`, testClientID, soon):                                       false,
		`x`: false,
	} {
		f.server.set(func() { f.server.idToken = "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln" })
		if r := f.use(f.signInAs("alice", "")); (r.status == 200) != want {
			t.Errorf("%s: %d %s", claims, r.status, r.raw)
		}
	}
	// What the profile says goes first.
	f.server.set(func() {
		f.server.idToken = "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"aud":%q,"sub":"id-alice","exp":%d,"groups":["g-ops"]}`, testClientID, soon)) + ".c2ln"
	})
	if r := f.use(f.signInAs("alice", `,"groups":[]`)); r.status == 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func errorUnless(ok bool, text []byte) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s", text)
}

// TestGroupsUnsupported is the documented refusal of providers without groups.
func TestGroupsUnsupported(t *testing.T) {
	f := newGroupFixture(t)
	for _, idp := range []string{"gitlab", "GitHub"} {
		r := f.post(f.app.Key, wire.PathSecretGrants(f.secret.ID), wire.SecretGrant{Principal: wire.SecretPrincipal{Type: wire.PrincipalGroup, ExternalGroupID: "g", IDPID: idp, Label: "l"}}.Marshal())
		if r.status != 422 || r.str("error") != "group_principal_not_supported" {
			t.Errorf("%s: %d %s", idp, r.status, r.raw)
		}
	}
	f.provider(f.server.spec()) // without groups
	if r := f.grantTo("l"); r.status != 422 || r.str("error") != "group_principal_not_supported" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if _, err := f.GrantManagedSecret(t.Context(), ManagedGrantSpec{SecretID: f.secret.ID, GroupID: "g"}); err == nil || !strings.Contains(err.Error(), "GroupsField") {
		t.Error(err)
	}
	if _, err := f.GrantManagedSecret(t.Context(), ManagedGrantSpec{SecretID: f.secret.ID, GroupID: "g", AgentID: f.agent.ID}); err == nil {
		t.Error("two principals")
	}
}

// TestOperatorGrantsToGroup does so without a client.
func TestOperatorGrantsToGroup(t *testing.T) {
	f := newGroupFixture(t)
	g, err := f.GrantManagedSecret(t.Context(), ManagedGrantSpec{SecretID: f.secret.ID, GroupID: "g-ops"})
	f.must(err)
	if r := f.use(f.signInAs("alice", `,"groups":["g-ops"]`)); r.status != 200 || r.str("grant_id") != g.ID {
		t.Errorf("%d %s", r.status, r.raw)
	}
	list, err := f.Grants(t.Context())
	f.must(err)
	if last := list[len(list)-1]; last.GroupID != "g-ops" || last.GroupProvider != "github" {
		t.Errorf("%+v", last)
	}
}
