package vault

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/assertion"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestIdentityInput refuses what the official client refuses, before anything
// is sent.
func TestIdentityInput(t *testing.T) {
	vault := newFakeVault(t)
	app, agent := vault.app(), vault.agent()
	long := strings.Repeat("é", 8193)
	fromGetter := vault.app(WithUserToken(func(context.Context) (string, error) { return long, nil }))
	ctx := t.Context()
	for name, err := range map[string]error{
		"token":            second(app.ResolveIdentity(ctx, IdentityParams{UserToken: long})),
		"agent's token":    second(agent.ResolveIdentity(ctx, AgentIdentityParams{UserToken: long})),
		"getter's token":   second(fromGetter.ResolveIdentity(ctx, IdentityParams{})),
		"asserted token":   second(app.AssertIdentity(ctx, "urn:x", 0, IdentityParams{UserToken: long})),
		"no audience":      second(app.AssertIdentity(ctx, "", 0, IdentityParams{})),
		"no scheme":        second(app.AssertIdentity(ctx, "memory.example.com", 0, IdentityParams{})),
		"scheme of digits": second(app.AssertIdentity(ctx, "1x:y", 0, IdentityParams{})),
		"long audience":    second(agent.AssertIdentity(ctx, "urn:"+strings.Repeat("x", 509), 0, AgentIdentityParams{})),
		"9 seconds":        second(app.AssertIdentity(ctx, "urn:x", 9*time.Second, IdentityParams{})),
		"301 seconds":      second(app.AssertIdentity(ctx, "urn:x", 301*time.Second, IdentityParams{})),
		"half a second":    second(agent.AssertIdentity(ctx, "urn:x", 10500*time.Millisecond, AgentIdentityParams{})),
	} {
		if !errors.Is(err, ErrInvalidInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sent := vault.all(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
}

// TestIdentityOfTheGetter: an app's user goes along, an agent's does not.
func TestIdentityOfTheGetter(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathIdentityResolve, answer200([]byte(`{"app_id":"a"}`)))
	getter := WithUserToken(func(context.Context) (string, error) { return "from-getter", nil })
	failing := WithUserToken(func(context.Context) (string, error) { return "", errors.New("no session") })
	calls := []error{
		second(vault.app(getter).ResolveIdentity(t.Context(), IdentityParams{})),
		second(vault.app(getter).ResolveIdentity(t.Context(), IdentityParams{UserToken: "own"})),
		second(vault.agent(getter).ResolveIdentity(t.Context(), AgentIdentityParams{})),
	}
	if err := errors.Join(calls...); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"from-getter", "own", ""} {
		if q, err := wire.ParseIdentityAsk([]byte(vault.calls(wire.PathIdentityResolve)[i].Body)); err != nil || q.UserToken != want {
			t.Errorf("%d: token %q, want %q", i, q.UserToken, want)
		}
	}
	if _, err := vault.app(failing).ResolveIdentity(t.Context(), IdentityParams{}); !errors.Is(err, ErrUserToken) {
		t.Errorf("%v", err)
	}
	if n := len(vault.calls(wire.PathIdentityResolve)); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestIdentityPrintsNoToken(t *testing.T) {
	const token = "test-secret-user"
	a := IdentityAssertion{Token: newSecret(token)}
	for _, v := range []any{IdentityParams{UserToken: token}, AgentIdentityParams{UserToken: token}, a, &a} {
		for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(form, v); strings.Contains(text, token) {
				t.Errorf("%T: %s", v, text)
			}
		}
	}
}

func TestVerifyIdentityAssertion(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := assertion.NewJWK(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	set, err := assertion.MarshalSet(jwk)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	token, err := assertion.Sign(key, assertion.Claims{
		Issuer: "https://v.example.com", Audience: "urn:m", AppID: "a", UserID: "u", AgentID: "g", AgentAuth: "agent_key", ID: "i",
		IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	checks := AssertionChecks{Issuer: "https://v.example.com", Audience: "urn:m", AppID: "a", JWKS: set}
	who, err := VerifyIdentityAssertion(token, checks)
	if err != nil || who.AppID != "a" || who.AppUserID != "u" || who.AgentID != "g" || who.UserStatus != "active" {
		t.Errorf("%+v %v", who, err)
	}
	for name, c := range map[string]struct {
		edit   func(*AssertionChecks)
		at     time.Time
		reason string
	}{
		"over":           {at: now.Add(time.Minute), reason: "lifetime"},
		"another agent":  {at: now, edit: func(c *AssertionChecks) { c.AgentID = "h" }, reason: "binding"},
		"another app":    {at: now, edit: func(c *AssertionChecks) { c.AppID = "b" }, reason: "binding"},
		"another key":    {at: now, edit: func(c *AssertionChecks) { c.JWKS = []byte(`{"keys":[]}`) }, reason: "key"},
		"another issuer": {at: now, edit: func(c *AssertionChecks) { c.Issuer += "x" }, reason: "binding"},
	} {
		wanted := checks
		if c.edit != nil {
			c.edit(&wanted)
		}
		_, err := verifyAssertion(token, wanted, c.at)
		e := wantError(t, err, ErrIdentityAssertion, "memory_assertion_invalid")
		if e.Details.Reason != c.reason || errors.Is(err, ErrVault) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v, reason %q", name, err, e.Details.Reason)
		}
	}
	for name, edit := range map[string]func(*AssertionChecks){
		"issuer": func(c *AssertionChecks) { c.Issuer = "" }, "audience": func(c *AssertionChecks) { c.Audience = "" },
		"app": func(c *AssertionChecks) { c.AppID = "" }, "keys": func(c *AssertionChecks) { c.JWKS = nil },
	} {
		wanted := checks
		edit(&wanted)
		if _, err := VerifyIdentityAssertion(token, wanted); !errors.Is(err, ErrInvalidInput) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
