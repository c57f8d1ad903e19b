package local

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// callSpec is what the token and the proxy endpoint are asked for, in one
// shape, so that both are decided by the same code.
type callSpec struct {
	grantID, providerID, account, label string
	userToken, appUserID                string
	method, url                         string
	reason                              *string
	content                             *content // in proxy mode
}

// permit is an allowed call: its row is on disk, its credential still sealed.
type permit struct {
	entry *AuditEntry
	grant grantRow
	dest  destination

	within   reach     // what the caller can get at
	signedIn time.Time // when the user behind the call signed in, zero = not known

	fields    []string        // what rules want left out of the request
	approvals []*policy.Named // what a person has to approve first
	approved  []string        // IDs of the rules whose approval was given
	pending   *wire.Pending   // the call waits
}

// newEntry starts the audit row of a request with everything that does not
// depend on the decision. Nothing in it is trusted: the identity is the key's.
func (v *Vault) newEntry(rq *request) *AuditEntry {
	rq.known = v.operations(rq.http.Context())
	e := &AuditEntry{
		ID: rq.id, Time: v.now().UTC(), AgentID: rq.who.agentID, AgentName: rq.who.agentName,
		AppID: rq.who.appID, Caller: rq.signed.Caller, Mode: rq.endpoint.mode,
	}
	if tp, n := wire.Get(rq.http.Header, wire.HeaderTraceparent); n == 1 && wire.ValidTraceparent(tp) {
		e.Traceparent = strings.ToLower(tp)
	}
	// A context beyond its limits is dropped as the hosted service drops it.
	if pairs, err := wire.ParseContext(rq.signed.Context); err == nil {
		e.setContext(pairs)
	}
	return e
}

func (e *AuditEntry) setContext(pairs []wire.Pair) {
	for _, p := range pairs {
		value := bounded(p.Value, maxAuditText)
		switch p.Key {
		case "run_id":
			e.RunID = value
		case "thread_id":
			e.ThreadID = value
		case "parent_agent":
			e.ParentAgent = value
		case "tool":
			e.Tool = value
		case "operation":
			e.ClaimedOperation = value
		case "provider":
			e.ClaimedProvider = value
		case "call_id":
			e.CallID = value
		case "attempt":
			if n, err := strconv.ParseUint(value, 10, 16); err == nil {
				e.Attempt = int(n)
			}
		default:
			if e.Metadata == nil {
				e.Metadata = map[string]string{}
			}
			e.Metadata[bounded(p.Key, maxAuditText)] = value
		}
	}
}

// setCall adds what the request body asks for.
func (rq *request) setCall(e *AuditEntry, spec *callSpec) {
	if wire.IsUUID(spec.grantID) { // anything else could be a secret in the wrong place
		e.GrantID = strings.ToLower(spec.grantID)
	}
	if validMethod(spec.method) {
		e.Method = spec.method
	}
	if spec.reason != nil {
		e.Reason = bounded(*spec.reason, maxAuditText)
	}
	e.Host, e.Path = auditOrigin(spec.url)
	if d, err := parseDestination(spec.url); err == nil {
		if op := rq.known.match(spec.method, d); op != nil {
			e.Operation, e.PathTemplate = op.ID, op.Path
		}
	}
}

func validMethod(m string) bool {
	return wire.IsToken(m) && len(m) <= 20 && strings.ToUpper(m) == m
}

// decide is the one path of every call. It writes the audit row (denied, or an
// intent) in the transaction that saw the state it decided upon, and returns
// after that is synced. A grant that was revoked before cannot slip through.
func (v *Vault) decide(ctx context.Context, rq *request, spec *callSpec, bodyFault *fault) (*permit, *fault) {
	p := &permit{entry: v.newEntry(rq)}
	if spec != nil {
		rq.setCall(p.entry, spec)
	}
	var f *fault
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		f, err = v.admit(ctx, q, rq)
		if err == nil && f == nil {
			f = bodyFault
		}
		if err == nil && f == nil {
			f, err = v.judge(actingFor(ctx, rq), q, rq, spec, p)
		}
		if err != nil {
			return err
		}
		if f == nil && len(p.approvals) > 0 {
			if f, err = v.hold(ctx, q, rq, spec, p); err != nil {
				return err
			}
		}
		e := p.entry
		e.VaultTime = time.Since(rq.start)
		switch {
		case f != nil:
			e.Decision, e.Outcome, e.ReasonCode = DecisionDenied, OutcomeDenied, f.code
		case p.pending != nil:
			e.Decision, e.Outcome = DecisionPending, OutcomePending
		default:
			e.Decision, e.Outcome = DecisionAllowed, OutcomeIntent
		}
		return e.insert(ctx, q, rq.who.owner(), nil)
	})
	if err != nil {
		return nil, v.broken(ctx, rq, err)
	}
	return p, f
}

// recordRefusal writes the row of a call that was refused before it could be
// decided: unread body, unknown key, bad signature. It returns the fault to
// answer with, which is another one when the row could not be written.
func (v *Vault) recordRefusal(ctx context.Context, rq *request, f *fault) *fault {
	if rq.who.keyID == "" && !v.strangers.take(v.now()) {
		return f
	}
	e := v.newEntry(rq)
	e.Decision, e.Outcome, e.ReasonCode = DecisionDenied, OutcomeDenied, f.code
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		e.VaultTime = time.Since(rq.start)
		return e.insert(ctx, q, rq.who.owner(), nil)
	})
	if err != nil {
		return v.broken(ctx, rq, err)
	}
	return f
}

// judge checks path, state, mode and destination of a call, in this order. It
// reads the sealed credential only when all of them pass.
func (v *Vault) judge(ctx context.Context, q *statements, rq *request, spec *callSpec, p *permit) (*fault, error) {
	within, f, err := v.callReach(ctx, q, rq, spec)
	if f != nil || err != nil {
		return f, err
	}
	var g grantRow
	if spec.providerID != "" {
		g, f, err = v.resolveIdentity(ctx, q, rq, spec, within)
	} else {
		g, f, err = v.resolveGrant(ctx, q, rq, spec, within)
	}
	if f != nil || err != nil {
		return f, err
	}
	p.within = within
	if claims, ok := v.readUserToken(spec.userToken); ok && spec.userToken != "" {
		p.signedIn = time.Unix(claims.IssuedAt, 0)
	}
	return v.judgeGrant(ctx, q, rq, spec, p, g)
}

// judgeGrant checks a call under the grant that was found for it.
func (v *Vault) judgeGrant(ctx context.Context, q *statements, rq *request, spec *callSpec, p *permit, g grantRow) (*fault, error) {
	p.grant, p.entry.GrantID, p.entry.Provider, p.entry.UserID = g, g.id, g.provider, g.userID
	if f := rq.scopeFault(rq.endpoint.scope + ":" + g.id); f != nil {
		return f, nil
	}
	if f := v.grantFault(&g, rq); f != nil {
		return f, nil
	}
	if f := destinationFault(&g, spec, p); f != nil {
		return f, nil
	}
	if rq.endpoint.mode == ModeProxy {
		if f := policyFault(&g, spec.method, p.dest, rq.known.match(spec.method, p.dest)); f != nil {
			return f, nil
		}
	}
	if f, err := v.applyRules(ctx, q, rq, spec, p); f != nil || err != nil {
		return f, err
	}
	if f := rq.redact(spec, p); f != nil {
		return f, nil
	}
	now := micros(v.now())
	if !g.lastUsed.Valid || g.lastUsed.Int64 <= now-time.Minute.Microseconds() {
		if err := q.exec(ctx, "UPDATE grants SET last_used_at = ? WHERE id = ?", now, g.id); err != nil {
			return nil, err
		}
	}
	return nil, p.grant.readCredential(ctx, q)
}

const codeAgentUserToken = "agent_user_token_conflict"

// callReach says what a call may get at. An agent's own key reaches the agent's
// paths. An app's key reaches the app's grants, also when it names an agent, who
// then only decides which grant a provider stands for. A user token narrows an
// app's key to that user's own grants.
func (v *Vault) callReach(ctx context.Context, q *statements, rq *request, spec *callSpec) (reach, *fault, error) {
	r := reach{appID: rq.who.appID}
	if rq.who.ownKey() || spec.providerID != "" {
		r.agentID = rq.who.agentID
	}
	switch {
	case spec.providerID == "" && spec.appUserID != "":
		return r, refuse(http.StatusBadRequest, codeInvalidRequest, "app_user_id goes with provider_id, not with grant_id"), nil
	case spec.userToken == "":
		return r, nil, nil
	}
	return v.narrowToUser(ctx, q, rq, r, spec.userToken)
}

func agentWithUser() *fault {
	return refuse(http.StatusBadRequest, codeAgentUserToken, "an agent's own key cannot act for a user").
		withHint("leave out user_token, or use the app's key with the agent as caller")
}

// narrowToUser restricts a reach to the user that a token names.
func (v *Vault) narrowToUser(ctx context.Context, q *statements, rq *request, r reach, token string) (reach, *fault, error) {
	if rq.who.ownKey() && !v.userTokensSelect {
		return r, agentWithUser(), nil
	}
	if rq.who.isApp() {
		r.agentID = ""
	}
	userID, f, err := v.userByToken(ctx, q, rq.who.appID, token)
	r.userID = userID
	return r, f, err
}

// resolveGrant reads the grant that is named by its ID.
func (v *Vault) resolveGrant(ctx context.Context, q *statements, rq *request, spec *callSpec, within reach) (grantRow, *fault, error) {
	g, found, err := v.reachableGrant(ctx, q, within, spec.grantID)
	if err != nil || found {
		return g, nil, err
	}
	if within.userID != "" && within.agentID == "" {
		// An app may know that its own grant exists; it must not use it for a user.
		within.userID = ""
		g, found, err = v.reachableGrant(ctx, q, within, spec.grantID)
		if err == nil && found && g.principal() == "system" {
			return g, refuse(http.StatusForbidden, "system_grant_user_token_mismatch", "the grant is the app's own and no user's: leave out the user token").with("grant_id", g.id), nil
		}
	}
	return grantRow{}, grantNotFound(rq.who), err
}

func grantNotFound(who principal) *fault {
	if who.agentID == "" {
		return refuse(http.StatusNotFound, codeGrantNotFound, "the app has no such grant, or the user does not own it").withHint("check the grant ID")
	}
	return refuse(http.StatusNotFound, codeGrantNotFound, "the agent has no path to a grant with this ID").
		with("agent_id", who.agentID).withHint("check the grant ID, or ask the operator to delegate the grant to this agent")
}

// grantStateFault refuses a grant that has ended.
func (v *Vault) grantStateFault(g *grantRow, rq *request) *fault {
	switch {
	case g.deleted:
		return refuse(http.StatusGone, "grant_deleted", "the grant was deleted").with("grant_id", g.id)
	case g.revoked:
		return refuse(http.StatusBadRequest, codeGrantRevoked, "the grant was revoked").with("grant_id", g.id).with("provider_id", g.provider)
	case g.expired(v.now()):
		f := refuse(http.StatusForbidden, codeGrantExpired, "the grant has expired").with("grant_id", g.id).with("provider_id", g.provider)
		if rq.who.agentID != "" {
			f = f.with("agent_id", rq.who.agentID)
		}
		if g.userID != "" {
			f = f.with("app_user_id", g.userID)
		}
		return f
	}
	return nil
}

func (v *Vault) grantFault(g *grantRow, rq *request) *fault {
	if f := v.grantStateFault(g, rq); f != nil {
		return f
	}
	switch {
	case rq.endpoint.mode != ModeRetrieve:
	case g.proxyOnly, g.policy.Restrictions != nil:
		return refuse(http.StatusBadRequest, codeProxyOnly, "this grant's credential does not leave the vault: call through the proxy").with("grant_id", g.id)
	case g.delegation != nil && g.delegation.scopeConstraint != nil:
		return refuse(http.StatusBadRequest, "delegated_grant_requires_proxy", "this delegation is narrowed, so the credential does not leave the vault: call through the proxy").with("grant_id", g.id)
	}
	return nil
}

func destinationFault(g *grantRow, spec *callSpec, p *permit) *fault {
	if len(spec.url) > wire.MaxURL {
		return refuse(http.StatusUnprocessableEntity, codeURLTooLong, "the URL is longer than 65536 bytes")
	}
	dest, err := parseDestination(spec.url)
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, codeBlocked, err.Error())
	}
	for _, host := range g.hosts {
		if host != dest.origin {
			continue
		}
		if !validMethod(spec.method) {
			return refuse(http.StatusBadRequest, codeInvalidRequest, "the request method must be a token in upper case")
		}
		p.dest = dest
		return nil
	}
	return refuse(http.StatusUnprocessableEntity, codeBlocked, "the grant does not allow this destination").
		withHint("this grant may be used with "+strings.Join(g.hosts, ", ")).with("grant_id", g.id)
}

const usableGrant = " AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?4)"

// maxCandidates bounds what an ambiguous request is told.
const maxCandidates = 20

// resolveIdentity finds the one usable grant that provider, account, label and
// user name. It never guesses.
func (v *Vault) resolveIdentity(ctx context.Context, q *statements, rq *request, spec *callSpec, within reach) (grantRow, *fault, error) {
	grants, err := v.reachableGrants(ctx, q, within, usableGrant+
		` AND g.provider = ?5 AND (?6 = '' OR g.account = ?6) AND (?7 = '' OR g.label = ?7) AND (?8 = '' OR g.user_id = ?8)
ORDER BY g.created_at, g.rowid LIMIT 21`, spec.providerID, spec.account, spec.label, strings.ToLower(spec.appUserID))
	if err != nil {
		return grantRow{}, nil, err
	}
	if grants = preferOwn(grants, within.userID); len(grants) == 1 {
		return grants[0], nil, nil
	}
	var f *fault
	switch {
	case len(grants) > 1:
		f = ambiguous(grants, spec)
	case within.agentID != "":
		f = refuse(http.StatusNotFound, codeNoDelegatedGrant, "the agent reaches no usable grant for this provider, account, label and user").
			withHint("have the user delegate a grant to the agent")
	default:
		f = refuse(http.StatusNotFound, codeGrantNotFound, "the app has no usable grant for this provider, account, label and user").
			withHint("have the user connect the provider")
	}
	f = f.with("provider_id", spec.providerID)
	if rq.who.agentID != "" {
		f = f.with("agent_id", rq.who.agentID)
	}
	if user := cmp.Or(within.userID, spec.appUserID); user != "" && wire.IsUUID(user) {
		f = f.with("app_user_id", user)
	}
	return grantRow{}, f, nil
}

// ambiguous lists the candidates, all of them within the caller's reach.
func ambiguous(grants []grantRow, spec *callSpec) *fault {
	truncated := len(grants) > maxCandidates
	grants = grants[:min(len(grants), maxCandidates)]
	ids, accounts, users, candidates := []string{}, []string{}, []string{}, []map[string]any{}
	for i := range grants {
		g := &grants[i]
		ids = append(ids, g.id)
		if g.account != "" {
			accounts = append(accounts, g.account)
		}
		if g.userID != "" {
			users = append(users, g.userID)
		}
		candidates = append(candidates, map[string]any{
			"grant_id": g.id, "label": nullIfEmpty(g.label), "account_identifier": nullIfEmpty(g.account), "account_display_name": nullIfEmpty(g.accountName),
		})
	}
	return refuse(http.StatusConflict, codeAmbiguousGrant, "several grants fit: name one by grant_id, account, label or user").
		with("grant_ids", ids).with("account_identifiers", mergeSorted(accounts, nil)).with("app_user_ids", mergeSorted(users, nil)).
		with("candidates", candidates).with("candidates_truncated", truncated).with("account_was_provided", spec.account != "")
}
