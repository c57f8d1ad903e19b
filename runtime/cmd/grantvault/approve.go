package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// approver stands between clients and the vault of dev --approve. It answers a
// plain GET of a connect page as a user with a browser would have: it opens the
// page, presses its buttons, consents at the provider, and shows the last page.
// The vault has no back door for this; it sees an ordinary browser.
type approver struct {
	vault    http.Handler
	base     string
	provider *standin
}

// maxSteps ends a walk that leads nowhere.
const maxSteps = 40

// ServeHTTP implements http.Handler.
func (a *approver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.URL
	if token := r.URL.Query().Get("session_token"); token != "" && strings.TrimRight(r.URL.Path, "/") == "/connect" {
		target = &url.URL{Path: "/connect/" + token}
	}
	if r.Method != http.MethodGet || !strings.HasPrefix(target.Path, "/connect/") {
		a.vault.ServeHTTP(w, r)
		return
	}
	page, err := a.walk(r.Context(), target.Path)
	if err != nil {
		http.Error(w, "dev --approve: "+err.Error(), http.StatusBadGateway)
		return
	}
	for name, values := range page.Header() {
		if name != "Set-Cookie" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(page.status)
	_, _ = w.Write(page.body.Bytes()) // the client has gone
}

var (
	csrfField     = regexp.MustCompile(`name="csrf" value="([0-9a-f]+)"`)
	providerField = regexp.MustCompile(`name="provider" value="([a-z0-9-]+)"`)
)

// walk plays the browser until a page has no button left to press.
func (a *approver) walk(ctx context.Context, path string) (*pageRecorder, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	next, form := a.base+path, url.Values(nil)
	for range maxSteps {
		u, err := url.Parse(next)
		if err != nil {
			return nil, errors.New("the page leads to a malformed URL")
		}
		if strings.HasPrefix(next, a.provider.url+"/") {
			if !a.provider.validRequest(u.Query()) {
				return nil, errors.New("the stand-in provider does not accept the authorization request")
			}
			next = a.provider.grant(u.Query(), a.provider.suggest(u.Query()))
			continue
		}
		page, err := a.open(ctx, jar, u, form)
		if err != nil {
			return nil, err
		}
		form = nil
		if location := page.Header().Get("Location"); location != "" {
			to, err := u.Parse(location)
			if err != nil {
				return nil, errors.New("the page leads to a malformed URL")
			}
			next = to.String()
			continue
		}
		csrf, provider := csrfField.FindSubmatch(page.body.Bytes()), providerField.FindSubmatch(page.body.Bytes())
		switch {
		case csrf == nil:
			return page, nil
		case provider != nil:
			form = url.Values{"csrf": {string(csrf[1])}, "action": {"connect"}, "provider": {string(provider[1])}}
		case bytes.Contains(page.body.Bytes(), []byte(`value="finish"`)):
			form = url.Values{"csrf": {string(csrf[1])}, "action": {"finish"}}
		default:
			return page, nil
		}
	}
	return nil, errors.New("the session did not come to its end")
}

// open sends one request to the vault, a POST when there is a form.
func (a *approver) open(ctx context.Context, jar http.CookieJar, u *url.URL, form url.Values) (*pageRecorder, error) {
	if u.Scheme+"://"+u.Host != a.base {
		return nil, errors.New("the page leads away from the vault and the stand-in provider")
	}
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body)) //nolint:gosec // G704: handed to a handler, never dialed
	if err != nil {
		return nil, errors.New("the page leads to a malformed URL")
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range jar.Cookies(u) {
		req.AddCookie(c)
	}
	rec := &pageRecorder{status: http.StatusOK, header: http.Header{}}
	a.vault.ServeHTTP(rec, req)
	jar.SetCookies(u, (&http.Response{Header: rec.header}).Cookies())
	return rec, nil
}

// pageRecorder keeps a page in memory.
type pageRecorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (p *pageRecorder) Header() http.Header { return p.header }

// WriteHeader implements http.ResponseWriter.
func (p *pageRecorder) WriteHeader(status int) { p.status = status }

// Write implements http.ResponseWriter.
func (p *pageRecorder) Write(b []byte) (int, error) { return p.body.Write(b) }

// approveAll approves what waits, a moment after it was asked for, until the
// context ends.
func approveAll(ctx context.Context, v *local.Vault) error {
	tick := time.NewTicker(approveTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		waiting, err := v.Approvals(ctx, false)
		for _, a := range waiting {
			if _, fault := v.Approve(ctx, a.ID, local.ApprovalDecision{By: "dev --approve"}); fault != nil {
				err = errors.Join(err, fault)
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// approveTick leaves a client the time to see that the call waits.
const approveTick = 200 * time.Millisecond
