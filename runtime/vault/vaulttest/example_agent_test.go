package vaulttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/vaulttest"
)

func ExampleVault_PauseAgent() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	client := v.Agent().HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com")))
	v.PauseAgent("agent")
	_, err := client.Get("https://api.github.com/user")
	fmt.Println(errors.Is(err, vault.ErrAgentInactive))
	v.ResumeAgent("agent")
	fmt.Println(get(client, "https://api.github.com/user"))
	// Output:
	// true
	// 200
}

func ExampleVault_AgentNamed() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	me, err := v.AgentNamed("reviewer").Me(context.Background())
	fmt.Println(me.Name, me.ID == v.AgentID("reviewer"), err)
	// Output: reviewer true <nil>
}

func ExampleVault_Break() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Break("GET", "https://api.github.com/user", io.ErrUnexpectedEOF)
	client := v.Agent().HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com")))
	_, err := client.Get("https://api.github.com/user")
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	fmt.Println(v.HasRow(vaulttest.Row{Path: "/user"}).Outcome == local.OutcomeFailed)
	// Output:
	// true
	// true
}

func ExampleVault_AnswerFunc() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.AnswerFunc("DELETE", "", func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody}, nil
	})
	client := v.Agent().HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com")))
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodDelete, "https://api.github.com/user/following/octo", nil)
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.StatusCode, resp.Body.Close())
	// Output: 204 <nil>
}

// Without the vault there is no credential, and the provider says so.
func ExampleVault_Transport() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	fmt.Println(get(&http.Client{Transport: v.Transport()}, "https://api.github.com/user"))
	// Output: 401
}

func ExampleVault_Local() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	agents, err := v.Local().Agents(context.Background())
	fmt.Println(len(agents), agents[0].Name, err)
	// Output: 1 agent <nil>
}

// Options of the vault itself are passed on.
func ExampleLocal() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t, vaulttest.Local(local.WithMaxProxyResponse(4)))
	v.Answer("", "", 200, `"longer than four bytes"`)
	client := v.Agent(vault.WithMode(vault.Proxy)).HTTPClient(vault.Grant(v.Grant("github", "https://api.github.com")))
	resp, err := client.Get("https://api.github.com/user")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output: true
}
