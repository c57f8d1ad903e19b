package slack_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/wiretest"
	"github.com/grantwire/grantwire/providers/slack"
)

const credential = "Bearer test-secret-wire"

func wireConfig(t *testing.T) wiretest.Config {
	t.Helper()
	spec, err := os.ReadFile("../../specs/slack/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return wiretest.Config{
		Spec:        spec,
		New:         func(hc *http.Client) any { return slack.New(hc) },
		Operations:  slack.Operations(),
		Transport:   wiretest.Inject("Authorization", credential),
		Headers:     map[string]string{"Authorization": credential},
		Credentials: []string{"token"},
	}
}

// TestWire drives every operation; see package wiretest.
func TestWire(t *testing.T) {
	report := wiretest.Run(t, wireConfig(t))
	if report.Operations != 174 {
		t.Errorf("%d operations were driven, not 174", report.Operations)
	}
}

// TestWireThroughVault drives every operation once with a credential that an
// embedded vault injects: the vault's own headers must not reach the provider.
func TestWireThroughVault(t *testing.T) {
	cfg := wireConfig(t)
	v := wiretest.NewVault(t, "test-secret-wire", "https://slack.com/api", cfg.Operations, "https://slack.com")
	cfg.Transport = v.Transport
	cfg.Modes = wiretest.Modes()[:1]
	v.CheckTrail(wiretest.Run(t, cfg).Requests, 0)
}
