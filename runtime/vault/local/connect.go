package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// sessionEndpoints are the signed endpoints of sessions. An agent may use all
// of them: its sessions make grants of its own.
func sessionEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: wire.PathConnectSession, limit: smallBody, scope: "connect:initiate", serve: (*Vault).serveConnect},
		{method: http.MethodPost, path: wire.PathConnectPoll, limit: smallBody, serve: (*Vault).serveConnectPoll},
		{method: http.MethodPost, path: wire.PathAuthSession, limit: smallBody, scope: "idp_users:write", serve: (*Vault).serveAuthSession},
		{method: http.MethodPost, path: wire.PathAuthPoll, limit: smallBody, scope: "idp_users:read", serve: (*Vault).serveAuthPoll},
		{method: http.MethodPost, path: wire.PathVerifyToken, limit: smallBody, scope: "idp_users:read", serve: (*Vault).serveVerifyToken},
		{method: http.MethodGet, path: wire.PathProviderCatalog, limit: smallBody, scope: "providers:read", serve: (*Vault).serveCatalog},
		{method: http.MethodGet, path: wire.PathScopes, limit: smallBody, serve: (*Vault).serveScopes},
	}
}

// baseURL is where the hosted pages are reached. Without WithPublicURL it is
// the address that the request was sent to, if that is on loopback: the Host
// header of a signed request is its sender's own word.
func (v *Vault) baseURL(rq *request) string {
	if v.publicURL != "" {
		return v.publicURL
	}
	base := "http://" + rq.http.Host
	if d, err := parseDestination(base); err == nil && d.origin == asciiLower(base) {
		return d.origin
	}
	return "http://localhost"
}

// serveConnect answers POST /sdk/oauth/connect/session with 201.
func (v *Vault) serveConnect(ctx context.Context, rq *request) answer {
	ask, err := wire.ParseConnectRequest(rq.body)
	var out wire.ConnectSession
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if err != nil {
			return invalidBody(err), nil
		}
		r, f, err := v.checkConnect(ctx, q, rq, &ask)
		if f != nil || err != nil {
			return f, err
		}
		token, s, err := v.insertSession(ctx, q, kindConnect, rq.who.owner(), *r)
		if err == nil {
			out = wire.ConnectSession{
				SessionToken: token, ConnectURL: r.Base + connectPath + token, ExpiresIn: s.expiresIn(v.now()), ExpiresAt: s.expiresAt(),
				SingleProvider: len(r.Providers) == 1, Direct: r.Direct, ScopeWarnings: []string{},
			}
		}
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

// checkConnect turns what a client asks for into what the session may do.
func (v *Vault) checkConnect(ctx context.Context, q *statements, rq *request, ask *wire.ConnectRequest) (*sessionRequest, *fault, error) {
	r := &sessionRequest{
		Base: v.baseURL(rq), AppID: rq.who.appID, ReturnURL: ask.ReturnURL, Direct: ask.Direct, SwitchAccount: ask.SwitchAccount,
		HideRules: ask.HideUserRules, Scopes: ask.RequiredScopes, RepairGrantID: strings.ToLower(ask.RepairGrantID),
	}
	if f := connectForm(ask); f != nil {
		return nil, f, nil
	}
	if ask.Requested != nil {
		r.Label = ask.Requested.Label
		if f := r.setRestrictions(ask.Requested); f != nil {
			return nil, f, nil
		}
	}
	if f := r.setPolicy(ask.Policy, v.now()); f != nil {
		return nil, f, nil
	}
	if f, err := r.setProviders(ctx, q, ask); f != nil || err != nil {
		return nil, f, err
	}
	if f, err := v.setOwner(ctx, q, rq, ask, r); f != nil || err != nil {
		return nil, f, err
	}
	if r.RepairGrantID != "" {
		f, err := v.checkRepair(ctx, q, rq, r)
		return r, f, err
	}
	return r, nil, nil
}

// connectForm checks what needs no database.
func connectForm(ask *wire.ConnectRequest) *fault {
	distinct := distinctProviders(ask.Providers)
	switch {
	case ask.Providers != nil && (len(distinct) == 0 || slices.Contains(distinct, "")):
		return refuse(http.StatusBadRequest, codeInvalidRequest, "allowed_providers must name at least one provider, or be null")
	case ask.Direct && len(distinct) != 1:
		return refuse(http.StatusBadRequest, codeInvalidRequest, "direct needs exactly one provider in allowed_providers")
	case ask.RepairGrantID != "" && len(distinct) != 1:
		return refuse(http.StatusBadRequest, codeInvalidRequest, "repair_grant_id needs exactly one provider in allowed_providers")
	case ask.RepairGrantID != "" && (ask.Requested != nil || ask.Agent != "" || ask.SwitchAccount):
		return refuse(http.StatusBadRequest, codeInvalidRequest, "repair_grant_id goes with none of requested_grant, agent and switch_account")
	case ask.Requested != nil && !plainText(ask.Requested.Label):
		return refuse(http.StatusUnprocessableEntity, codeInvalidRequest, "requested_grant.label must have no surrounding space and no controls")
	case ask.ReturnURL != "" && !browserURL(ask.ReturnURL):
		return refuse(http.StatusUnprocessableEntity, "invalid_return_url", "return_url must be an absolute https URL, or http on loopback, without user-info")
	case ask.AllowedOrigin != "" && !browserOrigin(ask.AllowedOrigin):
		return refuse(http.StatusBadRequest, "invalid_origin", "allowed_origin must be an https origin, or http on loopback")
	}
	return nil
}

func browserURL(raw string) bool {
	_, err := parseDestination(raw)
	return err == nil && len(raw) <= 2048
}

func browserOrigin(raw string) bool {
	_, err := parseOrigin(raw)
	return err == nil
}

func distinctProviders(list []string) []string {
	var out []string
	for _, id := range list {
		if id = strings.ToLower(strings.TrimSpace(id)); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func (r *sessionRequest) setPolicy(p *wire.GrantPolicyInput, now time.Time) *fault {
	if p == nil {
		return nil
	}
	invalid := func(message string) *fault {
		return refuse(http.StatusUnprocessableEntity, "invalid_grant_policy", message)
	}
	r.MaxTTL, r.DefaultTTL = p.MaxTTLSeconds, p.DefaultTTLSeconds
	if p.ExpiresAt != "" {
		t, ok := wire.ParseISOTime(p.ExpiresAt)
		if !ok || !t.After(now) {
			return invalid("grant_policy.expires_at must be a time in the future")
		}
		r.ExpiresAt = micros(t)
	}
	const century = 100 * 365 * 24 * 3600
	if r.MaxTTL > century || r.DefaultTTL > century || r.MaxTTL > 0 && r.DefaultTTL > r.MaxTTL {
		return invalid("grant_policy.default_ttl_seconds must be at most max_ttl_seconds, and both at most a century")
	}
	return nil
}

func (r *sessionRequest) setRestrictions(ask *wire.RequestedGrant) *fault {
	if ask.AllowedMethods == nil && ask.AllowedEndpoints == nil {
		return nil
	}
	r.Restrictions = &restrictions{Methods: ask.AllowedMethods, Endpoints: ask.AllowedEndpoints}
	if why := r.Restrictions.check(); why != "" {
		return refuse(http.StatusUnprocessableEntity, "invalid_grant_policy", "requested_grant "+why)
	}
	return nil
}

func (r *sessionRequest) setProviders(ctx context.Context, q *statements, ask *wire.ConnectRequest) (*fault, error) {
	r.Providers = distinctProviders(ask.Providers)
	for _, id := range r.Providers {
		p, err := findProvider(ctx, q, id)
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(http.StatusBadRequest, "provider_not_configured", "allowed_providers names a provider that this vault has no configuration for"), nil
		}
		if err != nil {
			return nil, err
		}
		if _, ok := p.scopesFor(ask.RequiredScopes[id]); !ok {
			return refuse(http.StatusBadRequest, "scope_not_allowed", "required_scopes asks for a scope that the provider's configuration does not list").
				with("provider_id", id), nil
		}
	}
	return nil, nil
}

// setOwner decides whose the grants will be and which agent gets a path. With
// a user token they are the user's; without one they are the agent's that asks,
// or the app's own.
func (v *Vault) setOwner(ctx context.Context, q *statements, rq *request, ask *wire.ConnectRequest, r *sessionRequest) (*fault, error) {
	agent := rq.who.agentID
	if ask.Agent != "" {
		a, err := v.findAgent(ctx, q, rq.who.appID, ask.Agent)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return refuse(http.StatusNotFound, "agent_not_found", "the app has no such agent"), nil
		case err != nil:
			return nil, err
		case rq.who.ownKey() && a.ID != rq.who.agentID:
			return refuse(http.StatusBadRequest, "agent_cannot_delegate_to_other_agent", "an agent's own key connects for that agent only"), nil
		}
		agent = a.ID
	}
	switch {
	case ask.UserToken != "" && rq.who.ownKey() && !v.userTokensSelect:
		return refuse(http.StatusBadRequest, codeAgentUserToken, "an agent's own key cannot act for a user").
			withHint("leave out user_token, or use the app's key with the agent as caller"), nil
	case ask.UserToken != "":
		userID, f, err := v.userByToken(ctx, q, rq.who.appID, ask.UserToken)
		if f != nil || err != nil {
			return f, err
		}
		r.UserID, r.DelegateID = userID, agent
	case ask.Agent != "" && rq.who.agentID == "":
		return refuse(http.StatusBadRequest, "agent_requires_user_token", "a grant is delegated to an agent by its user: send user_token"), nil
	default:
		r.AgentID = agent
	}
	if r.DelegateID == "" && ask.ScopeConstraint != nil {
		return refuse(http.StatusUnprocessableEntity, "invalid_scope_constraint", "scope_constraint needs a user and an agent: it limits the delegation"), nil
	}
	r.Delegable = ask.Delegable != nil && *ask.Delegable
	r.ScopeConstraint = ask.ScopeConstraint
	// The consent to hand on is given on the page.
	r.Direct = r.Direct && (r.DelegateID == "" || !r.Delegable)
	return nil, nil
}

// checkRepair looks whether the caller may have this grant's credential
// replaced.
func (v *Vault) checkRepair(ctx context.Context, q *statements, rq *request, r *sessionRequest) (*fault, error) {
	missing := refuse(http.StatusNotFound, codeGrantNotFound, "there is no grant with this ID to repair for this caller")
	var providerID, account, label string
	var userID, agentID sql.NullString
	var scopes []byte
	err := q.scan(ctx, `SELECT provider, account, label, user_id, agent_id, scopes FROM grants WHERE id = ? AND app_id IS ? AND revoked_at IS NULL`,
		[]any{r.RepairGrantID, nullIfEmpty(rq.who.appID)}, []any{&providerID, &account, &label, &userID, &agentID, &scopes})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return missing, nil
	case err != nil:
		return nil, err
	case providerID != r.Providers[0], r.UserID != "" && userID.String != r.UserID:
		return missing, nil
	}
	if rq.who.ownKey() && agentID.String != rq.who.agentID {
		// A path is enough, where the account tells that it is the user who consents.
		_, found, err := v.reachableGrant(ctx, q, reach{agentID: rq.who.agentID}, r.RepairGrantID)
		if err != nil || !found || account == "" {
			return missing, err
		}
	}
	// What the user gave before is asked for again: a consent replaces the last one.
	var given []string
	if err := json.Unmarshal(scopes, &given); err != nil {
		return nil, err
	}
	if r.Scopes == nil {
		r.Scopes = map[string][]string{}
	}
	r.Scopes[providerID] = append(given, r.Scopes[providerID]...)
	// The session acts for the grant's owner, and gives nobody a new path.
	r.UserID, r.AgentID, r.DelegateID, r.Label = userID.String, agentID.String, "", label
	return nil, nil
}

// serveConnectPoll answers POST /sdk/oauth/connect/session/poll at once.
func (v *Vault) serveConnectPoll(ctx context.Context, rq *request) answer {
	token, err := wire.ParseConnectPoll(rq.body)
	var s *session
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (_ *fault, e error) {
		if err != nil {
			return invalidBody(err), nil
		}
		s, e = v.findSession(ctx, q, kindConnect, token)
		if e == nil && (s == nil || s.owner != rq.who.owner()) {
			return sessionNotFound(), nil
		}
		return nil, e
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	out := wire.ConnectState{
		Status: s.status(v.now()), Declined: s.progress.Declined, Grants: s.progress.Grants, Failed: s.progress.Failed, Error: s.progress.Fault,
	}
	return answer{status: http.StatusOK, body: out.Marshal()}
}

// WithPublicURL says where a user's browser reaches the vault's pages: scheme,
// host and port, https or http on loopback. Without it, pages are announced at
// the loopback address that the client of the session used.
func WithPublicURL(raw string) Option {
	return option(func(c *config) error {
		d, err := parseDestination(strings.TrimRight(raw, "/"))
		if err != nil {
			return errors.New("local: WithPublicURL: " + err.Error())
		}
		if u, err := url.Parse(raw); err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("local: WithPublicURL: must be scheme, host and port only")
		}
		c.publicURL = d.origin
		return nil
	})
}
