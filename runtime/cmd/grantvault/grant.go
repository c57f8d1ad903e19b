package main

import (
	"errors"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type grantCommand struct {
	Create     grantCreate     `cmd:"" help:"Put a credential behind a grant. The credential comes by standard input."`
	List       grantList       `cmd:"" help:"List the grants."`
	Revoke     grantRevoke     `cmd:"" help:"End a grant and erase its credential."`
	Delete     grantDelete     `cmd:"" help:"End a grant, and forget whose account it was."`
	Delegate   grantDelegate   `cmd:"" help:"Give an agent a path to a grant."`
	Undelegate grantUndelegate `cmd:"" help:"Take an agent's path away."`
}

type grantCreate struct {
	Provider   string        `arg:"" help:"Such as github."`
	Host       []string      `required:"" help:"Where the credential may go: scheme and host, such as https://api.github.com."`
	TokenStdin bool          `required:"" help:"Read the credential from standard input, one line."`
	Agent      string        `xor:"owner" help:"ID of the agent that owns it."`
	User       string        `xor:"owner" help:"Subject of the user who owns it; neither: the application's own."`
	App        string        `help:"ID of the application; may be left out while there is one."`
	Account    string        `help:"Whose account it is at the provider."`
	Label      string        `help:"Tells several grants of one account apart."`
	Scopes     []string      `help:"What the credential allows at the provider."`
	Header     string        `help:"Header that carries it (default Authorization)."`
	Format     string        `help:"The header's value (default \"Bearer {token}\")."`
	TTL        time.Duration `name:"ttl" help:"How long the grant lives; for ever when left out."`
	ProxyOnly  bool          `help:"The credential never leaves the vault."`
}

// Run stores the grant and prints its ID.
func (c *grantCreate) Run(t *tool) error {
	token, err := t.secret("credential")
	if err != nil {
		return err
	}
	return t.with(func(v *local.Vault) error {
		spec := local.GrantSpec{
			AppID: c.App, AgentID: c.Agent, Provider: c.Provider, Account: c.Account, Label: c.Label, Hosts: c.Host, Scopes: c.Scopes,
			ProxyOnly: c.ProxyOnly, Credential: local.Credential{Token: token, Header: c.Header, Format: c.Format},
		}
		if c.TTL != 0 {
			spec.ExpiresAt = time.Now().Add(c.TTL)
		}
		if c.User != "" {
			u, err := v.CreateUser(t.ctx, local.UserSpec{AppID: c.App, Subject: c.User})
			if err != nil {
				return err
			}
			spec.UserID = u.ID
		}
		g, err := v.CreateGrant(t.ctx, spec)
		if err != nil {
			return err
		}
		return t.print("GRANT_ID=%s\n", g.ID)
	})
}

type grantList struct{}

// Run lists the grants.
func (grantList) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		grants, err := v.Grants(t.ctx)
		rows := [][]string{{"ID", "PROVIDER", "ACCOUNT", "LABEL", "OWNER", "DELEGATES", "HOSTS", "EXPIRES", "REVOKED"}}
		for _, g := range grants {
			owner := "app"
			switch {
			case g.AgentID != "":
				owner = "agent " + g.AgentID
			case g.UserID != "":
				owner = "user " + g.UserID
			case g.GroupID != "":
				owner = "group " + g.GroupID
			}
			rows = append(rows, []string{
				g.ID, g.Provider, dash(g.Account), dash(g.Label), owner, dash(strings.Join(g.Delegates, ",")),
				strings.Join(g.Hosts, ","), day(g.ExpiresAt), day(g.RevokedAt),
			})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type grantRevoke struct {
	Grant string `arg:"" help:"ID of the grant."`
}

// Run revokes a grant.
func (c *grantRevoke) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.RevokeGrant(t.ctx, c.Grant) })
}

type grantDelete struct {
	Grant string `arg:"" help:"ID of the grant."`
}

// Run deletes a grant.
func (c *grantDelete) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.DeleteGrant(t.ctx, c.Grant) })
}

type grantDelegate struct {
	Grant string        `arg:"" help:"ID of the grant."`
	Agent string        `arg:"" help:"ID of the agent."`
	TTL   time.Duration `name:"ttl" help:"How long; as long as the grant when left out."`
}

// Run delegates a grant.
func (c *grantDelegate) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		var expires time.Time
		if c.TTL != 0 {
			expires = time.Now().Add(c.TTL)
		}
		return v.DelegateGrant(t.ctx, c.Grant, c.Agent, expires)
	})
}

type grantUndelegate struct {
	Grant string `arg:"" help:"ID of the grant."`
	Agent string `arg:"" help:"ID of the agent."`
}

// Run takes a delegation back.
func (c *grantUndelegate) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.RevokeDelegation(t.ctx, c.Grant, c.Agent) })
}

type providerCommand struct {
	Set    providerSet    `cmd:"" help:"Add a provider, or replace its configuration."`
	List   providerList   `cmd:"" help:"List the providers."`
	Remove providerRemove `cmd:"" help:"Remove a provider; its grants stay, but are not refreshed."`
}

type providerSet struct {
	ID           string   `arg:"" help:"Such as github."`
	DisplayName  string   `help:"What users read (default the ID)."`
	AuthorizeURL string   `required:"" name:"authorize-url" help:"Where users consent."`
	TokenURL     string   `required:"" name:"token-url" help:"Where codes are traded."`
	UserURL      string   `name:"user-url" help:"Who an account is: answers a GET with a JSON object."`
	AccountField string   `help:"Member of that object with the account's name."`
	SubjectField string   `help:"Member with the account's unchanging ID."`
	GroupsField  string   `help:"Member with the IDs of the user's groups, there or in the ID token; none when left out."`
	ClientID     string   `required:"" name:"client-id" help:"Who this vault is at the provider."`
	SecretStdin  bool     `help:"Read the client secret from standard input, one line."`
	SecretInBody bool     `help:"Send it in the form instead of HTTP Basic."`
	Scopes       []string `help:"Asked for by default."`
	Optional     []string `help:"May be asked for as well."`
	Host         []string `required:"" help:"Where its credentials may go: scheme and host."`
	Header       string   `help:"Header that carries a credential (default Authorization)."`
	Format       string   `help:"The header's value (default \"Bearer {token}\")."`
	SignIn       bool     `help:"Users sign in through this provider."`
	SignInScopes []string `help:"Asked for at sign-in (default those of --scopes)."`
}

// Run stores the provider and says which redirect URL to register there.
func (c *providerSet) Run(t *tool) error {
	secret := ""
	if c.SecretStdin {
		var err error
		if secret, err = t.secret("client secret"); err != nil {
			return err
		}
	}
	return t.with(func(v *local.Vault) error {
		p, err := v.SetProvider(t.ctx, local.ProviderSpec{
			ID: c.ID, DisplayName: c.DisplayName, AuthorizeURL: c.AuthorizeURL, TokenURL: c.TokenURL, UserURL: c.UserURL,
			AccountField: c.AccountField, SubjectField: c.SubjectField, GroupsField: c.GroupsField, ClientID: c.ClientID, ClientSecret: secret, SecretInBody: c.SecretInBody,
			Scopes: c.Scopes, Optional: c.Optional, Hosts: c.Host, Header: c.Header, Format: c.Format, SignIn: c.SignIn, SignInScopes: c.SignInScopes,
		})
		if err != nil {
			return err
		}
		return t.print("register this redirect URL at the provider: <the vault's address>/oauth/callback/%s\n", p.ID)
	})
}

type providerList struct{}

// Run lists the providers.
func (providerList) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		list, err := v.Providers(t.ctx)
		rows := [][]string{{"ID", "NAME", "CLIENT ID", "SCOPES", "HOSTS", "SIGN-IN"}}
		for _, p := range list {
			signIn := "no"
			if p.SignIn {
				signIn = "yes"
			}
			rows = append(rows, []string{p.ID, p.DisplayName, p.ClientID, dash(strings.Join(p.Scopes, ",")), strings.Join(p.Hosts, ","), signIn})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type providerRemove struct {
	ID string `arg:"" help:"Such as github."`
}

// Run removes a provider.
func (c *providerRemove) Run(t *tool) error {
	return t.with(func(v *local.Vault) error { return v.RemoveProvider(t.ctx, c.ID) })
}
