package local

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// serveScopes answers GET /sdk/scopes: the names that a key's scopes may have.
// They are read off the endpoints and what agents' keys hold, so that the
// catalog cannot fall behind.
func (v *Vault) serveScopes(ctx context.Context, rq *request) answer {
	f := v.inAdmission(ctx, rq, func(context.Context, *statements) (*fault, error) { return nil, nil })
	if f != nil {
		return v.fail(ctx, rq, f)
	}
	return jsonAnswer(http.StatusOK, scopeCatalog())
}

func scopeCatalog() map[string]any {
	names := agentKeyScopes()
	for _, e := range endpoints() {
		names = append(names, e.scope)
	}
	verbs := map[string][]string{}
	for _, name := range names {
		if resource, verb, ok := strings.Cut(name, ":"); ok {
			verbs[resource] = mergeSorted(verbs[resource], []string{verb})
		}
	}
	resources := map[string]any{}
	for resource, list := range verbs {
		resources[resource] = map[string]any{"verbs": list}
	}
	return map[string]any{
		"scope_version": scopeVersion, "resources": resources, "action_verbs": slices.Clone(actionVerbs), "deprecated": []string{},
	}
}
