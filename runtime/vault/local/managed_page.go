package local

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// pageSecret is what a page asks of a user about a managed secret.
type pageSecret struct {
	Name   string
	Hosts  []string
	Inside bool // it goes nowhere else, not even to the application
	Inputs []pageInput
	Note   string // what was wrong with the last attempt
	Button string
}

type pageInput struct {
	Name, Label string
	Hidden      bool                       // shown as dots
	set         func(*SecretValue, string) // what it is for
}

// inputs are the fields of the form for a value, in the order of the value's.
func (c *secretConfig) inputs() []pageInput {
	names := c.Names
	switch c.Kind {
	case SecretBasic:
		return []pageInput{
			{"username", "User name", false, func(v *SecretValue, s string) { v.Username = s }},
			{"password", "Password or key", true, func(v *SecretValue, s string) { v.Password = s }},
		}
	case SecretAWS:
		return []pageInput{
			{"access_key_id", "Access key ID", false, func(v *SecretValue, s string) { v.AccessKeyID = s }},
			{"secret_access_key", "Secret access key", true, func(v *SecretValue, s string) { v.SecretAccessKey = s }},
			{"session_token", "Session token, if there is one", true, func(v *SecretValue, s string) { v.SessionToken = s }},
		}
	case SecretBearer:
		names = []string{"Authorization"}
	}
	var list []pageInput
	for i, name := range names {
		if len(names) == 1 {
			name = "Key"
		}
		list = append(list, pageInput{"value_" + strconv.Itoa(i), name, true, func(v *SecretValue, s string) { v.Values = append(v.Values, s) }})
	}
	return list
}

// maxForm is how long the forms of a session's page may be: on that of a managed
// secret there is room for the longest values, every byte in three of the form.
func (s *session) maxForm() int64 {
	if s.request.Secret == nil {
		return maxForm
	}
	return maxForm + 3*maxValue*maxSecretNames
}

// readForm takes the value out of a form. Space around it comes from copying.
func (c *secretConfig) readForm(r *http.Request) (v SecretValue) {
	for _, in := range c.inputs() {
		in.set(&v, strings.TrimSpace(r.PostForm.Get(in.Name)))
	}
	return v
}

// serveSecretPage shows a pending session about a managed secret.
func (v *Vault) serveSecretPage(w http.ResponseWriter, r *http.Request, s *session, list []*provider, asks, browser, note string) {
	ctx := r.Context()
	var secret *secretRow
	err := v.store.read(ctx, func(ctx context.Context, q *statements) (err error) {
		secret, err = readSecret(ctx, q, " AND s.id = ?", s.request.Secret.SecretID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = errSessionEnded // the secret was removed
	}
	if err != nil {
		v.brokenPage(ctx, w, err)
		return
	}
	name := shortName(secret.name)
	if !v.secretUserIsHere(s, browser) {
		p := &page{status: http.StatusOK, CSRF: v.csrf(s, browser), Title: "Sign in", Text: []string{
			asks + " asks about your key for " + name + ". Sign in first, so that the vault knows that it is you.",
		}}
		for _, o := range list {
			p.Providers = append(p.Providers, pageProvider{ID: o.ID, Name: shortName(o.DisplayName), Ask: true, origin: originOf(o.AuthorizeURL)})
		}
		v.writePage(w, p)
		return
	}
	p := &page{status: http.StatusOK, CSRF: v.csrf(s, browser), Secret: &pageSecret{
		Name: name, Hosts: secret.config.Hosts, Inside: secret.config.ProxyOnly, Note: note,
	}}
	if note != "" {
		p.status = http.StatusUnprocessableEntity
	}
	switch s.request.Secret.Path {
	case wire.PathRepair:
		p.Title, p.Text = "Enter your key again", []string{asks + " asks you to replace the key that does not work any more."}
		p.Secret.Inputs, p.Secret.Button = secret.config.inputs(), "Replace the key"
	case wire.PathEntry:
		p.Title, p.Text = "Enter your key", []string{asks + " asks to use your key. The vault keeps it and writes down each use."}
		p.Secret.Inputs, p.Secret.Button = secret.config.inputs(), "Save"
	case wire.PathFast:
		p.Title, p.Text = "Allow the use of your key", []string{asks + " asks to use the key that you have with this vault."}
		p.Secret.Button = "Allow"
	default:
		p.Title, p.Text, p.Secret = "There is nothing to allow", []string{"You have no key for " + name + " that could be used here."}, nil
	}
	if p.Secret != nil && s.request.Secret.Path != wire.PathRepair && !s.request.HideRules && !s.request.Direct {
		p.Lifetimes = s.request.lifetimes(v.now())
	}
	v.writePage(w, p)
}

// actSecret takes what the user entered or allowed; handled is false for the
// actions that all sessions have.
func (v *Vault) actSecret(w http.ResponseWriter, r *http.Request, s *session, token, asks, browser string) (handled bool) {
	if s.request.Secret == nil || r.PostForm.Get("action") != "secret" || !v.secretUserIsHere(s, browser) {
		return false
	}
	ctx := r.Context()
	ttl := s.request.lifetime(r.PostForm.Get("ttl"), v.now())
	err := v.settle(ctx, &flow{session: s}, func(ctx context.Context, q *statements, s *session) error {
		secret, err := readSecret(ctx, q, " AND s.id = ?", s.request.Secret.SecretID)
		if errors.Is(err, sql.ErrNoRows) {
			return errSessionEnded
		}
		if err != nil {
			return err
		}
		return v.finishSecret(ctx, q, s, secret, r, ttl)
	})
	var wrong *SpecError
	switch {
	case errors.As(err, &wrong):
		v.serveSecretPage(w, r, s, nil, asks, browser, "That cannot be a key: each field needs one line of text, and a user name has no colon.")
	case err != nil:
		v.brokenPage(ctx, w, err)
	default:
		v.redirect(w, s.kind.path()+token)
	}
	return true
}

// secretUserIsHere reports whether this browser may act: where the user has to
// sign in, the one in which that was done.
func (v *Vault) secretUserIsHere(s *session, browser string) bool {
	return !s.request.Secret.SignIn || hmac.Equal([]byte(s.progress.SignedIn), []byte(hex.EncodeToString(v.browserHash(browser))))
}

// signedInForSecret lets the browser act if who signed in is the session's user.
func (v *Vault) signedInForSecret(ctx context.Context, q *statements, s *session, f *flow, who profile) error {
	var userID string
	err := q.scan(ctx, "SELECT id FROM app_users WHERE app_id IS ? AND subject = ?", []any{nullIfEmpty(s.request.AppID), f.provider.ID + "|" + who.subject}, []any{&userID})
	if errors.Is(err, sql.ErrNoRows) || err == nil && userID != s.request.UserID {
		return errOtherAccount
	}
	s.progress.SignedIn = hex.EncodeToString(f.browser)
	return err
}

// finishSecret does what the session is for. Everything that could have changed
// since it was made is looked at again. A *SpecError means that the user has to
// try again.
func (v *Vault) finishSecret(ctx context.Context, q *statements, s *session, secret *secretRow, r *http.Request, ttl int64) error {
	now := v.now()
	expires := s.request.grantExpiry(now, ttl)
	out := wire.ConnectGrant{ProviderID: secret.slug, Operation: "creation"}
	var err error
	switch s.request.Secret.Path {
	case wire.PathFast:
		out.GrantID, out.Operation, err = v.lendGrant(ctx, q, s, secret, expires)
	case wire.PathEntry, wire.PathRepair:
		value := secret.config.readForm(r)
		var sealable stored
		if sealable, err = secret.config.stored("value", &value); err != nil {
			return err
		}
		if s.request.Secret.Path == wire.PathRepair {
			out.GrantID, out.Operation = s.request.Secret.GrantID, "reauth"
			err = v.repairKey(ctx, q, s, sealable)
			break
		}
		out.GrantID, err = v.enterKey(ctx, q, s, secret, sealable, expires)
	default:
		s.fail("no_eligible_grants", "the user has nothing of this secret that could be used")
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		s.fail("no_eligible_grants", "what the user had of this secret is gone")
		return nil
	}
	if err != nil {
		return err
	}
	if s.request.DelegateID != "" {
		out.Delegation = &wire.ConnectDelegation{AgentID: s.request.DelegateID, Delegable: s.request.Delegable}
		if err := v.insertDelegation(ctx, q, delegation{grantID: out.GrantID, agentID: s.request.DelegateID, delegable: s.request.Delegable, expires: expires}); err != nil {
			return err
		}
	}
	if s.request.DelegateID != "" || out.Operation == "creation" {
		setPolicy(&out, expires, now, ttl > 0)
	}
	s.progress.Grants = append(s.progress.Grants, out)
	s.finish()
	return nil
}

// lendGrant is for a user who has a grant: it is used as it is, or, under a label
// of its own, through a sibling.
func (v *Vault) lendGrant(ctx context.Context, q *statements, s *session, secret *secretRow, until time.Time) (grantID, operation string, err error) {
	var g Grant
	var connection string
	var expires sql.NullInt64
	err = q.scan(ctx, `SELECT id, label, connection_id, expires_at, proxy_only FROM grants WHERE id = ? AND user_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
		[]any{s.request.Secret.GrantID, s.request.UserID, micros(v.now())}, []any{&g.ID, &g.Label, &connection, &expires, &g.ProxyOnly})
	if err != nil || s.request.Label == "" || g.Label == s.request.Label {
		return g.ID, "reauth", err
	}
	if end := fromMicros(expires); !end.IsZero() && (until.IsZero() || end.Before(until)) {
		until = end
	}
	n := secret.grant(connection, Grant{
		AppID: secret.appID, UserID: s.request.UserID, Label: s.request.Label, ExpiresAt: until, ProxyOnly: g.ProxyOnly, Delegable: s.request.Delegable,
	})
	n.minted = true
	made, err := v.insertGrant(ctx, q, n)
	if err != nil {
		return "", "", err
	}
	return made.ID, "creation", nil
}

// enterKey keeps a user's own key, with a grant of the user's that stands on it.
func (v *Vault) enterKey(ctx context.Context, q *statements, s *session, secret *secretRow, value stored, until time.Time) (grantID string, err error) {
	connection, err := v.insertSecretCredential(ctx, q, newSecretCredential{
		secretID: secret.id, kind: credentialEndUser, label: s.request.Label, userID: s.request.UserID, value: value,
	})
	if err != nil {
		return "", err
	}
	if s.request.DelegateID != "" {
		until = time.Time{} // it is the agent's path that ends
	}
	g, err := v.insertGrant(ctx, q, secret.grant(connection, Grant{
		AppID: secret.appID, UserID: s.request.UserID, Label: s.request.Label, ExpiresAt: until, Delegable: s.request.Delegable,
	}))
	if err != nil {
		return "", err
	}
	return g.ID, nil
}

func (v *Vault) repairKey(ctx context.Context, q *statements, s *session, value stored) error {
	var connection string
	err := q.scan(ctx, "SELECT connection_id FROM grants WHERE id = ? AND user_id = ? AND revoked_at IS NULL", []any{s.request.Secret.GrantID, s.request.UserID}, []any{&connection})
	if err != nil {
		return err
	}
	return v.rotateCredential(ctx, q, s.request.Secret.SecretID, connection, value)
}
