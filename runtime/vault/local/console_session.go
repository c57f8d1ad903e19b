package local

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

const (
	consoleLinkLife = 5 * time.Minute
	consoleIdle     = 30 * time.Minute
	consoleLife     = 12 * time.Hour

	metaConsole = "console_url"
)

// operatorSession is one browser of an operator.
type operatorSession struct {
	id, operator        string
	made, used, expires int64
}

// name is who the record names for what is done in the session.
func (s *operatorSession) name() string { return s.operator + " (console)" }

// ConsoleURL returns a link that signs one browser in to the console, once,
// within five minutes. Who has the link is the operator, so hand it to nobody
// else. The name of the operator is kept with what is decided in the console.
//
// The console may be served by another process: the link is for the address that
// a vault with [WithConsole] and [WithPublicURL] last named for this folder.
func (v *Vault) ConsoleURL(ctx context.Context, operator string) (string, error) {
	if operator == "" || !plainText(operator) {
		return "", &SpecError{"operator", "must have 1 to 255 characters without surrounding space or controls"}
	}
	token, now := newSecret(), v.now()
	var base string
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		err := q.scan(ctx, "SELECT CAST(value AS TEXT) FROM meta WHERE name = ?", []any{metaConsole}, []any{&base})
		if errors.Is(err, sql.ErrNoRows) {
			return &SpecError{"console", "is served by nobody: open the vault with WithConsole and WithPublicURL, or run grantvault serve"}
		}
		if err != nil {
			return err
		}
		if err := q.exec(ctx, "DELETE FROM operator_sessions WHERE expires_at <= ?1 OR state = 'session' AND used_at <= ?2", micros(now), micros(now.Add(-consoleIdle))); err != nil {
			return err
		}
		id := newID()
		err = q.exec(ctx, "INSERT INTO operator_sessions (id, lookup, state, operator, created_at, used_at, expires_at) VALUES (?,?,'link',?,?,?,?)",
			id, v.operatorLookup(token), operator, micros(now), micros(now), micros(now.Add(consoleLinkLife)))
		if err != nil {
			return err
		}
		return v.record(ctx, q, operatorEvent("link_made", id, operator))
	})
	if err != nil {
		return "", operatorError("making a sign-in link", err)
	}
	return base + consolePath + "sign-in/" + token, nil
}

func operatorEvent(action, sessionID, operator string) Event {
	return Event{Action: "operator." + action, Target: "operator", TargetID: sessionID, Details: map[string]string{"name": operator}}
}

// announceConsole lets other processes know where the console is.
func (v *Vault) announceConsole() error {
	if !v.console || v.publicURL == "" {
		return nil
	}
	return v.store.write(context.Background(), func(ctx context.Context, q *statements) error {
		return q.exec(ctx, "INSERT OR REPLACE INTO meta (name, value) VALUES (?, CAST(? AS BLOB))", metaConsole, v.publicURL)
	})
}

func (v *Vault) operatorLookup(token string) []byte { return keyedHash(v.indexKey, "operator", token) }

func (v *Vault) consoleCSRF(s *operatorSession) string {
	return hex.EncodeToString(keyedHash(v.indexKey, "csrf-console", s.id))
}

// operatorCookie is named after the vault, because cookies do not tell ports
// apart, and several vaults may be on one machine.
func (v *Vault) operatorCookie() (name string, secure bool) {
	name = "grantwire_console_" + hex.EncodeToString(keyedHash(v.indexKey, "console-cookie")[:4])
	if strings.HasPrefix(v.publicURL, "https:") {
		return "__Host-" + name, true
	}
	return name, false
}

// setOperator gives the browser a session; the empty token takes it away.
func (v *Vault) setOperator(w http.ResponseWriter, token string) {
	name, secure := v.operatorCookie()
	c := &http.Cookie{Name: name, Value: token, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode} //nolint:gosec // G124: Secure would lose the cookie on http://127.0.0.1, the only place without TLS
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// operatorOf is nil when nobody is signed in.
func (v *Vault) operatorOf(ctx context.Context, r *http.Request) (*operatorSession, error) {
	name, _ := v.operatorCookie()
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 || len(cookies[0].Value) != len(newSecret()) {
		return nil, nil
	}
	s, now := &operatorSession{}, v.now()
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, "SELECT id, operator, created_at, used_at, expires_at FROM operator_sessions WHERE lookup = ?1 AND state = 'session' AND expires_at > ?2 AND used_at > ?3",
			[]any{v.operatorLookup(cookies[0].Value), micros(now), micros(now.Add(-consoleIdle))}, []any{&s.id, &s.operator, &s.made, &s.used, &s.expires})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// A page that loads itself again is no sign of a person; once a minute is exact
	// enough.
	if r.URL.Query().Get("follow") == "" && s.used < micros(now.Add(-time.Minute)) {
		err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
			return q.exec(ctx, "UPDATE operator_sessions SET used_at = ? WHERE id = ?", micros(now), s.id)
		})
	}
	return s, err
}

// signIn turns a link into a session. A GET only asks: programs that look at
// links must not use them up.
func (c *consolePage) signIn(token string) {
	lookup := c.v.operatorLookup(token)
	csrf := hex.EncodeToString(keyedHash(c.v.indexKey, "csrf-sign-in", token))
	var operator string
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		return q.scan(ctx, "SELECT operator FROM operator_sessions WHERE lookup = ? AND state = 'link' AND expires_at > ?", []any{lookup, micros(c.v.now())}, []any{&operator})
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.signInFirst("This link is wrong, was used before, or is too old.")
	case err != nil:
		c.broken(err)
	case c.r.Method != http.MethodPost:
		c.send(http.StatusOK, &console.Page{Title: "Sign in", CSRF: console.Text(csrf), View: &console.SignIn{Operator: console.Text(operator)}})
	case !checkForm(c.w, c.r, csrf):
		c.message(http.StatusForbidden, "This form is not from this page", "Open the link again, and press the button there.")
	default:
		c.startSession(lookup)
	}
}

func (c *consolePage) startSession(link []byte) {
	token, now := newSecret(), c.v.now()
	var id, operator string
	err := c.v.store.write(c.ctx, func(ctx context.Context, q *statements) error {
		err := q.scan(ctx, "UPDATE operator_sessions SET lookup = ?1, state = 'session', created_at = ?2, used_at = ?2, expires_at = ?3 WHERE lookup = ?4 AND state = 'link' AND expires_at > ?2 RETURNING id, operator",
			[]any{c.v.operatorLookup(token), micros(now), micros(now.Add(consoleLife)), link}, []any{&id, &operator})
		if err != nil {
			return err
		}
		return c.v.record(AsOperator(ctx, operator), q, operatorEvent("signed_in", id, operator))
	})
	switch {
	case errors.Is(err, sql.ErrNoRows): // another browser was faster
		c.signInFirst("This link was used before.")
	case err != nil:
		c.broken(err)
	default:
		c.v.setOperator(c.w, token)
		c.redirect(c.root)
	}
}

// signInFirst tells how to sign in.
func (c *consolePage) signInFirst(lines ...string) {
	m := &console.Message{Command: "grantvault console --dir DIR"}
	for _, line := range append(lines, "Whoever may run this command on the vault's folder is its operator. It prints a link that signs you in:") {
		m.Lines = append(m.Lines, console.Block(line))
	}
	if len(lines) == 0 && c.r.Method != http.MethodPost { // a browser keeps the cookie back when another site has led here
		m.Links = []console.Link{{Href: "", Text: "I am signed in: load the page again"}}
	}
	c.send(http.StatusForbidden, &console.Page{Title: "Sign in to the console", View: m})
}

func (c *consolePage) sessions() {
	view := &console.Sessions{SignOut: c.link("sessions/end"), All: c.link("sessions/end-all")}
	now := c.v.now()
	err := c.v.store.read(c.ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, "SELECT id, operator, created_at, used_at, expires_at FROM operator_sessions WHERE state = 'session' AND expires_at > ?1 AND used_at > ?2 ORDER BY created_at DESC LIMIT 100",
			[]any{micros(now), micros(now.Add(-consoleIdle))}, func(rows *sql.Rows) error {
				var s operatorSession
				err := rows.Scan(&s.id, &s.operator, &s.made, &s.used, &s.expires)
				row := console.SessionRow{Operator: console.Text(s.operator), Status: "another browser", Made: time.UnixMicro(s.made), Used: time.UnixMicro(s.used), End: time.UnixMicro(s.expires)}
				if s.id == c.session.id {
					row.Status = "this browser"
				}
				view.Rows = append(view.Rows, row)
				return err
			})
	})
	if err != nil {
		c.broken(err)
		return
	}
	c.show(http.StatusOK, "sessions", "Operators signed in", view)
}

func (c *consolePage) signOut() {
	c.endSessions("DELETE FROM operator_sessions WHERE id = ?", c.session.id)
}

func (c *consolePage) signOutEverywhere() { c.endSessions("DELETE FROM operator_sessions") }

func (c *consolePage) endSessions(query string, args ...any) {
	err := c.v.store.write(c.ctx, func(ctx context.Context, q *statements) error { return q.exec(ctx, query, args...) })
	if err != nil {
		c.broken(err)
		return
	}
	c.v.setOperator(c.w, "")
	c.session = nil
	c.message(http.StatusOK, "You are signed out")
}
