package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/assertion"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// identityEndpoints tell a client who stands behind its key.
func identityEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: wire.PathIdentityResolve, limit: smallBody, scope: "identity:resolve", serve: (*Vault).serveResolveIdentity},
		{method: http.MethodPost, path: wire.PathIdentityAssert, limit: smallBody, scope: "identity:assert", serve: (*Vault).serveAssertIdentity},
	}
}

const (
	codeInvalidAudience = "invalid_audience"
	codeNoIdentity      = "identity_not_found"

	assertionLife = 120 * time.Second
)

// serveResolveIdentity answers POST /sdk/identity/resolve.
func (v *Vault) serveResolveIdentity(ctx context.Context, rq *request) answer {
	ask, parseErr := wire.ParseIdentityAsk(rq.body)
	var out wire.Identity
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (f *fault, err error) {
		if parseErr != nil {
			return unprocessable(parseErr.Error()), nil
		}
		out, f, err = v.identityFor(ctx, q, rq, ask)
		return f, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}

// serveAssertIdentity answers POST /sdk/identity/assert: the same, signed.
func (v *Vault) serveAssertIdentity(ctx context.Context, rq *request) answer {
	ask, parseErr := wire.ParseAssertionAsk(rq.body)
	var out wire.IdentityAssertion
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (f *fault, err error) {
		if parseErr != nil {
			return unprocessable(parseErr.Error()), nil
		}
		if err := wire.CheckAudience(ask.Audience); err != nil {
			return refuse(http.StatusUnprocessableEntity, codeInvalidAudience, "the audience "+err.Error()), nil
		}
		if out.Identity, f, err = v.identityFor(ctx, q, rq, ask.IdentityAsk); f != nil || err != nil {
			return f, err
		}
		if s := out.Identity.UserStatus; s != "" && s != "active" {
			// Who verifies takes the user for an active one.
			return refuse(http.StatusForbidden, "user_suspended", "the user is suspended, so nothing is asserted about the user"), nil
		}
		key, err := v.signingIdentity(ctx, q)
		if err != nil {
			return nil, err
		}
		life := assertionLife
		if ask.TTLSeconds > 0 {
			life = time.Duration(ask.TTLSeconds) * time.Second
		}
		now := v.now().Truncate(time.Second).UTC()
		out.ExpiresAt = now.Add(life)
		out.Token, err = assertion.Sign(key, assertion.Claims{
			Issuer: v.baseURL(rq), Audience: ask.Audience, AppID: out.Identity.AppID, UserID: out.Identity.AppUserID, AgentID: out.Identity.AgentID,
			AgentAuth: rq.who.agentAuth(), ID: newID(), IssuedAt: now, ExpiresAt: out.ExpiresAt,
		})
		if err != nil {
			return nil, err
		}
		audience, _, _ := strings.Cut(ask.Audience, "?")
		return nil, v.record(ctx, q, Event{
			Action: "identity.asserted", Target: "user", TargetID: out.Identity.AppUserID, Details: map[string]string{"audience": audience},
		})
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}

// agentAuth says how the agent of a request was proven: by its own key, or by
// its app's, which named it.
func (p principal) agentAuth() string {
	switch {
	case p.agentID == "":
		return ""
	case p.own:
		return "agent_key"
	}
	return "app_key"
}

// identityFor reads who stands behind a request. An app may ask for any of its
// users by their token, an agent only for users who delegated to it.
func (v *Vault) identityFor(ctx context.Context, q *statements, rq *request, ask wire.IdentityAsk) (i wire.Identity, f *fault, err error) {
	switch {
	case rq.who.appID == "":
		return i, refuse(http.StatusConflict, "identity_needs_app", "this vault has no app, and an identity is that of an app").withHint("have the operator create an app"), nil
	case ask.AppUserID != "" && rq.who.agentID == "":
		return i, refuse(http.StatusBadRequest, codeInvalidRequest, "app_user_id is for agents: an app names its user by user_token"), nil
	}
	i = wire.Identity{AppID: rq.who.appID, AgentID: rq.who.agentID, ActorID: v.actorID(rq), GroupIDs: []string{}}
	if pairs, err := wire.ParseContext(rq.signed.Context); err == nil {
		for _, p := range pairs {
			switch p.Key {
			case "run_id":
				i.RunID = bounded(p.Value, maxAuditText)
			case "thread_id":
				i.ThreadID = bounded(p.Value, maxAuditText)
			}
		}
	}
	if ask.UserToken == "" && ask.AppUserID == "" {
		return i, nil, nil
	}
	u, f, err := v.identifiedUser(ctx, q, rq, ask)
	if f != nil || err != nil {
		return i, f, err
	}
	i.AppUserID, i.ExternalSubjectID, i.UserStatus = u.ID, u.Subject, u.status
	if ask.IncludeProfile {
		i.Email, i.DisplayName = u.Email, u.DisplayName
	}
	if i.GroupIDs, err = userGroups(ctx, q, u.ID); err != nil {
		return i, nil, err
	}
	i.IDPID, err = issuerOf(ctx, q, u.Subject)
	return i, nil, err
}

type identifiedUser struct {
	User

	status string
}

// identifiedUser finds the user that a request names. For an agent, a user who
// does not exist and one who delegated nothing to it look the same.
func (v *Vault) identifiedUser(ctx context.Context, q *statements, rq *request, ask wire.IdentityAsk) (u identifiedUser, f *fault, err error) {
	id := strings.ToLower(ask.AppUserID)
	if ask.UserToken != "" {
		byToken, f, err := v.userByToken(ctx, q, rq.who.appID, ask.UserToken)
		if f != nil || err != nil {
			return u, f, err
		}
		if id != "" && id != byToken {
			return u, identityNotFound(), nil
		}
		id = byToken
	}
	if rq.who.agentID != "" {
		const alive = " AND g.user_id IS NOT NULL AND g.deleted_at IS NULL AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?4) LIMIT 1"
		delegated, err := v.reachableGrants(ctx, q, reach{agentID: rq.who.agentID, userID: id}, alive)
		if err != nil || len(delegated) == 0 {
			return u, identityNotFound(), err
		}
	}
	err = q.scan(ctx, "SELECT id, subject, email, display_name, status FROM app_users WHERE id = ? AND app_id = ?", []any{id, rq.who.appID},
		[]any{&u.ID, &u.Subject, &u.Email, &u.DisplayName, &u.status})
	if errors.Is(err, sql.ErrNoRows) {
		return u, identityNotFound(), nil
	}
	return u, nil, err
}

func identityNotFound() *fault {
	return refuse(http.StatusNotFound, codeNoIdentity, "there is no such user, or none that delegated to this agent").
		withHint("have the user connect an account for this agent")
}

// issuerOf is the provider that a subject comes from: users who sign in here
// get subjects that begin with it. Those of CreateUser may come from elsewhere.
func issuerOf(ctx context.Context, q *statements, subject string) (string, error) {
	prefix, _, found := strings.Cut(subject, "|")
	if !found {
		return "", nil
	}
	var id string
	err := q.scan(ctx, "SELECT id FROM providers WHERE id = ? AND sign_in = 1", []any{prefix}, []any{&id})
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}
