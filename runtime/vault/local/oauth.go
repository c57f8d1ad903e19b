package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/oauth2"
)

// oauthTimeout bounds each request of the vault to an authorization server, and
// maxProfile the answer about an account, in bytes.
const (
	oauthTimeout = 30 * time.Second
	maxProfile   = 1 << 20
)

// tokens is what an authorization server gave.
type tokens struct {
	access, refresh string
	idToken         string    // "" = none
	expires         time.Time // zero = not told
	scopes          []string  // nil = as asked for
}

// oauthError is why an authorization server gave nothing: its error code, or
// "" when it could not be asked. It never holds the server's text, which may
// repeat what was sent.
type oauthError struct {
	code      string
	temporary bool // a later attempt may succeed
}

func (e *oauthError) Error() string {
	if e.code == "" {
		return "the authorization server could not be asked"
	}
	return "the authorization server refused: " + e.code
}

func (v *Vault) oauthConfig(p *provider, redirect string, scopes []string) (*oauth2.Config, error) {
	c := &oauth2.Config{
		ClientID: p.ClientID, RedirectURL: redirect, Scopes: scopes,
		// The style is fixed: probing for it would send a code, or a refresh token
		// that rotates, twice.
		Endpoint: oauth2.Endpoint{AuthURL: p.AuthorizeURL, TokenURL: p.TokenURL, AuthStyle: oauth2.AuthStyleInHeader},
	}
	if p.SecretInBody || p.secret.dataKey == nil {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	if p.secret.dataKey != nil {
		secret, err := v.seal.open(kindProvider, p.ID, fieldClientSecret, p.secret)
		if err != nil {
			return nil, err
		}
		c.ClientSecret = string(secret)
		clear(secret)
	}
	return c, nil
}

// oauthClient makes the vault's own requests to providers. Redirects are not
// followed: they would carry a code or a token to another host.
func (v *Vault) oauthClient() *http.Client {
	return &http.Client{
		Transport: v.transport, Timeout: oauthTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (v *Vault) oauthContext(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, v.oauthClient())
}

// authorizeURL is where the user's browser goes to consent.
func (v *Vault) authorizeURL(p *provider, redirect, state, verifier string, scopes []string, switchAccount bool) (string, error) {
	c, err := v.oauthConfig(p, redirect, scopes)
	if err != nil {
		return "", err
	}
	opts := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	if switchAccount {
		opts = append(opts, oauth2.SetAuthURLParam("prompt", "select_account"))
	}
	return c.AuthCodeURL(state, opts...), nil
}

// exchange trades a code for tokens.
func (v *Vault) exchange(ctx context.Context, p *provider, redirect, code, verifier string) (tokens, error) {
	c, err := v.oauthConfig(p, redirect, nil)
	if err != nil {
		return tokens{}, err
	}
	t, err := c.Exchange(v.oauthContext(ctx), code, oauth2.VerifierOption(verifier))
	return v.received(t, err)
}

// renew trades a refresh token for new tokens. A server that does not rotate
// leaves the old one in place.
func (v *Vault) renew(ctx context.Context, p *provider, refresh string) (tokens, error) {
	c, err := v.oauthConfig(p, "", nil)
	if err != nil {
		return tokens{}, err
	}
	t, err := c.TokenSource(v.oauthContext(ctx), &oauth2.Token{RefreshToken: refresh}).Token()
	return v.received(t, err)
}

func (v *Vault) received(t *oauth2.Token, err error) (tokens, error) {
	if err != nil {
		return tokens{}, asOAuthError(err)
	}
	if t.AccessToken == "" || len(t.AccessToken) > maxUserToken*4 || strings.ContainsAny(t.AccessToken, "\r\n\x00") {
		return tokens{}, &oauthError{code: "invalid_token_answer"}
	}
	out := tokens{access: t.AccessToken, refresh: t.RefreshToken}
	if t.ExpiresIn > 0 { // by this vault's clock; the library's may be another
		out.expires = v.now().Add(time.Duration(min(t.ExpiresIn, 10*365*24*3600)) * time.Second)
	}
	out.idToken, _ = t.Extra("id_token").(string)
	if scope, ok := t.Extra("scope").(string); ok && strings.TrimSpace(scope) != "" {
		for _, s := range strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' || r == ',' }) {
			if plainText(s) {
				out.scopes = append(out.scopes, s)
			}
		}
	}
	return out, nil
}

func asOAuthError(err error) error {
	if errors.Is(err, errSeal) {
		return err
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		return &oauthError{temporary: true}
	case refused.Response != nil && (refused.Response.StatusCode >= 500 || refused.Response.StatusCode == http.StatusTooManyRequests):
		return &oauthError{code: cleanCode(refused.ErrorCode), temporary: true}
	case cleanCode(refused.ErrorCode) == "":
		return &oauthError{code: "no_error_code", temporary: true}
	}
	code := cleanCode(refused.ErrorCode)
	return &oauthError{code: code, temporary: code == "temporarily_unavailable" || code == "server_error"}
}

// cleanCode keeps an error code of OAuth and drops everything else, which could
// be text of any kind.
func cleanCode(code string) string {
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }) {
		return ""
	}
	return code
}

// profile is whose account a token is for.
type profile struct {
	account string // for people
	subject string // never changes
	email   string
	groups  []string
}

// whoIs asks the provider about a new token's account. A provider without a
// UserURL leaves the profile empty.
func (v *Vault) whoIs(ctx context.Context, p *provider, got tokens) (profile, error) {
	if p.UserURL == "" {
		return profile{}, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.UserURL, nil)
	if err != nil {
		return profile{}, errors.New("the provider's UserURL cannot be requested")
	}
	req.Header.Set(p.Header, strings.Replace(p.Format, "{token}", got.access, 1))
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "grantwire-vault")
	resp, err := v.oauthClient().Do(req)
	if err != nil {
		return profile{}, &oauthError{temporary: true}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return profile{}, &oauthError{code: "profile_status_" + strconv.Itoa(resp.StatusCode), temporary: resp.StatusCode >= 500}
	}
	var members map[string]jsontext.Value
	if json.UnmarshalRead(io.LimitReader(resp.Body, maxProfile), &members, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return profile{}, &oauthError{code: "profile_not_json"}
	}
	return profile{
		account: firstText(members, p.AccountField, "login", "email", "username", "name", "sub", "id"),
		subject: firstText(members, p.SubjectField, "sub", "id", "login"),
		email:   firstText(members, "email"),
		groups:  v.groupsOf(p, members, got.idToken),
	}, nil
}

// firstText is the first of the members that holds a text or a number. When the
// operator named a member, only that one counts.
func firstText(members map[string]jsontext.Value, named string, defaults ...string) string {
	names := defaults
	if named != "" {
		names = []string{named}
	}
	for _, name := range names {
		text := ""
		switch value := members[name]; value.Kind() {
		case '"':
			_ = json.Unmarshal(value, &text, jsontext.AllowInvalidUTF8(true)) // it was decoded once already
		case '0':
			text = string(value) // as written: an ID may be beyond the integers of a float
		}
		if text != "" && plainText(text) {
			return text
		}
	}
	return ""
}

// redirectURL is the vault's own address that a provider sends the browser back
// to. Each provider has its own, so that an answer of one cannot be passed off
// as another's.
func redirectURL(base, providerID string) string {
	return base + callbackPath + url.PathEscape(providerID)
}
