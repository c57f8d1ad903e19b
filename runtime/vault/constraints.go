package vault

import (
	"slices"
	"strings"
	"sync"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Constraints narrow what one client may do; they never widen it. At least one
// of the two is set.
type Constraints struct {
	// Scopes are the API key's scopes that stay; nil keeps all. A scope that the
	// key does not have makes every call fail with code "constraint_not_narrowing".
	Scopes []string
	// Rule applies to every call to a provider; nil is none. It is checked before
	// anything is sent, and kept with a pending approval.
	Rule rule.Rule
}

// WithConstraints returns an application that makes its calls under
// constraints. It shares connections, limits and life with a, and need not be
// closed. The user token that a has now goes along. Constraints cannot be added
// to a client that has some, and are taken over by App.Agent.
//
// Constraints are signed: who strips or changes them on the way makes the call
// fail. They say what this program gives up, not what a holder of the key could
// do without them.
func (a *App) WithConstraints(c Constraints) (*App, error) {
	sibling, err := a.constrained(c)
	if err != nil {
		return nil, err
	}
	return &App{sibling}, nil
}

// WithConstraints is [App.WithConstraints] for an agent.
func (a *Agent) WithConstraints(c Constraints) (*Agent, error) {
	sibling, err := a.constrained(c)
	if err != nil {
		return nil, err
	}
	return &Agent{client: sibling, identity: a.identity}, nil
}

func (c *client) constrained(want Constraints) (*client, error) {
	if c.backend.isConstrained() {
		return nil, invalid("constraints", "cannot be added to a client that has some: start from the client without")
	}
	scopes, header, err := want.headers()
	if err != nil {
		return nil, err
	}
	if !c.life.begin() {
		return nil, closedError()
	}
	defer c.life.end()
	s := &client{
		backend: c.backend.as(c.backend.caller, c.backend.callerType), provider: c.provider, mode: c.mode, signer: c.signer, span: c.span,
		life: newLifecycle(), delegated: c.delegated,
	}
	if c.warnOnce != nil {
		s.warnOnce = new(sync.Once)
	}
	s.backend.owned = false
	s.backend.scopes, s.backend.rule = scopes, header
	s.backend.actorID.Store(c.backend.actorID.Load())
	s.userToken.Store(c.userToken.Load())
	s.life.parent = c.life
	s.reports = c.reports.child(s.backend)
	return s, nil
}

// headers checks the constraints and returns their two headers.
func (c Constraints) headers() (scopes, ruleHeader string, fault error) {
	if c.Scopes == nil && c.Rule == nil {
		return "", "", invalid("constraints", "hold neither scopes nor a rule")
	}
	if c.Scopes != nil {
		if err := wire.CheckScopes(c.Scopes); err != nil {
			return "", "", invalid("constraints", "scopes "+err.Error())
		}
		scopes = strings.Join(slices.Clone(c.Scopes), ",")
	}
	if c.Rule != nil {
		body, err := rule.Body(c.Rule)
		if err != nil {
			return "", "", invalid("constraints", err.Error())
		}
		if ruleHeader, err = wire.EncodeRequestRule(string(c.Rule.Kind()), body); err != nil {
			return "", "", invalid("constraints", "rule "+err.Error())
		}
	}
	return scopes, ruleHeader, nil
}
