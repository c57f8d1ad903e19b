package vault

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhoHasWhichMethod: the compiler decides what an App and what an Agent can
// do. A method that moves shows here.
func TestWhoHasWhichMethod(t *testing.T) {
	both := []string{
		"ActorID", "Approval", "AssertIdentity", "AuditStats", "Authenticate", "BaseURL", "Close", "Connect", "CreateAuthSession", "CreateConnectSession",
		"CreateConnectSessionForError", "CreateManagedSecretConnectSession", "Format", "HTTPClient", "KeyDeprecated", "Keys", "ListGrants", "LogValue", "Mode", "OAuthProviders",
		"PollAuthSession", "PollSession", "ProviderSpecs", "ProxyRequest", "RateLimit", "Request", "ResolveIdentity", "RevokeDelegation", "Scopes", "Spans", "Transport", "WithConstraints",
	}
	for _, c := range []struct {
		typ   reflect.Type
		extra []string
	}{
		{reflect.TypeFor[*App](), []string{"Agent", "Agents", "CreateManagedSecretGrant", "MintGrant", "RevokeGrant", "VerifyUserToken"}},
		{reflect.TypeFor[*Agent](), []string{"Delegate", "Me", "Trace"}},
	} {
		var got []string
		for m := range c.typ.Methods() {
			got = append(got, m.Name)
		}
		want := slices.Sorted(slices.Values(append(slices.Clone(both), c.extra...)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.typ, diff)
		}
	}
	app, agent := reflect.TypeFor[*App](), reflect.TypeFor[*Agent]()
	one, _ := app.MethodByName("RevokeDelegation")
	own, _ := agent.MethodByName("RevokeDelegation")
	if one.Type.NumIn() != 4 || own.Type.NumIn() != 3 {
		t.Errorf("an App names grant and agent, an Agent only the grant: %s, %s", one.Type, own.Type)
	}
}
