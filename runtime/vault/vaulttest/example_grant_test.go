package vaulttest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/vaulttest"
)

// get calls a URL and returns its status, or the error.
func get(client *http.Client, url string) any {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func ExampleFor() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com", vaulttest.For("reviewer"))
	_, err := v.Agent().HTTPClient(vault.Grant(grant)).Get("https://api.github.com/user")
	fmt.Println(errors.Is(err, vault.ErrGrantNotFound))
	fmt.Println(get(v.AgentNamed("reviewer").HTTPClient(vault.Grant(grant)), "https://api.github.com/user"))
	// Output:
	// true
	// 200
}

// Account and Label tell several grants for one provider apart.
func ExampleAccount() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Grant("github", "https://api.github.com", vaulttest.Account("octo"), vaulttest.Label("read-only"), vaulttest.Scopes("repo"))
	grants, err := v.Local().Grants(context.Background())
	fmt.Println(grants[0].Account, grants[0].Label, grants[0].Scopes, err)
	// Output: octo read-only [repo] <nil>
}

func ExampleHosts() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 201, `{}`)
	grant := v.Grant("github", "https://api.github.com", vaulttest.Hosts("https://uploads.github.com"))
	fmt.Println(get(v.Agent().HTTPClient(vault.Grant(grant)), "https://uploads.github.com/assets"))
	// Output: 201
}

func ExampleExpiresIn() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Grant("github", "https://api.github.com", vaulttest.ExpiresIn(time.Hour))
	grants, err := v.Local().Grants(context.Background())
	fmt.Println(time.Until(grants[0].ExpiresAt).Round(time.Hour), err)
	// Output: 1h0m0s <nil>
}

func ExampleCredential() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	v.Answer("", "", 200, `{}`)
	grant := v.Grant("github", "https://api.github.com",
		vaulttest.Credential(local.Credential{Token: "test-secret-own", Header: "X-Key", Format: "{token}"}))
	fmt.Println(get(v.Agent().HTTPClient(vault.Grant(grant)), "https://api.github.com/user"))
	fmt.Println(v.Requests()[0].Header.Get("X-Key"))
	// Output:
	// 200
	// test-secret-own
}

func ExampleVault_RevokeGrant() {
	t := &exampleT{} // in a test: its *testing.T, and no end
	defer t.end()

	v := vaulttest.New(t)
	grant := v.Grant("github", "https://api.github.com")
	v.RevokeGrant(grant)
	_, err := v.Agent().HTTPClient(vault.Grant(grant)).Get("https://api.github.com/user")
	fmt.Println(errors.Is(err, vault.ErrGrantRevoked))
	// Output: true
}
