package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // rules name time zones, and a small machine may have no database of them
	"unicode/utf8"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// RuleTarget says which calls a stored rule applies to.
type RuleTarget string

// The targets.
const (
	TargetVault    RuleTarget = "vault"    // all calls
	TargetApp      RuleTarget = "app"      // of an application, its agents included
	TargetAgent    RuleTarget = "agent"    // of an agent
	TargetGrant    RuleTarget = "grant"    // under a grant
	TargetProvider RuleTarget = "provider" // to a provider
)

// layerRequest is the rule that a client sent along.
const layerRequest = "request"

// RuleSpec describes a rule that the vault keeps.
type RuleSpec struct {
	Name        string // required, up to 120 characters
	Description string // up to 2000 characters
	Target      RuleTarget
	TargetID    string // ID of the app, agent or grant, the provider's ID, "" for the vault
	Rule        rule.Rule
	Disabled    bool // kept, and not applied
}

// Rule is a stored rule.
type Rule struct {
	ID string
	RuleSpec
	CreatedAt, UpdatedAt time.Time
}

// CreateRule stores a rule; it applies to every call that is decided from then
// on. It fails with a *SpecError when a field is not acceptable, or the target
// does not exist.
func (v *Vault) CreateRule(ctx context.Context, spec RuleSpec) (*Rule, error) {
	body, err := spec.check()
	if err != nil {
		return nil, err
	}
	now := v.now().UTC()
	r := &Rule{ID: newID(), RuleSpec: spec, CreatedAt: now, UpdatedAt: now}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) error {
		if err := spec.checkTarget(ctx, q); err != nil {
			return err
		}
		err := q.exec(ctx, `INSERT INTO rules (id, kind, name, description, enabled, target, target_id, body, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?)`,
			r.ID, string(spec.Rule.Kind()), spec.Name, spec.Description, !spec.Disabled, string(spec.Target), spec.TargetID, string(body), micros(now), micros(now))
		if err != nil {
			return err
		}
		e := ruleEvent("rule.created", r.ID)
		e.Details = map[string]string{"name": spec.Name, "kind": string(spec.Rule.Kind()), "for": strings.TrimSpace(string(spec.Target) + " " + spec.TargetID)}
		return v.record(ctx, q, e)
	})
	if err != nil {
		return nil, operatorError("creating the rule", err)
	}
	return r, nil
}

func (s *RuleSpec) check() (body []byte, err error) {
	switch {
	case s.Name == "" || utf8.RuneCountInString(s.Name) > 120 || oneLine(s.Name) != s.Name:
		return nil, &SpecError{"RuleSpec.Name", "must be 1 to 120 characters on one line"}
	case utf8.RuneCountInString(s.Description) > 2000 || !utf8.ValidString(s.Description):
		return nil, &SpecError{"RuleSpec.Description", "must be at most 2000 characters"}
	case s.Rule == nil:
		return nil, &SpecError{"RuleSpec.Rule", "is required"}
	case (s.Target == TargetVault) != (s.TargetID == ""):
		return nil, &SpecError{"RuleSpec.TargetID", "goes with every target but the vault"}
	}
	if body, err = rule.Body(s.Rule); err != nil {
		return nil, &SpecError{"RuleSpec.Rule", err.Error()}
	}
	return body, nil
}

func (s *RuleSpec) checkTarget(ctx context.Context, q *statements) error {
	var query string
	switch s.Target {
	case TargetVault, TargetProvider: // a provider needs no configuration to have grants
		return nil
	case TargetApp:
		query = "SELECT 1 FROM apps WHERE id = ?"
	case TargetAgent:
		query = "SELECT 1 FROM agents WHERE id = ?"
	case TargetGrant:
		query = "SELECT 1 FROM grants WHERE id = ?"
	default:
		return &SpecError{"RuleSpec.Target", "must be one of vault, app, agent, grant, provider"}
	}
	var one int
	err := q.scan(ctx, query, []any{s.TargetID}, []any{&one})
	if errors.Is(err, sql.ErrNoRows) {
		return &SpecError{"RuleSpec.TargetID", "must be the ID of an existing " + string(s.Target)}
	}
	return err
}

const ruleColumns = `id, kind, name, description, enabled, target, target_id, body, created_at, updated_at`

// Rules lists the stored rules in the order in which they are applied.
func (v *Vault) Rules(ctx context.Context) ([]Rule, error) {
	var list []Rule
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, `SELECT `+ruleColumns+` FROM rules ORDER BY created_at, id`, nil, func(rows *sql.Rows) error {
			r, err := scanRule(rows)
			if err == nil {
				list = append(list, r.Rule)
			}
			return err
		})
	})
	if err != nil {
		return nil, operatorError("listing the rules", err)
	}
	return list, nil
}

// storedRule is a row, whose body may be beyond this release.
type storedRule struct {
	Rule
	fault error
}

func scanRule(rows *sql.Rows) (storedRule, error) {
	var r storedRule
	var kind, body string
	var enabled bool
	var created, updated sql.NullInt64
	if err := rows.Scan(&r.ID, &kind, &r.Name, &r.Description, &enabled, &r.Target, &r.TargetID, &body, &created, &updated); err != nil {
		return r, err
	}
	r.Disabled, r.CreatedAt, r.UpdatedAt = !enabled, fromMicros(created), fromMicros(updated)
	r.RuleSpec.Rule, r.fault = rule.Parse(rule.Kind(kind), []byte(body))
	return r, nil
}

// EnableRule switches a stored rule on or off.
func (v *Vault) EnableRule(ctx context.Context, id string, enabled bool) error {
	action := "rule.disabled"
	if enabled {
		action = "rule.enabled"
	}
	return v.changeRule(ctx, "changing the rule", action, "UPDATE rules SET enabled = ?2, updated_at = ?3 WHERE id = ?1", id, enabled, micros(v.now()))
}

// RemoveRule removes a stored rule.
func (v *Vault) RemoveRule(ctx context.Context, id string) error {
	return v.changeRule(ctx, "removing the rule", "rule.removed", "DELETE FROM rules WHERE id = ?1", id)
}

func ruleEvent(action, id string) Event { return Event{Action: action, Target: "rule", TargetID: id} }

// changeRule runs a change of the rule whose ID is the first argument.
func (v *Vault) changeRule(ctx context.Context, what, action, query string, id string, args ...any) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		n, err := q.execCount(ctx, query, append([]any{id}, args...)...)
		if err == nil && n == 0 {
			err = &SpecError{"id", "is of no rule"}
		}
		if err != nil {
			return err
		}
		return v.record(ctx, q, ruleEvent(action, id))
	})
	if err != nil {
		return operatorError(what, err)
	}
	return nil
}

// rulesFor returns every rule that applies to a call: the client's own first,
// then those of the grant's and the agent's policy.
func (v *Vault) rulesFor(ctx context.Context, q *statements, rq *request, g *grantRow) (list []policy.Named, perMinute int64, err error) {
	own, fault, err := readAgentPolicy(ctx, q, rq.who.agentID)
	if err != nil {
		return nil, 0, err
	}
	list = slices.Concat(rq.ownRule(), g.rules(), agentRules(rq.who.agentID, own, fault))
	err = q.each(ctx, `SELECT `+ruleColumns+` FROM rules WHERE enabled = 1 AND (target = 'vault'
  OR target = 'app' AND target_id IN (?1, ?2) OR target = 'agent' AND target_id = ?3 OR target = 'grant' AND target_id = ?4 OR target = 'provider' AND target_id = ?5)
ORDER BY created_at, id`, []any{rq.who.appID, g.appID, rq.who.agentID, g.id, g.provider}, func(rows *sql.Rows) error {
		r, err := scanRule(rows)
		if err == nil {
			list = append(list, policy.Named{ID: r.ID, Name: r.Name, Layer: string(r.Target), Rule: r.RuleSpec.Rule, Fault: r.fault})
		}
		return err
	})
	return list, own.perMinute, err
}

// ownRule is the rule that a constrained client sends along.
func (rq *request) ownRule() []policy.Named {
	if rq.rule == nil {
		return nil
	}
	return []policy.Named{{Layer: layerRequest, Rule: rq.rule}}
}

// readRule takes the client's own rule from its header. A rule that is not
// understood must not be passed over: it would widen what the client gave up.
func (rq *request) readRule() *fault {
	if rq.signed.RequestRule == "" {
		return nil
	}
	kind, body, err := wire.DecodeRequestRule(rq.signed.RequestRule)
	if err == nil {
		rq.rule, err = rule.Parse(rule.Kind(kind), body)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, codeInvalidRule, fmt.Sprintf("the client's own rule was not accepted: %v", err))
	}
	return nil
}
