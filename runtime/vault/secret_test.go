package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNoSecretIsPrinted(t *testing.T) {
	vault := newFakeVault(t)
	const planted = "test-secret-of-a-user-0123456789"
	app := vault.app(WithUserToken(func(context.Context) (string, error) { return planted, nil }))
	agent, _ := app.Agent(testAgentID)
	secret := newSecret(planted)
	for _, v := range []any{
		app, *app, agent, *agent, app.Agents(), app.Keys(), secret, &secret,
		NewAgentInfo{APIKey: secret}, NewAgentKey{APIKey: secret}, NewAPIKey{Key: secret}, AuthResult{UserToken: secret},
		ConnectSession{Token: secret, ConnectURL: planted}, AuthSession{Token: secret, AuthURL: planted},
		ConnectParams{UserToken: planted}, struct{ S *ConnectSession }{&ConnectSession{Token: secret, ConnectURL: planted}},
		GrantFilter{UserToken: planted}, with(t.Context(), UserToken(planted).edit), UserToken(planted), app.Transport(UserToken(planted)),
	} {
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "v", v)
		encoded, _ := json.Marshal(v)
		text := fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v) + logged.String() + string(encoded)
		for _, s := range []string{planted, testApp, testKey} {
			if strings.Contains(text, s) {
				t.Errorf("%T prints a secret: %s", v, text)
			}
		}
	}
	if secret.Reveal() != planted || secret.IsZero() || (Secret{}).Reveal() != "" {
		t.Error("Reveal")
	}
}
