package local

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// serveListGrants answers POST /sdk/grants/list, oldest first. An app sees the
// grants of the app (with a user token: that user's), an agent what it reaches.
// Every grant is listed once, with the agents it is delegated to.
func (v *Vault) serveListGrants(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseGrantsList(rq.body)
	page := wire.GrantPage{Page: wire.Page{Limit: r.Limit, Offset: r.Offset}}
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return unprocessable(parseErr.Error()), nil
		}
		within := reach{appID: rq.who.appID, agentID: rq.who.agentID}
		if r.UserToken != "" {
			var f *fault
			var err error
			if within, f, err = v.narrowToUser(ctx, q, rq, within, r.UserToken); f != nil || err != nil {
				return f, err
			}
		}
		const filter = ` AND g.deleted_at IS NULL AND (?5 = '' OR g.provider = ?5) AND (?6 = '' OR g.account = ?6) AND (?7 = '' OR g.label = ?7)
  AND (?8 = '' OR ?8 = CASE WHEN g.revoked_at IS NOT NULL THEN 'revoked' WHEN g.expires_at <= ?4 THEN 'expired' ELSE 'active' END)`
		args := []any{r.ProviderID, r.Account, r.Label, r.Status}
		count := append(within.args(v.now()), args...)
		if err := q.scan(ctx, "SELECT count(*) FROM grants g WHERE "+reachCondition+filter, count, []any{&page.Total}); err != nil {
			return nil, err
		}
		grants, err := v.reachableGrants(ctx, q, within, filter+" ORDER BY g.created_at, g.rowid LIMIT ?9 OFFSET ?10", append(args, r.Limit, r.Offset)...)
		if err != nil {
			return nil, err
		}
		for i := range grants {
			item, err := v.grantItem(ctx, q, &grants[i], within)
			if err != nil {
				return nil, err
			}
			page.Grants = append(page.Grants, item)
		}
		return nil, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	page.HasMore = page.Offset+int64(len(page.Grants)) < page.Total
	return answer{status: http.StatusOK, body: page.Marshal()}
}

func (v *Vault) grantItem(ctx context.Context, q *statements, g *grantRow, within reach) (wire.GrantItem, error) {
	end := timeText(fromMicros(g.expiresAt))
	item := wire.GrantItem{
		Kind: g.kind(), GrantID: g.id, ProviderID: g.provider, Scopes: g.allowedScopes(), AccountIdentifier: g.account, AccountName: g.accountName,
		APIBaseURL: g.hosts[0], Status: g.status(v.now()), NeedsReconnect: g.needsReconnect && !g.revoked, ScopeMismatch: g.scopeMismatch && !g.revoked, GrantExpiresAt: end,
		CreatedAt: timeText(fromMicros(g.createdAt)), LastUsedAt: timeText(fromMicros(g.lastUsed)), PrincipalType: g.principal(),
		Label: g.label, CredentialID: g.connectionID, Delegable: g.delegable,
	}
	var err error
	if item.Policy, err = g.policyJSON(); err != nil {
		return item, err
	}
	if g.secretID != "" {
		if err := describeSecret(ctx, q, g, &item); err != nil {
			return item, err
		}
	}
	if d := g.delegation; d != nil {
		item.AccessVia, item.DelegatedAt, item.Depth = g.delegatedVia(), timeText(d.created), d.depth
		item.Delegable, item.ScopeConstraint = d.delegable, d.scopeConstraint
		if !d.expires.IsZero() && (item.GrantExpiresAt == "" || d.expires.Before(fromMicros(g.expiresAt))) {
			item.GrantExpiresAt = timeText(d.expires)
		}
		return item, nil
	}
	if within.agentID == "" { // whom else it reaches is the operator's to know
		var raw []byte
		err = q.scan(ctx, "SELECT coalesce(json_group_array(agent_id ORDER BY created_at, agent_id), '[]') FROM delegations WHERE grant_id = ? AND (expires_at IS NULL OR expires_at > ?)",
			[]any{g.id, micros(v.now())}, []any{&raw})
		if err == nil {
			err = json.Unmarshal(raw, &item.DelegatedAgentIDs)
		}
	}
	return item, err
}

// policyJSON is nil for a grant without a policy.
func (g *grantRow) policyJSON() (jsontext.Value, error) {
	if g.policy == (grantPolicy{}) {
		return nil, nil
	}
	return json.Marshal(g.policy, json.Deterministic(true))
}

// serveMintGrant answers POST /sdk/grants/{id}/mint: a sibling of a grant, with
// the same credential and principal, that may only be tighter.
func (v *Vault) serveMintGrant(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseGrantMint(rq.body)
	var out wire.GrantInfo
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return unprocessable(parseErr.Error()), nil
		}
		if !plainText(r.Label) {
			return unprocessable("label must have 1 to 255 characters without surrounding space or controls"), nil
		}
		src, found, err := v.reachableGrant(ctx, q, reach{appID: rq.who.appID}, rq.params[0])
		switch {
		case err != nil:
			return nil, err
		case !found:
			return grantNotFound(principal{}), nil
		}
		if f := v.grantStateFault(&src, rq); f != nil {
			return f, nil
		}
		n, f, err := v.sibling(ctx, q, &src, r)
		if f != nil || err != nil {
			return f, err
		}
		g, err := v.insertGrant(ctx, q, n)
		if err != nil {
			return nil, err
		}
		out = wire.GrantInfo{
			GrantID: g.ID, ProviderID: g.Provider, Scopes: g.Scopes, AccountIdentifier: g.Account, AccountName: src.accountName, APIBaseURL: g.Hosts[0], Status: "active",
			ExpiresAt: timeText(g.ExpiresAt), CreatedAt: timeText(g.CreatedAt), PrincipalType: src.principal(), Label: g.Label, CredentialID: src.connectionID, Policy: r.Policy,
		}
		return nil, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

func (v *Vault) sibling(ctx context.Context, q *statements, src *grantRow, r wire.GrantMint) (n newGrant, f *fault, err error) {
	if src.policy != (grantPolicy{}) {
		return n, refuse(http.StatusForbidden, "mint_source_has_grant_rules", "the source grant is restricted itself: mint from the grant it was made of").with("grant_id", src.id), nil
	}
	policy, expires, f := parseGrantPolicy(r.Policy, v.now())
	if f != nil {
		return n, f, nil
	}
	var taken int
	err = q.scan(ctx, "SELECT count(*) FROM grants WHERE connection_id = ? AND label = ? AND revoked_at IS NULL", []any{src.connectionID, r.Label}, []any{&taken})
	if err != nil {
		return n, nil, err
	}
	if taken > 0 {
		return n, refuse(http.StatusConflict, "sibling_label_conflict", "another live grant of this connection has the label").with("label", r.Label), nil
	}
	if end := fromMicros(src.expiresAt); !end.IsZero() && (expires.IsZero() || end.Before(expires)) {
		expires = end
	}
	raw, err := json.Marshal(policy, json.Deterministic(true))
	return newGrant{
		Grant: Grant{
			AppID: src.appID, AgentID: src.agentID, UserID: src.userID, GroupID: src.groupID, GroupProvider: src.groupIDP, Provider: src.provider, Account: src.account, Label: r.Label,
			Hosts: src.hosts, Scopes: src.scopes, ProxyOnly: src.proxyOnly, ExpiresAt: expires,
		},
		minted: true, connectionID: src.connectionID, secretID: src.secretID, accountName: src.accountName, policy: raw, tags: r.Tags,
	}, nil, err
}

// serveRevokeGrant answers POST /sdk/oauth/grants/{id}/revoke: the grant ends
// for everybody. With a user token only that user's grants are within reach.
// Repeating it changes nothing.
func (v *Vault) serveRevokeGrant(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseGrantRevoke(rq.body)
	out := wire.GrantRevoked{Success: true, Message: "the grant is revoked", GrantID: strings.ToLower(rq.params[0])}
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (f *fault, err error) {
		if parseErr != nil {
			return unprocessable(parseErr.Error()), nil
		}
		within := reach{appID: rq.who.appID}
		if r.UserToken != "" {
			if within, f, err = v.narrowToUser(ctx, q, rq, within, r.UserToken); f != nil || err != nil {
				return f, err
			}
		}
		g, found, err := v.reachableGrant(ctx, q, within, out.GrantID)
		switch {
		case err != nil:
			return nil, err
		case !found, r.UserToken != "" && g.userID != within.userID: // a group's grant is not one member's to end
			return grantNotFound(principal{}), nil
		case g.deleted:
			return v.grantStateFault(&g, rq), nil
		}
		at, err := v.revokeGrant(ctx, q, g.id)
		out.RevokedAt = timeText(at)
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}
