package conformance_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// standin is a provider with an authorization server that consents at once.
type standin struct {
	url string

	mu     sync.Mutex
	tokens map[string]string    // token to login
	codes  map[string][2]string // code to login and challenge
	users  int
}

func newStandin(t *testing.T) *standin {
	p := &standin{tokens: map[string]string{}, codes: map[string][2]string{}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *standin) spec() local.ProviderSpec {
	return local.ProviderSpec{
		ID: "github", AuthorizeURL: p.url + "/authorize", TokenURL: p.url + "/token", UserURL: p.url + "/user", ClientID: "conformance",
		ClientSecret: "test-secret-client", Scopes: []string{"repo", "user"}, Hosts: []string{p.url}, SignIn: true,
	}
}

func (p *standin) tokenFor(login string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	token := "test-secret-" + rand.Text()
	p.tokens[token] = login
	return token
}

func (p *standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/authorize":
		q := r.URL.Query()
		p.mu.Lock()
		p.users++
		code := rand.Text()
		p.codes[code] = [2]string{fmt.Sprintf("user-%d", p.users), q.Get("code_challenge")}
		p.mu.Unlock()
		to, err := url.Parse(q.Get("redirect_uri"))
		if err != nil {
			http.Error(w, "redirect_uri", http.StatusBadRequest)
			return
		}
		back := to.Query()
		back.Set("code", code)
		back.Set("state", q.Get("state"))
		to.RawQuery = back.Encode()
		http.Redirect(w, r, to.String(), http.StatusFound)
	case "/token":
		p.token(w, r)
	default:
		p.resource(w, r)
	}
}

func (p *standin) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		answer(w, 400, map[string]any{"error": "invalid_request"})
		return
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	p.mu.Lock()
	code, ok := p.codes[r.PostForm.Get("code")]
	delete(p.codes, r.PostForm.Get("code"))
	p.mu.Unlock()
	if !ok || code[1] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		answer(w, 400, map[string]any{"error": "invalid_grant"})
		return
	}
	answer(w, 200, map[string]any{"access_token": p.tokenFor(code[0]), "token_type": "Bearer", "scope": "repo user"})
}

// resource answers /user, and a few paths that show what a client does with answers.
func (p *standin) resource(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	login, ok := p.tokens[token]
	p.mu.Unlock()
	switch {
	case !ok || len(r.Header.Values("Authorization")) != 1:
		answer(w, 401, map[string]any{"message": "Bad credentials"})
	case r.URL.Path == "/user" && (r.Method == http.MethodGet || r.Method == http.MethodPost):
		answer(w, 200, map[string]any{"login": login})
	case r.URL.Path == "/echo":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: login})
		answer(w, 200, map[string]any{"login": login, "query": r.URL.RawQuery, "cookie": r.Header.Get("Cookie")})
	case r.URL.Path == "/narrow":
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="repo admin"`)
		answer(w, 403, map[string]any{"message": "scope"})
	default:
		answer(w, 404, map[string]any{"message": "Not Found"})
	}
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// serveInMemory is a round trip to a handler of this process.
func serveInMemory(h http.Handler, req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	in.Host = req.URL.Host
	in.RemoteAddr = "127.0.0.1:1"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	rec.Body = new(bytes.Buffer)
	h.ServeHTTP(rec, in)
	resp := rec.Result()
	resp.Request = req
	return resp, nil
}
