package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	codeAgentNotFound   = "agent_not_found"
	codeAgentNameExists = "agent_name_exists"

	maxAgentMetadata  = 8 << 10 // bytes as JSON, of metadata and of policy each
	maxAgentPage      = 1000
	maxGraceSeconds   = 7 * 24 * 3600
	defaultGraceLimit = 24 * 3600
)

func agentNotFound() *fault {
	return refuse(http.StatusNotFound, codeAgentNotFound, "the app has no agent with this ID").withHint("list the app's agents")
}

func unprocessable(message string) *fault {
	return refuse(http.StatusUnprocessableEntity, codeInvalidRequest, message)
}

func nameTaken() *fault {
	return refuse(http.StatusConflict, codeAgentNameExists, "another agent of the app has this name").withHint("choose another name, or delete that agent")
}

// serveCreateAgent answers POST /sdk/agents.
func (v *Vault) serveCreateAgent(ctx context.Context, rq *request) answer {
	r, parseErr := wire.ParseAgentCreate(rq.body)
	n := newAgent{
		spec:     AgentSpec{AppID: rq.who.appID, Name: r.Name, Type: r.Type, Scopes: r.Scopes},
		metadata: orObject(r.Metadata), policy: orObject(r.Policy),
	}
	if r.DisplayName != nil {
		n.spec.DisplayName = *r.DisplayName
	}
	key := wire.NewManagedKey()
	var out wire.AgentCreated
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if parseErr != nil {
			return invalidBody(parseErr), nil
		}
		if f := checkNewAgent(&n); f != nil {
			return f, nil
		}
		ref, prior, f, err := v.replayed(ctx, q, rq)
		if f != nil || err != nil {
			return f, err
		}
		if prior != nil {
			return v.replayAgent(ctx, q, rq, prior, &out)
		}
		var taken int
		err = q.scan(ctx, "SELECT count(*) FROM agents WHERE coalesce(app_id, '') = ? AND name = ? AND status <> 'revoked'", []any{rq.who.appID, n.spec.Name}, []any{&taken})
		if err != nil {
			return nil, err
		}
		if taken > 0 {
			return nameTaken(), nil
		}
		id, keyID, err := v.insertAgent(ctx, q, n, key)
		if err == nil && ref != nil {
			err = ref.remember(ctx, q, id, keyID, micros(v.now()))
		}
		if err != nil {
			return nil, err
		}
		out.KeyID, out.APIKey = keyID, key
		out.AgentInfo, err = v.agentInfo(ctx, q, rq.who.appID, id)
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusCreated, body: out.Marshal()}
}

func orObject(raw jsontext.Value) []byte {
	if raw == nil {
		return []byte("{}")
	}
	return raw
}

func checkNewAgent(n *newAgent) *fault {
	switch {
	case n.spec.Scopes == nil:
		return unprocessable("scopes is required: a map of provider to scopes, {} for an agent that reaches nothing")
	case strings.TrimSpace(n.spec.Name) == "" || !plainText(n.spec.Name):
		return unprocessable("name must have 1 to 255 characters without surrounding space or controls")
	}
	if f := checkAgentFields(&n.spec.DisplayName, n.metadata, n.policy); f != nil {
		return f
	}
	return checkAllowlist(n.spec.Scopes)
}

func checkAgentFields(displayName *string, metadata, policy []byte) *fault {
	switch {
	case displayName != nil && utf8.RuneCountInString(*displayName) > 255:
		return unprocessable("display_name must have at most 255 characters")
	case len(metadata) > maxAgentMetadata:
		return unprocessable("metadata must not take more than 8192 bytes as JSON")
	case len(policy) > maxAgentMetadata:
		return unprocessable("policy must not take more than 8192 bytes as JSON")
	}
	return checkAgentPolicy(policy)
}

func checkAllowlist(scopes map[string][]string) *fault {
	if _, ok := scopes["managed_secrets"]; ok {
		return refuse(http.StatusUnprocessableEntity, "legacy_managed_secret_name_rejected", "scopes takes managed_secret_slugs, not managed_secrets")
	}
	if err := wire.CheckAgentScopes(scopes); err != nil {
		return unprocessable("scopes " + err.Error())
	}
	return nil
}

func (v *Vault) agentInfo(ctx context.Context, q *statements, appID, id string) (wire.AgentInfo, error) {
	r, err := v.readAgent(ctx, q, appID, id)
	if err != nil {
		return wire.AgentInfo{}, err
	}
	return v.info(ctx, q, &r)
}

// serveListAgents answers GET /sdk/agents, oldest first. With name it looks one
// agent up, among those that are not revoked.
func (v *Vault) serveListAgents(ctx context.Context, rq *request) answer {
	page, query, args, queryFault := agentQuery(rq)
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		if queryFault != nil {
			return queryFault, nil
		}
		if err := q.scan(ctx, "SELECT count(*) FROM agents a WHERE ?1 IS NOT NULL"+query, append([]any{micros(v.now())}, args...), []any{&page.Total}); err != nil {
			return nil, err
		}
		rows, err := v.readAgents(ctx, q, " WHERE 1"+query+" ORDER BY a.created_at, a.rowid LIMIT ?5 OFFSET ?6", append(args, page.Limit, page.Offset)...)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			info, err := v.info(ctx, q, &rows[i])
			if err != nil {
				return nil, err
			}
			page.Items = append(page.Items, info)
		}
		return nil, nil
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	page.HasMore = page.Offset+int64(len(page.Items)) < page.Total
	return answer{status: http.StatusOK, body: page.Marshal()}
}

// agentQuery reads the query of the list and returns the condition for it.
func agentQuery(rq *request) (page wire.AgentPage, where string, args []any, f *fault) {
	page.Limit = wire.DefaultPage
	values, err := url.ParseQuery(rq.http.URL.RawQuery)
	invalid := unprocessable("the query takes include_revoked, limit (1 to 1000) and offset, or name")
	if err != nil {
		return page, "", nil, invalid
	}
	revoked := false
	for name, list := range values {
		ok := len(list) == 1
		switch name {
		case "include_revoked":
			revoked, err = strconv.ParseBool(list[0])
			ok = ok && err == nil
		case "limit":
			page.Limit, err = strconv.ParseInt(list[0], 10, 64)
			ok = ok && err == nil && page.Limit >= 1 && page.Limit <= maxAgentPage
		case "offset":
			page.Offset, err = strconv.ParseInt(list[0], 10, 64)
			ok = ok && err == nil && page.Offset >= 0
		case "name":
			ok = ok && list[0] != ""
		}
		if !ok {
			return page, "", nil, invalid
		}
	}
	return page, " AND coalesce(a.app_id, '') = ?2 AND (?3 OR a.status <> 'revoked') AND (?4 = '' OR a.name = ?4)",
		[]any{rq.who.appID, revoked, values.Get("name")}, nil
}

// serveGetAgent answers GET /sdk/agents/{id}.
func (v *Vault) serveGetAgent(ctx context.Context, rq *request) answer {
	return v.withAgent(ctx, rq, func(context.Context, *statements, *agentRow) (*fault, error) { return nil, nil })
}

// withAgent runs change on the agent that the path names, and answers with the
// agent as it is then.
func (v *Vault) withAgent(ctx context.Context, rq *request, change func(context.Context, *statements, *agentRow) (*fault, error)) answer {
	var info wire.AgentInfo
	f := v.inAdmission(ctx, rq, func(ctx context.Context, q *statements) (*fault, error) {
		r, f, err := v.pathAgent(ctx, q, rq)
		if f != nil || err != nil {
			return f, err
		}
		if f, err := change(ctx, q, &r); f != nil || err != nil {
			return f, err
		}
		info, err = v.agentInfo(ctx, q, rq.who.appID, r.id)
		return nil, err
	})
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return answer{status: http.StatusOK, body: info.Marshal()}
}

func (v *Vault) pathAgent(ctx context.Context, q *statements, rq *request) (agentRow, *fault, error) {
	r, err := v.readAgent(ctx, q, rq.who.appID, strings.ToLower(rq.params[0]))
	if errors.Is(err, sql.ErrNoRows) {
		return r, agentNotFound(), nil
	}
	return r, nil, err
}

// serveDeleteAgent answers DELETE /sdk/agents/{id}: the agent and its keys end
// for good. Repeating it changes nothing.
func (v *Vault) serveDeleteAgent(ctx context.Context, rq *request) answer {
	return v.withAgent(ctx, rq, func(ctx context.Context, q *statements, r *agentRow) (*fault, error) {
		return nil, v.revokeAgent(ctx, q, r.id)
	})
}

// serveUpdateAgent answers PATCH /sdk/agents/{id}: other texts, another status,
// or a new allowlist.
func (v *Vault) serveUpdateAgent(ctx context.Context, rq *request) answer {
	u, parseErr := wire.ParseAgentUpdate(rq.body)
	grace, version, queryFault := updateQuery(rq)
	return v.withAgent(ctx, rq, func(ctx context.Context, q *statements, r *agentRow) (*fault, error) {
		switch {
		case parseErr != nil:
			return invalidBody(parseErr), nil
		case queryFault != nil:
			return queryFault, nil
		case r.status == string(AgentRevoked):
			return refuse(http.StatusConflict, codeAgentRevoked, "the agent was revoked"), nil
		case u.Scopes != nil && version == nil:
			return unprocessable("a new allowlist needs expected_version"), nil
		case u.Scopes == nil && grace != nil:
			return unprocessable("grace_seconds goes with scopes"), nil
		case version != nil && *version != r.version:
			return refuse(http.StatusConflict, "agent_concurrent_update", "the agent has changed since that version").
				with("current_version", r.version).withHint("read the agent again and repeat the change on it"), nil
		}
		if f := checkAgentFields(u.DisplayName, u.Metadata, u.Policy); f != nil {
			return f, nil
		}
		if f := checkAllowlist(u.Scopes); f != nil {
			return f, nil
		}
		return nil, v.updateAgent(ctx, q, r, u, grace)
	})
}

func updateQuery(rq *request) (grace, version *int64, f *fault) {
	values, err := url.ParseQuery(rq.http.URL.RawQuery)
	for name, dst := range map[string]**int64{"grace_seconds": &grace, "expected_version": &version} {
		if list, ok := values[name]; ok && err == nil {
			var n int64
			if n, err = strconv.ParseInt(list[0], 10, 64); len(list) != 1 {
				err = strconv.ErrSyntax
			}
			*dst = &n
		}
	}
	if err != nil || grace != nil && (*grace < 0 || *grace > maxGraceSeconds) || version != nil && *version < 1 {
		return nil, nil, unprocessable("the query takes grace_seconds (0 to 604800) and expected_version (from 1)")
	}
	return grace, version, nil
}

// updateAgent writes what changed; the version counts changes, not requests.
func (v *Vault) updateAgent(ctx context.Context, q *statements, r *agentRow, u wire.AgentUpdate, grace *int64) error {
	before := *r
	if u.DisplayName != nil {
		r.displayName = *u.DisplayName
	}
	if u.Metadata != nil {
		r.metadata = u.Metadata
	}
	if u.Policy != nil {
		r.policy = u.Policy
	}
	if u.Status != "" {
		r.status = u.Status
	}
	if u.Scopes != nil {
		r.allow(u.Scopes, grace, v.now())
	}
	changed, err := agentColumns(r)
	if err != nil {
		return err
	}
	stored, err := agentColumns(&before)
	if err != nil {
		return err
	}
	same := true
	for i := range changed {
		same = same && changed[i] == stored[i]
	}
	if same {
		return nil
	}
	if err := v.record(ctx, q, updateEvent(r.id, &before, u)); err != nil {
		return err
	}
	return q.exec(ctx, `UPDATE agents SET display_name = ?, metadata = ?, policy = ?, status = ?, scopes = ?, scopes_pending = ?, scopes_applies_at = ?, version = version + 1
WHERE id = ?`, append(changed, r.id)...)
}

func updateEvent(id string, before *agentRow, u wire.AgentUpdate) Event {
	action := "agent.updated"
	switch {
	case u.Status == string(AgentInactive) && before.status != u.Status:
		action = "agent.suspended"
	case u.Status == string(AgentActive) && before.status != u.Status:
		action = "agent.resumed"
	}
	var changed []string
	for name, set := range map[string]bool{"display_name": u.DisplayName != nil, "metadata": u.Metadata != nil, "policy": u.Policy != nil, "scopes": u.Scopes != nil} {
		if set {
			changed = append(changed, name)
		}
	}
	return agentEvent(action, id, "set", strings.Join(mergeSorted(changed, nil), " "))
}

func agentColumns(r *agentRow) ([]any, error) {
	out := []any{r.displayName, string(r.metadata), string(r.policy), r.status, nil, nil, nil}
	for i, m := range []map[string][]string{r.scopes, r.pending} {
		if m == nil {
			continue
		}
		raw, err := json.Marshal(m, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		out[4+i] = string(raw) //nolint:gosec // G602: two maps, and seven columns
	}
	if r.appliesAt.Valid {
		out[6] = r.appliesAt.Int64
	}
	return out, nil
}

// allow sets a new allowlist. What it adds counts at once; what it takes away
// counts after the grace, so that a running agent is not cut off by surprise.
func (r *agentRow) allow(wanted map[string][]string, grace *int64, now time.Time) {
	r.pending, r.appliesAt = nil, sql.NullInt64{}
	wide := map[string][]string{}
	for provider, list := range wanted {
		wide[provider] = mergeSorted(list, r.scopes[provider])
	}
	for provider, list := range r.scopes {
		if _, ok := wide[provider]; !ok {
			wide[provider] = mergeSorted(list, nil)
		}
	}
	narrowing := r.scopes == nil || !sameScopes(wide, wanted)
	wait := int64(defaultGraceLimit)
	if grace != nil {
		wait = *grace
	}
	if !narrowing || wait == 0 {
		r.scopes = wanted
		return
	}
	if r.scopes != nil {
		r.scopes = wide
	}
	r.pending, r.appliesAt = wanted, sql.NullInt64{Int64: micros(now.Add(time.Duration(wait) * time.Second)), Valid: true}
}

func sameScopes(wide, wanted map[string][]string) bool {
	if len(wide) != len(wanted) {
		return false
	}
	for provider, list := range wanted {
		if len(wide[provider]) != len(mergeSorted(list, nil)) {
			return false
		}
	}
	return true
}
