package local_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// provider stands for a provider's address; it answers every request alike.
type provider func(*http.Request) string

func (f provider) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(f(r))), Request: r,
	}, nil
}

var octo provider = func(*http.Request) string { return `{"login":"octo"}` }

// must stands for the error handling of a program.
func must[T any](v T, err error) T {
	if err != nil {
		log.Panic(err)
	}
	return v
}

// openExample returns a vault with one agent and its grant for GitHub.
func openExample(opts ...local.Option) (*local.Vault, *local.AgentCredentials, *local.Grant) {
	ctx := context.Background()
	v := must(local.Open("", append([]local.Option{local.InMemory(), local.WithProviderTransport(octo)}, opts...)...))
	agent := must(v.CreateAgent(ctx, local.AgentSpec{Name: "triage"}))
	grant := must(v.CreateGrant(ctx, local.GrantSpec{
		AgentID: agent.ID, Provider: "github", Hosts: []string{"https://api.github.com"},
		Credential: local.Credential{Token: "test-secret-github"},
	}))
	return v, agent, grant
}

// ask makes one call with a key, in a mode, and returns status and body.
func ask(v *local.Vault, key string, grant *local.Grant, opts ...vault.Option) (string, error) {
	agent, err := vault.NewAgent(key, append([]vault.Option{vault.WithBackend(v), vault.WithProviderTransport(octo)}, opts...)...)
	if err != nil {
		return "", err
	}
	defer func() { _ = agent.Close(context.Background()) }()
	resp, err := agent.Request(context.Background(), "GET", "https://api.github.com/user", vault.Grant(grant.ID))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", string(body)), err
}

// A vault, an agent, a grant and a call, all in one process.
func Example() {
	ctx := context.Background()
	v, err := local.Open("", local.InMemory())
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	creds, err := v.CreateAgent(ctx, local.AgentSpec{Name: "triage"})
	if err != nil {
		log.Panic(err)
	}
	grant, err := v.CreateGrant(ctx, local.GrantSpec{
		AgentID: creds.ID, Provider: "github", Hosts: []string{"https://api.github.com"},
		Credential: local.Credential{Token: "test-secret-github"},
	})
	if err != nil {
		log.Panic(err)
	}
	agent, err := vault.NewAgent(creds.Key, vault.WithBackend(v), vault.WithProviderTransport(octo))
	if err != nil {
		log.Panic(err)
	}
	resp, err := agent.Request(ctx, "GET", "https://api.github.com/user", vault.Grant(grant.ID))
	if err != nil {
		log.Panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

func ExampleVault_CreateAgent() {
	v, _, _ := openExample()
	defer v.Close()
	creds, err := v.CreateAgent(context.Background(), local.AgentSpec{
		Name: "reviewer", Scopes: map[string][]string{"github": {"repo"}},
	})
	if err != nil {
		log.Panic(err)
	}
	fmt.Println(strings.HasPrefix(creds.Key, "alter_key_")) // the only time that the key is shown
	for _, a := range must(v.Agents(context.Background())) {
		fmt.Println(a.Name, a.Status)
	}
	// Output:
	// true
	// triage active
	// reviewer active
}

func ExampleSpecError() {
	v, agent, _ := openExample()
	defer v.Close()
	_, err := v.CreateGrant(context.Background(), local.GrantSpec{
		AgentID: agent.ID, Provider: "github", Hosts: []string{"http://api.github.com"},
		Credential: local.Credential{Token: "test-secret-github"},
	})
	var e *local.SpecError
	fmt.Println(errors.As(err, &e), e.Field)
	// Output: true GrantSpec.Hosts[0]
}

func ExampleVault_MintKey() {
	ctx := context.Background()
	v, agent, grant := openExample()
	defer v.Close()
	next, err := v.MintKey(ctx, agent.ID)
	if err != nil {
		log.Panic(err)
	}
	// Both keys work until the program uses the new one; then the old one ends.
	if err := v.RevokeKey(ctx, agent.KeyID); err != nil {
		log.Panic(err)
	}
	_, err = ask(v, agent.Key, grant)
	fmt.Println(errors.Is(err, vault.ErrKeyRevoked))
	fmt.Println(ask(v, next.Key, grant))
	// Output:
	// true
	// 200 {"login":"octo"} <nil>
}

func ExampleVault_PauseAgent() {
	ctx := context.Background()
	v, agent, grant := openExample()
	defer v.Close()
	if err := v.PauseAgent(ctx, agent.ID); err != nil {
		log.Panic(err)
	}
	_, err := ask(v, agent.Key, grant)
	fmt.Println(errors.Is(err, vault.ErrAgentInactive))
	if err := v.ResumeAgent(ctx, agent.ID); err != nil {
		log.Panic(err)
	}
	fmt.Println(ask(v, agent.Key, grant))
	// Output:
	// true
	// 200 {"login":"octo"} <nil>
}

func ExampleVault_RevokeAgent() {
	ctx := context.Background()
	v, agent, grant := openExample()
	defer v.Close()
	if err := v.RevokeAgent(ctx, agent.ID); err != nil {
		log.Panic(err)
	}
	_, err := ask(v, agent.Key, grant)
	fmt.Println(err != nil, must(v.Agents(ctx))[0].Status)
	fmt.Println(errors.Is(v.RevokeAgent(ctx, "no-such-agent"), local.ErrNotFound))
	// Output:
	// true revoked
	// true
}

func ExampleVault_CreateApp() {
	ctx := context.Background()
	v, _, grant := openExample()
	defer v.Close()
	creds, err := v.CreateApp(ctx, local.AppSpec{Name: "shop"})
	if err != nil {
		log.Panic(err)
	}
	app := must(vault.NewApp(creds.Key, vault.WithBackend(v), vault.WithProviderTransport(octo)))
	resp := must(app.Request(ctx, "GET", "https://api.github.com/user", vault.Grant(grant.ID)))
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, must(v.Apps(ctx))[0].Name)
	// Output: 200 shop
}

func ExampleVault_MintAppKey() {
	ctx := context.Background()
	v, _, _ := openExample()
	defer v.Close()
	app := must(v.CreateApp(ctx, local.AppSpec{Name: "shop"}))
	reader, err := v.MintAppKey(ctx, app.ID, []string{"agents:read"})
	fmt.Println(reader.ID == app.ID, reader.KeyID != app.KeyID, err)
	fmt.Println(strings.Contains(fmt.Sprint(reader), reader.Key)) // printing hides the key
	// Output:
	// true true <nil>
	// false
}

func ExampleVault_CreateUser() {
	ctx := context.Background()
	v, _, _ := openExample()
	defer v.Close()
	must(v.CreateApp(ctx, local.AppSpec{Name: "shop"}))
	user, err := v.CreateUser(ctx, local.UserSpec{Subject: "user-1", Email: "octo@example.com"})
	if err != nil {
		log.Panic(err)
	}
	again := must(v.CreateUser(ctx, local.UserSpec{Subject: "user-1"}))
	fmt.Println(again.ID == user.ID, len(must(v.Users(ctx))))
	// Output: true 1
}

func ExampleVault_Close() {
	v, _, _ := openExample()
	fmt.Println(v.Close())
	_, err := v.Agents(context.Background())
	fmt.Println(errors.Is(err, local.ErrClosed))
	// Output:
	// <nil>
	// true
}

func ExampleVault_DelegateGrant() {
	ctx := context.Background()
	v, _, grant := openExample()
	defer v.Close()
	other := must(v.CreateAgent(ctx, local.AgentSpec{Name: "reviewer"}))
	if err := v.DelegateGrant(ctx, grant.ID, other.ID, time.Now().Add(time.Hour)); err != nil {
		log.Panic(err)
	}
	fmt.Println(ask(v, other.Key, grant))
	if err := v.RevokeDelegation(ctx, grant.ID, other.ID); err != nil {
		log.Panic(err)
	}
	_, err := ask(v, other.Key, grant)
	fmt.Println(errors.Is(err, vault.ErrGrantNotFound))
	// Output:
	// 200 {"login":"octo"} <nil>
	// true
}

func ExampleVault_RevokeGrant() {
	ctx := context.Background()
	v, agent, grant := openExample()
	defer v.Close()
	if err := v.RevokeGrant(ctx, grant.ID); err != nil {
		log.Panic(err)
	}
	_, err := ask(v, agent.Key, grant)
	fmt.Println(errors.Is(err, vault.ErrGrantRevoked), !must(v.Grants(ctx))[0].RevokedAt.IsZero())
	// Output: true true
}

func ExampleVault_DeleteGrant() {
	ctx := context.Background()
	v, _, grant := openExample()
	defer v.Close()
	fmt.Println(v.DeleteGrant(ctx, grant.ID), len(must(v.Grants(ctx))))
	// Output: <nil> 0
}
