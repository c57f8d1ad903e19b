package local

import (
	"net/http"
	"slices"
	"strings"
)

// scopeVersion is the version of the scope names that this release knows.
const scopeVersion = 1

// agentKeyScopes is what a managed agent's own key may do: call, look at what
// it reaches, and manage its own keys and delegations.
func agentKeyScopes() []string {
	return []string{
		"approvals:read", "audit:emit", "connect:initiate", "grants:read", "identity:assert", "identity:resolve",
		"idp_users:read", "idp_users:write", "keys:admin", "keys:derive", "providers:read", "proxy:execute", "secrets:write", "spans:emit", "tokens:retrieve",
	}
}

// actionVerbs are covered by no wildcard but the bare "*".
var actionVerbs = []string{"assert", "derive", "emit", "execute", "initiate", "resolve", "retrieve"}

// verbRank orders the verbs of which one implies the lower ones.
func verbRank(verb string) int { return slices.Index([]string{"read", "write", "admin"}, verb) }

// validScope accepts "*", "resource:verb" and "resource:verb:instance".
func validScope(s string) bool {
	if s == "*" {
		return true
	}
	parts := strings.Split(s, ":")
	if len(parts) != 2 && len(parts) != 3 || len(s) > 255 {
		return false
	}
	for i, p := range parts {
		if p == "*" && i < 2 {
			continue
		}
		if p == "" || strings.ContainsFunc(p, func(r rune) bool { return !scopeRune(r) }) {
			return false
		}
	}
	return true
}

func scopeRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.'
}

// scopeImplies reports whether one scope allows all that need allows.
func scopeImplies(have, need string) bool {
	if have == "*" || have == need {
		return true
	}
	h, n := strings.Split(have, ":"), strings.Split(need, ":")
	if len(h) < 2 || len(n) < 2 {
		return false
	}
	if h[0] != "*" && h[0] != n[0] {
		return false
	}
	if len(h) == 3 && (len(n) != 3 || h[2] != n[2]) {
		return false
	}
	wild := h[0] == "*" || h[1] == "*"
	switch {
	case wild && slices.Contains(actionVerbs, n[1]):
		return false
	case h[1] == "*", h[1] == n[1]:
		return true
	}
	return verbRank(n[1]) >= 0 && verbRank(h[1]) >= verbRank(n[1])
}

func scopesImply(have []string, need string) bool {
	return slices.ContainsFunc(have, func(h string) bool { return scopeImplies(h, need) })
}

// checkScopes applies the key's scopes and what a constrained client gave up of
// them, and keeps the result in rq.scopes.
func checkScopes(rq *request, key []string) *fault {
	rq.scopes = key
	if rq.signed.Scopes != "" {
		rq.scopes = strings.Split(rq.signed.Scopes, ",")
		for _, s := range rq.scopes {
			if !validScope(s) || !scopesImply(key, s) {
				return refuse(http.StatusBadRequest, "constraint_not_narrowing", "the client's scope constraints are not within the key's scopes")
			}
		}
	}
	need := rq.endpoint.scope
	switch {
	case need == "":
		return nil
	case rq.endpoint.mode != "":
		// Which grant is meant is not known yet: judge looks at the instance.
		if slices.ContainsFunc(rq.scopes, func(s string) bool { return strings.HasPrefix(s, need+":") }) {
			return nil
		}
	case rq.endpoint.orScope != "" && scopesImply(rq.scopes, rq.endpoint.orScope):
		return nil
	case len(rq.params) > 0:
		need += ":" + strings.ToLower(rq.params[0])
	}
	if f := rq.scopeFault(need); f != nil || rq.endpoint.andScope == "" {
		return f
	}
	return rq.scopeFault(rq.endpoint.andScope)
}

// scopeFault refuses a request whose scopes do not allow what it needs.
func (rq *request) scopeFault(need string) *fault {
	if scopesImply(rq.scopes, need) {
		return nil
	}
	return refuse(http.StatusForbidden, codeInsufficientScope, "the key, or the client's own scope constraints, do not include what this endpoint needs").
		with("required", rq.endpoint.scopes()).with("granted", rq.scopes).with("missing", rq.missingScopes()).
		with("scope_version", scopeVersion).with("current_scope_version", scopeVersion)
}

// missingScopes are those of the endpoint that the request lacks.
func (rq *request) missingScopes() []string {
	all := rq.endpoint.scopes()
	if rq.endpoint.andScope == "" {
		return all
	}
	return slices.DeleteFunc(all, func(s string) bool { return scopesImply(rq.scopes, s) })
}

// scopes are those that a request needs, or of which it needs one.
func (e *endpoint) scopes() []string {
	switch {
	case e.orScope != "":
		return []string{e.scope, e.orScope}
	case e.andScope != "":
		return []string{e.scope, e.andScope}
	}
	return []string{e.scope}
}
