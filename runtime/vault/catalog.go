package vault

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// catalogLife is how long a catalog of providers is taken for current.
const catalogLife = 300 * time.Second

// OAuthProviders tells which providers users can connect accounts of; the
// OAuthProviders method of an [App] or [Agent] makes one.
type OAuthProviders struct{ c *client }

// OAuthProviders returns the namespace of the providers that users connect to.
func (c *client) OAuthProviders() OAuthProviders { return OAuthProviders{c} }

// ProviderCatalog is a list of providers, by their IDs.
type ProviderCatalog map[string]CatalogProvider

// CatalogProvider is a provider that users can connect accounts of.
type CatalogProvider struct {
	ID, Name, DisplayName          string
	Category, Description, LogoURL string // "" when the vault says nothing
	SupportsRefresh, SupportsPKCE  bool
	AvailableScopes                map[string]CatalogScope // by name
	DefaultScopes, RequiredScopes  []string
	Status                         string // "active"
}

// CatalogScope is a scope that a provider can give.
type CatalogScope struct {
	Description         string
	Required, IsDefault bool
	Requires            []string // scopes that go with it
}

// DefaultScopes returns what a session asks a provider for when nobody says
// anything else; nil for a provider that is not in the catalog.
func (c ProviderCatalog) DefaultScopes(provider string) []string {
	return slices.Clone(c[provider].DefaultScopes)
}

// RequiredScopes returns what a session asks a provider for in any case; nil for
// a provider that is not in the catalog.
func (c ProviderCatalog) RequiredScopes(provider string) []string {
	return slices.Clone(c[provider].RequiredScopes)
}

// catalogCache holds the last answer of a client. Each client has its own: what
// one key may see is nothing for another.
type catalogCache struct {
	mu    sync.Mutex
	at    time.Time // zero = never
	items map[string]wire.CatalogProvider
}

// List returns the catalog. It asks the vault once in 300 seconds at most and
// otherwise repeats what it said; [OAuthProviders.Refresh] does not. The caller
// owns the result.
func (s OAuthProviders) List(ctx context.Context) (ProviderCatalog, error) { return s.list(ctx, false) }

// Refresh returns the catalog as it is now.
func (s OAuthProviders) Refresh(ctx context.Context) (ProviderCatalog, error) {
	return s.list(ctx, true)
}

func (s OAuthProviders) list(ctx context.Context, fresh bool) (ProviderCatalog, error) {
	if !s.c.life.begin() {
		return nil, closedError()
	}
	s.c.life.end()
	items, current := s.c.catalog.load()
	if fresh || !current {
		var err error
		if items, err = send(ctx, s.c, ask{method: http.MethodGet, path: wire.PathProviderCatalog, traced: true}, wire.ParseProviderCatalog); err != nil {
			return nil, err
		}
		s.c.catalog.store(items)
	}
	out := make(ProviderCatalog, len(items))
	for id, p := range items {
		out[id] = ownedProvider(p)
	}
	return out, nil
}

func (c *catalogCache) load() (items map[string]wire.CatalogProvider, current bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.items, !c.at.IsZero() && time.Since(c.at) < catalogLife
}

func (c *catalogCache) store(items map[string]wire.CatalogProvider) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items, c.at = items, time.Now()
}

func ownedProvider(p wire.CatalogProvider) CatalogProvider {
	out := CatalogProvider{
		ID: p.ID, Name: p.Name, DisplayName: p.DisplayName, Category: p.Category, Description: p.Description, LogoURL: p.LogoURL,
		SupportsRefresh: p.SupportsRefresh, SupportsPKCE: p.SupportsPKCE, AvailableScopes: make(map[string]CatalogScope, len(p.AvailableScopes)),
		DefaultScopes: slices.Clone(p.DefaultScopes), RequiredScopes: slices.Clone(p.RequiredScopes), Status: p.Status,
	}
	for name, scope := range p.AvailableScopes {
		scope.Requires = slices.Clone(scope.Requires)
		out.AvailableScopes[name] = CatalogScope(scope)
	}
	return out
}

// Scopes tells what the scopes of API keys are made of; the Scopes method of an
// [App] or [Agent] makes one.
type Scopes struct{ c *client }

// Scopes returns the namespace of the scopes that keys can have.
func (c *client) Scopes() Scopes { return Scopes{c} }

// ScopeCatalog is what the scopes of keys are made of: a resource, a colon and a
// verb, such as "grants:read".
type ScopeCatalog struct {
	ScopeVersion int64
	Resources    map[string][]string // resource -> its verbs
	ActionVerbs  []string            // verbs whose scope can end in a grant's ID
	Deprecated   []string            // scopes that new keys should not have
}

// List asks the vault, every time.
func (s Scopes) List(ctx context.Context) (*ScopeCatalog, error) {
	c, err := send(ctx, s.c, ask{method: http.MethodGet, path: wire.PathScopes, traced: true}, wire.ParseScopeCatalog)
	if err != nil {
		return nil, err
	}
	return new(ScopeCatalog(c)), nil
}
