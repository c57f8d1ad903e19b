package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// ProviderSpec describes an OAuth 2.1 provider that users connect to: where
// they consent, who this vault is there, and what the grants may be used for.
type ProviderSpec struct {
	ID          string // required, such as "github": lower-case letters, digits and hyphens, up to 50
	DisplayName string // default: ID

	// AuthorizeURL and TokenURL are the provider's endpoints, https (or http on
	// loopback). The vault uses the code flow with PKCE, method S256.
	AuthorizeURL string
	TokenURL     string
	// UserURL, if set, is asked with the new token who its account is: a JSON
	// object. Required for SignIn.
	UserURL string
	// AccountField and SubjectField name the members of UserURL's answer that
	// hold the account's name and its unchanging ID. Defaults: the first of
	// login, email, username, name, sub, id; and of sub, id, login.
	AccountField, SubjectField string
	// GroupsField names the member with the IDs of the user's groups, a list of
	// texts, such as "groups": of UserURL's answer, or else of the ID token. Empty:
	// the vault knows no groups. Name it only when the IDs never come to mean other
	// groups. A user's groups are those of the last sign-in.
	GroupsField string

	ClientID     string // required
	ClientSecret string // empty for a public client; sealed, never shown again
	// SecretInBody sends client ID and secret in the form instead of HTTP Basic.
	SecretInBody bool

	Scopes   []string // asked for by default
	Optional []string // may be asked for as well, by required_scopes of a session

	// Hosts are the only places that the grants' credentials may go to, as in
	// GrantSpec.
	Hosts []string
	// Header and Format say how the token is injected, as in Credential.
	Header, Format string

	// SignIn makes this the provider that users sign in through. One provider
	// of a vault has it; setting it here takes it from the other. A user's
	// subject is then ID, a bar, and the provider's own ID of the account.
	SignIn bool
	// SignInScopes are asked for at sign-in; default Scopes. Less is better: the
	// token is used once, for UserURL.
	SignInScopes []string
}

// Provider is a configured provider. It holds no secret.
type Provider struct {
	ID, DisplayName                 string
	AuthorizeURL, TokenURL, UserURL string
	ClientID                        string
	Scopes, Optional, Hosts         []string
	SignIn                          bool
	CreatedAt, UpdatedAt            time.Time
}

// String names the provider without its client secret, for every verb.
func (s ProviderSpec) String() string { return "local.ProviderSpec(" + s.ID + ")" }

// GoString is String.
func (s ProviderSpec) GoString() string { return s.String() }

// LogValue implements slog.LogValuer and hides the client secret.
func (s ProviderSpec) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the client secret.
func (s ProviderSpec) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// provider is a provider's stored configuration.
type provider struct {
	ID           string   `json:"id"`
	DisplayName  string   `json:"display_name"`
	AuthorizeURL string   `json:"authorize_url"`
	TokenURL     string   `json:"token_url"`
	UserURL      string   `json:"user_url,omitzero"`
	AccountField string   `json:"account_field,omitzero"`
	SubjectField string   `json:"subject_field,omitzero"`
	GroupsField  string   `json:"groups_field,omitzero"`
	ClientID     string   `json:"client_id"`
	SecretInBody bool     `json:"secret_in_body,omitzero"`
	Scopes       []string `json:"scopes"`
	Optional     []string `json:"optional"`
	SignInScopes []string `json:"sign_in_scopes"`
	Hosts        []string `json:"hosts"`
	Header       string   `json:"header"`
	Format       string   `json:"format"`

	signIn           bool
	secret           sealed // of the client; no data key when there is none
	created, updated sql.NullInt64
}

const (
	kindProvider      = "provider"
	fieldClientSecret = "client_secret"
)

var providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,49}$`)

// SetProvider adds a provider, or replaces the configuration of the one with
// the same ID; its connections stay. It fails with a *SpecError when a field is
// not acceptable.
func (v *Vault) SetProvider(ctx context.Context, spec ProviderSpec) (*Provider, error) {
	p, err := spec.check()
	if err != nil {
		return nil, err
	}
	if spec.ClientSecret != "" {
		if p.secret, err = v.seal.seal(kindProvider, p.ID, fieldClientSecret, []byte(spec.ClientSecret)); err != nil {
			return nil, err
		}
	}
	config, err := json.Marshal(p)
	if err != nil {
		return nil, &SpecError{"ProviderSpec", "must hold valid UTF-8"}
	}
	now := micros(v.now())
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		if p.signIn {
			if err := q.exec(ctx, "UPDATE providers SET sign_in = 0 WHERE id <> ?", p.ID); err != nil {
				return err
			}
		}
		err := q.exec(ctx, `INSERT INTO providers (id, config, sign_in, data_key, client_secret, created_at, updated_at) VALUES (?1,?2,?3,?4,?5,?6,?6)
ON CONFLICT (id) DO UPDATE SET config = ?2, sign_in = ?3, data_key = ?4, client_secret = ?5, updated_at = ?6`,
			p.ID, string(config), p.signIn, p.secret.dataKey, p.secret.text, now)
		if err != nil {
			return err
		}
		if p, err = findProvider(ctx, q, p.ID); err != nil {
			return err
		}
		return v.record(ctx, q, Event{Action: "provider.set", Target: "provider", TargetID: p.ID, Details: map[string]string{"client_id": p.ClientID}})
	})
	if err != nil {
		return nil, operatorError("configuring the provider", err)
	}
	return p.public(), nil
}

// RemoveProvider takes a provider out of the catalog and erases its client
// secret. Its grants stay, but are not refreshed any more.
func (v *Vault) RemoveProvider(ctx context.Context, id string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		n, err := q.execCount(ctx, "DELETE FROM providers WHERE id = ?", id)
		if err == nil && n == 0 {
			err = missing("provider", sql.ErrNoRows)
		}
		if err != nil {
			return err
		}
		return v.record(ctx, q, Event{Action: "provider.removed", Target: "provider", TargetID: id})
	})
	return operatorError("removing the provider", err)
}

// Providers lists the configured providers in the order of their IDs.
func (v *Vault) Providers(ctx context.Context) ([]Provider, error) {
	var out []Provider
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		list, err := allProviders(ctx, q)
		for _, p := range list {
			out = append(out, *p.public())
		}
		return err
	})
	if err != nil {
		return nil, operatorError("listing providers", err)
	}
	return out, nil
}

func (p *provider) public() *Provider {
	return &Provider{
		ID: p.ID, DisplayName: p.DisplayName, AuthorizeURL: p.AuthorizeURL, TokenURL: p.TokenURL, UserURL: p.UserURL,
		ClientID: p.ClientID, Scopes: p.Scopes, Optional: p.Optional, Hosts: p.Hosts, SignIn: p.signIn,
		CreatedAt: fromMicros(p.created), UpdatedAt: fromMicros(p.updated),
	}
}

const providerColumns = "config, sign_in, data_key, client_secret, created_at, updated_at"

func findProvider(ctx context.Context, q *statements, id string) (*provider, error) {
	return scanProvider(func(dst ...any) error {
		return q.scan(ctx, "SELECT "+providerColumns+" FROM providers WHERE id = ?", []any{id}, dst)
	})
}

// signInProvider is the provider that users sign in through; sql.ErrNoRows when
// there is none.
func signInProvider(ctx context.Context, q *statements) (*provider, error) {
	return scanProvider(func(dst ...any) error {
		return q.scan(ctx, "SELECT "+providerColumns+" FROM providers WHERE sign_in = 1", nil, dst)
	})
}

func allProviders(ctx context.Context, q *statements) ([]*provider, error) {
	rows, err := q.query(ctx, "SELECT "+providerColumns+" FROM providers ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []*provider
	for rows.Next() {
		p, err := scanProvider(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func scanProvider(scan func(...any) error) (*provider, error) {
	var p provider
	var config string
	if err := scan(&config, &p.signIn, &p.secret.dataKey, &p.secret.text, &p.created, &p.updated); err != nil {
		return nil, err
	}
	return &p, json.Unmarshal([]byte(config), &p)
}

func (s *ProviderSpec) check() (*provider, error) {
	p := &provider{
		ID: s.ID, DisplayName: s.DisplayName, AuthorizeURL: s.AuthorizeURL, TokenURL: s.TokenURL, UserURL: s.UserURL,
		AccountField: s.AccountField, SubjectField: s.SubjectField, GroupsField: s.GroupsField, ClientID: s.ClientID, SecretInBody: s.SecretInBody,
		Header: s.Header, Format: s.Format, signIn: s.SignIn,
	}
	if p.DisplayName == "" {
		p.DisplayName = p.ID
	}
	switch {
	case !providerID.MatchString(p.ID):
		return nil, &SpecError{"ProviderSpec.ID", `must be lower-case letters, digits and hyphens, up to 50, such as "github"`}
	case !plainText(p.DisplayName):
		return nil, &SpecError{"ProviderSpec.DisplayName", "must have at most 255 characters without surrounding space or controls"}
	case p.ClientID == "" || !plainText(p.ClientID):
		return nil, &SpecError{"ProviderSpec.ClientID", "must have 1 to 255 characters: the ID that the provider gave this vault"}
	case len(s.ClientSecret) > 8192 || strings.ContainsAny(s.ClientSecret, "\r\n\x00"):
		return nil, &SpecError{"ProviderSpec.ClientSecret", "must have at most 8192 bytes without line breaks"}
	case s.SignIn && s.UserURL == "":
		return nil, &SpecError{"ProviderSpec.UserURL", "is required with SignIn: without it nobody knows who signed in"}
	case len(s.Hosts) == 0:
		return nil, &SpecError{"ProviderSpec.Hosts", `needs at least one entry such as "https://api.github.com"`}
	}
	for field, raw := range map[string]string{"AuthorizeURL": p.AuthorizeURL, "TokenURL": p.TokenURL, "UserURL": p.UserURL} {
		if raw == "" && field == "UserURL" {
			continue
		}
		if _, err := parseDestination(raw); err != nil {
			return nil, &SpecError{"ProviderSpec." + field, err.Error()}
		}
		if u, err := url.Parse(raw); err != nil || u.Fragment != "" {
			return nil, &SpecError{"ProviderSpec." + field, "must be a URL without a fragment"}
		}
	}
	return p, s.checkLists(p)
}

func (s *ProviderSpec) checkLists(p *provider) error {
	p.Scopes, p.Optional, p.SignInScopes, p.Hosts = []string{}, []string{}, []string{}, []string{}
	for i, raw := range s.Hosts {
		origin, err := parseOrigin(raw)
		if err != nil {
			return &SpecError{fmt.Sprintf("ProviderSpec.Hosts[%d]", i), err.Error()}
		}
		p.Hosts = append(p.Hosts, origin)
	}
	for field, list := range map[string][]string{"Scopes": s.Scopes, "Optional": s.Optional, "SignInScopes": s.SignInScopes} {
		for i, scope := range list {
			if scope == "" || !plainText(scope) || strings.ContainsAny(scope, " \"\\") {
				return &SpecError{fmt.Sprintf("ProviderSpec.%s[%d]", field, i), "must be a scope of 1 to 255 characters without spaces and quotes"}
			}
		}
	}
	p.Scopes = append(p.Scopes, s.Scopes...)
	p.Optional = append(p.Optional, s.Optional...)
	if p.SignInScopes = append(p.SignInScopes, s.SignInScopes...); s.SignInScopes == nil {
		p.SignInScopes = p.Scopes
	}
	probe := Credential{Token: "probe", Header: s.Header, Format: s.Format}
	secret, err := probe.check()
	if e, ok := errors.AsType[*SpecError](err); ok {
		return &SpecError{strings.Replace(e.Field, "GrantSpec.Credential", "ProviderSpec", 1), e.Reason}
	}
	p.Header, p.Format = secret.Header, secret.Format
	return err
}

// scopesFor adds what a session requires to the defaults. ok is false when it
// requires a scope that the provider's configuration does not know.
func (p *provider) scopesFor(required []string) (scopes []string, ok bool) {
	scopes = slices.Clone(p.Scopes)
	for _, s := range required {
		switch {
		case slices.Contains(scopes, s):
		case slices.Contains(p.Optional, s):
			scopes = append(scopes, s)
		default:
			return nil, false
		}
	}
	return scopes, true
}

// serveCatalog answers GET /sdk/oauth/provider-catalog.
func (v *Vault) serveCatalog(ctx context.Context, rq *request) answer {
	items := map[string]any{}
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		list, err := allProviders(ctx, q)
		for _, p := range list {
			items[p.ID] = p.catalogItem()
		}
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return jsonAnswer(http.StatusOK, map[string]any{"providers": items})
}

func (p *provider) catalogItem() map[string]any {
	available := map[string]any{}
	for _, list := range [][]string{p.Scopes, p.Optional} {
		for _, scope := range list {
			available[scope] = map[string]any{
				"description": scope, "required": false, "is_default": slices.Contains(p.Scopes, scope), "requires": []string{},
			}
		}
	}
	return map[string]any{
		"id": p.ID, "name": p.ID, "display_name": p.DisplayName, "category": nil, "description": nil, "logo_url": nil,
		"supports_refresh": true, "supports_pkce": true, "available_scopes": available, "default_scopes": p.Scopes,
		"required_scopes": []string{}, "status": "active",
	}
}
