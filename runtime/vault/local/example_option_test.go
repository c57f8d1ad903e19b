package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

func ExampleOpen() {
	dir := must(os.MkdirTemp("", "vault"))
	defer os.RemoveAll(dir)
	v, err := local.Open(dir)
	if err != nil {
		log.Panic(err)
	}
	defer v.Close()
	info := must(os.Stat(dir + "/master.key")) // keep it out of backups of vault.db
	fmt.Println(info.Name())
	// Output: master.key
}

func ExampleWithMasterKey() {
	dir := must(os.MkdirTemp("", "vault"))
	defer os.RemoveAll(dir)
	key := bytes.Repeat([]byte{7}, 32) // in a program: from where it keeps its secrets
	v, err := local.Open(dir, local.WithMasterKey(key))
	if err != nil {
		log.Panic(err)
	}
	fmt.Println(v.Close())
	_, err = local.Open(dir, local.WithMasterKey(bytes.Repeat([]byte{8}, 32)))
	fmt.Println("with another key:", err != nil)
	// Output:
	// <nil>
	// with another key: true
}

// remoteKey stands for a client of a key management service. This one does not
// encrypt.
type remoteKey struct{}

func (remoteKey) Encrypt(plain, _ []byte) ([]byte, error)  { return bytes.Clone(plain), nil }
func (remoteKey) Decrypt(sealed, _ []byte) ([]byte, error) { return bytes.Clone(sealed), nil }

func ExampleWithMasterAEAD() {
	v, agent, grant := openExample(local.WithMasterAEAD(remoteKey{}))
	defer v.Close()
	fmt.Println(ask(v, agent.Key, grant))
	// Output: 200 {"login":"octo"} <nil>
}

func ExampleWithClock() {
	now := time.Now()
	v, agent, _ := openExample(local.WithClock(func() time.Time { return now }))
	defer v.Close()
	grant := must(v.CreateGrant(context.Background(), local.GrantSpec{
		AgentID: agent.ID, Provider: "github", Hosts: []string{"https://api.github.com"}, ExpiresAt: now.Add(time.Second),
		Credential: local.Credential{Token: "test-secret-github"},
	}))
	fmt.Println(ask(v, agent.Key, grant))
	now = now.Add(2 * time.Second)
	_, err := ask(v, agent.Key, grant)
	fmt.Println(errors.Is(err, vault.ErrGrantExpired))
	// Output:
	// 200 {"login":"octo"} <nil>
	// true
}

func ExampleWithLogger() {
	var text bytes.Buffer
	v, agent, grant := openExample(local.WithLogger(slog.New(slog.NewTextHandler(&text, nil))))
	defer v.Close()
	_ = v.RevokeGrant(context.Background(), grant.ID)
	_, _ = ask(v, agent.Key, grant)
	fmt.Println(bytes.Contains(text.Bytes(), []byte("grant_revoked")), bytes.Contains(text.Bytes(), []byte("test-secret")))
	// Output: true false
}

// In proxy mode the vault makes the call, with the credential.
func ExampleWithProviderTransport() {
	v, agent, grant := openExample(local.WithProviderTransport(provider(func(r *http.Request) string {
		fmt.Println(r.Method, r.URL, r.Header.Get("Authorization"))
		return `{}`
	})))
	defer v.Close()
	fmt.Println(ask(v, agent.Key, grant, vault.WithMode(vault.Proxy)))
	// Output:
	// GET https://api.github.com/user Bearer test-secret-github
	// 200 {} <nil>
}

// silent is a provider that never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func ExampleWithProxyTimeout() {
	v, agent, grant := openExample(local.WithProviderTransport(silent{}), local.WithProxyTimeout(500*time.Millisecond))
	defer v.Close()
	_, err := ask(v, agent.Key, grant, vault.WithMode(vault.Proxy))
	var e *vault.Error
	fmt.Println(errors.As(err, &e), e.Status, e.Code)
	// Output: true 504 upstream_timeout
}

func ExampleWithMaxProxyResponse() {
	v, agent, grant := openExample(local.WithMaxProxyResponse(4))
	defer v.Close()
	_, err := ask(v, agent.Key, grant, vault.WithMode(vault.Proxy))
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output: true
}

func ExampleWithOperations() {
	operations := []api.Operation{{ID: "users/get-authenticated", Method: "GET", Path: "/user"}} // of a client: github.Operations()
	v, agent, grant := openExample(local.WithOperations("https://api.github.com", operations))
	defer v.Close()
	must(ask(v, agent.Key, grant))
	fmt.Println(must(v.Audit(context.Background(), local.AuditFilter{}))[0].Operation)
	// Output: users/get-authenticated
}

func ExampleWithPublicURL() {
	_, err := local.Open("", local.InMemory(), local.WithPublicURL("vault.example.com"))
	fmt.Println(err)
	// Output: local: WithPublicURL: the URL must be absolute, https (or http to localhost, 127.0.0.1 or ::1)
}

// Without the option an agent's own key together with a user token is refused
// as a contradiction; with it, the token is looked at.
func ExampleWithUserTokenDelegation() {
	for _, opt := range []local.Option{nil, local.WithUserTokenDelegation()} {
		v, creds, grant := openExample(opt)
		_, err := ask(v, creds.Key, grant, vault.WithUserToken(func(context.Context) (string, error) { return "test-secret-user-token", nil }))
		var e *vault.Error
		fmt.Println(errors.As(err, &e), e.Code)
		v.Close()
	}
	// Output:
	// true agent_user_token_conflict
	// true jwt_validation_error
}

func ExampleInMemory() {
	v, err := local.Open("", local.InMemory())
	if err != nil {
		log.Panic(err)
	}
	fmt.Println(v.Close()) // and all is forgotten
	// Output: <nil>
}
