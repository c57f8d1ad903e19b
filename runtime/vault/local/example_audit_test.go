package local_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

func ExampleVault_Audit() {
	v, agent, grant := openExample()
	defer v.Close()
	must(ask(v, agent.Key, grant))
	rows, err := v.Audit(context.Background(), local.AuditFilter{GrantID: grant.ID, Limit: 10})
	if err != nil {
		log.Panic(err)
	}
	for _, row := range rows {
		fmt.Println(row.AgentName, row.Method, row.URL(), row.Outcome, row.Status)
	}
	// Output: triage GET https://api.github.com/user completed 200
}

func ExampleAuditEntry_URL() {
	row := local.AuditEntry{Host: "https://api.github.com", Path: "/user"}
	fmt.Println(row.URL())
	// Output: https://api.github.com/user
}

// A long trail is read row by row.
func ExampleVault_AuditRows() {
	v, agent, grant := openExample()
	defer v.Close()
	must(ask(v, agent.Key, grant))
	must(ask(v, agent.Key, grant, vault.WithMode(vault.Proxy)))
	for row, err := range v.AuditRows(context.Background(), local.AuditFilter{AgentID: agent.ID}) {
		if err != nil {
			log.Panic(err)
		}
		fmt.Println(row.Mode, row.Decision)
	}
	// Output:
	// retrieve allowed
	// proxy allowed
}

// Another process reads the trail of a folder without the master key.
func ExampleReadAudit() {
	dir := must(os.MkdirTemp("", "vault"))
	defer os.RemoveAll(dir)
	v := must(local.Open(dir))
	defer v.Close()
	agent := must(v.CreateAgent(context.Background(), local.AgentSpec{Name: "triage"}))
	_, _ = ask(v, agent.Key, &local.Grant{ID: "22222222-2222-4222-8222-222222222222"}) // there is no such grant

	for row, err := range local.ReadAudit(context.Background(), dir, local.AuditFilter{}) {
		if err != nil {
			log.Panic(err)
		}
		fmt.Println(row.AgentName, row.Decision, row.ReasonCode)
	}
	// Output: triage denied grant_not_found
}

// A vault is an http.Handler; every request must be signed.
func ExampleVault_ServeHTTP() {
	v, _, _ := openExample()
	defer v.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/sdk/", func(w http.ResponseWriter, r *http.Request) { v.ServeHTTP(w, r) }) // or mux.Handle("/sdk/", v)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sdk/agents/me", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 401 application/json
}

// A vault is an http.RoundTripper too, which is what vault.WithBackend takes.
func ExampleVault_RoundTrip() {
	v, agent, _ := openExample()
	defer v.Close()
	me := must(must(vault.NewAgent(agent.Key, vault.WithBackend(v))).Me(context.Background()))
	fmt.Println(me.Name)

	unsigned := must(http.NewRequestWithContext(context.Background(), http.MethodGet, "http://vault/sdk/agents/me", nil))
	resp := must(v.RoundTrip(unsigned))
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output:
	// triage
	// 401
}

func ExampleVault_RemoveProvider() {
	ctx := context.Background()
	v, _, _ := openExample()
	defer v.Close()
	must(v.SetProvider(ctx, local.ProviderSpec{
		ID: "github", AuthorizeURL: "https://github.com/login/oauth/authorize", TokenURL: "https://github.com/login/oauth/access_token",
		ClientID: "the-client-id", Hosts: []string{"https://api.github.com"},
	}))
	for _, p := range must(v.Providers(ctx)) {
		fmt.Println(p.ID, v.RemoveProvider(ctx, p.ID))
	}
	fmt.Println(len(must(v.Providers(ctx))))
	// Output:
	// github <nil>
	// 0
}
