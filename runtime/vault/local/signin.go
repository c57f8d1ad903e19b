package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// serveAuthSession answers POST /sdk/auth/session with 201: a session in which
// a user signs in.
func (v *Vault) serveAuthSession(ctx context.Context, rq *request) answer {
	var out wire.AuthSession
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		p, err := signInProvider(ctx, q)
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(http.StatusConflict, "idp_signin_not_configured", "no provider of this vault is set up for sign-in").
				with("details", map[string]string{"reason": "issuer_cannot_sign_in"}).withHint("set ProviderSpec.SignIn on one provider"), nil
		}
		if err != nil {
			return nil, err
		}
		token, s, err := v.insertSession(ctx, q, kindSignIn, rq.who.owner(), sessionRequest{
			Base: v.baseURL(rq), AppID: rq.who.appID, Providers: []string{p.ID},
		})
		if err == nil {
			out = wire.AuthSession{SessionToken: token, AuthURL: s.request.Base + signInPath + token, ExpiresIn: s.expiresIn(v.now()), ExpiresAt: s.expiresAt()}
		}
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

// sessionTick is how often a held poll looks for what another process on the
// same folder has done; an end in this process wakes it at once.
const sessionTick = time.Second

// serveAuthPoll answers POST /sdk/auth/poll. It holds the answer while the
// session is pending, as long as the client asked for.
func (v *Vault) serveAuthPoll(ctx context.Context, rq *request) answer {
	poll, err := wire.ParseAuthPoll(rq.body)
	f := v.inAdmission(ctx, rq, func(context.Context, *statements) (*fault, error) {
		if err != nil {
			return invalidBody(err), nil
		}
		return nil, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	deadline := time.NewTimer(time.Duration(poll.WaitMS) * time.Millisecond)
	defer deadline.Stop()
	for {
		changed := v.flows.changed()
		out, f := v.authState(ctx, rq, poll.SessionToken)
		switch {
		case f != nil:
			return v.fail(ctx, rq, f)
		case out.Status != wire.SessionPending || poll.WaitMS == 0:
			return answer{status: http.StatusOK, body: out.Marshal()}
		}
		select {
		case <-changed:
		case <-time.After(sessionTick):
		case <-deadline.C:
			return answer{status: http.StatusOK, body: out.Marshal()}
		case <-ctx.Done():
			return v.fail(ctx, rq, v.broken(ctx, rq, ctx.Err()))
		case <-v.store.quit:
			return v.fail(ctx, rq, v.broken(ctx, rq, ErrClosed))
		}
	}
}

func (v *Vault) authState(ctx context.Context, rq *request, token string) (out wire.AuthState, f *fault) {
	var s *session
	err := v.store.read(ctx, func(ctx context.Context, q *statements) (err error) {
		s, err = v.findSession(ctx, q, kindSignIn, token)
		return err
	})
	switch {
	case err != nil:
		return out, v.broken(ctx, rq, err)
	case s == nil || s.owner != rq.who.owner():
		return out, sessionNotFound()
	}
	out.Status = s.status(v.now())
	switch out.Status {
	case wire.SessionError:
		out.Error = s.progress.Fault
	case wire.SessionCompleted:
		return v.handOver(ctx, rq, s)
	}
	return out, nil
}

// handOver gives the user token to the poll that comes first, and to those that
// repeat it within a moment. After that the session is used up.
func (v *Vault) handOver(ctx context.Context, rq *request, s *session) (wire.AuthState, *fault) {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		now := micros(v.now())
		if err := q.exec(ctx, "UPDATE sessions SET fetched_at = ? WHERE id = ? AND fetched_at IS NULL", now, s.id); err != nil {
			return err
		}
		return q.scan(ctx, "SELECT fetched_at FROM sessions WHERE id = ?", []any{s.id}, []any{&s.fetched})
	})
	if err != nil {
		return wire.AuthState{}, v.broken(ctx, rq, err)
	}
	if micros(v.now()) > s.fetched.Int64+refetch.Microseconds() {
		return wire.AuthState{Status: wire.SessionExpired}, nil
	}
	token, err := v.newUserToken(s.request.AppID, s.progress.Subject)
	if err != nil {
		return wire.AuthState{}, v.broken(ctx, rq, err)
	}
	return wire.AuthState{Status: wire.SessionCompleted, UserToken: token, UserInfo: s.progress.UserInfo}, nil
}
