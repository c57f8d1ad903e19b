package local

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	flowLife = 10 * time.Minute
	// maxFlows is how many authorizations of one session may be under way.
	maxFlows = 20
	maxForm  = 16 << 10

	kindFlow      = "oauth_flow"
	fieldVerifier = "verifier"
)

// flowSecret is sealed with a flow: the PKCE verifier, and the session's token
// for the way back to its page.
type flowSecret struct {
	Verifier string `json:"verifier"`
	Token    string `json:"token"`
}

// flow is one authorization under way, identified by its state parameter.
type flow struct {
	session  *session
	provider *provider
	ttl      int64
	browser  []byte // hash of the browser that went there
	flowSecret
}

func (v *Vault) stateHash(state string) []byte { return keyedHash(v.indexKey, "oauth-state", state) }

func (v *Vault) browserHash(browser string) []byte { return keyedHash(v.indexKey, "browser", browser) }

// serveForm takes what the user chose on a session's page.
func (v *Vault) serveForm(w http.ResponseWriter, r *http.Request, kind sessionKind, token string) {
	ctx := r.Context()
	browser, known := browserOf(r)
	s, list, asks, err := v.readSession(ctx, kind, token)
	switch {
	case err != nil:
		v.brokenPage(ctx, w, err)
	case s == nil:
		v.writePage(w, unknownPage())
	case !known || !checkFormUpTo(w, r, s.maxForm(), v.csrf(s, browser)):
		v.writePage(w, foreignForm(kind.path()+token))
	case !s.open(v.now()):
		v.writePage(w, s.endPage(v.now()))
	case v.actSecret(w, r, s, token, asks, browser):
	default:
		v.act(w, r, s, list, token, browser)
	}
}

func (v *Vault) act(w http.ResponseWriter, r *http.Request, s *session, list []*provider, token, browser string) {
	switch r.PostForm.Get("action") {
	case "connect":
		i := slices.IndexFunc(list, func(p *provider) bool { return p.ID == r.PostForm.Get("provider") && !s.connected(p.ID) })
		if i < 0 {
			v.redirect(w, s.kind.path()+token)
			return
		}
		v.startFlow(w, r, s, list[i], token, browser, s.request.lifetime(r.PostForm.Get("ttl"), v.now()))
		return
	case "finish":
		s.finish()
	case "cancel":
		if s.kind == kindSignIn {
			s.fail("access_denied", "the user did not sign in")
		} else {
			s.finish()
		}
	default:
		v.redirect(w, s.kind.path()+token)
		return
	}
	if err := v.endSession(r.Context(), s); err != nil {
		v.brokenPage(r.Context(), w, err)
		return
	}
	v.redirect(w, s.kind.path()+token)
}

// endSession stores a session's end and wakes who waits for it.
func (v *Vault) endSession(ctx context.Context, s *session) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		// Read again: what was decided upon may have changed since.
		now, err := sessionByID(ctx, q, s.id)
		if err != nil || now == nil || !now.open(v.now()) {
			return errors.Join(err, errSessionEnded)
		}
		return v.saveSession(ctx, q, s)
	})
	v.flows.announce()
	return err
}

// startFlow remembers a new authorization and sends the browser to the
// provider.
func (v *Vault) startFlow(w http.ResponseWriter, r *http.Request, s *session, p *provider, token, browser string, ttl int64) {
	ctx := r.Context()
	state, verifier := newSecret(), oauth2.GenerateVerifier()
	target, err := v.authorizeURL(p, redirectURL(s.request.Base, p.ID), state, verifier, s.scopesAt(p), s.request.SwitchAccount)
	var secret sealed
	if err == nil {
		var plain []byte
		if plain, err = json.Marshal(flowSecret{verifier, token}); err == nil {
			secret, err = v.seal.seal(kindFlow, s.id, fieldVerifier, plain)
			clear(plain)
		}
	}
	if err == nil {
		err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
			now := v.now()
			if err := q.exec(ctx, `DELETE FROM oauth_flows WHERE session_id = ?1 AND (expires_at < ?2 OR state IN (
  SELECT state FROM oauth_flows WHERE session_id = ?1 ORDER BY expires_at DESC LIMIT -1 OFFSET ?3))`, s.id, micros(now), maxFlows-1); err != nil {
				return err
			}
			return q.exec(ctx, "INSERT INTO oauth_flows (state, session_id, provider, browser, ttl, data_key, verifier, expires_at) VALUES (?,?,?,?,?,?,?,?)",
				v.stateHash(state), s.id, p.ID, v.browserHash(browser), ttl, secret.dataKey, secret.text, micros(now.Add(flowLife)))
		})
	}
	if err != nil {
		v.brokenPage(ctx, w, err)
		return
	}
	v.redirect(w, target)
}

// takeFlow ends an authorization: its state works once, whatever comes of it.
// It is nil when there is none for this state, provider and browser.
func (v *Vault) takeFlow(ctx context.Context, state, providerID, browser string) (*flow, error) {
	var f *flow
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var sessionID, owner string
		var browserHash []byte
		var expires int64
		var secret sealed
		found := &flow{}
		err := q.scan(ctx, "SELECT session_id, provider, browser, ttl, data_key, verifier, expires_at FROM oauth_flows WHERE state = ?", []any{v.stateHash(state)},
			[]any{&sessionID, &owner, &browserHash, &found.ttl, &secret.dataKey, &secret.text, &expires})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		// Another browser's attempt leaves the flow to the right one.
		if err != nil || !hmac.Equal(browserHash, v.browserHash(browser)) || owner != providerID {
			return err
		}
		found.browser = browserHash
		if err := q.exec(ctx, "DELETE FROM oauth_flows WHERE state = ?", v.stateHash(state)); err != nil || expires < micros(v.now()) {
			return err
		}
		plain, err := v.seal.open(kindFlow, sessionID, fieldVerifier, secret)
		if err != nil {
			return err
		}
		defer clear(plain)
		if json.Unmarshal(plain, &found.flowSecret) != nil {
			return errSeal
		}
		if found.session, err = sessionByID(ctx, q, sessionID); err != nil {
			return err
		}
		if found.provider, err = findProvider(ctx, q, providerID); err != nil {
			return err
		}
		f = found
		return nil
	})
	if errors.Is(err, sql.ErrNoRows) { // the provider was removed on the way
		return nil, nil
	}
	return f, err
}

// serveCallback is where a provider sends the browser back to.
func (v *Vault) serveCallback(w http.ResponseWriter, r *http.Request, providerID string) {
	ctx, query := r.Context(), r.URL.Query()
	browser, _ := browserOf(r)
	f, err := v.takeFlow(ctx, query.Get("state"), providerID, browser)
	switch {
	case err != nil:
		v.brokenPage(ctx, w, err)
		return
	case f == nil || f.session == nil:
		v.writePage(w, &page{
			status: http.StatusBadRequest, Title: "This answer was not expected",
			Text: []string{"The sign-in at the provider was started in another browser, was answered before, or took too long. Open the application's link again."},
		})
		return
	case !f.session.open(v.now()):
		v.writePage(w, f.session.endPage(v.now()))
		return
	}
	// The browser may go away; a code that was sent is traded all the same.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*oauthTimeout)
	defer cancel()
	var refused *oauthError
	switch err := v.settleFlow(work, f, query.Get("code"), query.Get("error")); {
	case errors.As(err, &refused) || errors.Is(err, errOtherAccount):
		v.retryPage(w, f, refused)
	case err != nil:
		v.brokenPage(ctx, w, err)
	default:
		v.redirect(w, f.session.kind.path()+f.Token)
	}
}

// retryPage says what went wrong without an end of the session.
func (v *Vault) retryPage(w http.ResponseWriter, f *flow, refused *oauthError) {
	p := &page{
		status: http.StatusBadGateway, Title: "That did not work", Text: []string{f.provider.DisplayName + " did not confirm the account. You can try again."},
		Link: f.session.kind.path() + f.Token, LinkText: "Try again",
	}
	if refused == nil {
		p.status, p.Text = http.StatusConflict, []string{"That is another account than the one to reconnect. Sign in there with the account that was connected before."}
	}
	v.writePage(w, p)
}

// settleFlow records what the provider's answer means for the session. An
// *oauthError leaves the session pending, so that the user can try again.
func (v *Vault) settleFlow(ctx context.Context, f *flow, code, refusal string) error {
	if refusal != "" || code == "" {
		return v.settle(ctx, f, func(_ context.Context, _ *statements, s *session) error {
			s.refuse(f.provider.ID, cleanCode(refusal), isoTime(micros(v.now())))
			return nil
		})
	}
	got, err := v.exchange(ctx, f.provider, redirectURL(f.session.request.Base, f.provider.ID), code, f.Verifier)
	if err == nil && got.scopes == nil {
		got.scopes = f.session.scopesAt(f.provider)
	}
	var who profile
	if err == nil {
		who, err = v.whoIs(ctx, f.provider, got)
	}
	if err == nil && (f.session.kind == kindSignIn || f.session.request.Secret != nil) && who.subject == "" {
		err = &oauthError{code: "no_subject"}
	}
	if refused, ok := errors.AsType[*oauthError](err); ok {
		v.logger.WarnContext(ctx, "vault could not finish an authorization", "provider", f.provider.ID, "code", refused.code)
		// A direct session has no page to try again on, and a fault of the
		// configuration stays one.
		if f.session.request.Direct || configFault(refused.code) {
			return v.settle(ctx, f, func(_ context.Context, _ *statements, s *session) error {
				s.fail(failureCode(refused), "the provider did not hand out a credential")
				return nil
			})
		}
	}
	if err != nil {
		return err
	}
	return v.settle(ctx, f, func(ctx context.Context, q *statements, s *session) error {
		if s.kind == kindSignIn {
			return v.signedIn(ctx, q, s, f.provider, who)
		}
		if s.request.Secret != nil {
			return v.signedInForSecret(ctx, q, s, f, who)
		}
		err := v.activate(ctx, q, s, &consent{f.provider, got, who, f.ttl})
		if err == nil && s.settled() {
			s.finish()
		}
		return err
	})
}

// settle runs fn on the session as it is now and stores what fn made of it.
func (v *Vault) settle(ctx context.Context, f *flow, fn func(context.Context, *statements, *session) error) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		s, err := sessionByID(ctx, q, f.session.id)
		if err != nil || s == nil || !s.open(v.now()) {
			return errors.Join(err, errSessionEnded)
		}
		if err := fn(withActor(ctx, s.actor()), q, s); err != nil {
			return err
		}
		return v.saveSession(ctx, q, s)
	})
	v.flows.announce()
	return err
}

// actor is who finishes a session: the user whom it is for, as far as the vault
// knows it.
func (s *session) actor() Event {
	return Event{Actor: ActorUser, AppID: s.request.AppID, UserID: s.request.UserID}
}

func (v *Vault) signedIn(ctx context.Context, q *statements, s *session, p *provider, who profile) error {
	subject, userID := p.ID+"|"+who.subject, ""
	if s.request.AppID != "" {
		var err error
		if userID, err = v.ensureUser(ctx, q, User{AppID: s.request.AppID, Subject: subject, Email: who.email, DisplayName: who.account}); err != nil {
			return err
		}
	}
	if userID != "" {
		if err := setGroups(ctx, q, userID, p.ID, who.groups); err != nil {
			return err
		}
	}
	if err := v.record(ctx, q, Event{Action: "user.signed_in", Target: "user", TargetID: userID, Details: map[string]string{"provider": p.ID}}); err != nil {
		return err
	}
	info := map[string]string{"sub": subject}
	for name, value := range map[string]string{"email": who.email, "name": who.account} {
		if value != "" {
			info[name] = value
		}
	}
	raw, err := json.Marshal(info, json.Deterministic(true))
	s.state, s.progress.Subject, s.progress.UserInfo = wire.SessionCompleted, subject, raw
	return err
}
