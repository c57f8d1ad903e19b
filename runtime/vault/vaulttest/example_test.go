package vaulttest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/grantwire/grantwire/runtime/api/apitest"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/vaulttest"

	"github.com/grantwire/grantwire/providers/github"
)

// The examples have no test's t; this one prints what a test would report.
type exampleT struct{ cleanups []func() }

func (*exampleT) Helper()                           {}
func (*exampleT) Errorf(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
func (*exampleT) Fatalf(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
func (t *exampleT) Cleanup(f func())                { t.cleanups = append(t.cleanups, f) }

func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}

func Example() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	grant := v.Grant("github", "https://api.github.com")
	v.Answer("GET", "https://api.github.com/user", 200, `{"login":"octo"}`)

	agent := v.Agent()
	ctx := agent.Trace(context.Background(), vault.Trace{RunID: "run-abc123"})
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.github.com/user", nil)
	resp, err := agent.HTTPClient(vault.Grant(grant)).Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))

	row := v.HasRow(vaulttest.Row{GrantID: grant, RunID: "run-abc123"})
	fmt.Println(row.Method, row.URL(), row.Status)
	// Output:
	// 200 {"login":"octo"}
	// GET https://api.github.com/user 200
}

// A generated client, with typed answers.
func ExampleProvider() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	rt := apitest.New(t, github.Operations())
	rt.Answer("repos/get", github.FullRepository{Name: "site"})
	v := vaulttest.New(t, vaulttest.Provider(rt), vaulttest.Operations("https://api.github.com", github.Operations()))
	grant := v.Grant("github", "https://api.github.com")

	gh := github.New(v.Agent().HTTPClient())
	repo, err := gh.Repos.Get(context.Background(), "acme", "site", vault.Grant(grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(repo.Name)
	fmt.Println(v.HasRow(vaulttest.Row{Operation: "repos/get"}).Status)
	// Output:
	// site
	// 200
}

func ExampleNew() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	me, err := vaulttest.New(t).Agent().Me(context.Background())
	fmt.Println(me.Name, me.Status, err)
	// Output: agent active <nil>
}

func ExampleVault_HasRow() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.HasRow(vaulttest.Row{RunID: "run-abc123", Status: 200})
	// Output:
	// vaulttest: 0 audit rows fit run_id=run-abc123 status=200, want 1; all rows:
	// 	(none)
}

func ExampleExpired() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	client := v.Agent().HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com", vaulttest.Expired())))
	_, err := client.Get("https://api.github.com/user")
	fmt.Println(err != nil, len(v.Requests()))
	fmt.Println(v.Rows()[0].ReasonCode)
	// Output:
	// true 0
	// grant_expired
}

func ExampleVault_App() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("GET", "https://api.github.com/user", 200, `{"login":"octo"}`)
	grant := v.Grant("github", "https://api.github.com", vaulttest.OfUser("user-1"))
	v.Delegate(grant, "") // the agent gets a path to the user's grant

	for _, client := range []*http.Client{v.App().HTTPClient(vault.Grant(grant)), v.Agent().HTTPClient(vault.Grant(grant))} {
		resp, err := client.Get("https://api.github.com/user")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp.StatusCode)
		_ = resp.Body.Close()
	}
	// Output:
	// 200
	// 200
}

func ExampleVault_Requests() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com", vaulttest.ProxyOnly())
	_, err := v.Agent(vault.WithMode(vault.Auto)).HTTPClient(vault.Grant(grant)).Get("https://api.github.com/user?page=2")
	seen := v.Requests()[0]
	fmt.Println(seen, seen.GrantID == grant, seen.Header.Get("Authorization") == "Bearer "+v.Token(grant), err)
	// Output: GET https://api.github.com/user true true <nil>
}

func ExampleVault_HasRows() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com")
	client := v.Agent().HTTPClient(vault.Grant(grant))
	_, _ = client.Get("https://api.github.com/user")
	_, _ = client.Get("https://elsewhere.example/user") // refused, and audited
	v.HasRows(
		vaulttest.Row{Path: "/user", Status: 200},
		vaulttest.Row{Host: "https://elsewhere.example", ReasonCode: "blocked_destination"},
	)
	for _, row := range v.Rows() {
		fmt.Println(row.Host, row.Outcome)
	}
	// Output:
	// https://api.github.com completed
	// https://elsewhere.example denied
}
