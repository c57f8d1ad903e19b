package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

const (
	standinID     = "github"
	standinClient = "grantvault-dev"
	signInScope   = "read:user"
)

func standinScopes() []string { return []string{"repo", signInScope} }

// standin is a provider with an OAuth 2.1 authorization server: codes with
// PKCE, refresh tokens that rotate, and one resource, /user.
type standin struct {
	url, secret string

	mu      sync.Mutex
	tokens  map[string]string // access token to login
	renewal map[string]string // refresh token to login
	codes   map[string]standinCode
	logins  int
}

type standinCode struct{ login, redirect, challenge, scope string }

func newStandin(base string) *standin {
	return &standin{url: base, secret: randomText(), tokens: map[string]string{}, renewal: map[string]string{}, codes: map[string]standinCode{}}
}

func randomText() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (p *standin) spec() local.ProviderSpec {
	return local.ProviderSpec{
		ID: standinID, DisplayName: "GitHub (stand-in)", AuthorizeURL: p.url + "/login/oauth/authorize", TokenURL: p.url + "/login/oauth/access_token",
		UserURL: p.url + "/user", ClientID: standinClient, ClientSecret: p.secret, Scopes: standinScopes(), Hosts: []string{p.url},
		SignIn: true, SignInScopes: []string{signInScope},
	}
}

// tokenFor issues an access token for a login.
func (p *standin) tokenFor(login string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	token := "test-secret-" + randomText()
	p.tokens[token] = login
	return token
}

// ServeHTTP implements http.Handler.
func (p *standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/login/oauth/authorize":
		p.authorize(w, r)
	case r.URL.Path == "/login/oauth/access_token" && r.Method == http.MethodPost:
		p.token(w, r)
	default:
		p.resource(w, r)
	}
}

func answerJSON(w http.ResponseWriter, status int, body map[string]any) {
	raw, err := json.Marshal(body, json.Deterministic(true))
	if err != nil { // texts and numbers
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the caller has gone
}

// resource answers /user for whoever holds a token.
func (p *standin) resource(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	login, known := p.tokens[token]
	p.mu.Unlock()
	switch {
	case !ok || !known:
		w.Header().Set("WWW-Authenticate", `Bearer realm="stand-in"`)
		answerJSON(w, http.StatusUnauthorized, map[string]any{"message": "Bad credentials"})
	case r.URL.Path != "/user":
		answerJSON(w, http.StatusNotFound, map[string]any{"message": "Not Found"})
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		answerJSON(w, http.StatusMethodNotAllowed, map[string]any{"message": "Method Not Allowed"})
	default:
		answerJSON(w, http.StatusOK, map[string]any{"login": login})
	}
}

// consentPage never changes.
var consentPage = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Stand-in provider</title>
<h1>Stand-in provider</h1>
<form method="post">
<p><label>Account: <input name="login" value="{{.Login}}" required maxlength="39" pattern="[a-z0-9\-]+"></label></p>
<p>An application asks for: {{.Scope}}</p>
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button>
</form></html>
`))

// authorize shows the consent page and takes its answer.
func (p *standin) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !p.validRequest(q) {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		_ = consentPage.Execute(w, map[string]string{"Login": p.suggest(q), "Scope": q.Get("scope")}) // the browser has gone
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	login := r.PostFormValue("login")
	if r.PostFormValue("decision") == "deny" || login == "" {
		http.Redirect(w, r, answerURL(q, url.Values{"error": {"access_denied"}}), http.StatusSeeOther) //nolint:gosec // G710: validRequest has checked that it is on loopback
		return
	}
	http.Redirect(w, r, p.grant(q, login), http.StatusSeeOther) //nolint:gosec // G710: as above
}

func (p *standin) validRequest(q url.Values) bool {
	return q.Get("response_type") == "code" && q.Get("client_id") == standinClient && q.Get("code_challenge_method") == "S256" &&
		len(q.Get("code_challenge")) == 43 && q.Get("state") != "" && strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:")
}

// suggest is the user of USER_GRANT_ID at sign-in, and an account that no other
// grant has when one is connected.
func (p *standin) suggest(q url.Values) string {
	if q.Get("scope") == signInScope {
		return userLogin
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logins++
	return "octo-" + strconv.Itoa(p.logins)
}

// grant issues a code and returns where the browser goes with it.
func (p *standin) grant(q url.Values, login string) string {
	code := randomText()
	p.mu.Lock()
	p.codes[code] = standinCode{login, q.Get("redirect_uri"), q.Get("code_challenge"), q.Get("scope")}
	p.mu.Unlock()
	return answerURL(q, url.Values{"code": {code}})
}

func answerURL(q, values url.Values) string {
	values.Set("state", q.Get("state"))
	return q.Get("redirect_uri") + "?" + values.Encode()
}

// token trades codes and refresh tokens. Both work once.
func (p *standin) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	id, secret, ok := r.BasicAuth()
	if !ok || id != standinClient || subtle.ConstantTimeCompare([]byte(secret), []byte(p.secret)) == 0 {
		answerJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	login, scope, ok := p.redeem(r)
	if !ok {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	refresh := "test-secret-" + randomText()
	p.mu.Lock()
	p.renewal[refresh] = login
	p.mu.Unlock()
	body := map[string]any{"access_token": p.tokenFor(login), "token_type": "Bearer", "expires_in": 8 * 3600, "refresh_token": refresh}
	if scope != "" {
		body["scope"] = scope
	}
	answerJSON(w, http.StatusOK, body)
}

func (p *standin) redeem(r *http.Request) (login, scope string, ok bool) {
	code, verifier, refresh := r.PostFormValue("code"), r.PostFormValue("code_verifier"), r.PostFormValue("refresh_token")
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		c, known := p.codes[code]
		delete(p.codes, code)
		sum := sha256.Sum256([]byte(verifier))
		return c.login, c.scope, known && c.redirect == r.PostFormValue("redirect_uri") && base64.RawURLEncoding.EncodeToString(sum[:]) == c.challenge
	case "refresh_token":
		login, ok = p.renewal[refresh]
		delete(p.renewal, refresh)
		return login, "", ok
	}
	return "", "", false
}
