package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// secretEndpoints are those of managed secrets.
func secretEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/sdk/managed-secrets/{id}/grants", limit: smallBody, scope: "grants:write", caller: appOnly, serve: (*Vault).serveSecretGrant},
		{method: http.MethodPost, path: wire.PathSecretSession, limit: smallBody, scope: "connect:initiate", andScope: "secrets:write", serve: (*Vault).serveSecretSession},
	}
}

// serveSecretGrant answers POST /sdk/managed-secrets/{id}/grants with 201: the
// app lets a user, or itself, use a value that its operator entered.
func (v *Vault) serveSecretGrant(ctx context.Context, rq *request) answer {
	ask, parseErr := wire.ParseSecretGrant(rq.body)
	var out wire.SecretGrantCreated
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return invalidBody(parseErr), nil
		}
		s, err := readSecret(ctx, q, " AND s.id = ? AND s.app_id IS ?", strings.ToLower(rq.params[0]), nullIfEmpty(rq.who.appID))
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(http.StatusNotFound, "managed_secret_not_found", "the app has no managed secret with this ID").withHint("name it by its ID, not by its slug"), nil
		}
		if err != nil {
			return nil, err
		}
		g, f, err := v.secretPrincipal(ctx, q, rq, &ask)
		if f != nil || err != nil {
			return f, err
		}
		credential, f, err := v.chooseCredential(ctx, q, s.id, ask.CredentialID)
		if f != nil || err != nil {
			return f, err
		}
		if f, err := v.labelFault(ctx, q, s.id, &g); f != nil || err != nil {
			return f, err
		}
		made, err := v.insertGrant(ctx, q, s.grant(credential, g))
		if err != nil {
			return nil, err
		}
		out = wire.SecretGrantCreated{
			GrantID: made.ID, PrincipalType: ask.Principal.Type, Label: made.Label, CreatedAt: timeText(made.CreatedAt), CredentialID: credential,
		}
		return nil, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

// secretPrincipal begins the grant: whose it is, its label and its end.
func (v *Vault) secretPrincipal(ctx context.Context, q *statements, rq *request, ask *wire.SecretGrant) (g Grant, f *fault, err error) {
	g = Grant{AppID: rq.who.appID, Label: ask.Principal.Label}
	switch ask.Principal.Type {
	case wire.PrincipalAgent:
		return g, refuse(http.StatusUnprocessableEntity, "agent_principal_not_supported", "an operator grants managed secrets to agents, not an app").
			withHint("grantvault secret grant SLUG --agent ID, or make a grant of a user and delegate it"), nil
	case wire.PrincipalGroup:
		if f, err := groupPrincipal(ctx, q, &ask.Principal, &g); f != nil || err != nil {
			return g, f, err
		}
	case wire.PrincipalUser:
		if g.UserID, f, err = v.userByToken(ctx, q, rq.who.appID, ask.Principal.UserToken); f != nil || err != nil {
			return g, f, err
		}
	}
	if !plainText(g.Label) {
		return g, unprocessable("label must have at most 255 characters without surrounding space or controls"), nil
	}
	var r sessionRequest
	if f := r.setPolicy(&ask.Policy, v.now()); f != nil {
		return g, f, nil
	}
	g.ExpiresAt = r.grantExpiry(v.now(), 0)
	return g, nil, nil
}

// chooseCredential finds the operator's value that a grant is to stand on.
func (v *Vault) chooseCredential(ctx context.Context, q *statements, secretID, credentialID string) (string, *fault, error) {
	list, err := v.assignable(ctx, q, secretID, credentialID)
	switch {
	case err != nil:
		return "", nil, err
	case len(list) == 1:
		return list[0].ID, nil, nil
	case len(list) > 1:
		var choices []map[string]any
		for _, c := range list {
			choices = append(choices, map[string]any{"id": c.ID, "label": c.Label})
		}
		return "", refuse(http.StatusConflict, "credential_id_required", "the secret has several values: name one by credential_id").
			with("details", map[string]any{"credentials": choices}), nil
	case credentialID == "":
		return "", refuse(http.StatusNotFound, "no_active_credential", "the secret has no value of its operator"), nil
	}
	all, err := v.secretCredentials(ctx, q, secretID)
	if slices.ContainsFunc(all, func(c SecretCredential) bool { return c.ID == credentialID }) {
		return "", refuse(http.StatusConflict, "end_user_credential_not_assignable", "a user entered that value: it is that user's alone"), err
	}
	return "", refuse(http.StatusNotFound, "credential_not_found", "the secret has no value with this ID"), err
}

// labelFault refuses a label that the principal uses for another live grant of
// the secret.
func (v *Vault) labelFault(ctx context.Context, q *statements, secretID string, g *Grant) (*fault, error) {
	if g.Label == "" {
		return nil, nil
	}
	var taken int
	err := q.scan(ctx, `SELECT count(*) FROM grants WHERE secret_id = ? AND label = ? AND user_id IS ? AND agent_id IS ? AND group_id IS ?
  AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
		[]any{secretID, g.Label, nullIfEmpty(g.UserID), nullIfEmpty(g.AgentID), nullIfEmpty(g.GroupID), micros(v.now())}, []any{&taken})
	if err == nil && taken > 0 {
		return refuse(http.StatusConflict, "sibling_label_conflict", "another live grant of the secret has the label").with("label", g.Label), nil
	}
	return nil, err
}
