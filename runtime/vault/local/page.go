package local

import (
	"bytes"
	"context"
	"crypto/hmac"
	_ "embed" // the template
	"encoding/hex"
	"errors"
	htmltemplate "html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

//go:embed page.gohtml
var pageSource string

// pageTemplate never changes.
var pageTemplate = htmltemplate.Must(htmltemplate.New("page").Parse(pageSource))

// page is what the one template shows.
type page struct {
	status    int
	Title     string
	Text      []string
	Providers []pageProvider
	Lifetimes []pageLifetime
	CSRF      string // set while the user can act
	CanFinish bool
	Secret    *pageSecret // what a user enters or allows
	Fields    []pageField // of a request that waits for approval
	Decide    bool        // the reader approves or denies
	Return    string      // where the browser goes by itself after a moment
	Link      string
	LinkText  string
	Nonce     string
}

type pageField struct{ Place, Name, Value, Note string }

type pageProvider struct {
	ID, Name, Note string
	Ask            bool
	Scopes         []string
	origin         string // of its consent page
}

type pageLifetime struct {
	Seconds int64
	Text    string
}

const browserCookie = "grantwire_browser"

// servePage serves the hosted pages, for browsers: unsigned, HTML, without
// scripts. It reports whether the path was one of theirs.
//
// A page is protected by the session's token in its URL. What a browser does on
// it is bound to that browser by a cookie, whose hash is in every form (against
// forged requests) and in every authorization under way (so that nobody can
// have somebody else finish his own).
func (v *Vault) servePage(w http.ResponseWriter, r *http.Request) bool {
	kind, rest := sessionKind(""), ""
	for _, k := range []sessionKind{kindConnect, kindSignIn} {
		if token, ok := strings.CutPrefix(r.URL.Path, k.path()); ok {
			kind, rest = k, token
		}
	}
	providerID, callback := strings.CutPrefix(r.URL.Path, callbackPath)
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	approval, isApproval := strings.CutPrefix(r.URL.Path, approvalPath)
	switch {
	case isApproval && (get || r.Method == http.MethodPost):
		v.serveApprovalPage(w, r, approval)
	case callback && r.Method == http.MethodGet:
		v.serveCallback(w, r, providerID)
	case kind != "" && get:
		v.serveSession(w, r, kind, rest)
	case kind != "" && r.Method == http.MethodPost:
		v.serveForm(w, r, kind, rest)
	case kind != "" || callback || isApproval:
		w.Header().Set("Allow", "GET, POST")
		v.writePage(w, &page{status: http.StatusMethodNotAllowed, Title: "This page does not take that method"})
	default:
		return false
	}
	return true
}

func (v *Vault) writePage(w http.ResponseWriter, p *page) {
	p.Nonce = newSecret()
	p.spellOut()
	var buf bytes.Buffer
	if err := pageTemplate.Execute(&buf, p); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	// Browsers apply form-action to the redirect that answers the form, too.
	forms := []string{"'self'"}
	for _, provider := range p.Providers {
		if provider.Ask {
			forms = append(forms, provider.origin)
		}
	}
	if p.CSRF == "" {
		forms = []string{"'none'"}
	}
	h := pageHeader(w)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+p.Nonce+"'; form-action "+strings.Join(forms, " ")+"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(p.status)
	_, _ = w.Write(buf.Bytes()) // the browser has gone
}

// spellOut makes visible what a screen would hide or act upon: names on these
// pages are chosen by clients and providers.
func (p *page) spellOut() {
	texts := []*string{&p.Title, &p.LinkText}
	for i := range p.Text {
		texts = append(texts, &p.Text[i])
	}
	for i := range p.Providers {
		o := &p.Providers[i]
		texts = append(texts, &o.Name, &o.Note)
		for j := range o.Scopes {
			texts = append(texts, &o.Scopes[j])
		}
	}
	for i := range p.Fields {
		texts = append(texts, &p.Fields[i].Name, &p.Fields[i].Value, &p.Fields[i].Note)
	}
	if p.Secret != nil {
		texts = append(texts, &p.Secret.Name, &p.Secret.Note)
		for i := range p.Secret.Inputs {
			texts = append(texts, &p.Secret.Inputs[i].Label)
		}
	}
	for _, text := range texts {
		*text = Visible(*text)
	}
}

// shortName is a name as it stands in a sentence.
func shortName(s string) string { return console.Text(s).String() }

func pageHeader(w http.ResponseWriter) http.Header {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the URL holds the session's token
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	return h
}

func (v *Vault) redirect(w http.ResponseWriter, target string) {
	pageHeader(w).Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// brokenPage answers what the vault could not do.
func (v *Vault) brokenPage(ctx context.Context, w http.ResponseWriter, err error) {
	if errors.Is(err, errSessionEnded) {
		v.writePage(w, &page{status: http.StatusGone, Title: "This link has been used", Text: []string{"Ask the application for a new one."}})
		return
	}
	if ctx.Err() == nil {
		v.logger.ErrorContext(ctx, "vault could not serve a page", "error", err)
	}
	v.writePage(w, &page{status: http.StatusServiceUnavailable, Title: "That did not work", Text: []string{"The vault could not serve the page. Try again in a moment."}})
}

func unknownPage() *page {
	return &page{status: http.StatusNotFound, Title: "There is nothing here", Text: []string{"The link is wrong, or it is too old. Ask the application for a new one."}}
}

// foreignForm answers a form that did not come from the page in this browser.
func foreignForm(link string) *page {
	return &page{
		status: http.StatusForbidden, Title: "This form is not from this browser", Text: []string{"Open the link again, and allow cookies for this page."},
		Link: link, LinkText: "Open the page again",
	}
}

// checkForm reads a form and reports whether it came from a page of ours in the
// same browser: want is the token that only this page holds.
func checkForm(w http.ResponseWriter, r *http.Request, want string) bool {
	return checkFormUpTo(w, r, maxForm, want)
}

// checkFormUpTo is checkForm for a form of another size.
func checkFormUpTo(w http.ResponseWriter, r *http.Request, limit int64, want string) bool {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return r.ParseForm() == nil && hmac.Equal([]byte(r.PostForm.Get("csrf")), []byte(want)) && http.NewCrossOriginProtection().Check(r) == nil
}

// browserOf is the browser's own secret; ok is false when it has none.
func browserOf(r *http.Request) (secret string, ok bool) {
	c, err := r.Cookie(browserCookie)
	if err != nil || len(c.Value) != len(newSecret()) {
		return "", false
	}
	return c.Value, true
}

// setBrowser gives the browser a secret if it has none.
func setBrowser(w http.ResponseWriter, r *http.Request, base string) string {
	if secret, ok := browserOf(r); ok {
		return secret
	}
	secret := newSecret()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure would lose the cookie on http://127.0.0.1, the only place without TLS
		Name: browserCookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(base, "https:"),
	})
	return secret
}

func (v *Vault) csrf(s *session, browser string) string {
	return hex.EncodeToString(keyedHash(v.indexKey, "csrf", s.id, browser))
}

// readSession finds the session of a page, its providers, and the names of who
// asks.
func (v *Vault) readSession(ctx context.Context, kind sessionKind, token string) (s *session, list []*provider, asks string, err error) {
	err = v.store.read(ctx, func(ctx context.Context, q *statements) (err error) {
		if s, err = v.findSession(ctx, q, kind, token); err != nil || s == nil {
			return err
		}
		if list, err = s.offered(ctx, q); err != nil {
			return err
		}
		asks, err = v.whoAsks(ctx, q, s)
		return err
	})
	return s, list, asks, err
}

// serveSession shows where a session stands.
func (v *Vault) serveSession(w http.ResponseWriter, r *http.Request, kind sessionKind, token string) {
	ctx := r.Context()
	s, list, asks, err := v.readSession(ctx, kind, token)
	switch {
	case err != nil:
		v.brokenPage(ctx, w, err)
		return
	case s == nil:
		v.writePage(w, unknownPage())
		return
	case !s.open(v.now()):
		v.writePage(w, s.endPage(v.now()))
		return
	}
	browser := setBrowser(w, r, s.request.Base)
	if s.request.Secret != nil {
		v.serveSecretPage(w, r, s, list, asks, browser, "")
		return
	}
	if s.request.Direct && r.Method == http.MethodGet && len(list) == 1 {
		v.startFlow(w, r, s, list[0], token, browser, 0)
		return
	}
	v.writePage(w, v.sessionPage(s, list, asks, browser))
}

// sessionPage is the page of a pending session.
func (v *Vault) sessionPage(s *session, list []*provider, asks, browser string) *page {
	p := &page{status: http.StatusOK, CSRF: v.csrf(s, browser), CanFinish: len(s.progress.Grants) > 0}
	p.Title, p.Text = "Connect an account", []string{asks + " asks to use your account. The vault keeps the access and writes down each use; the application never sees your password."}
	if s.kind == kindSignIn {
		p.Title, p.Text = "Sign in", []string{asks + " asks you to sign in."}
	} else if !s.request.HideRules {
		p.Lifetimes = s.request.lifetimes(v.now())
	}
	p.Text = append(p.Text, s.request.Restrictions.sentences()...)
	for _, o := range list {
		item := pageProvider{ID: o.ID, Name: shortName(o.DisplayName), Ask: true, Scopes: slices.Clone(s.scopesAt(o)), origin: originOf(o.AuthorizeURL)}
		switch {
		case s.connected(o.ID):
			item.Ask, item.Note = false, "Connected."
		case s.declined(o.ID):
			item.Note = "Not connected: you declined. You can still change your mind."
		}
		p.Providers = append(p.Providers, item)
	}
	if len(list) == 0 {
		p.Text = append(p.Text, "No provider is configured, so there is nothing to connect.")
	}
	return p
}

func originOf(raw string) string {
	d, err := parseDestination(raw)
	if err != nil { // it was checked when it was stored
		return "'none'"
	}
	return d.origin
}
