package vaulttest

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// GrantOption configures [Vault.Grant].
type GrantOption func(*grantConfig)

type grantConfig struct {
	local.GrantSpec
	agent   string
	subject string
	expired bool
}

// For gives the grant to the agent with this name.
func For(agent string) GrantOption { return func(c *grantConfig) { c.agent = agent } }

// OfUser gives the grant to a user, by the subject that the application's identity
// provider knows. The application reaches it; an agent does after [Vault.Delegate].
func OfUser(subject string) GrantOption { return func(c *grantConfig) { c.subject = subject } }

// Account says whose account at the provider it is.
func Account(name string) GrantOption { return func(c *grantConfig) { c.GrantSpec.Account = name } }

// Label tells several grants of one account apart.
func Label(text string) GrantOption { return func(c *grantConfig) { c.GrantSpec.Label = text } }

// Scopes are what the credential allows at the provider.
func Scopes(names ...string) GrantOption { return func(c *grantConfig) { c.GrantSpec.Scopes = names } }

// ProxyOnly keeps the credential inside the vault.
func ProxyOnly() GrantOption { return func(c *grantConfig) { c.GrantSpec.ProxyOnly = true } }

// ExpiresIn ends the grant after d.
func ExpiresIn(d time.Duration) GrantOption {
	return func(c *grantConfig) { c.ExpiresAt = time.Now().Add(d) }
}

// Expired makes a grant that ended an hour ago.
func Expired() GrantOption { return func(c *grantConfig) { c.expired = true } }

// Hosts are further origins that the credential may go to.
func Hosts(origins ...string) GrantOption {
	return func(c *grantConfig) { c.GrantSpec.Hosts = append(c.GrantSpec.Hosts, origins...) }
}

// Credential replaces the made-up bearer token.
func Credential(cred local.Credential) GrantOption {
	return func(c *grantConfig) { c.GrantSpec.Credential = cred }
}

// Grant creates a grant of the main agent for one origin of a provider
// ("https://api.github.com") and returns its ID. Its credential is a random token
// that looks made up: test-secret-github-….
func (v *Vault) Grant(provider, origin string, opts ...GrantOption) string {
	v.t.Helper()
	c := grantConfig{GrantSpec: local.GrantSpec{
		Provider: provider, Hosts: []string{origin},
		Credential: local.Credential{Token: "test-secret-" + provider + "-" + strings.ToLower(rand.Text())},
	}}
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	c.AppID = v.app.ID
	if c.subject == "" {
		c.AgentID = v.AgentID(c.agent)
	} else {
		user, err := v.local.CreateUser(context.Background(), local.UserSpec{AppID: v.app.ID, Subject: c.subject})
		if err != nil {
			v.t.Fatalf("vaulttest: creating user %q: %v", c.subject, err)
			return ""
		}
		c.UserID = user.ID
	}
	if c.expired {
		v.behind.Store(int64(2 * time.Hour))
		c.ExpiresAt = time.Now().Add(-time.Hour)
	}
	g, err := v.local.CreateGrant(context.Background(), c.GrantSpec)
	v.behind.Store(0)
	if err != nil {
		v.t.Fatalf("vaulttest: creating the grant for %s: %v", provider, err)
		return ""
	}
	v.provider.know(c.GrantSpec.Credential.Token, g.ID)
	return g.ID
}

// Token returns the credential's token of a grant, to search texts for it.
func (v *Vault) Token(grant string) string {
	v.t.Helper()
	token := v.provider.token(grant)
	if token == "" {
		v.t.Errorf("vaulttest: no grant of this vault has the ID %q", grant)
	}
	return token
}
