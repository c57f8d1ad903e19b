package vault

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestCatalogIsKept for 300 seconds, by each client for itself, and what a caller
// does to it is nobody else's matter.
func TestCatalogIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		backend := roundTripper(func(r *http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"providers":{"p":{"id":"p","name":"p","display_name":"P","supports_refresh":true,"supports_pkce":true,
"available_scopes":{"s":{"description":"d","required":true,"is_default":true,"requires":["r"]}},"default_scopes":["s"],"required_scopes":["s"],"status":"active"}}}`))}, nil
		})
		app, err := NewApp(testApp, WithBackend(backend))
		if err != nil {
			t.Fatal(err)
		}
		sibling, err := app.WithConstraints(Constraints{Scopes: []string{"providers:read"}})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(a *App, want int) {
			t.Helper()
			c, err := a.OAuthProviders().List(t.Context())
			if err != nil || c["p"].AvailableScopes["s"].Requires[0] != "r" || c.RequiredScopes("p")[0] != "s" || c.DefaultScopes("q") != nil || asked != want {
				t.Errorf("%v, asked %d times, want %d: %v", c, asked, want, err)
			}
			c["p"].AvailableScopes["s"].Requires[0], c["p"].RequiredScopes[0] = "x", "x"
			delete(c, "p")
		}
		expect(app, 1)
		expect(app, 1)
		expect(sibling, 2)
		time.Sleep(catalogLife - time.Second)
		expect(app, 2)
		time.Sleep(time.Second)
		expect(app, 3)
		if _, err := app.OAuthProviders().Refresh(t.Context()); err != nil || asked != 4 {
			t.Errorf("asked %d times: %v", asked, err)
		}
		if err := app.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := app.OAuthProviders().List(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestUnknownOperations are told from missing grants, and still are some.
func TestUnknownOperations(t *testing.T) {
	vault := newFakeVault(t)
	specs := vault.app().ProviderSpecs()
	for path, code := range map[string]string{
		wire.PathProviderSpec("oauth", "x"): "provider_spec_not_found", wire.PathProviderSpec("oauth", "x") + "/operation": "operation_not_found",
	} {
		vault.script(path, answerWith(404, wire.MarshalError(code, "no such thing")))
		err := second(specs.Get(t.Context(), ProviderOAuth, "x"))
		if code == "operation_not_found" {
			err = second(specs.GetOperation(t.Context(), ProviderOAuth, "x", "o"))
		}
		e := wantError(t, err, ErrSpecNotFound, code)
		if !errors.Is(e, ErrGrantNotFound) || e.Status != 404 {
			t.Errorf("%v", e)
		}
	}
}

// TestOperationPages: a list goes on from page to page and ends.
func TestOperationPages(t *testing.T) {
	vault := newFakeVault(t)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	spec := wire.ProviderSpec{Kind: "oauth", ProviderID: "x", Provenance: "p", ContentHash: "h", FetchedAt: at, ChangedAt: at}
	pages := 0
	vault.script(wire.PathProviderSpec("oauth", "x")+"/operations", func(w http.ResponseWriter, _ []byte) {
		page := wire.SpecOperationsPage{Items: []wire.SpecOperation{}, Spec: spec, Page: wire.Page{Total: 3, HasMore: true}} // for ever, it says
		for range max(0, 2-pages) {
			page.Items = append(page.Items, wire.SpecOperation{ID: "o", Method: "GET", PathTemplate: "/"})
		}
		pages++
		answer200(page.Marshal())(w, nil)
	})
	n := 0
	for op, err := range vault.agent().ProviderSpecs().ListOperations(t.Context(), ProviderOAuth, "x", OperationFilter{PageSize: 2}) {
		if err != nil || op.ID != "o" {
			t.Fatal(op, err)
		}
		n++
	}
	if n != 3 || pages != 3 {
		t.Errorf("%d operations on %d pages", n, pages)
	}
}
