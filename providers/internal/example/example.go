// Package example sets the stage for the example of a generated client: a
// stand-in for the provider, which answers without a socket, and a vault in memory
// with an agent and a grant.
package example

import (
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/api/apitest"
	"github.com/grantwire/grantwire/runtime/vault/vaulttest"
)

// World is the stage. What goes wrong on it is printed, so that the example's
// output differs.
type World struct {
	*apitest.Transport // the provider: Answer says what it answers

	// Client goes through the vault, as the HTTP client of vault.NewAgent does.
	Client *http.Client
	// Grant is what the vault knows the credential by.
	Grant string

	vault *vaulttest.Vault
	stage *stage
}

// New makes a world for the provider that has these operations.
func New(operations []api.Operation) *World {
	s := &stage{}
	rt := apitest.New(s, operations)
	provider := operations[0].Provider
	v := vaulttest.New(s, vaulttest.Provider(rt), vaulttest.Operations(provider.BaseURL, operations))
	return &World{
		Transport: rt, Client: v.Agent().HTTPClient(), Grant: v.Grant(provider.Name, origin(provider.BaseURL)),
		vault: v, stage: s,
	}
}

// Trail prints what the vault wrote down about each call.
func (w *World) Trail() {
	for _, row := range w.vault.Rows() {
		_, _ = fmt.Fprintln(os.Stdout, "audit:", row.Operation, row.Status, row.Outcome) // what an example's Output is compared with
	}
}

// Close ends the world.
func (w *World) Close() {
	for _, f := range w.stage.cleanups {
		f()
	}
}

// stage is the testing.TB of the world.
type stage struct{ cleanups []func() }

func (*stage) Helper()                           {}
func (*stage) Errorf(format string, args ...any) { _, _ = fmt.Fprintf(os.Stdout, format+"\n", args...) }
func (*stage) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (s *stage) Cleanup(f func())                { s.cleanups = append(s.cleanups, f) }

// origin is the scheme and host of a URL.
func origin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Scheme + "://" + u.Host
}
