package vault

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// AuthSession is a sign-in that waits for its user. It prints without its token
// and URL.
type AuthSession struct {
	Token     Secret // for PollAuthSession
	AuthURL   string // for the user
	ExpiresIn time.Duration
	ExpiresAt string // ISO 8601
}

// Format prints the session without token and URL, for every verb.
func (s AuthSession) Format(w fmt.State, _ rune) { sessionText(w, "AuthSession", s.ExpiresAt) }

// LogValue logs the session without token and URL.
func (s AuthSession) LogValue() slog.Value { return sessionValue("AuthSession", s.ExpiresAt) }

// MarshalText encodes the session without token and URL.
func (s AuthSession) MarshalText() ([]byte, error) { return fmt.Append(nil, s), nil }

// AuthResult is a user who has signed in.
type AuthResult struct {
	UserToken Secret         // for UserToken, WithUserToken and the filters
	UserInfo  jsontext.Value // a JSON object ("sub", "email", "name", …), or nil
}

// Authenticate has a user sign in and waits for it: it makes a session, shows
// its URL ([ShowURL]) and asks the vault until the user is done. From then on
// the application works for this user, as with [WithUserToken]; agents that it
// made do not.
func (a *App) Authenticate(ctx context.Context, opts ...PollOption) (*AuthResult, error) {
	r, err := a.authenticate(ctx, opts)
	if err != nil {
		return nil, err
	}
	token := r.UserToken
	getter := &tokenGetter{func(context.Context) (string, error) { return token.Reveal(), nil }}
	if a.userToken.Swap(getter) != nil {
		a.logger().Warn("a sign-in replaces the user token that the application was made with")
	}
	return r, nil
}

// Authenticate has a user sign in and waits for it, as [App.Authenticate] does.
// The token is not the agent's from then on: the agent keeps its own identity,
// and with an agent's own key a vault may refuse any call that carries a user's
// token. Give it to single calls with [UserToken], or to an App.
func (a *Agent) Authenticate(ctx context.Context, opts ...PollOption) (*AuthResult, error) {
	return a.authenticate(ctx, opts)
}

func (c *client) authenticate(ctx context.Context, opts []PollOption) (*AuthResult, error) {
	poll, fault := newPollConfig(opts)
	if fault != nil {
		return nil, fault
	}
	session, err := c.CreateAuthSession(ctx)
	if err != nil {
		return nil, err
	}
	if err := poll.open(ctx, session.AuthURL); err != nil {
		return nil, err
	}
	return c.pollAuth(ctx, session.Token.Reveal(), poll)
}

// CreateAuthSession makes a sign-in and returns at once, for programs that show
// its URL themselves.
func (c *client) CreateAuthSession(ctx context.Context) (*AuthSession, error) {
	s, err := send(ctx, c, ask{
		method: http.MethodPost, path: wire.PathAuthSession, body: []byte("{}"), status: http.StatusCreated,
	}, wire.ParseAuthSession)
	if err != nil {
		return nil, err
	}
	return &AuthSession{newSecret(s.SessionToken), s.AuthURL, time.Duration(s.ExpiresIn) * time.Second, s.ExpiresAt}, nil
}

// PollAuthSession waits for the user of a sign-in that CreateAuthSession made,
// and changes nothing else. token is AuthSession.Token, revealed. Faults of the
// network and of the vault (429, 5xx) are waited out. Time that ran out is an
// [ErrConnectTimeout], any other end without a user an [ErrConnectFlow].
func (c *client) PollAuthSession(ctx context.Context, token string, opts ...PollOption) (*AuthResult, error) {
	poll, fault := newPollConfig(opts)
	if fault != nil {
		return nil, fault
	}
	return c.pollAuth(ctx, token, poll)
}

// finalAuthStatuses are the error statuses that end a sign-in. The official
// client waits on at 409 and 410 too, until its time is over; nothing that comes
// later changes these, so they end it here.
var finalAuthStatuses = []int{400, 401, 403, 404, 409, 410, 422}

func (c *client) pollAuth(ctx context.Context, token string, poll pollConfig) (*AuthResult, error) {
	if err := wire.CheckID(token); err != nil {
		return nil, invalid("session token", err.Error())
	}
	deadline := time.Now().Add(poll.timeout)
	for {
		held := min(max(time.Until(deadline), 0), longestAuthWait).Truncate(time.Millisecond)
		body := wire.AuthPoll{SessionToken: token, WaitMS: held.Milliseconds()}
		state, err := send(ctx, c, ask{
			method: http.MethodPost, path: wire.PathAuthPoll, body: body.Marshal(), status: http.StatusOK, timeout: held + authWaitMargin,
		}, wire.ParseAuthState)
		if err == nil && state.Status != wire.SessionPending {
			return authResult(state)
		}
		if err != nil && !passing(ctx, err) {
			return nil, err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, &Error{
				Code: ReasonPollDeadline, kind: kindConnectTimeout, Message: "the user did not finish the sign-in in time",
				Details: Details{Reason: ReasonPollDeadline, Timeout: poll.timeout},
			}
		}
		if fault := wait(ctx, min(poll.interval, left)); fault != nil {
			return nil, fault
		}
	}
}

// passing tells the faults that a sign-in waits out.
func passing(ctx context.Context, err error) bool {
	e, ok := err.(*Error) //nolint:errorlint // our own, not wrapped
	switch {
	case !ok || ctx.Err() != nil:
		return false
	case e.Is(kindNetwork):
		return true
	}
	return e.Status > 0 && e.Status != http.StatusOK && !slices.Contains(finalAuthStatuses, e.Status)
}

func authResult(s wire.AuthState) (*AuthResult, error) {
	switch {
	case s.Status == wire.SessionCompleted && s.UserToken != "":
		return &AuthResult{newSecret(s.UserToken), s.UserInfo}, nil
	case s.Status == wire.SessionError:
		e := sessionFault(*s.Error)
		if e.Code == "" {
			e.Code = "auth_failed"
		}
		return nil, e
	case s.Status == wire.SessionExpired:
		return nil, &Error{Code: ReasonSessionExpired, kind: kindConnectFlow, Message: "the sign-in has expired"}
	}
	return nil, &Error{
		Code: "unexpected_status", kind: kindConnectFlow, Message: "the sign-in ended without a user",
		Details: Details{Reason: cleanText(s.Status, 60)},
	}
}

// VerifyUserToken asks the vault whether a user's token is valid, and returns
// its subject: the user's ID at the identity provider. A token that is not valid
// is an [ErrVault]; a vault that cannot be reached is an [ErrNetwork], which the
// official client does not tell apart.
func (a *App) VerifyUserToken(ctx context.Context, token string) (subject string, err error) {
	if err := wire.CheckID(token); err != nil {
		return "", invalid("user token", err.Error())
	}
	return send(ctx, a.client, ask{
		method: http.MethodPost, path: wire.PathVerifyToken, body: wire.MarshalVerifyToken(token), status: http.StatusOK,
	}, wire.ParseVerified)
}
