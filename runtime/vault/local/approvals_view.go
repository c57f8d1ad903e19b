package local

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grantwire/grantwire/runtime/vault/internal/console"
)

// Approval is a call that a person decides about, as the operator sees it.
type Approval struct {
	ID        string // of the call: the group of its gates
	Status    string // pending, approved, executing, executed, denied, expired or failed
	Gates     []Gate
	AppID     string
	AgentID   string
	AgentName string
	GrantID   string
	Provider  string
	Account   string // of the grant, "" when the provider named none
	Operation string // as the vault names the call; "" = unknown
	Reason    string // the caller's own words

	// Fields are the request, one by one, in the order in which a reader wants
	// them. Empty once the call has ended and the request is not kept.
	Fields []RequestField

	CreatedAt, ExpiresAt, DecidedAt, ExecutedAt time.Time // zero = not yet
	DecisionReason                              string
	Fault                                       string // why it failed
}

// Gate is one of the decisions that a call needs.
type Gate struct {
	ID, RuleID, Rule string // Rule is the rule's name, "" for the client's own
	Status           string
	DecidedBy        string
	ExpiresAt        time.Time
}

// Approvals lists calls that wait for a person, and with all those that have
// ended and are remembered, the oldest first.
func (v *Vault) Approvals(ctx context.Context, all bool) ([]Approval, error) {
	v.operations(ctx)
	var list []Approval
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		ids, err := heldIDs(ctx, q, "?1 OR state = 'pending' AND expires_at > ?2", all, micros(v.now()))
		for _, id := range ids {
			if err != nil {
				break
			}
			var a *Approval
			if a, err = v.viewHeld(ctx, q, id); a != nil {
				list = append(list, *a)
			}
		}
		return err
	})
	if err != nil {
		return nil, operatorError("listing the approvals", err)
	}
	return list, nil
}

// Approval returns one call, by its ID or that of one of its gates.
func (v *Vault) Approval(ctx context.Context, id string) (*Approval, error) {
	v.operations(ctx)
	var a *Approval
	err := v.store.read(ctx, func(ctx context.Context, q *statements) (err error) {
		a, err = v.viewHeld(ctx, q, id)
		return err
	})
	if err == nil && a == nil {
		err = &SpecError{"id", "is of no approval"}
	}
	if err != nil {
		return nil, operatorError("reading the approval", err)
	}
	return a, nil
}

// ApprovalDecision is what a person said.
type ApprovalDecision struct {
	By     string // who decides, for the record
	Reason string // told to the caller, up to 500 characters
}

// Approve approves a gate, or with the call's ID all of its gates. The last
// approval executes the call, once, before Approve returns; what came of it is
// in the approval.
func (v *Vault) Approve(ctx context.Context, id string, d ApprovalDecision) (*Approval, error) {
	return v.decideAs(ctx, id, true, d)
}

// Deny refuses a call, whatever its other gates say.
func (v *Vault) Deny(ctx context.Context, id string, d ApprovalDecision) (*Approval, error) {
	return v.decideAs(ctx, id, false, d)
}

func (v *Vault) decideAs(ctx context.Context, id string, approve bool, d ApprovalDecision) (*Approval, error) {
	if utf8.RuneCountInString(d.Reason) > 500 || !utf8.ValidString(d.Reason) {
		return nil, &SpecError{"ApprovalDecision.Reason", "must be at most 500 characters"}
	}
	if ctx.Value(actorKey{}) == nil {
		ctx = AsOperator(ctx, d.By)
	}
	h, err := v.decideGate(ctx, id, approve, bounded(d.By, 255), oneLine(d.Reason))
	if err == nil {
		err = v.settleHeld(ctx, h.id)
	}
	if errors.Is(err, errDecided) {
		return nil, &SpecError{"id", "is of an approval that was decided before, or whose time is over"}
	}
	if err != nil {
		return nil, operatorError("deciding the approval", err)
	}
	return v.Approval(ctx, h.id)
}

func heldIDs(ctx context.Context, q *statements, condition string, args ...any) (ids []string, err error) {
	err = q.each(ctx, "SELECT id FROM held_calls WHERE "+condition+" ORDER BY created_at, id", args, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// viewHeld is nil when there is no such call.
func (v *Vault) viewHeld(ctx context.Context, q *statements, id string) (*Approval, error) {
	h, err := readHeld(ctx, q, byGate, strings.ToLower(id))
	if err != nil || h == nil {
		return nil, err
	}
	a := &Approval{
		ID: h.id, Status: h.status(v.now()), AppID: h.appID, AgentID: h.agentID, GrantID: h.grantID, DecisionReason: h.reason, Fault: h.fault,
		CreatedAt: time.UnixMicro(h.created).UTC(), ExpiresAt: time.UnixMicro(h.expires).UTC(), DecidedAt: fromMicros(h.decided), ExecutedAt: fromMicros(h.executed),
	}
	for _, g := range h.gates {
		a.Gates = append(a.Gates, Gate{g.id, g.ruleID, g.ruleName, g.state, g.decidedBy, time.UnixMicro(g.expires).UTC()})
	}
	err = q.scan(ctx, "SELECT provider, CASE WHEN account_name <> '' THEN account_name ELSE account END FROM grants WHERE id = ?", []any{h.grantID}, []any{&a.Provider, &a.Account})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	r, err := v.openRequest(h)
	if err != nil {
		return nil, err
	}
	a.AgentName = r.AgentName
	if r.Reason != nil {
		a.Reason = *r.Reason
	}
	a.Operation, a.Fields = v.requestFields(&r)
	return a, nil
}

// Visible spells out what a screen or terminal would hide or act upon: control
// characters but line ends and tabs, marks that change the direction of text,
// invisible characters, and bytes that are no text.
func Visible(s string) string { return console.Visible(s) }
