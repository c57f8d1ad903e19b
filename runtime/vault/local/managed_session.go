package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// secretErrand is what a session about a managed secret is for.
type secretErrand struct {
	SecretID string `json:"secret_id"`
	Path     string `json:"path,omitzero"`     // one of the protocol's; "" = there is nothing to do for the user
	GrantID  string `json:"grant_id,omitzero"` // to lend, or to repair

	// SignIn asks the user to sign in before anything else: an agent's own key made
	// the session, so that who opens the page may be the agent itself.
	SignIn bool `json:"sign_in,omitzero"`
}

// serveSecretSession answers POST /sdk/managed-secrets/connect/session with 201.
// Such a session is one of Connect sessions: its page is under the same path, and
// it can be polled like them.
func (v *Vault) serveSecretSession(ctx context.Context, rq *request) answer {
	ask, parseErr := wire.ParseSecretSessionRequest(rq.body)
	var out wire.SecretSession
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return invalidBody(parseErr), nil
		}
		secret, f, err := v.askedSecret(ctx, q, rq, &ask)
		if f != nil || err != nil {
			return f, err
		}
		r, f, err := v.checkSecretSession(ctx, q, rq, &ask, secret)
		if f != nil || err != nil {
			return f, err
		}
		token, s, err := v.insertSession(ctx, q, kindConnect, rq.who.owner(), *r)
		if err != nil {
			return nil, err
		}
		out = wire.SecretSession{
			SessionToken: token, ConnectURL: r.Base + connectPath + token, ExpiresIn: s.expiresIn(v.now()), ExpiresAt: s.expiresAt(),
			DelegableRequested: ask.Delegable, Direct: r.Direct, SecretSlug: secret.slug, TemplateSlug: secret.template, AgentID: r.DelegateID,
		}
		// An agent is not told what its users have.
		if !rq.who.ownKey() {
			out.Path = r.Secret.Path
			if r.Secret.Path == wire.PathFast {
				out.ExistingGrantID = r.Secret.GrantID
			}
		}
		return nil, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

func secretNotFound() *fault {
	return refuse(http.StatusNotFound, "secret_not_found", "the app has no such managed secret").withHint("name it by its slug")
}

// askedSecret finds the secret by its slug, or by its template where that names
// one only.
func (v *Vault) askedSecret(ctx context.Context, q *statements, rq *request, ask *wire.SecretSessionRequest) (*secretRow, *fault, error) {
	app := nullIfEmpty(rq.who.appID)
	if ask.Provider != "" {
		s, err := readSecret(ctx, q, " AND s.app_id IS ? AND s.slug = ?", app, ask.Provider)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil, secretNotFound(), nil
		case err == nil && ask.TemplateSlug != "" && !strings.EqualFold(ask.TemplateSlug, s.template):
			return nil, refuse(http.StatusUnprocessableEntity, "secret_template_mismatch", "the secret is of another template"), nil
		}
		return s, nil, err
	}
	template := strings.ToLower(ask.TemplateSlug)
	if template == "" {
		return nil, refuse(http.StatusUnprocessableEntity, codeInvalidRequest, "provider must name a managed secret by its slug"), nil
	}
	var n int
	if err := q.scan(ctx, "SELECT count(*) FROM managed_secrets s WHERE s.removed_at IS NULL AND s.app_id IS ? AND s.template = ?", []any{app, template}, []any{&n}); err != nil {
		return nil, nil, err
	}
	switch n {
	case 0:
		return nil, secretNotFound(), nil
	case 1:
		s, err := readSecret(ctx, q, " AND s.app_id IS ? AND s.template = ?", app, template)
		return s, nil, err
	}
	return nil, refuse(http.StatusUnprocessableEntity, "secret_template_mismatch", "several secrets are of this template").withHint("name one by provider, its slug"), nil
}

// checkSecretSession turns what a client asks for into what the session may do.
func (v *Vault) checkSecretSession(ctx context.Context, q *statements, rq *request, ask *wire.SecretSessionRequest, secret *secretRow) (*sessionRequest, *fault, error) {
	r := &sessionRequest{
		Base: v.baseURL(rq), AppID: rq.who.appID, ReturnURL: ask.ReturnURL, HideRules: ask.HideUserRules, Label: ask.Label, Delegable: ask.Delegable,
		RepairGrantID: strings.ToLower(ask.RepairGrantID), Secret: &secretErrand{SecretID: secret.id},
	}
	if f := secretForm(ask); f != nil {
		return nil, f, nil
	}
	if f := r.setPolicy(ask.Policy, v.now()); f != nil {
		return nil, f, nil
	}
	if ask.RequestedTTL > 0 {
		ttl := min(ask.RequestedTTL, maxTTLSeconds)
		r.MaxTTL, r.DefaultTTL = ttl, ttl
	}
	if f, err := v.secretParties(ctx, q, rq, ask, r); f != nil || err != nil {
		return nil, f, err
	}
	// The consent to lend a grant is given on the page.
	r.Direct = ask.Direct && r.DelegateID == ""
	f, err := v.choosePath(ctx, q, rq, r, secret)
	return r, f, err
}

// secretForm checks what needs no database.
func secretForm(ask *wire.SecretSessionRequest) *fault {
	switch {
	case ask.Agent != "" && ask.DelegatedAgentID != "":
		return refuse(http.StatusBadRequest, codeInvalidRequest, "agent and delegated_agent_id name the same thing: send one of them")
	case ask.RequestedTTL != 0 && ask.Policy != nil:
		return refuse(http.StatusBadRequest, codeInvalidRequest, "requested_ttl_seconds does not go with grant_policy")
	case ask.RepairGrantID != "" && (ask.Agent != "" || ask.DelegatedAgentID != "" || ask.Label != ""):
		return refuse(http.StatusBadRequest, codeInvalidRequest, "repair_grant_id goes with none of agent and requested_grant")
	case !plainText(ask.Label):
		return refuse(http.StatusUnprocessableEntity, codeInvalidRequest, "requested_grant.label must have no surrounding space and no controls")
	case ask.ReturnURL != "" && !browserURL(ask.ReturnURL):
		return refuse(http.StatusUnprocessableEntity, "invalid_return_url", "return_url must be an absolute https URL, or http on loopback, without user-info")
	case ask.AllowedOrigin != "" && !browserOrigin(ask.AllowedOrigin):
		return refuse(http.StatusBadRequest, "invalid_origin", "allowed_origin must be an https origin, or http on loopback")
	}
	return nil
}

// secretParties finds the user of a session, and the agent that is to get a
// path.
func (v *Vault) secretParties(ctx context.Context, q *statements, rq *request, ask *wire.SecretSessionRequest, r *sessionRequest) (f *fault, err error) {
	if rq.who.ownKey() {
		if !v.userTokensSelect {
			return agentWithUser(), nil
		}
		r.Secret.SignIn = true
		if _, err := signInProvider(ctx, q); errors.Is(err, sql.ErrNoRows) {
			return refuse(http.StatusConflict, "idp_signin_not_configured", "users cannot sign in here, and an agent's session needs that").
				with("details", map[string]any{"reason": "missing_client_id"}), nil
		} else if err != nil {
			return nil, err
		}
	}
	if r.UserID, f, err = v.userByToken(ctx, q, rq.who.appID, ask.UserToken); f != nil || err != nil {
		return f, err
	}
	r.DelegateID = rq.who.agentID
	name := ask.Agent + ask.DelegatedAgentID
	if name == "" || r.RepairGrantID != "" {
		return nil, nil
	}
	a, err := v.findAgent(ctx, q, rq.who.appID, name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return agentNotFound(), nil
	case err != nil:
		return nil, err
	case rq.who.ownKey() && a.ID != rq.who.agentID:
		return refuse(http.StatusBadRequest, "agent_cannot_delegate_to_other_agent", "an agent's own key connects for that agent only"), nil
	}
	r.DelegateID = a.ID
	return nil, nil
}

// choosePath decides what the page will ask of the user. What stands in the way
// is told to an app, and to an agent's own key not before the page.
func (v *Vault) choosePath(ctx context.Context, q *statements, rq *request, r *sessionRequest, secret *secretRow) (*fault, error) {
	if r.RepairGrantID != "" {
		return v.chooseRepair(ctx, q, r)
	}
	reason, err := v.secretObstacle(ctx, q, r, secret)
	if err != nil || reason == "" || rq.who.ownKey() {
		return nil, err
	}
	return refuse(http.StatusConflict, "no_eligible_grants", "the user has nothing of this secret that the agent could use").
		with("details", map[string]any{"reason": reason}), nil
}

// chooseRepair checks that the grant stands on a key that this user entered.
func (v *Vault) chooseRepair(ctx context.Context, q *statements, r *sessionRequest) (*fault, error) {
	var label string
	err := q.scan(ctx, `SELECT g.label FROM grants g JOIN secret_credentials k ON k.connection_id = g.connection_id
WHERE g.id = ? AND g.secret_id = ? AND g.user_id = ? AND k.kind = ? AND g.revoked_at IS NULL`,
		[]any{r.RepairGrantID, r.Secret.SecretID, r.UserID, credentialEndUser}, []any{&label})
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(http.StatusNotFound, codeGrantNotFound, "the user has no grant with this ID that stands on a key of one's own"), nil
	}
	// It gives nobody a new path.
	r.Secret.Path, r.Secret.GrantID, r.Label, r.DelegateID, r.Delegable = wire.PathRepair, r.RepairGrantID, label, "", false
	return nil, err
}

// secretObstacle sets the session's path, or says in the protocol's words why
// there is none.
func (v *Vault) secretObstacle(ctx context.Context, q *statements, r *sessionRequest, secret *secretRow) (reason string, err error) {
	if r.DelegateID != "" {
		allowed, err := v.allowlisted(ctx, q, r.DelegateID, secret.slug)
		if err != nil || !allowed {
			return "agent_not_allowlisted", err
		}
	}
	var expired bool
	// One with the label first, then those that still hold.
	err = q.scan(ctx, `SELECT id, expires_at IS NOT NULL AND expires_at <= ?1 FROM grants WHERE secret_id = ?2 AND user_id = ?3 AND revoked_at IS NULL
ORDER BY expires_at IS NOT NULL AND expires_at <= ?1, label <> ?4, created_at, rowid LIMIT 1`,
		[]any{micros(v.now()), secret.id, r.UserID, r.Label}, []any{&r.Secret.GrantID, &expired})
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", err
	case err == nil && !expired:
		r.Secret.Path = wire.PathFast
		return "", nil
	case secret.config.UserKeys:
		r.Secret.Path, r.Secret.GrantID = wire.PathEntry, ""
		return "", nil
	case expired:
		reason = "grant_expired"
	default:
		reason = "no_grant"
	}
	r.Secret.GrantID = ""
	return reason, nil
}

// allowlisted reports whether an agent's allowlist lets it use a secret.
func (v *Vault) allowlisted(ctx context.Context, q *statements, agentID, slug string) (ok bool, err error) {
	// ?4 is what the text of the allowlist calls now.
	err = q.scan(ctx, `SELECT `+allowlist+` IS NULL OR EXISTS (SELECT 1 FROM json_each(`+allowlist+`, '$.`+secretSlugs+`') s WHERE s.value = ?2 AND ?3 = ?3) FROM agents a WHERE a.id = ?1`,
		[]any{agentID, slug, "", micros(v.now())}, []any{&ok})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return ok, err
}
