package standin

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

// Option configures New.
type Option func(*config)

type config struct {
	profile    Profile
	operations []string
}

// WithOperations serves the named operations only, and checks at once that the
// document has them. Without it all are served, each read from the document
// when it is first called.
func WithOperations(ids ...string) Option {
	return func(c *config) { c.operations = append(c.operations, ids...) }
}

// WithProfile sets how the provider takes its credential and words a refusal.
func WithProfile(p Profile) Option { return func(c *config) { c.profile = p } }

// Profile is what a provider does beyond its document.
type Profile struct {
	// Header must hold exactly Value; "" lets every request in.
	Header, Value string
	// Params are documented parameters and body members that carry the
	// credential when Header does not: they are never asked for.
	Params []string
	// Refuse writes a refusal in the provider's own error shape; nil writes
	// the status and its text.
	Refuse func(http.ResponseWriter, Refusal)
}

// Refusal says why a request was not answered. Reason never holds a value of
// the request.
type Refusal struct {
	Status  int  // 400, 401, 404 or 500
	Missing bool // with 401: no credential came at all
	Reason  string
}

// GitHub takes token as a bearer token and refuses as GitHub's REST API does.
func GitHub(token string) Option {
	return WithProfile(Profile{Header: "Authorization", Value: "Bearer " + token, Refuse: refuseGitHub})
}

// Slack takes token as a bearer token and refuses as Slack's Web API does: a
// bad credential and an unknown method are answered with status 200.
func Slack(token string) Option {
	return WithProfile(Profile{Header: "Authorization", Value: "Bearer " + token, Params: []string{"token"}, Refuse: refuseSlack})
}

func (p Profile) check(r *http.Request) *Refusal {
	if p.Header == "" {
		return nil
	}
	got := r.Header.Values(p.Header)
	if len(got) == 0 {
		return &Refusal{Status: http.StatusUnauthorized, Missing: true, Reason: "no credential in " + p.Header}
	}
	if len(got) > 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte(p.Value)) == 0 {
		return &Refusal{Status: http.StatusUnauthorized, Reason: "wrong credential in " + p.Header}
	}
	return nil
}

func invalid(reason string) *Refusal { return &Refusal{Status: http.StatusBadRequest, Reason: reason} }

func plainRefusal(w http.ResponseWriter, r Refusal) {
	http.Error(w, http.StatusText(r.Status), r.Status)
}

func refuseGitHub(w http.ResponseWriter, r Refusal) {
	message := http.StatusText(r.Status)
	switch {
	case r.Missing:
		message = "Requires authentication"
	case r.Status == http.StatusUnauthorized:
		message = "Bad credentials"
	}
	writeJSON(w, r.Status, map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest"})
}

func refuseSlack(w http.ResponseWriter, r Refusal) {
	status, code := r.Status, "fatal_error"
	switch {
	case r.Missing:
		status, code = http.StatusOK, "not_authed"
	case status == http.StatusUnauthorized:
		status, code = http.StatusOK, "invalid_auth"
	case status == http.StatusNotFound:
		status, code = http.StatusOK, "unknown_method"
	case status == http.StatusBadRequest:
		code = "invalid_arguments"
	}
	writeJSON(w, status, map[string]any{"ok": false, "error": code})
}

func writeJSON(w http.ResponseWriter, status int, v map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the client went away: nobody is left to tell
	}
}
