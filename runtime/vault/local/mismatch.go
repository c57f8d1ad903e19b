package local

import (
	"context"
	"net/http"
	"strings"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

func mismatchEndpoint() endpoint {
	return endpoint{method: http.MethodPost, path: "/sdk/grants/{id}/report-scope-mismatch", limit: smallBody, serve: (*Vault).serveScopeMismatch}
}

// serveScopeMismatch answers POST /sdk/grants/{id}/report-scope-mismatch: a
// client saw the provider refuse a call for want of scopes. Grants of the
// connection say so, until its user connects the account again. It is the
// client's word: nothing else depends on it.
func (v *Vault) serveScopeMismatch(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseScopeMismatch(rq.body)
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil || r.ProviderStatus != http.StatusForbidden {
			return unprocessable("the report must be of a provider's 403"), nil
		}
		within := reach{appID: rq.who.appID}
		if rq.who.ownKey() {
			within.agentID = rq.who.agentID
		}
		g, found, err := v.reachableGrant(ctx, q, within, strings.ToLower(rq.params[0]))
		if err != nil {
			return nil, err
		}
		if !found {
			return grantNotFound(rq.who), nil
		}
		return nil, v.lacksScopes(ctx, q, g.connectionID)
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusNoContent}
}

// lacksScopes flags a connection that a user made. A credential that the operator
// entered has no consent that could be widened.
func (v *Vault) lacksScopes(ctx context.Context, q *statements, connectionID string) error {
	return q.exec(ctx, `UPDATE connections SET scope_mismatch = 1 WHERE id = ?1 AND scope_mismatch = 0
  AND EXISTS (SELECT 1 FROM connection_tokens t WHERE t.connection_id = ?1)`, connectionID)
}

// noteRefusal draws the conclusions from a proxied answer that a client's reports
// have of its own calls: a credential that the provider refuses is renewed, or has
// to be connected again.
func (v *Vault) noteRefusal(ctx context.Context, p *permit, cred *wire.Credential, resp *http.Response) {
	lacking := wire.BearerChallenge(resp.Header.Get("WWW-Authenticate"))["error"] == "insufficient_scope"
	var note func(context.Context, *statements) error
	switch {
	case resp.StatusCode == http.StatusForbidden && lacking:
		note = func(ctx context.Context, q *statements) error { return v.lacksScopes(ctx, q, p.grant.connectionID) }
	case resp.StatusCode == http.StatusUnauthorized && !lacking && cred.TokenGeneration != "":
		note = func(ctx context.Context, q *statements) error {
			return v.rejected(ctx, q, p.grant.connectionID, cred.TokenGeneration)
		}
	default:
		return
	}
	if err := v.store.write(context.WithoutCancel(ctx), note); err != nil {
		v.logger.ErrorContext(ctx, "vault could not note that a provider refused a credential", "request_id", p.entry.ID, "error", err)
	}
}
