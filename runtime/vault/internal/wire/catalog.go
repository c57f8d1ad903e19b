package wire

// Paths of the catalogs.
const (
	PathScopes          = "/sdk/scopes"
	PathProviderCatalog = "/sdk/oauth/provider-catalog"
)

// ScopeCatalog is what the scopes of keys are made of.
type ScopeCatalog struct {
	ScopeVersion int64
	Resources    map[string][]string // resource -> verbs
	ActionVerbs  []string
	Deprecated   []string
}

// ParseScopeCatalog reads the answer of GET /sdk/scopes.
func ParseScopeCatalog(body []byte) (ScopeCatalog, error) {
	r := newReader("the scopes", body)
	c := ScopeCatalog{ScopeVersion: r.num("scope_version"), Resources: map[string][]string{}, ActionVerbs: r.list("action_verbs"), Deprecated: r.listOr("deprecated")}
	eachMember(r, "resources", func(name string, r *reader) { c.Resources[name] = r.list("verbs") })
	return c, r.err()
}

// CatalogScope is a scope that a provider can give.
type CatalogScope struct {
	Description         string
	Required, IsDefault bool
	Requires            []string
}

// CatalogProvider is a provider that users can connect accounts of.
type CatalogProvider struct {
	ID, Name, DisplayName          string
	Category, Description, LogoURL string // "" is null
	SupportsRefresh, SupportsPKCE  bool
	AvailableScopes                map[string]CatalogScope
	DefaultScopes, RequiredScopes  []string
	Status                         string
}

// ParseProviderCatalog reads the answer of GET /sdk/oauth/provider-catalog: the
// providers by their ID.
func ParseProviderCatalog(body []byte) (map[string]CatalogProvider, error) {
	r := newReader("the providers", body)
	out := map[string]CatalogProvider{}
	eachMember(r, "providers", func(id string, r *reader) { out[id] = readCatalogProvider(r) })
	return out, r.err()
}

func readCatalogProvider(r *reader) CatalogProvider {
	p := CatalogProvider{
		ID: r.str("id"), Name: r.str("name"), DisplayName: r.str("display_name"), Category: r.optStr("category"), Description: r.optStr("description"),
		LogoURL: r.optStr("logo_url"), SupportsRefresh: r.flag("supports_refresh"), SupportsPKCE: r.flag("supports_pkce"),
		AvailableScopes: map[string]CatalogScope{}, DefaultScopes: r.list("default_scopes"), RequiredScopes: r.list("required_scopes"), Status: r.str("status"),
	}
	eachMember(r, "available_scopes", func(name string, r *reader) {
		p.AvailableScopes[name] = CatalogScope{
			Description: r.str("description"), Required: r.flag("required"), IsDefault: r.flag("is_default"), Requires: r.list("requires"),
		}
	})
	return p
}

// eachMember reads the objects of an object that must be there.
func eachMember(r *reader, name string, read func(string, *reader)) {
	m, ok := r.m.object(name)
	if !ok {
		r.fail(name)
		return
	}
	for key, raw := range m {
		inner := newReader(r.what, raw)
		if read(key, inner); inner.bad != nil {
			r.fail(name)
		}
	}
}
