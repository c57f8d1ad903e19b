package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

const consolePath = "/console/"

// WithConsole makes the vault's handler serve the operator's console at
// /console/: what is in the vault, runs as timelines, approvals, revoking. Only
// operators see it, who sign in with a link of [Vault.ConsoleURL]. Without the
// option there is no console. It works under any path prefix that
// [http.StripPrefix] takes off.
func WithConsole() Option {
	return option(func(c *config) error { c.console = true; return nil })
}

// consolePage is one request to the console.
type consolePage struct {
	v       *Vault
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	root    string // of the console, from the page's own address
	path    string // below the root
	params  []string
	session *operatorSession

	ruleNames map[string]string // of rules that were asked for
}

// consoleRoute is one entry of the console's table.
type consoleRoute struct {
	path  string // segments in braces match anything
	serve func(*consolePage)
	post  func(*consolePage) // nil = the page has no form
}

func consoleRoutes() []consoleRoute {
	act := func(path string, a func(*consolePage) (*consoleAction, error)) consoleRoute {
		return consoleRoute{path, func(c *consolePage) { c.confirm(a) }, func(c *consolePage) { c.carryOut(a) }}
	}
	return []consoleRoute{
		{path: "", serve: (*consolePage).overview},
		{path: "runs", serve: (*consolePage).runs},
		{path: "timeline", serve: (*consolePage).timeline},
		{path: "calls/{id}", serve: (*consolePage).call},
		{path: "audit", serve: (*consolePage).audit},
		{path: "approvals", serve: (*consolePage).approvals},
		{path: "approvals/{id}", serve: (*consolePage).approval, post: (*consolePage).decide},
		{path: "grants", serve: (*consolePage).grants},
		{path: "grants/{id}", serve: (*consolePage).grant},
		act("grants/{id}/revoke", (*consolePage).revokeGrant),
		act("grants/{id}/delegations/{agent}/revoke", (*consolePage).revokeDelegation),
		{path: "agents", serve: (*consolePage).agents},
		{path: "agents/{id}", serve: (*consolePage).agent},
		act("agents/{id}/suspend", (*consolePage).suspendAgent),
		act("agents/{id}/resume", (*consolePage).resumeAgent),
		{path: "keys", serve: (*consolePage).keys},
		act("keys/{id}/deprecate", (*consolePage).deprecateKey),
		act("keys/{id}/revoke", (*consolePage).revokeKey),
		{path: "changes", serve: (*consolePage).changes},
		{path: "sessions", serve: (*consolePage).sessions},
		{path: "sessions/end", post: (*consolePage).signOut},
		{path: "sessions/end-all", post: (*consolePage).signOutEverywhere},
	}
}

// serveConsole reports whether the path was the console's.
func (v *Vault) serveConsole(w http.ResponseWriter, r *http.Request) bool {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), consolePath)
	if !v.console || !ok && r.URL.Path != strings.TrimSuffix(consolePath, "/") {
		return false
	}
	c := &consolePage{v: v, w: w, r: r, ctx: r.Context(), path: path, root: "./" + strings.Repeat("../", strings.Count(path, "/"))}
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	token, signIn := strings.CutPrefix(path, "sign-in/")
	switch {
	case !ok: // relative links need the slash
		c.redirect("." + consolePath)
	case !get && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		c.message(http.StatusMethodNotAllowed, "This page does not take that method")
	case get && console.WriteFile(w, r, path):
	case signIn:
		c.signIn(token)
	default:
		c.serve(get)
	}
	return true
}

// serve answers who is signed in.
func (c *consolePage) serve(get bool) {
	var err error
	if c.session, err = c.v.operatorOf(c.ctx, c.r); err != nil {
		c.broken(err)
		return
	}
	if c.session == nil {
		c.signInFirst()
		return
	}
	c.ctx = AsOperator(c.ctx, c.session.name())
	if !get && !checkForm(c.w, c.r, c.v.consoleCSRF(c.session)) {
		c.message(http.StatusForbidden, "This form is not from this session", "Load the page again, and send the form from there.")
		return
	}
	for _, route := range consoleRoutes() {
		params, ok := matchPath(route.path, c.path)
		if !ok {
			continue
		}
		serve := route.serve
		if !get {
			serve = route.post
		}
		if serve == nil {
			c.w.Header().Set("Allow", map[bool]string{true: "POST", false: "GET, HEAD"}[get])
			c.message(http.StatusMethodNotAllowed, "This page does not take that method")
			return
		}
		for i := range params {
			if params[i], _ = url.PathUnescape(params[i]); params[i] == "" {
				c.notFound()
				return
			}
		}
		c.params = params
		serve(c)
		return
	}
	c.notFound()
}

// link makes a link to another page of the console: its path, then pairs of a
// parameter and its value. Empty values are left out.
func (c *consolePage) link(path string, query ...string) console.Href {
	values := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if value := query[i+1]; value != "" {
			values.Set(query[i], value[:min(len(value), maxAuditPath)]) // the trail holds no longer ones
		}
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return console.Href(c.root + path)
}

func (c *consolePage) query(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(c.r.URL.Query().Get(name), ""))
}

// show sends a page of somebody who is signed in.
func (c *consolePage) show(status int, section, title string, view console.View) {
	c.send(status, &console.Page{Title: console.Text(title), Section: console.Class(section), View: view, Notice: noticeText(c.query("done"))})
}

func (c *consolePage) send(status int, p *console.Page) {
	p.Root = console.Href(c.root)
	if c.session != nil {
		p.Operator, p.CSRF = console.Text(c.session.operator), console.Text(c.v.consoleCSRF(c.session))
	}
	if err := console.Write(c.w, status, p); err != nil {
		c.v.logger.ErrorContext(c.ctx, "vault could not make a page", "error", err)
		http.Error(c.w, "the page could not be made", http.StatusInternalServerError)
	}
}

func (c *consolePage) message(status int, title string, lines ...string) {
	m := &console.Message{}
	for _, line := range lines {
		m.Lines = append(m.Lines, console.Block(line))
	}
	c.show(status, "", title, m)
}

func (c *consolePage) notFound() { c.message(http.StatusNotFound, "There is nothing here") }

// failed answers an error of an operator's function.
func (c *consolePage) failed(err error) {
	var spec *SpecError
	switch {
	case errors.Is(err, ErrNotFound) || errors.Is(err, sql.ErrNoRows):
		c.notFound()
	case errors.As(err, &spec):
		c.message(http.StatusConflict, "That cannot be done", "The "+spec.Field+" "+spec.Reason+".")
	default:
		c.broken(err)
	}
}

func (c *consolePage) broken(err error) {
	if c.ctx.Err() == nil {
		c.v.logger.ErrorContext(c.ctx, "vault could not serve a page", "error", err)
	}
	c.message(http.StatusServiceUnavailable, "That did not work", "The vault could not serve the page. Try again in a moment.")
}

func (c *consolePage) redirect(to string) {
	console.Header(c.w.Header())
	c.w.Header().Set("Location", to)
	c.w.WriteHeader(http.StatusSeeOther)
}
