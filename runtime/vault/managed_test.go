package vault

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestSecretSessionAnswers: a vault that is too old for what was asked is told
// apart from one that refuses, and an answer that is not what was asked for is
// not believed.
func TestSecretSessionAnswers(t *testing.T) {
	const head = `"session_token":"test-secret-session","connect_url":"https://vault.example/connect/test-secret-session","expires_in":600,"expires_at":"x"`
	list := func(kind, field string) string {
		return `{"detail":[{"type":"` + kind + `","loc":["body","` + field + `"]}]}`
	}
	plain := ManagedSecretConnectParams{Provider: "stripe", UserToken: "u"}
	old := ManagedSecretConnectParams{TemplateSlug: "stripe", UserToken: "u"}
	withAgent, delegable := plain, plain
	withAgent.Agent, delegable.Delegable = "a", true
	for name, c := range map[string]struct {
		params        ManagedSecretConnectParams
		status        int
		body          string
		kind          error // nil = success
		feature, code string
	}{
		"good":                  {plain, 201, `{` + head + `,"path":"key_entry","secret_slug":"stripe"}`, nil, "", ""},
		"good, own key":         {plain, 201, `{` + head + `,"path":null,"secret_slug":"stripe"}`, nil, "", ""},
		"no path":               {plain, 201, `{` + head + `,"secret_slug":"stripe"}`, ErrFeatureUnsupported, featureByProvider, ""},
		"no path, older way":    {old, 201, `{` + head + `}`, nil, "", ""},
		"another secret":        {plain, 201, `{` + head + `,"path":null,"secret_slug":"other"}`, ErrVault, "", "bad_vault_answer"},
		"not delegable":         {delegable, 201, `{` + head + `,"path":null,"secret_slug":"stripe"}`, ErrFeatureUnsupported, featureDelegable, ""},
		"delegable":             {plain, 201, `{` + head + `,"path":null,"secret_slug":"stripe","delegable_requested":true}`, ErrVault, "", "bad_vault_answer"},
		"direct of a type":      {plain, 201, `{` + head + `,"path":null,"secret_slug":"stripe","direct":"true"}`, ErrVault, "", "bad_vault_answer"},
		"unknown provider":      {plain, 422, list("extra_forbidden", "provider"), ErrFeatureUnsupported, featureByProvider, ""},
		"unknown, not sent":     {plain, 422, list("extra_forbidden", "agent"), ErrVault, "", ""},
		"needs a template":      {plain, 422, list("missing", "template_slug"), ErrFeatureUnsupported, featureByProvider, ""},
		"needs an agent":        {old, 422, list("missing", "delegated_agent_id"), ErrFeatureUnsupported, featureAgentless, ""},
		"needs an agent, typed": {old, 422, `{"error":"delegated_agent_id_required"}`, ErrFeatureUnsupported, featureByProvider, ""},
		"has an agent":          {withAgent, 422, list("missing", "delegated_agent_id"), ErrVault, "", ""},
		"no such secret":        {plain, 404, `{"error":"secret_not_found"}`, ErrConnectConfig, "", "secret_not_found"},
		"another template":      {plain, 422, `{"error":"secret_template_mismatch"}`, ErrConnectConfig, "", ""},
		"nothing to lend":       {plain, 409, `{"error":"no_eligible_grants","details":{"reason":"no_grant"}}`, ErrConnectConfig, "", ""},
	} {
		vault := newFakeVault(t)
		vault.script(wire.PathSecretSession, answerWith(c.status, []byte(c.body)))
		s, err := vault.app().CreateManagedSecretConnectSession(t.Context(), c.params)
		e, _ := errors.AsType[*Error](err)
		switch {
		case c.kind == nil && err != nil, c.kind != nil && !errors.Is(err, c.kind):
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		case c.kind == nil:
			if text := fmt.Sprintf("%v %+v %#v %s", s, s, s, *s); strings.Contains(text, "test-secret") || s.Token.Reveal() != "test-secret-session" {
				t.Errorf("%s: %s", name, text)
			}
		case e.Details.Feature != c.feature || c.code != "" && e.Code != c.code:
			t.Errorf("%s: feature %q, code %q", name, e.Details.Feature, e.Code)
		}
		if name == "nothing to lend" && e.Details.Reason != "no_grant" {
			t.Errorf("%s: %+v", name, e.Details)
		}
	}
}

// TestImpersonatedSecretSession: an application that acts for an agent names it,
// in the way that goes with how the secret is named.
func TestImpersonatedSecretSession(t *testing.T) {
	vault := newFakeVault(t)
	agent, err := vault.app().Agent(testAgentID)
	if err != nil {
		t.Fatal(err)
	}
	vault.script(wire.PathSecretSession, answerWith(201, []byte(`{"session_token":"s","connect_url":"u","expires_in":0,"expires_at":"x","path":null,"secret_slug":"p"}`)))
	for _, c := range []struct {
		params ManagedSecretConnectParams
		want   string
	}{
		{ManagedSecretConnectParams{Provider: "p", TemplateSlug: "t", UserToken: "u"}, `{"provider":"p","template_slug":"t","agent":"` + testAgentID + `","user_token":"u"}`},
		{ManagedSecretConnectParams{TemplateSlug: "t", UserToken: "u"}, `{"template_slug":"t","delegated_agent_id":"` + testAgentID + `","user_token":"u"}`},
	} {
		if _, err := agent.CreateManagedSecretConnectSession(t.Context(), c.params); err != nil {
			t.Fatal(err)
		}
		if sent := vault.calls(wire.PathSecretSession); sent[len(sent)-1].Body != c.want {
			t.Errorf("sent %s, want %s", sent[len(sent)-1].Body, c.want)
		}
	}
}

func TestSecretGrantConflicts(t *testing.T) {
	vault := newFakeVault(t)
	path := wire.PathSecretGrants(testGrant)
	create := func(status int, body string) *Error {
		vault.script(path, answerWith(status, []byte(body)))
		_, err := vault.app().CreateManagedSecretGrant(t.Context(), testGrant, ManagedSecretGrantParams{Principal: UserPrincipal{UserToken: "u", Label: "mine"}})
		e, _ := errors.AsType[*Error](err)
		return e
	}
	if e := create(409, `{"error":"sibling_label_conflict"}`); !errors.Is(e, ErrLabelConflict) || e.Details.Label != "mine" {
		t.Errorf("%v", e)
	}
	if e := create(409, `{"error":"credential_id_required","details":{"credentials":[{"id":"1","label":"a"},{"id":"2","label":"b"}]}}`); !errors.Is(e, ErrCredentialIDRequired) ||
		len(e.Details.Credentials) != 2 || e.Details.Credentials[1] != (CredentialRef{"2", "b"}) {
		t.Errorf("%v", e)
	}
	if e := create(409, `{"error":"end_user_credential_not_assignable"}`); !errors.Is(e, ErrNotAssignable) {
		t.Errorf("%v", e)
	}
	if text := fmt.Sprintf("%v %+v %#v", UserPrincipal{"test-secret-user", "l"}, &UserPrincipal{"test-secret-user", "l"}, UserPrincipal{"test-secret-user", "l"}); strings.Contains(text, "test-secret") {
		t.Error(text)
	}
}
