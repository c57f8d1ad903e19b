package local

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
)

const (
	testClientID     = "test-client"
	testClientSecret = "test-secret-client/+ 1"
)

// authServer is an authorization server on loopback. It checks everything that
// OAuth 2.1 has it check, and remembers what went wrong.
type authServer struct {
	*httptest.Server
	mu        sync.Mutex
	codes     map[string]url.Values // code to authorization request
	refreshes map[string]bool       // refresh tokens that are good
	live      map[string]string     // access tokens that are good to their scope
	issued    int
	asked     int // refresh requests
	problems  []string

	account  string        // of the next consent
	life     int           // expires_in; 0 leaves it out
	norotate bool          // keep the refresh token
	fail     func() string // error code or "500" for the token endpoint, "" = none
	hold     chan struct{} // a refresh waits until it is closed
	entered  chan struct{} // gets a value when a refresh has arrived, if not nil
	profile  string        // answer of /user, if set
	idToken  string        // of token answers, if set
}

func newAuthServer(t testing.TB) *authServer {
	s := &authServer{codes: map[string]url.Values{}, refreshes: map[string]bool{}, live: map[string]string{}, account: "octo", life: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer test-secret-access-") {
			s.problem("profile asked with %q", r.Header.Get("Authorization"))
		}
		if s.profile != "" {
			_, _ = io.WriteString(w, s.profile)
			return
		}
		_, _ = fmt.Fprintf(w, `{"login":%q,"id":9007199254740993,"email":"%s@example.com"}`, s.account, s.account)
	})
	mux.HandleFunc("GET /gists", s.gists)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, p := range s.problems {
			t.Error("authorization server: " + p)
		}
	})
	return s
}

func (s *authServer) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

func (s *authServer) spec() ProviderSpec {
	return ProviderSpec{
		ID: "github", DisplayName: "GitHub <test>", AuthorizeURL: s.URL + "/authorize", TokenURL: s.URL + "/token", UserURL: s.URL + "/user",
		ClientID: testClientID, ClientSecret: testClientSecret, Scopes: []string{"repo", "user"}, Optional: []string{"gist"},
		Hosts: []string{s.URL}, SignIn: true, SignInScopes: []string{"user"},
	}
}

// authorize consents at once, or denies when the account is "".
func (s *authServer) authorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != testClientID || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("state")) < 32 {
		s.problem("authorization request %v", q)
	}
	answer := url.Values{"state": {q.Get("state")}}
	if s.account == "" {
		answer.Set("error", "access_denied")
	} else {
		code := fmt.Sprintf("test-secret-code-%d", len(s.codes))
		s.codes[code] = q
		answer.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

func (s *authServer) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hold, entered := s.hold, s.entered
	s.mu.Unlock()
	if r.PostFormValue("grant_type") == "refresh_token" {
		if entered != nil {
			entered <- struct{}{}
		}
		if hold != nil {
			<-hold
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	if decoded, err := url.QueryUnescape(secret); err != nil || id != testClientID || decoded != testClientSecret {
		s.problem("client authentication")
	}
	status, body := s.redeem(r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, body)
}

func (s *authServer) redeem(r *http.Request) (int, map[string]any) {
	if r.PostFormValue("grant_type") == "refresh_token" {
		s.asked++
	}
	if s.fail != nil {
		switch code := s.fail(); code {
		case "":
		case "500":
			return http.StatusInternalServerError, map[string]any{"error": "server_error", "error_description": "test-secret-description"}
		default:
			return http.StatusBadRequest, map[string]any{"error": code, "error_description": "test-secret-description"}
		}
	}
	scope := ""
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		code := r.PostFormValue("code")
		q, ok := s.codes[code]
		delete(s.codes, code)
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") || q.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
			s.problem("code, verifier or redirect_uri do not fit")
			return http.StatusBadRequest, map[string]any{"error": "invalid_grant"}
		}
		scope = q.Get("scope")
	case "refresh_token":
		refresh := r.PostFormValue("refresh_token")
		if !s.refreshes[refresh] {
			return http.StatusBadRequest, map[string]any{"error": "invalid_grant"}
		}
		if !s.norotate {
			delete(s.refreshes, refresh)
		}
	}
	s.issued++
	body := map[string]any{"access_token": fmt.Sprintf("test-secret-access-%d", s.issued), "token_type": "bearer"}
	s.live[body["access_token"].(string)] = scope
	if s.idToken != "" {
		body["id_token"] = s.idToken
	}
	if scope != "" {
		body["scope"] = scope
	}
	if s.life > 0 {
		body["expires_in"] = s.life
	}
	if r.PostFormValue("grant_type") != "refresh_token" || !s.norotate {
		refresh := fmt.Sprintf("test-secret-refresh-%d", s.issued)
		s.refreshes[refresh] = true
		body["refresh_token"] = refresh
	}
	return http.StatusOK, body
}

// gists is a resource that needs a scope of its own.
func (s *authServer) gists(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scope, ok := s.live[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case !ok:
		w.WriteHeader(http.StatusUnauthorized)
	case !strings.Contains(scope, "gist"):
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="gist"`)
		w.WriteHeader(http.StatusForbidden)
	default:
		_, _ = io.WriteString(w, "[]")
	}
}

func (s *authServer) set(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

func (s *authServer) refreshCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}
