package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// ErrNotFound is wrapped by operator methods that were given an unknown ID.
var ErrNotFound = errors.New("not found")

// SpecError says which field of a spec was refused and what it should hold. It
// never holds the value.
type SpecError struct {
	Field  string // "GrantSpec.Hosts[1]"
	Reason string
}

func (e *SpecError) Error() string { return "local: " + e.Field + ": " + e.Reason }

// AgentStatus is the state of an agent.
type AgentStatus string

// The states.
const (
	AgentActive   AgentStatus = "active"
	AgentInactive AgentStatus = "inactive" // suspended; PauseAgent and ResumeAgent
	AgentRevoked  AgentStatus = "revoked"
)

// AgentSpec describes a new agent.
type AgentSpec struct {
	AppID       string            // may be empty while the vault has at most one app: then it is that one's
	Name        string            // required, 1 to 255 characters, unique among the app's agents that are not revoked
	DisplayName string            // optional, up to 255 characters
	Type        string            // "agent" (default) or "service"
	Metadata    map[string]string // optional; the agent itself sees it in me

	// Scopes is the agent's allowlist, by provider: grants of a provider that it
	// does not name are out of the agent's reach. Nil allows every provider, an
	// empty map none.
	Scopes map[string][]string
}

// Agent is an agent as the operator sees it. It holds no secret.
type Agent struct {
	ID, AppID, Name, DisplayName, Type string
	Status                             AgentStatus
	Version                            int64
	Metadata                           map[string]string   // a value that is no string is shown as JSON
	Scopes                             map[string][]string // nil = not limited
	CreatedAt, LastUsedAt              time.Time           // LastUsedAt is exact to a minute; zero = never
}

// AgentCredentials is a new agent with its key. The key is shown this once: the
// vault keeps only what checks it. Printing, logging or marshalling the value
// hides the key; read the field.
type AgentCredentials struct {
	ID    string // of the agent
	KeyID string // for RevokeKey
	Key   string // alter_key_…
}

// Format implements fmt.Formatter and hides the key.
func (c AgentCredentials) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{ID:%s KeyID:%s Key:%s}", c.ID, c.KeyID, hidden)
}

// LogValue implements slog.LogValuer and hides the key.
func (c AgentCredentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON hides the key.
func (c AgentCredentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": c.ID, "key_id": c.KeyID, "key": hidden}, json.Deterministic(true))
}

const hidden = "[hidden]"

// CreateAgent adds an agent with its first key. It fails with a *SpecError when
// a field is not acceptable.
func (v *Vault) CreateAgent(ctx context.Context, spec AgentSpec) (*AgentCredentials, error) {
	return v.createAgent(ctx, spec, wire.NewManagedKey())
}

func (v *Vault) createAgent(ctx context.Context, spec AgentSpec, key string) (*AgentCredentials, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(spec.Metadata, json.Deterministic(true))
	if err != nil {
		return nil, &SpecError{"AgentSpec.Metadata", "must hold valid UTF-8"}
	}
	n := newAgent{spec: spec, metadata: metadata}
	creds := &AgentCredentials{}
	err = v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		if n.spec.AppID, err = v.appFor(ctx, q, "AgentSpec.AppID", spec.AppID); err != nil {
			return err
		}
		creds.ID, creds.KeyID, err = v.insertAgent(ctx, q, n, key)
		return err
	})
	if isConstraint(err) {
		return nil, &SpecError{"AgentSpec.Name", "is taken by another agent: choose another name, or revoke that one"}
	}
	if err != nil {
		return nil, operatorError("creating the agent", err)
	}
	creds.Key = key
	return creds, nil
}

// newAgent is a checked spec with what only the protocol can set.
type newAgent struct {
	spec             AgentSpec
	metadata, policy []byte // JSON objects; nil = {}
}

// insertAgent adds an agent with its first key. A name that is taken is a
// constraint error.
func (v *Vault) insertAgent(ctx context.Context, q *statements, n newAgent, key string) (agentID, keyID string, err error) {
	var scopes any
	if n.spec.Scopes != nil {
		raw, err := json.Marshal(n.spec.Scopes, json.Deterministic(true))
		if err != nil {
			return "", "", err
		}
		scopes = string(raw)
	}
	if n.policy == nil {
		n.policy = []byte("{}")
	}
	agentID = newID()
	err = q.exec(ctx, `INSERT INTO agents (id, app_id, name, display_name, type, status, version, metadata, policy, scopes, created_at)
VALUES (?,?,?,?,?,?,1,?,?,?,?)`, agentID, nullIfEmpty(n.spec.AppID), n.spec.Name, nullIfEmpty(n.spec.DisplayName), n.spec.Type, string(AgentActive),
		string(n.metadata), string(n.policy), scopes, micros(v.now()))
	if err != nil {
		return "", "", err
	}
	if err := v.record(ctx, q, agentEvent("agent.created", agentID, "name", n.spec.Name)); err != nil {
		return "", "", err
	}
	keyID, err = v.insertKey(ctx, q, newKey{agentID: agentID, kind: wire.KeyManaged, name: n.spec.Name + "-1"}, key)
	return agentID, keyID, err
}

func agentEvent(action, id string, details ...string) Event {
	e := Event{Action: action, Target: "agent", TargetID: id, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}

func (s *AgentSpec) check() error {
	if s.Type == "" {
		s.Type = wire.CallerAgent
	}
	switch {
	case strings.TrimSpace(s.Name) == "" || utf8.RuneCountInString(s.Name) > 255:
		return &SpecError{"AgentSpec.Name", "must have 1 to 255 characters"}
	case utf8.RuneCountInString(s.DisplayName) > 255:
		return &SpecError{"AgentSpec.DisplayName", "must have at most 255 characters"}
	case s.Type != wire.CallerAgent && s.Type != wire.CallerService:
		return &SpecError{"AgentSpec.Type", `must be "agent" or "service"`}
	}
	if s.Metadata == nil {
		s.Metadata = map[string]string{}
	}
	if err := wire.CheckAgentScopes(s.Scopes); err != nil {
		return &SpecError{"AgentSpec.Scopes", err.Error()}
	}
	return nil
}

// MintKey gives an agent a further key, so that keys can be changed without a
// gap. It fails for an agent that is unknown or revoked.
func (v *Vault) MintKey(ctx context.Context, agentID string) (*AgentCredentials, error) {
	creds := &AgentCredentials{ID: agentID, Key: wire.NewManagedKey()}
	err := v.store.write(ctx, func(ctx context.Context, q *statements) (err error) {
		var name, status string
		var n int
		if err = q.scan(ctx, selectNextKey, []any{agentID}, []any{&name, &status, &n}); err != nil {
			return missing("agent", err)
		}
		if status == string(AgentRevoked) {
			return errors.New("the agent is revoked: create a new one")
		}
		creds.KeyID, err = v.insertKey(ctx, q, newKey{agentID: agentID, kind: wire.KeyManaged, name: nextKeyName(name, n)}, creds.Key)
		return err
	})
	if err != nil {
		return nil, operatorError("minting a key", err)
	}
	return creds, nil
}

const selectNextKey = `SELECT a.name, a.status, (SELECT count(*) FROM api_keys k WHERE k.agent_id = a.id AND k.kind = 'key') FROM agents a WHERE a.id = ?`

func nextKeyName(agent string, existing int) string { return fmt.Sprintf("%s-%d", agent, existing+1) }

// RevokeKey ends a key of an agent or an app at once, and the keys derived from
// it. Revoking twice is no error.
func (v *Vault) RevokeKey(ctx context.Context, keyID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var n int
		if err := q.scan(ctx, "SELECT 1 FROM api_keys WHERE id = ?", []any{keyID}, []any{&n}); err != nil {
			return missing("key", err)
		}
		return v.revokeKeys(ctx, q, keyID)
	})
	return operatorError("revoking the key", err)
}

// revokeKeys ends a key and its descendants, as far as they live.
func (v *Vault) revokeKeys(ctx context.Context, q *statements, keyID string) error {
	return v.recordEach(ctx, q, keyEvent("key.revoked", ""), `WITH RECURSIVE tree (id) AS (SELECT id FROM api_keys WHERE id = ?2
  UNION SELECT k.id FROM api_keys k JOIN tree t ON k.parent_key_id = t.id WHERE k.kind = 'dk')
UPDATE api_keys SET revoked_at = ?1 WHERE revoked_at IS NULL AND id IN (SELECT id FROM tree) RETURNING id`, micros(v.now()), keyID)
}

// recordEach runs a change that returns IDs, and records e for each of them.
func (v *Vault) recordEach(ctx context.Context, q *statements, e Event, query string, args ...any) error {
	var ids []string
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	for _, id := range ids {
		if err == nil {
			e.TargetID = id
			err = v.record(ctx, q, e)
		}
	}
	return err
}

// PauseAgent suspends an agent: its keys get 401 agent_inactive everywhere but
// on me and on audit reports, which may still arrive for calls under way.
func (v *Vault) PauseAgent(ctx context.Context, agentID string) error {
	return v.setStatus(ctx, "pausing the agent", agentID, AgentInactive, "agent.suspended")
}

// ResumeAgent ends a suspension.
func (v *Vault) ResumeAgent(ctx context.Context, agentID string) error {
	return v.setStatus(ctx, "resuming the agent", agentID, AgentActive, "agent.resumed")
}

func (v *Vault) setStatus(ctx context.Context, what, agentID string, status AgentStatus, action string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error {
		var n int
		if err := q.scan(ctx, "SELECT 1 FROM agents WHERE id = ? AND status <> 'revoked'", []any{agentID}, []any{&n}); err != nil {
			return missing("agent (that is not revoked)", err)
		}
		return v.recordEach(ctx, q, agentEvent(action, agentID),
			"UPDATE agents SET version = version + 1, status = ?1 WHERE id = ?2 AND status <> ?1 RETURNING id", string(status), agentID)
	})
	return operatorError(what, err)
}

// RevokeAgent ends an agent and its keys for good. Its grants and its rows stay
// for the record; no key reaches the grants any more.
func (v *Vault) RevokeAgent(ctx context.Context, agentID string) error {
	err := v.store.write(ctx, func(ctx context.Context, q *statements) error { return v.revokeAgent(ctx, q, agentID) })
	return operatorError("revoking the agent", err)
}

func (v *Vault) revokeAgent(ctx context.Context, q *statements, agentID string) error {
	var n int
	if err := q.scan(ctx, "SELECT 1 FROM agents WHERE id = ?", []any{agentID}, []any{&n}); err != nil {
		return missing("agent", err)
	}
	err := v.recordEach(ctx, q, agentEvent("agent.revoked", agentID),
		"UPDATE agents SET version = version + 1, status = 'revoked' WHERE id = ? AND status <> 'revoked' RETURNING id", agentID)
	if err != nil {
		return err
	}
	return q.exec(ctx, "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE agent_id = ?", micros(v.now()), agentID)
}

// Agents lists all agents, oldest first.
func (v *Vault) Agents(ctx context.Context) ([]Agent, error) {
	var agents []Agent
	err := v.store.read(ctx, func(ctx context.Context, q *statements) error {
		return q.each(ctx, selectAgents+" ORDER BY a.created_at, a.rowid", []any{micros(v.now())}, func(rows *sql.Rows) error {
			r, err := scanAgent(rows)
			if err == nil {
				agents = append(agents, r.operator())
			}
			return err
		})
	})
	return agents, operatorError("listing agents", err)
}

func missing(kind string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no such %s: %w", kind, ErrNotFound)
	}
	return err
}

func operatorError(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*SpecError](err); ok {
		return err
	}
	return fmt.Errorf("local: %s: %w", what, err)
}

func nullIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}
