package local

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// ActorKind is what kind of party did something.
type ActorKind string

// The kinds.
const (
	ActorOperator ActorKind = "operator" // a method of Vault, a command, a page of the operator
	ActorApp      ActorKind = "app"      // an app's key
	ActorAgent    ActorKind = "agent"    // an agent's own key
	ActorUser     ActorKind = "user"     // a browser that holds the link of a session or an approval
	ActorVault    ActorKind = "vault"    // the vault by itself
)

// Event is one change of who may do what: an agent, a key, a grant, a rule, a
// decision, a sign-in. It is written in the transaction that made the change,
// and never changed. Calls are not events, they are in [Vault.Audit].
type Event struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`

	// Action is what was done, such as "agent.created", "key.rotated",
	// "grant.delegated", "rule.disabled", "approval.approved", "user.signed_in".
	Action string `json:"action"`

	// Who did it. An app's key that acts as an agent has an AgentID, too.
	Actor     ActorKind `json:"actor"`
	ActorName string    `json:"actor_name,omitempty"` // as AsOperator says, or the agent's name
	AppID     string    `json:"app_id,omitempty"`
	AgentID   string    `json:"agent_id,omitempty"`
	KeyID     string    `json:"key_id,omitempty"`
	UserID    string    `json:"user_id,omitempty"`
	RunID     string    `json:"run_id"` // what the client claims
	RequestID string    `json:"request_id,omitempty"`

	// What it was done to. Target is the first half of Action, as a rule.
	Target   string            `json:"target"`
	TargetID string            `json:"target_id"`
	GrantID  string            `json:"grant_id"`          // when a grant is concerned
	Details  map[string]string `json:"details,omitempty"` // names, providers, what changed; never a secret
}

// EventFilter picks events. Zero fields do not restrict.
type EventFilter struct {
	Action  string
	AgentID string // who did it, or to whom it was done
	GrantID string
	RunID   string
	Since   time.Time
	Limit   int // newest events kept; 0 = all
}

// Events returns the events that fit the filter, oldest first.
func (v *Vault) Events(ctx context.Context, filter EventFilter) ([]Event, error) {
	var events []Event
	for e, err := range v.EventRows(ctx, filter) {
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// EventRows yields events as [Vault.AuditRows] yields calls.
func (v *Vault) EventRows(ctx context.Context, filter EventFilter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := v.store.flush(ctx); err != nil {
			yield(Event{}, err)
			return
		}
		eventTrail(filter).rows(ctx, v.store.read, yield)
	}
}

// ReadEvents yields the events of the vault in dir, as [ReadAudit] does calls.
func ReadEvents(ctx context.Context, dir string, filter EventFilter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		eventTrail(filter).readFrom(ctx, dir, yield)
	}
}

// MarshalJSON writes the event as `grantvault audit list --json` prints it: as a
// call's row, with "event" as its kind.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	return json.Marshal(struct {
		Kind  string `json:"kind"`
		plain `json:",inline"`
	}{"event", plain(e)}, json.Deterministic(true))
}

// AsOperator names who acts with a context, for the events of what is done with
// it: "console", or a person's name. Without it, operators are nameless.
func AsOperator(ctx context.Context, name string) context.Context {
	return withActor(ctx, Event{Actor: ActorOperator, ActorName: bounded(name, 255)})
}

type actorKey struct{}

// withActor says who acts. Only the actor's fields of e count.
func withActor(ctx context.Context, e Event) context.Context {
	return context.WithValue(ctx, actorKey{}, e)
}

// actingFor says that a request acts.
func actingFor(ctx context.Context, rq *request) context.Context {
	return context.WithValue(ctx, actorKey{}, rq)
}

// actorOf is who acts; without anybody it is the operator.
func actorOf(ctx context.Context) Event {
	switch who := ctx.Value(actorKey{}).(type) {
	case *request:
		return who.actor()
	case Event:
		return who
	}
	return Event{Actor: ActorOperator}
}

// actor is who sent a request, for events.
func (rq *request) actor() Event {
	e := Event{
		Actor: ActorApp, ActorName: rq.who.agentName, AppID: rq.who.appID, AgentID: rq.who.agentID, KeyID: rq.who.keyID, RequestID: rq.id,
	}
	if rq.who.own {
		e.Actor = ActorAgent
	}
	if pairs, err := wire.ParseContext(rq.signed.Context); err == nil {
		for _, p := range pairs {
			if p.Key == "run_id" {
				e.RunID = bounded(p.Value, maxAuditText)
			}
		}
	}
	return e
}

// record writes an event. Call it in the transaction that makes the change,
// after the change, and only when something changed: the transaction then has
// both or neither. Who acts is known from ctx (inAdmission sets the key of a
// request, settle the user of a session); without any it is the operator.
//
// Set Action, Target and TargetID, GrantID when a grant is concerned, and as
// Details what a reader wants to know. No secret, no URL with a query, no text
// that a client chose freely, but names and IDs.
func (v *Vault) record(ctx context.Context, q *statements, e Event) error {
	who := actorOf(ctx)
	details := map[string]string{}
	for name, value := range e.Details {
		if value != "" {
			details[name] = bounded(value, maxAuditText)
		}
	}
	raw, err := json.Marshal(details, json.Deterministic(true))
	if err != nil {
		return err
	}
	return q.exec(ctx, `INSERT INTO events (`+eventColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		newID(), micros(v.now()), e.Action, string(who.Actor), oneLine(who.ActorName), who.AppID, who.AgentID, who.KeyID, who.UserID,
		who.RunID, who.RequestID, e.Target, e.TargetID, e.GrantID, string(raw))
}

const eventColumns = `id, created_at, action, actor, actor_name, app_id, agent_id, key_id, user_id, run_id, request_id, target, target_id, grant_id, details`

func eventTrail(f EventFilter) *trail[Event] {
	t := &trail[Event]{
		table: "events", columns: eventColumns, limit: f.Limit, scan: scanEvent,
		where: `(?1 = '' OR run_id = ?1) AND (?2 = '' OR agent_id = ?2 OR target_id = ?2) AND (?3 = '' OR grant_id = ?3) AND created_at >= ?4 AND (?5 = '' OR action = ?5)`,
		args:  []any{f.RunID, f.AgentID, f.GrantID, int64(0), f.Action},
	}
	if !f.Since.IsZero() {
		t.args[3] = micros(f.Since)
	}
	return t
}

func scanEvent(rows *sql.Rows, seq *int64) (Event, error) {
	var e Event
	var created sql.NullInt64
	var details []byte
	err := rows.Scan(&e.ID, &created, &e.Action, &e.Actor, &e.ActorName, &e.AppID, &e.AgentID, &e.KeyID, &e.UserID, &e.RunID, &e.RequestID,
		&e.Target, &e.TargetID, &e.GrantID, &details, seq)
	if err != nil {
		return e, err
	}
	e.Time = fromMicros(created)
	return e, json.Unmarshal(details, &e.Details)
}
