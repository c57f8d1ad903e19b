package local_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// TestClient drives the vault with this project's client, in both modes, with
// and without a socket.
func TestClient(t *testing.T) {
	const secret = "test-secret-client-token"
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret || r.URL.RawQuery != "page=2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, `{"login":"octo"}`)
	}))
	defer provider.Close()
	for _, mode := range []vault.Mode{vault.Retrieve, vault.Proxy} {
		for _, socket := range []bool{false, true} {
			t.Run(mode.String()+map[bool]string{true: "/socket", false: "/memory"}[socket], func(t *testing.T) {
				v, err := local.Open(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = v.Close() }()
				creds, err := v.CreateAgent(t.Context(), local.AgentSpec{Name: "builder"})
				if err != nil {
					t.Fatal(err)
				}
				grant, err := v.CreateGrant(t.Context(), local.GrantSpec{
					AgentID: creds.ID, Provider: "github", Hosts: []string{provider.URL}, Credential: local.Credential{Token: secret},
				})
				if err != nil {
					t.Fatal(err)
				}
				opts := []vault.Option{vault.WithMode(mode), vault.WithBackend(v)}
				if socket {
					srv := httptest.NewServer(v)
					defer srv.Close()
					opts = []vault.Option{vault.WithMode(mode), vault.WithBaseURL(srv.URL)}
				}
				agent, err := vault.NewAgent(creds.Key, opts...)
				if err != nil {
					t.Fatal(err)
				}
				call(t, agent, v, grant.ID, provider.URL)
			})
		}
	}
}

func call(t *testing.T, agent *vault.Agent, v *local.Vault, grantID, provider string) {
	t.Helper()
	ctx := agent.Trace(t.Context(), vault.Trace{RunID: "run-abc123", ThreadID: "th"})
	if err := get(vault.WithGrant(ctx, grantID), agent, provider+"/user?page=2"); err != nil {
		t.Fatal(err)
	}
	refusal, ok := errors.AsType[*vault.Error](get(vault.WithGrant(ctx, "00000000-0000-4000-8000-000000000000"), agent, provider+"/user"))
	if !ok || refusal.Code != "grant_not_found" || refusal.Status != http.StatusNotFound {
		t.Errorf("wrong grant: %v", refusal)
	}
	if info, err := agent.Me(ctx); err != nil || info.Name != "builder" {
		t.Errorf("me: %+v, %v", info, err)
	}
	if err := agent.Close(t.Context()); err != nil {
		t.Error(err)
	}
	rows, err := v.Audit(t.Context(), local.AuditFilter{RunID: "run-abc123"})
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[0].Outcome != local.OutcomeCompleted || rows[0].Status != 200 || rows[0].ThreadID != "th" || rows[1].ReasonCode != "grant_not_found" {
		t.Errorf("%+v", rows)
	}
}

func get(ctx context.Context, agent *vault.Agent, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := agent.HTTPClient().Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || string(body) != `{"login":"octo"}`) {
		err = errors.New(resp.Status)
	}
	return err
}
