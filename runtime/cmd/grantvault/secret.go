package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type secretCommand struct {
	Add    secretAdd    `cmd:"" help:"Add a managed secret: a provider's key that somebody enters. Its value comes by standard input or from a file."`
	Key    secretKey    `cmd:"" help:"Add a further value of a managed secret."`
	List   secretList   `cmd:"" help:"List the managed secrets."`
	Rotate secretRotate `cmd:"" help:"Replace a value; grants keep their IDs."`
	Remove secretRemove `cmd:"" help:"End a managed secret and all its grants, and erase its values."`
	Grant  secretGrant  `cmd:"" help:"Grant a managed secret to an agent, a user, a group of users or the application."`
}

// secretSource is where a value comes from. A flag with the value itself would
// stay in the shell's history and be seen in the list of processes.
type secretSource struct {
	ValueFile string `xor:"value" type:"existingfile" placeholder:"FILE" help:"Read the value from a file instead of standard input. One line for each field: of basic user name and password, of aws_sigv4 access key ID, secret access key and perhaps session token, of header and query one for each name."`
}

const maxSecretInput = 64 << 10

// read returns the value's lines as the fields of a kind.
func (s *secretSource) read(t *tool, kind local.SecretKind) (local.SecretValue, error) {
	from, name := t.stdin, "standard input"
	if s.ValueFile != "" {
		file, err := os.Open(s.ValueFile)
		if err != nil {
			return local.SecretValue{}, err
		}
		defer func() { _ = file.Close() }()
		from, name = file, s.ValueFile
	}
	var lines []string
	in := bufio.NewScanner(io.LimitReader(from, maxSecretInput))
	in.Buffer(nil, maxSecretInput)
	for in.Scan() {
		lines = append(lines, strings.TrimSuffix(in.Text(), "\r"))
	}
	if err := in.Err(); err != nil {
		return local.SecretValue{}, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(lines) == 0 {
		return local.SecretValue{}, fmt.Errorf("%s holds no value", name)
	}
	line := func(i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return ""
	}
	most := map[local.SecretKind]int{local.SecretBearer: 1, local.SecretBasic: 2, local.SecretAWS: 3}[kind]
	if most > 0 && len(lines) > most {
		return local.SecretValue{}, fmt.Errorf("%s holds %d lines, and a secret of the kind %s has at most %d", name, len(lines), kind, most)
	}
	switch kind {
	case local.SecretBasic:
		return local.SecretValue{Username: line(0), Password: line(1)}, nil
	case local.SecretAWS:
		return local.SecretValue{AccessKeyID: line(0), SecretAccessKey: line(1), SessionToken: line(2)}, nil
	}
	return local.SecretValue{Values: lines}, nil
}

type secretAdd struct {
	Slug      string   `arg:"" help:"What calls name as their provider, such as stripe-production."`
	Kind      string   `required:"" enum:"bearer,header,query,basic,aws_sigv4" help:"How it goes into a request: ${enum}."`
	Host      []string `required:"" help:"Where it may go: scheme and host, such as https://api.stripe.com."`
	In        []string `placeholder:"NAME" help:"Header or parameter names, for the kinds header and query."`
	Prefix    string   `help:"Written before the value of a header, such as \"Token \"."`
	Region    string   `help:"AWS region, when the host does not tell it."`
	Service   string   `help:"AWS service, when the host does not tell it."`
	Name      string   `help:"What people read (default the slug)."`
	Template  string   `help:"The kind of provider, for clients that ask by template."`
	App       string   `help:"ID of the application; may be left out while there is one."`
	Label     string   `help:"Of the value (default \"default\")."`
	NoValue   bool     `xor:"value" help:"Store no value: users enter their own."`
	UserKeys  bool     `help:"Users may enter keys of their own."`
	ProxyOnly bool     `help:"Its values never leave the vault."`
	secretSource
}

// Run stores the secret and prints its ID.
func (c *secretAdd) Run(t *tool) error {
	spec := local.ManagedSecretSpec{
		AppID: c.App, Slug: c.Slug, Name: c.Name, Template: c.Template, Kind: local.SecretKind(c.Kind), Names: c.In, Prefix: c.Prefix,
		Region: c.Region, Service: c.Service, Hosts: c.Host, Label: c.Label, UserKeys: c.UserKeys || c.NoValue, ProxyOnly: c.ProxyOnly,
	}
	if !c.NoValue {
		var err error
		if spec.Value, err = c.read(t, spec.Kind); err != nil {
			return err
		}
	}
	return t.with(func(v *local.Vault) error {
		s, err := v.CreateManagedSecret(t.ctx, spec)
		if err != nil {
			return err
		}
		return t.print("SECRET_ID=%s\n", s.ID)
	})
}

// oneSecret names a secret by its ID or, in its application, by its slug.
type oneSecret struct {
	Secret string `arg:"" help:"Slug or ID of the managed secret."`
	App    string `help:"ID of the application, when several have a secret of that slug."`
}

func (c *oneSecret) find(t *tool, v *local.Vault) (*local.ManagedSecret, error) {
	list, err := v.ManagedSecrets(t.ctx)
	if err != nil {
		return nil, err
	}
	var found []*local.ManagedSecret
	for i := range list {
		if s := &list[i]; s.ID == c.Secret || s.Slug == c.Secret && (c.App == "" || c.App == s.AppID) {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no managed secret %q: see grantvault secret list", c.Secret)
	case 1:
		return found[0], nil
	}
	return nil, usageError("several applications have a secret of that slug: add --app, or name it by its ID")
}

type secretKey struct {
	oneSecret
	Label string `required:"" help:"Tells the secret's values apart."`
	secretSource
}

// Run stores the value and prints its ID.
func (c *secretKey) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		s, err := c.find(t, v)
		if err != nil {
			return err
		}
		value, err := c.read(t, s.Kind)
		if err != nil {
			return err
		}
		id, err := v.AddSecretCredential(t.ctx, s.ID, c.Label, value)
		if err != nil {
			return err
		}
		return t.print("CREDENTIAL_ID=%s\n", id)
	})
}

type secretList struct{}

// Run lists the secrets, with their values' labels and never a value.
func (secretList) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		list, err := v.ManagedSecrets(t.ctx)
		rows := [][]string{{"ID", "SLUG", "NAME", "KIND", "APP", "VALUES", "USERS' KEYS", "GRANTS", "HOSTS"}}
		for _, s := range list {
			var own []string
			users := 0
			for _, c := range s.Credentials {
				if c.UserID != "" {
					users++
					continue
				}
				own = append(own, c.Label+"="+c.ID)
			}
			rows = append(rows, []string{
				s.ID, s.Slug, s.Name, string(s.Kind), dash(s.AppID), dash(strings.Join(own, ",")), strconv.Itoa(users), strconv.Itoa(s.Grants), strings.Join(s.Hosts, ","),
			})
		}
		return errors.Join(err, t.table(rows...))
	})
}

type secretRotate struct {
	oneSecret
	Credential string `help:"ID of the value to replace, when the secret has several."`
	secretSource
}

// Run replaces the value.
func (c *secretRotate) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		s, err := c.find(t, v)
		if err != nil {
			return err
		}
		value, err := c.read(t, s.Kind)
		if err != nil {
			return err
		}
		return v.RotateSecret(t.ctx, s.ID, c.Credential, value)
	})
}

type secretRemove struct{ oneSecret }

// Run removes the secret.
func (c *secretRemove) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		s, err := c.find(t, v)
		if err != nil {
			return err
		}
		return v.RemoveManagedSecret(t.ctx, s.ID)
	})
}

type secretGrant struct {
	oneSecret
	Agent      string        `xor:"owner" help:"ID of the agent that gets it."`
	User       string        `xor:"owner" help:"Subject of the user who gets it; none of these: the application itself."`
	Group      string        `xor:"owner" help:"ID of the group, at the sign-in provider, whose users get it."`
	Credential string        `help:"ID of the value, when the secret has several."`
	Label      string        `help:"Tells several grants apart."`
	TTL        time.Duration `name:"ttl" help:"How long the grant lives; for ever when left out."`
	ProxyOnly  bool          `help:"The credential never leaves the vault."`
	Delegable  bool          `help:"Agents that it is delegated to may hand it on."`
}

// Run makes the grant and prints its ID.
func (c *secretGrant) Run(t *tool) error {
	return t.with(func(v *local.Vault) error {
		s, err := c.find(t, v)
		if err != nil {
			return err
		}
		spec := local.ManagedGrantSpec{
			SecretID: s.ID, CredentialID: c.Credential, AgentID: c.Agent, GroupID: c.Group, Label: c.Label, ProxyOnly: c.ProxyOnly, Delegable: c.Delegable,
		}
		if c.TTL != 0 {
			spec.ExpiresAt = time.Now().Add(c.TTL)
		}
		if c.User != "" {
			u, err := v.CreateUser(t.ctx, local.UserSpec{AppID: s.AppID, Subject: c.User})
			if err != nil {
				return err
			}
			spec.UserID = u.ID
		}
		g, err := v.GrantManagedSecret(t.ctx, spec)
		if err != nil {
			return err
		}
		return t.print("GRANT_ID=%s\n", g.ID)
	})
}
