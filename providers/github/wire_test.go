package github_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
)

const credential = "Bearer test-secret-wire"

func wireConfig(t *testing.T) wiretest.Config {
	t.Helper()
	spec, err := os.ReadFile("../../specs/github/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return wiretest.Config{
		Spec:       spec,
		New:        func(hc *http.Client) any { return github.New(hc) },
		Operations: github.Operations(),
		Transport:  wiretest.Inject("Authorization", credential),
		Headers: map[string]string{
			"Authorization":        credential,
			"X-GitHub-Api-Version": "2022-11-28",
		},
		Ignore: hasFilter(),
	}
}

// hasFilter: the parameter "has" is one string or an array of an enumeration;
// kin-openapi reads one string as an array of it and refuses it.
func hasFilter() []wiretest.Exception {
	var all []wiretest.Exception
	for _, id := range []string{"dependabot/list-alerts-for-enterprise", "dependabot/list-alerts-for-org", "dependabot/list-alerts-for-repo"} {
		all = append(all, wiretest.Exception{
			Operation: id, Judge: "filter", Contains: `parameter "has" in query`, Reason: "kin-openapi takes the array variant only",
		})
	}
	return all
}

// TestWire drives every operation; see package wiretest.
func TestWire(t *testing.T) {
	report := wiretest.Run(t, wireConfig(t))
	if report.Operations != 1223 {
		t.Errorf("%d operations were driven, not 1,223", report.Operations)
	}
}

// TestWireThroughVault drives every operation once with a credential that an
// embedded vault injects: the vault's own headers must not reach the provider.
func TestWireThroughVault(t *testing.T) {
	cfg := wireConfig(t)
	v := wiretest.NewVault(t, "test-secret-wire", "https://api.github.com", cfg.Operations, "https://api.github.com", "https://uploads.github.com")
	cfg.Transport = v.Transport
	cfg.Modes = wiretest.Modes()[:1]
	v.CheckTrail(wiretest.Run(t, cfg).Requests, 0)
}
